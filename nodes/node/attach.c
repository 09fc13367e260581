/* attach.c - see attach.h. */
#include "node/attach.h"

#include <string.h>

#include "base/attr.h"
#include "base/log.h"
#include "certs/chain.h"
#include "certs/key.h"
#include "node/incarnation.h"
#include "wire/bytes.h"

#define DOMAIN "wattle attach 1"
/* The fields with their heads, and what the signature adds. */
#define SIGNED_MAX (192u + WTL__P256_SIGN_ROOM)

/* What is signed; returns its size. */
static size_t put_fields(const struct wtl__attach *attach, uint8_t out_bytes[SIGNED_MAX])
{
    uint8_t numbers[33];
    struct wtl__der_out out = {.bytes = out_bytes, .capacity = SIGNED_MAX};
    wtl__store_u64(numbers, attach->leaf);
    wtl__store_u64(numbers + 8, attach->uplink);
    wtl__store_u64(numbers + 16, attach->number);
    wtl__store_u64(numbers + 24, (uint64_t)attach->expiry_s);
    numbers[32] = attach->layer;
    size_t mark = wtl__der_open(&out, WTL__DER_SEQUENCE);
    wtl__der_put(&out, WTL__DER_UTF8, DOMAIN, sizeof DOMAIN - 1);
    wtl__der_put(&out, WTL__DER_OCTETS, numbers, sizeof numbers);
    wtl__der_put(&out, WTL__DER_UTF8, attach->name, strnlen(attach->name, WTL_NAME_MAX));
    wtl__der_close(&out, mark);
    WTL_ASSERT(!out.overflow);
    return out.size;
}

size_t wtl__attach_sign(void *context, const struct wtl__attach *attach, uint8_t *proof_out)
{
    const struct wtl_bundle *bundle = ((struct wtl__attach_signer *)context)->bundle;
    const uint8_t *scalar;
    uint8_t point[WTL__P256_POINT];
    uint8_t bytes[SIGNED_MAX];
    size_t size = put_fields(attach, bytes);
    if (wtl__key_open(&bundle->key, &scalar, point, NULL) != WTL_OK ||
        wtl__p256_sign_tbs(scalar, bytes, size, sizeof bytes, &size) != WTL_OK) {
        wtl__log(wtl__log_process(), WTL__LOG_ERROR, "attach_not_signed",
                 WTL__LOG_TEXT("node", attach->name));
        return 0;
    }
    memcpy(proof_out, bytes, size);
    for (unsigned i = 0; i < bundle->chain_count; i++) {
        if (bundle->chain[i].size > WTL__ATTACH_PROOF_MAX - size) {
            wtl__log(wtl__log_process(), WTL__LOG_ERROR, "attach_not_signed",
                     WTL__LOG_TEXT("node", attach->name),
                     WTL__LOG_TEXT("reason", "the chain of certificates is too large"));
            return 0;
        }
        memcpy(proof_out + size, bundle->chain[i].bytes, bundle->chain[i].size);
        size += bundle->chain[i].size;
    }
    return size;
}

/* Takes the chain off the end of a proof; the entries borrow the bytes. Returns how many, 0: bad.
 */
static unsigned take_chain(struct wtl__der_view *in, struct wtl_der chain[WTL_CHAIN_MAX])
{
    unsigned count = 0;
    while (in->size > 0) {
        struct wtl__der_view content;
        struct wtl__der_view whole;
        if (count == WTL_CHAIN_MAX ||
            !wtl__der_take_whole(in, WTL__DER_SEQUENCE, &content, &whole) ||
            whole.size > WTL_CERT_MAX) {
            return 0;
        }
        /* a chain is const bytes in fact; struct wtl_der serves owners too */
        chain[count].bytes = (uint8_t *)(uintptr_t)whole.bytes;
        chain[count++].size = whole.size;
    }
    return count;
}

/* The signed part: are these its fields, and where is the signature? */
static bool take_signed(struct wtl__der_view *in, const struct wtl__attach *attach,
                        struct wtl__der_view *tbs_out, struct wtl__der_view *signature_out)
{
    uint8_t expected[SIGNED_MAX];
    struct wtl__der_view all;
    struct wtl__der_view content;
    struct wtl__der_view algorithm;
    unsigned unused;
    size_t size = put_fields(attach, expected);
    return wtl__der_take(in, WTL__DER_SEQUENCE, &all) &&
           wtl__der_take_whole(&all, WTL__DER_SEQUENCE, &content, tbs_out) &&
           wtl__der_equal(*tbs_out, (struct wtl__der_view){expected, size}) &&
           wtl__der_take(&all, WTL__DER_SEQUENCE, &algorithm) &&
           wtl__der_take_bits(&all, signature_out, &unused) && unused == 0 && all.size == 0;
}

bool wtl__attach_check(void *context, const struct wtl__attach *attach, int64_t wall_s)
{
    const struct wtl_bundle *bundle = ((struct wtl__attach_signer *)context)->bundle;
    struct wtl__der_view in = {attach->proof, attach->proof_size};
    struct wtl__der_view tbs;
    struct wtl__der_view signature;
    struct wtl_der chain[WTL_CHAIN_MAX];
    struct wtl_identity identity;
    struct wtl_error error = {0};
    if (!take_signed(&in, attach, &tbs, &signature)) {
        return false;
    }
    unsigned count = take_chain(&in, chain);
    if (count == 0 ||
        wtl_identity_check(chain[0].bytes, chain[0].size, &identity, &error) != WTL_OK ||
        strcmp(identity.mesh, bundle->identity.mesh) != 0 ||
        strcmp(identity.name, attach->name) != 0 || (uint8_t)identity.layer != attach->layer ||
        wtl_identity_node_bits(&identity) != attach->leaf >> WTL__INCARNATION_BITS) {
        return false;
    }
    return wtl__chain_check(chain, count, bundle->roots, bundle->roots_count, bundle->identity.mesh,
                            &wall_s, &error) == WTL_OK &&
           wtl__p256_verify(identity.public_key, WTL__SIGNATURE_SHA256, tbs.bytes, tbs.size,
                            signature.bytes, signature.size);
}
