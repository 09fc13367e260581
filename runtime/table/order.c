/*
 * order.c - the order of keys: nil, false, true, numbers by value, strings, bin, ext, arrays. See
 * key.h. All bytes here are well-formed keys in their shortest form.
 */
#include "table/key.h"

/* An integer, or a float that is no NaN. */
struct number {
    bool is_float;
    bool negative; /* of an integer */
    uint64_t bits; /* of an integer: two's complement */
    double value;  /* of a float */
};

/* 2^64 and 2^63, which doubles hold exactly. */
static const double two_64 = 18446744073709551616.0;
static const double two_63 = 9223372036854775808.0;

static struct number get_number(struct wtl_reader *reader)
{
    if (wtl_peek(reader) == WTL_PACK_FLOAT) {
        return (struct number){.is_float = true, .value = wtl_get_f64(reader)};
    }
    struct wtl_reader again = *reader;
    uint64_t positive = wtl_get_u64(reader);
    if (!reader->failed) {
        return (struct number){.bits = positive};
    }
    *reader = again;
    return (struct number){.negative = true, .bits = (uint64_t)wtl_get_i64(reader)};
}

static int compare_u64(uint64_t a, uint64_t b)
{
    return (a > b) - (a < b);
}

static int compare_double(double a, double b)
{
    return (a > b) - (a < b);
}

/* An integer and a float, exactly: not every integer is a double. */
static int compare_mixed(struct number integer, double value)
{
    if (integer.negative) {
        if (value >= 0) {
            return -1;
        }
        if (value < -two_63) {
            return 1;
        }
        int64_t whole = (int64_t)value;
        int64_t number = (int64_t)integer.bits;
        return number != whole ? (number > whole) - (number < whole)
                               : compare_double((double)whole, value);
    }
    if (value < 0) {
        return 1;
    }
    if (value >= two_64) {
        return -1;
    }
    uint64_t whole = (uint64_t)value;
    return integer.bits != whole ? compare_u64(integer.bits, whole)
                                 : compare_double((double)whole, value);
}

static int compare_numbers(struct number a, struct number b)
{
    if (a.is_float || b.is_float) {
        return a.is_float && b.is_float ? compare_double(a.value, b.value)
               : b.is_float             ? compare_mixed(a, b.value)
                                        : -compare_mixed(b, a.value);
    }
    if (a.negative != b.negative) {
        return a.negative ? -1 : 1;
    }
    return compare_u64(a.bits, b.bits); /* of two negative ones too: two's complement */
}

static int compare_bytes(const void *a, size_t a_size, const void *b, size_t b_size)
{
    size_t shorter = a_size < b_size ? a_size : b_size;
    int order = shorter > 0 ? memcmp(a, b, shorter) : 0;
    return order != 0 ? order : (a_size > b_size) - (a_size < b_size);
}

static int rank(const struct wtl_reader *reader)
{
    static const uint8_t ranks[] = {
        [WTL_PACK_NIL] = 1,   [WTL_PACK_BOOL] = 2,  [WTL_PACK_INT] = 3,
        [WTL_PACK_FLOAT] = 3, [WTL_PACK_STR] = 4,   [WTL_PACK_BIN] = 5,
        [WTL_PACK_EXT] = 6,   [WTL_PACK_ARRAY] = 7, [WTL_PACK_MAP] = 0,
    };
    return ranks[wtl_peek(reader)];
}

/* Two values of one rank that hold no others. */
static int compare_scalars(struct wtl_reader *a, struct wtl_reader *b)
{
    const void *bytes[2];
    size_t sizes[2] = {0};
    int8_t types[2] = {0};
    switch (wtl_peek(a)) {
    case WTL_PACK_BOOL: {
        bool first = wtl_get_bool(a);
        return (int)first - (int)wtl_get_bool(b);
    }
    case WTL_PACK_INT:
    case WTL_PACK_FLOAT: {
        struct number first = get_number(a);
        return compare_numbers(first, get_number(b));
    }
    case WTL_PACK_STR:
        bytes[0] = wtl_get_str(a, &sizes[0]);
        bytes[1] = wtl_get_str(b, &sizes[1]);
        return compare_bytes(bytes[0], sizes[0], bytes[1], sizes[1]);
    case WTL_PACK_BIN:
        bytes[0] = wtl_get_bin(a, &sizes[0]);
        bytes[1] = wtl_get_bin(b, &sizes[1]);
        return compare_bytes(bytes[0], sizes[0], bytes[1], sizes[1]);
    case WTL_PACK_EXT:
        bytes[0] = wtl_get_ext(a, &types[0], &sizes[0]);
        bytes[1] = wtl_get_ext(b, &types[1], &sizes[1]);
        return types[0] != types[1] ? types[0] - types[1]
                                    : compare_bytes(bytes[0], sizes[0], bytes[1], sizes[1]);
    default: /* nil: all are the same */
        wtl_get_nil(a);
        wtl_get_nil(b);
        return 0;
    }
}

/* What is still to come of two arrays that were the same so far. */
struct level {
    uint32_t a;
    uint32_t b;
};

/* Compares value by value; `prefix`: `b` may end first at every place where only arrays are open
 * and all of theirs that are to come lie behind. */
static int compare_values(struct wtl_reader *a, struct wtl_reader *b, bool prefix)
{
    struct level levels[WTL_TABLE_KEY_DEPTH];
    unsigned depth = 0;
    for (;;) {
        int order = rank(a) - rank(b);
        if (order != 0) {
            return order;
        }
        if (wtl_peek(a) == WTL_PACK_ARRAY) {
            levels[depth].a = wtl_get_array(a);
            levels[depth].b = wtl_get_array(b);
            depth++;
        } else {
            order = compare_scalars(a, b);
        }
        if (order != 0) {
            return order;
        }
        while (depth > 0 && (levels[depth - 1].a == 0 || levels[depth - 1].b == 0)) {
            struct level *ended = &levels[--depth];
            if (ended->a != ended->b && !(prefix && depth == 0 && ended->b == 0)) {
                return ended->a < ended->b ? -1 : 1;
            }
        }
        if (depth == 0) {
            return 0;
        }
        levels[depth - 1].a--;
        levels[depth - 1].b--;
    }
}

static bool is_unsigned(uint8_t head)
{
    return head < 0x80 || (head >= 0xcc && head <= 0xcf);
}

int wtl__key_compare(struct wtl__key a, struct wtl__key b)
{
    uint8_t first_head = a.bytes[0];
    uint8_t second_head = b.bytes[0];
    if (is_unsigned(first_head) && is_unsigned(second_head)) {
        /* in their shortest form, what needs more bytes is larger, and has the larger head */
        return first_head != second_head ? first_head - second_head
                                         : memcmp(a.bytes + 1, b.bytes + 1, a.size - 1);
    }
    if ((first_head & 0xe0) == 0xa0 && (second_head & 0xe0) == 0xa0) { /* short strings */
        return compare_bytes(a.bytes + 1, a.size - 1, b.bytes + 1, b.size - 1);
    }
    struct wtl_reader first = wtl_reader_over(a.bytes, a.size);
    struct wtl_reader second = wtl_reader_over(b.bytes, b.size);
    return compare_values(&first, &second, false);
}

bool wtl__key_has_prefix(struct wtl__key key, struct wtl__key prefix)
{
    struct wtl_reader all = wtl_reader_over(key.bytes, key.size);
    struct wtl_reader begin = wtl_reader_over(prefix.bytes, prefix.size);
    enum wtl_pack_type type = wtl_peek(&begin);
    if ((type == WTL_PACK_STR || type == WTL_PACK_BIN) && wtl_peek(&all) == type) {
        size_t all_size = 0;
        size_t begin_size = 0;
        const void *all_bytes =
            type == WTL_PACK_STR ? wtl_get_str(&all, &all_size) : wtl_get_bin(&all, &all_size);
        const void *begin_bytes = type == WTL_PACK_STR ? wtl_get_str(&begin, &begin_size)
                                                       : wtl_get_bin(&begin, &begin_size);
        return begin_size == 0 ||
               (begin_size <= all_size && memcmp(all_bytes, begin_bytes, begin_size) == 0);
    }
    return compare_values(&all, &begin, true) == 0;
}
