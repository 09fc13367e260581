/*
 * identity.c - names, and the gate that every node's certificate has to pass.
 *
 * Not here: signatures and dates (chain.c for files, TLS for peers), and whether the mesh is one's
 * own, which is for the caller to compare.
 *
 * Thread: any. Owns: nothing.
 */
#include "certs/identity.h"

#include <sodium.h>
#include <stdio.h>
#include <string.h>

#include "base/attr.h"
#include "certs/chain.h"
#include "certs/x509.h"

#define SCHEME "spiffe://"

static const char *const layer_names[] = {
    [WTL_LAYER_DEVICE] = "device", [WTL_LAYER_EDGE] = "edge", [WTL_LAYER_CLOUD] = "cloud"};

const char *wtl_layer_name(enum wtl_layer layer)
{
    return (unsigned)layer < WTL_COUNT(layer_names) ? layer_names[layer] : NULL;
}

/* The layer of that name, or 0. */
static unsigned layer_of(const char *text, size_t size)
{
    for (unsigned i = WTL_LAYER_DEVICE; i <= WTL_LAYER_CLOUD; i++) {
        if (strlen(layer_names[i]) == size && memcmp(layer_names[i], text, size) == 0) {
            return i;
        }
    }
    return 0;
}

enum wtl_status wtl_layer_parse(const char *text, enum wtl_layer *layer_out)
{
    unsigned layer = layer_of(text, strlen(text));
    if (layer == 0) {
        return WTL_INVALID;
    }
    *layer_out = (enum wtl_layer)layer;
    return WTL_OK;
}

bool wtl_name_is_valid(const char *name, size_t size)
{
    if (size < 1 || size > WTL_NAME_MAX) {
        return false;
    }
    for (size_t i = 0; i < size; i++) {
        char c = name[i];
        bool always = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
        if (!always && (i == 0 || (c != '.' && c != '_' && c != '-'))) {
            return false;
        }
    }
    return true;
}

uint64_t wtl_identity_node_bits(const struct wtl_identity *identity)
{
    /* The separating zero bytes make (ab, c) and (a, bc) differ. */
    static const char purpose[] = "wattle node id 1";
    crypto_generichash_state state;
    uint8_t digest[32];
    (void)crypto_generichash_init(&state, NULL, 0, sizeof digest);
    (void)crypto_generichash_update(&state, (const uint8_t *)purpose, sizeof purpose);
    (void)crypto_generichash_update(&state, (const uint8_t *)identity->mesh,
                                    strlen(identity->mesh) + 1);
    (void)crypto_generichash_update(&state, (const uint8_t *)identity->name,
                                    strlen(identity->name) + 1);
    (void)crypto_generichash_final(&state, digest, sizeof digest);
    uint64_t bits = 0;
    for (size_t i = 0; i < 5; i++) {
        bits = bits << 8 | digest[i];
    }
    return bits != 0 ? bits : 1;
}

char *wtl_identity_uri(const struct wtl_identity *identity, char uri_out[WTL_URI_MAX])
{
    _Static_assert(sizeof SCHEME + sizeof identity->mesh + sizeof identity->tenant +
                           sizeof identity->name + sizeof "device" <
                       WTL_URI_MAX,
                   "the longest identity fits");
    const char *layer = wtl_layer_name(identity->layer);
    (void)snprintf(uri_out, WTL_URI_MAX, SCHEME "%s/%s/%s/%s", identity->mesh, identity->tenant,
                   layer != NULL ? layer : "?", identity->name);
    return uri_out;
}

/* ---- the URI -------------------------------------------------------------------------------- */

static enum wtl_status refuse_uri(struct wtl__der_view uri, struct wtl_error *error)
{
    char text[100];
    return wtl_fail(error, WTL_IDENTITY,
                    "certificate, URI: expected spiffe://MESH/TENANT/LAYER/NAME (names of a-z 0-9 "
                    ". _ -, layer device, edge or cloud), came \"%s\"%s",
                    wtl__der_text(uri, text, sizeof text),
                    uri.size >= sizeof text ? " and more" : "");
}

/* Takes the bytes up to the next '/' or the end; the slash is taken too, and *last_out is set when
 * there was none. */
static struct wtl__der_view next_segment(struct wtl__der_view *in, bool *last_out)
{
    struct wtl__der_view segment = {in->bytes, in->size};
    const uint8_t *slash = in->size > 0 ? memchr(in->bytes, '/', in->size) : NULL;
    *last_out = slash == NULL;
    if (slash != NULL) {
        segment.size = (size_t)(slash - in->bytes);
    }
    size_t taken = segment.size + (slash != NULL ? 1 : 0);
    in->bytes += taken;
    in->size -= taken;
    return segment;
}

static bool copy_name(struct wtl__der_view segment, char name_out[WTL_NAME_MAX + 1])
{
    if (!wtl_name_is_valid((const char *)segment.bytes, segment.size)) {
        return false;
    }
    memcpy(name_out, segment.bytes, segment.size);
    name_out[segment.size] = '\0';
    return true;
}

static bool take_scheme(struct wtl__der_view *uri)
{
    size_t size = sizeof SCHEME - 1;
    if (uri->size < size || memcmp(uri->bytes, SCHEME, size) != 0) {
        return false;
    }
    uri->bytes += size;
    uri->size -= size;
    return true;
}

static enum wtl_status read_uri(struct wtl__der_view uri, struct wtl_identity *identity,
                                struct wtl_error *error)
{
    struct wtl__der_view in = uri;
    struct wtl__der_view part[4];
    bool last = false;
    if (uri.size >= WTL_URI_MAX || !take_scheme(&in)) {
        return refuse_uri(uri, error);
    }
    for (size_t i = 0; i < WTL_COUNT(part); i++) {
        part[i] = next_segment(&in, &last);
        if (last != (i + 1 == WTL_COUNT(part))) {
            return refuse_uri(uri, error);
        }
    }
    unsigned layer = layer_of((const char *)part[2].bytes, part[2].size);
    if (!copy_name(part[0], identity->mesh) || !copy_name(part[1], identity->tenant) ||
        layer == 0 || !copy_name(part[3], identity->name)) {
        return refuse_uri(uri, error);
    }
    identity->layer = (enum wtl_layer)layer;
    return WTL_OK;
}

/* ---- alternative names ---------------------------------------------------------------------- */

/* A DNS or IP name is not used by wattle; it still must not be one that another reader of the same
 * certificate could take for something else. */
static bool other_name_is_harmless(uint8_t tag, struct wtl__der_view name)
{
    if (tag == WTL__SAN_IP) {
        return name.size == 4 || name.size == 16;
    }
    if (tag != WTL__SAN_DNS || name.size < 1 || name.size > 253) {
        return false;
    }
    for (size_t i = 0; i < name.size; i++) {
        if (name.bytes[i] <= 0x20 || name.bytes[i] >= 0x7f || name.bytes[i] == '*') {
            return false;
        }
    }
    return true;
}

/* Finds the one URI. */
static enum wtl_status find_uri(const struct wtl__cert *cert, struct wtl__der_view *uri_out,
                                struct wtl_error *error)
{
    struct wtl__der_view in = cert->sans;
    size_t count = 0;
    size_t uris = 0;
    while (in.size != 0) {
        struct wtl__der_view name;
        uint8_t tag;
        if (count++ == WTL__SANS_MAX || !wtl__der_any(&in, &tag, &name)) {
            return wtl_fail(error, WTL_IDENTITY,
                            "certificate, alternative names: expected a list of %u at most, came "
                            "something else",
                            WTL__SANS_MAX);
        }
        if (tag == WTL__SAN_URI) {
            *uri_out = name;
            uris++;
        } else if (!other_name_is_harmless(tag, name)) {
            return wtl_fail(error, WTL_IDENTITY,
                            "certificate, alternative names: expected plain DNS names and IP "
                            "addresses beside the URI, came one of tag 0x%02x and %zu bytes",
                            tag, name.size);
        }
    }
    if (uris != 1) {
        return wtl_fail(error, WTL_IDENTITY,
                        "certificate, alternative names: expected exactly one URI, came %zu", uris);
    }
    return WTL_OK;
}

bool wtl__ca_mesh(const struct wtl__cert *cert, bool *has_out, char mesh_out[WTL_NAME_MAX + 1])
{
    struct wtl__der_view uri;
    *has_out = false;
    mesh_out[0] = '\0';
    if (cert->sans.size == 0) {
        return true;
    }
    if (find_uri(cert, &uri, NULL) != WTL_OK || !take_scheme(&uri) || !copy_name(uri, mesh_out)) {
        return false;
    }
    *has_out = true;
    return true;
}

/* ---- the gate ------------------------------------------------------------------------------- */

static enum wtl_status check_subject(struct wtl__der_view subject, struct wtl_error *error)
{
    struct wtl__der_view in;
    struct wtl__der_view value;
    const char *kind;
    bool bad = !wtl__der_take(&subject, WTL__DER_SEQUENCE, &in);
    size_t count = 0;
    while (!bad && wtl__name_next(&in, &kind, &value, &bad)) {
        bad = ++count > WTL__NAME_PARTS_MAX;
        for (size_t i = 0; i < value.size && !bad; i++) {
            bad = value.bytes[i] < 0x20 || value.bytes[i] == 0x7f || value.bytes[i] == '*';
        }
    }
    if (bad) {
        return wtl_fail(error, WTL_IDENTITY,
                        "certificate, subject: expected plain text without control characters, NUL "
                        "or wildcard, came something else");
    }
    return WTL_OK;
}

static enum wtl_status check_rights(const struct wtl__cert *cert, struct wtl_error *error)
{
    if (cert->is_ca) {
        return wtl_fail(error, WTL_IDENTITY,
                        "certificate, basic constraints: expected CA:FALSE for a node, came a CA");
    }
    if (!cert->has_usage || (cert->usage & WTL__USAGE_SIGN) == 0) {
        return wtl_fail(error, WTL_IDENTITY,
                        "certificate, key usage: expected digitalSignature, came %s",
                        cert->has_usage ? "others only" : "no key usage");
    }
    if ((cert->usage & (WTL__USAGE_SIGN_CERT | WTL__USAGE_SIGN_CRL)) != 0) {
        return wtl_fail(error, WTL_IDENTITY,
                        "certificate, key usage: expected no right to sign certificates or "
                        "revocation lists for a node, came one");
    }
    unsigned both = WTL__PURPOSE_SERVER | WTL__PURPOSE_CLIENT;
    if ((cert->purposes & both) != both) {
        return wtl_fail(error, WTL_IDENTITY,
                        "certificate, extended key usage: expected serverAuth and clientAuth, came "
                        "%s",
                        !cert->has_purposes                           ? "none"
                        : (cert->purposes & WTL__PURPOSE_SERVER) != 0 ? "serverAuth only"
                        : (cert->purposes & WTL__PURPOSE_CLIENT) != 0 ? "clientAuth only"
                                                                      : "others only");
    }
    return WTL_OK;
}

static enum wtl_status check_algorithms(const struct wtl__cert *cert, struct wtl_error *error)
{
    if (cert->point == NULL) {
        return wtl_fail(error, WTL_IDENTITY,
                        "certificate, public key: expected P-256, came another algorithm or curve");
    }
    if (cert->algorithm == WTL__SIGNATURE_OTHER) {
        return wtl_fail(error, WTL_IDENTITY,
                        "certificate, signature: expected ECDSA with SHA-256 or better, came "
                        "another algorithm");
    }
    return WTL_OK;
}

enum wtl_status wtl_identity_check(const uint8_t *der, size_t size,
                                   struct wtl_identity *identity_out, struct wtl_error *error)
{
    struct wtl__cert cert;
    struct wtl__der_view uri = {0};
    *identity_out = (struct wtl_identity){0};
    enum wtl_status status = wtl__cert_read((struct wtl__der_view){der, size}, &cert, error);
    if (status == WTL_OK) {
        status = check_algorithms(&cert, error);
    }
    if (status == WTL_OK) {
        status = check_rights(&cert, error);
    }
    if (status == WTL_OK) {
        status = check_subject(cert.subject, error);
    }
    if (status == WTL_OK) {
        status = find_uri(&cert, &uri, error);
    }
    if (status == WTL_OK) {
        status = read_uri(uri, identity_out, error);
    }
    if (status != WTL_OK) {
        *identity_out = (struct wtl_identity){0};
        return status;
    }
    identity_out->not_before_s = cert.not_before_s;
    identity_out->not_after_s = cert.not_after_s;
    identity_out->serial_size = (uint8_t)cert.serial.size;
    memcpy(identity_out->serial, cert.serial.bytes, cert.serial.size);
    memcpy(identity_out->public_key, cert.point, WTL__P256_POINT);
    wtl__name_hash(cert.issuer, identity_out->issuer);
    (void)crypto_generichash(identity_out->fingerprint, sizeof identity_out->fingerprint, der, size,
                             NULL, 0);
    return WTL_OK;
}
