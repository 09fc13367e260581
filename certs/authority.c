/* authority.c - see authority.h. Thread: any. Owns: nothing between calls. */
#include "certs/authority.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

#include "base/attr.h"
#include "certs/chain.h"
#include "certs/civil.h"
#include "certs/key.h"

#define DAY_S INT64_C(86400)

/* A root has one CA below it, and that one none. */
#define ROOT_PATH_LEN    1
#define ISSUING_PATH_LEN 0

void wtl__authority_deinit(struct wtl__authority *authority)
{
    wtl__der_free(&authority->cert);
    wtl__der_wipe(&authority->key);
    *authority = (struct wtl__authority){0};
}

static enum wtl_status check_clock(int64_t now_s, struct wtl_error *error)
{
    /* leaves room for the longest certificate before the year 10000 */
    if (now_s < 0 || now_s > WTL__CIVIL_MAX_S - (WTL_CA_ROOT_DAYS + 1) * DAY_S) {
        return wtl_fail(error, WTL_INVALID,
                        "clock: expected a time from 1970 to 9989, came %lld seconds; set the "
                        "clock",
                        (long long)now_s);
    }
    return WTL_OK;
}

static enum wtl_status check_name(const char *what, const char *name, struct wtl_error *error)
{
    size_t size = strnlen(name, WTL_NAME_MAX + 1);
    if (!wtl_name_is_valid(name, size)) {
        char came[WTL_NAME_MAX + 1];
        return wtl_fail(
            error, WTL_INVALID,
            "%s: expected 1 to %d of a-z 0-9 . _ - with a letter or digit first, came "
            "\"%s\"%s",
            what, WTL_NAME_MAX,
            wtl__der_text((struct wtl__der_view){(const uint8_t *)name, size}, came, sizeof came),
            size > WTL_NAME_MAX ? " and more" : "");
    }
    return WTL_OK;
}

/* Is the signer valid now? */
static enum wtl_status check_signer(const char *what, const struct wtl__authority *signer,
                                    int64_t now_s, const char *remedy, struct wtl_error *error)
{
    char limit[WTL__CIVIL_TEXT];
    char now[WTL__CIVIL_TEXT];
    if (now_s < signer->not_before_s) {
        return wtl_fail(error, WTL_IDENTITY,
                        "the %s is not valid before %s, and the clock says %s; set the clock", what,
                        wtl__civil_text(signer->not_before_s, limit), wtl__civil_text(now_s, now));
    }
    if (now_s >= signer->not_after_s) {
        return wtl_fail(error, WTL_IDENTITY, "the %s expired on %s, and the clock says %s; %s",
                        what, wtl__civil_text(signer->not_after_s, limit),
                        wtl__civil_text(now_s, now), remedy);
    }
    return WTL_OK;
}

/* ---- authorities ---------------------------------------------------------------------------- */

enum wtl_status wtl__authority_init(struct wtl_der *cert, struct wtl_der *key,
                                    struct wtl__authority *authority_out, struct wtl_error *error)
{
    struct wtl__cert view;
    bool has_mesh = false;
    *authority_out = (struct wtl__authority){.cert = *cert, .key = *key};
    *cert = (struct wtl_der){0};
    *key = (struct wtl_der){0};
    enum wtl_status status = wtl__cert_read(wtl__der_view_of(&authority_out->cert), &view, error);
    if (status == WTL_OK && (!view.is_ca || view.point == NULL || view.subject_key_id.size == 0 ||
                             (view.usage & WTL__USAGE_SIGN_CERT) == 0 ||
                             !wtl__ca_mesh(&view, &has_mesh, authority_out->mesh) || !has_mesh)) {
        status = wtl_fail(error, WTL_IDENTITY,
                          "expected a CA with a P-256 key, the right to sign certificates and the "
                          "URI spiffe://MESH, came another certificate");
    }
    if (status == WTL_OK && authority_out->key.bytes != NULL) {
        const uint8_t *scalar;
        uint8_t point[WTL__P256_POINT];
        WTL_ASSERT(view.point != NULL);
        status = wtl__key_open(&authority_out->key, &scalar, point, error);
        if (status == WTL_OK && memcmp(point, view.point, sizeof point) != 0) {
            status = wtl_fail(error, WTL_IDENTITY,
                              "private key: expected the key of the certificate, came another key");
        }
    }
    if (status != WTL_OK) {
        wtl__authority_deinit(authority_out);
        return status;
    }
    authority_out->not_before_s = view.not_before_s;
    authority_out->not_after_s = view.not_after_s;
    return WTL_OK;
}

/* Signs `spec` with `signer`, or with the new key when it is NULL. */
static enum wtl_status sign(struct wtl__cert_spec *spec, const struct wtl__authority *signer,
                            const struct wtl_der *own_key, struct wtl_der *cert_out,
                            struct wtl_error *error)
{
    struct wtl__cert view;
    const uint8_t *scalar;
    uint8_t point[WTL__P256_POINT];
    enum wtl_status status =
        wtl__key_open(signer != NULL ? &signer->key : own_key, &scalar, point, error);
    if (status == WTL_OK && signer != NULL) {
        status = wtl__cert_read(wtl__der_view_of(&signer->cert), &view, error);
        spec->issuer = view.subject;
        spec->authority_key_id = view.subject_key_id;
    }
    wtl__cert_serial(spec->serial);
    return status == WTL_OK ? wtl__cert_make(spec, scalar, cert_out, error) : status;
}

static enum wtl_status make_ca(const char *mesh, const char *kind,
                               const struct wtl__authority *signer, struct wtl__cert_spec spec,
                               struct wtl__authority *authority_out, struct wtl_error *error)
{
    char uri[WTL_URI_MAX];
    char common_name[40];
    uint8_t mark[16];
    uint8_t point[WTL__P256_POINT];
    struct wtl_der cert = {0};
    struct wtl_der key = {0};
    struct wtl__san san = {.tag = WTL__SAN_URI, .bytes = uri};
    san.size = (size_t)snprintf(uri, sizeof uri, "spiffe://%s", mesh);
    /* the mark keeps two CAs of one mesh apart for those who look for issuers by name */
    wtl__cert_serial(mark);
    (void)snprintf(common_name, sizeof common_name, "%s CA %02x%02x%02x%02x", kind, mark[1],
                   mark[2], mark[3], mark[4]);
    spec.organisation = mesh;
    spec.common_name = common_name;
    spec.point = point;
    spec.has_constraints = true;
    spec.is_ca = true;
    spec.usage = WTL__USAGE_SIGN_CERT | WTL__USAGE_SIGN_CRL;
    spec.sans = &san;
    spec.san_count = 1;
    enum wtl_status status = wtl__key_create(&key, point, error);
    if (status == WTL_OK) {
        status = sign(&spec, signer, &key, &cert, error);
    }
    if (status != WTL_OK) {
        wtl__der_wipe(&key);
        return status;
    }
    return wtl__authority_init(&cert, &key, authority_out, error);
}

enum wtl_status wtl__authority_make_root(const char *mesh, int64_t now_s,
                                         struct wtl__authority *root_out, struct wtl_error *error)
{
    *root_out = (struct wtl__authority){0};
    enum wtl_status status = check_name("mesh name", mesh, error);
    if (status == WTL_OK) {
        status = check_clock(now_s, error);
    }
    if (status != WTL_OK) {
        return status;
    }
    struct wtl__cert_spec spec = {.not_before_s = now_s - WTL_CA_BACKDATE_S,
                                  .not_after_s = now_s + WTL_CA_ROOT_DAYS * DAY_S,
                                  .path_len = ROOT_PATH_LEN};
    return make_ca(mesh, "root", NULL, spec, root_out, error);
}

static int64_t later(int64_t a, int64_t b)
{
    return a > b ? a : b;
}

static int64_t earlier(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

enum wtl_status wtl__authority_make_issuing(const struct wtl__authority *root, int64_t now_s,
                                            struct wtl__authority *issuing_out,
                                            struct wtl_error *error)
{
    *issuing_out = (struct wtl__authority){0};
    enum wtl_status status = check_clock(now_s, error);
    if (status == WTL_OK) {
        status = check_signer("root CA", root, now_s, "make a new CA and rotate to it", error);
    }
    if (status != WTL_OK) {
        return status;
    }
    struct wtl__cert_spec spec = {
        .not_before_s = later(now_s - WTL_CA_BACKDATE_S, root->not_before_s),
        .not_after_s = earlier(now_s + WTL_CA_ISSUING_DAYS * DAY_S, root->not_after_s),
        .path_len = ISSUING_PATH_LEN};
    return make_ca(root->mesh, "issuing", root, spec, issuing_out, error);
}

/* ---- nodes ---------------------------------------------------------------------------------- */

/* The host as DNS or IP name; `address` is the room for the bytes of the latter. */
static enum wtl_status read_host(const char *host, uint8_t address[16], struct wtl__san *san_out,
                                 struct wtl_error *error)
{
    size_t size = strnlen(host, 254);
    if (inet_pton(AF_INET, host, address) == 1) {
        *san_out = (struct wtl__san){.tag = WTL__SAN_IP, .bytes = address, .size = 4};
        return WTL_OK;
    }
    if (inet_pton(AF_INET6, host, address) == 1) {
        *san_out = (struct wtl__san){.tag = WTL__SAN_IP, .bytes = address, .size = 16};
        return WTL_OK;
    }
    bool valid = size >= 1 && size <= 253;
    size_t label = 0;
    for (size_t i = 0; i < size && valid; i++) {
        char c = host[i];
        bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
        bool hyphen = c == '-' && label > 0 && i + 1 < size && host[i + 1] != '.';
        bool dot = c == '.' && label > 0 && i + 1 < size;
        label = dot ? 0 : label + 1;
        valid = (plain || hyphen || dot) && label <= 63;
    }
    if (!valid) {
        char came[64];
        return wtl_fail(
            error, WTL_INVALID,
            "host: expected a DNS name without wildcards or an IP address, came \"%s\"",
            wtl__der_text((struct wtl__der_view){(const uint8_t *)host, size}, came, sizeof came));
    }
    *san_out = (struct wtl__san){.tag = WTL__SAN_DNS, .bytes = host, .size = size};
    return WTL_OK;
}

static enum wtl_status check_request(const struct wtl_id_request *request, const char *tenant,
                                     unsigned days, struct wtl_error *error)
{
    enum wtl_status status = check_name("node name", request->name, error);
    if (status == WTL_OK) {
        status = check_name("tenant", tenant, error);
    }
    if (status == WTL_OK && wtl_layer_name(request->layer) == NULL) {
        status = wtl_fail(error, WTL_INVALID, "layer: expected device, edge or cloud, came %d",
                          (int)request->layer);
    }
    if (status == WTL_OK && days > WTL_ID_DAYS_MAX) {
        status =
            wtl_fail(error, WTL_INVALID, "days: expected 1 to %u, came %u", WTL_ID_DAYS_MAX, days);
    }
    return status;
}

/* The certificate and its key, into an empty bundle. */
static enum wtl_status make_leaf(const struct wtl__authority *issuing,
                                 const struct wtl_id_request *request, const char *tenant,
                                 int64_t not_before_s, int64_t not_after_s,
                                 struct wtl_bundle *bundle, struct wtl_error *error)
{
    char uri[WTL_URI_MAX];
    uint8_t address[16];
    uint8_t point[WTL__P256_POINT];
    struct wtl__san sans[2] = {{.tag = WTL__SAN_URI, .bytes = uri}};
    struct wtl__cert_spec spec = {.organisation = issuing->mesh,
                                  .common_name = request->name,
                                  .not_before_s = not_before_s,
                                  .not_after_s = not_after_s,
                                  .point = point,
                                  .has_constraints = true,
                                  .usage = WTL__USAGE_SIGN,
                                  .purposes = WTL__PURPOSE_SERVER | WTL__PURPOSE_CLIENT,
                                  .sans = sans,
                                  .san_count = 1};
    sans[0].size = (size_t)snprintf(uri, sizeof uri, "spiffe://%s/%s/%s/%s", issuing->mesh, tenant,
                                    wtl_layer_name(request->layer), request->name);
    WTL_ASSERT(sans[0].size < sizeof uri);
    enum wtl_status status = WTL_OK;
    if (request->host != NULL) {
        status = read_host(request->host, address, &sans[spec.san_count++], error);
    }
    if (status == WTL_OK) {
        status = wtl__key_create(&bundle->key, point, error);
    }
    if (status == WTL_OK) {
        status = sign(&spec, issuing, NULL, &bundle->chain[0], error);
    }
    bundle->chain_count = status == WTL_OK ? 1 : 0;
    return status;
}

/* What was made is read back through the same checks that every node applies. */
static enum wtl_status complete(const struct wtl__authority *root,
                                const struct wtl__authority *issuing, struct wtl_bundle *bundle,
                                struct wtl_error *error)
{
    enum wtl_status status =
        wtl__der_copy(issuing->cert.bytes, issuing->cert.size, &bundle->chain[1]);
    if (status == WTL_OK) {
        bundle->chain_count = 2;
        status = wtl__der_copy(root->cert.bytes, root->cert.size, &bundle->roots[0]);
    }
    if (status != WTL_OK) {
        return wtl_fail(error, status, "bundle: %s", wtl_status_text(status));
    }
    bundle->roots_count = 1;
    status =
        wtl_identity_check(bundle->chain[0].bytes, bundle->chain[0].size, &bundle->identity, error);
    if (status != WTL_OK) {
        return status;
    }
    return wtl__chain_check(bundle->chain, bundle->chain_count, bundle->roots, bundle->roots_count,
                            bundle->identity.mesh, NULL, error);
}

enum wtl_status wtl__authority_issue(const struct wtl__authority *root,
                                     const struct wtl__authority *issuing,
                                     const struct wtl_id_request *request, int64_t now_s,
                                     struct wtl_bundle *bundle_out, bool *clamped_out,
                                     struct wtl_error *error)
{
    const char *tenant = request->tenant != NULL ? request->tenant : "default";
    unsigned days = request->days != 0 ? request->days : WTL_ID_DAYS;
    *bundle_out = (struct wtl_bundle){0};
    *clamped_out = false;
    enum wtl_status status = check_request(request, tenant, days, error);
    if (status == WTL_OK) {
        status = check_clock(now_s, error);
    }
    if (status == WTL_OK) {
        status = check_signer("issuing CA", issuing, now_s,
                              "bring back root.key and renew the issuing CA", error);
    }
    if (status != WTL_OK) {
        return status;
    }
    int64_t wanted_s = now_s + days * DAY_S;
    int64_t end_s = earlier(wanted_s, issuing->not_after_s);
    *clamped_out = end_s < wanted_s;
    int64_t start_s = later(now_s - WTL_CA_BACKDATE_S, issuing->not_before_s);
    status = make_leaf(issuing, request, tenant, start_s, end_s, bundle_out, error);
    if (status == WTL_OK) {
        status = complete(root, issuing, bundle_out, error);
    }
    if (status != WTL_OK) {
        wtl_bundle_deinit(bundle_out);
    }
    return status;
}

/* ---- revocation lists ----------------------------------------------------------------------- */

enum wtl_status wtl__authority_sign_list(const struct wtl__authority *authority,
                                         struct wtl__crl_spec *spec, struct wtl_der *list_out,
                                         struct wtl_error *error)
{
    struct wtl__cert view;
    const uint8_t *scalar;
    uint8_t point[WTL__P256_POINT];
    *list_out = (struct wtl_der){0};
    enum wtl_status status = check_clock(spec->this_update_s, error);
    if (status == WTL_OK) {
        status = check_signer("issuing CA", authority, spec->this_update_s,
                              "bring back root.key and renew the issuing CA", error);
    }
    if (status == WTL_OK) {
        status = wtl__cert_read(wtl__der_view_of(&authority->cert), &view, error);
    }
    if (status == WTL_OK && (view.usage & WTL__USAGE_SIGN_CRL) == 0) {
        status = wtl_fail(error, WTL_IDENTITY,
                          "expected a CA with the right to sign revocation lists, came another");
    }
    if (status == WTL_OK) {
        status = wtl__key_open(&authority->key, &scalar, point, error);
    }
    if (status != WTL_OK) {
        return status;
    }
    spec->issuer = view.subject;
    spec->authority_key_id = view.subject_key_id;
    return wtl__crl_make(spec, scalar, list_out, error);
}
