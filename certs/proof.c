/*
 * proof.c - signing and checking attachment records. See proof.h.
 *
 * Thread: any. Owns: nothing between calls.
 */
#include "certs/proof.h"

#include <string.h>

#include "certs/chain.h"
#include "certs/key.h"
#include "certs/x509.h"

#define STATEMENT_MAX 320u

static const char purpose[] = "wattle attach 1";

static void put_u64(struct wtl__der_out *out, uint64_t value)
{
    uint8_t bytes[8];
    for (int i = 0; i < 8; i++) {
        bytes[i] = (uint8_t)(value >> (56 - 8 * i));
    }
    wtl__der_put(out, WTL__DER_OCTETS, bytes, sizeof bytes);
}

/* The bytes that are signed; false when they do not fit, which no valid claim does. */
static bool put_statement(struct wtl__der_out *out, const struct wtl__proof_claim *claim,
                          const char *mesh)
{
    size_t mark = wtl__der_open(out, WTL__DER_SEQUENCE);
    wtl__der_put(out, WTL__DER_UTF8, purpose, sizeof purpose - 1);
    put_u64(out, claim->leaf);
    put_u64(out, claim->uplink);
    put_u64(out, claim->number);
    put_u64(out, (uint64_t)claim->expiry_s);
    wtl__der_put_small(out, claim->layer);
    wtl__der_put(out, WTL__DER_UTF8, mesh, strlen(mesh));
    wtl__der_put(out, WTL__DER_UTF8, claim->name, strlen(claim->name));
    wtl__der_close(out, mark);
    return !out->overflow;
}

/* Is the claim about that identity? NULL when it is, else what is not. */
static const char *mismatch(const struct wtl__proof_claim *claim,
                            const struct wtl_identity *identity)
{
    if (strcmp(claim->name, identity->name) != 0) {
        return "name";
    }
    if (claim->layer != (uint8_t)identity->layer) {
        return "layer";
    }
    if (claim->leaf >> 24 != wtl_identity_node_bits(identity)) {
        return "node id";
    }
    return NULL;
}

/* ---- signing -------------------------------------------------------------------------------- */

/* Takes the signature out of what the signer has put around the statement. */
static bool signature_of(const uint8_t *bytes, size_t size, struct wtl__der_view *signature_out)
{
    struct wtl__der_view in = {bytes, size};
    struct wtl__der_view whole;
    struct wtl__der_view skipped;
    unsigned unused = 0;
    return wtl__der_take(&in, WTL__DER_SEQUENCE, &whole) &&
           wtl__der_take(&whole, WTL__DER_SEQUENCE, &skipped) &&
           wtl__der_take(&whole, WTL__DER_SEQUENCE, &skipped) &&
           wtl__der_take_bits(&whole, signature_out, &unused) && unused == 0;
}

enum wtl_status wtl__proof_sign(const struct wtl_bundle *bundle,
                                const struct wtl__proof_claim *claim, uint8_t *out, size_t capacity,
                                size_t *size_out, struct wtl_error *error)
{
    uint8_t buffer[STATEMENT_MAX + WTL__P256_SIGN_ROOM];
    struct wtl__der_out statement = {.bytes = buffer, .capacity = STATEMENT_MAX};
    uint8_t point[WTL__P256_POINT];
    const uint8_t *scalar = NULL;
    struct wtl__der_view signature;
    const char *wrong = mismatch(claim, &bundle->identity);
    *size_out = 0;
    if (wrong != NULL || !put_statement(&statement, claim, bundle->identity.mesh)) {
        return wtl_fail(error, WTL_IDENTITY, "attachment: the %s is not that of the certificate",
                        wrong != NULL ? wrong : "length");
    }
    enum wtl_status status = wtl__key_open(&bundle->key, &scalar, point, error);
    if (status != WTL_OK) {
        return status;
    }
    /* The signer frames what it signs as a certificate; only its signature is taken. */
    size_t signed_size = 0;
    status = wtl__p256_sign_tbs(scalar, buffer, statement.size, sizeof buffer, &signed_size);
    if (status != WTL_OK || !signature_of(buffer, signed_size, &signature)) {
        return wtl_fail(error, status != WTL_OK ? status : WTL_SYSTEM,
                        "attachment: the record could not be signed");
    }
    struct wtl__der_out proof = {.bytes = out,
                                 .capacity = capacity < WTL__PROOF_MAX ? capacity : WTL__PROOF_MAX};
    size_t mark = wtl__der_open(&proof, WTL__DER_SEQUENCE);
    wtl__der_put(&proof, WTL__DER_OCTETS, signature.bytes, signature.size);
    for (unsigned i = 0; i < bundle->chain_count; i++) {
        wtl__der_put_raw(&proof, bundle->chain[i].bytes, bundle->chain[i].size);
    }
    wtl__der_close(&proof, mark);
    if (proof.overflow) {
        return wtl_fail(error, WTL_TOO_LARGE,
                        "attachment: signature and chain are more than %u bytes", WTL__PROOF_MAX);
    }
    *size_out = proof.size;
    return WTL_OK;
}

/* ---- checking ------------------------------------------------------------------------------- */

static bool take_chain(struct wtl__der_view in, struct wtl_der chain[WTL_CHAIN_MAX],
                       unsigned *count_out)
{
    *count_out = 0;
    while (in.size > 0) {
        struct wtl__der_view content;
        struct wtl__der_view whole;
        if (*count_out == WTL_CHAIN_MAX ||
            !wtl__der_take_whole(&in, WTL__DER_SEQUENCE, &content, &whole)) {
            return false;
        }
        /* borrowed, and only read */
        chain[(*count_out)++] = (struct wtl_der){(uint8_t *)whole.bytes, whole.size};
    }
    return *count_out > 0;
}

enum wtl_status wtl__proof_check(const struct wtl__proof_claim *claim, const uint8_t *proof,
                                 size_t size, const struct wtl_der *roots, unsigned roots_count,
                                 const char *mesh, int64_t now_s, struct wtl_identity *identity_out,
                                 struct wtl_error *error)
{
    struct wtl__der_view in = {proof, size};
    struct wtl__der_view content;
    struct wtl__der_view signature;
    struct wtl_der chain[WTL_CHAIN_MAX];
    unsigned chain_count = 0;
    struct wtl__cert cert;
    if (size > WTL__PROOF_MAX || !wtl__der_take(&in, WTL__DER_SEQUENCE, &content) || in.size != 0 ||
        !wtl__der_take(&content, WTL__DER_OCTETS, &signature) ||
        !take_chain(content, chain, &chain_count)) {
        return wtl_fail(error, WTL_IDENTITY,
                        "attachment: expected a signature and 1 to %u certificates in DER, came "
                        "something else",
                        WTL_CHAIN_MAX);
    }
    enum wtl_status status = wtl_identity_check(chain[0].bytes, chain[0].size, identity_out, error);
    if (status == WTL_OK) {
        status = wtl__cert_read(wtl__der_view_of(&chain[0]), &cert, error);
    }
    if (status != WTL_OK) {
        return status;
    }
    const char *wrong =
        strcmp(identity_out->mesh, mesh) != 0 ? "mesh" : mismatch(claim, identity_out);
    if (wrong != NULL) {
        return wtl_fail(error, WTL_IDENTITY, "attachment: the %s is not that of the certificate",
                        wrong);
    }
    status = wtl__chain_check(chain, chain_count, roots, roots_count, mesh, &now_s, error);
    if (status != WTL_OK) {
        return wtl_while(error, status, "attachment of %s", identity_out->name);
    }
    uint8_t buffer[STATEMENT_MAX];
    struct wtl__der_out statement = {.bytes = buffer, .capacity = sizeof buffer};
    if (!put_statement(&statement, claim, mesh) ||
        !wtl__p256_verify(cert.point, WTL__SIGNATURE_SHA256, buffer, statement.size,
                          signature.bytes, signature.size)) {
        return wtl_fail(error, WTL_IDENTITY,
                        "attachment: the signature of %s is not one of this record",
                        identity_out->name);
    }
    return WTL_OK;
}
