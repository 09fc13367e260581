/*
 * civil.h - Unix time to and from the date and time in UTC that certificates hold.
 *
 * Own arithmetic, because libc's depends on the time zone files of the machine. Years 1 to 9999 of
 * the Gregorian calendar, no leap seconds.
 *
 * Thread: any; no state.
 */
#ifndef WTL_CERTS_CIVIL_H
#define WTL_CERTS_CIVIL_H

#include <stdbool.h>
#include <stdint.h>

#include <wattle/status.h>

/* 0001-01-01T00:00:00Z and 9999-12-31T23:59:59Z. */
#define WTL__CIVIL_MIN_S (-INT64_C(62135596800))
#define WTL__CIVIL_MAX_S INT64_C(253402300799)

struct wtl__civil {
    int year;
    int month; /* 1 to 12 */
    int day;   /* 1 to 31 */
    int hour;
    int minute;
    int second;
};

/* Bounds: a time outside of the years 1 to 9999 is moved to the nearest end. */
struct wtl__civil wtl__civil_from_unix(int64_t time_s);

/* False when there is no such date or time (February 30th, second 60). */
bool wtl__civil_to_unix(const struct wtl__civil *civil, int64_t *time_out_s) WTL_MUST_USE;

/* "2026-02-18T10:11:12Z" and "2026-02-18"; return `text_out`. */
#define WTL__CIVIL_TEXT 21
char *wtl__civil_text(int64_t time_s, char text_out[WTL__CIVIL_TEXT]);
char *wtl__civil_day_text(int64_t time_s, char text_out[WTL__CIVIL_TEXT]);

#endif
