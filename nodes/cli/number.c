/* number.c - numbers for people. See table.h. */
#include <inttypes.h>
#include <stdio.h>

#include "cli/table.h"

static const char *bytes_text(int64_t number, char out[WTL__CELL_TEXT])
{
    static const char *const units[] = {"B", "KiB", "MiB", "GiB", "TiB", "PiB"};
    unsigned unit = 0;
    double value = (double)number;
    while (value >= 1024 && unit + 1 < sizeof units / sizeof units[0]) {
        value /= 1024;
        unit++;
    }
    (void)snprintf(out, WTL__CELL_TEXT, unit > 0 && value < 10 ? "%.1f%s" : "%.0f%s", value,
                   units[unit]);
    return out;
}

/* The two largest units of a time span, without those that are zero: 3d4h, 2m, 150ms. */
static const char *age_text(int64_t ms, char out[WTL__CELL_TEXT])
{
    static const struct {
        int64_t ms;
        const char *name;
    } units[] = {{86400000, "d"}, {3600000, "h"}, {60000, "m"}, {1000, "s"}, {1, "ms"}};
    for (unsigned i = 0; i < sizeof units / sizeof units[0]; i++) {
        if (ms >= units[i].ms) {
            int64_t rest = i < 3 ? ms % units[i].ms / units[i + 1].ms : 0;
            if (rest > 0) {
                (void)snprintf(out, WTL__CELL_TEXT, "%" PRId64 "%s%" PRId64 "%s", ms / units[i].ms,
                               units[i].name, rest, units[i + 1].name);
            } else {
                (void)snprintf(out, WTL__CELL_TEXT, "%" PRId64 "%s", ms / units[i].ms,
                               units[i].name);
            }
            return out;
        }
    }
    (void)snprintf(out, WTL__CELL_TEXT, "0s");
    return out;
}

static const char *us_text(int64_t us, char out[WTL__CELL_TEXT])
{
    if (us < 1000) {
        (void)snprintf(out, WTL__CELL_TEXT, "%" PRId64 "us", us);
    } else if (us < 1000000) {
        (void)snprintf(out, WTL__CELL_TEXT, us < 10000 ? "%.1fms" : "%.0fms", (double)us / 1e3);
    } else {
        (void)snprintf(out, WTL__CELL_TEXT, "%.1fs", (double)us / 1e6);
    }
    return out;
}

const char *wtl__number_text(enum wtl__column_kind kind, int64_t number, char out[WTL__CELL_TEXT])
{
    switch (kind) {
    case WTL__COLUMN_AGE:
        return age_text(number, out);
    case WTL__COLUMN_DAYS:
        (void)snprintf(out, WTL__CELL_TEXT, "%" PRId64 "d", number);
        return out;
    case WTL__COLUMN_BYTES:
        return number == 0 ? "-" : bytes_text(number, out);
    case WTL__COLUMN_US:
        return number == 0 ? "-" : us_text(number, out);
    default:
        break;
    }
    if (number == 0) {
        return "-";
    }
    (void)snprintf(out, WTL__CELL_TEXT, "%" PRId64, number);
    return out;
}
