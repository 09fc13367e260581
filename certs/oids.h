/*
 * oids.h - the object identifiers of wattle's certificates, as the content octets of an OID.
 *
 * Thread: any; constants. Private to x509*.c and crl.c.
 */
#ifndef WTL_CERTS_OIDS_H
#define WTL_CERTS_OIDS_H

#include <stdint.h>

static const uint8_t wtl__oid_ec_public_key[] = {0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01};
static const uint8_t wtl__oid_p256[] = {0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07};
/* ecdsa-with-SHA256; its last octet is 2, and 3 and 4 are those with SHA-384 and SHA-512 */
static const uint8_t wtl__oid_ecdsa_sha256[] = {0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x02};
static const uint8_t wtl__oid_common_name[] = {0x55, 0x04, 0x03};
static const uint8_t wtl__oid_organisation[] = {0x55, 0x04, 0x0a};
static const uint8_t wtl__oid_subject_key_id[] = {0x55, 0x1d, 0x0e};
static const uint8_t wtl__oid_key_usage[] = {0x55, 0x1d, 0x0f};
static const uint8_t wtl__oid_alt_name[] = {0x55, 0x1d, 0x11};
static const uint8_t wtl__oid_crl_number[] = {0x55, 0x1d, 0x14};
static const uint8_t wtl__oid_constraints[] = {0x55, 0x1d, 0x13};
static const uint8_t wtl__oid_authority_key_id[] = {0x55, 0x1d, 0x23};
static const uint8_t wtl__oid_purposes[] = {0x55, 0x1d, 0x25};
static const uint8_t wtl__oid_server[] = {0x2b, 0x06, 0x01, 0x05, 0x05, 0x07, 0x03, 0x01};
static const uint8_t wtl__oid_client[] = {0x2b, 0x06, 0x01, 0x05, 0x05, 0x07, 0x03, 0x02};

#endif
