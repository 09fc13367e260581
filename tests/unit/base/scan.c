/*
 * scan.c - what the pre-scan of a body refuses, and that it costs neither heap nor stack.
 */
#include <criterion/criterion.h>
#include <malloc.h>
#include <pthread.h>
#include <stdlib.h>

#include <wattle/pack.h>

#include "base/scan.h"

/* Scans a copy in a block of exactly this size, with the limits of bodies. */
static enum wtl_status scan_limits(const void *bytes, size_t size, struct wtl_scan_limits limits)
{
    uint8_t *tight = malloc(size > 0 ? size : 1);
    cr_assert_not_null(tight);
    memcpy(tight, bytes, size);
    enum wtl_status status = wtl_scan(tight, size, &limits);
    free(tight);
    return status;
}

#define SCAN(literal)    scan_limits(literal, sizeof(literal) - 1, WTL_SCAN_BODY)
#define CONTROL(literal) scan_limits(literal, sizeof(literal) - 1, WTL_SCAN_CONTROL)

Test(scan, X010_bomb_is_refused)
{
    static const uint8_t bombs[][5] = {
        {0xdd, 0x05, 0xf5, 0xe1, 0x00}, {0xdd, 0x0f, 0, 0, 0},
        {0xdd, 0xff, 0xff, 0xff, 0xff}, {0xdf, 0xff, 0xff, 0xff, 0xff},
        {0xdf, 0x80, 0, 0, 0},          {0xdb, 0xff, 0xff, 0xff, 0xff},
        {0xc6, 0xff, 0xff, 0xff, 0xff}, {0xc9, 0xff, 0xff, 0xff, 0xff},
        {0xdc, 0, 3, 0xc0, 0xc0},       {0xde, 0, 2, 0xc0, 0xc0},
    };
    struct wtl_scan_limits limits = WTL_SCAN_BODY;
    limits.ext_types = ~UINT64_C(0);
#if !WTL_SANITIZED
    struct mallinfo2 before = mallinfo2();
#endif
    enum wtl_status seen = WTL_BAD_PAYLOAD;
    for (size_t i = 0; i < sizeof bombs / sizeof bombs[0]; i++) {
        enum wtl_status status = wtl_scan(bombs[i], sizeof bombs[i], &limits);
        seen = status == WTL_BAD_PAYLOAD ? seen : status;
    }
#if !WTL_SANITIZED
    struct mallinfo2 after = mallinfo2();
    cr_assert_eq(after.uordblks, before.uordblks);
    cr_assert_eq(after.arena + after.hblkhd, before.arena + before.hblkhd, "no heap was used");
#endif
    cr_assert_eq(seen, WTL_BAD_PAYLOAD);
}

Test(scan, X010_claims_of_nested_containers_add_up)
{
    /* each head alone could be true: three values behind it, and three bytes left */
    cr_assert_eq(SCAN("\x93\x93\xc0\xc0\xc0"), WTL_BAD_PAYLOAD);
    cr_assert_eq(SCAN("\x93\x93\xc0\xc0\xc0\xc0\xc0"), WTL_OK);
}

static void *scan_in_thread(void *argument)
{
    struct wtl_msg *body = argument;
    struct wtl_scan_limits limits = WTL_SCAN_BODY;
    enum wtl_status status = wtl_scan(body->bytes, body->size, &limits);
    body->kind_ = (uint8_t)status;
    return NULL;
}

Test(scan, X011_nesting_is_refused_at_its_bound)
{
    static uint8_t deep[10001];
    for (int map = 0; map < 2; map++) {
        for (size_t depth = 1; depth <= 10000; depth = depth < 20 ? depth + 1 : depth * 2) {
            uint8_t *at = deep;
            for (size_t i = 0; i < depth && at < deep + sizeof deep - 2; i++) {
                *at++ = map ? 0x81 : 0x91;
                if (map) {
                    *at++ = 0xc0;
                }
            }
            *at++ = 0xc0;
            enum wtl_status status = scan_limits(deep, (size_t)(at - deep), WTL_SCAN_BODY);
            cr_assert_eq(status, depth <= 16 ? WTL_OK : WTL_TOO_LARGE, "depth %zu", depth);
        }
    }
    /* and on a small stack, as deep as a body may be large */
    pthread_attr_t attr;
    pthread_t thread;
    struct wtl_msg body = {.size = 1 << 20};
    uint8_t *deeper = malloc(body.size);
    cr_assert_not_null(deeper);
    memset(deeper, 0x91, body.size);
    body.bytes = deeper;
    cr_assert_eq(pthread_attr_init(&attr), 0);
#if !WTL_SANITIZED
    cr_assert_eq(pthread_attr_setstacksize(&attr, 65536), 0);
#endif
    cr_assert_eq(pthread_create(&thread, &attr, scan_in_thread, &body), 0);
    cr_assert_eq(pthread_join(thread, NULL), 0);
    cr_assert_eq(body.kind_, WTL_TOO_LARGE);
    (void)pthread_attr_destroy(&attr);
    free(deeper);
}

Test(scan, X011_a_lower_bound_holds_too)
{
    struct wtl_scan_limits limits = WTL_SCAN_BODY;
    limits.depth_max = 0;
    cr_assert_eq(scan_limits("\xc0", 1, limits), WTL_OK);
    cr_assert_eq(scan_limits("\x90", 1, limits), WTL_TOO_LARGE);
    limits.depth_max = 2;
    cr_assert_eq(scan_limits("\x92\x90\x90", 3, limits), WTL_OK);
    cr_assert_eq(scan_limits("\x92\x90\x91\x90", 4, limits), WTL_TOO_LARGE);
}

Test(scan, X012_millions_of_nils_exceed_the_budget)
{
    size_t count = (size_t)4 << 20;
    uint8_t *nils = malloc(count + 5);
    cr_assert_not_null(nils);
    memset(nils, 0xc0, count + 5);
    struct wtl_scan_limits limits = WTL_SCAN_BODY;
    struct wtl_writer w = wtl_writer_over(nils, count + 5);
    wtl_put_array(&w, (uint32_t)count);
    cr_assert_eq(wtl_scan(nils, count + 5, &limits), WTL_TOO_LARGE);
    /* the array is one of its own elements */
    for (uint32_t over = 0; over < 2; over++) {
        uint32_t fits = WTL_SCAN_ELEMENTS_MAX - 1 + over;
        w = wtl_writer_over(nils, count + 5);
        wtl_put_array(&w, fits);
        cr_assert_eq(wtl_scan(nils, wtl_written(&w) + fits, &limits),
                     over ? WTL_TOO_LARGE : WTL_OK);
    }
    free(nils);
    limits.elements_max = 3;
    cr_assert_eq(scan_limits("\x92\xc0\xc0", 3, limits), WTL_OK);
    cr_assert_eq(scan_limits("\x92\xc0\x91\xc0", 4, limits), WTL_TOO_LARGE);
    cr_assert_eq(scan_limits("\x91\x91\x91\x90", 4, limits), WTL_TOO_LARGE);
    limits.elements_max = 0;
    cr_assert_eq(scan_limits("\xc0", 1, limits), WTL_TOO_LARGE);
}

Test(scan, X012_a_body_has_a_largest_size)
{
    size_t size = (size_t)WTL_BODY_MAX + 1;
    uint8_t *big = calloc(size, 1);
    cr_assert_not_null(big);
    struct wtl_scan_limits limits = WTL_SCAN_BODY;
    struct wtl_writer w = wtl_writer_over(big, size);
    cr_assert_eq(wtl_scan(big, size, &limits), WTL_TOO_LARGE);
    wtl__put_size(&w, 0xc4, size - 6);
    cr_assert_eq(wtl_scan(big, size - 1, &limits), WTL_OK);
    free(big);
}

Test(scan, X013_reserved_byte_and_unknown_extensions)
{
    cr_assert_eq(SCAN("\xc1"), WTL_BAD_PAYLOAD);
    cr_assert_eq(SCAN("\x92\xc0\xc1"), WTL_BAD_PAYLOAD);
    static const char exts[][20] = {
        "\xd4\5.",   "\xd5\5..",    "\xd6\5....",     "\xd7\5........", "\xd8\5................",
        "\xc7\1\5.", "\xc8\0\1\5.", "\xc9\0\0\0\1\5."};
    static const size_t sizes[] = {3, 4, 6, 10, 18, 4, 5, 7};
    static const size_t types[] = {1, 1, 1, 1, 1, 2, 3, 5};
    for (size_t i = 0; i < 8; i++) {
        struct wtl_scan_limits limits = WTL_SCAN_BODY;
        cr_assert_eq(scan_limits(exts[i], sizes[i], limits), WTL_BAD_PAYLOAD);
        limits.ext_types = UINT64_C(1) << 5;
        cr_assert_eq(scan_limits(exts[i], sizes[i], limits), WTL_OK);
        limits.ext_types = ~limits.ext_types;
        cr_assert_eq(scan_limits(exts[i], sizes[i], limits), WTL_BAD_PAYLOAD);
        for (unsigned type = 64; type < 256; type++) {
            uint8_t other[20];
            memcpy(other, exts[i], sizeof other);
            other[types[i]] = (uint8_t)type;
            limits.ext_types = ~UINT64_C(0);
            cr_assert_eq(scan_limits(other, sizes[i], limits), WTL_BAD_PAYLOAD);
        }
    }
}

Test(scan, X014_longer_encodings_are_accepted)
{
    cr_assert_eq(SCAN("\xcf\0\0\0\0\0\0\0\7"), WTL_OK);
    cr_assert_eq(SCAN("\xd3\0\0\0\0\0\0\0\7"), WTL_OK);
    cr_assert_eq(SCAN("\xdf\0\0\0\1\xdb\0\0\0\1k\xdd\0\0\0\0"), WTL_OK);
    cr_assert_eq(CONTROL("\xdf\0\0\0\1\xdb\0\0\0\1k\xdd\0\0\0\0"), WTL_OK);
}

Test(scan, X014_nan_is_refused_in_control_messages)
{
    cr_assert_eq(SCAN("\xcb\x7f\xf8\0\0\0\0\0\0"), WTL_OK);
    cr_assert_eq(CONTROL("\xcb\x7f\xf8\0\0\0\0\0\0"), WTL_BAD_PAYLOAD);
    cr_assert_eq(CONTROL("\x81\xa1v\xcb\xff\xf0\0\0\0\0\0\1"), WTL_BAD_PAYLOAD);
    cr_assert_eq(CONTROL("\xca\x7f\xc0\0\0"), WTL_BAD_PAYLOAD);
    cr_assert_eq(CONTROL("\xcb\x7f\xf0\0\0\0\0\0\0"), WTL_OK, "infinity is a number");
    cr_assert_eq(CONTROL("\xcb\x80\0\0\0\0\0\0\0"), WTL_OK, "-0 is a number");
}

Test(scan, X014_equal_keys_are_refused_in_control_messages)
{
    cr_assert_eq(SCAN("\x82\xa1k\1\xa1k\2"), WTL_OK);
    cr_assert_eq(CONTROL("\x82\xa1k\1\xa1k\2"), WTL_BAD_PAYLOAD);
    cr_assert_eq(CONTROL("\x82\xa1k\1\xd9\1k\2"), WTL_BAD_PAYLOAD, "another encoding");
    cr_assert_eq(CONTROL("\x82\1\1\xd1\0\1\2"), WTL_BAD_PAYLOAD);
    cr_assert_eq(CONTROL("\x82\xff\1\xd0\xff\2"), WTL_BAD_PAYLOAD);
    cr_assert_eq(CONTROL("\x82\xcf\xff\xff\xff\xff\xff\xff\xff\xff\1"
                         "\xcf\xff\xff\xff\xff\xff\xff\xff\xff\2"),
                 WTL_BAD_PAYLOAD);
    cr_assert_eq(CONTROL("\x82\xcf\xff\xff\xff\xff\xff\xff\xff\xff\1\xff\2"), WTL_OK);
    cr_assert_eq(CONTROL("\x82\xa1k\1\xa1l\2"), WTL_OK);
    cr_assert_eq(CONTROL("\x82\xa1"
                         "1\1\1\2"),
                 WTL_OK, "a string is no integer");
    /* the same key in another map, inside or behind, is another key */
    cr_assert_eq(CONTROL("\x82\xa1k\x81\xa1k\1\xa1l\x82\xa1k\1\xa1l\2"), WTL_OK);
    cr_assert_eq(CONTROL("\x82\xa1l\x81\xa1k\1\xa1l\2"), WTL_BAD_PAYLOAD);
    cr_assert_eq(CONTROL("\x92\x81\xa1k\1\x81\xa1k\1"), WTL_OK);
    /* keys that could hide a duplicate are no keys */
    static const char others[][12] = {"\x81\xc0\1", "\x81\xc3\1", "\x81\x90\1", "\x81\x80\1",
                                      "\x81\x91\1\1"};
    static const size_t sizes[] = {3, 3, 3, 3, 4};
    for (size_t i = 0; i < 5; i++) {
        cr_assert_eq(scan_limits(others[i], sizes[i], WTL_SCAN_BODY), WTL_OK);
        cr_assert_eq(scan_limits(others[i], sizes[i], WTL_SCAN_CONTROL), WTL_BAD_PAYLOAD);
    }
}

Test(scan, X014_control_maps_have_a_bound)
{
    uint8_t bytes[1024];
    for (uint32_t keys = 1; keys <= WTL_SCAN_KEYS_MAX + 1; keys++) {
        struct wtl_writer w = wtl_writer_over(bytes, sizeof bytes);
        wtl_put_map(&w, keys);
        for (uint32_t i = 0; i < keys; i++) {
            wtl_put_u64(&w, i), wtl_put_nil(&w);
        }
        enum wtl_status status = scan_limits(bytes, wtl_written(&w), WTL_SCAN_CONTROL);
        cr_assert_eq(status, keys <= WTL_SCAN_KEYS_MAX ? WTL_OK : WTL_TOO_LARGE);
        cr_assert_eq(scan_limits(bytes, wtl_written(&w), WTL_SCAN_BODY), WTL_OK);
    }
}

Test(scan, every_cut_and_every_byte_too_many_is_refused)
{
    uint8_t bytes[512];
    char text[40] = "a text that is longer than thirty-one";
    struct wtl_writer w = wtl_writer_over(bytes, sizeof bytes);
    wtl_put_map(&w, 4);
    WTL_PUT_KEY(&w, "ints"), wtl_put_array(&w, 20);
    for (int i = 0; i < 10; i++) {
        wtl_put_u64(&w, UINT64_C(1) << 7 * i % 64), wtl_put_i64(&w, -(INT64_C(1) << 6 * i));
    }
    WTL_PUT_KEY(&w, "floats"), wtl_put_array(&w, 2), wtl_put_f64(&w, 1), wtl_put_f32(&w, 1);
    WTL_PUT_KEY(&w, "texts"), wtl_put_array(&w, 3), wtl_put_strz(&w, text), wtl_put_strz(&w, "");
    wtl_put_bin(&w, text, 7);
    WTL_PUT_KEY(&w, "exts"), wtl_put_array(&w, 2), wtl_put_ext(&w, 5, text, 8);
    wtl_put_ext(&w, 5, text, 9);
    cr_assert(!w.failed);
    size_t whole = wtl_written(&w);
    struct wtl_scan_limits limits = WTL_SCAN_CONTROL;
    limits.ext_types = UINT64_C(1) << 5;
    for (size_t size = 1; size < whole; size++) {
        cr_assert_eq(scan_limits(bytes, size, limits), WTL_BAD_PAYLOAD, "cut at %zu", size);
    }
    cr_assert_eq(scan_limits(bytes, whole, limits), WTL_OK);
    wtl_put_nil(&w);
    cr_assert_eq(scan_limits(bytes, whole + 1, limits), WTL_BAD_PAYLOAD, "trailing byte");
    cr_assert_eq(scan_limits(bytes, 0, limits), WTL_OK, "no body at all");
}
