/* release.c - signing a module and checking one. See release.h. */
#include "certs/release.h"

#include <sodium.h>
#include <stdio.h>
#include <string.h>

#include "certs/civil.h"

#define MARK      "wattle-signed 1\n"
#define MARK_SIZE 16u
#define SIZE_SIZE 4u

_Static_assert(sizeof MARK - 1 == MARK_SIZE, "the size of the mark");
_Static_assert(WTL_RELEASE_TAIL_MAX ==
                   WTL_RELEASE_MANIFEST_MAX + WTL_SIGNER_SIGNATURE + SIZE_SIZE + MARK_SIZE,
               "what is behind a module");

/* A signed file, taken apart; nothing of it is checked but that it fits. */
struct parts {
    size_t module_size;
    const uint8_t *manifest;
    size_t manifest_size;
    const uint8_t *signature;
};

static bool has_mark(const uint8_t *bytes, size_t size)
{
    return size >= MARK_SIZE && memcmp(bytes + size - MARK_SIZE, MARK, MARK_SIZE) == 0;
}

static bool split(const uint8_t *bytes, size_t size, struct parts *parts_out)
{
    const size_t fixed = WTL_SIGNER_SIGNATURE + SIZE_SIZE + MARK_SIZE;
    size_t manifest = 0;
    if (!has_mark(bytes, size) || size < fixed) {
        return false;
    }
    const uint8_t *at = bytes + size - MARK_SIZE - SIZE_SIZE;
    for (size_t i = 0; i < SIZE_SIZE; i++) {
        manifest = manifest << 8 | at[i];
    }
    if (manifest == 0 || manifest > WTL_RELEASE_MANIFEST_MAX || manifest > size - fixed) {
        return false;
    }
    *parts_out = (struct parts){.module_size = size - fixed - manifest,
                                .manifest = bytes + size - fixed - manifest,
                                .manifest_size = manifest,
                                .signature = bytes + size - fixed};
    return true;
}

size_t wtl_release_module_size(const void *bytes, size_t size)
{
    struct parts parts;
    return split(bytes, size, &parts) ? parts.module_size : size;
}

static void hash(const void *module, size_t size, uint8_t hash_out[WTL_RELEASE_HASH])
{
    (void)crypto_generichash(hash_out, WTL_RELEASE_HASH, module, size, NULL, 0);
}

enum wtl_status wtl_release_sign(const struct wtl_signer *signer, struct wtl_release *release,
                                 const void *module, size_t size,
                                 uint8_t tail_out[WTL_RELEASE_TAIL_MAX], size_t *tail_size_out,
                                 struct wtl_error *error)
{
    char manifest[WTL_RELEASE_MANIFEST_MAX];
    *tail_size_out = 0;
    release->size = size;
    hash(module, size, release->hash);
    (void)wtl_key_id(signer->key, release->key);
    size_t text = wtl__release_format(release, manifest);
    if (text == 0 || release->expires_s <= release->signed_s) {
        return wtl_fail(error, WTL_INVALID,
                        "name \"%.64s\", version \"%.32s\" or its times cannot be signed: expected "
                        "[a-z0-9_], %u printable characters without spaces, and an end behind "
                        "the beginning",
                        release->name, release->version, WTL_RELEASE_VERSION_MAX);
    }
    uint8_t *at = tail_out;
    memcpy(at, manifest, text);
    at += text;
    (void)crypto_sign_detached(at, NULL, tail_out, text, signer->secret.bytes);
    at += WTL_SIGNER_SIGNATURE;
    for (size_t i = 0; i < SIZE_SIZE; i++) {
        *at++ = (uint8_t)(text >> (8 * (SIZE_SIZE - 1 - i)));
    }
    memcpy(at, MARK, MARK_SIZE);
    *tail_size_out = (size_t)(at - tail_out) + MARK_SIZE;
    return WTL_OK;
}

enum wtl_status wtl_release_read(const void *bytes, size_t size, struct wtl_release *release_out,
                                 struct wtl_error *error)
{
    struct parts parts;
    *release_out = (struct wtl_release){0};
    if (!has_mark(bytes, size)) {
        return wtl_fail(error, WTL_NOT_FOUND,
                        "has no signature; wattle module sign FILE --key NAME.key");
    }
    if (!split(bytes, size, &parts)) {
        return wtl_fail(error, WTL_INVALID,
                        "has a signature that does not fit into the file; sign it again");
    }
    return wtl__release_parse((const char *)parts.manifest, parts.manifest_size, release_out,
                              error);
}

/* ---- checking ------------------------------------------------------------------------------- */

/* The trusted key that has signed the manifest; NULL when none has. */
static const uint8_t *find_signer(const struct parts *parts, const struct wtl_trusted *trusted)
{
    for (unsigned i = 0; i < trusted->count; i++) {
        if (crypto_sign_verify_detached(parts->signature, parts->manifest, parts->manifest_size,
                                        trusted->keys[i]) == 0) {
            return trusted->keys[i];
        }
    }
    return NULL;
}

/* No key fits. What the manifest claims is not to be believed, but helps to find the mistake. */
static enum wtl_status refuse_signer(const struct parts *parts, const struct wtl_trusted *trusted,
                                     const char **word_out, struct wtl_error *error)
{
    struct wtl_release claim;
    char ids[WTL_TRUSTED_MAX * (WTL_KEY_ID_TEXT + 1)];
    (void)wtl_trusted_ids(trusted, ids, sizeof ids);
    if (wtl__release_parse((const char *)parts->manifest, parts->manifest_size, &claim, NULL) !=
            WTL_OK ||
        strstr(ids, claim.key) != NULL) {
        *word_out = "bad_signature";
        return wtl_fail(error, WTL_DENIED,
                        "has a signature that is not of what it says: it was changed or cut after "
                        "it was signed; copy it again, or build and sign it again");
    }
    *word_out = "unknown_key";
    return wtl_fail(error, WTL_DENIED,
                    "was signed with the key %s, expected %s; start the node with that key's "
                    "--module-key FILE if its modules are to be run, or sign it with a key that is "
                    "trusted",
                    claim.key, ids[0] != '\0' ? ids : "a trusted one, and there is none");
}

static enum wtl_status check_bytes(const uint8_t *bytes, const struct parts *parts,
                                   const struct wtl_release *release, const char **word_out,
                                   struct wtl_error *error)
{
    uint8_t found[WTL_RELEASE_HASH];
    hash(bytes, parts->module_size, found);
    if (release->size != parts->module_size ||
        sodium_memcmp(found, release->hash, sizeof found) != 0) {
        *word_out = "changed";
        return wtl_fail(error, WTL_DENIED,
                        "is not what was signed as %s %s: its bytes were changed; copy it again, "
                        "or build and sign it again",
                        release->name, release->version);
    }
    return WTL_OK;
}

enum wtl_status wtl_release_check(const void *bytes, size_t size, const struct wtl_trusted *trusted,
                                  int64_t now_s, struct wtl_release *release_out,
                                  const char **word_out, struct wtl_error *error)
{
    struct parts parts;
    char id[WTL_KEY_ID_TEXT];
    char end[WTL__CIVIL_TEXT];
    *release_out = (struct wtl_release){0};
    *word_out = "unsigned";
    if (!has_mark(bytes, size)) {
        return wtl_fail(error, WTL_DENIED,
                        "has no signature; sign it: wattle module sign FILE --key NAME.key, or "
                        "copy it again if it was signed: the signature is its end");
    }
    *word_out = "bad_signature";
    if (!split(bytes, size, &parts)) {
        return wtl_fail(error, WTL_DENIED,
                        "has a signature that does not fit into the file; sign it again");
    }
    const uint8_t *key = find_signer(&parts, trusted);
    if (key == NULL) {
        return refuse_signer(&parts, trusted, word_out, error);
    }
    /* from here on it is the signer who speaks */
    *word_out = "bad_manifest";
    if (wtl__release_parse((const char *)parts.manifest, parts.manifest_size, release_out, error) !=
            WTL_OK ||
        strcmp(release_out->key, wtl_key_id(key, id)) != 0) {
        return wtl_fail(error, WTL_DENIED,
                        "was signed by another version of wattle: its manifest cannot be read; "
                        "sign it again with this one's wattle module sign");
    }
    enum wtl_status status = check_bytes(bytes, &parts, release_out, word_out, error);
    if (status == WTL_OK && now_s >= release_out->expires_s) {
        *word_out = "expired";
        status = wtl_fail(error, WTL_DENIED,
                          "was good until %s: its signature has expired; sign it again, or set "
                          "this machine's clock",
                          wtl__civil_text(release_out->expires_s, end));
    }
    return status;
}
