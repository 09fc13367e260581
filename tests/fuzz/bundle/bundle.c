/*
 * bundle.c - fuzz target: bundle files and certificates from anywhere.
 *
 * The first byte of an input says what the rest is; no input holds a private key. A good bundle is
 * made when the program starts, and inputs are put into it: a parser that only ever sees garbage is
 * never asked the interesting questions. Its keys are random, so an input that fails should be
 * replayed a few times.
 *
 *   t  a bundle file              c  a certificate in DER        s  a file to be shown
 *   h  the head of the good one   l  its leaf, in DER            k  its key, in PKCS#8
 *   p  changes to its text        d  changes to its leaf         (3 bytes each: where, where, xor)
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../change.h"
#include "base/attr.h"
#include "certs/authority.h"
#include "certs/chain.h"
#include "certs/key.h"
#include "certs/pem.h"
#include "certs/show.h"

#define NOW_S INT64_C(1768478400)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The good bundle; it lives as long as the program. */
static struct wtl_bundle good;
static struct wtl_der good_text;
static size_t good_head_size;

static void make_good(void)
{
    struct wtl_id_request request = {.name = "sensor-1", .layer = WTL_LAYER_DEVICE};
    struct wtl__authority root;
    struct wtl__authority issuing;
    bool clamped;
    WTL_ASSERT(wtl__authority_make_root("climate", NOW_S, &root, NULL) == WTL_OK);
    WTL_ASSERT(wtl__authority_make_issuing(&root, NOW_S, &issuing, NULL) == WTL_OK);
    WTL_ASSERT(wtl__authority_issue(&root, &issuing, &request, NOW_S, &good, &clamped, NULL) ==
               WTL_OK);
    WTL_ASSERT(wtl_bundle_format(&good, &good_text, NULL) == WTL_OK);
    wtl__authority_deinit(&root);
    wtl__authority_deinit(&issuing);
    const uint8_t *end = memmem(good_text.bytes, good_text.size, "\n\n", 2);
    WTL_ASSERT(end != NULL);
    good_head_size = (size_t)(end - good_text.bytes) + 2;
}

static void check_names(const struct wtl_identity *identity)
{
    WTL_ASSERT(wtl_name_is_valid(identity->mesh, strlen(identity->mesh)));
    WTL_ASSERT(wtl_name_is_valid(identity->tenant, strlen(identity->tenant)));
    WTL_ASSERT(wtl_name_is_valid(identity->name, strlen(identity->name)));
    WTL_ASSERT(wtl_layer_name(identity->layer) != NULL);
    WTL_ASSERT(identity->not_before_s < identity->not_after_s);
    WTL_ASSERT(identity->serial_size >= 1 && identity->serial_size <= sizeof identity->serial);
    WTL_ASSERT(wtl_identity_node_bits(identity) != 0);
}

/* A refusal says why and leaves nothing; what is accepted can be written and read again. */
static void check_text(const char *text, size_t size)
{
    struct wtl_bundle bundle;
    struct wtl_bundle again;
    struct wtl_error error = {0};
    struct wtl_der written;
    enum wtl_status status = wtl_bundle_parse(text, size, "input", &bundle, &error);
    if (status != WTL_OK) {
        WTL_ASSERT(error.status == status && error.text[0] != '\0');
        WTL_ASSERT(bundle.key.bytes == NULL && bundle.chain_count == 0 && bundle.roots_count == 0);
        return;
    }
    check_names(&bundle.identity);
    WTL_ASSERT(bundle.chain_count >= 1 && bundle.roots_count >= 1);
    WTL_ASSERT(wtl_bundle_format(&bundle, &written, &error) == WTL_OK);
    WTL_ASSERT(wtl_bundle_parse((const char *)written.bytes, written.size, "again", &again,
                                &error) == WTL_OK);
    WTL_ASSERT(memcmp(again.identity.fingerprint, bundle.identity.fingerprint, 32) == 0);
    wtl_bundle_text_free(&written);
    wtl_bundle_deinit(&again);
    wtl_bundle_deinit(&bundle);
}

static void check_cert(const uint8_t *der, size_t size)
{
    struct wtl_identity identity;
    struct wtl_error error = {0};
    if (wtl_identity_check(der, size, &identity, &error) == WTL_OK) {
        check_names(&identity);
    } else {
        WTL_ASSERT(error.status == WTL_IDENTITY && error.text[0] != '\0');
        WTL_ASSERT(identity.name[0] == '\0');
    }
}

static void check_show(const char *text, size_t size)
{
    struct wtl_show show;
    struct wtl_error error = {0};
    if (wtl_show_parse(text, size, "input", &show, &error) != WTL_OK) {
        WTL_ASSERT(error.text[0] != '\0');
        return;
    }
    char *printed = NULL;
    size_t printed_size = 0;
    FILE *file = open_memstream(&printed, &printed_size);
    WTL_ASSERT(file != NULL);
    wtl_show_print(&show, WTL_SHOW_LONG, NOW_S, file);
    wtl_show_print(&show, WTL_SHOW_SHORT, NOW_S, file);
    wtl_show_print(&show, WTL_SHOW_JSON, NOW_S, file);
    (void)fclose(file);
    for (size_t i = 0; i < printed_size; i++) {
        WTL_ASSERT(printed[i] == '\n' || (printed[i] >= 0x20 && printed[i] < 0x7f));
    }
    free(printed);
}

/* The good bundle with another head, leaf or key. */
static void check_spliced(char part, const uint8_t *data, size_t size)
{
    struct wtl_der kept = part == 'k' ? good.key : good.chain[0];
    struct wtl_der *place = part == 'k' ? &good.key : &good.chain[0];
    struct wtl_der text;
    uint8_t *copy = malloc(size + 1);
    WTL_ASSERT(copy != NULL);
    memcpy(copy, data, size);
    if (part == 'h') {
        size_t rest = good_text.size - good_head_size;
        char *whole = malloc(size + rest);
        WTL_ASSERT(whole != NULL);
        memcpy(whole, copy, size);
        memcpy(whole + size, good_text.bytes + good_head_size, rest);
        check_text(whole, size + rest);
        free(whole);
    } else {
        *place = (struct wtl_der){.bytes = copy, .size = size};
        if (wtl_bundle_format(&good, &text, NULL) == WTL_OK) {
            check_text((const char *)text.bytes, text.size);
            wtl_bundle_text_free(&text);
        }
        *place = kept;
    }
    free(copy);
}

static void check_changed(char part, const uint8_t *data, size_t size)
{
    const struct wtl_der *source = part == 'p' ? &good_text : &good.chain[0];
    uint8_t *copy = malloc(source->size);
    WTL_ASSERT(copy != NULL);
    bool changed = fuzz_change(copy, source->bytes, source->size, data, size);
    if (part == 'p') {
        check_text((const char *)copy, source->size);
        check_show((const char *)copy, source->size);
    } else {
        struct wtl_der chain[] = {{.bytes = copy, .size = source->size}, good.chain[1]};
        check_cert(copy, source->size);
        WTL_ASSERT((wtl__chain_check(chain, 2, good.roots, 1, "climate", NULL, NULL) == WTL_OK) ==
                   !changed);
    }
    free(copy);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (good.chain_count == 0) {
        make_good();
    }
    if (size == 0) {
        return 0;
    }
    char part = (char)data[0];
    data++;
    size--;
    switch (part) {
    case 'c':
        check_cert(data, size);
        break;
    case 's':
        check_show((const char *)data, size);
        break;
    case 'h':
    case 'l':
    case 'k':
        check_spliced(part, data, size);
        break;
    case 'p':
    case 'd':
        check_changed(part, data, size);
        break;
    default:
        check_text((const char *)data, size);
        break;
    }
    return 0;
}
