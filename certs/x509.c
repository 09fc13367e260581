/*
 * x509.c - makes certificates (RFC 5280 profile, as strict as openssl's -x509_strict).
 *
 * Thread: any. Owns: nothing between calls.
 */
#include "certs/x509.h"

#include <sodium.h>
#include <string.h>

#include "certs/key.h"
#include "certs/oids.h"
#include "certs/x509_parts.h"

#define PUT_OID(out, oid) wtl__der_put((out), WTL__DER_OID, (oid), sizeof(oid))

void wtl__x509_put_p256(struct wtl__der_out *out)
{
    size_t mark = wtl__der_open(out, WTL__DER_SEQUENCE);
    PUT_OID(out, wtl__oid_ec_public_key);
    PUT_OID(out, wtl__oid_p256);
    wtl__der_close(out, mark);
}

void wtl__cert_serial(uint8_t serial_out[16])
{
    randombytes_buf(serial_out, 16);
    serial_out[0] |= 0x80;
}

static void put_name_part(struct wtl__der_out *out, const uint8_t *oid, size_t oid_size,
                          const char *text)
{
    size_t set = wtl__der_open(out, WTL__DER_SET);
    size_t pair = wtl__der_open(out, WTL__DER_SEQUENCE);
    wtl__der_put(out, WTL__DER_OID, oid, oid_size);
    wtl__der_put(out, WTL__DER_UTF8, text, strlen(text));
    wtl__der_close(out, pair);
    wtl__der_close(out, set);
}

static void put_subject(struct wtl__der_out *out, const struct wtl__cert_spec *spec)
{
    size_t mark = wtl__der_open(out, WTL__DER_SEQUENCE);
    put_name_part(out, wtl__oid_organisation, sizeof wtl__oid_organisation, spec->organisation);
    put_name_part(out, wtl__oid_common_name, sizeof wtl__oid_common_name, spec->common_name);
    wtl__der_close(out, mark);
}

static void put_public_key(struct wtl__der_out *out, const uint8_t *point)
{
    size_t mark = wtl__der_open(out, WTL__DER_SEQUENCE);
    wtl__x509_put_p256(out);
    wtl__der_put_bits(out, point, WTL__P256_POINT, 0);
    wtl__der_close(out, mark);
}

/* ---- extensions ----------------------------------------------------------------------------- */

static void put_constraints(struct wtl__der_out *out, const struct wtl__cert_spec *spec)
{
    struct wtl__extension_mark mark = wtl__x509_open_extension(out, wtl__oid_constraints, true);
    size_t inner = wtl__der_open(out, WTL__DER_SEQUENCE);
    if (spec->is_ca) {
        wtl__der_put_true(out);
        if (spec->path_len >= 0) {
            wtl__der_put_small(out, (uint8_t)spec->path_len);
        }
    }
    wtl__der_close(out, inner);
    wtl__x509_close_extension(out, mark);
}

static void put_usage(struct wtl__der_out *out, uint8_t usage)
{
    unsigned unused = 0;
    while (unused < 7 && (usage >> unused & 1) == 0) {
        unused++;
    }
    struct wtl__extension_mark mark = wtl__x509_open_extension(out, wtl__oid_key_usage, true);
    wtl__der_put_bits(out, &usage, 1, unused);
    wtl__x509_close_extension(out, mark);
}

static void put_purposes(struct wtl__der_out *out, unsigned purposes)
{
    /* codeSigning stands for any purpose that no node has */
    static const uint8_t other[] = {0x2b, 0x06, 0x01, 0x05, 0x05, 0x07, 0x03, 0x03};
    struct wtl__extension_mark mark = wtl__x509_open_extension(out, wtl__oid_purposes, false);
    size_t inner = wtl__der_open(out, WTL__DER_SEQUENCE);
    if ((purposes & WTL__PURPOSE_SERVER) != 0) {
        PUT_OID(out, wtl__oid_server);
    }
    if ((purposes & WTL__PURPOSE_CLIENT) != 0) {
        PUT_OID(out, wtl__oid_client);
    }
    if ((purposes & WTL__PURPOSE_OTHER) != 0) {
        PUT_OID(out, other);
    }
    wtl__der_close(out, inner);
    wtl__x509_close_extension(out, mark);
}

/* RFC 7093 method 1: the first 160 bits of SHA-256 over the key's bits. */
static void put_key_ids(struct wtl__der_out *out, const struct wtl__cert_spec *spec)
{
    uint8_t digest[crypto_hash_sha256_BYTES];
    struct wtl__der_view authority = spec->authority_key_id;
    (void)crypto_hash_sha256(digest, spec->point, WTL__P256_POINT);
    struct wtl__extension_mark mark = wtl__x509_open_extension(out, wtl__oid_subject_key_id, false);
    wtl__der_put(out, WTL__DER_OCTETS, digest, WTL__KEY_ID);
    wtl__x509_close_extension(out, mark);
    if (spec->issuer.size == 0) {
        authority = (struct wtl__der_view){digest, WTL__KEY_ID};
    }
    if (authority.size != 0) {
        wtl__x509_put_authority_key_id(out, authority);
    }
}

static void put_sans(struct wtl__der_out *out, const struct wtl__cert_spec *spec)
{
    struct wtl__extension_mark mark = wtl__x509_open_extension(out, wtl__oid_alt_name, false);
    size_t inner = wtl__der_open(out, WTL__DER_SEQUENCE);
    for (size_t i = 0; i < spec->san_count; i++) {
        wtl__der_put(out, spec->sans[i].tag, spec->sans[i].bytes, spec->sans[i].size);
    }
    wtl__der_close(out, inner);
    wtl__x509_close_extension(out, mark);
}

static void put_extensions(struct wtl__der_out *out, const struct wtl__cert_spec *spec)
{
    size_t tagged = wtl__der_open(out, WTL__DER_CONTEXT_0 + 3);
    size_t list = wtl__der_open(out, WTL__DER_SEQUENCE);
    if (spec->has_constraints) {
        put_constraints(out, spec);
    }
    if (spec->usage != 0) {
        put_usage(out, spec->usage);
    }
    if (spec->purposes != 0) {
        put_purposes(out, spec->purposes);
    }
    put_key_ids(out, spec);
    if (spec->san_count != 0) {
        put_sans(out, spec);
    }
    wtl__der_close(out, list);
    wtl__der_close(out, tagged);
}

/* ---- the whole ------------------------------------------------------------------------------ */

static void put_tbs(struct wtl__der_out *out, const struct wtl__cert_spec *spec)
{
    size_t tbs = wtl__der_open(out, WTL__DER_SEQUENCE);
    size_t version = wtl__der_open(out, WTL__DER_CONTEXT_0);
    wtl__der_put_small(out, 2);
    wtl__der_close(out, version);
    wtl__der_put_unsigned(out, spec->serial, sizeof spec->serial);
    wtl__x509_put_algorithm(out);
    if (spec->issuer.size != 0) {
        wtl__der_put_raw(out, spec->issuer.bytes, spec->issuer.size);
    } else {
        put_subject(out, spec);
    }
    size_t validity = wtl__der_open(out, WTL__DER_SEQUENCE);
    wtl__der_put_time(out, spec->not_before_s);
    wtl__der_put_time(out, spec->not_after_s);
    wtl__der_close(out, validity);
    put_subject(out, spec);
    put_public_key(out, spec->point);
    put_extensions(out, spec);
    wtl__der_close(out, tbs);
}

enum wtl_status wtl__cert_make(const struct wtl__cert_spec *spec, const uint8_t *scalar,
                               struct wtl_der *der_out, struct wtl_error *error)
{
    uint8_t buffer[WTL_CERT_MAX];
    struct wtl__der_out out = {.bytes = buffer, .capacity = sizeof buffer - WTL__P256_SIGN_ROOM};
    size_t size = 0;
    *der_out = (struct wtl_der){0};
    put_tbs(&out, spec);
    if (out.overflow) {
        return wtl_fail(error, WTL_TOO_LARGE, "the certificate of %s needs more than %u bytes",
                        spec->common_name, WTL_CERT_MAX);
    }
    enum wtl_status status = wtl__p256_sign_tbs(scalar, buffer, out.size, sizeof buffer, &size);
    if (status == WTL_OK) {
        status = wtl__der_copy(buffer, size, der_out);
    }
    if (status != WTL_OK) {
        return wtl_fail(error, status, "the certificate of %s could not be signed: %s",
                        spec->common_name, wtl_status_text(status));
    }
    return WTL_OK;
}
