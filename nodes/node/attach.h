/*
 * attach.h - the proof in an ATTACH record, as the control core asks for it: certs/proof.h with
 * this node's key, roots and mesh.
 *
 * Thread: any. Owns: the signer borrows what it points to.
 */
#ifndef WTL_NODE_ATTACH_H
#define WTL_NODE_ATTACH_H

#include "certs/bundle.h"
#include "net/revocation.h"
#include "wire/frame.h"

/* The context of both functions, which are those of struct wtl__core_config. */
struct wtl__attach_signer {
    const struct wtl_bundle *bundle;
    const struct wtl__revocation *revocation; /* NULL: none */
};

/* Writes at most WTL__ATTACH_PROOF_MAX bytes; returns how many, 0 when it cannot. */
size_t wtl__attach_sign(void *context, const struct wtl__attach *attach, uint8_t *proof_out);

/* Has the leaf of that name, layer and node bits signed it, with a certificate of this mesh that is
 * valid at `wall_s` and not revoked? */
bool wtl__attach_check(void *context, const struct wtl__attach *attach, int64_t wall_s);

#endif
