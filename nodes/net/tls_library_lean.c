/*
 * tls_library_lean.c - wattle's own build of wolfSSL: no tickets and no session cache in it, and
 * AES-GCM by the processor where the build has the assembler for it. Any thread; no state.
 */
#include "tls_library.h"

#include <sodium.h>

#include "net/tls.h"
#include "tls_wolfssl.h"

#include <wolfssl/wolfcrypt/aes.h>
#include <wolfssl/wolfcrypt/sha256.h>
#include <wolfssl/wolfcrypt/sha512.h>

/* The library looks at the processor when a cipher or hash is first used, and writes what it finds
 * to globals without a lock. Using each once here means that handshakes on threads only read. */
static bool look_at_processor(void)
{
    static const byte key[AES_128_KEY_SIZE];
    wc_Sha256 sha256;
    wc_Sha384 sha384;
    Aes aes;
    if (wc_InitSha256(&sha256) != 0) {
        return false;
    }
    wc_Sha256Free(&sha256);
    if (wc_InitSha384(&sha384) != 0) {
        return false;
    }
    wc_Sha384Free(&sha384);
    if (wc_AesInit(&aes, NULL, INVALID_DEVID) != 0) {
        return false;
    }
    bool works = wc_AesGcmSetKey(&aes, key, sizeof key) == 0;
    wc_AesFree(&aes);
    return works;
}

enum wtl_status wtl__tls_library_init(void)
{
    if (sodium_init() < 0 || wolfSSL_Init() != WOLFSSL_SUCCESS) {
        return WTL_SYSTEM;
    }
    if (!look_at_processor()) {
        (void)wolfSSL_Cleanup();
        return WTL_SYSTEM;
    }
    return WTL_OK;
}

enum wtl_status wtl__tls_library_setup(struct WOLFSSL_CTX *context)
{
    (void)context;
    return WTL_OK;
}

/* The assembler needs AES and carry-less multiplication, which is just what libsodium asks the
 * processor for. In portable C, AES is slow and its timing shows its tables. */
static bool aes_is_fast(void)
{
    return WTL_TLS_AES_ASM && crypto_aead_aes256gcm_is_available() == 1;
}

const char *wtl__tls_library_suites(void)
{
    return aes_is_fast() ? "TLS13-AES128-GCM-SHA256:TLS13-AES256-GCM-SHA384:"
                           "TLS13-CHACHA20-POLY1305-SHA256"
                         : "TLS13-CHACHA20-POLY1305-SHA256";
}

void wtl__tls_library_thread_end(void)
{
}

const char *wtl_tls_library(void)
{
    return aes_is_fast() ? "wolfSSL " WTL_TLS_REVISION ", wattle's own build, AES-GCM in assembler"
                         : "wolfSSL " WTL_TLS_REVISION ", wattle's own build, ChaCha20-Poly1305";
}
