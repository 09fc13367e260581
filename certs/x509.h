/*
 * x509.h - certificates in DER: making them and taking them apart.
 *
 * Making: an own writer for the part that is signed, because the crypto library's writes basic
 * constraints that `openssl verify -x509_strict` refuses. Reading: an own strict walk, because the
 * identity gate must see what the library's parser leaves out. Neither judges: identity.c says what
 * a node's certificate must be, chain.c follows signatures.
 *
 * Thread: any. Owns: a struct wtl__cert borrows the bytes that it was read from.
 */
#ifndef WTL_CERTS_X509_H
#define WTL_CERTS_X509_H

#include "certs/bundle.h"
#include "certs/der.h"
#include "certs/p256.h"

/* Names in a subject, and alternative names that one certificate may have. */
#define WTL__NAME_PARTS_MAX 16u
#define WTL__SANS_MAX       16u

#define WTL__KEY_ID 20u

/* Key usage, first octet of the bit string. */
enum wtl__usage {
    WTL__USAGE_SIGN = 0x80,      /* digitalSignature */
    WTL__USAGE_SIGN_CERT = 0x04, /* keyCertSign */
    WTL__USAGE_SIGN_CRL = 0x02,  /* cRLSign */
};

/* Extended key usage, those that matter here. */
enum wtl__purpose { WTL__PURPOSE_SERVER = 1, WTL__PURPOSE_CLIENT = 2, WTL__PURPOSE_OTHER = 4 };

/* Tags of the alternative names that wattle's certificates may have. */
enum wtl__san_tag { WTL__SAN_DNS = 0x82, WTL__SAN_URI = 0x86, WTL__SAN_IP = 0x87 };

struct wtl__cert {
    struct wtl__der_view tbs; /* what was signed, with its tag */
    struct wtl__der_view signature;
    enum wtl__signature algorithm;
    struct wtl__der_view serial; /* magnitude, 1 to 20 bytes */
    struct wtl__der_view issuer; /* Name, with its tag */
    struct wtl__der_view subject;
    int64_t not_before_s;
    int64_t not_after_s;
    const uint8_t *point; /* 65 bytes; NULL: not a P-256 key */
    bool has_constraints;
    bool is_ca;
    int path_len; /* -1: no limit */
    bool has_usage;
    uint8_t usage; /* enum wtl__usage and others */
    bool has_purposes;
    unsigned purposes;         /* enum wtl__purpose */
    struct wtl__der_view sans; /* GeneralNames, without the tag; empty: none */
    struct wtl__der_view subject_key_id;
    struct wtl__der_view authority_key_id;
};

/* Takes one certificate apart; everything has to be DER to the last byte.
 * Fails: WTL_IDENTITY, naming the field. */
enum wtl_status wtl__cert_read(struct wtl__der_view der, struct wtl__cert *cert_out,
                               struct wtl_error *error) WTL_MUST_USE;

/* Takes the next value out of a Name's content: "O" or "CN", or "" for others. False at the end and
 * when it is malformed, which `*bad_out` tells apart. */
bool wtl__name_next(struct wtl__der_view *in, const char **kind_out,
                    struct wtl__der_view *value_out, bool *bad_out) WTL_MUST_USE;

/* A Name as "O=climate, CN=sensor-1", printable. Returns `text_out`. */
#define WTL__NAME_TEXT 160
char *wtl__name_text(struct wtl__der_view name, char text_out[WTL__NAME_TEXT]);

/* BLAKE2b-256 of a Name with its tag: what identities and lists know a CA by. */
#define WTL__NAME_HASH sizeof(((struct wtl_identity *)0)->issuer)
void wtl__name_hash(struct wtl__der_view name, uint8_t hash_out[WTL__NAME_HASH]);

/* ---- making --------------------------------------------------------------------------------- */

struct wtl__san {
    uint8_t tag; /* enum wtl__san_tag */
    const void *bytes;
    size_t size;
};

struct wtl__cert_spec {
    uint8_t serial[16];
    const char *organisation;
    const char *common_name;
    struct wtl__der_view issuer; /* Name, with its tag; empty: self-signed */
    struct wtl__der_view authority_key_id;
    int64_t not_before_s;
    int64_t not_after_s;
    const uint8_t *point;
    bool has_constraints;
    bool is_ca;
    int path_len;  /* -1: no limit */
    uint8_t usage; /* 0: no such extension; also for the next two */
    unsigned purposes;
    const struct wtl__san *sans;
    size_t san_count;
};

/* Makes and signs a certificate. Owns: the caller frees it (wtl__der_free).
 * Fails: WTL_TOO_LARGE over WTL_CERT_MAX, WTL_NO_MEMORY, WTL_SYSTEM. */
enum wtl_status wtl__cert_make(const struct wtl__cert_spec *spec, const uint8_t *scalar,
                               struct wtl_der *der_out, struct wtl_error *error) WTL_MUST_USE;

/* Sixteen random bytes with the highest bit set, so that every serial has 128 bits. */
void wtl__cert_serial(uint8_t serial_out[16]);

/* ---- the one algorithm ---------------------------------------------------------------------- */

/* AlgorithmIdentifier {ecPublicKey, prime256v1}: written, and taken off if it is that. */
void wtl__x509_put_p256(struct wtl__der_out *out);
bool wtl__x509_take_p256(struct wtl__der_view *in) WTL_MUST_USE;
bool wtl__x509_is_p256_oid(struct wtl__der_view oid);

#endif
