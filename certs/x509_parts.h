/*
 * x509_parts.h - what certificates and revocation lists have in common: a frame that is signed, the
 * algorithm of the signature, and extensions.
 *
 * Thread: any; no state. Owns: results borrow the bytes they were read from.
 */
#ifndef WTL_CERTS_X509_PARTS_H
#define WTL_CERTS_X509_PARTS_H

#include "certs/der.h"
#include "certs/p256.h"

/* Extensions that one certificate, list or entry of a list may have. */
#define WTL__EXTENSIONS_MAX 16u

#define WTL__IS_OID(view, oid) wtl__x509_is_oid((view), (oid), sizeof(oid))
bool wtl__x509_is_oid(struct wtl__der_view view, const uint8_t *oid, size_t size);

/* ---- reading ---- errors begin with `what`: "certificate", "revocation list" ----------------- */

/* "certificate, serial: expected ..., came something else" */
enum wtl_status wtl__x509_refuse(struct wtl_error *error, const char *what, const char *field,
                                 const char *expected);

struct wtl__signed {
    struct wtl__der_view tbs;       /* content of what was signed */
    struct wtl__der_view tbs_whole; /* the same with its tag */
    struct wtl__der_view algorithm; /* AlgorithmIdentifier, with its tag */
    struct wtl__der_view signature;
};

/* SEQUENCE { tbs, algorithm, BIT STRING signature } and nothing behind it. */
bool wtl__x509_read_signed(struct wtl__der_view der, struct wtl__signed *signed_out) WTL_MUST_USE;

/* Takes the AlgorithmIdentifier inside of the signed part, which has to be `outer`; ECDSA with
 * SHA-256 or better, or WTL__SIGNATURE_OTHER. */
bool wtl__x509_take_algorithm(struct wtl__der_view *in, struct wtl__der_view outer,
                              enum wtl__signature *algorithm_out) WTL_MUST_USE;

struct wtl__extension {
    struct wtl__der_view oid;
    struct wtl__der_view content; /* of its OCTET STRING */
    bool critical;
};

/* What is made of one extension; anything but WTL_OK ends the walk. */
typedef enum wtl_status (*wtl__extension_fn)(void *context, const struct wtl__extension *extension,
                                             struct wtl_error *error);

/* Walks through a list of extensions (without its tag), each of which may stand there once.
 * Fails: WTL_IDENTITY, or as `read` does. Bounds: WTL__EXTENSIONS_MAX. */
enum wtl_status wtl__x509_each_extension(struct wtl__der_view list, const char *what,
                                         wtl__extension_fn read, void *context,
                                         struct wtl_error *error) WTL_MUST_USE;

/* The key identifier, from the content of that extension; empty when it has only other fields. */
bool wtl__x509_read_authority_key_id(struct wtl__der_view content,
                                     struct wtl__der_view *id_out) WTL_MUST_USE;

/* ---- making --------------------------------------------------------------------------------- */

/* AlgorithmIdentifier {ecdsa-with-SHA256} */
void wtl__x509_put_algorithm(struct wtl__der_out *out);

/* An extension whose content follows, up to the close with the returned mark. */
struct wtl__extension_mark {
    size_t whole;
    size_t octets;
};
struct wtl__extension_mark wtl__x509_open_extension(struct wtl__der_out *out, const uint8_t oid[3],
                                                    bool critical);
void wtl__x509_close_extension(struct wtl__der_out *out, struct wtl__extension_mark mark);

void wtl__x509_put_authority_key_id(struct wtl__der_out *out, struct wtl__der_view id);

#endif
