/*
 * tls_library_packaged.c - the distribution's wolfSSL, which computes AES in portable C, slowly,
 * and has tickets and a session cache that a mesh must not use. AES-256-GCM goes to libsodium
 * through wolfSSL's crypto callback; where libsodium cannot either, ChaCha20-Poly1305 is used
 * alone.
 *
 * Thread: any; the callback keeps no state between two records, so no key stays behind in it.
 */
#include "tls_library.h"

#include <sodium.h>

#include "net/tls.h"
#include "tls_wolfssl.h"

#include <wolfssl/wolfcrypt/cryptocb.h>
#include <wolfssl/wolfcrypt/ecc.h>

/* A number of our own among the devices of wolfSSL's crypto callbacks. */
#define DEVICE 0x77746c

static int seal(const wc_CryptoInfo *info)
{
    const Aes *aes = info->cipher.aesgcm_enc.aes;
    if (aes == NULL || aes->keylen != crypto_aead_aes256gcm_KEYBYTES ||
        info->cipher.aesgcm_enc.ivSz != crypto_aead_aes256gcm_NPUBBYTES ||
        info->cipher.aesgcm_enc.authTagSz != crypto_aead_aes256gcm_ABYTES) {
        return CRYPTOCB_UNAVAILABLE;
    }
    int result = crypto_aead_aes256gcm_encrypt_detached(
        info->cipher.aesgcm_enc.out, info->cipher.aesgcm_enc.authTag, NULL,
        info->cipher.aesgcm_enc.in, info->cipher.aesgcm_enc.sz, info->cipher.aesgcm_enc.authIn,
        info->cipher.aesgcm_enc.authInSz, NULL, info->cipher.aesgcm_enc.iv,
        (const unsigned char *)aes->devKey);
    return result == 0 ? 0 : AES_GCM_AUTH_E;
}

static int unseal(const wc_CryptoInfo *info)
{
    const Aes *aes = info->cipher.aesgcm_dec.aes;
    if (aes == NULL || aes->keylen != crypto_aead_aes256gcm_KEYBYTES ||
        info->cipher.aesgcm_dec.ivSz != crypto_aead_aes256gcm_NPUBBYTES ||
        info->cipher.aesgcm_dec.authTagSz != crypto_aead_aes256gcm_ABYTES) {
        return CRYPTOCB_UNAVAILABLE;
    }
    int result = crypto_aead_aes256gcm_decrypt_detached(
        info->cipher.aesgcm_dec.out, NULL, info->cipher.aesgcm_dec.in, info->cipher.aesgcm_dec.sz,
        info->cipher.aesgcm_dec.authTag, info->cipher.aesgcm_dec.authIn,
        info->cipher.aesgcm_dec.authInSz, info->cipher.aesgcm_dec.iv,
        (const unsigned char *)aes->devKey);
    return result == 0 ? 0 : AES_GCM_AUTH_E;
}

static int on_crypto(int device, wc_CryptoInfo *info, void *unused)
{
    (void)device;
    (void)unused;
    if (info == NULL || info->algo_type != WC_ALGO_TYPE_CIPHER ||
        info->cipher.type != WC_CIPHER_AES_GCM) {
        return CRYPTOCB_UNAVAILABLE;
    }
    return info->cipher.enc ? seal(info) : unseal(info);
}

enum wtl_status wtl__tls_library_init(void)
{
    if (sodium_init() < 0 || wolfSSL_Init() != WOLFSSL_SUCCESS) {
        return WTL_SYSTEM;
    }
    if (crypto_aead_aes256gcm_is_available() == 1 &&
        wc_CryptoCb_RegisterDevice(DEVICE, on_crypto, NULL) != 0) {
        (void)wolfSSL_Cleanup();
        return WTL_SYSTEM;
    }
    return WTL_OK;
}

enum wtl_status wtl__tls_library_setup(struct WOLFSSL_CTX *context)
{
    (void)wolfSSL_CTX_set_session_cache_mode(context, WOLFSSL_SESS_CACHE_OFF);
    /* only an accepting context knows tickets; for the other one this says so and does nothing */
    (void)wolfSSL_CTX_no_ticket_TLSv13(context);
    if (crypto_aead_aes256gcm_is_available() == 1 &&
        wolfSSL_CTX_SetDevId(context, DEVICE) != WOLFSSL_SUCCESS) {
        return WTL_SYSTEM;
    }
    return WTL_OK;
}

const char *wtl__tls_library_suites(void)
{
    return crypto_aead_aes256gcm_is_available() == 1
               ? "TLS13-AES256-GCM-SHA384:TLS13-CHACHA20-POLY1305-SHA256"
               : "TLS13-CHACHA20-POLY1305-SHA256";
}

/* This build caches curve points per thread and would leave megabytes behind. */
void wtl__tls_library_thread_end(void)
{
#ifdef FP_ECC
    wc_ecc_fp_free();
#endif
}

const char *wtl_tls_library(void)
{
    return crypto_aead_aes256gcm_is_available() == 1
               ? "wolfSSL " LIBWOLFSSL_VERSION_STRING ", packaged, AES-256-GCM by libsodium"
               : "wolfSSL " LIBWOLFSSL_VERSION_STRING ", packaged, ChaCha20-Poly1305";
}
