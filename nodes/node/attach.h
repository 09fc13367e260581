/*
 * attach.h - the proof in an ATTACH record: that the leaf itself, with its certificate's key, says
 * to which core node it is attached.
 *
 * A proof is SIGNED { SEQUENCE { "wattle attach 1", fields }, ecdsa-with-SHA256, signature } in
 * DER, as X.509 signs, and behind it the leaf's chain, leaf first. What is signed begins with a
 * string, which no certificate does, so neither can be taken for the other. The fields are not read
 * from the proof: they are written again from the record and compared.
 *
 * Thread: any. Owns: the signer borrows the bundle.
 */
#ifndef WTL_NODE_ATTACH_H
#define WTL_NODE_ATTACH_H

#include "certs/bundle.h"
#include "wire/frame.h"

/* The context of both functions, which are those of struct wtl__core_config. */
struct wtl__attach_signer {
    const struct wtl_bundle *bundle; /* whose key signs, and whose roots and mesh count in checks */
};

/* Writes at most WTL__ATTACH_PROOF_MAX bytes; returns how many, 0 when it cannot. */
size_t wtl__attach_sign(void *context, const struct wtl__attach *attach, uint8_t *proof_out);

/* Has the leaf of that name, layer and node bits signed it, with a certificate of this mesh that is
 * valid at `wall_s`? */
bool wtl__attach_check(void *context, const struct wtl__attach *attach, int64_t wall_s);

#endif
