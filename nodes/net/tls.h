/*
 * tls.h - TLS 1.3 as a pure transformer: bytes in, bytes out, and the peer's identity.
 *
 * No socket, no clock but the wall clock that certificates are checked against, no callback to the
 * caller. Two engines can shake hands in a unit test by copying bytes between them. This header
 * knows no TLS library; only tls_*.c beside it do.
 *
 * A driver feeds what it has received, reads until WTL_LATER, sends the output, and does so again;
 * a dialling side begins with a read. After a failure it still sends the output, because the alert
 * that tells the peer why is in it, and then closes the socket.
 *
 * A link is not up when the handshake is over: in TLS 1.3 the dialling side is done before the
 * accepting side has judged its certificate. Up is when the first authenticated frame was answered.
 *
 * Thread: a context is immutable and shared by all; an engine belongs to one thread at a time.
 * Contexts are created and destroyed one at a time.
 * Owns: an engine owns its buffers, which hold memory only while they hold bytes, and keeps a
 * reference to nothing but its context.
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
#define WTL_TLS_HANDSHAKE_MAX (16u * 1024)
/* Bytes that may have been fed and not read, and that may wait for output. */
#define WTL_TLS_INPUT_MAX  (256u * 1024)
#define WTL_TLS_OUTPUT_MAX (128u * 1024)

/* Both sides verify, TLS 1.3 only, X25519 and P-256, AES-128-GCM (or what the build makes fastest;
 * the dialling side's order counts), no tickets, no early data. The bundle is copied.
 * Owns: the caller destroys it after its engines.
 * Fails: WTL_IDENTITY, WTL_NO_MEMORY. */
enum wtl_status wtl_tls_context_create(const struct wtl_bundle *bundle,
                                       struct wtl_tls_context **context_out,
                                       struct wtl_error *error) WTL_MUST_USE;

/* One more judge: asked about each peer that has passed everything else, before it gets a proof of
 * ours and again when its handshake is over. What it says is the word and the text of the refusal.
 * Thread: that of the engine. */
struct wtl_tls_gate {
    enum wtl_status (*admit)(void *context, const struct wtl_identity *peer, const char **word_out,
                             struct wtl_error *error);
    void *context;
};

/* Sets it; before the first engine. */
void wtl_tls_context_gate(struct wtl_tls_context *context, struct wtl_tls_gate gate);
void wtl_tls_context_destroy(struct wtl_tls_context *context);

/* `expected` is the node name that must answer a dial, or NULL for any name of the mesh.
 * Fails: WTL_NO_MEMORY, WTL_INVALID when `expected` is no name. */
enum wtl_status wtl_tls_create(struct wtl_tls_context *context, enum wtl_tls_role role,
                               const char *expected, struct wtl_tls **tls_out) WTL_MUST_USE;
void wtl_tls_destroy(struct wtl_tls *tls);

/* Takes `size` bytes that came from the socket; all of them are consumed. They are processed by the
 * next wtl_tls_read. Fails: WTL_TOO_LARGE, for good, when the handshake is not over after
 * WTL_TLS_HANDSHAKE_MAX bytes; WTL_FULL, with nothing taken, when WTL_TLS_INPUT_MAX bytes wait to
 * be read; WTL_NO_MEMORY, with nothing taken; and what wtl_tls_read returns when the link is over.
 */
enum wtl_status wtl_tls_feed(struct wtl_tls *tls, const uint8_t *bytes, size_t size) WTL_MUST_USE;

/* Moves the handshake on and then decrypts up to `capacity` bytes into `bytes`.
 * WTL_OK: *size_out bytes are there; WTL_LATER: more must be fed first (or sent, see output);
 * WTL_CLOSED: the peer has closed in order; WTL_IDENTITY, WTL_PROTOCOL, WTL_TOO_LARGE,
 * WTL_NO_MEMORY: the link is over, and wtl_tls_error tells why. Bytes that came before the end are
 * given out before it is told. */
enum wtl_status wtl_tls_read(struct wtl_tls *tls, uint8_t *bytes, size_t capacity,
                             size_t *size_out) WTL_MUST_USE;

/* Is the handshake over, and was the peer accepted by this side? Stays so when the link is over. */
bool wtl_tls_is_ready(const struct wtl_tls *tls);

/* The verified identity of the peer; NULL before wtl_tls_is_ready. Borrowed from the engine. */
const struct wtl_identity *wtl_tls_peer(const struct wtl_tls *tls);

/* Seals `size` (at most WTL_TLS_RECORD_MAX) bytes as one record behind what waits for output.
 * Fails: WTL_CLOSED; WTL_LATER before wtl_tls_is_ready; WTL_TOO_LARGE; WTL_FULL when the output
 * would exceed WTL_TLS_OUTPUT_MAX; WTL_NO_MEMORY. Only WTL_CLOSED ends the link, the others sealed
 * nothing. */
enum wtl_status wtl_tls_write(struct wtl_tls *tls, const uint8_t *bytes, size_t size) WTL_MUST_USE;

/* Bytes that want to go to the socket; valid until the next call on this engine but
 * wtl_tls_output_taken, which says how many of them went. */
size_t wtl_tls_output(const struct wtl_tls *tls, const uint8_t **bytes_out);
void wtl_tls_output_taken(struct wtl_tls *tls, size_t size);

/* Queues a close_notify. */
void wtl_tls_close(struct wtl_tls *tls);

/* Why the engine ended: a sentence for people, and a short word for a counter; "" while it has not.
 * About the peer's certificate: expired, not_yet_valid, wrong_ca, wrong_usage, wrong_mesh,
 * name_mismatch, no_certificate, bad_identity (the gate of certs/identity.h), bad_certificate,
 * bad_signature, weak_signature, chain_too_long, revoked, crl_missing. About the protocol: version,
 * no_common_suite, no_common_group, not_tls, bad_record, too_large, output_full, protocol, closed,
 * no_memory. About what the peer said: peer_refused (it does not accept our certificate),
 * peer_failed. */
const char *wtl_tls_error(const struct wtl_tls *tls);
const char *wtl_tls_error_word(const struct wtl_tls *tls);

/* A secret of 32 bytes that only the two ends of this very connection know, for channel binding;
 * another label gives another secret. Fails: WTL_LATER before wtl_tls_is_ready. */
enum wtl_status wtl_tls_export(struct wtl_tls *tls, const char *label,
                               uint8_t secret_out[32]) WTL_MUST_USE;

/* The library and its version, and how AES-GCM is computed; for `wattle version`. */
const char *wtl_tls_library(void);

/* Frees what the library keeps for the calling thread; a thread that ran engines calls it before it
 * ends. Thread: any. */
void wtl_tls_thread_end(void);

#endif
