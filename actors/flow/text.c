/*
 * text.c - bounded output, UTF-8 and the nearest word. Pure functions; owns nothing.
 */
#include "flow/text.h"

#include "flow/ast.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

void wtl__sink_bytes(struct wtl__sink *sink, const char *bytes, size_t size)
{
    if (sink->total < sink->room) {
        size_t left = sink->room - sink->total;
        memcpy(sink->out + sink->total, bytes, size < left ? size : left);
    }
    sink->total += size;
}

void wtl__sink_fill(struct wtl__sink *sink, char c, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        wtl__sink_bytes(sink, &c, 1);
    }
}

void wtl__sink_format(struct wtl__sink *sink, const char *format, ...)
{
    char text[1024];
    va_list args;
    va_start(args, format);
    int size = vsnprintf(text, sizeof text, format, args);
    va_end(args);
    if (size > 0) {
        wtl__sink_bytes(sink, text, (size_t)size < sizeof text ? (size_t)size : sizeof text - 1);
    }
}

void wtl__sink_foreign(struct wtl__sink *sink, const char *bytes, size_t size)
{
    for (size_t at = 0; at < size;) {
        uint32_t point = 0;
        unsigned length = wtl__utf8_next(bytes + at, size - at, &point);
        if (length == 0 || !wtl__utf8_printable(point)) {
            wtl__sink_fill(sink, '?', 1);
        } else {
            wtl__sink_bytes(sink, bytes + at, length);
        }
        at += length == 0 ? 1 : length;
    }
}

size_t wtl__sink_end(struct wtl__sink *sink)
{
    if (sink->room > 0) {
        sink->out[sink->total < sink->room ? sink->total : sink->room - 1] = '\0';
    }
    return sink->total;
}

unsigned wtl__utf8_next(const char *bytes, size_t size, uint32_t *point_out)
{
    static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
    unsigned char first = (unsigned char)bytes[0];
    unsigned length = first < 0x80           ? 1
                      : (first >> 5) == 0x06 ? 2
                      : (first >> 4) == 0x0e ? 3
                      : (first >> 3) == 0x1e ? 4
                                             : 0;
    if (length == 0 || length > size) {
        return 0;
    }
    uint32_t point = length == 1 ? first : first & (0x7fu >> length);
    for (unsigned i = 1; i < length; i++) {
        unsigned char next = (unsigned char)bytes[i];
        if ((next & 0xc0) != 0x80) {
            return 0;
        }
        point = point << 6 | (next & 0x3f);
    }
    if (point < least[length] || point > 0x10ffff || (point >= 0xd800 && point <= 0xdfff)) {
        return 0;
    }
    *point_out = point;
    return length;
}

struct range {
    uint32_t first;
    uint32_t last;
};

static bool in_ranges(const struct range *ranges, size_t count, uint32_t point)
{
    for (size_t i = 0; i < count; i++) {
        if (point >= ranges[i].first && point <= ranges[i].last) {
            return true;
        }
    }
    return false;
}

/* wcwidth depends on the locale of the process, and an error text must not: these are the blocks
 * that terminals agree on. */
unsigned wtl__utf8_cells(uint32_t point)
{
    static const struct range none[] = {
        {0x300, 0x36f}, {0x200b, 0x200d}, {0x20d0, 0x20ff}, {0xfe00, 0xfe0f}, {0xfeff, 0xfeff}};
    static const struct range wide[] = {{0x1100, 0x115f}, {0x2e80, 0xa4cf},   {0xac00, 0xd7a3},
                                        {0xf900, 0xfaff}, {0xfe30, 0xfe6f},   {0xff00, 0xff60},
                                        {0xffe0, 0xffe6}, {0x1f300, 0x1faff}, {0x20000, 0x3fffd}};
    if (point < 0x300) {
        return 1;
    }
    if (in_ranges(none, sizeof none / sizeof none[0], point)) {
        return 0;
    }
    return in_ranges(wide, sizeof wide / sizeof wide[0], point) ? 2 : 1;
}

bool wtl__utf8_printable(uint32_t point)
{
    static const struct range bad[] = {{0, 0x1f},        {0x7f, 0x9f},     {0x200e, 0x200f},
                                       {0x2028, 0x202e}, {0x2066, 0x2069}, {0xfff9, 0xfffb}};
    return !in_ranges(bad, sizeof bad / sizeof bad[0], point);
}

static char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

/* Optimal string alignment: three rows of the table are enough. Both are at most NAME_MAX long. */
static unsigned distance(const char *a, size_t a_size, const char *b, size_t b_size)
{
    unsigned rows[3][WTL_FLOW_NAME_MAX + 2];
    for (unsigned k = 0; k <= b_size; k++) {
        rows[0][k] = k;
    }
    for (size_t i = 1; i <= a_size; i++) {
        unsigned *row = rows[i % 3];
        const unsigned *above = rows[(i + 2) % 3];
        row[0] = (unsigned)i;
        for (size_t k = 1; k <= b_size; k++) {
            unsigned cost = lower(a[i - 1]) == lower(b[k - 1]) ? 0 : 1;
            unsigned best = above[k - 1] + cost;
            best = above[k] + 1 < best ? above[k] + 1 : best;
            best = row[k - 1] + 1 < best ? row[k - 1] + 1 : best;
            if (i > 1 && k > 1 && lower(a[i - 1]) == lower(b[k - 2]) &&
                lower(a[i - 2]) == lower(b[k - 1])) {
                unsigned swapped = rows[(i + 1) % 3][k - 2] + 1;
                best = swapped < best ? swapped : best;
            }
            row[k] = best;
        }
    }
    return rows[a_size % 3][b_size];
}

struct wtl__nearest wtl__nearest_to(const char *wanted, size_t size)
{
    size = size > WTL_FLOW_NAME_MAX ? WTL_FLOW_NAME_MAX : size;
    unsigned limit = size < 3 ? 0 : (unsigned)(size / 3);
    return (struct wtl__nearest){.wanted = wanted, .size = size, .distance = limit + 1};
}

void wtl__nearest_offer(struct wtl__nearest *nearest, const char *candidate)
{
    size_t size = strlen(candidate);
    if (size == 0 || size > WTL_FLOW_NAME_MAX) {
        return;
    }
    unsigned found = distance(nearest->wanted, nearest->size, candidate, size);
    if (found < nearest->distance) {
        nearest->distance = found;
        nearest->best = candidate;
    }
}
