/* civil.c - the calendar arithmetic of civil.h. Pure functions, any thread. */
#include "certs/civil.h"

#include <stdio.h>

#define DAY_S INT64_C(86400)

static const int days_before_month[13] = {0,   31,  59,  90,  120, 151, 181,
                                          212, 243, 273, 304, 334, 365};

static bool is_leap(int year)
{
    return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
}

/* Days from 0001-01-01 to the first of January of `year`. */
static int64_t days_before_year(int year)
{
    int64_t full = year - 1;
    return full * 365 + full / 4 - full / 100 + full / 400;
}

/* Days from the first of January of `year` to the first of `month`; month 13 is the next year. */
static int days_into_year(int year, int month)
{
    return days_before_month[month - 1] + (month > 2 && is_leap(year) ? 1 : 0);
}

struct wtl__civil wtl__civil_from_unix(int64_t time_s)
{
    if (time_s < WTL__CIVIL_MIN_S) {
        time_s = WTL__CIVIL_MIN_S;
    }
    if (time_s > WTL__CIVIL_MAX_S) {
        time_s = WTL__CIVIL_MAX_S;
    }
    int64_t since = time_s - WTL__CIVIL_MIN_S;
    int64_t days = since / DAY_S;
    int rest = (int)(since % DAY_S);
    struct wtl__civil civil = {.month = 1};
    /* no year is longer than 366 days, so the guess is never late, and at most 21 years early */
    civil.year = (int)(days / 366) + 1;
    while (days_before_year(civil.year + 1) <= days) {
        civil.year++;
    }
    int day = (int)(days - days_before_year(civil.year));
    while (days_into_year(civil.year, civil.month + 1) <= day) {
        civil.month++;
    }
    civil.day = day - days_into_year(civil.year, civil.month) + 1;
    civil.hour = rest / 3600;
    civil.minute = rest / 60 % 60;
    civil.second = rest % 60;
    return civil;
}

bool wtl__civil_to_unix(const struct wtl__civil *civil, int64_t *time_out_s)
{
    if (civil->year < 1 || civil->year > 9999 || civil->month < 1 || civil->month > 12 ||
        civil->day < 1 || civil->hour < 0 || civil->hour > 23 || civil->minute < 0 ||
        civil->minute > 59 || civil->second < 0 || civil->second > 59) {
        return false;
    }
    int month_start = days_into_year(civil->year, civil->month);
    if (civil->day > days_into_year(civil->year, civil->month + 1) - month_start) {
        return false;
    }
    int64_t days = days_before_year(civil->year) + month_start + civil->day - 1;
    *time_out_s = WTL__CIVIL_MIN_S + days * DAY_S + civil->hour * INT64_C(3600) +
                  civil->minute * INT64_C(60) + civil->second;
    return true;
}

char *wtl__civil_text(int64_t time_s, char text_out[WTL__CIVIL_TEXT])
{
    struct wtl__civil civil = wtl__civil_from_unix(time_s);
    (void)snprintf(text_out, WTL__CIVIL_TEXT, "%04u-%02u-%02uT%02u:%02u:%02uZ",
                   (unsigned)civil.year % 10000, (unsigned)civil.month % 100,
                   (unsigned)civil.day % 100, (unsigned)civil.hour % 100,
                   (unsigned)civil.minute % 100, (unsigned)civil.second % 100);
    return text_out;
}

char *wtl__civil_day_text(int64_t time_s, char text_out[WTL__CIVIL_TEXT])
{
    (void)wtl__civil_text(time_s, text_out);
    text_out[10] = '\0';
    return text_out;
}
