/*
 * pack_get.h - the reading half of the cursors; pack_cursor.h says what holds for both.
 *
 * Fails: another type, a value out of range and bytes that end too soon fail the reader; then
 * nothing is left in it, and every get returns zero, NULL or a size of zero.
 */
#ifndef WATTLE_PACK_GET_H
#define WATTLE_PACK_GET_H

#include <wattle/pack.h>

/* What comes next, told by its first byte. Integers are one type, whatever their sign and size. */
enum wtl_pack_type {
    WTL_PACK_NONE = 0, /* nothing is left, the reader has failed, or it is the reserved byte 0xc1 */
    WTL_PACK_NIL = 1,
    WTL_PACK_BOOL = 2,
    WTL_PACK_INT = 3,
    WTL_PACK_FLOAT = 4,
    WTL_PACK_STR = 5,
    WTL_PACK_BIN = 6,
    WTL_PACK_ARRAY = 7,
    WTL_PACK_MAP = 8,
    WTL_PACK_EXT = 9,
};

/* The cold halves, in reader.c. Each reads every encoding of its type, also at the end of the
 * bytes, or fails the reader. */
uint64_t wtl__get_u64(struct wtl_reader *reader);
int64_t wtl__get_i64(struct wtl_reader *reader);
double wtl__get_f64(struct wtl_reader *reader);
const char *wtl__get_str(struct wtl_reader *reader, size_t *size_out);
uint32_t wtl__get_count(struct wtl_reader *reader, enum wtl_pack_type type);
bool wtl__get_long_key(struct wtl_reader *reader, const char *key, size_t size);

static inline size_t wtl_left(const struct wtl_reader *reader)
{
    return (size_t)(reader->end - reader->at);
}

/* Fails the reader: nothing is left for it. Also for a caller that does not like a value. */
static inline void wtl_reader_fail(struct wtl_reader *reader)
{
    reader->failed = true;
    reader->at = reader->end;
}

static inline uint64_t wtl__load64(const uint8_t *at)
{
    uint64_t value;
    memcpy(&value, at, sizeof value);
    return wtl__wire64(value);
}

/* The type of the next value, which stays where it is. */
enum wtl_pack_type wtl_peek(const struct wtl_reader *reader);

/* Steps over one whole value, however deep.
 * Bounds: no recursion and no stack per level: what is open is one count. */
void wtl_skip(struct wtl_reader *reader);

static inline void wtl_get_nil(struct wtl_reader *reader)
{
    if (wtl_left(reader) >= 1 && *reader->at == 0xc0) {
        reader->at++;
        return;
    }
    wtl_reader_fail(reader);
}

static inline bool wtl_get_bool(struct wtl_reader *reader)
{
    if (wtl_left(reader) >= 1 && (*reader->at & 0xfe) == 0xc2) {
        return *reader->at++ == 0xc3;
    }
    wtl_reader_fail(reader);
    return false;
}

/* Any integer that is not negative. */
static inline uint64_t wtl_get_u64(struct wtl_reader *reader)
{
    const uint8_t *at = reader->at;
    if (__builtin_expect(reader->end - at >= 9, 1)) {
        unsigned power = at[0] - 0xccu;
        if (at[0] < 0x80) {
            reader->at = at + 1;
            return at[0];
        }
        if (power < 4) {
            unsigned size = 1u << power;
            reader->at = at + 1 + size;
            return wtl__load64(at + 1) >> (64 - 8 * size);
        }
    }
    return wtl__get_u64(reader);
}

/* Any integer that an int64_t holds. */
static inline int64_t wtl_get_i64(struct wtl_reader *reader)
{
    const uint8_t *at = reader->at;
    if (__builtin_expect(reader->end - at >= 9, 1)) {
        unsigned power = at[0] - 0xccu;
        if (at[0] < 0x80 || at[0] >= 0xe0) {
            reader->at = at + 1;
            return (int8_t)at[0];
        }
        if (power < 3) {
            unsigned size = 1u << power;
            reader->at = at + 1 + size;
            return (int64_t)(wtl__load64(at + 1) >> (64 - 8 * size));
        }
    }
    return wtl__get_i64(reader);
}

/* A float64, a float32, or an integer that a double holds exactly. */
static inline double wtl_get_f64(struct wtl_reader *reader)
{
    const uint8_t *at = reader->at;
    if (__builtin_expect(reader->end - at >= 9 && at[0] == 0xcb, 1)) {
        uint64_t bits = wtl__load64(at + 1);
        double value;
        memcpy(&value, &bits, sizeof value);
        reader->at = at + 9;
        return value;
    }
    return wtl__get_f64(reader);
}

/* A string, never bin: its first byte, and its size. There is no NUL behind it. */
static inline const char *wtl_get_str(struct wtl_reader *reader, size_t *size_out)
{
    const uint8_t *at = reader->at;
    size_t left = (size_t)(reader->end - at);
    if (__builtin_expect(left >= 1 && (at[0] & 0xe0) == 0xa0, 1)) {
        size_t size = at[0] & 0x1f;
        if (size < left) {
            reader->at = at + 1 + size;
            *size_out = size;
            return (const char *)at + 1;
        }
    }
    return wtl__get_str(reader, size_out);
}

/* Bytes, never a string. */
const void *wtl_get_bin(struct wtl_reader *reader, size_t *size_out);

/* The bytes of an extension, and its type. */
const void *wtl_get_ext(struct wtl_reader *reader, int8_t *type_out, size_t *size_out);

/* How many values follow. */
static inline uint32_t wtl_get_array(struct wtl_reader *reader)
{
    size_t left = wtl_left(reader);
    if (__builtin_expect(left >= 1 && (*reader->at & 0xf0) == 0x90, 1)) {
        uint32_t count = *reader->at & 0x0f;
        if (count < left) {
            reader->at++;
            return count;
        }
    }
    return wtl__get_count(reader, WTL_PACK_ARRAY);
}

/* How many pairs of a key and a value follow. */
static inline uint32_t wtl_get_map(struct wtl_reader *reader)
{
    size_t left = wtl_left(reader);
    if (__builtin_expect(left >= 1 && (*reader->at & 0xf0) == 0x80, 1)) {
        uint32_t count = *reader->at & 0x0f;
        if (2 * (size_t)count < left) {
            reader->at++;
            return count;
        }
    }
    return wtl__get_count(reader, WTL_PACK_MAP);
}

static inline __attribute__((always_inline)) bool wtl__get_key(struct wtl_reader *reader,
                                                               const char *key, size_t size)
{
    const uint8_t *at = reader->at;
    size_t left = (size_t)(reader->end - at);
    if (left > size && at[0] == (uint8_t)(0xa0 | size) && memcmp(at + 1, key, size) == 0) {
        reader->at = at + 1 + size;
        return true;
    }
    /* 0xd9 to 0xdb: the same key may have come in a longer encoding */
    return left > 0 && __builtin_expect((uint8_t)(at[0] - 0xd9) < 3, 0) &&
           wtl__get_long_key(reader, key, size);
}

/* Is the next value this string? Then it is read; otherwise it stays, and nothing has failed. */
#define WTL_GET_KEY(reader, literal) wtl__get_key((reader), "" literal, WTL_KEY_SIZE_(literal))

#endif
