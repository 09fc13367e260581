/*
 * revoked.h - whom a mesh no longer trusts: the revocation lists of a file, checked against the
 * roots of a node, and the answers that they give.
 *
 * The file is PEM: X.509 lists (crl.h), one for each CA that issues, and the certificates of these
 * CAs, without which a list of a CA that this node has never met could not be checked. A list
 * speaks for the certificates of its own CA alone, and a certificate whose CA has no list here is
 * not good: it cannot be told from a revoked one. A list counts by the time until which it is
 * valid, never by the time it was signed at: one "from the future" only says that a clock is wrong.
 *
 * Thread: any; immutable once it is made. Owns: everything that it was made from is copied.
 */
#ifndef WTL_CERTS_REVOKED_H
#define WTL_CERTS_REVOKED_H

#include "certs/bundle.h"
#include "certs/crl.h"

/* A file larger than this is refused unread, in bytes; and how many lists one may hold. */
#define WTL_REVOKED_FILE_MAX  (4u * 1024 * 1024)
#define WTL_REVOKED_LISTS_MAX 8u

struct wtl_revoked;

/* Reads a file and checks it against `trust`: its chain, its roots and its mesh. Dates are no
 * reason to refuse. Owns: the caller destroys it. Fails: WTL_CONFIG, WTL_IDENTITY, WTL_SYSTEM,
 * WTL_NO_MEMORY; the text says what was expected, what came, and in which block. */
enum wtl_status wtl_revoked_read(const char *path, const struct wtl_bundle *trust,
                                 struct wtl_revoked **revoked_out,
                                 struct wtl_error *error) WTL_MUST_USE;

/* The same from memory; `where` names it in errors. This is what the fuzzer drives. */
enum wtl_status wtl_revoked_parse(const char *text, size_t size, const char *where,
                                  const struct wtl_bundle *trust, struct wtl_revoked **revoked_out,
                                  struct wtl_error *error) WTL_MUST_USE;

void wtl_revoked_destroy(struct wtl_revoked *revoked); /* NULL is nothing */

/* Is a certificate still good by the lists? On refusal, `word_out` is a short word for a log:
 * "revoked", or "crl_missing" when there is no list of its CA. Fails: WTL_IDENTITY. */
enum wtl_status wtl_revoked_check(const struct wtl_revoked *revoked,
                                  const struct wtl_identity *identity, const char **word_out,
                                  struct wtl_error *error) WTL_MUST_USE;

/* The same for who is to be let in: the list that says so must be valid at `now_s`, else the word
 * is "crl_stale". */
enum wtl_status wtl_revoked_admit(const struct wtl_revoked *revoked,
                                  const struct wtl_identity *identity, int64_t now_s,
                                  const char **word_out, struct wtl_error *error) WTL_MUST_USE;

/* May these lists take the place of the `older` ones? Each must be the same or have a higher
 * number, and none may be missing, but of a CA that has expired at `now_s`.
 * Fails: WTL_IDENTITY with what is wrong. */
enum wtl_status wtl_revoked_follows(const struct wtl_revoked *revoked,
                                    const struct wtl_revoked *older, int64_t now_s,
                                    struct wtl_error *error) WTL_MUST_USE;

/* ---- what they are, for people and logs ------------------------------------------------------ */

struct wtl_revoked_summary {
    unsigned lists;
    size_t certificates; /* in all of them */
    /* of the list that ends first */
    uint64_t number;
    int64_t this_update_s;
    int64_t next_update_s;
};

struct wtl_revoked_summary wtl_revoked_sum(const struct wtl_revoked *revoked);

/* One of the lists; false behind the last. Its entries are in the order of serials, and borrowed.
 */
struct wtl__revoked_list {
    uint64_t number;
    int64_t this_update_s;
    int64_t next_update_s;
    const struct wtl__crl_entry *entries;
    size_t count;
};
bool wtl__revoked_list(const struct wtl_revoked *revoked, unsigned index,
                       struct wtl__revoked_list *list_out);

#endif
