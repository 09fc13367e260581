/*
 * crl.c - see crl.h. What would make a list mean something else than it says at first sight (a
 * critical extension that is not known: deltas, lists for other CAs, certificates "on hold") is
 * refused, as RFC 5280 wants it of whoever does not know it.
 *
 * Thread: any. Owns: nothing between calls.
 */
#include "certs/crl.h"

#include <stdlib.h>
#include <string.h>

#include "certs/key.h"
#include "certs/oids.h"

#define WHAT "revocation list"

/* One entry takes 2 + 2 + 21 bytes of serial and 2 + 15 of time at most; the rest of a list, a name
 * included, fits what a certificate may take. */
#define ENTRY_ROOM 48u

static enum wtl_status refuse(struct wtl_error *error, const char *field, const char *expected)
{
    return wtl__x509_refuse(error, WHAT, field, expected);
}

void wtl__crl_serial(struct wtl__der_view magnitude, uint8_t serial_out[WTL__SERIAL_MAX])
{
    memset(serial_out, 0, WTL__SERIAL_MAX);
    memcpy(serial_out + WTL__SERIAL_MAX - magnitude.size, magnitude.bytes, magnitude.size);
}

/* ---- reading -------------------------------------------------------------------------------- */

static enum wtl_status refuse_critical(const struct wtl__extension *extension,
                                       struct wtl_error *error)
{
    if (extension->critical) {
        return wtl_fail(error, WTL_IDENTITY,
                        WHAT ", extension: expected none that is critical, came one; wattle reads "
                             "complete lists of one CA");
    }
    return WTL_OK;
}

static enum wtl_status read_number(struct wtl__der_view in, struct wtl__crl *crl,
                                   struct wtl_error *error)
{
    struct wtl__der_view number;
    if (!wtl__der_take_unsigned(&in, &number) || in.size != 0 || number.size > sizeof crl->number) {
        return refuse(error, "number", "a number of 8 bytes at most");
    }
    for (size_t i = 0; i < number.size; i++) {
        crl->number = crl->number << 8 | number.bytes[i];
    }
    return WTL_OK;
}

struct extensions {
    struct wtl__crl *crl;
    bool has_number;
};

static enum wtl_status read_extension(void *context, const struct wtl__extension *extension,
                                      struct wtl_error *error)
{
    struct extensions *extensions = context;
    if (WTL__IS_OID(extension->oid, wtl__oid_crl_number)) {
        extensions->has_number = true;
        return read_number(extension->content, extensions->crl, error);
    }
    if (WTL__IS_OID(extension->oid, wtl__oid_authority_key_id)) {
        return wtl__x509_read_authority_key_id(extension->content,
                                               &extensions->crl->authority_key_id)
                   ? WTL_OK
                   : refuse(error, "authority key identifier", "a key identifier");
    }
    return refuse_critical(extension, error);
}

static enum wtl_status read_extensions(struct wtl__der_view in, struct wtl__crl *crl,
                                       struct wtl_error *error)
{
    struct extensions extensions = {.crl = crl};
    struct wtl__der_view tagged;
    struct wtl__der_view list;
    if (!wtl__der_take(&in, WTL__DER_CONTEXT_0, &tagged) || in.size != 0 ||
        !wtl__der_take(&tagged, WTL__DER_SEQUENCE, &list) || tagged.size != 0) {
        return refuse(error, "extensions", "those of version 2 and nothing after them");
    }
    enum wtl_status status =
        wtl__x509_each_extension(list, WHAT, read_extension, &extensions, error);
    if (status == WTL_OK && !extensions.has_number) {
        status = wtl_fail(error, WTL_IDENTITY, WHAT ", number: expected one, came none");
    }
    if (status == WTL_OK && crl->authority_key_id.size == 0) {
        status = wtl_fail(error, WTL_IDENTITY,
                          WHAT ", authority key identifier: expected one, came none");
    }
    return status;
}

static enum wtl_status read_entry_extension(void *context, const struct wtl__extension *extension,
                                            struct wtl_error *error)
{
    (void)context;
    return refuse_critical(extension, error);
}

/* Takes one entry; *extensions_out is empty when it has none. */
static bool take_entry(struct wtl__der_view *in, struct wtl__crl_entry *entry_out,
                       struct wtl__der_view *extensions_out)
{
    struct wtl__der_view entry;
    struct wtl__der_view serial;
    *extensions_out = (struct wtl__der_view){0};
    if (!wtl__der_take(in, WTL__DER_SEQUENCE, &entry) || !wtl__der_take_unsigned(&entry, &serial) ||
        serial.size > WTL__SERIAL_MAX || !wtl__der_take_time(&entry, &entry_out->at_s) ||
        (entry.size != 0 && (!wtl__der_take(&entry, WTL__DER_SEQUENCE, extensions_out) ||
                             extensions_out->size == 0 || entry.size != 0))) {
        return false;
    }
    wtl__crl_serial(serial, entry_out->serial);
    return true;
}

bool wtl__crl_next(struct wtl__der_view *entries, struct wtl__crl_entry *entry_out)
{
    struct wtl__der_view extensions;
    return entries->size != 0 && take_entry(entries, entry_out, &extensions);
}

static enum wtl_status read_entries(struct wtl__crl *crl, struct wtl_error *error)
{
    struct wtl__der_view in = crl->entries;
    while (in.size != 0) {
        struct wtl__crl_entry entry;
        struct wtl__der_view extensions;
        if (crl->count == WTL__CRL_ENTRIES_MAX) {
            return wtl_fail(error, WTL_IDENTITY,
                            WHAT ": expected %u certificates at most, came more",
                            WTL__CRL_ENTRIES_MAX);
        }
        if (!take_entry(&in, &entry, &extensions)) {
            return refuse(error, "entry", "a serial of 20 bytes at most and a time");
        }
        enum wtl_status status =
            wtl__x509_each_extension(extensions, WHAT, read_entry_extension, NULL, error);
        if (status != WTL_OK) {
            return status;
        }
        crl->count++;
    }
    return WTL_OK;
}

enum wtl_status wtl__crl_read(struct wtl__der_view der, struct wtl__crl *crl_out,
                              struct wtl_error *error)
{
    struct wtl__signed whole;
    struct wtl__der_view name;
    unsigned version;
    *crl_out = (struct wtl__crl){0};
    if (!wtl__x509_read_signed(der, &whole)) {
        return refuse(error, "frame", "one X.509 list in DER");
    }
    crl_out->tbs = whole.tbs_whole;
    crl_out->signature = whole.signature;
    struct wtl__der_view in = whole.tbs;
    if (!wtl__der_take_small(&in, &version) || version != 1) {
        return refuse(error, "version", "X.509 lists of version 2");
    }
    if (!wtl__x509_take_algorithm(&in, whole.algorithm, &crl_out->algorithm)) {
        return refuse(error, "signature algorithm", "the same inside and outside");
    }
    if (!wtl__der_take_whole(&in, WTL__DER_SEQUENCE, &name, &crl_out->issuer) || name.size == 0) {
        return refuse(error, "issuer", "a name");
    }
    if (!wtl__der_take_time(&in, &crl_out->this_update_s) ||
        !wtl__der_take_time(&in, &crl_out->next_update_s) ||
        crl_out->this_update_s >= crl_out->next_update_s) {
        return refuse(error, "validity", "a time (UTC, with seconds) and a later one");
    }
    /* an empty list leaves them out altogether */
    if (wtl__der_next_is(&in, WTL__DER_SEQUENCE) &&
        (!wtl__der_take(&in, WTL__DER_SEQUENCE, &crl_out->entries) || crl_out->entries.size == 0)) {
        return refuse(error, "entries", "one at least, or no sequence of them");
    }
    enum wtl_status status = read_entries(crl_out, error);
    return status == WTL_OK ? read_extensions(in, crl_out, error) : status;
}

/* ---- making --------------------------------------------------------------------------------- */

static void put_extensions(struct wtl__der_out *out, const struct wtl__crl_spec *spec)
{
    uint8_t number[sizeof spec->number];
    for (size_t i = 0; i < sizeof number; i++) {
        number[i] = (uint8_t)(spec->number >> (8 * (sizeof number - 1 - i)));
    }
    size_t tagged = wtl__der_open(out, WTL__DER_CONTEXT_0);
    size_t list = wtl__der_open(out, WTL__DER_SEQUENCE);
    wtl__x509_put_authority_key_id(out, spec->authority_key_id);
    struct wtl__extension_mark mark = wtl__x509_open_extension(out, wtl__oid_crl_number, false);
    wtl__der_put_unsigned(out, number, sizeof number);
    wtl__x509_close_extension(out, mark);
    wtl__der_close(out, list);
    wtl__der_close(out, tagged);
}

static void put_entries(struct wtl__der_out *out, const struct wtl__crl_spec *spec)
{
    size_t list = wtl__der_open(out, WTL__DER_SEQUENCE);
    for (size_t i = 0; i < spec->count; i++) {
        size_t entry = wtl__der_open(out, WTL__DER_SEQUENCE);
        wtl__der_put_unsigned(out, spec->entries[i].serial, WTL__SERIAL_MAX);
        wtl__der_put_time(out, spec->entries[i].at_s);
        wtl__der_close(out, entry);
    }
    wtl__der_close(out, list);
}

static void put_tbs(struct wtl__der_out *out, const struct wtl__crl_spec *spec)
{
    size_t tbs = wtl__der_open(out, WTL__DER_SEQUENCE);
    wtl__der_put_small(out, 1);
    wtl__x509_put_algorithm(out);
    wtl__der_put_raw(out, spec->issuer.bytes, spec->issuer.size);
    wtl__der_put_time(out, spec->this_update_s);
    wtl__der_put_time(out, spec->next_update_s);
    if (spec->count != 0) {
        put_entries(out, spec);
    }
    put_extensions(out, spec);
    wtl__der_close(out, tbs);
}

enum wtl_status wtl__crl_make(const struct wtl__crl_spec *spec, const uint8_t *scalar,
                              struct wtl_der *der_out, struct wtl_error *error)
{
    *der_out = (struct wtl_der){0};
    if (spec->count > WTL__CRL_ENTRIES_MAX) {
        return wtl_fail(error, WTL_TOO_LARGE, WHAT ": expected %u certificates at most, came %zu",
                        WTL__CRL_ENTRIES_MAX, spec->count);
    }
    size_t capacity = WTL_CERT_MAX + spec->count * ENTRY_ROOM + WTL__P256_SIGN_ROOM;
    uint8_t *buffer = malloc(capacity);
    if (buffer == NULL) {
        return wtl_fail(error, WTL_NO_MEMORY, "no memory for the " WHAT);
    }
    struct wtl__der_out out = {.bytes = buffer, .capacity = capacity - WTL__P256_SIGN_ROOM};
    size_t size = 0;
    put_tbs(&out, spec);
    enum wtl_status status = out.overflow ? WTL_TOO_LARGE : WTL_OK;
    if (status == WTL_OK) {
        status = wtl__p256_sign_tbs(scalar, buffer, out.size, capacity, &size);
    }
    if (status == WTL_OK) {
        status = wtl__der_copy(buffer, size, der_out);
    }
    free(buffer);
    return status == WTL_OK ? WTL_OK
                            : wtl_fail(error, status, "the " WHAT " could not be signed: %s",
                                       wtl_status_text(status));
}
