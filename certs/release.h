/*
 * release.h - a release of a module: what its signer says of it, and the signature over that.
 *
 * A signed module is one file. Behind the bytes of the shared object, which its loader does not
 * look at, come
 *
 *     manifest (text)  |  signature (64)  |  size of the manifest (4, big-endian)  |  mark (16)
 *
 * The signature is Ed25519 over the manifest, which begins with a line that no other thing we sign
 * has, and holds the size and the BLAKE2b-256 of the bytes before it. So every byte of the file is
 * covered: a change anywhere is refused.
 *
 *     wattle-module 1
 *     name climate
 *     version 0.1.0
 *     abi 1.0
 *     size 31240
 *     blake2b 5f3c...
 *     number 1795253708
 *     signed 2026-11-21T09:35:08Z
 *     expires 2027-11-21T09:35:08Z
 *     key 1f0c2b...
 *
 * The number grows with each release of a name; a node that remembers the highest one refuses those
 * below it. See docs/adr/0015-signed-modules.md.
 *
 * Thread: any; nothing is shared. Owns: plain values.
 */
#ifndef WTL_CERTS_RELEASE_H
#define WTL_CERTS_RELEASE_H

#include "certs/signer.h"

#define WTL_RELEASE_HASH 32u
/* The longest manifest, and what is behind a module at most, in bytes. */
#define WTL_RELEASE_MANIFEST_MAX 512u
#define WTL_RELEASE_TAIL_MAX     (WTL_RELEASE_MANIFEST_MAX + WTL_SIGNER_SIGNATURE + 20u)
#define WTL_RELEASE_VERSION_MAX  31u
/* How long a release may be valid, in days, and how long it is when nothing is said. */
#define WTL_RELEASE_DAYS_MAX 3650u
#define WTL_RELEASE_DAYS     365u

struct wtl_release {
    char name[WTL_NAME_MAX + 1];               /* [a-z][a-z0-9_]* */
    char version[WTL_RELEASE_VERSION_MAX + 1]; /* printable, without spaces */
    uint16_t abi_major;
    uint16_t abi_minor;
    uint64_t size; /* of the module alone */
    uint8_t hash[WTL_RELEASE_HASH];
    uint64_t number;
    int64_t signed_s;
    int64_t expires_s; /* good before this second */
    char key[WTL_KEY_ID_TEXT];
};

/* How many of these bytes are the module, and not a signature behind it. */
size_t wtl_release_module_size(const void *bytes, size_t size);

/* Signs a module, of which `release` has name, version, ABI, number and times; size, hash and key
 * are filled in. *tail_size_out bytes of tail_out are to be put behind the module.
 * Fails: WTL_INVALID for a name, version or time that cannot be, saying which. */
enum wtl_status wtl_release_sign(const struct wtl_signer *signer, struct wtl_release *release,
                                 const void *module, size_t size,
                                 uint8_t tail_out[WTL_RELEASE_TAIL_MAX], size_t *tail_size_out,
                                 struct wtl_error *error) WTL_MUST_USE;

/* Reads what is said, without judging it. Fails: WTL_NOT_FOUND without a signature, WTL_INVALID for
 * one that cannot be read. */
enum wtl_status wtl_release_read(const void *bytes, size_t size, struct wtl_release *release_out,
                                 struct wtl_error *error) WTL_MUST_USE;

/* Has one of the trusted keys signed exactly these bytes, and is that still good at `now_s`?
 * On refusal, *word_out is a short word for a log: "unsigned", "unknown_key", "bad_signature",
 * "bad_manifest", "changed" or "expired". Errors go on with a verb, as in "module FILE has ...".
 * Fails: WTL_DENIED. */
enum wtl_status wtl_release_check(const void *bytes, size_t size, const struct wtl_trusted *trusted,
                                  int64_t now_s, struct wtl_release *release_out,
                                  const char **word_out, struct wtl_error *error) WTL_MUST_USE;

/* ---- the manifest (release_text.c) ---------------------------------------------------------- */

/* Writes the text; its size is returned, 0 when it does not fit or cannot be read back. */
size_t wtl__release_format(const struct wtl_release *release,
                           char text_out[WTL_RELEASE_MANIFEST_MAX]);

/* A hash in hex, and back. The first returns `text_out`; the second is false for what is none. */
#define WTL__RELEASE_HASH_TEXT (2 * WTL_RELEASE_HASH + 1)
char *wtl__release_hash_text(const uint8_t hash[WTL_RELEASE_HASH],
                             char text_out[WTL__RELEASE_HASH_TEXT]);
bool wtl__release_hash_read(const char *text, uint8_t hash_out[WTL_RELEASE_HASH]) WTL_MUST_USE;

/* Reads a text, which must be as wtl__release_format writes it, byte for byte.
 * Fails: WTL_INVALID, naming the line. */
enum wtl_status wtl__release_parse(const char *text, size_t size, struct wtl_release *release_out,
                                   struct wtl_error *error) WTL_MUST_USE;

#endif
