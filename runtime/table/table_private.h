/*
 * table_private.h - what the files of a table share. See table.h.
 *
 * Thread: `store` is replaced by clear and read by any; counts are written by writers; the rest is
 * constant.
 */
#ifndef WTL_TABLE_TABLE_PRIVATE_H
#define WTL_TABLE_TABLE_PRIVATE_H

#include "table/retire.h"
#include "table/store.h"
#include "table/table.h"

struct wtl__table {
    enum wtl_table_kind kind;
    bool evicts;
    uint64_t bytes_max;
    uint64_t ttl_ms; /* 0: for ever */
    const struct wtl__clock *clock;
    struct wtl__siphash_key seed;
    _Atomic(struct wtl__store *) store;
    _Atomic(uint64_t) due_ms; /* see wtl__table_take_due */
    _Atomic(uint64_t) evicted;
    _Atomic(uint64_t) expired;
    _Atomic(uint64_t) refused;

    struct rcu_head destroyed;
    uint64_t drains; /* bytes that were counted when the table was given up */
    void (*freed)(void *context);
    void *context;
};

static inline bool wtl__table_is_bag(const struct wtl__table *table)
{
    return table->kind == WTL_TABLE_BAG || table->kind == WTL_TABLE_DUPLICATE_BAG;
}

/* Acquire pairs with the release in clear: the store was made before. */
static inline struct wtl__store *wtl__table_store(struct wtl__table *table)
{
    return atomic_load_explicit(&table->store, memory_order_acquire);
}

/* Is it over with the entry? The clock is asked only where an entry has an end. */
static inline bool wtl__table_is_over(const struct wtl__table *table, struct wtl__entry *entry)
{
    uint64_t expires_ms = wtl__entry_expires_ms(entry);
    return WTL_UNLIKELY(expires_ms != WTL__WHEEL_NEVER) &&
           wtl__clock_now_ms(table->clock) >= expires_ms;
}

/* Takes an entry out of its store, if nobody was faster; then it is gone. */
bool wtl__table_drop(struct wtl__store *store, struct wtl__entry *entry);

/* The entry has left its store, which holds so many bytes less for it: it is retired. */
void wtl__table_release(struct wtl__store *store, struct wtl__entry *entry, uint64_t bytes);

/* Something will expire then. */
void wtl__table_note_due(struct wtl__table *table, uint64_t expires_ms);

/* How much `bytes` are over `others`. */
static inline uint64_t wtl__bytes_more(uint64_t bytes, uint64_t others)
{
    return bytes > others ? bytes - others : 0;
}

/* Makes room for `bytes` in the place of `old` ones, and counts what they are more: not both, or
 * those who replace something in a full table at the same time would be in each other's way. Fails:
 * see wtl_table_insert; nothing is counted then. */
enum wtl_status wtl__table_reserve(struct wtl__table *table, struct wtl__store *store,
                                   uint64_t bytes, uint64_t old) WTL_MUST_USE;

#endif
