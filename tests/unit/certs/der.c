/* der.c - the DER reader and writer, the calendar, and a certificate cut at every byte. */
#include <stdlib.h>
#include <string.h>

#include "certs/chain.h"
#include "certs/civil.h"
#include "certs/der.h"
#include "certs/key.h"
#include "fixture.h"

TestSuite(certs_der, .init = fixture_init, .fini = fixture_deinit);

#define VIEW(...)                                                                                  \
    ((struct wtl__der_view){(const uint8_t[]){__VA_ARGS__}, sizeof((const uint8_t[]){__VA_ARGS__})})

Test(certs, der_lengths_are_minimal_and_bounded)
{
    static const struct {
        uint8_t bytes[8];
        size_t size;
        bool valid;
    } table[] = {
        {{0x04, 0x00}, 2, true},
        {{0x04, 0x01, 0xaa}, 3, true},
        {{0x04, 0x02, 0xaa}, 3, false},             /* longer than what is left */
        {{0x04}, 1, false},                         /* no length */
        {{0x04, 0x80, 0x00, 0x00}, 4, false},       /* indefinite */
        {{0x04, 0x81, 0x01, 0xaa}, 4, false},       /* long form of a short length */
        {{0x04, 0x82, 0x00, 0x01, 0xaa}, 5, false}, /* zero in front */
        {{0x04, 0x81}, 2, false},                   /* length cut off */
        {{0x04, 0x84, 0x01, 0x00, 0x00, 0x00}, 6, false},
        {{0x04, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff}, 8, false},
        {{0x1f, 0x81, 0x01, 0x00}, 4, false}, /* high tag number */
        {{0xbf, 0x22, 0x00}, 3, false},
    };
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        struct wtl__der_view in = {table[i].bytes, table[i].size};
        struct wtl__der_view content;
        uint8_t tag;
        cr_expect_eq(wtl__der_any(&in, &tag, &content), table[i].valid, "row %zu", i);
        cr_expect_eq(in.size, table[i].valid ? 0 : table[i].size, "row %zu takes all or nothing",
                     i);
    }
}

Test(certs, der_integers_are_minimal_and_not_negative)
{
    struct wtl__der_view magnitude;
    struct wtl__der_view in = VIEW(0x02, 0x02, 0x00, 0x80);
    cr_assert(wtl__der_take_unsigned(&in, &magnitude));
    cr_expect(magnitude.size == 1 && magnitude.bytes[0] == 0x80);
    in = VIEW(0x02, 0x01, 0x00);
    cr_assert(wtl__der_take_unsigned(&in, &magnitude));
    cr_expect(magnitude.size == 1 && magnitude.bytes[0] == 0);
    const struct wtl__der_view bad[] = {VIEW(0x02, 0x00), VIEW(0x02, 0x01, 0x80),
                                        VIEW(0x02, 0x02, 0x00, 0x7f), VIEW(0x03, 0x01, 0x00)};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        in = bad[i];
        cr_expect_not(wtl__der_take_unsigned(&in, &magnitude), "row %zu", i);
        cr_expect_eq(in.size, bad[i].size);
    }
}

Test(certs, der_bits_have_zeros_where_unused)
{
    struct wtl__der_view bytes;
    unsigned unused;
    struct wtl__der_view in = VIEW(0x03, 0x02, 0x07, 0x80);
    cr_assert(wtl__der_take_bits(&in, &bytes, &unused));
    cr_expect(unused == 7 && bytes.size == 1);
    const struct wtl__der_view bad[] = {VIEW(0x03, 0x00), VIEW(0x03, 0x01, 0x01),
                                        VIEW(0x03, 0x02, 0x08, 0x80), VIEW(0x03, 0x02, 0x07, 0x81)};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        in = bad[i];
        cr_expect_not(wtl__der_take_bits(&in, &bytes, &unused), "row %zu", i);
    }
}

static bool read_time(uint8_t tag, const char *text, int64_t *time_out)
{
    uint8_t bytes[40] = {tag, (uint8_t)strlen(text)};
    for (size_t i = 0; text[i] != '\0'; i++) {
        bytes[2 + i] = (uint8_t)text[i];
    }
    struct wtl__der_view in = {bytes, 2 + strlen(text)};
    return wtl__der_take_time(&in, time_out);
}

Test(certs, der_times_are_those_of_rfc5280)
{
    int64_t time;
    cr_assert(read_time(0x17, "700101000000Z", &time));
    cr_expect_eq(time, 0);
    cr_assert(read_time(0x17, "491231235959Z", &time));
    cr_expect_eq(time, INT64_C(2524607999));
    cr_assert(read_time(0x17, "500101000000Z", &time));
    cr_expect_eq(time, INT64_C(-631152000));
    cr_assert(read_time(0x18, "20500101000000Z", &time));
    cr_expect_eq(time, INT64_C(2524608000));
    cr_assert(read_time(0x18, "99991231235959Z", &time));
    cr_expect_eq(time, WTL__CIVIL_MAX_S);
    cr_assert(read_time(0x17, "240229000000Z", &time));
    static const char *const bad[] = {
        "230229000000Z", "241301000000Z", "240001000000Z",     "240100000000Z", "240132000000Z",
        "240101240000Z", "240101006000Z", "240101000060Z",     "2401010000Z",   "240101000000",
        "240101000000+", "24010100000aZ", "240101000000+0000", "-40101000000Z"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        cr_expect_not(read_time(0x17, bad[i], &time), "%s", bad[i]);
    }
    cr_expect_not(read_time(0x18, "20491231235959Z", &time), "has to be a UTCTime");
    cr_expect_not(read_time(0x18, "20500229000000Z", &time));
    cr_expect_not(read_time(0x18, "20500101000000.5Z", &time));
}

/* A UTCTime of the wrong size must not be skipped in favour of what follows it. */
Test(certs, der_time_takes_the_first_element_only)
{
    uint8_t bytes[64] = {0x17, 0x00, 0x18, 15};
    int64_t time;
    static const char later[15] = "20510101000000Z";
    memcpy(bytes + 4, later, sizeof later);
    struct wtl__der_view in = {bytes, 19};
    cr_expect_not(wtl__der_take_time(&in, &time));
}

Test(certs, civil_time_goes_both_ways)
{
    static const int64_t times[] = {WTL__CIVIL_MIN_S,    -INT64_C(1),        0,
                                    INT64_C(951782399),  INT64_C(951782400), NOW_S,
                                    INT64_C(4107542400), WTL__CIVIL_MAX_S};
    char text[WTL__CIVIL_TEXT];
    for (size_t i = 0; i < sizeof times / sizeof times[0]; i++) {
        struct wtl__civil civil = wtl__civil_from_unix(times[i]);
        int64_t back;
        cr_assert(wtl__civil_to_unix(&civil, &back), "row %zu", i);
        cr_expect_eq(back, times[i], "row %zu", i);
    }
    /* each day of nine centuries follows the one before */
    for (int64_t day = -100000; day < 230000; day++) {
        struct wtl__civil civil = wtl__civil_from_unix(day * DAY_S);
        int64_t back;
        cr_assert(wtl__civil_to_unix(&civil, &back) && back == day * DAY_S);
    }
    cr_expect_str_eq(wtl__civil_text(NOW_S, text), "2026-01-15T12:00:00Z");
    cr_expect_str_eq(wtl__civil_text(INT64_MAX, text), "9999-12-31T23:59:59Z");
    cr_expect_str_eq(wtl__civil_text(INT64_MIN, text), "0001-01-01T00:00:00Z");
    cr_expect_str_eq(wtl__civil_day_text(INT64_C(951782400), text), "2000-02-29");
}

Test(certs, der_writer_fills_its_buffer_and_no_more)
{
    uint8_t content[300] = {0};
    uint8_t buffer[400];
    for (size_t size = 0; size <= sizeof content; size++) {
        struct wtl__der_out out = {.bytes = buffer, .capacity = sizeof buffer};
        size_t mark = wtl__der_open(&out, WTL__DER_SEQUENCE);
        wtl__der_put_raw(&out, content, size);
        wtl__der_close(&out, mark);
        struct wtl__der_view in = {buffer, out.size};
        struct wtl__der_view got;
        cr_assert(!out.overflow && wtl__der_take(&in, WTL__DER_SEQUENCE, &got) && in.size == 0 &&
                      got.size == size,
                  "%zu bytes", size);
        /* one byte less is an overflow, never a write past the end */
        uint8_t *tight = malloc(out.size);
        struct wtl__der_out less = {.bytes = tight, .capacity = out.size - 1};
        cr_assert_not_null(tight);
        mark = wtl__der_open(&less, WTL__DER_SEQUENCE);
        wtl__der_put_raw(&less, content, size);
        wtl__der_close(&less, mark);
        cr_assert(less.overflow, "%zu bytes", size);
        free(tight);
    }
}

/* Every beginning of a good certificate is refused, and read within its bounds: each is a block of
 * its own size, so that a sanitizer sees one byte too many. */
Test(certs_der, X030_certificate_cut_at_every_byte_is_refused)
{
    struct wtl_bundle bundle = fixture_bundle();
    const struct wtl_der *whole = &bundle.chain[0];
    struct wtl_identity identity;
    struct wtl_error error;
    for (size_t size = 0; size < whole->size; size++) {
        uint8_t *cut = malloc(size > 0 ? size : 1);
        cr_assert_not_null(cut);
        memcpy(cut, whole->bytes, size);
        error.text[0] = '\0';
        cr_assert_eq(wtl_identity_check(cut, size, &identity, &error), WTL_IDENTITY, "%zu", size);
        cr_assert_neq(error.text[0], '\0');
        cr_assert_eq(identity.name[0], '\0', "nothing is left of a refused identity");
        free(cut);
    }
    cr_expect_eq(wtl_identity_check(whole->bytes, whole->size, &identity, &error), WTL_OK);
    wtl_bundle_deinit(&bundle);
}

/* A byte after the end, at the end of the whole or inside, is not DER. */
Test(certs_der, X030_trailing_bytes_are_refused)
{
    struct wtl_bundle bundle = fixture_bundle();
    const struct wtl_der *whole = &bundle.chain[0];
    struct wtl_identity identity;
    uint8_t *longer = calloc(1, whole->size + 1);
    cr_assert_not_null(longer);
    memcpy(longer, whole->bytes, whole->size);
    cr_expect_eq(wtl_identity_check(longer, whole->size + 1, &identity, NULL), WTL_IDENTITY);
    free(longer);
    wtl_bundle_deinit(&bundle);
}

/* With each byte changed in turn nothing is read out of bounds, and what is still accepted by the
 * gate (a letter of the name, a bit of the key) is no longer what the CA has signed. */
Test(certs_der, X023_every_changed_byte_breaks_the_signature)
{
    struct wtl_bundle bundle = fixture_bundle();
    struct wtl_der *leaf = &bundle.chain[0];
    for (size_t i = 0; i < leaf->size; i++) {
        leaf->bytes[i] ^= 0x01;
        cr_assert_neq(wtl__chain_check(bundle.chain, bundle.chain_count, bundle.roots,
                                       bundle.roots_count, "climate", NULL, NULL),
                      WTL_OK, "byte %zu", i);
        leaf->bytes[i] ^= 0x01;
    }
    cr_expect_eq(wtl__chain_check(bundle.chain, bundle.chain_count, bundle.roots,
                                  bundle.roots_count, "climate", NULL, NULL),
                 WTL_OK);
    wtl_bundle_deinit(&bundle);
}
