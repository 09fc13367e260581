/*
 * fixture.h - what the tests of certs share: a temporary folder, a CA in memory, certificates with
 * one thing wrong, and openssl as the second opinion.
 *
 * Keys exist only in memory and in the temporary folder, which fixture_deinit removes.
 */
#ifndef WTL_TESTS_CERTS_FIXTURE_H
#define WTL_TESTS_CERTS_FIXTURE_H

#include <criterion/criterion.h>
#include <limits.h>

#include "certs/authority.h"
#include "certs/x509.h"

/* 2026-01-15T12:00:00Z: the wall clock of all tests that need none of today's. */
#define NOW_S INT64_C(1768478400)
#define DAY_S INT64_C(86400)

struct fixture {
    char folder[64];
    struct wtl__authority root;
    struct wtl__authority issuing;
};

/* For TestSuite(.init, .fini). */
extern struct fixture fixture;
void fixture_init(void);
void fixture_deinit(void);

/* "FOLDER/name" in one of a few rotating buffers. */
const char *fixture_path(const char *name);
void fixture_write(const char *path, const void *bytes, size_t size, unsigned mode);

/* Runs a shell command in the temporary folder; returns its exit code, and what it printed. */
int fixture_run(char *output, size_t capacity, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* The request of a good node, and the bundle of one. */
struct wtl_id_request fixture_request(void);
struct wtl_bundle fixture_bundle(void);

/* The spec of a good leaf, to be spoilt in one place and then signed by `signer`. */
struct leaf {
    struct wtl__cert_spec spec;
    struct wtl__san sans[WTL__SANS_MAX + 4];
    uint8_t point[WTL__P256_POINT];
    struct wtl_der key;
};
void leaf_init(struct leaf *leaf);
void leaf_deinit(struct leaf *leaf);
struct wtl_der leaf_sign(struct leaf *leaf, const struct wtl__authority *signer);

/* Sets SAN `index` to a URI. */
void leaf_uri(struct leaf *leaf, size_t index, const void *bytes, size_t size);

#endif
