/*
 * tls_library_lean.c - wattle's own build of wolfSSL: no tickets and no session cache in it, and
 * AES-GCM by the processor where the build has the assembler for it. Any thread; no state.
 */
#include "tls_library.h"

#include <sodium.h>

#include "net/tls.h"
#include "tls_wolfssl.h"

enum wtl_status wtl__tls_library_init(void)
{
    return sodium_init() >= 0 && wolfSSL_Init() == WOLFSSL_SUCCESS ? WTL_OK : WTL_SYSTEM;
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
