/*
 * tls_kit.h - certificates, good and bad, and pairs of engines joined by nothing but copied bytes.
 *
 * Certificates are made when a test runs and no key is kept. The kit fails the test that uses it
 * when something cannot be made, so that its functions return what they made.
 *
 * Thread: that of the test. Owns: see each function.
 */
#ifndef WTL_TEST_TLS_KIT_H
#define WTL_TEST_TLS_KIT_H

#include "certs/bundle.h"
#include "certs/x509.h"
#include "net/tls.h"

#define KIT_DAY INT64_C(86400)

/* Whoever may sign: a root, an issuing CA, or, in a test of just that, a leaf. */
struct kit_signer {
    struct wtl_der key; /* PKCS#8 */
    uint8_t point[WTL__P256_POINT];
    struct wtl_der cert;
};

/* What a certificate says; kit_node_spec and kit_ca_spec give good ones to be spoiled. */
struct kit_spec {
    const char *name; /* common name */
    const char *uris[2];
    size_t uri_sizes[2]; /* 0: strlen */
    int64_t not_before_s;
    int64_t not_after_s;
    bool is_ca;
    bool has_constraints;
    uint8_t usage;
    unsigned purposes;
};

struct kit_spec kit_ca_spec(const char *name);
struct kit_spec kit_node_spec(const char *name, const char *uri);

/* A certificate with a fresh key, signed by `issuer` (NULL: by itself).
 * Owns: the caller, kit_signer_free. */
struct kit_signer kit_make(const struct kit_spec *spec, const struct kit_signer *issuer);
void kit_signer_free(struct kit_signer *signer);

/* The CA that most tests share: a root and an issuing CA of mesh "climate". */
struct kit_ca {
    struct kit_signer root;
    struct kit_signer issuing;
};
struct kit_ca kit_ca_make(void);
void kit_ca_free(struct kit_ca *ca);

/* A bundle of mesh "climate" out of a key, a chain (leaf first, its end is a NULL) and one root.
 * Owns: everything is copied; the caller deinits the bundle. */
struct wtl_bundle kit_bundle(const struct wtl_der *key, const struct wtl_der *const *chain,
                             const struct wtl_der *root);

/* A context for a node that `ca` has issued by `spec`; and for a good edge node of that name.
 * Owns: the caller destroys it. */
struct wtl_tls_context *kit_context_of(const struct kit_ca *ca, const struct kit_spec *spec);
struct wtl_tls_context *kit_context(const struct kit_ca *ca, const char *name);
struct wtl_tls_context *kit_context_take(struct wtl_bundle bundle);

/* ---- pairs ---------------------------------------------------------------------------------- */

struct kit_pair {
    struct wtl_tls *dial;
    struct wtl_tls *accept;
    enum wtl_status dial_status; /* of the last read */
    enum wtl_status accept_status;
};

/* Two engines; `expected` as in wtl_tls_create for the dialling one. */
struct kit_pair kit_pair_make(struct wtl_tls_context *dial, struct wtl_tls_context *accept,
                              const char *expected);
void kit_pair_free(struct kit_pair *pair);

/* A read without room for data: moves the handshake on. */
enum wtl_status kit_step(struct wtl_tls *tls);

/* Feeds what `from` has to send to `to`, `chunk` bytes at a time with a read after each when
 * `status_out` is not NULL. Returns how many bytes went. */
size_t kit_move(struct wtl_tls *from, struct wtl_tls *to, size_t chunk,
                enum wtl_status *status_out);

/* Lets both go on until neither has anything to send. */
void kit_shake(struct kit_pair *pair, size_t chunk);

/* A pair that is up. */
struct kit_pair kit_pair_up(struct wtl_tls_context *dial, struct wtl_tls_context *accept);

/* Reads all that is there into `bytes`; returns how much. */
size_t kit_read(struct wtl_tls *tls, uint8_t *bytes, size_t capacity, enum wtl_status *status_out);

/* Shakes hands and demands that `judge` (one of the pair) has refused with this word and is not
 * ready, and that no data passes. */
#define kit_expect_refused(pair, judge, expected_word)                                             \
    do {                                                                                           \
        kit_shake((pair), SIZE_MAX);                                                               \
        cr_assert_not(wtl_tls_is_ready(judge), "a bad peer was accepted");                         \
        cr_assert_str_eq(wtl_tls_error_word(judge), (expected_word), "refused as %s: %s",          \
                         wtl_tls_error_word(judge), wtl_tls_error(judge));                         \
        cr_assert_null(wtl_tls_peer(judge));                                                       \
        cr_assert_eq(wtl_tls_write((judge), (const uint8_t *)"x", 1), WTL_CLOSED);                 \
    } while (0)

#endif
