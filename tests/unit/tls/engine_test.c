/*
 * engine_test.c - two engines, no socket: handshake, identities, data in any chunking, close, and
 * the traps of the TLS library that a wrong setting would open again.
 */
#include <criterion/criterion.h>
#include <malloc.h>
#include <stdlib.h>
#include <string.h>

#include "tls_kit.h"

static struct kit_ca ca;
static struct wtl_tls_context *edge_1;
static struct wtl_tls_context *edge_2;

static void set_up(void)
{
    ca = kit_ca_make();
    edge_1 = kit_context(&ca, "edge-1");
    edge_2 = kit_context(&ca, "edge-2");
}

static void tear_down(void)
{
    wtl_tls_context_destroy(edge_1);
    wtl_tls_context_destroy(edge_2);
    kit_ca_free(&ca);
}

TestSuite(tls, .init = set_up, .fini = tear_down);

static void fill(uint8_t *bytes, size_t size, unsigned seed)
{
    for (size_t i = 0; i < size; i++) {
        seed = seed * 1664525u + 1013904223u;
        bytes[i] = (uint8_t)(seed >> 24);
    }
}

Test(tls, both_sides_see_the_identity_of_the_other)
{
    struct kit_pair pair = kit_pair_make(edge_1, edge_2, "edge-2");
    cr_assert_null(wtl_tls_peer(pair.dial));
    cr_assert_eq(wtl_tls_write(pair.dial, (const uint8_t *)"x", 1), WTL_LATER);
    kit_shake(&pair, SIZE_MAX);
    cr_assert(wtl_tls_is_ready(pair.dial) && wtl_tls_is_ready(pair.accept));
    const struct wtl_identity *seen = wtl_tls_peer(pair.dial);
    cr_assert_str_eq(seen->name, "edge-2");
    cr_assert_str_eq(seen->mesh, "climate");
    cr_assert_str_eq(seen->tenant, "default");
    cr_assert_eq(seen->layer, WTL_LAYER_EDGE);
    cr_assert_str_eq(wtl_tls_peer(pair.accept)->name, "edge-1");
    cr_assert_str_empty(wtl_tls_error_word(pair.dial));
    kit_pair_free(&pair);
}

Test(tls, the_dialling_side_is_not_told_that_it_was_accepted)
{
    struct kit_pair pair = kit_pair_make(edge_1, edge_2, NULL);
    (void)kit_step(pair.dial);
    (void)kit_move(pair.dial, pair.accept, SIZE_MAX, &pair.accept_status);
    (void)kit_move(pair.accept, pair.dial, SIZE_MAX, &pair.dial_status);
    cr_assert(wtl_tls_is_ready(pair.dial));
    cr_assert_not(wtl_tls_is_ready(pair.accept));
    cr_assert_eq(wtl_tls_write(pair.accept, (const uint8_t *)"x", 1), WTL_LATER,
                 "nothing is sent to a peer that was not verified");
    kit_pair_free(&pair);
}

Test(tls, one_byte_at_a_time)
{
    struct kit_pair pair = kit_pair_make(edge_1, edge_2, NULL);
    kit_shake(&pair, 1);
    cr_assert(wtl_tls_is_ready(pair.dial) && wtl_tls_is_ready(pair.accept));
    uint8_t sent[700], got[700];
    enum wtl_status status;
    fill(sent, sizeof sent, 1);
    cr_assert_eq(wtl_tls_write(pair.dial, sent, sizeof sent), WTL_OK);
    (void)kit_move(pair.dial, pair.accept, 1, &status);
    cr_assert_eq(kit_read(pair.accept, got, sizeof got, &status), sizeof sent);
    cr_assert_arr_eq(got, sent, sizeof sent);
    kit_pair_free(&pair);
}

Test(tls, data_in_odd_chunks_both_ways)
{
    static const size_t chunks[] = {1, 2, 3, 5, 7, 21, 22, 23, 1000, 16405, 16406, 16407, 65536};
    enum { SIZE = 50000 };
    uint8_t *sent = malloc(SIZE);
    uint8_t *got = malloc(SIZE);
    struct kit_pair pair = kit_pair_up(edge_1, edge_2);
    for (size_t i = 0; i < sizeof chunks / sizeof chunks[0]; i++) {
        struct wtl_tls *from = i % 2 == 0 ? pair.dial : pair.accept;
        struct wtl_tls *to = i % 2 == 0 ? pair.accept : pair.dial;
        size_t done = 0, received = 0;
        enum wtl_status status;
        fill(sent, SIZE, (unsigned)i);
        for (size_t piece = 1; done < SIZE; piece = piece * 3 % WTL_TLS_RECORD_MAX + 1) {
            size_t size = piece < SIZE - done ? piece : SIZE - done;
            cr_assert_eq(wtl_tls_write(from, sent + done, size), WTL_OK);
            done += size;
            (void)kit_move(from, to, chunks[i], NULL);
            received += kit_read(to, got + received, SIZE - received, &status);
        }
        cr_assert_eq(received, SIZE);
        cr_assert_arr_eq(got, sent, SIZE);
    }
    free(sent);
    free(got);
    kit_pair_free(&pair);
}

Test(tls, a_write_is_one_record_of_known_size)
{
    uint8_t *bytes = calloc(1, WTL_TLS_RECORD_MAX + 1);
    const uint8_t *output;
    struct kit_pair pair = kit_pair_up(edge_1, edge_2);
    static const size_t sizes[] = {1, 100, WTL_TLS_RECORD_MAX};
    for (size_t i = 0; i < 3; i++) {
        cr_assert_eq(wtl_tls_write(pair.dial, bytes, sizes[i]), WTL_OK);
        cr_assert_eq(wtl_tls_output(pair.dial, &output), sizes[i] + WTL_TLS_RECORD_OVERHEAD);
        cr_assert_eq(output[0], 0x17, "a record of application data");
        wtl_tls_output_taken(pair.dial, SIZE_MAX);
        cr_assert_eq(wtl_tls_output(pair.dial, &output), 0);
    }
    cr_assert_eq(wtl_tls_write(pair.dial, bytes, WTL_TLS_RECORD_MAX + 1), WTL_TOO_LARGE);
    cr_assert_eq(wtl_tls_write(pair.dial, bytes, 0), WTL_OK);
    cr_assert_eq(wtl_tls_output(pair.dial, &output), 0);
    free(bytes);
    kit_pair_free(&pair);
}

/* The library would mix the bytes of two writes when the first one blocks; here none blocks, and at
 * the bound a write is refused before it has sealed anything. */
Test(tls, the_output_is_bounded_and_a_refused_write_leaves_the_stream_whole)
{
    uint8_t sent[WTL_TLS_RECORD_MAX], got[WTL_TLS_RECORD_MAX];
    const uint8_t *output;
    enum wtl_status status = WTL_OK;
    struct kit_pair pair = kit_pair_up(edge_1, edge_2);
    unsigned written = 0;
    for (; written < 1000; written++) {
        fill(sent, sizeof sent, written);
        status = wtl_tls_write(pair.dial, sent, sizeof sent);
        if (status != WTL_OK) {
            break;
        }
    }
    cr_assert_eq(status, WTL_FULL);
    cr_assert_eq(wtl_tls_write(pair.dial, got, sizeof got), WTL_FULL);
    cr_assert_leq(wtl_tls_output(pair.dial, &output), WTL_TLS_OUTPUT_MAX);
    (void)kit_move(pair.dial, pair.accept, SIZE_MAX, NULL);
    for (unsigned i = 0; i < written; i++) {
        fill(sent, sizeof sent, i);
        size_t size;
        cr_assert_eq(wtl_tls_read(pair.accept, got, sizeof got, &size), WTL_OK);
        cr_assert_eq(size, sizeof got);
        cr_assert_arr_eq(got, sent, sizeof got);
    }
    cr_assert_eq(wtl_tls_write(pair.dial, sent, 1), WTL_OK, "there is room again");
    kit_pair_free(&pair);
}

Test(tls, the_input_is_bounded)
{
    static const uint8_t bytes[WTL_TLS_INPUT_MAX + 1];
    struct kit_pair pair = kit_pair_up(edge_1, edge_2);
    cr_assert_eq(wtl_tls_feed(pair.dial, bytes, sizeof bytes), WTL_FULL);
    uint8_t got[16];
    enum wtl_status status;
    cr_assert_eq(wtl_tls_write(pair.accept, (const uint8_t *)"still here", 10), WTL_OK);
    (void)kit_move(pair.accept, pair.dial, SIZE_MAX, NULL);
    cr_assert_eq(kit_read(pair.dial, got, sizeof got, &status), 10, "nothing of it was taken");
    kit_pair_free(&pair);
}

Test(tls, close_is_seen_after_the_data)
{
    uint8_t got[16];
    enum wtl_status status;
    const uint8_t *output;
    struct kit_pair pair = kit_pair_up(edge_1, edge_2);
    cr_assert_eq(wtl_tls_write(pair.dial, (const uint8_t *)"last", 4), WTL_OK);
    wtl_tls_close(pair.dial);
    wtl_tls_close(pair.dial);
    cr_assert_eq(wtl_tls_write(pair.dial, (const uint8_t *)"x", 1), WTL_CLOSED);
    (void)kit_move(pair.dial, pair.accept, SIZE_MAX, NULL);
    cr_assert_eq(kit_read(pair.accept, got, sizeof got, &status), 4);
    cr_assert_eq(status, WTL_CLOSED);
    cr_assert_str_eq(wtl_tls_error_word(pair.accept), "closed");
    cr_assert_eq(wtl_tls_write(pair.accept, got, 1), WTL_CLOSED);
    wtl_tls_close(pair.accept);
    cr_assert_gt(wtl_tls_output(pair.accept, &output), 0, "it answers with its own close");
    (void)kit_move(pair.accept, pair.dial, SIZE_MAX, NULL);
    cr_assert_eq(kit_read(pair.dial, got, sizeof got, &status), 0);
    cr_assert_eq(status, WTL_CLOSED);
    kit_pair_free(&pair);
}

Test(tls, X034_an_exported_secret_belongs_to_one_connection_and_one_label)
{
    uint8_t a[32], b[32], c[32], d[32];
    struct kit_pair first = kit_pair_up(edge_1, edge_2);
    struct kit_pair second = kit_pair_up(edge_1, edge_2);
    cr_assert_eq(wtl_tls_export(first.dial, "hello", a), WTL_OK);
    cr_assert_eq(wtl_tls_export(first.accept, "hello", b), WTL_OK);
    cr_assert_eq(wtl_tls_export(first.dial, "other", c), WTL_OK);
    cr_assert_eq(wtl_tls_export(second.dial, "hello", d), WTL_OK);
    cr_assert_arr_eq(a, b, 32);
    cr_assert_arr_neq(a, c, 32);
    cr_assert_arr_neq(a, d, 32);
    kit_pair_free(&first);
    kit_pair_free(&second);
    struct kit_pair early = kit_pair_make(edge_1, edge_2, NULL);
    cr_assert_eq(wtl_tls_export(early.dial, "hello", a), WTL_LATER);
    kit_pair_free(&early);
}

Test(tls, a_record_with_a_flipped_bit_ends_the_link)
{
    static const uint8_t sent[] = "what was said";
    for (size_t bit = 0; bit < (sizeof sent + WTL_TLS_RECORD_OVERHEAD) * 8; bit += 5) {
        struct kit_pair pair = kit_pair_up(edge_1, edge_2);
        const uint8_t *output;
        uint8_t record[sizeof sent + WTL_TLS_RECORD_OVERHEAD], got[64];
        enum wtl_status status;
        cr_assert_eq(wtl_tls_write(pair.dial, sent, sizeof sent), WTL_OK);
        cr_assert_eq(wtl_tls_output(pair.dial, &output), sizeof record);
        memcpy(record, output, sizeof record);
        record[bit / 8] ^= (uint8_t)(1u << bit % 8);
        cr_assert_eq(wtl_tls_feed(pair.accept, record, sizeof record), WTL_OK);
        cr_assert_eq(kit_read(pair.accept, got, sizeof got, &status), 0, "bit %zu", bit);
        /* a length that grew makes it wait for the rest of the record */
        cr_assert(status == WTL_PROTOCOL || (status == WTL_LATER && bit / 8 >= 3 && bit / 8 <= 4),
                  "bit %zu: %d", bit, status);
        if (status == WTL_PROTOCOL) {
            cr_assert_str_not_empty(wtl_tls_error_word(pair.accept));
            cr_assert_eq(wtl_tls_feed(pair.accept, record, 1), WTL_PROTOCOL, "it is over");
            cr_assert_eq(wtl_tls_write(pair.accept, record, 1), WTL_CLOSED);
        }
        kit_pair_free(&pair);
    }
}

Test(tls, a_handshake_with_a_flipped_bit_never_completes)
{
    for (size_t victim = 0; victim < 1200; victim += 29) {
        struct kit_pair pair = kit_pair_make(edge_1, edge_2, NULL);
        size_t seen = 0;
        (void)kit_step(pair.dial);
        for (int round = 0; round < 8; round++) {
            struct wtl_tls *from = round % 2 == 0 ? pair.dial : pair.accept;
            struct wtl_tls *to = round % 2 == 0 ? pair.accept : pair.dial;
            const uint8_t *output;
            size_t size = wtl_tls_output(from, &output);
            uint8_t *copy = malloc(size + 1);
            if (size > 0) {
                memcpy(copy, output, size);
            }
            if (victim >= seen && victim < seen + size) {
                copy[victim - seen] ^= 0x40;
            }
            seen += size;
            wtl_tls_output_taken(from, size);
            if (wtl_tls_feed(to, copy, size) == WTL_OK) {
                (void)kit_step(to);
            }
            free(copy);
        }
        cr_assert_not(wtl_tls_is_ready(pair.accept), "byte %zu was changed unseen", victim);
        kit_pair_free(&pair);
    }
}

/* The default of a packaged library accepts a suite that does not encrypt. */
Test(tls, a_suite_without_encryption_is_refused)
{
    struct kit_pair pair = kit_pair_make(edge_1, edge_2, NULL);
    const uint8_t *output;
    uint8_t hello[2048];
    (void)kit_step(pair.dial);
    size_t size = wtl_tls_output(pair.dial, &output);
    memcpy(hello, output, size);
    /* record 5, handshake 4, version 2, random 32, session id, then the suites */
    size_t at = 5 + 4 + 2 + 32;
    at += 1u + hello[at];
    size_t suites = (size_t)hello[at] << 8 | hello[at + 1];
    for (size_t i = 0; i < suites; i += 2) {
        hello[at + 2 + i] = 0xc0; /* TLS_SHA256_SHA256, RFC 9150 */
        hello[at + 3 + i] = 0xb4;
    }
    cr_assert_eq(wtl_tls_feed(pair.accept, hello, size), WTL_OK);
    cr_assert_eq(kit_step(pair.accept), WTL_PROTOCOL);
    cr_assert_str_eq(wtl_tls_error_word(pair.accept), "no_common_suite");
    kit_pair_free(&pair);
}

Test(tls, an_idle_link_is_small)
{
    enum { LINKS = 50 };
    struct kit_pair pairs[LINKS];
    uint8_t got[WTL_TLS_RECORD_MAX];
    enum wtl_status status;
    struct kit_pair warm = kit_pair_up(edge_1, edge_2);
    size_t before = mallinfo2().uordblks;
    for (int i = 0; i < LINKS; i++) {
        pairs[i] = kit_pair_up(edge_1, edge_2);
        cr_assert_eq(wtl_tls_write(pairs[i].dial, got, sizeof got), WTL_OK);
        (void)kit_move(pairs[i].dial, pairs[i].accept, SIZE_MAX, NULL);
        cr_assert_eq(kit_read(pairs[i].accept, got, sizeof got, &status), sizeof got);
    }
    size_t link = (mallinfo2().uordblks - before) / (2 * LINKS);
    cr_log_info("an idle link takes %zu bytes", link);
    /* what the lean build takes, with some air; a sanitizer's allocator counts nothing here */
    size_t most = strstr(wtl_tls_library(), "packaged") != NULL ? 96 * 1024 : 6 * 1024;
    cr_assert_leq(link, most, "an idle link takes %zu bytes", link);
    for (int i = 0; i < LINKS; i++) {
        kit_pair_free(&pairs[i]);
    }
    kit_pair_free(&warm);
    wtl_tls_thread_end();
}

Test(tls, the_library_says_what_it_is)
{
    cr_assert(strncmp(wtl_tls_library(), "wolfSSL ", 8) == 0, "%s", wtl_tls_library());
}

Test(tls, a_name_that_cannot_be_expected_is_refused)
{
    struct wtl_tls *tls;
    cr_assert_eq(wtl_tls_create(edge_1, WTL_TLS_DIAL, "Not A Name", &tls), WTL_INVALID);
    cr_assert_null(tls);
}
