/* reference.c - the record of reference.h, key by key, as somebody would write it with cursors. */
#include "reference.h"

#include <float.h>

/* An integer in this range, or a boolean. */
static int64_t read_integer(struct wtl_reader *r, int64_t low, int64_t high)
{
    if (wtl_peek(r) == WTL_PACK_BOOL) {
        return wtl_get_bool(r) ? 1 : 0;
    }
    int64_t value = wtl_get_i64(r);
    if (value < low || value > high) {
        wtl_reader_fail(r);
    }
    return value;
}

static void read_name(struct wtl_reader *r, char name[TEXT_MAX + 1])
{
    size_t size;
    const char *text = wtl_get_str(r, &size);
    if (r->failed || size > TEXT_MAX || memchr(text, '\0', size) != NULL) {
        wtl_reader_fail(r);
        return;
    }
    memcpy(name, text, size);
    name[size] = '\0';
}

static float read_float(struct wtl_reader *r)
{
    double value = wtl_get_f64(r);
    double size = value < 0 ? -value : value;
    if (size > FLT_MAX && size <= DBL_MAX) {
        wtl_reader_fail(r);
        return 0;
    }
    return (float)value;
}

/* Counts a key; the second time is an error. */
static void see(struct wtl_reader *r, unsigned *seen, unsigned bit)
{
    if ((*seen & bit) != 0) {
        wtl_reader_fail(r);
    }
    *seen |= bit;
}

static void read_position(struct wtl_reader *r, struct record *record)
{
    unsigned seen = 0;
    for (uint32_t left = wtl_get_map(r); left > 0 && !r->failed; left--) {
        if (WTL_GET_KEY(r, "x")) {
            see(r, &seen, 1);
            record->x = (signed char)read_integer(r, INT8_MIN, INT8_MAX);
        } else if (WTL_GET_KEY(r, "y")) {
            see(r, &seen, 2);
            if (wtl_get_array(r) != 2) {
                wtl_reader_fail(r);
            }
            record->y0 = (unsigned short)read_integer(r, 0, UINT16_MAX);
            record->y1 = read_float(r);
        } else {
            wtl_skip(r), wtl_skip(r);
        }
    }
    if (seen != 3) {
        wtl_reader_fail(r);
    }
}

bool reference_read(const uint8_t *bytes, size_t size, struct record *record)
{
    struct wtl_reader reader = wtl_reader_over(bytes, size);
    struct wtl_reader *r = &reader;
    struct record read;
    unsigned seen = 0;
    memset(&read, 0, sizeof read);
    for (uint32_t left = wtl_get_map(r); left > 0 && !r->failed; left--) {
        if (WTL_GET_KEY(r, "seq")) {
            see(r, &seen, 1);
            read.seq = (unsigned)read_integer(r, 0, UINT32_MAX);
        } else if (WTL_GET_KEY(r, "delta")) {
            see(r, &seen, 2);
            read.delta = read_integer(r, INT64_MIN, INT64_MAX);
        } else if (WTL_GET_KEY(r, "celsius")) {
            see(r, &seen, 4);
            read.celsius = wtl_get_f64(r);
        } else if (WTL_GET_KEY(r, "name")) {
            see(r, &seen, 8);
            read_name(r, read.name);
        } else if (WTL_GET_KEY(r, "pos")) {
            see(r, &seen, 16);
            read_position(r, &read);
        } else {
            wtl_skip(r), wtl_skip(r);
        }
    }
    if (r->failed || wtl_left(r) != 0 || seen != 31) {
        return false;
    }
    *record = read;
    return true;
}
