/*
 * bundle.c - reads, checks and writes bundle files.
 *
 * What was made by hand or on the way is refused with the line or the block that is wrong; what the
 * certificate says wins over the head, and both have to agree.
 *
 * Thread: any. Owns: see bundle.h; while reading, the key is in guarded memory only.
 */
#include "certs/bundle.h"

#include <sodium.h>
#include <string.h>

#include "base/attr.h"
#include "certs/chain.h"
#include "certs/civil.h"
#include "certs/file.h"
#include "certs/key.h"
#include "certs/pem.h"

#define FIRST_LINE "wattle-bundle 1"
#define DAY_S      INT64_C(86400)

/* ---- the head ------------------------------------------------------------------------------- */

enum head_field { HEAD_NAME, HEAD_LAYER, HEAD_MESH, HEAD_TENANT, HEAD_EXPIRES, HEAD_FIELDS };

static const char *const head_words[HEAD_FIELDS] = {"name", "layer", "mesh", "tenant", "expires"};

struct head {
    struct wtl__der_view value[HEAD_FIELDS];
};

static enum wtl_status read_head_line(const char *line, size_t size, unsigned number,
                                      struct head *head, struct wtl_error *error)
{
    for (size_t i = 0; i < HEAD_FIELDS; i++) {
        size_t word_size = strlen(head_words[i]);
        if (size < word_size + 3 || memcmp(line, head_words[i], word_size) != 0 ||
            memcmp(line + word_size, ": ", 2) != 0) {
            continue;
        }
        if (head->value[i].size != 0) {
            return wtl_fail(error, WTL_CONFIG, "line %u: expected \"%s:\" once, came a second one",
                            number, head_words[i]);
        }
        head->value[i].bytes = (const uint8_t *)line + word_size + 2;
        head->value[i].size = size - word_size - 2;
        return WTL_OK;
    }
    return wtl_fail(error, WTL_CONFIG,
                    "line %u: expected \"name: ...\", layer, mesh, tenant or expires, and an empty "
                    "line after them, came something else",
                    number);
}

static enum wtl_status read_head(struct wtl__lines *lines, struct head *head_out,
                                 struct wtl_error *error)
{
    const char *line;
    size_t size;
    *head_out = (struct head){0};
    if (!wtl__line_next(lines, &line, &size) || size != sizeof FIRST_LINE - 1 ||
        memcmp(line, FIRST_LINE, size) != 0) {
        return wtl_fail(error, WTL_CONFIG,
                        "line 1: expected \"" FIRST_LINE "\", came something else; is this a "
                        "bundle file?");
    }
    while (wtl__line_next(lines, &line, &size) && size != 0) {
        enum wtl_status status = read_head_line(line, size, lines->number, head_out, error);
        if (status != WTL_OK) {
            return status;
        }
    }
    for (size_t i = 0; i < HEAD_FIELDS; i++) {
        if (head_out->value[i].size == 0) {
            return wtl_fail(error, WTL_CONFIG, "expected \"%s: ...\" in the head, came none",
                            head_words[i]);
        }
    }
    return WTL_OK;
}

static enum wtl_status check_head(const struct head *head, const struct wtl_identity *identity,
                                  struct wtl_error *error)
{
    char expires[WTL__CIVIL_TEXT];
    const char *const expected[HEAD_FIELDS] = {
        [HEAD_NAME] = identity->name,
        [HEAD_LAYER] = wtl_layer_name(identity->layer),
        [HEAD_MESH] = identity->mesh,
        [HEAD_TENANT] = identity->tenant,
        [HEAD_EXPIRES] = wtl__civil_text(identity->not_after_s, expires),
    };
    for (size_t i = 0; i < HEAD_FIELDS; i++) {
        struct wtl__der_view want = {(const uint8_t *)expected[i], strlen(expected[i])};
        if (!wtl__der_equal(head->value[i], want)) {
            char came[WTL_NAME_MAX + 1];
            return wtl_fail(error, WTL_CONFIG,
                            "head, %s: expected \"%s\", as the certificate says, came \"%s\"; "
                            "issue a new bundle instead of editing one",
                            head_words[i], expected[i],
                            wtl__der_text(head->value[i], came, sizeof came));
        }
    }
    return WTL_OK;
}

/* ---- the blocks ----------------------------------------------------------------------------- */

static enum wtl_status read_key(const struct wtl__pem *pem, struct wtl_bundle *bundle,
                                struct wtl_error *error)
{
    if (bundle->key.bytes != NULL) {
        return wtl_fail(error, WTL_CONFIG, "line %u: expected one private key, came a second one",
                        pem->number);
    }
    enum wtl_status status = wtl__der_secret(WTL__KEY_MAX, &bundle->key);
    if (status != WTL_OK) {
        return wtl_fail(error, status, "private key: %s", wtl_status_text(status));
    }
    size_t size = 0;
    status = wtl__pem_decode(pem, bundle->key.bytes, bundle->key.size, &size, error);
    bundle->key.size = size;
    return status;
}

/* A certificate goes to the chain until the first root, and roots stay at the end. */
static enum wtl_status read_cert(const struct wtl__pem *pem, struct wtl_bundle *bundle,
                                 struct wtl_error *error)
{
    uint8_t bytes[WTL_CERT_MAX];
    struct wtl__cert cert;
    size_t size = 0;
    enum wtl_status status = wtl__pem_decode(pem, bytes, sizeof bytes, &size, error);
    if (status == WTL_OK) {
        status = wtl__cert_read((struct wtl__der_view){bytes, size}, &cert, error);
    }
    if (status != WTL_OK) {
        return wtl_while(error, status, "certificate at line %u", pem->number);
    }
    bool is_root = bundle->chain_count > 0 && wtl__der_equal(cert.issuer, cert.subject);
    if (!is_root && bundle->roots_count > 0) {
        return wtl_fail(error, WTL_CONFIG,
                        "line %u: expected leaf, intermediates, roots, in this order, came another "
                        "certificate after a root",
                        pem->number);
    }
    unsigned *count = is_root ? &bundle->roots_count : &bundle->chain_count;
    unsigned max = is_root ? WTL_ROOTS_MAX : WTL_CHAIN_MAX;
    if (*count == max) {
        return wtl_fail(error, WTL_CONFIG, "line %u: expected %u %s at most, came more",
                        pem->number, max, is_root ? "roots" : "certificates in the chain");
    }
    struct wtl_der *place = is_root ? &bundle->roots[*count] : &bundle->chain[*count];
    status = wtl__der_copy(bytes, size, place);
    if (status != WTL_OK) {
        return wtl_fail(error, status, "certificate: %s", wtl_status_text(status));
    }
    (*count)++;
    return WTL_OK;
}

static enum wtl_status read_blocks(struct wtl__lines *lines, struct wtl_bundle *bundle,
                                   struct wtl_error *error)
{
    struct wtl__pem pem;
    enum wtl_status status;
    while ((status = wtl__pem_next(lines, &pem, error)) == WTL_OK) {
        if (strcmp(pem.label, WTL__PEM_KEY) == 0) {
            status = read_key(&pem, bundle, error);
        } else if (strcmp(pem.label, WTL__PEM_CERT) == 0) {
            status = read_cert(&pem, bundle, error);
        } else {
            status = wtl_fail(error, WTL_CONFIG,
                              "line %u: expected " WTL__PEM_KEY " or " WTL__PEM_CERT ", came %s",
                              pem.number, pem.label);
        }
        if (status != WTL_OK) {
            return status;
        }
    }
    if (status != WTL_NOT_FOUND) {
        return status;
    }
    if (bundle->key.bytes == NULL || bundle->chain_count == 0 || bundle->roots_count == 0) {
        return wtl_fail(error, WTL_CONFIG,
                        "expected a private key, a certificate and a root, came no %s",
                        bundle->key.bytes == NULL  ? "private key"
                        : bundle->chain_count == 0 ? "certificate"
                                                   : "root");
    }
    return WTL_OK;
}

static enum wtl_status check_key(const struct wtl_bundle *bundle, struct wtl_error *error)
{
    const uint8_t *scalar;
    uint8_t point[WTL__P256_POINT];
    enum wtl_status status = wtl__key_open(&bundle->key, &scalar, point, error);
    if (status != WTL_OK) {
        return status;
    }
    if (memcmp(point, bundle->identity.public_key, sizeof point) != 0) {
        return wtl_fail(error, WTL_IDENTITY,
                        "private key: expected the key of the certificate of %s, came another key",
                        bundle->identity.name);
    }
    return WTL_OK;
}

static enum wtl_status check_chain(const struct wtl_bundle *bundle, const int64_t *now_s,
                                   struct wtl_error *error)
{
    return wtl__chain_check(bundle->chain, bundle->chain_count, bundle->roots, bundle->roots_count,
                            bundle->identity.mesh, now_s, error);
}

/* ---- reading -------------------------------------------------------------------------------- */

enum wtl_status wtl_bundle_parse(const char *text, size_t size, const char *where,
                                 struct wtl_bundle *bundle_out, struct wtl_error *error)
{
    struct wtl__lines lines = {.at = text, .left = size};
    struct head head;
    *bundle_out = (struct wtl_bundle){0};
    if (size > WTL_BUNDLE_MAX) {
        return wtl_fail(error, WTL_CONFIG, "%s: expected %u bytes at most, came %zu", where,
                        WTL_BUNDLE_MAX, size);
    }
    enum wtl_status status = read_head(&lines, &head, error);
    if (status == WTL_OK) {
        status = read_blocks(&lines, bundle_out, error);
    }
    if (status == WTL_OK) {
        status = wtl_identity_check(bundle_out->chain[0].bytes, bundle_out->chain[0].size,
                                    &bundle_out->identity, error);
    }
    if (status == WTL_OK) {
        status = check_head(&head, &bundle_out->identity, error);
    }
    if (status == WTL_OK) {
        status = check_key(bundle_out, error);
    }
    if (status == WTL_OK) {
        status = check_chain(bundle_out, NULL, error);
    }
    if (status != WTL_OK) {
        wtl_bundle_deinit(bundle_out);
        return wtl_while(error, status, "%s", where);
    }
    return WTL_OK;
}

enum wtl_status wtl_bundle_read(const char *path, struct wtl_bundle *bundle_out,
                                struct wtl_error *error)
{
    struct wtl_der text;
    *bundle_out = (struct wtl_bundle){0};
    enum wtl_status status =
        wtl__file_read(path, WTL__FILE_SECRET, WTL_BUNDLE_MAX, &text, NULL, error);
    if (status != WTL_OK) {
        return status;
    }
    status = wtl_bundle_parse((const char *)text.bytes, text.size, path, bundle_out, error);
    wtl__der_wipe(&text);
    return status;
}

enum wtl_status wtl_bundle_verify(const struct wtl_bundle *bundle, int64_t now_s,
                                  struct wtl_error *error)
{
    return check_chain(bundle, &now_s, error);
}

/* ---- writing -------------------------------------------------------------------------------- */

enum wtl_status wtl_bundle_format(const struct wtl_bundle *bundle, struct wtl_der *text_out,
                                  struct wtl_error *error)
{
    const struct wtl_identity *identity = &bundle->identity;
    char expires[WTL__CIVIL_TEXT];
    /* one more, for the NUL that the text is built with and that is not part of it */
    enum wtl_status status = wtl__der_secret(WTL_BUNDLE_MAX + 1, text_out);
    if (status != WTL_OK) {
        return wtl_fail(error, status, "bundle of %s: %s", identity->name, wtl_status_text(status));
    }
    struct wtl__text text = {.bytes = (char *)text_out->bytes, .capacity = text_out->size};
    wtl__text_put(&text, FIRST_LINE "\nname: %s\nlayer: %s\nmesh: %s\ntenant: %s\nexpires: %s\n\n",
                  identity->name, wtl_layer_name(identity->layer), identity->mesh, identity->tenant,
                  wtl__civil_text(identity->not_after_s, expires));
    wtl__pem_put(&text, WTL__PEM_KEY, &bundle->key);
    for (unsigned i = 0; i < bundle->chain_count; i++) {
        wtl__pem_put(&text, WTL__PEM_CERT, &bundle->chain[i]);
    }
    for (unsigned i = 0; i < bundle->roots_count; i++) {
        wtl__pem_put(&text, WTL__PEM_CERT, &bundle->roots[i]);
    }
    if (text.overflow) {
        wtl__der_wipe(text_out);
        return wtl_fail(error, WTL_TOO_LARGE, "bundle of %s: expected %u bytes at most, came more",
                        identity->name, WTL_BUNDLE_MAX);
    }
    text_out->size = text.size;
    return WTL_OK;
}

void wtl_bundle_text_free(struct wtl_der *text)
{
    wtl__der_wipe(text);
}

enum wtl_status wtl_bundle_write(const char *path, const struct wtl_bundle *bundle,
                                 struct wtl_error *error)
{
    struct wtl_der text;
    enum wtl_status status = wtl_bundle_format(bundle, &text, error);
    if (status != WTL_OK) {
        return status;
    }
    status = wtl__file_create(path, text.bytes, text.size, error);
    wtl__der_wipe(&text);
    return status;
}

int64_t wtl_bundle_days_left(const struct wtl_bundle *bundle, int64_t now_s)
{
    int64_t left;
    if (__builtin_sub_overflow(bundle->identity.not_after_s, now_s, &left)) {
        left = now_s < 0 ? INT64_MAX : INT64_MIN;
    }
    return left / DAY_S - (left % DAY_S < 0 ? 1 : 0);
}

void wtl_bundle_deinit(struct wtl_bundle *bundle)
{
    WTL_ASSERT(bundle->chain_count <= WTL_CHAIN_MAX && bundle->roots_count <= WTL_ROOTS_MAX);
    for (unsigned i = 0; i < bundle->chain_count; i++) {
        wtl__der_free(&bundle->chain[i]);
    }
    for (unsigned i = 0; i < bundle->roots_count; i++) {
        wtl__der_free(&bundle->roots[i]);
    }
    wtl__der_wipe(&bundle->key);
    *bundle = (struct wtl_bundle){0};
}
