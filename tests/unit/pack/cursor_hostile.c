/*
 * cursor_hostile.c - the cursors on bytes that are cut off, longer than needed, of another type or
 * plain wrong. Every input is in a block of its exact size, so that a sanitizer sees a byte too
 * far.
 */
#include <criterion/criterion.h>
#include <stdlib.h>

#include <wattle/pack.h>

enum getter {
    GET_NIL,
    GET_BOOL,
    GET_U64,
    GET_I64,
    GET_F64,
    GET_STR,
    GET_BIN,
    GET_EXT,
    GET_ARRAY,
    GET_MAP,
    GET_SKIP,
    GETTERS
};

/* Calls one getter; what it returned, as far as that fits a number. */
static uint64_t get(struct wtl_reader *r, enum getter getter)
{
    size_t size = 0;
    int8_t type;
    const void *bytes = NULL;
    double number;
    switch (getter) {
    case GET_NIL:
        wtl_get_nil(r);
        return 0;
    case GET_BOOL:
        return wtl_get_bool(r);
    case GET_U64:
        return wtl_get_u64(r);
    case GET_I64:
        return (uint64_t)wtl_get_i64(r);
    case GET_F64:
        number = wtl_get_f64(r);
        return number != 0;
    case GET_STR:
        bytes = wtl_get_str(r, &size);
        break;
    case GET_BIN:
        bytes = wtl_get_bin(r, &size);
        break;
    case GET_EXT:
        bytes = wtl_get_ext(r, &type, &size);
        break;
    case GET_ARRAY:
        return wtl_get_array(r);
    case GET_MAP:
        return wtl_get_map(r);
    default:
        wtl_skip(r);
        return 0;
    }
    cr_assert_eq(bytes == NULL, r->failed);
    return size;
}

/* Reads a copy of exactly this size. */
static struct wtl_reader get_tight(const void *bytes, size_t size, enum getter getter,
                                   uint64_t *value_out)
{
    uint8_t *tight = malloc(size > 0 ? size : 1);
    cr_assert_not_null(tight);
    memcpy(tight, bytes, size);
    /* at the end of the block, so that the byte behind it is not ours */
    struct wtl_reader r = wtl_reader_over(tight, size);
    *value_out = get(&r, getter);
    r = (struct wtl_reader){.at = (const uint8_t *)bytes + (r.at - tight),
                            .end = (const uint8_t *)bytes + size,
                            .failed = r.failed};
    free(tight);
    return r;
}

Test(cursor_hostile, X013_every_getter_takes_its_own_types_alone)
{
    static const enum getter getters[] = {
        [WTL_PACK_NIL] = GET_NIL,     [WTL_PACK_BOOL] = GET_BOOL, [WTL_PACK_INT] = GET_I64,
        [WTL_PACK_FLOAT] = GET_F64,   [WTL_PACK_STR] = GET_STR,   [WTL_PACK_BIN] = GET_BIN,
        [WTL_PACK_ARRAY] = GET_ARRAY, [WTL_PACK_MAP] = GET_MAP,   [WTL_PACK_EXT] = GET_EXT,
    };
    for (unsigned head = 0; head < 256; head++) {
        /* zeros behind it: sizes and counts of 0, small numbers, and elements */
        uint8_t bytes[64] = {(uint8_t)head};
        struct wtl_reader peeking = wtl_reader_over(bytes, sizeof bytes);
        enum wtl_pack_type type = wtl_peek(&peeking);
        cr_assert_eq(type == WTL_PACK_NONE, head == 0xc1);
        for (enum getter getter = GET_NIL; getter < GETTERS; getter++) {
            bool right = type != WTL_PACK_NONE && getters[type] == getter;
            right = right || (type == WTL_PACK_INT && getter == GET_U64 && head < 0xe0);
            right = right || (type == WTL_PACK_INT && getter == GET_F64);
            right = right || (getter == GET_SKIP && head != 0xc1);
            uint64_t value;
            struct wtl_reader r = get_tight(bytes, sizeof bytes, getter, &value);
            cr_assert_eq(!r.failed, right, "head %02x, getter %d", head, getter);
            if (!right) {
                cr_assert_eq(value, 0, "head %02x, getter %d", head, getter);
                cr_assert_eq(wtl_left(&r), 0);
            }
        }
    }
}

/* Every encoding once, whole, and how long it is. */
static const char whole[][24] = {
    "\xc0",
    "\xc3",
    "\x07",
    "\xe0",
    "\xcc\x80",
    "\xcd\1\1",
    "\xce\1\1\1\1",
    "\xcf\1\1\1\1\1\1\1\1",
    "\xd0\x80",
    "\xd1\x80\1",
    "\xd2\x80\1\1\1",
    "\xd3\x80\1\1\1\1\1\1\1",
    "\xca\1\1\1\1",
    "\xcb\1\1\1\1\1\1\1\1",
    "\xa3"
    "abc",
    "\xd9\3"
    "abc",
    "\xda\0\3"
    "abc",
    "\xdb\0\0\0\3"
    "abc",
    "\xc4\3"
    "abc",
    "\xc5\0\3"
    "abc",
    "\xc6\0\0\0\3"
    "abc",
    "\xc7\3\5"
    "abc",
    "\xc8\0\3\5"
    "abc",
    "\xc9\0\0\0\3\5"
    "abc",
    "\xd4\5"
    "a",
    "\xd5\5"
    "ab",
    "\xd6\5"
    "abcd",
    "\xd7\5"
    "abcdefgh",
    "\xd8\5"
    "abcdefghijklmnop",
    "\x92\1\2",
    "\xdc\0\2\1\2",
    "\xdd\0\0\0\2\1\2",
    "\x81\1\2",
    "\xde\0\1\1\2",
    "\xdf\0\0\0\1\1\2",
};
static const size_t whole_size[] = {1, 1, 1, 1, 2, 3, 5, 9, 2, 3,  5,  9, 5, 9, 4, 5, 6, 8,
                                    5, 6, 8, 6, 7, 9, 3, 4, 6, 10, 18, 3, 5, 7, 3, 5, 7};
_Static_assert(sizeof whole / sizeof whole[0] == sizeof whole_size / sizeof whole_size[0],
               "a size for each");

Test(cursor_hostile, every_cut_fails_and_stays_failed)
{
    for (size_t i = 0; i < sizeof whole / sizeof whole[0]; i++) {
        for (enum getter getter = GET_NIL; getter < GETTERS; getter++) {
            uint64_t value;
            struct wtl_reader r = get_tight(whole[i], whole_size[i], getter, &value);
            bool right = !r.failed;
            cr_assert(right || getter != GET_SKIP, "skip refuses number %zu", i);
            for (size_t cut = 0; cut < whole_size[i]; cut++) {
                r = get_tight(whole[i], cut, getter, &value);
                cr_assert(r.failed, "number %zu, cut at %zu, getter %d", i, cut, getter);
                cr_assert_eq(value, 0);
                for (enum getter after = GET_NIL; after < GETTERS; after++) {
                    cr_assert_eq(get(&r, after), 0);
                    cr_assert(r.failed);
                }
                cr_assert(!WTL_GET_KEY(&r, "") && !WTL_GET_KEY(&r, "abc"));
            }
        }
    }
}

Test(cursor_hostile, X014_longer_encodings_are_read)
{
    static const char sevens[][12] = {
        "\x07",   "\xcc\7",   "\xcd\0\7",     "\xce\0\0\0\7",        "\xcf\0\0\0\0\0\0\0\7",
        "\xd0\7", "\xd1\0\7", "\xd2\0\0\0\7", "\xd3\0\0\0\0\0\0\0\7"};
    for (size_t i = 0; i < sizeof sevens / sizeof sevens[0]; i++) {
        struct wtl_reader r = wtl_reader_over(sevens[i], sizeof sevens[i]);
        cr_assert_eq(wtl_get_u64(&r), 7);
        r = wtl_reader_over(sevens[i], sizeof sevens[i]);
        cr_assert_eq(wtl_get_i64(&r), 7);
        r = wtl_reader_over(sevens[i], sizeof sevens[i]);
        cr_assert_eq(wtl_get_f64(&r), 7.0);
        cr_assert(!r.failed);
    }
    static const char minus[][12] = {"\xff", "\xd0\xff", "\xd1\xff\xff", "\xd2\xff\xff\xff\xff",
                                     "\xd3\xff\xff\xff\xff\xff\xff\xff\xff"};
    for (size_t i = 0; i < sizeof minus / sizeof minus[0]; i++) {
        struct wtl_reader r = wtl_reader_over(minus[i], sizeof minus[i]);
        cr_assert_eq(wtl_get_i64(&r), -1);
        r = wtl_reader_over(minus[i], sizeof minus[i]);
        cr_assert_eq(wtl_get_f64(&r), -1.0);
        cr_assert(!r.failed);
        r = wtl_reader_over(minus[i], sizeof minus[i]);
        cr_assert_eq(wtl_get_u64(&r), 0);
        cr_assert(r.failed);
    }
    static const char keys[][12] = {"\xa3seq", "\xd9\3seq", "\xda\0\3seq", "\xdb\0\0\0\3seq"};
    for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++) {
        struct wtl_reader r = wtl_reader_over(keys[i], sizeof keys[i]);
        cr_assert(!WTL_GET_KEY(&r, "sex") && !WTL_GET_KEY(&r, "se"));
        cr_assert(WTL_GET_KEY(&r, "seq"));
        cr_assert(!r.failed);
    }
}

Test(cursor_hostile, integers_out_of_range_fail)
{
    struct wtl_reader r = wtl_reader_over("\xcf\x80\0\0\0\0\0\0\0", 9);
    cr_assert_eq(wtl_get_i64(&r), 0);
    cr_assert(r.failed);
    r = wtl_reader_over("\xcf\x7f\xff\xff\xff\xff\xff\xff\xff", 9);
    cr_assert_eq(wtl_get_i64(&r), INT64_MAX);
    r = wtl_reader_over("\xd3\x80\0\0\0\0\0\0\0", 9);
    cr_assert_eq(wtl_get_i64(&r), INT64_MIN);
    cr_assert(!r.failed);
}

Test(cursor_hostile, a_double_takes_integers_that_are_exact)
{
    struct wtl_reader r = wtl_reader_over("\xcf\0\x20\0\0\0\0\0\0", 9);
    cr_assert_eq(wtl_get_f64(&r), 9007199254740992.0);
    r = wtl_reader_over("\xcf\0\x20\0\0\0\0\0\1", 9);
    cr_assert_eq(wtl_get_f64(&r), 0);
    cr_assert(r.failed, "2^53 + 1 is no double");
    r = wtl_reader_over("\xcf\xff\xff\xff\xff\xff\xff\xf8\0", 9);
    cr_assert_eq(wtl_get_f64(&r), 18446744073709549568.0);
    cr_assert(!r.failed);
    r = wtl_reader_over("\xcf\xff\xff\xff\xff\xff\xff\xff\xff", 9);
    cr_assert_eq(wtl_get_f64(&r), 0);
    cr_assert(r.failed, "2^64 - 1 would round to 2^64");
    r = wtl_reader_over("\xd3\x80\0\0\0\0\0\0\0", 9);
    cr_assert_eq(wtl_get_f64(&r), -9223372036854775808.0);
    r = wtl_reader_over("\xca\x3f\xc0\0\0", 5);
    cr_assert_eq(wtl_get_f64(&r), 1.5);
    cr_assert(!r.failed);
}

Test(cursor_hostile, X010_a_claim_without_bytes_is_refused)
{
    static const char bombs[][8] = {"\xdd\x05\xf5\xe1\0",   "\xdf\xff\xff\xff\xff",
                                    "\xdc\xff\xff\1",       "\xdd\xff\xff\xff\xff",
                                    "\xdb\xff\xff\xff\xff", "\xc6\xff\xff\xff\xff",
                                    "\xc9\xff\xff\xff\xff"};
    for (size_t i = 0; i < sizeof bombs / sizeof bombs[0]; i++) {
        for (enum getter getter = GET_STR; getter < GETTERS; getter++) {
            struct wtl_reader r = wtl_reader_over(bombs[i], sizeof bombs[i]);
            cr_assert_eq(get(&r, getter), 0);
            cr_assert(r.failed);
        }
    }
}

Test(cursor_hostile, X011_skip_takes_no_stack)
{
    size_t depth = (size_t)4 << 20;
    uint8_t *deep = malloc(depth + 1);
    cr_assert_not_null(deep);
    memset(deep, 0x91, depth);
    deep[depth] = 0xc0;
    struct wtl_reader r = wtl_reader_over(deep, depth + 1);
    wtl_skip(&r);
    cr_assert(!r.failed && wtl_left(&r) == 0);
    r = wtl_reader_over(deep, depth);
    wtl_skip(&r);
    cr_assert(r.failed);
    free(deep);
}

Test(cursor_hostile, a_key_that_is_cut_off_is_no_key)
{
    for (size_t size = 0; size < 4; size++) {
        uint8_t *tight = malloc(size > 0 ? size : 1);
        cr_assert_not_null(tight);
        memcpy(tight, "\xa3seq", size);
        /* the byte that is missing stands behind the end, too */
        const uint8_t behind[4] = {0xa3, 's', 'e', 'q'};
        struct wtl_reader r = wtl_reader_over(tight, size);
        cr_assert(!WTL_GET_KEY(&r, "seq"));
        r = wtl_reader_over(behind, size);
        cr_assert(!WTL_GET_KEY(&r, "seq"));
        free(tight);
    }
}
