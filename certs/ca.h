/*
 * ca.h - the certificate authority of a mesh: a root that may stay offline and an issuing CA.
 *
 * A CA is a folder of mode 0700 with root.pem and root.key (10 years), issuing.pem and issuing.key
 * (1 year), and issued.log, a line for each certificate. Everything is ECDSA P-256 with SHA-256 and
 * passes `openssl verify -x509_strict`.
 *
 * Thread: any, one at a time for one folder. Owns: nothing is kept between calls.
 */
#ifndef WTL_CERTS_CA_H
#define WTL_CERTS_CA_H

#include "certs/bundle.h"

/* Makes a CA for `mesh` in `folder`, which must not hold one. `now_s` is the wall clock.
 * Fails: WTL_EXISTS when there is one already, WTL_INVALID for a bad mesh name, WTL_SYSTEM. */
enum wtl_status wtl_ca_create(const char *folder, const char *mesh, int64_t now_s,
                              struct wtl_error *error) WTL_MUST_USE;

struct wtl_id_request {
    const char *name;
    enum wtl_layer layer;
    const char *tenant; /* NULL: "default" */
    unsigned days;      /* 0: 90 */
    const char *host;   /* a DNS SAN or IP SAN besides the URI; NULL: none */
};

/* Issues a node certificate with a fresh key. The leaf never outlives its issuer: `clamped_out`
 * says that its end was cut for that. Owns: the caller deinits the bundle.
 * Fails: WTL_INVALID for a bad name, WTL_IDENTITY when the issuing CA has expired, WTL_SYSTEM. */
enum wtl_status wtl_ca_issue(const char *folder, const struct wtl_id_request *request,
                             int64_t now_s, struct wtl_bundle *bundle_out, bool *clamped_out,
                             struct wtl_error *error) WTL_MUST_USE;

#endif
