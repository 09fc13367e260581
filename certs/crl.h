/*
 * crl.h - revocation lists in DER (RFC 5280, version 2): making them and taking them apart.
 *
 * A list is one CA's word about its own certificates: complete (no deltas, no lists for others),
 * numbered, and with a time by which the next one has to be there. Reading does not judge:
 * revoked.h follows signatures and says what a list means.
 *
 * Thread: any; no state. Owns: a struct wtl__crl borrows the bytes that it was read from.
 */
#ifndef WTL_CERTS_CRL_H
#define WTL_CERTS_CRL_H

#include "certs/bundle.h"
#include "certs/x509_parts.h"

/* Certificates in one list. */
#define WTL__CRL_ENTRIES_MAX 16384u
/* A serial number, with zeros in front up to this many bytes, so that it compares as bytes do. */
#define WTL__SERIAL_MAX 20u

struct wtl__crl_entry {
    uint8_t serial[WTL__SERIAL_MAX];
    int64_t at_s; /* when it was revoked */
};

struct wtl__crl {
    struct wtl__der_view tbs; /* what was signed, with its tag */
    struct wtl__der_view signature;
    enum wtl__signature algorithm;
    struct wtl__der_view issuer; /* Name, with its tag */
    int64_t this_update_s;
    int64_t next_update_s;
    uint64_t number;
    struct wtl__der_view authority_key_id;
    struct wtl__der_view entries; /* for wtl__crl_next; every one of them was read once */
    size_t count;
};

/* Takes one list apart; everything has to be DER to the last byte.
 * Fails: WTL_IDENTITY, naming the field. Bounds: WTL__CRL_ENTRIES_MAX. */
enum wtl_status wtl__crl_read(struct wtl__der_view der, struct wtl__crl *crl_out,
                              struct wtl_error *error) WTL_MUST_USE;

/* Takes the next entry off `entries`; false at the end. */
bool wtl__crl_next(struct wtl__der_view *entries, struct wtl__crl_entry *entry_out) WTL_MUST_USE;

/* The magnitude of a serial as it stands in an entry. Bounds: 1 to WTL__SERIAL_MAX bytes. */
void wtl__crl_serial(struct wtl__der_view magnitude, uint8_t serial_out[WTL__SERIAL_MAX]);

struct wtl__crl_spec {
    struct wtl__der_view issuer; /* the CA's subject, with its tag */
    struct wtl__der_view authority_key_id;
    uint64_t number;
    int64_t this_update_s;
    int64_t next_update_s;
    const struct wtl__crl_entry *entries;
    size_t count;
};

/* Makes and signs a list. Owns: the caller frees it (wtl__der_free).
 * Fails: WTL_TOO_LARGE over WTL__CRL_ENTRIES_MAX, WTL_NO_MEMORY, WTL_SYSTEM. */
enum wtl_status wtl__crl_make(const struct wtl__crl_spec *spec, const uint8_t *scalar,
                              struct wtl_der *der_out, struct wtl_error *error) WTL_MUST_USE;

#endif
