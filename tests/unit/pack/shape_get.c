/*
 * shape_get.c - reading by a format: all or nothing, in any order, with ranges; and what is said
 * about bytes that were not as expected.
 */
#include <criterion/criterion.h>
#include <limits.h>
#include <math.h>
#include <stdlib.h>

#include <wattle/pack.h>

static uint8_t bytes[1024];

/* The message whose body a writer holds. */
static struct wtl_msg message_of(const struct wtl_writer *w)
{
    cr_assert(!w->failed);
    return (struct wtl_msg){.bytes = w->begin, .size = (uint32_t)wtl_written(w)};
}

/* The message with this body. */
#define BODY(literal)                                                                              \
    (&(struct wtl_msg){.bytes = (const uint8_t *)(literal), .size = sizeof(literal) - 1})

Test(shape_get, reads_what_a_shape_wrote)
{
    for (int round = 0; round < 2; round++) {
        struct wtl_writer w = wtl_writer_over(bytes, sizeof bytes);
        wtl_putf(&w, "seq=%u celsius=%lf pos={x=%lf y=%lf} name=%s ok=%d tags=[%s {n=%ld}]", 300u,
                 21.5, 1.0, 2.0, "bed-7777", 1, "", -5L);
        struct wtl_msg message = message_of(&w);
        unsigned seq;
        double celsius, x, y;
        char name[9], tag[9];
        int ok;
        long n;
        cr_assert_eq(
            wtl_getf(&message,
                     "seq=%u celsius=%lf pos={x=%lf y=%lf} name=%8s ok=%d tags=[%8s {n=%ld}]", &seq,
                     &celsius, &x, &y, name, &ok, tag, &n),
            WTL_OK);
        cr_assert(seq == 300 && celsius == 21.5 && x == 1.0 && y == 2.0 && ok == 1 && n == -5);
        cr_assert_str_eq(name, "bed-7777");
        cr_assert_str_eq(tag, "");
        /* another order, and not all */
        seq = 0;
        cr_assert_eq(wtl_getf(&message, "ok=%d pos={y=%lf} seq=%u", &ok, &y, &seq), WTL_OK);
        cr_assert(seq == 300 && y == 2.0);
        cr_assert_eq(wtl_getf(&message, "{}"), WTL_OK);
    }
}

Test(shape_get, any_order_of_keys)
{
    static const char *const keys[] = {"alpha", "b", "gamma-gamma", "delta-with-a-long-name"};
    for (unsigned order = 0; order < 256; order++) {
        struct wtl_writer w = wtl_writer_over(bytes, sizeof bytes);
        unsigned picks[4] = {order & 3, order >> 2 & 3, order >> 4 & 3, order >> 6};
        bool twice = false;
        wtl_put_map(&w, 6);
        WTL_PUT_KEY(&w, "other"), wtl_put_nil(&w);
        for (int i = 0; i < 4; i++) {
            wtl_put_strz(&w, keys[picks[i]]), wtl_put_u64(&w, picks[i]);
            for (int j = 0; j < i; j++) {
                twice = twice || picks[i] == picks[j];
            }
        }
        wtl_put_u64(&w, 5), wtl_put_array(&w, 0); /* keys that are no strings are skipped, too */
        struct wtl_msg message = message_of(&w);
        unsigned v[4] = {9, 9, 9, 9};
        enum wtl_status status =
            wtl_getf(&message, "alpha=%u b=%u gamma-gamma=%u delta-with-a-long-name=%u", &v[0],
                     &v[1], &v[2], &v[3]);
        cr_assert_eq(status, twice ? WTL_BAD_PAYLOAD : WTL_OK);
        for (unsigned i = 0; i < 4; i++) {
            cr_assert_eq(v[i], twice ? 9 : i, "order %u", order);
        }
    }
}

/* A volatile number, so that no compiler warns that some types cannot equal some of them. */
static volatile int64_t wanted;

/* Does an integer of this type take `value`, written by cursor, and give it back? */
#define TAKES(type, format, value)                                                                 \
    (__extension__({                                                                               \
        type got_ = (type)77;                                                                      \
        struct wtl_writer w_ = wtl_writer_over(bytes, sizeof bytes);                               \
        wanted = (value);                                                                          \
        wtl_put_i64(&w_, wanted);                                                                  \
        struct wtl_msg m_ = message_of(&w_);                                                       \
        bool ok_ = wtl_getf(&m_, format, &got_) == WTL_OK;                                         \
        cr_assert_eq((int64_t)got_, ok_ ? wanted : 77);                                            \
        ok_;                                                                                       \
    }))

Test(shape_get, integers_are_checked_for_their_range)
{
    cr_assert(TAKES(signed char, "%hhd", SCHAR_MAX) && TAKES(signed char, "%hhd", SCHAR_MIN));
    cr_assert(!TAKES(signed char, "%hhd", 128) && !TAKES(signed char, "%hhd", -129));
    cr_assert(TAKES(unsigned char, "%hhu", 255) && TAKES(unsigned char, "%hhu", 0));
    cr_assert(!TAKES(unsigned char, "%hhu", 256) && !TAKES(unsigned char, "%hhu", -1));
    cr_assert(TAKES(short, "%hd", SHRT_MAX) && TAKES(short, "%hd", SHRT_MIN));
    cr_assert(!TAKES(short, "%hd", 32768) && !TAKES(short, "%hd", -32769));
    cr_assert(TAKES(unsigned short, "%hu", 65535) && !TAKES(unsigned short, "%hu", 65536));
    cr_assert(TAKES(int, "%d", INT_MAX) && TAKES(int, "%i", INT_MIN));
    cr_assert(!TAKES(int, "%d", 2147483648) && !TAKES(int, "%i", -2147483649));
    cr_assert(TAKES(unsigned, "%u", UINT_MAX) && !TAKES(unsigned, "%u", 4294967296));
    cr_assert(!TAKES(unsigned, "%u", -1) && !TAKES(unsigned long long, "%llu", -1));
    cr_assert(TAKES(long long, "%lld", INT64_MIN) && TAKES(long long, "%lld", INT64_MAX));
    unsigned long long wide;
    long long narrow = 1;
    size_t size;
    cr_assert_eq(wtl_getf(BODY("\xcf\xff\xff\xff\xff\xff\xff\xff\xff"), "%llu", &wide), WTL_OK);
    cr_assert_eq(wide, ULLONG_MAX);
    cr_assert_eq(wtl_getf(BODY("\xcf\x80\0\0\0\0\0\0\0"), "%lld", &narrow), WTL_BAD_PAYLOAD);
    cr_assert_eq(narrow, 1);
    cr_assert_eq(wtl_getf(BODY("\xcd\1\0"), "%zu", &size), WTL_OK);
    cr_assert_eq(size, 256);
}

Test(shape_get, X014_longer_encodings_booleans_and_floats)
{
    int value = 5;
    float narrow = 5;
    double wide = 5;
    cr_assert_eq(wtl_getf(BODY("\xde\0\1\xda\0\1v\xd3\0\0\0\0\0\0\0\7"), "v=%d", &value), WTL_OK);
    cr_assert_eq(value, 7);
    cr_assert_eq(wtl_getf(BODY("\xc3"), "%d", &value), WTL_OK);
    cr_assert_eq(value, 1);
    cr_assert_eq(wtl_getf(BODY("\xc2"), "%d", &value), WTL_OK);
    cr_assert_eq(value, 0);
    cr_assert_eq(wtl_getf(BODY("\xca\x3f\xc0\0\0"), "%d", &value), WTL_BAD_PAYLOAD);
    cr_assert_eq(wtl_getf(BODY("\xca\x3f\xc0\0\0"), "%lf", &wide), WTL_OK);
    cr_assert_eq(wide, 1.5);
    cr_assert_eq(wtl_getf(BODY("\xe0"), "%lf", &wide), WTL_OK);
    cr_assert_eq(wide, -32);
    cr_assert_eq(wtl_getf(BODY("\xc3"), "%lf", &wide), WTL_BAD_PAYLOAD);
    cr_assert_eq(wtl_getf(BODY("\xcf\0\x20\0\0\0\0\0\1"), "%lf", &wide), WTL_BAD_PAYLOAD);
    cr_assert_eq(wtl_getf(BODY("\xcb\x3f\xf8\0\0\0\0\0\0"), "%f", &narrow), WTL_OK);
    cr_assert_eq(narrow, 1.5f);
    cr_assert_eq(wtl_getf(BODY("\xcb\x7f\xe0\0\0\0\0\0\0"), "%f", &narrow), WTL_BAD_PAYLOAD);
    cr_assert_eq(narrow, 1.5f);
    cr_assert_eq(wtl_getf(BODY("\xcb\x7f\xf0\0\0\0\0\0\0"), "%f", &narrow), WTL_OK);
    cr_assert(isinf(narrow));
    cr_assert_eq(wtl_getf(BODY("\xcb\x80\0\0\0\0\0\0\0"), "%lf", &wide), WTL_OK);
    cr_assert(wide == 0 && signbit(wide));
}

/* Bodies that "n=%4s p={x=%hhu}" does not take, and what is said about them. */
static const struct {
    const char *body;
    size_t size;
    const char *text;
} refused[] = {
#define CASE(body, text)                                                                           \
    {                                                                                              \
        body, sizeof(body) - 1, text                                                               \
    }
    CASE("\x82\xa1n\xc4\1x\xa1p\x81\xa1x\1", "n: expected a string of at most 4 bytes without "
                                             "NULs, found binary data"),
    CASE("\x82\xa1n\xa5"
         "abcde\xa1p\x81\xa1x\1",
         "n: expected a string of at most 4 bytes "
         "without NULs, found a string of 5 bytes"),
    CASE("\x82\xa1n\xa2"
         "a\0\xa1p\x81\xa1x\1",
         "n: expected a string of at most 4 bytes without "
         "NULs, found a string of 2 bytes with a NUL"),
    CASE("\x82\xa1n\xa1"
         "a\xa1p\x81\xa1x\xcd\1\0",
         "p.x: expected an integer from 0 to 255, "
         "found 256"),
    CASE("\x82\xa1n\xa1"
         "a\xa1p\x81\xa1x\xff",
         "p.x: expected an integer from 0 to 255, "
         "found -1"),
    CASE("\x82\xa1n\xa1"
         "a\xa1p\x81\xa1x\xc0",
         "p.x: expected an integer from 0 to 255, "
         "found nil"),
    CASE("\x82\xa1n\xa1"
         "a\xa1p\x80",
         "p.x: expected an integer from 0 to 255, found no such "
         "key"),
    CASE("\x82\xa1n\xa1"
         "a\xa1p\x82\xa1x\1\xa1x\1",
         "p.x: expected one value, found the key "
         "twice"),
    CASE("\x82\xa1n\xa1"
         "a\xa1p\x90",
         "p: expected a map, found an array of 0"),
    CASE("\x81\xa1n\xa1"
         "a",
         "p: expected a map, found no such key"),
    CASE("\x92\1\2", "body: expected a map, found an array of 2"),
    CASE("", "body: expected a map, found nothing more"),
    CASE("\xc1", "body: expected a map, found the reserved byte 0xc1"),
    CASE("\xdf\xff\xff\xff\xff", "body: expected a map, found bytes that are cut off or broken"),
    CASE("\x82\xa1n\xa1"
         "a\xa1p\x81\xa1x\1\xc0",
         "body: expected one value, found 1 bytes "
         "behind it"),
    CASE("\x82\xa1n\xa1"
         "a\xa1p\x81\xa1x\xcf\xff\xff\xff\xff\xff\xff\xff\xff",
         "p.x: expected an integer from 0 to 255, found 18446744073709551615"),
    CASE("\x82\xa1n\xa1"
         "a\xa1p\x81\xa1x\xcf\xff",
         "p.x: expected an integer from 0 to 255, "
         "found bytes that are cut off or broken"),
#undef CASE
};

Test(shape_get, X013_another_type_is_named_with_its_key)
{
    for (size_t i = 0; i < sizeof refused / sizeof refused[0]; i++) {
        struct wtl_error error = {0};
        char n[5] = "old";
        unsigned char x = 99;
        struct wtl_msg message = {.bytes = (const uint8_t *)refused[i].body,
                                  .size = (uint32_t)refused[i].size};
        cr_assert_eq(wtl_getf_error(&message, &error, "n=%4s p={x=%hhu}", n, &x), WTL_BAD_PAYLOAD);
        cr_assert_eq(error.status, WTL_BAD_PAYLOAD);
        cr_assert_str_eq(error.text, refused[i].text);
        cr_assert_str_eq(n, "old");
        cr_assert_eq(x, 99, "nothing changes when something is wrong");
    }
}

Test(shape_get, elements_are_named_by_their_place)
{
    struct wtl_error error;
    int a = 0, b = 0, c = 0;
    struct wtl_msg *good = BODY("\x81\xa1t\x93\1\x92\2\x81\xa1k\3\xa0");
    cr_assert_eq(wtl_getf_error(good, &error, "t=[%d [%d {k=%d}] {}]", &a, &b, &c),
                 WTL_BAD_PAYLOAD);
    cr_assert_str_eq(error.text, "t[2]: expected a map, found a string of 0 bytes");
    cr_assert_eq(wtl_getf_error(BODY("\x81\xa1t\x93\1\x92\2\x81\xa1k\xa0\x80"), &error,
                                "t=[%d [%d {k=%d}] {}]", &a, &b, &c),
                 WTL_BAD_PAYLOAD);
    cr_assert_str_eq(error.text, "t[1][1].k: expected an integer from -2147483648 to 2147483647, "
                                 "found a string of 0 bytes");
    cr_assert_eq(wtl_getf_error(BODY("\x92\1\2"), &error, "[%d %d %d]", &a, &b, &c),
                 WTL_BAD_PAYLOAD);
    cr_assert_str_eq(error.text, "body: expected an array of 3, found an array of 2");
    cr_assert_eq(wtl_getf_error(BODY("\x92\1\2"), &error, "[%d]", &a), WTL_BAD_PAYLOAD);
    cr_assert_str_eq(error.text, "body: expected an array of 1, found an array of 2");
    cr_assert_eq(wtl_getf_error(BODY("\x92\1\xc0"), &error, "[%d %d]", &a, &b), WTL_BAD_PAYLOAD);
    cr_assert_str_eq(error.text, "[1]: expected an integer from -2147483648 to 2147483647, "
                                 "found nil");
    cr_assert(a == 0 && b == 0 && c == 0);
    cr_assert_eq(wtl_getf(BODY("\x92\1\2"), "[%d %d]", &a, &b), WTL_OK);
    cr_assert(a == 1 && b == 2);
}

Test(shape_get, every_cut_is_refused_and_nothing_changes)
{
    struct wtl_writer w = wtl_writer_over(bytes, sizeof bytes);
    wtl_putf(&w, "skipped=[%u {a=%s}] seq=%u celsius=%lf pos={x=%lf y=%ld} name=%s tags=[%s %d]",
             1u, "xyz", 70000u, 21.5, 1.0, -70000L, "bed", "t", -200);
    size_t whole = wtl_written(&w);
    for (size_t size = 0; size <= whole; size++) {
        uint8_t *tight = malloc(size > 0 ? size : 1);
        cr_assert_not_null(tight);
        memcpy(tight, bytes, size);
        struct wtl_msg message = {.bytes = tight, .size = (uint32_t)size};
        struct wtl_error error = {0};
        unsigned seq = 1;
        double celsius = 2, x = 3;
        long y = 4;
        char name[9] = "old", tag[9] = "old";
        int last = 5;
        enum wtl_status status = wtl_getf_error(
            &message, &error, "tags=[%8s %d] pos={y=%ld x=%lf} seq=%u celsius=%lf name=%8s", tag,
            &last, &y, &x, &seq, &celsius, name);
        cr_assert_eq(status, size == whole ? WTL_OK : WTL_BAD_PAYLOAD, "cut at %zu", size);
        if (size < whole) {
            cr_assert(seq == 1 && celsius == 2 && x == 3 && y == 4 && last == 5);
            cr_assert_str_eq(name, "old");
            cr_assert_str_eq(tag, "old");
            cr_assert(error.status == WTL_BAD_PAYLOAD && error.text[0] != '\0');
        } else {
            cr_assert(seq == 70000 && celsius == 21.5 && x == 1 && y == -70000 && last == -200);
        }
        free(tight);
    }
}

Test(shape_get, a_reader_goes_on_behind_the_value)
{
    struct wtl_writer w = wtl_writer_over(bytes, sizeof bytes);
    wtl_put_array(&w, 3);
    wtl_putf(&w, "n=%d", 1), wtl_putf(&w, "n=%d", 2), wtl_putf(&w, "n=%s", "three");
    struct wtl_reader r = wtl_reader_over(bytes, wtl_written(&w));
    struct wtl_error error;
    int n = 0;
    cr_assert_eq(wtl_get_array(&r), 3);
    cr_assert_eq(wtl_readf(&r, NULL, "n=%d", &n), WTL_OK);
    cr_assert_eq(n, 1);
    cr_assert_eq(wtl_readf(&r, &error, "n=%d", &n), WTL_OK);
    cr_assert_eq(n, 2);
    cr_assert_eq(wtl_readf(&r, &error, "n=%d", &n), WTL_BAD_PAYLOAD);
    cr_assert(r.failed && n == 2);
    cr_assert_eq(wtl_readf(&r, &error, "n=%d", &n), WTL_BAD_PAYLOAD);
}
