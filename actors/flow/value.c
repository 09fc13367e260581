/*
 * value.c - numbers with units, and strings. Pure functions; owns nothing.
 *
 * strtod is not used because it follows the locale of the process: the point of 0.5 would be a
 * comma on some of the machines that read the same flow.
 */
#include "flow/value.h"

#include <math.h>
#include <string.h>

struct unit {
    const char *name;
    enum wtl_flow_value_kind kind;
    int64_t factor;
};

static const struct unit units[] = {
    {"ms", WTL_FLOW_DURATION, 1},
    {"s", WTL_FLOW_DURATION, 1000},
    {"m", WTL_FLOW_DURATION, 60 * 1000},
    {"h", WTL_FLOW_DURATION, 60 * 60 * 1000},
    {"d", WTL_FLOW_DURATION, 24 * 60 * 60 * 1000},
    {"B", WTL_FLOW_SIZE, 1},
    {"KiB", WTL_FLOW_SIZE, INT64_C(1) << 10},
    {"MiB", WTL_FLOW_SIZE, INT64_C(1) << 20},
    {"GiB", WTL_FLOW_SIZE, INT64_C(1) << 30},
    {"TiB", WTL_FLOW_SIZE, INT64_C(1) << 40},
};

/* The digits of a number: mantissa times 10 to the power of `exponent`. */
struct decimal {
    uint64_t mantissa;
    int exponent;
    bool negative;
    bool fraction; /* has a point or an exponent: not an integer, whatever its value */
    bool lost;     /* more digits than the mantissa holds */
};

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static void add_digit(struct decimal *decimal, char c, bool behind_point)
{
    uint64_t digit = (uint64_t)(c - '0');
    if (decimal->mantissa > (UINT64_MAX - digit) / 10) {
        decimal->lost = true;
        decimal->exponent += behind_point ? 0 : 1;
        return;
    }
    decimal->mantissa = decimal->mantissa * 10 + digit;
    decimal->exponent -= behind_point ? 1 : 0;
}

static size_t read_exponent(const char *text, size_t size, size_t at, struct decimal *decimal)
{
    size_t digits = at + 1;
    bool negative = digits < size && text[digits] == '-';
    digits += digits < size && (text[digits] == '-' || text[digits] == '+') ? 1 : 0;
    if (digits >= size || !is_digit(text[digits])) {
        return at; /* an e that begins a unit */
    }
    int exponent = 0;
    for (; digits < size && is_digit(text[digits]); digits++) {
        exponent = exponent < 10000 ? exponent * 10 + (text[digits] - '0') : exponent;
    }
    decimal->exponent += negative ? -exponent : exponent;
    decimal->fraction = true;
    return digits;
}

static size_t read_decimal(const char *text, size_t size, struct decimal *decimal)
{
    size_t at = 0;
    if (at < size && (text[at] == '-' || text[at] == '+')) {
        decimal->negative = text[at] == '-';
        at++;
    }
    for (; at < size && is_digit(text[at]); at++) {
        add_digit(decimal, text[at], false);
    }
    if (at + 1 < size && text[at] == '.' && is_digit(text[at + 1])) {
        decimal->fraction = true;
        for (at++; at < size && is_digit(text[at]); at++) {
            add_digit(decimal, text[at], true);
        }
    }
    if (at < size && (text[at] == 'e' || text[at] == 'E')) {
        at = read_exponent(text, size, at, decimal);
    }
    return at;
}

/* Up to 19 digits and powers to 27 are exact in the 64 bits of a long double where there is one;
 * elsewhere the last bit of a number with more than 15 digits may be off by one. */
static double decimal_value(const struct decimal *decimal)
{
    long double value = (long double)decimal->mantissa;
    long double power = 1;
    int steps = decimal->exponent < 0 ? -decimal->exponent : decimal->exponent;
    steps = steps > 400 ? 400 : steps;
    for (int i = 0; i < steps; i++) {
        power *= 10;
    }
    value = decimal->exponent < 0 ? value / power : value * power;
    return (double)(decimal->negative ? -value : value);
}

static const struct unit *find_unit(const char *text, size_t size)
{
    for (size_t i = 0; i < sizeof units / sizeof units[0]; i++) {
        if (strlen(units[i].name) == size && memcmp(units[i].name, text, size) == 0) {
            return &units[i];
        }
    }
    return NULL;
}

static bool fits_i64(const struct decimal *decimal)
{
    return !decimal->lost && decimal->mantissa <= (uint64_t)INT64_MAX + (decimal->negative ? 1 : 0);
}

static int64_t integer_value(const struct decimal *decimal)
{
    return (int64_t)(decimal->negative ? 0 - decimal->mantissa : decimal->mantissa);
}

static const char *apply_unit(const struct unit *unit, const struct decimal *decimal,
                              struct wtl_flow_value *value)
{
    value->kind = unit->kind;
    if (!decimal->fraction) {
        if (!fits_i64(decimal) ||
            __builtin_mul_overflow(integer_value(decimal), unit->factor, &value->i64)) {
            return "is too large";
        }
        return NULL;
    }
    double scaled = value->f64 * (double)unit->factor;
    if (scaled > 9e15 || scaled < -9e15) {
        return "is too large";
    }
    value->i64 = (int64_t)scaled;
    if ((double)value->i64 != scaled) {
        return unit->kind == WTL_FLOW_SIZE ? "is not a whole number of bytes"
                                           : "is not a whole number of milliseconds";
    }
    return NULL;
}

const char *wtl__flow_number(const char *text, size_t size, struct wtl_flow_value *value_out,
                             size_t *unit_out)
{
    struct decimal decimal = {0};
    size_t end = read_decimal(text, size, &decimal);
    *unit_out = end;
    value_out->f64 = decimal_value(&decimal);
    value_out->i64 = 0;
    value_out->kind = decimal.fraction ? WTL_FLOW_FLOAT : WTL_FLOW_INT;
    if (!isfinite(value_out->f64)) {
        return "is too large";
    }
    const struct unit *unit = find_unit(text + end, size - end);
    if (unit != NULL) {
        return apply_unit(unit, &decimal, value_out);
    }
    if (!decimal.fraction) {
        if (!fits_i64(&decimal)) {
            return "does not fit 64 bits";
        }
        value_out->i64 = integer_value(&decimal);
    }
    return NULL;
}

size_t wtl__flow_unquote(const char *text, size_t size, char *out)
{
    size_t used = 0;
    size_t end = size > 1 && text[size - 1] == '"' ? size - 1 : size;
    for (size_t at = 1; at < end; at++) {
        char c = text[at];
        if (c == '\\' && at + 1 < end) {
            at++;
            c = text[at] == 'n' ? '\n' : text[at] == 't' ? '\t' : text[at];
        }
        if (c != '\0') {
            out[used++] = c;
        }
    }
    out[used] = '\0';
    return used;
}
