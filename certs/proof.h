/*
 * proof.h - that a device is attached to a node of the mesh, signed by the device.
 *
 * A proof is what a core node needs to believe it of a device that it has no link to: a signature
 * over the statement, made with the key of the device's certificate, and the chain of that
 * certificate. As DER: SEQUENCE { OCTET STRING signature, Certificate leaf, Certificate... }, where
 * the signature is ECDSA-SHA256 over
 *
 *   SEQUENCE { UTF8String "wattle attach 1", OCTET STRING leaf, uplink, number, expiry (8 bytes
 *              each, big-endian), INTEGER layer, UTF8String mesh, UTF8String name }
 *
 * It starts with a text that neither a certificate nor a TLS handshake has at that place, so that a
 * signature of the one is never one of the other.
 *
 * Thread: any; nothing is shared. Owns: nothing is kept.
 */
#ifndef WTL_CERTS_PROOF_H
#define WTL_CERTS_PROOF_H

#include "certs/bundle.h"

/* The longest proof: a record with it fits one frame. */
#define WTL__PROOF_MAX 6144u

struct wtl__proof_claim {
    uint64_t leaf; /* node ids */
    uint64_t uplink;
    uint64_t number; /* grows with each record of the same incarnation */
    int64_t expiry_s;
    uint8_t layer;
    char name[WTL_NAME_MAX + 1];
};

/* Signs with the bundle's key and appends its chain. *size_out bytes of `out` are the proof.
 * Fails: WTL_IDENTITY when the claim is not about the bundle's own identity, WTL_TOO_LARGE,
 * WTL_SYSTEM, WTL_NO_MEMORY. Bounds: WTL__PROOF_MAX, whatever the capacity. */
enum wtl_status wtl__proof_sign(const struct wtl_bundle *bundle,
                                const struct wtl__proof_claim *claim, uint8_t *out, size_t capacity,
                                size_t *size_out, struct wtl_error *error) WTL_MUST_USE;

/* Has the node of that name, layer and id signed this, with a certificate of `mesh` that leads to
 * one of the roots and is valid at `now_s`? Whether the claim itself has expired, and whether that
 * certificate, which is copied out, was revoked, is for the caller to say. Fails: WTL_IDENTITY with
 * what is wrong. */
enum wtl_status wtl__proof_check(const struct wtl__proof_claim *claim, const uint8_t *proof,
                                 size_t size, const struct wtl_der *roots, unsigned roots_count,
                                 const char *mesh, int64_t now_s, struct wtl_identity *identity_out,
                                 struct wtl_error *error) WTL_MUST_USE;

#endif
