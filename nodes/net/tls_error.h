/*
 * tls_error.h - the one place where codes of the TLS library and alerts become statuses, words and
 * sentences of wattle.
 *
 * Thread: any; no state. Owns: static strings.
 */
#ifndef WTL_NET_TLS_ERROR_H
#define WTL_NET_TLS_ERROR_H

#include <wattle/status.h>

struct wtl__tls_reason {
    enum wtl_status status;
    const char *word;
    const char *text;
};

/* The reason for an error code of the library; "protocol" for a code that is not listed. */
struct wtl__tls_reason wtl__tls_reason_of(int code);

/* The reason for a fatal alert that the peer has sent (RFC 8446, section 6): its word begins with
 * "peer_", because it was the peer that refused. */
struct wtl__tls_reason wtl__tls_reason_of_alert(int alert);

#endif
