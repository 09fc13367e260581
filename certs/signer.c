/* signer.c - see signer.h. Thread: any. Owns: nothing between calls. */
#include "certs/signer.h"

#include <limits.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "certs/file.h"
#include "certs/key.h"
#include "certs/pem.h"

_Static_assert(WTL_SIGNER_KEY == crypto_sign_PUBLICKEYBYTES, "the size of a public key");
_Static_assert(WTL_SIGNER_SIGNATURE == crypto_sign_BYTES, "the size of a signature");

/* A file of keys is read up to this size; two keys take a few hundred bytes. */
#define FILE_MAX (8u * 1024)

/* RFC 8410 leaves one encoding for each: what stands before the 32 bytes is always the same. */
static const uint8_t secret_head[] = {0x30, 0x2e, 0x02, 0x01, 0x00, 0x30, 0x05, 0x06,
                                      0x03, 0x2b, 0x65, 0x70, 0x04, 0x22, 0x04, 0x20};
static const uint8_t public_head[] = {0x30, 0x2a, 0x30, 0x05, 0x06, 0x03,
                                      0x2b, 0x65, 0x70, 0x03, 0x21, 0x00};

#define SECRET_DER (sizeof secret_head + crypto_sign_SEEDBYTES)
#define PUBLIC_DER (sizeof public_head + WTL_SIGNER_KEY)

char *wtl_key_id(const uint8_t key[WTL_SIGNER_KEY], char text_out[WTL_KEY_ID_TEXT])
{
    uint8_t hash[crypto_generichash_BYTES];
    (void)crypto_generichash(hash, sizeof hash, key, WTL_SIGNER_KEY, NULL, 0);
    return sodium_bin2hex(text_out, WTL_KEY_ID_TEXT, hash, WTL_KEY_ID_TEXT / 2);
}

char *wtl_trusted_ids(const struct wtl_trusted *trusted, char *text_out, size_t capacity)
{
    struct wtl__text text = {.bytes = text_out, .capacity = capacity};
    char id[WTL_KEY_ID_TEXT];
    text_out[0] = '\0';
    for (unsigned i = 0; i < trusted->count; i++) {
        wtl__text_put(&text, "%s%s", i > 0 ? ", " : "", wtl_key_id(trusted->keys[i], id));
    }
    return text_out;
}

/* ---- the private half ----------------------------------------------------------------------- */

/* Fills the signer from 32 random bytes. */
static enum wtl_status from_seed(const uint8_t *seed, struct wtl_signer *signer_out,
                                 struct wtl_error *error)
{
    *signer_out = (struct wtl_signer){0};
    enum wtl_status status = wtl__der_secret(crypto_sign_SECRETKEYBYTES, &signer_out->secret);
    if (status != WTL_OK) {
        return wtl_fail(error, status, "no memory for a key");
    }
    (void)crypto_sign_seed_keypair(signer_out->key, signer_out->secret.bytes, seed);
    return WTL_OK;
}

static enum wtl_status write_files(const char *name, const struct wtl_der *der,
                                   const struct wtl_signer *signer, struct wtl_error *error)
{
    char key_path[PATH_MAX];
    char pub_path[PATH_MAX];
    char pub_text[256];
    uint8_t pub_der[PUBLIC_DER];
    struct wtl_der pub = {.bytes = pub_der, .size = sizeof pub_der};
    struct wtl_der guarded;
    memcpy(pub_der, public_head, sizeof public_head);
    memcpy(pub_der + sizeof public_head, signer->key, WTL_SIGNER_KEY);
    if ((size_t)snprintf(key_path, sizeof key_path, "%s.key", name) >= sizeof key_path ||
        (size_t)snprintf(pub_path, sizeof pub_path, "%s.pub", name) >= sizeof pub_path) {
        return wtl_fail(error, WTL_SYSTEM, "%.80s...: the path is too long", name);
    }
    enum wtl_status status = wtl__der_secret(256, &guarded);
    if (status != WTL_OK) {
        return wtl_fail(error, status, "no memory for a key");
    }
    struct wtl__text key_text = {.bytes = (char *)guarded.bytes, .capacity = guarded.size};
    struct wtl__text text = {.bytes = pub_text, .capacity = sizeof pub_text};
    wtl__pem_put(&key_text, WTL__PEM_KEY, der);
    wtl__pem_put(&text, WTL__PEM_PUB, &pub);
    status = wtl__file_create(key_path, key_text.bytes, key_text.size, error);
    wtl__der_wipe(&guarded);
    if (status == WTL_OK) {
        status = wtl__file_create_as(pub_path, 0644, text.bytes, text.size, error);
        if (status != WTL_OK) {
            (void)unlink(key_path);
        }
    }
    return status;
}

enum wtl_status wtl_signer_create(const char *name, struct wtl_signer *signer_out,
                                  struct wtl_error *error)
{
    struct wtl_der der;
    *signer_out = (struct wtl_signer){0};
    enum wtl_status status = wtl__der_secret(SECRET_DER, &der);
    if (status != WTL_OK) {
        return wtl_fail(error, status, "no memory for a key");
    }
    memcpy(der.bytes, secret_head, sizeof secret_head);
    randombytes_buf(der.bytes + sizeof secret_head, crypto_sign_SEEDBYTES);
    status = from_seed(der.bytes + sizeof secret_head, signer_out, error);
    if (status == WTL_OK) {
        status = write_files(name, &der, signer_out, error);
    }
    wtl__der_wipe(&der);
    if (status != WTL_OK) {
        wtl_signer_deinit(signer_out);
    }
    return status;
}

static enum wtl_status read_seed(const char *text, size_t size, struct wtl_der *der,
                                 struct wtl_error *error)
{
    struct wtl__lines lines = {.at = text, .left = size};
    struct wtl__pem pem;
    size_t found = 0;
    enum wtl_status status = wtl__pem_next(&lines, &pem, error);
    if (status != WTL_OK || strcmp(pem.label, WTL__PEM_KEY) != 0) {
        return wtl_fail(error, WTL_CONFIG,
                        "expected a block " WTL__PEM_KEY ", came %.40s; give the NAME.key that "
                        "`wattle module keygen NAME` has made",
                        status == WTL_OK ? pem.label : "something else");
    }
    status = wtl__pem_decode(&pem, der->bytes, der->size, &found, error);
    if (status != WTL_OK || found != der->size ||
        memcmp(der->bytes, secret_head, sizeof secret_head) != 0) {
        return wtl_fail(error, WTL_CONFIG,
                        "expected an Ed25519 key as PKCS#8 of %zu bytes, came another key; make "
                        "one with: wattle module keygen NAME",
                        SECRET_DER);
    }
    if (wtl__pem_next(&lines, &pem, NULL) != WTL_NOT_FOUND) {
        return wtl_fail(error, WTL_CONFIG, "line %u: expected one key, came more", lines.number);
    }
    return WTL_OK;
}

enum wtl_status wtl_signer_parse(const char *text, size_t size, const char *where,
                                 struct wtl_signer *signer_out, struct wtl_error *error)
{
    struct wtl_der der;
    *signer_out = (struct wtl_signer){0};
    enum wtl_status status = wtl__der_secret(SECRET_DER, &der);
    if (status != WTL_OK) {
        return wtl_fail(error, status, "no memory for a key");
    }
    status = read_seed(text, size, &der, error);
    if (status == WTL_OK) {
        status = from_seed(der.bytes + sizeof secret_head, signer_out, error);
    }
    wtl__der_wipe(&der);
    return status == WTL_OK ? WTL_OK : wtl_while(error, status, "%s", where);
}

enum wtl_status wtl_signer_read(const char *path, struct wtl_signer *signer_out,
                                struct wtl_error *error)
{
    struct wtl_der text;
    *signer_out = (struct wtl_signer){0};
    enum wtl_status status = wtl__file_read(path, WTL__FILE_SECRET, FILE_MAX, &text, NULL, error);
    if (status == WTL_OK) {
        status = wtl_signer_parse((const char *)text.bytes, text.size, path, signer_out, error);
        wtl__der_wipe(&text);
    }
    return status;
}

void wtl_signer_deinit(struct wtl_signer *signer)
{
    wtl__der_wipe(&signer->secret);
    *signer = (struct wtl_signer){0};
}

/* ---- the public half ------------------------------------------------------------------------ */

static enum wtl_status add(struct wtl_trusted *trusted, const uint8_t *key, struct wtl_error *error)
{
    for (unsigned i = 0; i < trusted->count; i++) {
        if (memcmp(trusted->keys[i], key, WTL_SIGNER_KEY) == 0) {
            return WTL_OK;
        }
    }
    if (trusted->count == WTL_TRUSTED_MAX) {
        return wtl_fail(error, WTL_FULL, "one key too many: expected %u at most", WTL_TRUSTED_MAX);
    }
    memcpy(trusted->keys[trusted->count++], key, WTL_SIGNER_KEY);
    return WTL_OK;
}

static enum wtl_status add_block(const struct wtl__pem *pem, struct wtl_trusted *trusted,
                                 struct wtl_error *error)
{
    uint8_t der[PUBLIC_DER];
    size_t size = 0;
    if (strcmp(pem->label, WTL__PEM_KEY) == 0) {
        return wtl_fail(error, WTL_CONFIG,
                        "line %u: this is the private half of a key; give the .pub beside it, and "
                        "keep this file away from nodes",
                        pem->number);
    }
    if (strcmp(pem->label, WTL__PEM_PUB) != 0) {
        return wtl_fail(error, WTL_CONFIG, "line %u: expected a block " WTL__PEM_PUB ", came %s",
                        pem->number, pem->label);
    }
    if (wtl__pem_decode(pem, der, sizeof der, &size, NULL) != WTL_OK || size != sizeof der ||
        memcmp(der, public_head, sizeof public_head) != 0) {
        return wtl_fail(error, WTL_CONFIG,
                        "line %u: expected an Ed25519 key of %zu bytes, came another key; make one "
                        "with: wattle module keygen NAME",
                        pem->number, PUBLIC_DER);
    }
    return add(trusted, der + sizeof public_head, error);
}

enum wtl_status wtl_trusted_parse(const char *text, size_t size, const char *where,
                                  struct wtl_trusted *trusted, struct wtl_error *error)
{
    struct wtl__lines lines = {.at = text, .left = size};
    struct wtl__pem pem;
    unsigned blocks = 0;
    if (sodium_init() < 0) {
        return wtl_fail(error, WTL_SYSTEM, "%s: libsodium cannot be used here", where);
    }
    for (;;) {
        enum wtl_status status = wtl__pem_next(&lines, &pem, error);
        if (status == WTL_NOT_FOUND && blocks > 0) {
            return WTL_OK;
        }
        if (status == WTL_NOT_FOUND) {
            status =
                wtl_fail(error, WTL_CONFIG, "expected a block " WTL__PEM_PUB ", and there is none");
        } else if (status == WTL_OK) {
            status = add_block(&pem, trusted, error);
        }
        if (status != WTL_OK) {
            return wtl_while(error, status, "%s", where);
        }
        blocks++;
    }
}

enum wtl_status wtl_trusted_read(const char *path, struct wtl_trusted *trusted,
                                 struct wtl_error *error)
{
    struct wtl_der text;
    enum wtl_status status = wtl__file_read(path, WTL__FILE_TRUSTED, FILE_MAX, &text, NULL, error);
    if (status == WTL_OK) {
        status = wtl_trusted_parse((const char *)text.bytes, text.size, path, trusted, error);
        wtl__der_wipe(&text);
    }
    return status;
}
