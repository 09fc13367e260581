/* revoked_private.h - what revoked.c and revoked_read.c share. See revoked.h. */
#ifndef WTL_CERTS_REVOKED_PRIVATE_H
#define WTL_CERTS_REVOKED_PRIVATE_H

#include "certs/revoked.h"
#include "certs/x509.h"

struct wtl__list_of_ca {
    uint8_t issuer[WTL__NAME_HASH]; /* of the CA's name, as in struct wtl_identity */
    char name[WTL__NAME_TEXT];
    uint64_t number;
    int64_t this_update_s;
    int64_t next_update_s;
    struct wtl__crl_entry *entries; /* in the order of serials; NULL: none */
    size_t count;
    uint8_t digest[32]; /* BLAKE2b-256 of the list's DER */
    /* of the CA's own certificate */
    uint8_t ca_issuer[WTL__NAME_HASH];
    uint8_t ca_serial[WTL__SERIAL_MAX];
    int64_t ca_not_after_s;
};

struct wtl_revoked {
    struct wtl__list_of_ca lists[WTL_REVOKED_LISTS_MAX]; /* each of another CA */
    unsigned count;
};

/* The list of the CA of that name; NULL when there is none. */
const struct wtl__list_of_ca *wtl__revoked_find(const struct wtl_revoked *revoked,
                                                const uint8_t issuer[WTL__NAME_HASH]);

/* Orders entries by serial, as qsort and bsearch want it. */
int wtl__revoked_compare(const void *a, const void *b);

#endif
