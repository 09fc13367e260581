/*
 * bundle.h - one file that makes a node: its private key, its chain, and every root it accepts.
 *
 * The file is PEM blocks behind a short readable head (`wattle-bundle 1`, name, layer, mesh,
 * tenant, expiry), mode 0600 (or 0400), refused otherwise. Name and layer are taken from the
 * certificate, and the head must agree with it. The blocks are the key, the leaf, its intermediates
 * in order, and then the roots, which are told apart by being their own issuer.
 *
 * Thread: any; a bundle is read once and then immutable. Owns: the bundle owns its bytes; the key
 * is locked in memory, left out of core dumps, and wiped by deinit.
 */
#ifndef WTL_CERTS_BUNDLE_H
#define WTL_CERTS_BUNDLE_H

#include "certs/identity.h"

/* A bundle file larger than this is refused unread, in bytes. */
#define WTL_BUNDLE_MAX 65536u

struct wtl_der {
    uint8_t *bytes;
    size_t size;
};

struct wtl_bundle {
    struct wtl_identity identity;
    struct wtl_der key;                  /* PKCS#8, P-256 */
    struct wtl_der chain[WTL_CHAIN_MAX]; /* leaf first, then intermediates */
    unsigned chain_count;
    struct wtl_der roots[WTL_ROOTS_MAX];
    unsigned roots_count;
};

/* Reads and checks a bundle file: mode, owner, head, that the key belongs to the leaf, that the
 * chain leads to one of the roots, the identity gate. Dates are not a reason to refuse here (a node
 * whose clock is wrong must be able to say so); see wtl_bundle_verify and wtl_bundle_days_left.
 * Owns: on success the caller deinits it; after a failure it is zeroed. Fails: WTL_CONFIG,
 * WTL_IDENTITY, WTL_SYSTEM, WTL_NO_MEMORY; the text says what was expected, what came, and what to
 * do ("chmod 600 FILE"). */
enum wtl_status wtl_bundle_read(const char *path, struct wtl_bundle *bundle_out,
                                struct wtl_error *error) WTL_MUST_USE;

/* The same from memory, without the checks of the file's mode; `where` names it in errors. This is
 * what the fuzzer drives. */
enum wtl_status wtl_bundle_parse(const char *text, size_t size, const char *where,
                                 struct wtl_bundle *bundle_out,
                                 struct wtl_error *error) WTL_MUST_USE;

/* The text of a bundle file, for wtl_bundle_write and for sending one elsewhere. Owns: the text
 * holds the key, so it is in guarded memory; the caller frees it with wtl_bundle_text_free. Fails:
 * WTL_TOO_LARGE over WTL_BUNDLE_MAX, WTL_NO_MEMORY. */
enum wtl_status wtl_bundle_format(const struct wtl_bundle *bundle, struct wtl_der *text_out,
                                  struct wtl_error *error) WTL_MUST_USE;
void wtl_bundle_text_free(struct wtl_der *text);

/* Writes the bundle to a new file of mode 0600, synced, never over an existing one.
 * Fails: WTL_EXISTS, WTL_SYSTEM, WTL_TOO_LARGE, WTL_NO_MEMORY. */
enum wtl_status wtl_bundle_write(const char *path, const struct wtl_bundle *bundle,
                                 struct wtl_error *error) WTL_MUST_USE;

/* Checks the whole chain again, this time with dates at `now_s`.
 * Fails: WTL_IDENTITY, naming the link of the chain that fails and why. */
enum wtl_status wtl_bundle_verify(const struct wtl_bundle *bundle, int64_t now_s,
                                  struct wtl_error *error) WTL_MUST_USE;

/* Whole days until the leaf expires at `now_s`, negative when it has. */
int64_t wtl_bundle_days_left(const struct wtl_bundle *bundle, int64_t now_s);

/* Wipes the key and frees everything; a zeroed bundle is fine. */
void wtl_bundle_deinit(struct wtl_bundle *bundle);

#endif
