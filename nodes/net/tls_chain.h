/*
 * tls_chain.h - what a chain of certificates must look like before its signatures matter.
 *
 * wolfSSL checks signatures and dates. It does not ask that a chain be complete: an intermediate
 * that one peer has shown is remembered for the next one, dates unchecked. Here each certificate
 * must be issued by the one behind it and the last by a root, all of them in the bytes that this
 * peer sent, and each must be signed with ECDSA and SHA-256 or better.
 *
 * Thread: any; no state. Owns: nothing.
 */
#ifndef WTL_NET_TLS_CHAIN_H
#define WTL_NET_TLS_CHAIN_H

#include <stddef.h>

#include "certs/bundle.h"

/* Checks `chain`, leaf first, against the subjects (DER of a Name) of the roots. On refusal,
 * `word_out` is a short word for a counter. Fails: WTL_IDENTITY. */
enum wtl_status wtl__tls_chain_check(const struct wtl_der *chain, size_t count,
                                     const struct wtl_der *subjects, size_t subjects_count,
                                     const char **word_out, struct wtl_error *error) WTL_MUST_USE;

#endif
