/*
 * key.h - memory for secrets, and a private key as PKCS#8.
 *
 * Secrets live in libsodium's guarded memory: locked (as far as the process may lock), left out of
 * core dumps, wiped when freed. A struct wtl_der that holds one is freed by wtl__der_wipe, every
 * other one by wtl__der_free.
 *
 * Thread: any. Owns: the caller owns what was made.
 */
#ifndef WTL_CERTS_KEY_H
#define WTL_CERTS_KEY_H

#include "certs/bundle.h"
#include "certs/der.h"
#include "certs/p256.h"

/* PKCS#8 of a P-256 key takes 138 bytes with its public half; more than this is refused. */
#define WTL__KEY_MAX 256u

/* `size` zeroed bytes of guarded memory. Fails: WTL_NO_MEMORY. */
enum wtl_status wtl__der_secret(size_t size, struct wtl_der *der_out) WTL_MUST_USE;
/* Wipes and frees; leaves an empty one. A zeroed one is fine. */
void wtl__der_wipe(struct wtl_der *der);

/* Copies into ordinary memory. Fails: WTL_NO_MEMORY. */
enum wtl_status wtl__der_copy(const uint8_t *bytes, size_t size,
                              struct wtl_der *der_out) WTL_MUST_USE;
void wtl__der_free(struct wtl_der *der);

static inline struct wtl__der_view wtl__der_view_of(const struct wtl_der *der)
{
    return (struct wtl__der_view){der->bytes, der->size};
}

/* A fresh key and its public point. Fails: WTL_NO_MEMORY, WTL_SYSTEM. */
enum wtl_status wtl__key_create(struct wtl_der *key_out, uint8_t point_out[WTL__P256_POINT],
                                struct wtl_error *error) WTL_MUST_USE;

/* Finds the scalar inside PKCS#8 (borrowed from `key`) and computes the public point.
 * Fails: WTL_IDENTITY with what is wrong: not PKCS#8, another curve, another public half. */
enum wtl_status wtl__key_open(const struct wtl_der *key, const uint8_t **scalar_out,
                              uint8_t point_out[WTL__P256_POINT],
                              struct wtl_error *error) WTL_MUST_USE;

#endif
