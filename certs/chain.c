/* chain.c - see chain.h. Thread: any. Owns: nothing. */
#include "certs/chain.h"

#include <stdio.h>
#include <string.h>

#include "base/attr.h"
#include "certs/civil.h"
#include "certs/key.h"

/* "leaf (O=climate, CN=sensor-1)", "intermediate 1 (...)", "root 1 (...)" */
struct link_name {
    char text[WTL__NAME_TEXT + 24];
};

static struct link_name name_of(const struct wtl__cert *cert, bool is_root, unsigned index)
{
    struct link_name name;
    char subject[WTL__NAME_TEXT];
    char where[20];
    if (is_root) {
        (void)snprintf(where, sizeof where, "root %u", (index & 0xf) + 1);
    } else if (index == 0) {
        (void)snprintf(where, sizeof where, "leaf");
    } else {
        (void)snprintf(where, sizeof where, "intermediate %u", index & 0xf);
    }
    (void)snprintf(name.text, sizeof name.text, "%s (%s)", where,
                   wtl__name_text(cert->subject, subject));
    return name;
}

bool wtl__chain_signed_by(const struct wtl__cert *cert, const struct wtl__cert *signer)
{
    if (!wtl__der_equal(cert->issuer, signer->subject) || signer->point == NULL ||
        cert->algorithm == WTL__SIGNATURE_OTHER) {
        return false;
    }
    if (cert->authority_key_id.size != 0 && signer->subject_key_id.size != 0 &&
        !wtl__der_equal(cert->authority_key_id, signer->subject_key_id)) {
        return false;
    }
    return wtl__p256_verify(signer->point, cert->algorithm, cert->tbs.bytes, cert->tbs.size,
                            cert->signature.bytes, cert->signature.size);
}

static enum wtl_status check_dates(const struct wtl__cert *cert, const struct link_name *name,
                                   const int64_t *now_s, struct wtl_error *error)
{
    char limit[WTL__CIVIL_TEXT];
    char now[WTL__CIVIL_TEXT];
    if (now_s != NULL && *now_s < cert->not_before_s) {
        return wtl_fail(
            error, WTL_IDENTITY, "%s: not valid before %s, and the clock says %s; check the clock",
            name->text, wtl__civil_text(cert->not_before_s, limit), wtl__civil_text(*now_s, now));
    }
    if (now_s != NULL && *now_s > cert->not_after_s) {
        return wtl_fail(
            error, WTL_IDENTITY, "%s: expired on %s, and the clock says %s; have a new one issued",
            name->text, wtl__civil_text(cert->not_after_s, limit), wtl__civil_text(*now_s, now));
    }
    return WTL_OK;
}

/* May `cert` sign, with `below` CAs between it and the leaf? */
static enum wtl_status check_ca(const struct wtl__cert *cert, const struct link_name *name,
                                unsigned below, const char *mesh, struct wtl_error *error)
{
    char ca_mesh[WTL_NAME_MAX + 1];
    bool has_mesh;
    if (!cert->is_ca) {
        return wtl_fail(error, WTL_IDENTITY,
                        "%s: expected a CA, came a certificate that may not sign others",
                        name->text);
    }
    if (!cert->has_usage || (cert->usage & WTL__USAGE_SIGN_CERT) == 0) {
        return wtl_fail(error, WTL_IDENTITY,
                        "%s: expected the key usage keyCertSign, came a CA without it", name->text);
    }
    if (cert->point == NULL) {
        return wtl_fail(error, WTL_IDENTITY,
                        "%s: expected a P-256 key, came another algorithm or curve", name->text);
    }
    if (cert->path_len >= 0 && below > (unsigned)cert->path_len) {
        return wtl_fail(error, WTL_IDENTITY,
                        "%s: expected %d CAs below it at most (path length), came %u", name->text,
                        cert->path_len, below);
    }
    if (!wtl__ca_mesh(cert, &has_mesh, ca_mesh)) {
        return wtl_fail(error, WTL_IDENTITY,
                        "%s: expected spiffe://MESH as its only URI, or none, came another",
                        name->text);
    }
    if (has_mesh && strcmp(ca_mesh, mesh) != 0) {
        return wtl_fail(error, WTL_IDENTITY, "%s: expected a CA of mesh %s, came one of mesh %s",
                        name->text, mesh, ca_mesh);
    }
    return WTL_OK;
}

static enum wtl_status read_root(const struct wtl_der *der, unsigned index,
                                 struct wtl__cert *root_out, struct wtl_error *error)
{
    enum wtl_status status = wtl__cert_read(wtl__der_view_of(der), root_out, error);
    if (status != WTL_OK) {
        return wtl_while(error, status, "root %u", index + 1);
    }
    if (!wtl__chain_signed_by(root_out, root_out)) {
        struct link_name name = name_of(root_out, true, index);
        return wtl_fail(error, WTL_IDENTITY,
                        "%s: expected a root signed by itself with ECDSA on P-256, came another",
                        name.text);
    }
    return WTL_OK;
}

/* The end of the chain: `last` must be signed by one of the roots, which stands above `below` CAs.
 */
static enum wtl_status check_anchor(const struct wtl__cert *last, const struct link_name *last_name,
                                    const struct wtl_der *roots, unsigned roots_count,
                                    unsigned below, const char *mesh, const int64_t *now_s,
                                    struct wtl_error *error)
{
    enum wtl_status found = WTL_NOT_FOUND;
    char issuer[WTL__NAME_TEXT];
    for (unsigned i = 0; i < roots_count; i++) {
        struct wtl__cert root;
        enum wtl_status status = read_root(&roots[i], i, &root, error);
        if (status != WTL_OK) {
            return status;
        }
        struct link_name name = name_of(&root, true, i);
        status = check_ca(&root, &name, 0, mesh, error);
        if (status != WTL_OK) {
            return status;
        }
        if (found == WTL_OK || !wtl__chain_signed_by(last, &root)) {
            continue;
        }
        found = check_ca(&root, &name, below, mesh, error);
        if (found == WTL_OK) {
            found = check_dates(&root, &name, now_s, error);
        }
    }
    if (found == WTL_NOT_FOUND) {
        return wtl_fail(error, WTL_IDENTITY,
                        "%s: expected one of the %u roots to have signed it, came one signed by "
                        "\"%s\"; an intermediate is missing, or the root is another",
                        last_name->text, roots_count, wtl__name_text(last->issuer, issuer));
    }
    return found;
}

enum wtl_status wtl__chain_check(const struct wtl_der *chain, unsigned chain_count,
                                 const struct wtl_der *roots, unsigned roots_count,
                                 const char *mesh, const int64_t *now_s, struct wtl_error *error)
{
    struct wtl__cert cert;
    struct wtl__cert signer;
    WTL_ASSERT(chain_count >= 1 && chain_count <= WTL_CHAIN_MAX);
    WTL_ASSERT(roots_count >= 1 && roots_count <= WTL_ROOTS_MAX);
    enum wtl_status status = wtl__cert_read(wtl__der_view_of(&chain[0]), &cert, error);
    if (status != WTL_OK) {
        return wtl_while(error, status, "leaf");
    }
    struct link_name name = name_of(&cert, false, 0);
    for (unsigned i = 1; i < chain_count; i++) {
        status = check_dates(&cert, &name, now_s, error);
        if (status != WTL_OK) {
            return status;
        }
        status = wtl__cert_read(wtl__der_view_of(&chain[i]), &signer, error);
        if (status != WTL_OK) {
            return wtl_while(error, status, "intermediate %u", i);
        }
        struct link_name signer_name = name_of(&signer, false, i);
        status = check_ca(&signer, &signer_name, i - 1, mesh, error);
        if (status != WTL_OK) {
            return status;
        }
        if (!wtl__chain_signed_by(&cert, &signer)) {
            return wtl_fail(error, WTL_IDENTITY, "%s: expected to be signed by %s, and is not",
                            name.text, signer_name.text);
        }
        cert = signer;
        name = signer_name;
    }
    status = check_dates(&cert, &name, now_s, error);
    if (status != WTL_OK) {
        return status;
    }
    return check_anchor(&cert, &name, roots, roots_count, chain_count - 1, mesh, now_s, error);
}
