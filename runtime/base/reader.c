/*
 * reader.c - the cold halves of the wtl_get_* cursors: long encodings, the last bytes of a body,
 * and everything that is not what was asked for.
 *
 * Every byte is hostile until it was compared with what is left. Any thread, owns nothing.
 */
#include <wattle/pack.h>

/* The big-endian number of 1, 2, 4 or 8 bytes: `power` is the logarithm. */
static inline uint64_t number_at(const uint8_t *at, unsigned power)
{
    switch (power) {
    case 0:
        return at[0];
    case 1:
        return (uint64_t)at[0] << 8 | at[1];
    case 2:
        return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
    default:
        return wtl__load64(at);
    }
}

/* That number behind the head byte, or false when it is not there. */
static bool peek_number(const struct wtl_reader *reader, unsigned power, uint64_t *number_out)
{
    if (wtl_left(reader) <= (size_t)1 << power) {
        return false;
    }
    *number_out = number_at(reader->at + 1, power);
    return true;
}

/* Any integer: its two's complement in 64 bits, and whether it is below zero. */
static bool get_integer(struct wtl_reader *reader, uint64_t *bits_out, bool *negative_out)
{
    if (wtl_left(reader) == 0) {
        return false;
    }
    uint8_t head = *reader->at;
    *negative_out = false;
    if (head < 0x80 || head >= 0xe0) {
        *bits_out = (uint64_t)(int64_t)(int8_t)head;
        *negative_out = head >= 0xe0;
        reader->at++;
        return true;
    }
    if (head < 0xcc || head > 0xd3) {
        return false;
    }
    unsigned power = (unsigned)(head - 0xcc) & 3;
    unsigned unused = 64 - (8u << power);
    uint64_t number;
    if (!peek_number(reader, power, &number)) {
        return false;
    }
    if (head >= 0xd0) {
        number = (uint64_t)((int64_t)(number << unused) >> unused);
        *negative_out = (int64_t)number < 0;
    }
    *bits_out = number;
    reader->at += 1 + ((size_t)1 << power);
    return true;
}

/* Nearly always the last value of a body, with fewer bytes behind it than the inline half wants;
 * as most messages have one, the encodings that puts use come first. */
uint64_t wtl__get_u64(struct wtl_reader *reader)
{
    uint64_t bits;
    bool negative;
    const uint8_t *at = reader->at;
    size_t left = wtl_left(reader);
    unsigned power = left > 0 ? at[0] - 0xccu : 4;
    if (power < 4 && left > (size_t)1 << power) {
        reader->at = at + 1 + ((size_t)1 << power);
        return number_at(at + 1, power);
    }
    if (get_integer(reader, &bits, &negative) && !negative) {
        return bits;
    }
    wtl_reader_fail(reader);
    return 0;
}

int64_t wtl__get_i64(struct wtl_reader *reader)
{
    uint64_t bits;
    bool negative;
    if (get_integer(reader, &bits, &negative) && (negative || bits <= INT64_MAX)) {
        return (int64_t)bits;
    }
    wtl_reader_fail(reader);
    return 0;
}

/* Does the double that is nearest to `bits` stand for exactly this integer? */
static bool exact_double(uint64_t bits, bool negative, double *value_out)
{
    uint64_t size = negative ? 0 - bits : bits;
    /* 53 bits from its highest one to its lowest one, both counted */
    if (size != 0 && 64 - __builtin_clzll(size) - __builtin_ctzll(size) > 53) {
        return false;
    }
    *value_out = negative ? -(double)size : (double)size;
    return true;
}

double wtl__get_f64(struct wtl_reader *reader)
{
    uint64_t bits;
    bool negative;
    double value;
    if (wtl_left(reader) >= 1 && *reader->at == 0xcb && peek_number(reader, 3, &bits)) {
        memcpy(&value, &bits, sizeof value);
        reader->at += 9;
        return value;
    }
    if (wtl_left(reader) >= 1 && *reader->at == 0xca && peek_number(reader, 2, &bits)) {
        uint32_t half = (uint32_t)bits;
        float narrow;
        memcpy(&narrow, &half, sizeof narrow);
        reader->at += 5;
        return (double)narrow;
    }
    if (get_integer(reader, &bits, &negative) && exact_double(bits, negative, &value)) {
        return value;
    }
    wtl_reader_fail(reader);
    return 0;
}

/* Behind a head byte: a size of 1, 2 or 4 bytes, `extra` bytes, and that many more. Returns where
 * the size ends, or NULL after failing the reader. */
static const uint8_t *get_sized(struct wtl_reader *reader, uint8_t head8, size_t extra,
                                size_t *size_out)
{
    *size_out = 0;
    unsigned power = wtl_left(reader) > 0 ? (uint8_t)(*reader->at - head8) : 3;
    size_t prefix = (size_t)1 << (power & 3);
    uint64_t size;
    if (power > 2 || !peek_number(reader, power, &size) || wtl_left(reader) - 1 - prefix < extra ||
        wtl_left(reader) - 1 - prefix - extra < size) {
        wtl_reader_fail(reader);
        return NULL;
    }
    const uint8_t *bytes = reader->at + 1 + prefix;
    reader->at = bytes + extra + size;
    *size_out = (size_t)size;
    return bytes;
}

const char *wtl__get_str(struct wtl_reader *reader, size_t *size_out)
{
    return (const char *)get_sized(reader, 0xd9, 0, size_out);
}

const void *wtl_get_bin(struct wtl_reader *reader, size_t *size_out)
{
    return get_sized(reader, 0xc4, 0, size_out);
}

const void *wtl_get_ext(struct wtl_reader *reader, int8_t *type_out, size_t *size_out)
{
    *type_out = 0;
    size_t left = wtl_left(reader);
    if (left > 0 && (uint8_t)(*reader->at - 0xd4) < 5) {
        const uint8_t *at = reader->at;
        size_t size = (size_t)1 << (*at - 0xd4);
        if (left - 1 > size) {
            reader->at = at + 2 + size;
            *type_out = (int8_t)at[1];
            *size_out = size;
            return at + 2;
        }
    }
    const uint8_t *bytes = get_sized(reader, 0xc7, 1, size_out);
    if (bytes == NULL) {
        return NULL;
    }
    *type_out = (int8_t)bytes[0];
    return bytes + 1;
}

uint32_t wtl__get_count(struct wtl_reader *reader, enum wtl_pack_type type)
{
    uint8_t head16 = type == WTL_PACK_MAP ? 0xde : 0xdc;
    uint64_t each = type == WTL_PACK_MAP ? 2 : 1;
    unsigned wide = wtl_left(reader) > 0 ? (uint8_t)(*reader->at - head16) : 2;
    size_t prefix = wide == 0 ? 2 : 4;
    uint64_t count;
    if (wide > 1 || !peek_number(reader, 1 + wide, &count) ||
        count * each > wtl_left(reader) - 1 - prefix) {
        wtl_reader_fail(reader);
        return 0;
    }
    reader->at += 1 + prefix;
    return (uint32_t)count;
}

bool wtl__get_long_key(struct wtl_reader *reader, const char *key, size_t size)
{
    struct wtl_reader ahead = *reader;
    size_t found;
    const char *text = wtl_get_str(&ahead, &found);
    if (text == NULL || found != size || memcmp(text, key, size) != 0) {
        return false;
    }
    *reader = ahead;
    return true;
}

enum wtl_pack_type wtl_peek(const struct wtl_reader *reader)
{
    static const uint8_t types[32] = {
        WTL_PACK_NIL,   WTL_PACK_NONE,  WTL_PACK_BOOL,  WTL_PACK_BOOL,  /* c0 */
        WTL_PACK_BIN,   WTL_PACK_BIN,   WTL_PACK_BIN,   WTL_PACK_EXT,   /* c4 */
        WTL_PACK_EXT,   WTL_PACK_EXT,   WTL_PACK_FLOAT, WTL_PACK_FLOAT, /* c8 */
        WTL_PACK_INT,   WTL_PACK_INT,   WTL_PACK_INT,   WTL_PACK_INT,   /* cc */
        WTL_PACK_INT,   WTL_PACK_INT,   WTL_PACK_INT,   WTL_PACK_INT,   /* d0 */
        WTL_PACK_EXT,   WTL_PACK_EXT,   WTL_PACK_EXT,   WTL_PACK_EXT,   /* d4 */
        WTL_PACK_EXT,   WTL_PACK_STR,   WTL_PACK_STR,   WTL_PACK_STR,   /* d8 */
        WTL_PACK_ARRAY, WTL_PACK_ARRAY, WTL_PACK_MAP,   WTL_PACK_MAP,   /* dc */
    };
    if (wtl_left(reader) == 0) {
        return WTL_PACK_NONE;
    }
    uint8_t head = *reader->at;
    if (head < 0x80 || head >= 0xe0) {
        return WTL_PACK_INT;
    }
    if (head >= 0xc0) {
        return (enum wtl_pack_type)types[head - 0xc0];
    }
    return head < 0x90 ? WTL_PACK_MAP : head < 0xa0 ? WTL_PACK_ARRAY : WTL_PACK_STR;
}

/* Steps over one head and what belongs to it; returns how many values it holds. */
static uint64_t skip_one(struct wtl_reader *reader)
{
    size_t size;
    int8_t ext;
    uint64_t bits;
    bool negative;
    switch (wtl_peek(reader)) {
    case WTL_PACK_NIL:
    case WTL_PACK_BOOL:
        reader->at++;
        return 0;
    case WTL_PACK_INT:
        if (!get_integer(reader, &bits, &negative)) {
            wtl_reader_fail(reader);
        }
        return 0;
    case WTL_PACK_FLOAT:
        (void)wtl_get_f64(reader);
        return 0;
    case WTL_PACK_STR:
        (void)wtl_get_str(reader, &size);
        return 0;
    case WTL_PACK_BIN:
        (void)wtl_get_bin(reader, &size);
        return 0;
    case WTL_PACK_EXT:
        (void)wtl_get_ext(reader, &ext, &size);
        return 0;
    case WTL_PACK_ARRAY:
        return wtl_get_array(reader);
    case WTL_PACK_MAP:
        return 2 * (uint64_t)wtl_get_map(reader);
    case WTL_PACK_NONE:
        break;
    }
    wtl_reader_fail(reader);
    return 0;
}

void wtl_skip(struct wtl_reader *reader)
{
    uint64_t open = 1;
    while (open > 0) {
        open += skip_one(reader) - 1;
        /* a value has one byte at least, so no claim can keep this going past the bytes */
        if (reader->failed || open > wtl_left(reader)) {
            wtl_reader_fail(reader);
            return;
        }
    }
}
