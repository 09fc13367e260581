/*
 * show.h - what `wattle id show` prints of a bundle or of a certificate file.
 *
 * Showing never verifies: a bundle that is expired, forged, broken in one block or readable by all
 * is shown as far as it can be read, with a line for each problem that was met. wtl_bundle_verify
 * is what tells whether it is good. Bytes from the file are printed as plain ASCII only, so that no
 * certificate can drive a terminal. The private key is never decoded.
 *
 * Thread: any. Owns: plain values; nothing to free.
 */
#ifndef WTL_CERTS_SHOW_H
#define WTL_CERTS_SHOW_H

#include <stdio.h>

#include "certs/bundle.h"

#define WTL_SHOW_CERTS_MAX (WTL_CHAIN_MAX + WTL_ROOTS_MAX)
#define WTL_SHOW_TEXT      160

struct wtl_show_cert {
    bool is_readable; /* false: only `problem` and the fingerprints mean something */
    bool is_root;
    bool is_ca;
    bool is_p256;
    char problem[WTL_SHOW_TEXT]; /* why it cannot be read, or why it is no node's; "" for neither */
    char subject[WTL_SHOW_TEXT];
    char issuer[WTL_SHOW_TEXT];
    char uri[WTL_URI_MAX]; /* its first URI; "" when it has none */
    char serial[41];       /* hex */
    int64_t not_before_s;
    int64_t not_after_s;
    uint8_t fingerprint[32]; /* BLAKE2b-256, as in struct wtl_identity */
    uint8_t sha256[32];      /* as `openssl x509 -fingerprint -sha256` has it */
};

struct wtl_show {
    char where[WTL_SHOW_TEXT];
    bool is_bundle; /* false: a file of certificates */
    bool has_key;
    bool has_mode;
    unsigned mode;
    bool has_identity; /* the first certificate passed the identity gate */
    struct wtl_identity identity;
    char problem[WTL_SHOW_TEXT]; /* of the file; "" for none */
    struct wtl_show_cert certs[WTL_SHOW_CERTS_MAX];
    unsigned certs_count; /* at least 1 after success */
    unsigned roots_count;
};

enum wtl_show_format { WTL_SHOW_LONG, WTL_SHOW_SHORT, WTL_SHOW_JSON };

/* Reads a bundle or a PEM or DER certificate file of any mode.
 * Fails: WTL_CONFIG when there is no certificate in it, WTL_SYSTEM, WTL_NO_MEMORY. */
enum wtl_status wtl_show_read(const char *path, struct wtl_show *show_out,
                              struct wtl_error *error) WTL_MUST_USE;

/* The same from memory. */
enum wtl_status wtl_show_parse(const char *text, size_t size, const char *where,
                               struct wtl_show *show_out, struct wtl_error *error) WTL_MUST_USE;

/* Writes it: some lines for people (LONG), two lines (SHORT), or one JSON object in one line
 * (JSON). `now_s` is what the days left are counted from. */
void wtl_show_print(const struct wtl_show *show, enum wtl_show_format format, int64_t now_s,
                    FILE *file);

/* Whole days until the first certificate expires, negative when it has; for `id ls --expiring`.
 * A certificate that cannot be read has INT64_MIN days. */
int64_t wtl_show_days_left(const struct wtl_show *show, int64_t now_s);

/* When a node starts to renew its certificate: after two thirds of its life. */
int64_t wtl_show_renews_at(int64_t not_before_s, int64_t not_after_s);

#endif
