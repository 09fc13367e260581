/*
 * tls.h - TLS 1.3 as a pure transformer: bytes in, bytes out, and the peer's identity.
 *
 * No socket, no clock but the wall clock that certificates are checked against, no callback to the
 * caller. Two engines can shake hands in a unit test by copying bytes between them. This header
 * knows no TLS library; tls_wolfssl.c is the one file that does.
 *
 * A link is not up when the handshake is over: in TLS 1.3 the dialling side is done before the
 * accepting side has judged its certificate. Up is when the first authenticated frame was answered.
 *
 * Thread: a context is immutable and shared by all; an engine belongs to one thread at a time.
 * Owns: an engine owns its buffers and keeps a reference to nothing but its context.
 */
#ifndef WTL_NET_TLS_H
#define WTL_NET_TLS_H

#include "certs/bundle.h"

struct wtl_tls_context;
struct wtl_tls;

enum wtl_tls_role { WTL_TLS_DIAL, WTL_TLS_ACCEPT };

/* Plaintext bytes that one record holds at most, and what a record costs besides. */
#define WTL_TLS_RECORD_MAX      16384u
#define WTL_TLS_RECORD_OVERHEAD 22u
/* Bytes that a peer may send before its handshake is over. */
#define WTL_TLS_HANDSHAKE_MAX   (16u * 1024)

/* Both sides verify, TLS 1.3 only, X25519 and P-256, AES-128-GCM (or what the build makes fastest),
 * no tickets, no early data. Owns: the caller destroys it after its engines.
 * Fails: WTL_IDENTITY, WTL_NO_MEMORY. */
enum wtl_status wtl_tls_context_create(const struct wtl_bundle *bundle,
                                       struct wtl_tls_context **context_out,
                                       struct wtl_error *error) WTL_MUST_USE;
void wtl_tls_context_destroy(struct wtl_tls_context *context);

/* `expected` is the node name that must answer a dial, or NULL for any name of the mesh. */
enum wtl_status wtl_tls_create(struct wtl_tls_context *context, enum wtl_tls_role role,
                               const char *expected, struct wtl_tls **tls_out) WTL_MUST_USE;
void wtl_tls_destroy(struct wtl_tls *tls);

/* Takes `size` bytes that came from the socket; all of them are consumed. They are processed by the
 * next wtl_tls_read. Fails: WTL_TOO_LARGE before the handshake is over, WTL_NO_MEMORY. */
enum wtl_status wtl_tls_feed(struct wtl_tls *tls, const uint8_t *bytes, size_t size) WTL_MUST_USE;

/* Moves the handshake on and then decrypts up to `capacity` bytes into `bytes`.
 * WTL_OK: *size_out bytes are there; WTL_LATER: more must be fed first (or sent, see output);
 * WTL_CLOSED: the peer has closed in order; WTL_IDENTITY, WTL_PROTOCOL: the link is over, and
 * wtl_tls_error tells why. */
enum wtl_status wtl_tls_read(struct wtl_tls *tls, uint8_t *bytes, size_t capacity,
                             size_t *size_out) WTL_MUST_USE;

/* Is the handshake over, and was the peer accepted by this side? */
bool wtl_tls_is_ready(const struct wtl_tls *tls);

/* The verified identity of the peer; NULL before wtl_tls_is_ready. Borrowed from the engine. */
const struct wtl_identity *wtl_tls_peer(const struct wtl_tls *tls);

/* Seals `size` (at most WTL_TLS_RECORD_MAX) bytes as one record behind what waits for output.
 * Fails: WTL_CLOSED, WTL_NO_MEMORY. */
enum wtl_status wtl_tls_write(struct wtl_tls *tls, const uint8_t *bytes, size_t size) WTL_MUST_USE;

/* Bytes that want to go to the socket; valid until the next call on this engine but
 * wtl_tls_output_taken, which says how many of them went. */
size_t wtl_tls_output(const struct wtl_tls *tls, const uint8_t **bytes_out);
void wtl_tls_output_taken(struct wtl_tls *tls, size_t size);

/* Queues a close_notify. */
void wtl_tls_close(struct wtl_tls *tls);

/* Why the engine ended: a sentence for people, and a short word for a counter ("expired",
 * "wrong_ca", "name_mismatch", "no_certificate", "bad_key_usage", "version", ...). */
const char *wtl_tls_error(const struct wtl_tls *tls);
const char *wtl_tls_error_word(const struct wtl_tls *tls);

/* A secret of 32 bytes that only the two ends of this very connection know, for channel binding. */
enum wtl_status wtl_tls_export(struct wtl_tls *tls, const char *label,
                               uint8_t secret_out[32]) WTL_MUST_USE;

/* The library and its version, and how AES-GCM is computed; for `wattle version`. */
const char *wtl_tls_library(void);

#endif
