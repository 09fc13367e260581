/*
 * lists.h - revocation lists for tests: signed by whoever a test says, put into files of blocks,
 * and read as a node reads them.
 *
 * Thread: the test's. Owns: a file is the test's until lists_close.
 */
#ifndef WTL_TESTS_CERTS_LISTS_H
#define WTL_TESTS_CERTS_LISTS_H

#include "certs/pem.h"
#include "certs/revoked.h"
#include "fixture.h"

/* The node that reads them, and what the last reading has said. */
extern struct wtl_bundle lists_node;
extern struct wtl_error lists_error;

/* For TestSuite(.init, .fini): these two, and the fixture. */
void lists_init(void);
void lists_deinit(void);

/* That certificate, revoked. */
struct wtl__crl_entry lists_entry(const struct wtl_identity *identity, int64_t at_s);
/* A list that is good for thirty days. */
struct wtl_der lists_sign(const struct wtl__authority *signer, uint64_t number,
                          const struct wtl__crl_entry *entries, size_t count);

/* A file of blocks, and what became of reading it. */
struct lists_file {
    struct wtl__text text;
    struct wtl_revoked *revoked;
    enum wtl_status status;
};

struct lists_file lists_open(void);
void lists_parse(struct lists_file *file);
void lists_close(struct lists_file *file);
/* A file of one list, which is taken, and read. */
struct lists_file lists_file_of(struct wtl_der list);
/* The same of a list that the issuing CA has signed, which is good. */
struct lists_file lists_signed(uint64_t number, const struct wtl__crl_entry *entries, size_t count);

/* It was refused, and the text says that; closes it. */
void lists_expect_refused(struct lists_file *file, const char *text);

#endif
