/*
 * store.h - where entries are: one seam, two kinds.
 *
 *   hashed.c   liburcu's resizable hash table; writers never wait for each other
 *   ordered.c  a skip list; readers walk it while one writer at a time changes it
 *
 * A store holds at most one entry for each key. Who wants to change one finds it, makes another one
 * out of it and replaces the one by the other, which fails when somebody else was faster; so all
 * that a table promises to do in one step is done once, in change.c, for both kinds.
 *
 * Thread: any, in a section (rcu.h). Owns: its entries; an entry that was replaced or removed is
 * the caller's, to be retired.
 */
#ifndef WTL_TABLE_STORE_H
#define WTL_TABLE_STORE_H

#include <stdalign.h>

#include "base/siphash.h"
#include "table/ages.h"
#include "table/entry.h"

struct wtl__store;

/* Where a key was looked for: its entry, and what its store needs to put another one there. */
struct wtl__spot {
    struct wtl__entry *entry; /* NULL: there was none */
    unsigned long hash;
    struct cds_lfht_iter iter;
};

/* False ends the walk. */
typedef bool (*wtl__store_visit)(void *context, struct wtl__entry *entry);

struct wtl__store_calls {
    void (*find)(struct wtl__store *store, struct wtl__key key, struct wtl__spot *spot_out);
    /* Adds it where there was none. WTL_EXISTS: there is one meanwhile; WTL_NO_MEMORY. */
    enum wtl_status (*add)(struct wtl__store *store, const struct wtl__spot *spot,
                           struct wtl__entry *entry);
    /* Puts `entry` in the place of what was found. False: that was replaced or removed since. */
    bool (*replace)(struct wtl__store *store, struct wtl__spot *spot, struct wtl__entry *entry);
    /* False: it was replaced or removed by somebody else. */
    bool (*remove)(struct wtl__store *store, struct wtl__entry *entry);
    /* Visits each entry behind `after`, or at it when `at_it`; from the first when `after` has no
     * bytes. False when memory is exhausted. */
    bool (*walk)(struct wtl__store *store, struct wtl__key after, bool at_it,
                 wtl__store_visit visit, void *context);
    /* The last entry before that key, or of all; NULL: none. A hashed store has no such call. */
    struct wtl__entry *(*before)(struct wtl__store *store, struct wtl__key key);
    /* Frees all entries, and the store, which nobody can find any more. In `done` of
     * wtl__rcu_after. */
    void (*drain)(struct wtl__store *store);
};

/* What both kinds begin with. */
struct wtl__store {
    const struct wtl__store_calls *calls;
    struct rcu_head retired;
    struct wtl__ages ages;
    uint64_t drains; /* bytes that were counted when the store was given up */
    /* written by all writers */
    alignas(WTL_CACHE_LINE) _Atomic(uint64_t) bytes;
    _Atomic(uint64_t) entries;
};

/* An empty store. The seed is for its hashes, or for its heights. NULL when memory is exhausted. */
struct wtl__store *wtl__hashed_create(struct wtl__siphash_key seed);
struct wtl__store *wtl__ordered_create(struct wtl__siphash_key seed);

#endif
