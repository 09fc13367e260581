/* x509_parts.c - see x509_parts.h. Thread: any. Owns: nothing. */
#include "certs/x509_parts.h"

#include <string.h>

#include "certs/oids.h"

/* authorityKeyIdentifier, keyIdentifier: [0], primitive */
#define KEY_ID_TAG 0x80

bool wtl__x509_is_oid(struct wtl__der_view view, const uint8_t *oid, size_t size)
{
    return view.size == size && memcmp(view.bytes, oid, size) == 0;
}

enum wtl_status wtl__x509_refuse(struct wtl_error *error, const char *what, const char *field,
                                 const char *expected)
{
    return wtl_fail(error, WTL_IDENTITY, "%s, %s: expected %s, came something else", what, field,
                    expected);
}

/* ---- reading -------------------------------------------------------------------------------- */

bool wtl__x509_read_signed(struct wtl__der_view der, struct wtl__signed *signed_out)
{
    struct wtl__der_view whole;
    struct wtl__der_view content;
    unsigned unused;
    return wtl__der_take(&der, WTL__DER_SEQUENCE, &whole) && der.size == 0 &&
           wtl__der_take_whole(&whole, WTL__DER_SEQUENCE, &signed_out->tbs,
                               &signed_out->tbs_whole) &&
           wtl__der_take_whole(&whole, WTL__DER_SEQUENCE, &content, &signed_out->algorithm) &&
           wtl__der_take_bits(&whole, &signed_out->signature, &unused) && unused == 0 &&
           whole.size == 0;
}

/* ECDSA with SHA-256 or better; parameters have to be absent (RFC 5758). */
static enum wtl__signature signature_of(struct wtl__der_view algorithm)
{
    struct wtl__der_view oid;
    if (!wtl__der_take(&algorithm, WTL__DER_OID, &oid) || algorithm.size != 0 ||
        oid.size != sizeof wtl__oid_ecdsa_sha256 ||
        memcmp(oid.bytes, wtl__oid_ecdsa_sha256, oid.size - 1) != 0) {
        return WTL__SIGNATURE_OTHER;
    }
    switch (oid.bytes[oid.size - 1]) {
    case 2:
        return WTL__SIGNATURE_SHA256;
    case 3:
        return WTL__SIGNATURE_SHA384;
    case 4:
        return WTL__SIGNATURE_SHA512;
    default:
        return WTL__SIGNATURE_OTHER;
    }
}

bool wtl__x509_take_algorithm(struct wtl__der_view *in, struct wtl__der_view outer,
                              enum wtl__signature *algorithm_out)
{
    struct wtl__der_view content;
    struct wtl__der_view whole;
    if (!wtl__der_take_whole(in, WTL__DER_SEQUENCE, &content, &whole) ||
        !wtl__der_equal(whole, outer)) {
        return false;
    }
    *algorithm_out = signature_of(content);
    return true;
}

static enum wtl_status read_extension(struct wtl__der_view in, const char *what,
                                      struct wtl__extension *extension_out, struct wtl_error *error)
{
    struct wtl__der_view critical = {0};
    if (!wtl__der_take(&in, WTL__DER_OID, &extension_out->oid)) {
        return wtl__x509_refuse(error, what, "extension", "an object identifier");
    }
    if (wtl__der_next_is(&in, WTL__DER_BOOLEAN) &&
        (!wtl__der_take(&in, WTL__DER_BOOLEAN, &critical) || critical.size != 1 ||
         critical.bytes[0] != 0xff)) {
        return wtl__x509_refuse(error, what, "extension", "TRUE as its criticality, or none");
    }
    extension_out->critical = critical.size != 0;
    if (!wtl__der_take(&in, WTL__DER_OCTETS, &extension_out->content) || in.size != 0) {
        return wtl__x509_refuse(error, what, "extension", "one octet string");
    }
    return WTL_OK;
}

enum wtl_status wtl__x509_each_extension(struct wtl__der_view list, const char *what,
                                         wtl__extension_fn read, void *context,
                                         struct wtl_error *error)
{
    struct wtl__der_view seen[WTL__EXTENSIONS_MAX];
    size_t count = 0;
    while (list.size != 0) {
        struct wtl__extension extension = {0};
        struct wtl__der_view content;
        if (count == WTL__EXTENSIONS_MAX) {
            return wtl_fail(error, WTL_IDENTITY, "%s, extensions: expected %u at most, came more",
                            what, WTL__EXTENSIONS_MAX);
        }
        if (!wtl__der_take(&list, WTL__DER_SEQUENCE, &content)) {
            return wtl__x509_refuse(error, what, "extensions", "a sequence of extensions");
        }
        enum wtl_status status = read_extension(content, what, &extension, error);
        if (status == WTL_OK) {
            status = read(context, &extension, error);
        }
        if (status != WTL_OK) {
            return status;
        }
        for (size_t i = 0; i < count; i++) {
            if (wtl__der_equal(seen[i], extension.oid)) {
                return wtl_fail(error, WTL_IDENTITY,
                                "%s, extensions: expected each once, came one twice", what);
            }
        }
        seen[count++] = extension.oid;
    }
    return WTL_OK;
}

bool wtl__x509_read_authority_key_id(struct wtl__der_view in, struct wtl__der_view *id_out)
{
    struct wtl__der_view content;
    if (!wtl__der_take(&in, WTL__DER_SEQUENCE, &content) || in.size != 0) {
        return false;
    }
    /* issuer and serial may follow; the key identifier is what chains are matched by */
    return !wtl__der_next_is(&content, KEY_ID_TAG) || wtl__der_take(&content, KEY_ID_TAG, id_out);
}

/* ---- making --------------------------------------------------------------------------------- */

void wtl__x509_put_algorithm(struct wtl__der_out *out)
{
    size_t mark = wtl__der_open(out, WTL__DER_SEQUENCE);
    wtl__der_put(out, WTL__DER_OID, wtl__oid_ecdsa_sha256, sizeof wtl__oid_ecdsa_sha256);
    wtl__der_close(out, mark);
}

struct wtl__extension_mark wtl__x509_open_extension(struct wtl__der_out *out, const uint8_t oid[3],
                                                    bool critical)
{
    struct wtl__extension_mark mark;
    mark.whole = wtl__der_open(out, WTL__DER_SEQUENCE);
    wtl__der_put(out, WTL__DER_OID, oid, 3);
    if (critical) {
        wtl__der_put_true(out);
    }
    mark.octets = wtl__der_open(out, WTL__DER_OCTETS);
    return mark;
}

void wtl__x509_close_extension(struct wtl__der_out *out, struct wtl__extension_mark mark)
{
    wtl__der_close(out, mark.octets);
    wtl__der_close(out, mark.whole);
}

void wtl__x509_put_authority_key_id(struct wtl__der_out *out, struct wtl__der_view id)
{
    struct wtl__extension_mark mark =
        wtl__x509_open_extension(out, wtl__oid_authority_key_id, false);
    size_t inner = wtl__der_open(out, WTL__DER_SEQUENCE);
    wtl__der_put(out, KEY_ID_TAG, id.bytes, id.size);
    wtl__der_close(out, inner);
    wtl__x509_close_extension(out, mark);
}
