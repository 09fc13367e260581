/*
 * chain.h - follows a chain of certificates link by link, from a leaf to one of the roots.
 *
 * For files: TLS verifies what a peer sends. It is done here and not with the TLS library, because
 * a node whose clock is wrong has to be able to read its own bundle (no dates), and because the
 * error has to name the link that failed.
 *
 * Thread: any. Owns: nothing.
 */
#ifndef WTL_CERTS_CHAIN_H
#define WTL_CERTS_CHAIN_H

#include "certs/bundle.h"
#include "certs/x509.h"

/* Checks that each certificate of `chain` (leaf first) was signed by the next, the last one by one
 * of `roots`, that signers are CAs with enough path length, that roots are self-signed, and that no
 * CA is one of another mesh than `mesh`. Dates count only with `now_s`, which may be NULL.
 * Fails: WTL_IDENTITY, naming the link. Bounds: WTL_CHAIN_MAX and WTL_ROOTS_MAX. */
enum wtl_status wtl__chain_check(const struct wtl_der *chain, unsigned chain_count,
                                 const struct wtl_der *roots, unsigned roots_count,
                                 const char *mesh, const int64_t *now_s,
                                 struct wtl_error *error) WTL_MUST_USE;

/* Was `cert` signed by the holder of `signer`'s key, and do their names agree? */
bool wtl__chain_signed_by(const struct wtl__cert *cert, const struct wtl__cert *signer);

/* The mesh of a CA: its one URI SAN, `spiffe://<mesh>`. False when it has another one; a CA without
 * alternative names is fine, and *has_out is false then. */
bool wtl__ca_mesh(const struct wtl__cert *cert, bool *has_out,
                  char mesh_out[WTL_NAME_MAX + 1]) WTL_MUST_USE;

#endif
