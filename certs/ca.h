/*
 * ca.h - the certificate authority of a mesh: a root that may stay offline and an issuing CA.
 *
 * A CA is a folder of mode 0700 with root.pem and root.key (10 years), issuing.pem and issuing.key
 * (1 year), issued.log, a line for each certificate, and revoked.crl, the revocation lists.
 * Everything is ECDSA P-256 with SHA-256 and passes `openssl verify -x509_strict -crl_check`.
 *
 * Thread: any, one at a time for one folder. Owns: nothing is kept between calls.
 */
#ifndef WTL_CERTS_CA_H
#define WTL_CERTS_CA_H

#include <limits.h>

#include "certs/bundle.h"

/* How long they live, in days. A request may ask for up to WTL_ID_DAYS_MAX. */
#define WTL_CA_ROOT_DAYS    3650u
#define WTL_CA_ISSUING_DAYS 365u
#define WTL_ID_DAYS         90u
#define WTL_ID_DAYS_MAX     3650u

/* Certificates begin this long before they are made, because the clocks of a mesh differ. */
#define WTL_CA_BACKDATE_S 300

/* Makes a CA for `mesh` in `folder`, which must not hold one. `now_s` is the wall clock.
 * Fails: WTL_EXISTS when there is one already, WTL_INVALID for a bad mesh name, WTL_SYSTEM. */
enum wtl_status wtl_ca_create(const char *folder, const char *mesh, int64_t now_s,
                              struct wtl_error *error) WTL_MUST_USE;

/* Replaces the issuing CA by a new one for another year, with the key of the root, which has to be
 * there again for that. Certificates that the old one issued stay valid, and it is kept as long as
 * it is valid itself, as issuing-1.pem and issuing-1.key, to sign their revocation lists.
 * Fails: WTL_IDENTITY when the root has expired, WTL_SYSTEM when root.key is elsewhere, WTL_FULL.
 */
enum wtl_status wtl_ca_renew(const char *folder, int64_t now_s,
                             struct wtl_error *error) WTL_MUST_USE;

/* What `wattle ca` tells about a CA. */
struct wtl_ca_info {
    char mesh[WTL_NAME_MAX + 1];
    int64_t root_not_after_s;
    int64_t issuing_not_after_s;
    bool has_root_key; /* false: the root is offline, as it should be */
    bool has_issuing_key;
};

/* Fails: WTL_NOT_FOUND when `folder` holds no CA, WTL_CONFIG, WTL_IDENTITY, WTL_SYSTEM. */
enum wtl_status wtl_ca_inspect(const char *folder, struct wtl_ca_info *info_out,
                               struct wtl_error *error) WTL_MUST_USE;

struct wtl_id_request {
    const char *name;
    enum wtl_layer layer;
    const char *tenant; /* NULL: "default" */
    unsigned days;      /* 0: WTL_ID_DAYS */
    const char *host;   /* a DNS SAN or IP SAN besides the URI; NULL: none */
};

/* Issues a node certificate with a fresh key. The leaf never outlives its issuer: `clamped_out`
 * says that its end was cut for that. A line goes to issued.log before the bundle is handed out.
 * Owns: the caller deinits the bundle.
 * Fails: WTL_INVALID for a bad name, WTL_IDENTITY when the issuing CA has expired or the clock
 * stands before its start, WTL_NOT_FOUND when there is no CA, WTL_CONFIG for a mode, WTL_SYSTEM. */
enum wtl_status wtl_ca_issue(const char *folder, const struct wtl_id_request *request,
                             int64_t now_s, struct wtl_bundle *bundle_out, bool *clamped_out,
                             struct wtl_error *error) WTL_MUST_USE;

/* ---- revocation ----------------------------------------------------------------------------- */

/* How long a list is valid, in days, unless a request says another: from half of it on nodes warn
 * that they want a newer one, and after it they let nobody in. */
#define WTL_CA_LIST_DAYS     30u
#define WTL_CA_LIST_DAYS_MAX 3650u

struct wtl_ca_revoked_row {
    char serial[41];             /* hex */
    char name[WTL_NAME_MAX + 1]; /* "": not in issued.log */
    int64_t at_s;
    int64_t expires_s; /* 0: not known */
    bool is_new;       /* revoked by this call */
};

/* What revoked.crl says. Owns: its rows, in the order of their times. */
struct wtl_ca_revoked {
    char mesh[WTL_NAME_MAX + 1];
    char path[PATH_MAX]; /* of the file */
    uint64_t number;
    int64_t this_update_s;
    int64_t next_update_s;
    struct wtl_ca_revoked_row *rows;
    size_t count;
    size_t new_count;
};

/* Revokes what `what` names: every certificate of that node which has not expired, the one with
 * that serial number, or the one in that file (a bundle or a certificate); or nothing, when it is
 * NULL. Then it signs the lists anew, with a higher number, for `days` from now on (0:
 * WTL_CA_LIST_DAYS). What has expired is left out once a list has named it after that.
 * Owns: the caller deinits it.
 * Fails: WTL_NOT_FOUND with what is known when `what` names nothing, WTL_INVALID, WTL_IDENTITY when
 * the certificate is another CA's or the issuing CA has expired, WTL_FULL, WTL_CONFIG, WTL_SYSTEM.
 */
enum wtl_status wtl_ca_revoke(const char *folder, const char *what, unsigned days, int64_t now_s,
                              struct wtl_ca_revoked *revoked_out,
                              struct wtl_error *error) WTL_MUST_USE;

/* Reads what is revoked; the number is 0 when there is no list yet. Owns: the caller deinits it.
 * Fails: WTL_NOT_FOUND when there is no CA, WTL_CONFIG, WTL_IDENTITY, WTL_SYSTEM. */
enum wtl_status wtl_ca_revoked(const char *folder, struct wtl_ca_revoked *revoked_out,
                               struct wtl_error *error) WTL_MUST_USE;

void wtl_ca_revoked_deinit(struct wtl_ca_revoked *revoked);

#endif
