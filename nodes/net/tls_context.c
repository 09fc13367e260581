/*
 * tls_context.c - what all links of a node share: its key and chain, the roots it accepts, and the
 * rules of the handshake. Made once at start-up; immutable from then on.
 */
#include "tls_context.h"

#include <stdlib.h>
#include <string.h>

#include "certs/key.h"
#include "certs/x509.h"

#include "tls_library.h"

static enum wtl_status fail_with(struct wtl_error *error, const char *doing, int code)
{
    char text[WOLFSSL_MAX_ERROR_SZ];
    return wtl_fail(error, WTL_IDENTITY, "%s: %s (%d)", doing,
                    wolfSSL_ERR_error_string((unsigned long)(long)code, text), code);
}

static enum wtl_status load_chain(WOLFSSL_CTX *side, const struct wtl_bundle *bundle,
                                  struct wtl_error *error)
{
    size_t size = 0;
    for (unsigned i = 0; i < bundle->chain_count; i++) {
        size += bundle->chain[i].size;
    }
    uint8_t *chain = malloc(size);
    if (chain == NULL) {
        return wtl_fail(error, WTL_NO_MEMORY, "no memory for the certificate chain");
    }
    uint8_t *end = chain;
    for (unsigned i = 0; i < bundle->chain_count; i++) {
        memcpy(end, bundle->chain[i].bytes, bundle->chain[i].size);
        end += bundle->chain[i].size;
    }
    int code = wolfSSL_CTX_use_certificate_chain_buffer_format(side, chain, (long)size,
                                                               WOLFSSL_FILETYPE_ASN1);
    free(chain);
    return code == WOLFSSL_SUCCESS ? WTL_OK : fail_with(error, "load the certificate chain", code);
}

/* The dates of roots are no reason to refuse them: a node whose clock is wrong must come up and say
 * so, and the dates of what the roots have issued are checked in each handshake. */
static enum wtl_status load_roots(WOLFSSL_CTX *side, const struct wtl_bundle *bundle,
                                  struct wtl_error *error)
{
    for (unsigned i = 0; i < bundle->roots_count; i++) {
        int code = wolfSSL_CTX_load_verify_buffer_ex(
            side, bundle->roots[i].bytes, (long)bundle->roots[i].size, WOLFSSL_FILETYPE_ASN1, 0,
            WOLFSSL_LOAD_FLAG_DATE_ERR_OKAY);
        if (code != WOLFSSL_SUCCESS) {
            return fail_with(error, "load a root certificate", code);
        }
    }
    return WTL_OK;
}

/* The verification mode and the suites are set on both sides, whatever the library's defaults are:
 * a packaged build lets a dialling side verify nothing and an accepting side encrypt nothing. */
static enum wtl_status set_rules(WOLFSSL_CTX *side, enum wtl_tls_role role, struct wtl_error *error)
{
    int groups[] = {WOLFSSL_ECC_X25519, WOLFSSL_ECC_SECP256R1};
    wolfSSL_CTX_set_verify(side, WOLFSSL_VERIFY_PEER | WOLFSSL_VERIFY_FAIL_IF_NO_PEER_CERT,
                           wtl__tls_on_verify);
    if (role == WTL_TLS_ACCEPT && wolfSSL_CTX_mutual_auth(side, 1) != 0) {
        return wtl_fail(error, WTL_IDENTITY, "the TLS library cannot ask peers for certificates");
    }
    if (wolfSSL_CTX_set_cipher_list(side, wtl__tls_library_suites()) != WOLFSSL_SUCCESS ||
        wolfSSL_CTX_set_groups(side, groups, 2) != WOLFSSL_SUCCESS) {
        return wtl_fail(error, WTL_IDENTITY,
                        "the TLS library was built without a suite or group "
                        "that wattle needs: %s, X25519, P-256",
                        wtl__tls_library_suites());
    }
    wolfSSL_CTX_SetIORecv(side, wtl__tls_on_receive);
    wolfSSL_CTX_SetIOSend(side, wtl__tls_on_send);
    return WTL_OK;
}

static enum wtl_status create_side(enum wtl_tls_role role, const struct wtl_bundle *bundle,
                                   WOLFSSL_CTX **side_out, struct wtl_error *error)
{
    WOLFSSL_CTX *side = wolfSSL_CTX_new(role == WTL_TLS_DIAL ? wolfTLSv1_3_client_method()
                                                             : wolfTLSv1_3_server_method());
    *side_out = side;
    if (side == NULL) {
        return wtl_fail(error, WTL_NO_MEMORY, "no memory for the TLS context");
    }
    if (wtl__tls_library_setup(side) != WTL_OK) {
        return wtl_fail(error, WTL_IDENTITY, "the TLS library does not take its settings");
    }
    enum wtl_status status = set_rules(side, role, error);
    if (status == WTL_OK) {
        status = load_chain(side, bundle, error);
    }
    if (status == WTL_OK) {
        int code = wolfSSL_CTX_use_PrivateKey_buffer(side, bundle->key.bytes,
                                                     (long)bundle->key.size, WOLFSSL_FILETYPE_ASN1);
        if (code != WOLFSSL_SUCCESS) {
            status = fail_with(error, "load the private key", code);
        }
    }
    if (status == WTL_OK) {
        status = load_roots(side, bundle, error);
    }
    return status;
}

/* A packaged library does not find out that a key and a certificate are strangers. */
static enum wtl_status check_key(const struct wtl_bundle *bundle, struct wtl_error *error)
{
    const struct wtl_der *der = &bundle->chain[0];
    struct wtl__cert leaf;
    const uint8_t *scalar;
    uint8_t point[WTL__P256_POINT];
    enum wtl_status status =
        wtl__cert_read((struct wtl__der_view){der->bytes, der->size}, &leaf, error);
    if (status == WTL_OK) {
        status = wtl__key_open(&bundle->key, &scalar, point, error);
    }
    if (status == WTL_OK && (leaf.point == NULL || memcmp(leaf.point, point, sizeof point) != 0)) {
        status = wtl_fail(error, WTL_IDENTITY,
                          "the private key does not belong to the certificate in front of it");
    }
    return status;
}

/* Names of roots are looked up in each handshake, after the bundle may be gone. */
static enum wtl_status copy_subjects(struct wtl_tls_context *context,
                                     const struct wtl_bundle *bundle, struct wtl_error *error)
{
    for (unsigned i = 0; i < bundle->roots_count; i++) {
        struct wtl__cert root;
        struct wtl_der *subject = &context->subjects[i];
        if (wtl__cert_read((struct wtl__der_view){bundle->roots[i].bytes, bundle->roots[i].size},
                           &root, error) != WTL_OK) {
            return wtl_while(error, WTL_IDENTITY, "read root certificate %u", i + 1);
        }
        if (!root.is_ca || root.point == NULL) {
            return wtl_fail(error, WTL_IDENTITY,
                            "root certificate %u: expected a CA with a P-256 key", i + 1);
        }
        subject->bytes = malloc(root.subject.size);
        if (subject->bytes == NULL) {
            return wtl_fail(error, WTL_NO_MEMORY, "no memory for the root certificates");
        }
        memcpy(subject->bytes, root.subject.bytes, root.subject.size);
        subject->size = root.subject.size;
        context->subjects_count = i + 1;
    }
    return WTL_OK;
}

enum wtl_status wtl_tls_context_create(const struct wtl_bundle *bundle,
                                       struct wtl_tls_context **context_out,
                                       struct wtl_error *error)
{
    *context_out = NULL;
    if (bundle->chain_count == 0 || bundle->chain_count > WTL_CHAIN_MAX ||
        bundle->roots_count == 0 || bundle->roots_count > WTL_ROOTS_MAX) {
        return wtl_fail(error, WTL_IDENTITY,
                        "expected 1 to %u certificates and 1 to %u roots, but the bundle has %u "
                        "and %u",
                        WTL_CHAIN_MAX, WTL_ROOTS_MAX, bundle->chain_count, bundle->roots_count);
    }
    struct wtl_tls_context *context = calloc(1, sizeof *context);
    if (context == NULL) {
        return wtl_fail(error, WTL_NO_MEMORY, "no memory for the TLS context");
    }
    if (wtl__tls_library_init() != WTL_OK) {
        free(context);
        return wtl_fail(error, WTL_IDENTITY, "the TLS library does not start");
    }
    memcpy(context->mesh, bundle->identity.mesh, sizeof context->mesh);
    enum wtl_status status = check_key(bundle, error);
    if (status == WTL_OK) {
        status = copy_subjects(context, bundle, error);
    }
    for (int role = WTL_TLS_DIAL; role <= WTL_TLS_ACCEPT && status == WTL_OK; role++) {
        status = create_side((enum wtl_tls_role)role, bundle, &context->sides[role], error);
    }
    if (status != WTL_OK) {
        wtl_tls_context_destroy(context);
        return status;
    }
    *context_out = context;
    return WTL_OK;
}

void wtl_tls_context_gate(struct wtl_tls_context *context, struct wtl_tls_gate gate)
{
    context->gate = gate;
}

void wtl_tls_context_destroy(struct wtl_tls_context *context)
{
    if (context == NULL) {
        return;
    }
    wolfSSL_CTX_free(context->sides[WTL_TLS_DIAL]);
    wolfSSL_CTX_free(context->sides[WTL_TLS_ACCEPT]);
    for (unsigned i = 0; i < context->subjects_count; i++) {
        free(context->subjects[i].bytes);
    }
    free(context);
    (void)wolfSSL_Cleanup();
}

void wtl_tls_thread_end(void)
{
    wtl__tls_library_thread_end();
}
