/*
 * identity.h - who a certificate says its holder is, and whether wattle accepts it as a node.
 *
 * The identity is one URI SAN, `spiffe://<mesh>/<tenant>/<layer>/<name>`. The gate below checks
 * what wolfSSL's chain check leaves out: both extended key usages, key usage, that no CA poses as a
 * leaf, and that there is exactly one URI SAN, well formed. It does not check the chain or the
 * dates: TLS does, and this is run after it, on the leaf that TLS has verified.
 *
 * Thread: any; nothing is shared. Owns: everything is copied into the caller's memory.
 */
#ifndef WTL_CERTS_IDENTITY_H
#define WTL_CERTS_IDENTITY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <wattle/status.h>
#include <wattle/types.h>

enum wtl_layer { WTL_LAYER_DEVICE = 1, WTL_LAYER_EDGE = 2, WTL_LAYER_CLOUD = 3 };

/* Certificates larger than this are refused before they are parsed, in bytes of DER. */
#define WTL_CERT_MAX 8192u
/* Certificates in a chain, leaf and intermediates, without the root. */
#define WTL_CHAIN_MAX 3u
/* Roots that a bundle may accept at the same time. */
#define WTL_ROOTS_MAX 4u

struct wtl_identity {
    char mesh[WTL_NAME_MAX + 1];
    char tenant[WTL_NAME_MAX + 1];
    char name[WTL_NAME_MAX + 1];
    enum wtl_layer layer;
    int64_t not_before_s; /* Unix time */
    int64_t not_after_s;
    uint8_t serial[20];
    uint8_t serial_size;
    uint8_t issuer[32];      /* BLAKE2b-256 of the issuer's Name in DER */
    uint8_t public_key[65];  /* uncompressed P-256 point */
    uint8_t fingerprint[32]; /* BLAKE2b-256 of the leaf's DER */
};

/* "device", "edge", "cloud"; NULL for another number. */
const char *wtl_layer_name(enum wtl_layer layer);

/* Fails: WTL_INVALID when `text` is no layer. */
enum wtl_status wtl_layer_parse(const char *text, enum wtl_layer *layer_out) WTL_MUST_USE;

/* Is this a name as meshes, tenants, nodes and actors have them? [a-z0-9] first, then [a-z0-9._-],
 * 1 to WTL_NAME_MAX bytes. */
bool wtl_name_is_valid(const char *name, size_t size);

/* Reads the identity of the leaf certificate `der` and applies the gate.
 * Fails: WTL_IDENTITY with a text that names the field, what was expected and what came. */
enum wtl_status wtl_identity_check(const uint8_t *der, size_t size,
                                   struct wtl_identity *identity_out,
                                   struct wtl_error *error) WTL_MUST_USE;

/* The 40 bits of BLAKE2b over mesh and name that make the upper part of a node id; never 0. Tenant
 * and layer are attributes, because node names are unique in a mesh. */
uint64_t wtl_identity_node_bits(const struct wtl_identity *identity);

/* "spiffe://mesh/tenant/layer/name" into `uri_out`; returns it. */
#define WTL_URI_MAX 256
char *wtl_identity_uri(const struct wtl_identity *identity, char uri_out[WTL_URI_MAX]);

#endif
