/*
 * authority.h - makes the certificates of a mesh in memory; ca.h keeps them in a folder.
 *
 * Thread: any. Owns: an authority owns its certificate and its key, which is in guarded memory.
 */
#ifndef WTL_CERTS_AUTHORITY_H
#define WTL_CERTS_AUTHORITY_H

#include "certs/ca.h"
#include "certs/crl.h"

struct wtl__authority {
    char mesh[WTL_NAME_MAX + 1];
    struct wtl_der cert;
    struct wtl_der key; /* PKCS#8; empty when only the certificate is there */
    int64_t not_before_s;
    int64_t not_after_s;
};

/* A root for `mesh`, signed by itself. Owns: the caller deinits it. Fails: WTL_INVALID. */
enum wtl_status wtl__authority_make_root(const char *mesh, int64_t now_s,
                                         struct wtl__authority *root_out,
                                         struct wtl_error *error) WTL_MUST_USE;

/* An issuing CA, signed by `root`, which it does not outlive. Owns: the caller deinits it.
 * Fails: WTL_IDENTITY when the root is not valid at `now_s`. */
enum wtl_status wtl__authority_make_issuing(const struct wtl__authority *root, int64_t now_s,
                                            struct wtl__authority *issuing_out,
                                            struct wtl_error *error) WTL_MUST_USE;

/* Takes over a certificate and a key (which may be empty) that were read from somewhere, and checks
 * that they belong together and that it is a CA of a mesh. Owns: takes both, also when it fails.
 * Fails: WTL_IDENTITY. */
enum wtl_status wtl__authority_init(struct wtl_der *cert, struct wtl_der *key,
                                    struct wtl__authority *authority_out,
                                    struct wtl_error *error) WTL_MUST_USE;

/* See wtl_ca_issue. `root` may be without its key. */
enum wtl_status wtl__authority_issue(const struct wtl__authority *root,
                                     const struct wtl__authority *issuing,
                                     const struct wtl_id_request *request, int64_t now_s,
                                     struct wtl_bundle *bundle_out, bool *clamped_out,
                                     struct wtl_error *error) WTL_MUST_USE;

/* Signs a list of what it, or another CA of its mesh, has issued and revoked; issuer and key
 * identifier of `spec` are filled in. Owns: the caller frees the list (wtl__der_free).
 * Fails: WTL_IDENTITY when the CA is not valid at spec->this_update_s, or may not sign lists. */
enum wtl_status wtl__authority_sign_list(const struct wtl__authority *authority,
                                         struct wtl__crl_spec *spec, struct wtl_der *list_out,
                                         struct wtl_error *error) WTL_MUST_USE;

void wtl__authority_deinit(struct wtl__authority *authority);

#endif
