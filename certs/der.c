/*
 * der.c - the reader of der.h. Every length is checked against what is left before it is used.
 *
 * Thread: any. Owns: nothing.
 */
#include "certs/der.h"

#include <string.h>

#include "certs/civil.h"

/* Length octets after the first: three reach 16 MiB, far over any certificate. */
#define LENGTH_OCTETS_MAX 3

bool wtl__der_any(struct wtl__der_view *in, uint8_t *tag_out, struct wtl__der_view *content_out)
{
    if (in->size < 2 || (in->bytes[0] & 0x1f) == 0x1f) {
        return false;
    }
    size_t header = 2;
    size_t length = in->bytes[1];
    if (length >= 0x80) {
        size_t octets = length & 0x7f;
        /* no octets is the indefinite form; a zero in front is a padded length */
        if (octets == 0 || octets > LENGTH_OCTETS_MAX || in->size - 2 < octets ||
            in->bytes[2] == 0) {
            return false;
        }
        length = 0;
        for (size_t i = 0; i < octets; i++) {
            length = length << 8 | in->bytes[2 + i];
        }
        if (length < 0x80) {
            return false;
        }
        header += octets;
    }
    if (length > in->size - header) {
        return false;
    }
    *tag_out = in->bytes[0];
    content_out->bytes = in->bytes + header;
    content_out->size = length;
    in->bytes += header + length;
    in->size -= header + length;
    return true;
}

bool wtl__der_next_is(const struct wtl__der_view *in, uint8_t tag)
{
    return in->size > 0 && in->bytes[0] == tag;
}

bool wtl__der_take(struct wtl__der_view *in, uint8_t tag, struct wtl__der_view *content_out)
{
    uint8_t found;
    return wtl__der_next_is(in, tag) && wtl__der_any(in, &found, content_out);
}

bool wtl__der_take_whole(struct wtl__der_view *in, uint8_t tag, struct wtl__der_view *content_out,
                         struct wtl__der_view *whole_out)
{
    const uint8_t *start = in->bytes;
    if (!wtl__der_take(in, tag, content_out)) {
        return false;
    }
    whole_out->bytes = start;
    whole_out->size = (size_t)(in->bytes - start);
    return true;
}

bool wtl__der_take_unsigned(struct wtl__der_view *in, struct wtl__der_view *magnitude_out)
{
    struct wtl__der_view rest = *in;
    struct wtl__der_view content;
    if (!wtl__der_take(&rest, WTL__DER_INTEGER, &content) || content.size == 0 ||
        (content.bytes[0] & 0x80) != 0) {
        return false;
    }
    if (content.size > 1 && content.bytes[0] == 0) {
        if ((content.bytes[1] & 0x80) == 0) {
            return false;
        }
        content.bytes++;
        content.size--;
    }
    *magnitude_out = content;
    *in = rest;
    return true;
}

bool wtl__der_take_small(struct wtl__der_view *in, unsigned *value_out)
{
    struct wtl__der_view rest = *in;
    struct wtl__der_view magnitude;
    if (!wtl__der_take_unsigned(&rest, &magnitude) || magnitude.size != 1) {
        return false;
    }
    *value_out = magnitude.bytes[0];
    *in = rest;
    return true;
}

bool wtl__der_take_bits(struct wtl__der_view *in, struct wtl__der_view *bytes_out,
                        unsigned *unused_out)
{
    struct wtl__der_view rest = *in;
    struct wtl__der_view content;
    if (!wtl__der_take(&rest, WTL__DER_BITS, &content) || content.size == 0) {
        return false;
    }
    unsigned unused = content.bytes[0];
    if (unused > 7 || (content.size == 1 && unused != 0)) {
        return false;
    }
    if (unused != 0 && (content.bytes[content.size - 1] & ((1u << unused) - 1)) != 0) {
        return false;
    }
    bytes_out->bytes = content.bytes + 1;
    bytes_out->size = content.size - 1;
    *unused_out = unused;
    *in = rest;
    return true;
}

/* `count` digits at `at`, or -1. */
static int digits(const uint8_t *at, int count)
{
    int value = 0;
    for (int i = 0; i < count; i++) {
        if (at[i] < '0' || at[i] > '9') {
            return -1;
        }
        value = value * 10 + (at[i] - '0');
    }
    return value;
}

bool wtl__der_take_time(struct wtl__der_view *in, int64_t *time_out_s)
{
    struct wtl__der_view rest = *in;
    struct wtl__der_view content;
    struct wtl__civil civil;
    const uint8_t *at;
    uint8_t tag;
    if (!wtl__der_any(&rest, &tag, &content)) {
        return false;
    }
    if (tag == WTL__DER_UTC_TIME && content.size == 13) {
        int year = digits(content.bytes, 2);
        civil.year = year < 0 ? -1 : year + (year < 50 ? 2000 : 1900);
        at = content.bytes + 2;
    } else if (tag == WTL__DER_GENERAL_TIME && content.size == 15) {
        civil.year = digits(content.bytes, 4);
        if (civil.year < 2050) {
            return false;
        }
        at = content.bytes + 4;
    } else {
        return false;
    }
    civil.month = digits(at, 2);
    civil.day = digits(at + 2, 2);
    civil.hour = digits(at + 4, 2);
    civil.minute = digits(at + 6, 2);
    civil.second = digits(at + 8, 2);
    if (at[10] != 'Z' || !wtl__civil_to_unix(&civil, time_out_s)) {
        return false;
    }
    *in = rest;
    return true;
}

bool wtl__der_equal(struct wtl__der_view a, struct wtl__der_view b)
{
    return a.size == b.size && (a.size == 0 || memcmp(a.bytes, b.bytes, a.size) == 0);
}

char *wtl__der_text(struct wtl__der_view view, char *text_out, size_t capacity)
{
    size_t size = view.size < capacity - 1 ? view.size : capacity - 1;
    for (size_t i = 0; i < size; i++) {
        bool printable = view.bytes[i] >= 0x20 && view.bytes[i] < 0x7f;
        text_out[i] = (char)(printable ? view.bytes[i] : '?');
    }
    text_out[size] = '\0';
    return text_out;
}
