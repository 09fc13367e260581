/*
 * p256.h - ECDSA on P-256, and the one place of certs that knows the crypto library.
 *
 * A private key is 32 bytes of scalar, which the caller keeps in locked memory (wtl__der_secret);
 * copies that the library needs live in locked memory for the length of one call and are wiped.
 *
 * Thread: any; the library is set up once, by whoever comes first. Owns: nothing is kept.
 */
#ifndef WTL_CERTS_P256_H
#define WTL_CERTS_P256_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <wattle/status.h>

#define WTL__P256_SCALAR 32u
#define WTL__P256_POINT  65u /* 0x04, x, y */
/* What a signature and its frame may add to the bytes that were signed. */
#define WTL__P256_SIGN_ROOM 112u

/* The signature algorithms that a certificate may have; none of them is weaker than SHA-256. */
enum wtl__signature {
    WTL__SIGNATURE_OTHER = 0,
    WTL__SIGNATURE_SHA256,
    WTL__SIGNATURE_SHA384,
    WTL__SIGNATURE_SHA512,
};

/* A fresh key from the library's generator, seeded by the operating system.
 * Fails: WTL_SYSTEM, WTL_NO_MEMORY. */
enum wtl_status wtl__p256_generate(uint8_t scalar_out[WTL__P256_SCALAR],
                                   uint8_t point_out[WTL__P256_POINT]) WTL_MUST_USE;

/* The public point of a private key.
 * Fails: WTL_IDENTITY when the scalar is 0 or not below the order of the curve. */
enum wtl_status wtl__p256_point(const uint8_t scalar[WTL__P256_SCALAR],
                                uint8_t point_out[WTL__P256_POINT]) WTL_MUST_USE;

/* Signs the DER of a TBSCertificate that stands at the start of `buffer` with ECDSA-SHA256 and
 * turns it into the whole certificate. Bounds: `capacity` >= size + WTL__P256_SIGN_ROOM. */
enum wtl_status wtl__p256_sign_tbs(const uint8_t scalar[WTL__P256_SCALAR], uint8_t *buffer,
                                   size_t size, size_t capacity, size_t *size_out) WTL_MUST_USE;

/* Is `signature` (DER) one of `message` under the key `point`? False also for a point that is not
 * on the curve, and when memory is short. */
bool wtl__p256_verify(const uint8_t point[WTL__P256_POINT], enum wtl__signature algorithm,
                      const uint8_t *message, size_t message_size, const uint8_t *signature,
                      size_t signature_size);

#endif
