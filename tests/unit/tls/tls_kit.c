/*
 * tls_kit.c - see tls_kit.h.
 */
#include "tls_kit.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "certs/key.h"

/* More rounds than any handshake has, so that two engines that never agree end the test. */
#define ROUNDS_MAX 64

struct kit_spec kit_ca_spec(const char *name)
{
    int64_t now = (int64_t)time(NULL);
    return (struct kit_spec){.name = name,
                             .uris = {"spiffe://climate"},
                             .not_before_s = now - KIT_DAY,
                             .not_after_s = now + 30 * KIT_DAY,
                             .is_ca = true,
                             .has_constraints = true,
                             .usage = WTL__USAGE_SIGN_CERT | WTL__USAGE_SIGN_CRL};
}

struct kit_spec kit_node_spec(const char *name, const char *uri)
{
    int64_t now = (int64_t)time(NULL);
    return (struct kit_spec){.name = name,
                             .uris = {uri},
                             .not_before_s = now - KIT_DAY,
                             .not_after_s = now + KIT_DAY,
                             .has_constraints = true,
                             .usage = WTL__USAGE_SIGN,
                             .purposes = WTL__PURPOSE_SERVER | WTL__PURPOSE_CLIENT};
}

struct kit_signer kit_make(const struct kit_spec *spec, const struct kit_signer *issuer)
{
    struct kit_signer made = {0};
    struct wtl_error error = {0};
    struct wtl__san sans[2];
    struct wtl__cert_spec cert = {.organisation = "climate",
                                  .common_name = spec->name,
                                  .not_before_s = spec->not_before_s,
                                  .not_after_s = spec->not_after_s,
                                  .has_constraints = spec->has_constraints,
                                  .is_ca = spec->is_ca,
                                  .path_len = -1,
                                  .usage = spec->usage,
                                  .purposes = spec->purposes,
                                  .sans = sans};
    for (size_t i = 0; i < 2 && spec->uris[i] != NULL; i++) {
        size_t size = spec->uri_sizes[i] != 0 ? spec->uri_sizes[i] : strlen(spec->uris[i]);
        sans[cert.san_count++] = (struct wtl__san){WTL__SAN_URI, spec->uris[i], size};
    }
    cr_assert_eq(wtl__key_create(&made.key, made.point, &error), WTL_OK, "%s", error.text);
    wtl__cert_serial(cert.serial);
    cert.point = made.point;
    struct wtl__cert parent;
    if (issuer != NULL) {
        cr_assert_eq(wtl__cert_read(wtl__der_view_of(&issuer->cert), &parent, &error), WTL_OK, "%s",
                     error.text);
        cert.issuer = parent.subject;
        cert.authority_key_id = parent.subject_key_id;
    }
    const uint8_t *scalar;
    uint8_t point[WTL__P256_POINT];
    cr_assert_eq(wtl__key_open(issuer != NULL ? &issuer->key : &made.key, &scalar, point, &error),
                 WTL_OK, "%s", error.text);
    cr_assert_eq(wtl__cert_make(&cert, scalar, &made.cert, &error), WTL_OK, "%s", error.text);
    return made;
}

void kit_signer_free(struct kit_signer *signer)
{
    wtl__der_wipe(&signer->key);
    wtl__der_free(&signer->cert);
}

struct kit_ca kit_ca_make(void)
{
    struct kit_ca ca;
    struct kit_spec root = kit_ca_spec("root");
    struct kit_spec issuing = kit_ca_spec("issuing");
    ca.root = kit_make(&root, NULL);
    ca.issuing = kit_make(&issuing, &ca.root);
    return ca;
}

void kit_ca_free(struct kit_ca *ca)
{
    kit_signer_free(&ca->root);
    kit_signer_free(&ca->issuing);
}

struct wtl_bundle kit_bundle(const struct wtl_der *key, const struct wtl_der *const *chain,
                             const struct wtl_der *root)
{
    struct wtl_bundle bundle = {.identity = {.mesh = "climate"}};
    cr_assert_eq(wtl__der_secret(key->size, &bundle.key), WTL_OK);
    memcpy(bundle.key.bytes, key->bytes, key->size);
    for (; *chain != NULL && bundle.chain_count < WTL_CHAIN_MAX; chain++) {
        struct wtl_der *copy = &bundle.chain[bundle.chain_count++];
        cr_assert_eq(wtl__der_copy((*chain)->bytes, (*chain)->size, copy), WTL_OK);
    }
    cr_assert_null(*chain, "the chain does not fit a bundle");
    bundle.roots_count = 1;
    cr_assert_eq(wtl__der_copy(root->bytes, root->size, &bundle.roots[0]), WTL_OK);
    return bundle;
}

struct wtl_tls_context *kit_context_take(struct wtl_bundle bundle)
{
    struct wtl_tls_context *context;
    struct wtl_error error = {0};
    cr_assert_eq(wtl_tls_context_create(&bundle, &context, &error), WTL_OK, "%s", error.text);
    wtl_bundle_deinit(&bundle);
    return context;
}

struct wtl_tls_context *kit_context_of(const struct kit_ca *ca, const struct kit_spec *spec)
{
    struct kit_signer leaf = kit_make(spec, &ca->issuing);
    const struct wtl_der *chain[] = {&leaf.cert, &ca->issuing.cert, NULL};
    struct wtl_tls_context *context =
        kit_context_take(kit_bundle(&leaf.key, chain, &ca->root.cert));
    kit_signer_free(&leaf);
    return context;
}

struct wtl_tls_context *kit_context(const struct kit_ca *ca, const char *name)
{
    char uri[WTL_URI_MAX];
    (void)snprintf(uri, sizeof uri, "spiffe://climate/default/edge/%s", name);
    struct kit_spec spec = kit_node_spec(name, uri);
    return kit_context_of(ca, &spec);
}

/* ---- pairs ---------------------------------------------------------------------------------- */

struct kit_pair kit_pair_make(struct wtl_tls_context *dial, struct wtl_tls_context *accept,
                              const char *expected)
{
    struct kit_pair pair = {0};
    cr_assert_eq(wtl_tls_create(dial, WTL_TLS_DIAL, expected, &pair.dial), WTL_OK);
    cr_assert_eq(wtl_tls_create(accept, WTL_TLS_ACCEPT, NULL, &pair.accept), WTL_OK);
    return pair;
}

void kit_pair_free(struct kit_pair *pair)
{
    wtl_tls_destroy(pair->dial);
    wtl_tls_destroy(pair->accept);
}

enum wtl_status kit_step(struct wtl_tls *tls)
{
    size_t none;
    return wtl_tls_read(tls, NULL, 0, &none);
}

size_t kit_move(struct wtl_tls *from, struct wtl_tls *to, size_t chunk, enum wtl_status *status_out)
{
    const uint8_t *bytes;
    size_t moved = 0;
    for (size_t size = wtl_tls_output(from, &bytes); size > 0;
         size = wtl_tls_output(from, &bytes)) {
        size_t piece = size < chunk ? size : chunk;
        enum wtl_status status = wtl_tls_feed(to, bytes, piece);
        wtl_tls_output_taken(from, piece);
        moved += piece;
        if (status_out != NULL && status == WTL_OK) {
            *status_out = kit_step(to);
        }
    }
    return moved;
}

void kit_shake(struct kit_pair *pair, size_t chunk)
{
    pair->dial_status = kit_step(pair->dial);
    for (int round = 0; round < ROUNDS_MAX; round++) {
        size_t moved = kit_move(pair->dial, pair->accept, chunk, &pair->accept_status);
        moved += kit_move(pair->accept, pair->dial, chunk, &pair->dial_status);
        if (moved == 0) {
            /* a handshake that was refused by an alert is found out by a read of data */
            uint8_t byte[1];
            size_t none;
            pair->dial_status = wtl_tls_read(pair->dial, byte, 1, &none);
            return;
        }
    }
    cr_assert(false, "the handshake does not end");
}

struct kit_pair kit_pair_up(struct wtl_tls_context *dial, struct wtl_tls_context *accept)
{
    struct kit_pair pair = kit_pair_make(dial, accept, NULL);
    kit_shake(&pair, SIZE_MAX);
    cr_assert(wtl_tls_is_ready(pair.dial), "%s", wtl_tls_error(pair.dial));
    cr_assert(wtl_tls_is_ready(pair.accept), "%s", wtl_tls_error(pair.accept));
    return pair;
}

size_t kit_read(struct wtl_tls *tls, uint8_t *bytes, size_t capacity, enum wtl_status *status_out)
{
    size_t total = 0;
    for (;;) {
        size_t got;
        *status_out = wtl_tls_read(tls, bytes + total, capacity - total, &got);
        total += got;
        if (*status_out != WTL_OK || got == 0) {
            return total;
        }
    }
}
