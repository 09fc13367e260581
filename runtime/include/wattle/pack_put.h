/*
 * pack_put.h - the writing half of the cursors; pack_cursor.h says what holds for both.
 *
 * Fails: where no room is left and `grow` gives none, the writer fails, and has then written
 * nothing past its end. What is there then may end in the middle of a value.
 */
#ifndef WATTLE_PACK_PUT_H
#define WATTLE_PACK_PUT_H

#include <wattle/pack.h>

/* The cold halves, in writer.c. The first writes head and size - 1 bytes of tail where fewer than
 * 16 bytes are left; the second a head that counts bytes: head8 with a size of one byte, and the
 * two heads behind it with two and four. */
void wtl__put_near_end(struct wtl_writer *writer, uint8_t head, uint64_t tail, size_t size);
void wtl__put_size(struct wtl_writer *writer, uint8_t head8, size_t size);

/* Fails the writer: nothing more fits. Also for a caller that cannot finish what it has begun. */
static inline void wtl_writer_fail(struct wtl_writer *writer)
{
    writer->failed = true;
    /* without room, every later put asks wtl_writer_make_room, which sees the failure */
    writer->end = writer->at;
}

/* One head byte and up to eight more in `tail` (in wire order), `size` in all. Always stores nine
 * when sixteen are free: a store of constant size is cheaper than one that fits. */
static inline void wtl__put_head(struct wtl_writer *writer, uint8_t head, uint64_t tail,
                                 size_t size)
{
    uint8_t *at = writer->at;
    if (__builtin_expect(writer->end - at >= 16, 1)) {
        at[0] = head;
        memcpy(at + 1, &tail, sizeof tail);
        writer->at = at + size;
        return;
    }
    wtl__put_near_end(writer, head, tail, size);
}

static inline void wtl__put_byte(struct wtl_writer *writer, uint8_t byte)
{
    if (wtl_room(writer, 1)) {
        *writer->at++ = byte;
    }
}

static inline void wtl_put_nil(struct wtl_writer *writer)
{
    wtl__put_byte(writer, 0xc0);
}

static inline void wtl_put_bool(struct wtl_writer *writer, bool value)
{
    wtl__put_byte(writer, value ? 0xc3 : 0xc2);
}

/* The logarithm of how many bytes an unsigned integer takes: of 0 to 7 bytes above the lowest, two
 * bits each. */
static inline unsigned wtl__int_power(uint64_t value)
{
    unsigned above = (unsigned)(63 - __builtin_clzll(value | 1)) / 8;
    return 0xffa4u >> 2 * above & 3;
}

static inline void wtl_put_u64(struct wtl_writer *writer, uint64_t value)
{
    if (value < 0x80) {
        wtl__put_byte(writer, (uint8_t)value);
        return;
    }
    unsigned power = wtl__int_power(value);
    unsigned size = 1u << power;
    wtl__put_head(writer, (uint8_t)(0xcc + power), wtl__wire64(value << (64 - 8 * size)),
                  1 + (size_t)size);
}

static inline void wtl_put_i64(struct wtl_writer *writer, int64_t value)
{
    if (value >= 0) {
        wtl_put_u64(writer, (uint64_t)value);
        return;
    }
    if (value >= -32) {
        wtl__put_byte(writer, (uint8_t)value);
        return;
    }
    unsigned power = (unsigned)(value < INT8_MIN) + (value < INT16_MIN) + (value < INT32_MIN);
    unsigned size = 1u << power;
    wtl__put_head(writer, (uint8_t)(0xd0 + power), wtl__wire64((uint64_t)value << (64 - 8 * size)),
                  1 + (size_t)size);
}

static inline void wtl_put_f64(struct wtl_writer *writer, double value)
{
    uint64_t bits;
    memcpy(&bits, &value, sizeof bits);
    wtl__put_head(writer, 0xcb, wtl__wire64(bits), 9);
}

static inline void wtl_put_f32(struct wtl_writer *writer, float value)
{
    uint32_t bits;
    memcpy(&bits, &value, sizeof bits);
    wtl__put_head(writer, 0xca, wtl__wire64((uint64_t)bits << 32), 5);
}

/* Bytes as they are: finished msgpack from elsewhere, or the rest of a value whose head has been
 * written. Nothing checks them here. */
static inline void wtl_put_raw(struct wtl_writer *writer, const void *bytes, size_t size)
{
    if (wtl_room(writer, size) && size > 0) {
        memcpy(writer->at, bytes, size);
        writer->at += size;
    }
}

/* Copies fewer than 32 bytes: two copies of constant size that overlap are cheaper than a call. */
static inline void wtl__copy_short(uint8_t *to, const char *from, size_t size)
{
    if (size >= 16) {
        memcpy(to, from, 16);
        memcpy(to + size - 16, from + size - 16, 16);
    } else if (size >= 8) {
        memcpy(to, from, 8);
        memcpy(to + size - 8, from + size - 8, 8);
    } else if (size >= 4) {
        memcpy(to, from, 4);
        memcpy(to + size - 4, from + size - 4, 4);
    } else if (size > 0) {
        to[0] = (uint8_t)from[0];
        to[size >> 1] = (uint8_t)from[size >> 1];
        to[size - 1] = (uint8_t)from[size - 1];
    }
}

/* Text of `size` bytes; UTF-8 by convention, which is not checked. */
static inline void wtl_put_str(struct wtl_writer *writer, const char *text, size_t size)
{
    if (__builtin_expect(size < 32, 1)) {
        if (wtl_room(writer, size + 1)) {
            uint8_t *at = writer->at;
            at[0] = (uint8_t)(0xa0 | size);
            wtl__copy_short(at + 1, text, size);
            writer->at = at + 1 + size;
        }
        return;
    }
    wtl__put_size(writer, 0xd9, size);
    wtl_put_raw(writer, text, size);
}

/* Text up to its NUL. */
static inline void wtl_put_strz(struct wtl_writer *writer, const char *text)
{
    wtl_put_str(writer, text, strlen(text));
}

static inline void wtl_put_bin(struct wtl_writer *writer, const void *bytes, size_t size)
{
    wtl__put_size(writer, 0xc4, size);
    wtl_put_raw(writer, bytes, size);
}

/* The head of an array: `count` values follow. */
static inline void wtl_put_array(struct wtl_writer *writer, uint32_t count)
{
    if (count < 16) {
        wtl__put_byte(writer, (uint8_t)(0x90 | count));
        return;
    }
    bool wide = count > 0xffff;
    wtl__put_head(writer, wide ? 0xdd : 0xdc, wtl__wire64((uint64_t)count << (wide ? 32 : 48)),
                  wide ? 5 : 3);
}

/* The head of a map: `count` pairs of a key and a value follow. */
static inline void wtl_put_map(struct wtl_writer *writer, uint32_t count)
{
    if (count < 16) {
        wtl__put_byte(writer, (uint8_t)(0x80 | count));
        return;
    }
    bool wide = count > 0xffff;
    wtl__put_head(writer, wide ? 0xdf : 0xde, wtl__wire64((uint64_t)count << (wide ? 32 : 48)),
                  wide ? 5 : 3);
}

/* An extension of `type`; other nodes refuse every type that was not agreed on. */
static inline void wtl_put_ext(struct wtl_writer *writer, int8_t type, const void *bytes,
                               size_t size)
{
    if (size == 1 || size == 2 || size == 4 || size == 8 || size == 16) {
        wtl__put_byte(writer, (uint8_t)(0xd4 + __builtin_ctz((unsigned)size)));
    } else {
        wtl__put_size(writer, 0xc7, size);
    }
    wtl__put_byte(writer, (uint8_t)type);
    wtl_put_raw(writer, bytes, size);
}

/* For WTL_PUT_KEY, where `size` is a constant: the stores become constants too. */
static inline __attribute__((always_inline)) void wtl__put_key(struct wtl_writer *writer,
                                                               const char *key, size_t size)
{
    if (wtl_room(writer, size + 1)) {
        uint8_t *at = writer->at;
        at[0] = (uint8_t)(0xa0 | size);
        memcpy(at + 1, key, size);
        writer->at = at + 1 + size;
    }
}

/* WTL_PUT_KEY(&w, "seq"): the same bytes as wtl_put_str, for a literal. */
#define WTL_PUT_KEY(writer, literal) wtl__put_key((writer), "" literal, WTL_KEY_SIZE_(literal))

#endif
