/*
 * ca_rows.h - the certificates that a CA has revoked or is about to, while its lists are being
 * made: what is on a list knows a serial number, and issued.log the name behind it.
 *
 * Thread: one. Owns: the set owns its rows.
 */
#ifndef WTL_CERTS_CA_ROWS_H
#define WTL_CERTS_CA_ROWS_H

#include "certs/ca.h"
#include "certs/issued.h"

struct wtl__ca_row {
    struct wtl__crl_entry entry; /* first: rows are ordered as entries are */
    char name[WTL_NAME_MAX + 1]; /* "": not known */
    int64_t expires_s;           /* 0: not known */
    bool is_new;
};

struct wtl__ca_rows {
    struct wtl__ca_row *list;
    size_t count;
    size_t capacity;
    size_t sorted; /* so many, from the first on, are in the order of their serials */
};

void wtl__ca_rows_deinit(struct wtl__ca_rows *rows);

/* Adds what is on a list already, unless it is there. Fails: WTL_NO_MEMORY, WTL_FULL.
 * Bounds: WTL__CRL_ENTRIES_MAX. */
enum wtl_status wtl__ca_rows_take(struct wtl__ca_rows *rows, const struct wtl__crl_entry *entry,
                                  struct wtl_error *error) WTL_MUST_USE;

/* Adds one that is revoked now, unless it is there. Fails: as above. */
enum wtl_status wtl__ca_rows_revoke(struct wtl__ca_rows *rows, const struct wtl__issued *issued,
                                    int64_t now_s, struct wtl_error *error) WTL_MUST_USE;

void wtl__ca_rows_sort(struct wtl__ca_rows *rows);

/* Leaves out what had expired before the last list was made: that one has named it (RFC 5280, 3.3).
 */
void wtl__ca_rows_forget(struct wtl__ca_rows *rows, int64_t last_list_s);

/* The entries alone, sorted. Owns: the caller frees them. NULL: no memory. */
struct wtl__crl_entry *wtl__ca_rows_entries(struct wtl__ca_rows *rows);

/* Copies the rows for people, in the order of their times. Fails: WTL_NO_MEMORY. */
enum wtl_status wtl__ca_rows_report(const struct wtl__ca_rows *rows,
                                    struct wtl_ca_revoked *revoked_out,
                                    struct wtl_error *error) WTL_MUST_USE;

/* ---- with what was issued -------------------------------------------------------------------- */

struct wtl__ca_search {
    struct wtl__ca_rows *rows;
    const char *what; /* a name or a serial number; NULL: nothing is revoked */
    int64_t now_s;
    /* what came of it */
    unsigned found;   /* certificates that are meant and have not expired */
    unsigned expired; /* those that have */
    int64_t last_end_s;
    char known[256]; /* names that were issued, for an error */
    bool is_cut;     /* there are more of them */
};

/* Goes through issued.log once: gives the rows their names, and revokes what is meant.
 * Fails: WTL_SYSTEM, WTL_NO_MEMORY, WTL_FULL. */
enum wtl_status wtl__ca_rows_search(struct wtl__ca_search *search, const char *log,
                                    struct wtl_error *error) WTL_MUST_USE;

#endif
