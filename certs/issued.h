/*
 * issued.h - what a CA has issued: a log, a line for each certificate, without secrets.
 *
 *     2026-02-18T10:11:12Z serial=9f... uri=spiffe://climate/default/edge/gw-3 expires=2026-05-...
 *
 * It is how a name finds its certificates when they are to be revoked. A line is written before the
 * bundle is handed out, so one that was cut off belongs to a bundle that nobody has.
 *
 * Thread: any. Owns: nothing is kept.
 */
#ifndef WTL_CERTS_ISSUED_H
#define WTL_CERTS_ISSUED_H

#include "certs/crl.h"
#include "certs/identity.h"

struct wtl__issued {
    uint8_t serial[WTL__SERIAL_MAX]; /* as in a revocation list */
    char name[WTL_NAME_MAX + 1];
    int64_t expires_s;
};

/* Appends the line of a certificate, synced. Fails: WTL_SYSTEM. */
enum wtl_status wtl__issued_add(const char *path, const struct wtl_identity *identity,
                                int64_t now_s, struct wtl_error *error) WTL_MUST_USE;

/* Calls `each` with every line that can be read, in order; others are skipped. No file is an empty
 * one. What `each` returns ends the walk unless it is WTL_OK. Fails: WTL_SYSTEM. */
typedef enum wtl_status (*wtl__issued_fn)(void *context, const struct wtl__issued *issued,
                                          struct wtl_error *error);
enum wtl_status wtl__issued_each(const char *path, wtl__issued_fn each, void *context,
                                 struct wtl_error *error) WTL_MUST_USE;

/* Reads one line without its end; this is what the fuzzer drives. */
bool wtl__issued_read(const char *line, struct wtl__issued *issued_out) WTL_MUST_USE;

/* A serial number in hexadecimal, as openssl prints it: capitals and colons are fine. */
bool wtl__issued_serial(const char *text, size_t size,
                        uint8_t serial_out[WTL__SERIAL_MAX]) WTL_MUST_USE;

#endif
