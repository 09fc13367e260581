/*
 * signer.h - the keys of those who sign modules: Ed25519, a private half to sign with and a public
 * one to check with.
 *
 * Files are PEM as openssl has them: PKCS#8 (RFC 8410) in NAME.key, mode 0600, and the public key
 * in NAME.pub. Whose modules a node runs is what its keys say, and nothing else: they have nothing
 * to do with the CA of the mesh, so that who may join is not who may bring code.
 *
 * Thread: any. Owns: a signer owns its key, in guarded memory, until deinit; the rest are values.
 */
#ifndef WTL_CERTS_SIGNER_H
#define WTL_CERTS_SIGNER_H

#include "certs/bundle.h"

#define WTL_SIGNER_KEY       32u /* bytes of a public key */
#define WTL_SIGNER_SIGNATURE 64u
/* Keys that one node trusts. */
#define WTL_TRUSTED_MAX 16u
/* A key's id in hex, with its NUL: the first 8 bytes of BLAKE2b over the public key. It names a key
 * in texts; what is checked with is the key. */
#define WTL_KEY_ID_TEXT 17u

struct wtl_signer {
    struct wtl_der secret; /* as libsodium has it: seed and public key */
    uint8_t key[WTL_SIGNER_KEY];
};

struct wtl_trusted {
    unsigned count;
    uint8_t keys[WTL_TRUSTED_MAX][WTL_SIGNER_KEY];
};

/* Makes a new pair, in the files `name`.key and `name`.pub, over no other file; signer_out may be
 * used at once. Fails: WTL_EXISTS, WTL_SYSTEM, WTL_NO_MEMORY. */
enum wtl_status wtl_signer_create(const char *name, struct wtl_signer *signer_out,
                                  struct wtl_error *error) WTL_MUST_USE;

/* Reads a private key. Fails: WTL_CONFIG for mode, owner and what is no such key, WTL_SYSTEM,
 * WTL_NO_MEMORY. */
enum wtl_status wtl_signer_read(const char *path, struct wtl_signer *signer_out,
                                struct wtl_error *error) WTL_MUST_USE;

/* The same from memory; `where` names it in errors. For the fuzzer. */
enum wtl_status wtl_signer_parse(const char *text, size_t size, const char *where,
                                 struct wtl_signer *signer_out,
                                 struct wtl_error *error) WTL_MUST_USE;

/* Wipes; a zeroed one is fine. */
void wtl_signer_deinit(struct wtl_signer *signer);

/* Adds the public keys of a file, of which there may be several, to those that are trusted.
 * Fails: WTL_CONFIG, also for a private key and for a file that others may write to; WTL_FULL;
 * WTL_SYSTEM, WTL_NO_MEMORY. */
enum wtl_status wtl_trusted_read(const char *path, struct wtl_trusted *trusted,
                                 struct wtl_error *error) WTL_MUST_USE;

/* The same from memory. */
enum wtl_status wtl_trusted_parse(const char *text, size_t size, const char *where,
                                  struct wtl_trusted *trusted,
                                  struct wtl_error *error) WTL_MUST_USE;

/* Returns `text_out`. */
char *wtl_key_id(const uint8_t key[WTL_SIGNER_KEY], char text_out[WTL_KEY_ID_TEXT]);

/* "1f0c..., 77ab...": the ids of all that are trusted, as far as they fit. Returns `text_out`. */
char *wtl_trusted_ids(const struct wtl_trusted *trusted, char *text_out, size_t capacity);

#endif
