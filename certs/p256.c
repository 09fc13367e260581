/*
 * p256.c - p256.h with wolfCrypt. The only file of certs that includes wolfSSL.
 *
 * The library's key structure holds the scalar, so it is allocated from libsodium's guarded, locked
 * memory and wiped when it is given back.
 *
 * Thread: any. Owns: nothing between calls.
 */
#ifndef WOLFSSL_USER_SETTINGS
#include <wolfssl/options.h>
#endif
#include <wolfssl/wolfcrypt/settings.h>

#include <wolfssl/wolfcrypt/asn_public.h>
#include <wolfssl/wolfcrypt/ecc.h>
#include <wolfssl/wolfcrypt/hash.h>
#include <wolfssl/wolfcrypt/random.h>
#include <wolfssl/wolfcrypt/wc_port.h>

#include "certs/p256.h"

#include <pthread.h>
#include <sodium.h>
#include <string.h>

#include "base/attr.h"

/* sodium_malloc puts a block at the end of a page, so its size must keep the alignment. */
#define KEY_BLOCK ((sizeof(ecc_key) + 63) / 64 * 64)

static bool library_works;

static void library_init(void)
{
    library_works = sodium_init() >= 0 && wolfCrypt_Init() == 0;
}

static bool library_ready(void)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    return pthread_once(&once, library_init) == 0 && library_works;
}

static ecc_key *key_create(void)
{
    ecc_key *key = library_ready() ? sodium_malloc(KEY_BLOCK) : NULL;
    if (key == NULL) {
        return NULL;
    }
    memset(key, 0, KEY_BLOCK);
    if (wc_ecc_init_ex(key, NULL, INVALID_DEVID) != 0) {
        sodium_free(key);
        return NULL;
    }
    return key;
}

static void key_destroy(ecc_key *key)
{
    (void)wc_ecc_free(key);
    sodium_free(key);
}

enum wtl_status wtl__p256_generate(uint8_t scalar_out[WTL__P256_SCALAR],
                                   uint8_t point_out[WTL__P256_POINT])
{
    ecc_key *key = key_create();
    WC_RNG rng;
    if (key == NULL) {
        return WTL_NO_MEMORY;
    }
    if (wc_InitRng(&rng) != 0) {
        key_destroy(key);
        return WTL_SYSTEM;
    }
    word32 scalar_size = WTL__P256_SCALAR;
    word32 point_size = WTL__P256_POINT;
    bool made = wc_ecc_make_key_ex(&rng, (int)WTL__P256_SCALAR, key, ECC_SECP256R1) == 0 &&
                wc_ecc_export_private_only(key, scalar_out, &scalar_size) == 0 &&
                scalar_size == WTL__P256_SCALAR &&
                wc_ecc_export_x963(key, point_out, &point_size) == 0 &&
                point_size == WTL__P256_POINT;
    (void)wc_FreeRng(&rng);
    key_destroy(key);
    return made ? WTL_OK : WTL_SYSTEM;
}

/* Is it in 1 .. order - 1? In constant time, as it is a secret. */
static bool scalar_is_valid(const uint8_t scalar[WTL__P256_SCALAR])
{
    /* little endian, as sodium_compare wants it */
    static const uint8_t order[WTL__P256_SCALAR] = {0x51, 0x25, 0x63, 0xfc, 0xc2, 0xca, 0xb9, 0xf3,
                                                    0x84, 0x9e, 0x17, 0xa7, 0xad, 0xfa, 0xe6, 0xbc,
                                                    0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
                                                    0x00, 0x00, 0x00, 0x00, 0xff, 0xff, 0xff, 0xff};
    uint8_t reversed[WTL__P256_SCALAR];
    for (size_t i = 0; i < sizeof reversed; i++) {
        reversed[i] = scalar[sizeof reversed - 1 - i];
    }
    bool valid = sodium_is_zero(reversed, sizeof reversed) == 0 &&
                 sodium_compare(reversed, order, sizeof reversed) < 0;
    sodium_memzero(reversed, sizeof reversed);
    return valid;
}

/* Loads `scalar` into `key` with its public half. */
static bool key_load(ecc_key *key, const uint8_t scalar[WTL__P256_SCALAR], WC_RNG *rng)
{
    return scalar_is_valid(scalar) &&
           wc_ecc_import_private_key_ex(scalar, WTL__P256_SCALAR, NULL, 0, key, ECC_SECP256R1) ==
               0 &&
           wc_ecc_make_pub_ex(key, NULL, rng) == 0;
}

enum wtl_status wtl__p256_point(const uint8_t scalar[WTL__P256_SCALAR],
                                uint8_t point_out[WTL__P256_POINT])
{
    ecc_key *key = key_create();
    WC_RNG rng;
    if (key == NULL) {
        return WTL_NO_MEMORY;
    }
    if (wc_InitRng(&rng) != 0) {
        key_destroy(key);
        return WTL_SYSTEM;
    }
    word32 size = WTL__P256_POINT;
    bool made = key_load(key, scalar, &rng) && wc_ecc_export_x963(key, point_out, &size) == 0 &&
                size == WTL__P256_POINT;
    (void)wc_FreeRng(&rng);
    key_destroy(key);
    return made ? WTL_OK : WTL_IDENTITY;
}

enum wtl_status wtl__p256_sign_tbs(const uint8_t scalar[WTL__P256_SCALAR], uint8_t *buffer,
                                   size_t size, size_t capacity, size_t *size_out)
{
    WTL_ASSERT(size <= capacity && capacity - size >= WTL__P256_SIGN_ROOM && capacity < INT32_MAX);
    ecc_key *key = key_create();
    WC_RNG rng;
    if (key == NULL) {
        return WTL_NO_MEMORY;
    }
    if (wc_InitRng(&rng) != 0) {
        key_destroy(key);
        return WTL_SYSTEM;
    }
    int made = -1;
    if (key_load(key, scalar, &rng)) {
        made = wc_SignCert_ex((int)size, CTC_SHA256wECDSA, buffer, (word32)capacity, ECC_TYPE, key,
                              &rng);
    }
    (void)wc_FreeRng(&rng);
    key_destroy(key);
    if (made <= 0) {
        return WTL_SYSTEM;
    }
    *size_out = (size_t)made;
    return WTL_OK;
}

/* The digest that `algorithm` signs; its size, or 0. */
static word32 digest_make(enum wtl__signature algorithm, const uint8_t *message, size_t size,
                          uint8_t digest_out[64])
{
    enum wc_HashType type;
    word32 digest_size;
    switch (algorithm) {
    case WTL__SIGNATURE_SHA256:
        type = WC_HASH_TYPE_SHA256;
        digest_size = 32;
        break;
    case WTL__SIGNATURE_SHA384:
        type = WC_HASH_TYPE_SHA384;
        digest_size = 48;
        break;
    case WTL__SIGNATURE_SHA512:
        type = WC_HASH_TYPE_SHA512;
        digest_size = 64;
        break;
    case WTL__SIGNATURE_OTHER:
    default:
        return 0;
    }
    if (size > INT32_MAX || wc_Hash(type, message, (word32)size, digest_out, digest_size) != 0) {
        return 0;
    }
    return digest_size;
}

bool wtl__p256_verify(const uint8_t point[WTL__P256_POINT], enum wtl__signature algorithm,
                      const uint8_t *message, size_t message_size, const uint8_t *signature,
                      size_t signature_size)
{
    uint8_t digest[64];
    int verified = 0;
    ecc_key *key = key_create();
    if (key == NULL || signature_size > WTL__P256_SIGN_ROOM) {
        if (key != NULL) {
            key_destroy(key);
        }
        return false;
    }
    word32 digest_size = digest_make(algorithm, message, message_size, digest);
    bool done = digest_size != 0 &&
                wc_ecc_import_x963_ex(point, WTL__P256_POINT, key, ECC_SECP256R1) == 0 &&
                wc_ecc_check_key(key) == 0 &&
                wc_ecc_verify_hash(signature, (word32)signature_size, digest, digest_size,
                                   &verified, key) == 0;
    key_destroy(key);
    return done && verified == 1;
}
