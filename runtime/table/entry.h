/*
 * entry.h - one key of a table with its value, in one block that never changes.
 *
 *     [struct wtl__aging] struct wtl__entry  key  value
 *
 * The first part is there when the entry has a time to live, or when its table evicts. A new value
 * is a new entry in place of the old one, which is retired: freed when nobody reads it any more.
 * An entry without a key is a bookmark of a walk (hashed.c), seen by nobody else.
 *
 * Thread: the bytes are read by any once the entry is in a store; `used` and `borrowed` are set by
 * readers; aging belongs to the lock of the store's ages, `expires_ms` is constant.
 * Owns: the store owns its entries until they are retired.
 */
#ifndef WTL_TABLE_ENTRY_H
#define WTL_TABLE_ENTRY_H

#include <stdatomic.h>

#include "base/attr.h"
#include "base/wheel.h"
#include "table/key.h"
#include "table/rcu.h"

struct wtl__domain;

struct wtl__entry {
    struct cds_lfht_node node; /* of a hashed store */
    struct rcu_head retired;
    uint32_t value_size;
    uint16_t key_size;
    _Atomic(uint8_t) marks;
    uint8_t traits;
    uint8_t bytes[]; /* key, value */
};

/* entry.traits */
#define WTL__ENTRY_AGES     1u /* struct wtl__aging stands before it */
#define WTL__ENTRY_IN_ORDER 2u /* of an ordered store, which has a node for it */

/* entry.marks */
#define WTL__ENTRY_USED     1u /* read since it was last looked at for eviction */
#define WTL__ENTRY_BORROWED 2u /* somebody has, or had, it beyond a section: see holds.h */

_Static_assert(sizeof(void *) != 8 || sizeof(struct wtl__entry) <= 40,
               "an entry with a small key and value is one cache line");

/* How old it is: where it stands among those that may be evicted or will expire. */
struct wtl__aging {
    struct wtl__timer timer;
    struct wtl__link order;
    uint64_t expires_ms; /* WTL__WHEEL_NEVER: stays */
    bool gone;           /* it has left the store: not to be added to the ages any more */
};

static inline struct wtl__aging *wtl__entry_aging(struct wtl__entry *entry)
{
    return (entry->traits & WTL__ENTRY_AGES) != 0 ? (struct wtl__aging *)(void *)entry - 1 : NULL;
}

static inline struct wtl__entry *wtl__entry_of_aging(struct wtl__aging *aging)
{
    return (struct wtl__entry *)(void *)(aging + 1);
}

static inline struct wtl__key wtl__entry_key(const struct wtl__entry *entry)
{
    return (struct wtl__key){entry->bytes, entry->key_size};
}

static inline struct wtl_bytes wtl__entry_value(const struct wtl__entry *entry)
{
    return (struct wtl_bytes){entry->bytes + entry->key_size, entry->value_size};
}

/* What its store needs for an entry besides, about: buckets, or a node with the key once more. */
#define WTL__ENTRY_BUCKETS_BYTES 24u
#define WTL__ENTRY_NODE_BYTES    48u

/* What it counts against the bytes of its table. */
static inline uint64_t wtl__entry_cost(const struct wtl__entry *entry)
{
    return sizeof *entry + entry->key_size + (uint64_t)entry->value_size +
           ((entry->traits & WTL__ENTRY_AGES) != 0 ? sizeof(struct wtl__aging) : 0) +
           ((entry->traits & WTL__ENTRY_IN_ORDER) != 0 ? WTL__ENTRY_NODE_BYTES + entry->key_size
                                                       : WTL__ENTRY_BUCKETS_BYTES);
}

static inline uint64_t wtl__entry_expires_ms(struct wtl__entry *entry)
{
    const struct wtl__aging *aging = wtl__entry_aging(entry);
    return aging != NULL ? aging->expires_ms : WTL__WHEEL_NEVER;
}

/* An entry with that key and room for a value, which the caller fills before anybody sees it.
 * `expires_ms` other than WTL__WHEEL_NEVER makes it age. NULL when memory is exhausted. */
struct wtl__entry *wtl__entry_new(struct wtl__key key, uint32_t value_size, unsigned traits,
                                  uint64_t expires_ms);

/* Frees an entry that nobody has seen, or that nobody can see any more. */
void wtl__entry_free(struct wtl__entry *entry);

#endif
