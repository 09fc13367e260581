/*
 * pack_cursor.h - tier 1 of packing: wtl_put_* and wtl_get_*, one msgpack value a call, inline.
 *
 * Puts always use the shortest encoding, so that equal values have equal bytes. Gets also take
 * longer ones than needed. Not here: formats (pack_shape.h), and the check of a body from another
 * machine, which has been made before an actor sees it.
 *
 *     wtl_put_map(&w, 2);                             uint32_t left = wtl_get_map(&r);
 *     WTL_PUT_KEY(&w, "seq"), wtl_put_u64(&w, seq);   while (left-- > 0) {
 *     WTL_PUT_KEY(&w, "ok"), wtl_put_bool(&w, ok);        if (WTL_GET_KEY(&r, "seq")) {
 *                                                             seq = wtl_get_u64(&r);
 *                                                         } else {
 *                                                             wtl_skip(&r), wtl_skip(&r);
 *                                                         }
 *                                                     }
 *                                                     return r.failed ? WTL_BAD_PAYLOAD : WTL_OK;
 *
 * Thread: a writer or reader belongs to one thread. Owns: nothing; what wtl_get_str, _bin and _ext
 * return points into the reader's bytes.
 * Fails: the first error sets `failed`; from then on puts do nothing and gets return zero or NULL.
 * Bounds: a count that wtl_get_array or wtl_get_map returns is never more than the bytes that are
 * left could hold, so that a loop over it ends soon, whatever the bytes claim.
 */
#ifndef WATTLE_PACK_CURSOR_H
#define WATTLE_PACK_CURSOR_H

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

/* ---- the cold halves, in writer.c and reader.c -------------------------------------------- */

/* Writes head and the first size - 1 bytes of tail where fewer than 16 bytes are left. */
void wtl__put_near_end(struct wtl_writer *writer, uint8_t head, uint64_t tail, size_t size);
void wtl__put_size(struct wtl_writer *writer, uint8_t head8, size_t size);

/* Each reads every encoding of its type, also at the end of the bytes, or fails the reader. */
uint64_t wtl__get_u64(struct wtl_reader *reader);
int64_t wtl__get_i64(struct wtl_reader *reader);
double wtl__get_f64(struct wtl_reader *reader);
const char *wtl__get_str(struct wtl_reader *reader, size_t *size_out);
uint32_t wtl__get_count(struct wtl_reader *reader, enum wtl_pack_type type);
bool wtl__get_long_key(struct wtl_reader *reader, const char *key, size_t size);

/* ---- shared by both sides ------------------------------------------------------------------ */

/* To and from the byte order of the wire, which is big endian. */
static inline uint64_t wtl__wire64(uint64_t value)
{
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
    return __builtin_bswap64(value);
#else
    return value;
#endif
}

/* ---- writing ------------------------------------------------------------------------------- */

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

static inline void wtl_put_u64(struct wtl_writer *writer, uint64_t value)
{
    if (value < 0x80) {
        wtl__put_byte(writer, (uint8_t)value);
        return;
    }
    unsigned power = (unsigned)(value > 0xff) + (value > 0xffff) + (value > 0xffffffff);
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

/* The size of a literal key; one that is longer than 31 bytes does not compile. */
#define WTL_KEY_SIZE_(literal)                                                                     \
    (sizeof("" literal) - 1 + 0 * sizeof(char[sizeof("" literal) <= 32 ? 1 : -1]))

/* WTL_PUT_KEY(&w, "seq"): the same bytes as wtl_put_str, for a literal. */
#define WTL_PUT_KEY(writer, literal) wtl__put_key((writer), "" literal, WTL_KEY_SIZE_(literal))

/* ---- reading ------------------------------------------------------------------------------- */

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
