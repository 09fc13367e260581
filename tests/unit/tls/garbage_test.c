/*
 * garbage_test.c - bytes that are not TLS 1.3, on both sides of the handshake and in any chunking.
 */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tls_kit.h"

static struct kit_ca ca;
static struct wtl_tls_context *good;

static void set_up(void)
{
    ca = kit_ca_make();
    good = kit_context(&ca, "edge-1");
}

static void tear_down(void)
{
    wtl_tls_context_destroy(good);
    kit_ca_free(&ca);
}

TestSuite(tls_garbage, .init = set_up, .fini = tear_down);

/* Whoever broke the protocol is told so, in a record of its own at the end of the output. */
static void expect_alert(const struct wtl_tls *tls)
{
    const uint8_t *output;
    size_t size = wtl_tls_output(tls, &output);
    cr_assert_geq(size, 7);
    cr_assert_eq(output[size - 7], 0x15, "an alert (%s)", wtl_tls_error(tls));
    cr_assert_eq(output[size - 2], 2, "a fatal one");
}

/* Feeds `bytes` in chunks and returns the status of the last read; no byte of it may make the
 * engine ready. `word_out` gets the engine's word. */
static enum wtl_status try(enum wtl_tls_role role, const void *bytes, size_t size, size_t chunk,
                           char word_out[32])
{
    struct wtl_tls *tls;
    cr_assert_eq(wtl_tls_create(good, role, NULL, &tls), WTL_OK);
    enum wtl_status status = kit_step(tls);
    for (size_t at = 0; at < size && status == WTL_LATER; at += chunk) {
        size_t piece = size - at < chunk ? size - at : chunk;
        status = wtl_tls_feed(tls, (const uint8_t *)bytes + at, piece);
        if (status == WTL_OK) {
            status = kit_step(tls);
        }
    }
    cr_assert_not(wtl_tls_is_ready(tls));
    if (status == WTL_PROTOCOL) {
        expect_alert(tls);
    }
    (void)snprintf(word_out, 32, "%s", wtl_tls_error_word(tls));
    if (status != WTL_LATER) {
        cr_assert_str_not_empty(wtl_tls_error(tls));
        cr_assert_eq(kit_step(tls), status, "the end is final");
    }
    wtl_tls_destroy(tls);
    return status;
}

static void expect(const void *bytes, size_t size, enum wtl_status status, const char *word)
{
    char got[32];
    cr_assert_eq(try(WTL_TLS_ACCEPT, bytes, size, SIZE_MAX, got), status, "%s", got);
    cr_assert_str_eq(got, word);
    cr_assert_eq(try(WTL_TLS_ACCEPT, bytes, size, 1, got), status, "%s", got);
    cr_assert_str_eq(got, word);
}

Test(tls_garbage, X031_plain_http)
{
    static const char http[] = "GET / HTTP/1.1\r\nHost: edge-1\r\nAccept: */*\r\n\r\n";
    expect(http, sizeof http - 1, WTL_PROTOCOL, "not_tls");
}

/* TLS 1.2 with ECDHE and CBC suites, as an old client sends it: no supported_versions. */
Test(tls_garbage, X031_tls_1_2_client_hello)
{
    /* version and random, no session id, two suites, no compression, no extensions */
    uint8_t hello[54] = {0x16, 3, 1, 0, 0, 1, 0, 0, 0, 3, 3};
    static const uint8_t rest[] = {0, 0, 4, 0xc0, 0x23, 0xc0, 0x2b, 1, 0, 0, 0};
    memcpy(hello + sizeof hello - sizeof rest, rest, sizeof rest);
    hello[4] = (uint8_t)(sizeof hello - 5);
    hello[8] = (uint8_t)(sizeof hello - 9);
    expect(hello, sizeof hello, WTL_PROTOCOL, "version");
    hello[10] = 2; /* TLS 1.1 */
    expect(hello, sizeof hello, WTL_PROTOCOL, "version");
}

Test(tls_garbage, X031_ssl_2_hello)
{
    static const uint8_t hello[] = {0x80, 0x2e, 1, 0, 2,    0,  0x15, 0,    0,  0,  16,   1,
                                    0,    0x80, 2, 0, 0x80, 3,  0,    0x80, 4,  0,  0x80, 5,
                                    0,    0x80, 6, 0, 0x40, 7,  0,    0xc0, 1,  2,  3,    4,
                                    5,    6,    7, 8, 9,    10, 11,   12,   13, 14, 15,   16};
    expect(hello, sizeof hello, WTL_PROTOCOL, "not_tls");
}

Test(tls_garbage, X031_a_server_that_answers_with_tls_1_2)
{
    uint8_t hello[5 + 4 + 2 + 32 + 1 + 2 + 1] = {0x16, 3, 3, 0, 42, 2, 0, 0, 38, 3, 3};
    char word[32];
    memset(hello + 11, 7, 32);
    hello[44] = 0xc0;
    hello[45] = 0x2b;
    cr_assert_eq(try(WTL_TLS_DIAL, hello, sizeof hello, SIZE_MAX, word), WTL_PROTOCOL);
    /* it lacks the extension that says 1.3, which is as much as the library tells */
    cr_assert_str_eq(word, "protocol", "%s", word);
}

Test(tls_garbage, a_handshake_may_not_be_larger_than_its_bound)
{
    static uint8_t bytes[WTL_TLS_HANDSHAKE_MAX + 1];
    struct wtl_tls *tls;
    cr_assert_eq(wtl_tls_create(good, WTL_TLS_ACCEPT, NULL, &tls), WTL_OK);
    cr_assert_eq(wtl_tls_feed(tls, bytes, sizeof bytes), WTL_TOO_LARGE);
    cr_assert_str_eq(wtl_tls_error_word(tls), "too_large");
    wtl_tls_destroy(tls);
    /* a byte at a time, as one long record that never ends */
    cr_assert_eq(wtl_tls_create(good, WTL_TLS_ACCEPT, NULL, &tls), WTL_OK);
    bytes[0] = 0x16;
    bytes[1] = 3;
    bytes[2] = 1;
    bytes[3] = 0x40;
    enum wtl_status status = WTL_OK;
    size_t fed = 0;
    for (; fed < sizeof bytes && status == WTL_OK; fed++) {
        status = wtl_tls_feed(tls, bytes + fed, 1);
        if (status == WTL_OK) {
            (void)kit_step(tls);
        }
    }
    cr_assert_neq(status, WTL_OK);
    cr_assert_leq(fed, WTL_TLS_HANDSHAKE_MAX + 1);
    wtl_tls_destroy(tls);
}

Test(tls_garbage, random_bytes_and_every_record_type)
{
    uint8_t bytes[600];
    char word[32];
    unsigned seed = 12345;
    for (unsigned round = 0; round < 600; round++) {
        for (size_t i = 0; i < sizeof bytes; i++) {
            seed = seed * 1664525u + 1013904223u;
            bytes[i] = (uint8_t)(seed >> 24);
        }
        if (round % 3 != 0) {
            /* a plausible head, so that what is behind it is looked at */
            bytes[0] = (uint8_t)(20 + round % 5);
            bytes[1] = 3;
            bytes[2] = (uint8_t)(round % 2 == 0 ? 1 : 3);
            bytes[3] = 0;
            bytes[4] = (uint8_t)(round % 251);
            bytes[5] = (uint8_t)(round % 25);
            bytes[6] = 0;
            bytes[7] = 0;
        }
        (void)try(round % 2 == 0 ? WTL_TLS_ACCEPT : WTL_TLS_DIAL, bytes, sizeof bytes,
                  round % 7 == 0 ? 1 : SIZE_MAX, word);
    }
}

Test(tls_garbage, a_true_hello_with_every_byte_changed)
{
    struct wtl_tls *tls;
    const uint8_t *output;
    uint8_t hello[1024];
    char word[32];
    cr_assert_eq(wtl_tls_create(good, WTL_TLS_DIAL, NULL, &tls), WTL_OK);
    (void)kit_step(tls);
    size_t size = wtl_tls_output(tls, &output);
    cr_assert_leq(size, sizeof hello);
    memcpy(hello, output, size);
    wtl_tls_destroy(tls);
    for (size_t i = 0; i < size; i++) {
        static const uint8_t flips[] = {0x01, 0x80, 0xff};
        for (size_t f = 0; f < sizeof flips; f++) {
            hello[i] ^= flips[f];
            (void)try(WTL_TLS_ACCEPT, hello, size, SIZE_MAX, word);
            hello[i] ^= flips[f];
        }
    }
}
