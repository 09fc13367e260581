/*
 * tls_engine.h - an engine as the files see it that make it: tls_wolfssl.c (bytes) and tls_peer.c
 * (the judgement of the peer).
 *
 * States: shaking -> ready -> closed, and failed from each of them; `failure` is WTL_OK in the
 * first two and what wtl_tls_read returns for ever in the others.
 *
 * Thread: one at a time. Owns: see net/tls.h.
 */
#ifndef WTL_NET_TLS_ENGINE_H
#define WTL_NET_TLS_ENGINE_H

#include "tls_buffer.h"
#include "tls_context.h"

#define WTL__TLS_SECRET 32u

struct wtl_tls {
    struct wtl_tls_context *context;
    WOLFSSL *ssl;
    struct wtl__tls_buffer input;
    struct wtl__tls_buffer output;
    char *expected;      /* NULL: any name of the mesh; gone when ready */
    struct wtl_der leaf; /* the peer's certificate; gone when ready */
    size_t handshake_bytes;
    enum wtl_status failure;
    enum wtl_status reason; /* why it ends, and what wtl_tls_error_word and wtl_tls_error say */
    const char *word;       /* NULL: it does not */
    char *text;             /* NULL: none, or there was no memory for it */
    enum wtl_tls_role role;
    bool ready;
    bool closing; /* close_notify was queued */
    struct wtl_identity peer;
    uint8_t secret[WTL__TLS_SECRET]; /* what wtl_tls_export derives from */
};

/* Notes why the engine ends. The first reason stays: what follows it is only its echo. */
void wtl__tls_refuse(struct wtl_tls *tls, enum wtl_status status, const char *word,
                     const char *text);

/* Is the certificate that the peer has shown that of a node of this mesh, and of the node that was
 * dialled? Fills `peer`; notes the reason when it is not. */
bool wtl__tls_judge(struct wtl_tls *tls);

#endif
