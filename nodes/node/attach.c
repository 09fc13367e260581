/* attach.c - see attach.h. */
#include "node/attach.h"

#include "base/log.h"
#include "certs/proof.h"

_Static_assert(WTL__PROOF_MAX <= WTL__ATTACH_PROOF_MAX, "a proof fits its record");

static struct wtl__proof_claim claim_of(const struct wtl__attach *attach)
{
    struct wtl__proof_claim claim = {.leaf = attach->leaf,
                                     .uplink = attach->uplink,
                                     .number = attach->number,
                                     .expiry_s = attach->expiry_s,
                                     .layer = attach->layer};
    memcpy(claim.name, attach->name, sizeof claim.name);
    return claim;
}

size_t wtl__attach_sign(void *context, const struct wtl__attach *attach, uint8_t *proof_out)
{
    const struct wtl__attach_signer *signer = context;
    struct wtl__proof_claim claim = claim_of(attach);
    struct wtl_error error = {0};
    size_t size = 0;
    if (wtl__proof_sign(signer->bundle, &claim, proof_out, WTL__ATTACH_PROOF_MAX, &size, &error) !=
        WTL_OK) {
        wtl__log(wtl__log_process(), WTL__LOG_ERROR, "attach_not_signed",
                 WTL__LOG_TEXT("reason", error.text));
        return 0;
    }
    return size;
}

bool wtl__attach_check(void *context, const struct wtl__attach *attach, int64_t wall_s)
{
    const struct wtl__attach_signer *signer = context;
    const struct wtl_bundle *bundle = signer->bundle;
    struct wtl__proof_claim claim = claim_of(attach);
    struct wtl_error error = {0};
    struct wtl_identity leaf;
    const char *word = "";
    enum wtl_status status =
        wtl__proof_check(&claim, attach->proof, attach->proof_size, bundle->roots,
                         bundle->roots_count, bundle->identity.mesh, wall_s, &leaf, &error);
    if (status == WTL_OK && signer->revocation != NULL) {
        status = wtl__revocation_check(signer->revocation, &leaf, &word, &error);
    }
    if (status == WTL_OK) {
        return true;
    }
    wtl__log(wtl__log_process(), WTL__LOG_WARN, "attach_refused",
             WTL__LOG_TEXT("node", attach->name), WTL__LOG_TEXT("reason", error.text));
    return false;
}
