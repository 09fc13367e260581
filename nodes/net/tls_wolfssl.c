/*
 * tls_wolfssl.c - the TLS engine over wolfSSL: bytes in, bytes out, and the peer's identity.
 *
 * It opens no socket and keeps no global state. wolfSSL reads from `input` and writes to `output`
 * through two callbacks that never block and never ask for a retry: a write that was asked to be
 * repeated with other bytes would corrupt the stream.
 *
 * Thread: one at a time for each engine; the context may be shared. Owns: its buffers, only while
 * they hold bytes, and until the handshake is over a copy of the peer's certificate.
 */
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <sodium.h>

#include "tls_engine.h"
#include "tls_error.h"

/* Room in the output that writes leave to alerts and key updates. */
#define OUTPUT_RESERVE 1024u

/* Content types of records (RFC 8446, section 5.1). */
#define RECORD_ALERT     21
#define RECORD_HANDSHAKE 22

/* ---- how it ends --------------------------------------------------------------------------- */

static enum wtl_status fail(struct wtl_tls *tls, enum wtl_status status, const char *word,
                            const char *text)
{
    wtl__tls_refuse(tls, status, word, text);
    if (tls->failure == WTL_OK) {
        tls->failure = tls->reason;
    }
    wtl__tls_buffer_deinit(&tls->input);
    return tls->failure;
}

/* An alert in the clear, for a handshake that ends without one. A peer that has keys already takes
 * it for a breach of the protocol and ends as well. Without memory the peer sees just the close. */
static void queue_alert(struct wtl_tls *tls, uint8_t description)
{
    const uint8_t alert[] = {RECORD_ALERT, 3, 3, 0, 2, alert_fatal, description};
    (void)!wtl__tls_buffer_append(&tls->output, alert, sizeof alert);
}

/* Ends the engine for what wolfSSL has returned. A refusal of our own comes back as an error of the
 * library, and then its word and text are here already. */
static enum wtl_status fail_for(struct wtl_tls *tls, int code)
{
    if (code == WOLFSSL_ERROR_ZERO_RETURN || code == ZERO_RETURN) {
        return fail(tls, WTL_CLOSED, "closed", "the peer has closed the link");
    }
    WOLFSSL_ALERT_HISTORY alerts = {{-1, 0}, {-1, 0}};
    (void)wolfSSL_get_alert_history(tls->ssl, &alerts);
    if (!tls->ready && code != FATAL_ERROR && alerts.last_tx.code < 0) {
        queue_alert(tls, handshake_failure);
    }
    if (tls->word != NULL) {
        return fail(tls, tls->reason, tls->word, "");
    }
    if (code == FATAL_ERROR && alerts.last_rx.code >= 0) {
        struct wtl__tls_reason reason = wtl__tls_reason_of_alert(alerts.last_rx.code);
        char text[200];
        (void)snprintf(text, sizeof text, "%s (alert %d)", reason.text, alerts.last_rx.code);
        return fail(tls, reason.status, reason.word, text);
    }
    struct wtl__tls_reason reason = wtl__tls_reason_of(code);
    char library[WOLFSSL_MAX_ERROR_SZ];
    char text[sizeof library + 200];
    (void)snprintf(text, sizeof text, "%s (%d: %s)", reason.text, code,
                   wolfSSL_ERR_error_string((unsigned long)(long)code, library));
    return fail(tls, reason.status, reason.word, text);
}

/* ---- callbacks of the library -------------------------------------------------------------- */

int wtl__tls_on_receive(WOLFSSL *ssl, char *bytes, int capacity, void *engine)
{
    (void)ssl;
    struct wtl_tls *tls = engine;
    size_t size = wtl__tls_buffer_size(&tls->input);
    if (size == 0 || capacity <= 0) {
        return WOLFSSL_CBIO_ERR_WANT_READ;
    }
    size = size < (size_t)capacity ? size : (size_t)capacity;
    memcpy(bytes, tls->input.bytes + tls->input.start, size);
    wtl__tls_buffer_drop(&tls->input, size);
    return (int)size;
}

/* The bound holds a peer back that asks for answers (key updates) and never takes them. */
int wtl__tls_on_send(WOLFSSL *ssl, char *bytes, int size, void *engine)
{
    (void)ssl;
    struct wtl_tls *tls = engine;
    if (size < 0 || (size_t)size > WTL_TLS_OUTPUT_MAX - wtl__tls_buffer_size(&tls->output)) {
        wtl__tls_refuse(tls, WTL_PROTOCOL, "output_full",
                        "the peer takes nothing, and the output is at its bound");
        return WOLFSSL_CBIO_ERR_GENERAL;
    }
    if (wtl__tls_buffer_append(&tls->output, (const uint8_t *)bytes, (size_t)size) != WTL_OK) {
        return WOLFSSL_CBIO_ERR_GENERAL;
    }
    return size;
}

/* ---- life ---------------------------------------------------------------------------------- */

enum wtl_status wtl_tls_create(struct wtl_tls_context *context, enum wtl_tls_role role,
                               const char *expected, struct wtl_tls **tls_out)
{
    *tls_out = NULL;
    if (expected != NULL && !wtl_name_is_valid(expected, strlen(expected))) {
        return WTL_INVALID;
    }
    struct wtl_tls *tls = calloc(1, sizeof *tls);
    if (tls == NULL) {
        return WTL_NO_MEMORY;
    }
    tls->context = context;
    tls->role = role;
    tls->expected = expected != NULL ? strdup(expected) : NULL;
    tls->ssl = wolfSSL_new(context->sides[role]);
    if (tls->ssl == NULL || (expected != NULL && tls->expected == NULL)) {
        wtl_tls_destroy(tls);
        return WTL_NO_MEMORY;
    }
    wolfSSL_SetIOReadCtx(tls->ssl, tls);
    wolfSSL_SetIOWriteCtx(tls->ssl, tls);
    wolfSSL_SetCertCbCtx(tls->ssl, tls);
    /* the exporter's secret lives in what wolfSSL calls arrays; they are freed after the export */
    wolfSSL_KeepArrays(tls->ssl);
    if (role == WTL_TLS_ACCEPT) {
        (void)wolfSSL_UseClientSuites(tls->ssl);
    }
    *tls_out = tls;
    return WTL_OK;
}

static void forget_handshake(struct wtl_tls *tls)
{
    free(tls->leaf.bytes);
    tls->leaf = (struct wtl_der){0};
    free(tls->expected);
    tls->expected = NULL;
}

void wtl_tls_destroy(struct wtl_tls *tls)
{
    if (tls == NULL) {
        return;
    }
    wolfSSL_free(tls->ssl);
    wtl__tls_buffer_deinit(&tls->input);
    wtl__tls_buffer_deinit(&tls->output);
    forget_handshake(tls);
    free(tls->text);
    sodium_memzero(tls->secret, sizeof tls->secret);
    free(tls);
}

/* ---- bytes in ------------------------------------------------------------------------------ */

enum wtl_status wtl_tls_feed(struct wtl_tls *tls, const uint8_t *bytes, size_t size)
{
    if (tls->failure != WTL_OK) {
        return tls->failure;
    }
    if (!tls->ready) {
        if (size > WTL_TLS_HANDSHAKE_MAX - tls->handshake_bytes) {
            return fail(tls, WTL_TOO_LARGE, "too_large",
                        "the peer has sent more than a handshake may be before it was over");
        }
        if (tls->handshake_bytes == 0 && size > 0 && bytes[0] != RECORD_HANDSHAKE &&
            bytes[0] != RECORD_ALERT) {
            /* HTTP, SSL 2: ended before the library sees any of it, at next to no cost */
            queue_alert(tls, unexpected_message);
            return fail(tls, WTL_PROTOCOL, "not_tls", "what the peer sends is not TLS");
        }
        tls->handshake_bytes += size;
    } else if (size > WTL_TLS_INPUT_MAX - wtl__tls_buffer_size(&tls->input)) {
        return WTL_FULL;
    }
    return wtl__tls_buffer_append(&tls->input, bytes, size);
}

static enum wtl_status finish_handshake(struct wtl_tls *tls)
{
    static const char label[] = "EXPORTER-wattle";
    if (!wtl__tls_judge(tls)) {
        return fail(tls, tls->reason, tls->word, "");
    }
    if (wolfSSL_export_keying_material(tls->ssl, tls->secret, sizeof tls->secret, label,
                                       sizeof label - 1, NULL, 0, 0) != WOLFSSL_SUCCESS) {
        return fail(tls, WTL_PROTOCOL, "protocol", "no secret could be derived for this link");
    }
    wolfSSL_FreeArrays(tls->ssl);
    forget_handshake(tls);
    tls->ready = true;
    return WTL_OK;
}

static enum wtl_status shake_hands(struct wtl_tls *tls)
{
    int result = tls->role == WTL_TLS_DIAL ? wolfSSL_connect(tls->ssl) : wolfSSL_accept(tls->ssl);
    if (result == WOLFSSL_SUCCESS) {
        return finish_handshake(tls);
    }
    int code = wolfSSL_get_error(tls->ssl, result);
    return code == WOLFSSL_ERROR_WANT_READ ? WTL_LATER : fail_for(tls, code);
}

enum wtl_status wtl_tls_read(struct wtl_tls *tls, uint8_t *bytes, size_t capacity, size_t *size_out)
{
    *size_out = 0;
    if (tls->failure != WTL_OK) {
        return tls->failure;
    }
    if (!tls->ready) {
        enum wtl_status status = shake_hands(tls);
        if (status != WTL_OK) {
            return status;
        }
    }
    while (*size_out < capacity) {
        size_t room = capacity - *size_out;
        int result =
            wolfSSL_read(tls->ssl, bytes + *size_out, room < INT_MAX ? (int)room : INT_MAX);
        if (result > 0) {
            *size_out += (size_t)result;
            continue;
        }
        int code = wolfSSL_get_error(tls->ssl, result);
        if (code != WOLFSSL_ERROR_WANT_READ) {
            (void)fail_for(tls, code);
        }
        break;
    }
    /* what came before the end is delivered first; the end is found again by the next call */
    if (*size_out > 0) {
        return WTL_OK;
    }
    return tls->failure != WTL_OK ? tls->failure : WTL_LATER;
}

/* ---- bytes out ----------------------------------------------------------------------------- */

enum wtl_status wtl_tls_write(struct wtl_tls *tls, const uint8_t *bytes, size_t size)
{
    if (tls->failure != WTL_OK || tls->closing) {
        return WTL_CLOSED;
    }
    if (!tls->ready) {
        return WTL_LATER;
    }
    if (size > WTL_TLS_RECORD_MAX) {
        return WTL_TOO_LARGE;
    }
    if (size == 0) {
        return WTL_OK;
    }
    size_t sealed = size + WTL_TLS_RECORD_OVERHEAD;
    if (wtl__tls_buffer_size(&tls->output) + sealed > WTL_TLS_OUTPUT_MAX - OUTPUT_RESERVE) {
        return WTL_FULL;
    }
    /* with the room made beforehand, a lack of memory leaves the link whole */
    if (wtl__tls_buffer_reserve(&tls->output, sealed) != WTL_OK) {
        return WTL_NO_MEMORY;
    }
    int result = wolfSSL_write(tls->ssl, bytes, (int)size);
    if (result == (int)size) {
        return WTL_OK;
    }
    enum wtl_status status = fail_for(tls, wolfSSL_get_error(tls->ssl, result));
    return status == WTL_NO_MEMORY ? WTL_NO_MEMORY : WTL_CLOSED;
}

size_t wtl_tls_output(const struct wtl_tls *tls, const uint8_t **bytes_out)
{
    size_t size = wtl__tls_buffer_size(&tls->output);
    *bytes_out = size > 0 ? tls->output.bytes + tls->output.start : NULL;
    return size;
}

void wtl_tls_output_taken(struct wtl_tls *tls, size_t size)
{
    wtl__tls_buffer_drop(&tls->output, size);
}

void wtl_tls_close(struct wtl_tls *tls)
{
    /* after a failure the library has sent its alert already */
    if (!tls->closing && (tls->failure == WTL_OK || tls->failure == WTL_CLOSED)) {
        tls->closing = true;
        (void)wolfSSL_shutdown(tls->ssl);
    }
}

/* ---- what is known ------------------------------------------------------------------------- */

bool wtl_tls_is_ready(const struct wtl_tls *tls)
{
    return tls->ready;
}

const struct wtl_identity *wtl_tls_peer(const struct wtl_tls *tls)
{
    return tls->ready ? &tls->peer : NULL;
}

const char *wtl_tls_error(const struct wtl_tls *tls)
{
    if (tls->text != NULL) {
        return tls->text;
    }
    return tls->word != NULL ? tls->word : "";
}

const char *wtl_tls_error_word(const struct wtl_tls *tls)
{
    return tls->word != NULL ? tls->word : "";
}

enum wtl_status wtl_tls_export(struct wtl_tls *tls, const char *label, uint8_t secret_out[32])
{
    if (!tls->ready) {
        return WTL_LATER;
    }
    int result = crypto_generichash(secret_out, WTL__TLS_SECRET, (const uint8_t *)label,
                                    strlen(label), tls->secret, sizeof tls->secret);
    return result == 0 ? WTL_OK : WTL_SYSTEM;
}
