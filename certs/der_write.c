/*
 * der_write.c - the writer of der.h.
 *
 * An element is opened with one length octet and its content is moved when it turns out to need
 * more: nothing has to be measured beforehand, and even a long list is moved in no time.
 *
 * Thread: any. Owns: nothing; the buffer is the caller's.
 */
#include <stdio.h>
#include <string.h>

#include "base/attr.h"
#include "certs/civil.h"
#include "certs/der.h"

static bool room(struct wtl__der_out *out, size_t size)
{
    if (out->overflow || size > out->capacity - out->size) {
        out->overflow = true;
        return false;
    }
    return true;
}

void wtl__der_put_raw(struct wtl__der_out *out, const void *bytes, size_t size)
{
    if (size > 0 && room(out, size)) {
        memcpy(out->bytes + out->size, bytes, size);
        out->size += size;
    }
}

static void put_byte(struct wtl__der_out *out, uint8_t byte)
{
    wtl__der_put_raw(out, &byte, 1);
}

size_t wtl__der_open(struct wtl__der_out *out, uint8_t tag)
{
    put_byte(out, tag);
    put_byte(out, 0);
    return out->size;
}

void wtl__der_close(struct wtl__der_out *out, size_t mark)
{
    if (out->overflow) {
        return;
    }
    WTL_ASSERT(mark >= 2 && mark <= out->size);
    size_t length = out->size - mark;
    if (length < 0x80) {
        out->bytes[mark - 1] = (uint8_t)length;
        return;
    }
    size_t octets = length < 0x100 ? 1 : length < 0x10000 ? 2 : 3;
    if (length > WTL__DER_CONTENT_MAX || !room(out, octets)) {
        out->overflow = true;
        return;
    }
    memmove(out->bytes + mark + octets, out->bytes + mark, length);
    out->bytes[mark - 1] = (uint8_t)(0x80 | octets);
    for (size_t i = 0; i < octets; i++) {
        out->bytes[mark + i] = (uint8_t)(length >> (8 * (octets - 1 - i)));
    }
    out->size += octets;
}

void wtl__der_put(struct wtl__der_out *out, uint8_t tag, const void *content, size_t size)
{
    size_t mark = wtl__der_open(out, tag);
    wtl__der_put_raw(out, content, size);
    wtl__der_close(out, mark);
}

void wtl__der_put_unsigned(struct wtl__der_out *out, const uint8_t *magnitude, size_t size)
{
    while (size > 1 && magnitude[0] == 0) {
        magnitude++;
        size--;
    }
    size_t mark = wtl__der_open(out, WTL__DER_INTEGER);
    if (size == 0 || (magnitude[0] & 0x80) != 0) {
        put_byte(out, 0);
    }
    wtl__der_put_raw(out, magnitude, size);
    wtl__der_close(out, mark);
}

void wtl__der_put_small(struct wtl__der_out *out, uint8_t value)
{
    wtl__der_put_unsigned(out, &value, 1);
}

void wtl__der_put_true(struct wtl__der_out *out)
{
    static const uint8_t yes = 0xff;
    wtl__der_put(out, WTL__DER_BOOLEAN, &yes, 1);
}

void wtl__der_put_bits(struct wtl__der_out *out, const uint8_t *bytes, size_t size, unsigned unused)
{
    size_t mark = wtl__der_open(out, WTL__DER_BITS);
    put_byte(out, (uint8_t)unused);
    wtl__der_put_raw(out, bytes, size);
    wtl__der_close(out, mark);
}

void wtl__der_put_time(struct wtl__der_out *out, int64_t time_s)
{
    struct wtl__civil civil = wtl__civil_from_unix(time_s);
    char text[WTL__CIVIL_TEXT];
    (void)snprintf(text, sizeof text, "%04u%02u%02u%02u%02u%02uZ", (unsigned)civil.year % 10000,
                   (unsigned)civil.month % 100, (unsigned)civil.day % 100,
                   (unsigned)civil.hour % 100, (unsigned)civil.minute % 100,
                   (unsigned)civil.second % 100);
    if (civil.year >= 1950 && civil.year < 2050) {
        wtl__der_put(out, WTL__DER_UTC_TIME, text + 2, 13);
    } else {
        wtl__der_put(out, WTL__DER_GENERAL_TIME, text, 15);
    }
}
