/*
 * x509_read.c - takes a certificate apart, strictly and within bounds.
 *
 * What is not DER to the last byte, not version 3, or says the same thing twice is refused. An
 * extension that is critical and not understood is refused; others are skipped.
 *
 * Thread: any. Owns: nothing; results borrow the certificate's bytes.
 */
#include <sodium.h>
#include <string.h>

#include "certs/oids.h"
#include "certs/x509.h"
#include "certs/x509_parts.h"

static enum wtl_status refuse(struct wtl_error *error, const char *field, const char *expected)
{
    return wtl__x509_refuse(error, "certificate", field, expected);
}

bool wtl__x509_is_p256_oid(struct wtl__der_view oid)
{
    return WTL__IS_OID(oid, wtl__oid_p256);
}

bool wtl__x509_take_p256(struct wtl__der_view *in)
{
    struct wtl__der_view rest = *in;
    struct wtl__der_view algorithm;
    struct wtl__der_view kind;
    struct wtl__der_view curve;
    if (!wtl__der_take(&rest, WTL__DER_SEQUENCE, &algorithm) ||
        !wtl__der_take(&algorithm, WTL__DER_OID, &kind) ||
        !wtl__der_take(&algorithm, WTL__DER_OID, &curve) || algorithm.size != 0 ||
        !WTL__IS_OID(kind, wtl__oid_ec_public_key) || !WTL__IS_OID(curve, wtl__oid_p256)) {
        return false;
    }
    *in = rest;
    return true;
}

/* ---- extensions: each reader gets the content of the OCTET STRING ---------------------------- */

static bool read_constraints(struct wtl__der_view in, struct wtl__cert *cert)
{
    struct wtl__der_view content;
    if (!wtl__der_take(&in, WTL__DER_SEQUENCE, &content) || in.size != 0) {
        return false;
    }
    cert->has_constraints = true;
    cert->path_len = -1;
    if (wtl__der_next_is(&content, WTL__DER_BOOLEAN)) {
        struct wtl__der_view value;
        if (!wtl__der_take(&content, WTL__DER_BOOLEAN, &value) || value.size != 1 ||
            value.bytes[0] != 0xff) {
            return false;
        }
        cert->is_ca = true;
    }
    if (cert->is_ca && content.size != 0) {
        unsigned path_len;
        if (!wtl__der_take_small(&content, &path_len)) {
            return false;
        }
        cert->path_len = (int)path_len;
    }
    return content.size == 0;
}

static bool read_usage(struct wtl__der_view in, struct wtl__cert *cert)
{
    struct wtl__der_view bits;
    unsigned unused;
    if (!wtl__der_take_bits(&in, &bits, &unused) || in.size != 0 || bits.size < 1 ||
        bits.size > 2) {
        return false;
    }
    cert->has_usage = true;
    cert->usage = bits.bytes[0];
    return true;
}

static bool read_purposes(struct wtl__der_view in, struct wtl__cert *cert)
{
    struct wtl__der_view list;
    if (!wtl__der_take(&in, WTL__DER_SEQUENCE, &list) || in.size != 0 || list.size == 0) {
        return false;
    }
    cert->has_purposes = true;
    while (list.size != 0) {
        struct wtl__der_view oid;
        if (!wtl__der_take(&list, WTL__DER_OID, &oid)) {
            return false;
        }
        cert->purposes |= WTL__IS_OID(oid, wtl__oid_server)   ? WTL__PURPOSE_SERVER
                          : WTL__IS_OID(oid, wtl__oid_client) ? WTL__PURPOSE_CLIENT
                                                              : WTL__PURPOSE_OTHER;
    }
    return true;
}

static bool read_sans(struct wtl__der_view in, struct wtl__cert *cert)
{
    return wtl__der_take(&in, WTL__DER_SEQUENCE, &cert->sans) && in.size == 0 &&
           cert->sans.size != 0;
}

static bool read_subject_key_id(struct wtl__der_view in, struct wtl__cert *cert)
{
    return wtl__der_take(&in, WTL__DER_OCTETS, &cert->subject_key_id) && in.size == 0 &&
           cert->subject_key_id.size != 0;
}

static bool read_authority_key_id(struct wtl__der_view in, struct wtl__cert *cert)
{
    return wtl__x509_read_authority_key_id(in, &cert->authority_key_id);
}

static const struct known_extension {
    const uint8_t *oid; /* three bytes each */
    const char *field;
    const char *expected;
    bool (*read)(struct wtl__der_view in, struct wtl__cert *cert);
} known_extensions[] = {
    {wtl__oid_constraints, "basic constraints", "CA and a path length of 0 to 255",
     read_constraints},
    {wtl__oid_key_usage, "key usage", "a bit string of one or two octets", read_usage},
    {wtl__oid_purposes, "extended key usage", "a list of purposes", read_purposes},
    {wtl__oid_alt_name, "alternative names", "a list of names", read_sans},
    {wtl__oid_subject_key_id, "subject key identifier", "an octet string", read_subject_key_id},
    {wtl__oid_authority_key_id, "authority key identifier", "a key identifier",
     read_authority_key_id},
};

static enum wtl_status read_extension(void *context, const struct wtl__extension *extension,
                                      struct wtl_error *error)
{
    struct wtl__cert *cert = context;
    for (size_t i = 0; i < sizeof known_extensions / sizeof known_extensions[0]; i++) {
        const struct known_extension *known = &known_extensions[i];
        if (wtl__x509_is_oid(extension->oid, known->oid, 3)) {
            return known->read(extension->content, cert)
                       ? WTL_OK
                       : refuse(error, known->field, known->expected);
        }
    }
    if (extension->critical) {
        return wtl_fail(error, WTL_IDENTITY,
                        "certificate, extension: expected critical ones that wattle knows, came "
                        "an unknown one");
    }
    return WTL_OK;
}

/* ---- the signed part ------------------------------------------------------------------------ */

static enum wtl_status read_serial_and_names(struct wtl__der_view *in,
                                             struct wtl__der_view outer_algorithm,
                                             struct wtl__cert *cert, struct wtl_error *error)
{
    struct wtl__der_view version;
    struct wtl__der_view content;
    struct wtl__der_view validity;
    unsigned number;
    if (!wtl__der_take(in, WTL__DER_CONTEXT_0, &version) ||
        !wtl__der_take_small(&version, &number) || version.size != 0 || number != 2) {
        return refuse(error, "version", "X.509 version 3");
    }
    if (!wtl__der_take_unsigned(in, &cert->serial) || cert->serial.size > 20 ||
        (cert->serial.size == 1 && cert->serial.bytes[0] == 0)) {
        return refuse(error, "serial", "a positive number of 20 bytes at most");
    }
    if (!wtl__x509_take_algorithm(in, outer_algorithm, &cert->algorithm)) {
        return refuse(error, "signature algorithm", "the same inside and outside");
    }
    if (!wtl__der_take_whole(in, WTL__DER_SEQUENCE, &content, &cert->issuer) || content.size == 0) {
        return refuse(error, "issuer", "a name");
    }
    if (!wtl__der_take(in, WTL__DER_SEQUENCE, &validity) ||
        !wtl__der_take_time(&validity, &cert->not_before_s) ||
        !wtl__der_take_time(&validity, &cert->not_after_s) || validity.size != 0 ||
        cert->not_before_s >= cert->not_after_s) {
        return refuse(error, "validity", "a time (UTC, with seconds) and a later one");
    }
    if (!wtl__der_take_whole(in, WTL__DER_SEQUENCE, &content, &cert->subject)) {
        return refuse(error, "subject", "a name");
    }
    return WTL_OK;
}

static enum wtl_status read_public_key(struct wtl__der_view *in, struct wtl__cert *cert,
                                       struct wtl_error *error)
{
    struct wtl__der_view info;
    struct wtl__der_view point;
    struct wtl__der_view other;
    unsigned unused;
    if (!wtl__der_take(in, WTL__DER_SEQUENCE, &info)) {
        return refuse(error, "public key", "a SubjectPublicKeyInfo");
    }
    if (wtl__x509_take_p256(&info)) {
        if (!wtl__der_take_bits(&info, &point, &unused) || unused != 0 || info.size != 0 ||
            point.size != WTL__P256_POINT || point.bytes[0] != 0x04) {
            return refuse(error, "public key", "an uncompressed point of P-256");
        }
        cert->point = point.bytes;
        return WTL_OK;
    }
    if (!wtl__der_take(&info, WTL__DER_SEQUENCE, &other) ||
        !wtl__der_take_bits(&info, &point, &unused) || info.size != 0) {
        return refuse(error, "public key", "an algorithm and a key");
    }
    return WTL_OK;
}

enum wtl_status wtl__cert_read(struct wtl__der_view der, struct wtl__cert *cert_out,
                               struct wtl_error *error)
{
    struct wtl__signed whole;
    struct wtl__der_view tagged;
    struct wtl__der_view list;
    *cert_out = (struct wtl__cert){.path_len = -1};
    if (der.size > WTL_CERT_MAX) {
        return wtl_fail(error, WTL_IDENTITY, "certificate: expected %u bytes at most, came %zu",
                        WTL_CERT_MAX, der.size);
    }
    if (!wtl__x509_read_signed(der, &whole)) {
        return refuse(error, "frame", "one X.509 certificate in DER");
    }
    cert_out->tbs = whole.tbs_whole;
    cert_out->signature = whole.signature;
    struct wtl__der_view tbs = whole.tbs;
    enum wtl_status status = read_serial_and_names(&tbs, whole.algorithm, cert_out, error);
    if (status == WTL_OK) {
        status = read_public_key(&tbs, cert_out, error);
    }
    if (status != WTL_OK) {
        return status;
    }
    if (!wtl__der_take(&tbs, WTL__DER_CONTEXT_0 + 3, &tagged) || tbs.size != 0 ||
        !wtl__der_take(&tagged, WTL__DER_SEQUENCE, &list) || tagged.size != 0) {
        return refuse(error, "extensions", "version 3 extensions and nothing after them");
    }
    return wtl__x509_each_extension(list, "certificate", read_extension, cert_out, error);
}

/* ---- names ---------------------------------------------------------------------------------- */

bool wtl__name_next(struct wtl__der_view *in, const char **kind_out,
                    struct wtl__der_view *value_out, bool *bad_out)
{
    struct wtl__der_view set;
    struct wtl__der_view pair;
    struct wtl__der_view oid;
    uint8_t tag;
    *bad_out = false;
    if (in->size == 0) {
        return false;
    }
    if (!wtl__der_take(in, WTL__DER_SET, &set) || !wtl__der_take(&set, WTL__DER_SEQUENCE, &pair) ||
        set.size != 0 || !wtl__der_take(&pair, WTL__DER_OID, &oid) ||
        !wtl__der_any(&pair, &tag, value_out) || pair.size != 0 ||
        (tag != WTL__DER_UTF8 && tag != WTL__DER_PRINTABLE && tag != WTL__DER_IA5)) {
        *bad_out = true;
        return false;
    }
    *kind_out = WTL__IS_OID(oid, wtl__oid_common_name)    ? "CN"
                : WTL__IS_OID(oid, wtl__oid_organisation) ? "O"
                                                          : "";
    return true;
}

char *wtl__name_text(struct wtl__der_view name, char text_out[WTL__NAME_TEXT])
{
    struct wtl__der_view in;
    struct wtl__der_view value;
    const char *kind;
    bool bad = false;
    size_t used = 0;
    text_out[0] = '\0';
    if (!wtl__der_take(&name, WTL__DER_SEQUENCE, &in)) {
        return text_out;
    }
    for (size_t i = 0; i < WTL__NAME_PARTS_MAX && wtl__name_next(&in, &kind, &value, &bad); i++) {
        if (kind[0] == '\0') {
            continue;
        }
        size_t kind_size = strlen(kind);
        /* ", CN=" and one byte of a value and the NUL have to fit */
        if (WTL__NAME_TEXT - used < kind_size + 5) {
            break;
        }
        if (used > 0) {
            memcpy(text_out + used, ", ", 2);
            used += 2;
        }
        memcpy(text_out + used, kind, kind_size);
        text_out[used + kind_size] = '=';
        used += kind_size + 1;
        (void)wtl__der_text(value, text_out + used, WTL__NAME_TEXT - used);
        used += strlen(text_out + used);
    }
    return text_out;
}

void wtl__name_hash(struct wtl__der_view name, uint8_t hash_out[WTL__NAME_HASH])
{
    (void)crypto_generichash(hash_out, WTL__NAME_HASH, name.bytes, name.size, NULL, 0);
}
