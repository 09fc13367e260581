/*
 * key.c - secret memory and PKCS#8 (RFC 5208 around RFC 5915) for P-256 alone.
 *
 * Thread: any. Owns: nothing between calls.
 */
#include "certs/key.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "certs/x509.h"

enum wtl_status wtl__der_secret(size_t size, struct wtl_der *der_out)
{
    *der_out = (struct wtl_der){0};
    if (sodium_init() < 0) {
        return WTL_NO_MEMORY;
    }
    der_out->bytes = sodium_malloc(size);
    if (der_out->bytes == NULL) {
        return WTL_NO_MEMORY;
    }
    memset(der_out->bytes, 0, size);
    der_out->size = size;
    return WTL_OK;
}

void wtl__der_wipe(struct wtl_der *der)
{
    sodium_free(der->bytes); /* wipes first; NULL is fine */
    *der = (struct wtl_der){0};
}

enum wtl_status wtl__der_copy(const uint8_t *bytes, size_t size, struct wtl_der *der_out)
{
    *der_out = (struct wtl_der){.bytes = malloc(size > 0 ? size : 1), .size = size};
    if (der_out->bytes == NULL) {
        der_out->size = 0;
        return WTL_NO_MEMORY;
    }
    if (size > 0) {
        memcpy(der_out->bytes, bytes, size);
    }
    return WTL_OK;
}

void wtl__der_free(struct wtl_der *der)
{
    free(der->bytes);
    *der = (struct wtl_der){0};
}

static void key_write(struct wtl__der_out *out, const uint8_t *scalar, const uint8_t *point)
{
    size_t info = wtl__der_open(out, WTL__DER_SEQUENCE);
    wtl__der_put_small(out, 0);
    wtl__x509_put_p256(out);
    size_t octets = wtl__der_open(out, WTL__DER_OCTETS);
    size_t key = wtl__der_open(out, WTL__DER_SEQUENCE);
    wtl__der_put_small(out, 1);
    wtl__der_put(out, WTL__DER_OCTETS, scalar, WTL__P256_SCALAR);
    size_t public_half = wtl__der_open(out, WTL__DER_CONTEXT_0 + 1);
    wtl__der_put_bits(out, point, WTL__P256_POINT, 0);
    wtl__der_close(out, public_half);
    wtl__der_close(out, key);
    wtl__der_close(out, octets);
    wtl__der_close(out, info);
}

enum wtl_status wtl__key_create(struct wtl_der *key_out, uint8_t point_out[WTL__P256_POINT],
                                struct wtl_error *error)
{
    struct wtl_der scalar;
    *key_out = (struct wtl_der){0};
    enum wtl_status status = wtl__der_secret(WTL__P256_SCALAR, &scalar);
    if (status == WTL_OK) {
        status = wtl__p256_generate(scalar.bytes, point_out);
    }
    if (status == WTL_OK) {
        status = wtl__der_secret(WTL__KEY_MAX, key_out);
    }
    if (status == WTL_OK) {
        struct wtl__der_out out = {.bytes = key_out->bytes, .capacity = key_out->size};
        key_write(&out, scalar.bytes, point_out);
        status = out.overflow ? WTL_TOO_LARGE : WTL_OK;
        key_out->size = out.size;
    }
    wtl__der_wipe(&scalar);
    if (status != WTL_OK) {
        wtl__der_wipe(key_out);
        return wtl_fail(error, status, "a P-256 key could not be made: %s",
                        wtl_status_text(status));
    }
    return WTL_OK;
}

/* The ECPrivateKey inside; `given` is its public half, empty when it has none. */
static bool key_read(struct wtl__der_view in, struct wtl__der_view *scalar_out,
                     struct wtl__der_view *given_out)
{
    struct wtl__der_view key;
    struct wtl__der_view tagged;
    unsigned version;
    unsigned unused = 0;
    *given_out = (struct wtl__der_view){0};
    if (!wtl__der_take(&in, WTL__DER_SEQUENCE, &key) || in.size != 0 ||
        !wtl__der_take_small(&key, &version) || version != 1 ||
        !wtl__der_take(&key, WTL__DER_OCTETS, scalar_out) || scalar_out->size != WTL__P256_SCALAR) {
        return false;
    }
    if (wtl__der_next_is(&key, WTL__DER_CONTEXT_0)) {
        struct wtl__der_view curve;
        if (!wtl__der_take(&key, WTL__DER_CONTEXT_0, &tagged) ||
            !wtl__der_take(&tagged, WTL__DER_OID, &curve) || tagged.size != 0 ||
            !wtl__x509_is_p256_oid(curve)) {
            return false;
        }
    }
    if (wtl__der_next_is(&key, WTL__DER_CONTEXT_0 + 1)) {
        if (!wtl__der_take(&key, WTL__DER_CONTEXT_0 + 1, &tagged) ||
            !wtl__der_take_bits(&tagged, given_out, &unused) || tagged.size != 0 || unused != 0) {
            return false;
        }
    }
    return key.size == 0;
}

enum wtl_status wtl__key_open(const struct wtl_der *key, const uint8_t **scalar_out,
                              uint8_t point_out[WTL__P256_POINT], struct wtl_error *error)
{
    struct wtl__der_view in = wtl__der_view_of(key);
    struct wtl__der_view info;
    struct wtl__der_view octets;
    struct wtl__der_view scalar;
    struct wtl__der_view given;
    unsigned version;
    if (!wtl__der_take(&in, WTL__DER_SEQUENCE, &info) || in.size != 0 ||
        !wtl__der_take_small(&info, &version) || version > 1) {
        return wtl_fail(error, WTL_IDENTITY,
                        "private key: expected PKCS#8 in DER, came something else");
    }
    if (!wtl__x509_take_p256(&info)) {
        return wtl_fail(error, WTL_IDENTITY,
                        "private key: expected a P-256 key, came another algorithm or curve");
    }
    if (!wtl__der_take(&info, WTL__DER_OCTETS, &octets) || !key_read(octets, &scalar, &given)) {
        return wtl_fail(error, WTL_IDENTITY,
                        "private key: expected an ECPrivateKey of 32 bytes, came something else");
    }
    enum wtl_status status = wtl__p256_point(scalar.bytes, point_out);
    if (status != WTL_OK) {
        return wtl_fail(error, status, "private key: %s",
                        status == WTL_IDENTITY ? "the number is not in the range of P-256"
                                               : wtl_status_text(status));
    }
    if (given.size != 0 &&
        !wtl__der_equal(given, (struct wtl__der_view){point_out, WTL__P256_POINT})) {
        return wtl_fail(error, WTL_IDENTITY,
                        "private key: the public key stored beside it belongs to another key");
    }
    *scalar_out = scalar.bytes;
    return WTL_OK;
}
