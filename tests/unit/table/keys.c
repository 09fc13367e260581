/* keys.c - what is a key, which keys are the same, and their order. Hostile bytes among them. */
#include "kit.h"

#include "base/prng.h"

static enum wtl_status read_bytes(const void *bytes, size_t size)
{
    uint8_t room[WTL_TABLE_KEY_MAX];
    struct wtl__key key;
    return wtl__key_read(wtl_bytes_over(bytes, size), room, &key);
}

#define READ(literal) read_bytes(literal, sizeof(literal) - 1)

static struct wtl__key key_of(const void *bytes, size_t size)
{
    return kit_key(wtl_bytes_over(bytes, size));
}

#define OF(literal) key_of(literal, sizeof(literal) - 1)

Test(table_keys, OW08_what_is_no_key_is_refused)
{
    cr_assert_eq(read_bytes(NULL, 0), WTL_INVALID);
    cr_assert_eq(read_bytes("\x01", WTL_BYTES_BAD), WTL_INVALID);
    cr_assert_eq(READ("\x01\x02"), WTL_INVALID); /* two values */
    cr_assert_eq(READ("\xa5"
                      "abc"),
                 WTL_INVALID); /* cut off */
    cr_assert_eq(READ("\xd9\xff"
                      "abc"),
                 WTL_INVALID); /* the same, longer */
    cr_assert_eq(READ("\xdb\xff\xff\xff\xff"
                      "abc"),
                 WTL_INVALID);
    cr_assert_eq(READ("\xcf\x01"), WTL_INVALID);             /* half a number */
    cr_assert_eq(READ("\xc1"), WTL_INVALID);                 /* reserved */
    cr_assert_eq(READ("\x80"), WTL_INVALID);                 /* a map */
    cr_assert_eq(READ("\x91\x81\x01\x02"), WTL_INVALID);     /* a map within */
    cr_assert_eq(READ("\xdd\xff\xff\xff\xff"), WTL_INVALID); /* claims four milliards */
    cr_assert_eq(READ("\x92\x01"), WTL_INVALID);             /* one of two */
    cr_assert_eq(READ("\xcb\x7f\xf8\x00\x00\x00\x00\x00\x00"), WTL_INVALID); /* not a number */
    cr_assert_eq(READ("\xca\x7f\xc0\x00\x00"), WTL_INVALID);
    cr_assert_eq(READ("\x91\x91\x91\x91\x91\x91\x91\x91\x01"), WTL_OK);
    cr_assert_eq(READ("\x91\x91\x91\x91\x91\x91\x91\x91\x91\x01"), WTL_INVALID); /* too deep */
}

Test(table_keys, OW08_size_is_bounded)
{
    uint8_t room[WTL_TABLE_KEY_MAX + 16];
    for (size_t size = WTL_TABLE_KEY_MAX - 8; size < WTL_TABLE_KEY_MAX + 4; size++) {
        struct wtl_writer writer = wtl_writer_over(room, sizeof room);
        static const uint8_t zeros[WTL_TABLE_KEY_MAX + 16];
        wtl_put_bin(&writer, zeros, size);
        cr_assert_eq(read_bytes(room, wtl_written(&writer)),
                     size + 3 <= WTL_TABLE_KEY_MAX ? WTL_OK : WTL_TOO_LARGE);
    }
    char text[80];
    memset(text, 'a', sizeof text - 1);
    text[sizeof text - 1] = '\0';
    cr_assert_eq(WTL_BYTES_STR(text).size, WTL_BYTES_BAD);
    text[70] = '\0';
    cr_assert_eq(WTL_BYTES_STR(text).size, 72);
}

/* All ways to pack one key are the same one. */
Test(table_keys, OW08_a_key_is_what_it_says)
{
    static const struct {
        const char *longer;
        size_t size;
        const char *shortest;
        size_t shortest_size;
    } same[] = {
#define SAME(a, b) {a, sizeof(a) - 1, b, sizeof(b) - 1}
        SAME("\xcf\x00\x00\x00\x00\x00\x00\x00\x05", "\x05"),
        SAME("\xd3\x00\x00\x00\x00\x00\x00\x00\x05", "\x05"),
        SAME("\xcd\x00\x05", "\x05"),
        SAME("\xcc\x7f", "\x7f"),
        SAME("\xce\x00\x00\x01\x00", "\xcd\x01\x00"),
        SAME("\xd1\xff\xff", "\xff"),
        SAME("\xd3\xff\xff\xff\xff\xff\xff\xff\x00", "\xd1\xff\x00"),
        SAME("\xca\x3f\x80\x00\x00", "\xcb\x3f\xf0\x00\x00\x00\x00\x00\x00"),
        SAME("\xcb\x80\x00\x00\x00\x00\x00\x00\x00", "\xcb\x00\x00\x00\x00\x00\x00\x00\x00"),
        SAME("\xd9\x03"
             "abc",
             "\xa3"
             "abc"),
        SAME("\xdb\x00\x00\x00\x03"
             "abc",
             "\xa3"
             "abc"),
        SAME("\xc5\x00\x01x", "\xc4\x01x"),
        SAME("\xc7\x01\x07x", "\xd4\x07x"),
        SAME("\xdc\x00\x02\xcc\x01\xd9\x01"
             "b",
             "\x92\x01\xa1"
             "b"),
#undef SAME
    };
    for (size_t i = 0; i < sizeof same / sizeof same[0]; i++) {
        struct wtl__key key = key_of(same[i].longer, same[i].size);
        struct wtl__key shortest = key_of(same[i].shortest, same[i].shortest_size);
        cr_assert_eq(key.size, same[i].shortest_size, "%zu", i);
        cr_assert(wtl__key_is_same(key, shortest), "%zu", i);
        cr_assert_eq(wtl__key_compare(key, shortest), 0);
    }
}

/* From before to behind, each once. */
static const struct {
    const char *bytes;
    size_t size;
} in_order[] = {
#define IN_ORDER(literal)                                                                          \
    {                                                                                              \
        literal, sizeof(literal) - 1                                                               \
    }
    IN_ORDER("\xc0"),
    IN_ORDER("\xc2"),
    IN_ORDER("\xc3"),
    IN_ORDER("\xcb\xff\xf0\x00\x00\x00\x00\x00\x00"), /* minus infinity */
    IN_ORDER("\xcb\xc3\xe0\x00\x00\x00\x00\x00\x01"), /* below -2^63 */
    IN_ORDER("\xd3\x80\x00\x00\x00\x00\x00\x00\x00"), /* -2^63 */
    IN_ORDER("\xd1\xff\x00"),                         /* -256 */
    IN_ORDER("\xcb\xbf\xf8\x00\x00\x00\x00\x00\x00"), /* -1.5 */
    IN_ORDER("\xff"),                                 /* -1 */
    IN_ORDER("\xcb\xbf\xe0\x00\x00\x00\x00\x00\x00"), /* -0.5 */
    IN_ORDER("\x00"),
    IN_ORDER("\xcb\x3f\xe0\x00\x00\x00\x00\x00\x00"), /* 0.5 */
    IN_ORDER("\x01"),
    IN_ORDER("\xcb\x3f\xf8\x00\x00\x00\x00\x00\x00"), /* 1.5 */
    IN_ORDER("\xcc\xff"),
    IN_ORDER("\xcd\x01\x00"),
    IN_ORDER("\xcb\x43\x40\x00\x00\x00\x00\x00\x00"), /* 2^53 */
    IN_ORDER("\xcf\x00\x20\x00\x00\x00\x00\x00\x01"), /* 2^53 + 1, which no double is */
    IN_ORDER("\xcf\xff\xff\xff\xff\xff\xff\xff\xff"), /* 2^64 - 1 */
    IN_ORDER("\xcb\x43\xf0\x00\x00\x00\x00\x00\x00"), /* 2^64 */
    IN_ORDER("\xcb\x7f\xf0\x00\x00\x00\x00\x00\x00"), /* infinity */
    IN_ORDER("\xa0"),
    IN_ORDER("\xa2"
             "aa"),
    IN_ORDER("\xa1"
             "b"),
    IN_ORDER("\xd9\x20"
             "baaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"),
    IN_ORDER("\xa2"
             "bb"),
    IN_ORDER("\xc4\x00"),
    IN_ORDER("\xc4\x02"
             "aa"),
    IN_ORDER("\xc4\x01"
             "b"),
    IN_ORDER("\xd4\xff"
             "z"),
    IN_ORDER("\xd4\x01"
             "a"),
    IN_ORDER("\xd5\x01"
             "aa"),
    IN_ORDER("\xd4\x01"
             "b"),
    IN_ORDER("\x90"),
    IN_ORDER("\x91\x90"), /* an array comes behind numbers, so [[]] behind [5, 1]: see below */
#undef IN_ORDER
};

Test(table_keys, OW08_order_is_total)
{
    size_t count = sizeof in_order / sizeof in_order[0];
    for (size_t i = 0; i < count; i++) {
        for (size_t j = 0; j < count; j++) {
            struct wtl__key a = key_of(in_order[i].bytes, in_order[i].size);
            struct wtl__key b = key_of(in_order[j].bytes, in_order[j].size);
            int order = wtl__key_compare(a, b);
            cr_assert_eq((order > 0) - (order < 0), (i > j) - (i < j), "%zu %zu: %d", i, j, order);
        }
    }
}

Test(table_keys, OW08_arrays_go_element_by_element)
{
    cr_assert_lt(wtl__key_compare(OF("\x91\x01"), OF("\x92\x01\x02")), 0);
    cr_assert_lt(wtl__key_compare(OF("\x92\x01\x09"), OF("\x91\x02")), 0);
    cr_assert_lt(wtl__key_compare(OF("\x92\x05\x01"), OF("\x91\x90")), 0);
    cr_assert_lt(wtl__key_compare(OF("\x92\x91\x01\x05"), OF("\x92\x92\x01\x01\x01")), 0);
    cr_assert_gt(wtl__key_compare(OF("\x92\x92\x01\x01\x00"), OF("\x92\x91\x01\x05")), 0);
    cr_assert_eq(
        wtl__key_compare(OF("\x92\x01\x90"), OF("\x92\xcb\x3f\xf0\x00\x00\x00\x00\x00\x00\x90")),
        0); /* 1 is 1.0 in the order */
}

Test(table_keys, OW08_prefixes)
{
    cr_assert(wtl__key_has_prefix(OF("\xa3"
                                     "abc"),
                                  OF("\xa2"
                                     "ab")));
    cr_assert(wtl__key_has_prefix(OF("\xa3"
                                     "abc"),
                                  OF("\xa0")));
    cr_assert(!wtl__key_has_prefix(OF("\xa3"
                                      "abc"),
                                   OF("\xa1"
                                      "b")));
    cr_assert(!wtl__key_has_prefix(OF("\xa1"
                                      "a"),
                                   OF("\xa2"
                                      "ab")));
    cr_assert(!wtl__key_has_prefix(OF("\xc4\x01"
                                      "a"),
                                   OF("\xa1"
                                      "a")));
    cr_assert(wtl__key_has_prefix(OF("\xc4\x02"
                                     "ab"),
                                  OF("\xc4\x01"
                                     "a")));
    cr_assert(wtl__key_has_prefix(OF("\x93\x01\x02\x03"), OF("\x92\x01\x02")));
    cr_assert(wtl__key_has_prefix(OF("\x93\x01\x02\x03"), OF("\x90")));
    cr_assert(wtl__key_has_prefix(OF("\x92\x91\x01\x02"), OF("\x91\x91\x01")));
    cr_assert(!wtl__key_has_prefix(OF("\x92\x92\x01\x03\x02"), OF("\x91\x91\x01")));
    cr_assert(!wtl__key_has_prefix(OF("\x91\x01"), OF("\x92\x01\x02")));
    cr_assert(wtl__key_has_prefix(OF("\x07"), OF("\x07")));
    cr_assert(!wtl__key_has_prefix(OF("\x07"), OF("\x08")));
}

/* Any bytes are a key in their shortest form, or refused; nothing is read past their end. */
Test(table_keys, OW08_any_bytes_are_safe)
{
    struct wtl__prng prng;
    wtl__prng_init(&prng, 7);
    for (int i = 0; i < 300000; i++) {
        uint8_t room[WTL_TABLE_KEY_MAX];
        uint8_t again[WTL_TABLE_KEY_MAX];
        size_t size = (size_t)wtl__prng_below(&prng, 24);
        uint8_t *bytes = malloc(size + 1); /* its own block, so that a sanitizer sees its end */
        for (size_t j = 0; j < size; j++) {
            uint64_t draw = wtl__prng_next(&prng);
            bytes[j] = (uint8_t)(draw % 3 == 0 ? 0x90 + draw / 3 % 0x50 : draw >> 8);
        }
        struct wtl__key key;
        if (wtl__key_read(wtl_bytes_over(bytes, size), room, &key) == WTL_OK) {
            struct wtl__key twice;
            cr_assert_eq(wtl__key_read(wtl_bytes_over(key.bytes, key.size), again, &twice), WTL_OK);
            cr_assert(wtl__key_is_same(key, twice), "the shortest form has a shorter one");
            cr_assert_eq(wtl__key_compare(key, twice), 0);
            cr_assert(wtl__key_has_prefix(key, twice));
        }
        free(bytes);
    }
}
