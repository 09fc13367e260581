/*
 * tls_context.h - what the engine (tls_wolfssl.c) and its context (tls_context.c) see of each
 * other.
 *
 * Thread: a context is immutable after its creation, so any. Owns: see wtl_tls_context_create.
 */
#ifndef WTL_NET_TLS_CONTEXT_H
#define WTL_NET_TLS_CONTEXT_H

#include "net/tls.h"
#include "tls_wolfssl.h"

struct wtl_tls_context {
    WOLFSSL_CTX *sides[2]; /* by enum wtl_tls_role */
    char mesh[WTL_NAME_MAX + 1];
    struct wtl_der subjects[WTL_ROOTS_MAX]; /* names of the roots */
    unsigned subjects_count;
    struct wtl_tls_gate gate; /* its function may be NULL */
};

/* Callbacks of the library into the engine: judges a certificate chain; takes from and appends to
 * the engine's buffers. */
int wtl__tls_on_verify(int chain_is_good, WOLFSSL_X509_STORE_CTX *store);
int wtl__tls_on_receive(WOLFSSL *ssl, char *bytes, int capacity, void *engine);
int wtl__tls_on_send(WOLFSSL *ssl, char *bytes, int size, void *engine);

#endif
