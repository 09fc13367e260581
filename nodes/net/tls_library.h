/*
 * tls_library.h - what differs between wattle's own lean wolfSSL and the packaged one. CMake picks
 * tls_library_lean.c or tls_library_packaged.c.
 *
 * Thread: any; `wtl__tls_library_init` is safe to be called again. Owns: nothing.
 */
#ifndef WTL_NET_TLS_LIBRARY_H
#define WTL_NET_TLS_LIBRARY_H

#include <wattle/status.h>

struct WOLFSSL_CTX;

/* Starts the library; each success is paired with one wolfSSL_Cleanup. Fails: WTL_SYSTEM. */
enum wtl_status wtl__tls_library_init(void) WTL_MUST_USE;

/* Settings of a context that only this flavour of the library needs; before keys are loaded.
 * Fails: WTL_SYSTEM. */
enum wtl_status wtl__tls_library_setup(struct WOLFSSL_CTX *context) WTL_MUST_USE;

/* The cipher suites in the order of preference. The accepting side follows the dialling side, so
 * that the weaker machine decides (devices only dial). ChaCha20-Poly1305 is in every list, so any
 * two nodes agree; a suite that would be slow here is in no list of this side. */
const char *wtl__tls_library_suites(void);

/* Frees what the library keeps for the calling thread. */
void wtl__tls_library_thread_end(void);

#endif
