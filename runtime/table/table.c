/* table.c - the life of a table, and the room in it. See table.h. */
#include "table/table_private.h"

#include "base/pool.h"

/* Entries that one insert evicts at most, before it says WTL_BUSY. */
#define EVICTIONS_MAX 256u

void wtl__table_enter(void)
{
    wtl__rcu_enter();
}

void wtl__table_leave(void)
{
    wtl__rcu_leave();
}

void wtl__table_wait(void)
{
    wtl__retired_wait();
}

static struct wtl__store *make_store(const struct wtl__table *table)
{
    struct wtl__store *store = table->kind == WTL_TABLE_ORDERED ? wtl__ordered_create(table->seed)
                                                                : wtl__hashed_create(table->seed);
    if (store != NULL) {
        wtl__ages_init(&store->ages);
    }
    return store;
}

enum wtl_status wtl__table_create(const struct wtl_table_options *options,
                                  const struct wtl__clock *clock, const uint64_t seed[2],
                                  struct wtl__table **table_out)
{
    if ((unsigned)options->kind > WTL_TABLE_DUPLICATE_BAG ||
        (unsigned)options->full > WTL_TABLE_EVICT) {
        return WTL_INVALID;
    }
    struct wtl__table *table = wtl__pool_take(sizeof *table);
    if (table == NULL) {
        return WTL_NO_MEMORY;
    }
    *table = (struct wtl__table){
        .kind = options->kind,
        .evicts = options->full == WTL_TABLE_EVICT,
        .bytes_max = options->bytes_max != 0 ? options->bytes_max : WTL_TABLE_BYTES_DEFAULT,
        .ttl_ms = options->ttl_ms,
        .clock = clock,
        .seed = {{seed[0], seed[1]}},
    };
    struct wtl__store *store = make_store(table);
    if (store == NULL) {
        wtl__pool_give(table);
        return WTL_NO_MEMORY;
    }
    atomic_init(&table->store, store);
    atomic_init(&table->due_ms, WTL__WHEEL_NEVER);
    *table_out = table;
    return WTL_OK;
}

/* ---- the end of a store, and of a table --------------------------------------------------- */

/* Nobody can find the store any more. */
static void drain(struct wtl__store *store)
{
    /* writers that were under way have changed the count since it was taken */
    uint64_t bytes = atomic_load_explicit(&store->bytes, memory_order_relaxed);
    (void)wtl__draining_begin(bytes - store->drains, true);
    wtl__ages_deinit(&store->ages);
    store->calls->drain(store);
}

static void drain_cleared(struct rcu_head *head)
{
    wtl__rcu_is_after(head);
    drain(WTL_CONTAINER(head, struct wtl__store, retired));
}

static void free_table(struct rcu_head *head)
{
    struct wtl__table *table = WTL_CONTAINER(head, struct wtl__table, destroyed);
    wtl__rcu_is_after(head);
    void (*freed)(void *context) = table->freed;
    void *context = table->context;
    /* the last one: who was still writing may have cleared the table since */
    struct wtl__store *store = wtl__table_store(table);
    store->drains = table->drains;
    drain(store);
    wtl__pool_give(table);
    freed(context);
}

void wtl__table_destroy(struct wtl__table *table, void (*freed)(void *context), void *context)
{
    struct wtl__store *store = wtl__table_store(table);
    table->drains = atomic_load_explicit(&store->bytes, memory_order_relaxed);
    (void)wtl__draining_begin(table->drains, true);
    table->freed = freed;
    table->context = context;
    wtl__rcu_after(&table->destroyed, free_table);
}

enum wtl_status wtl__table_clear(struct wtl__table *table)
{
    struct wtl__store *old = wtl__table_store(table);
    uint64_t bytes = atomic_load_explicit(&old->bytes, memory_order_relaxed);
    if (!wtl__draining_begin(bytes, false)) {
        return WTL_BUSY;
    }
    struct wtl__store *fresh = make_store(table);
    if (fresh == NULL) {
        (void)wtl__draining_begin(0 - bytes, true);
        return WTL_NO_MEMORY;
    }
    /* whoever clears at the same time gives up another store */
    old = atomic_exchange_explicit(&table->store, fresh, memory_order_acq_rel);
    old->drains = bytes;
    wtl__rcu_after(&old->retired, drain_cleared);
    return WTL_OK;
}

/* ---- leaving a store ---------------------------------------------------------------------- */

void wtl__table_release(struct wtl__store *store, struct wtl__entry *entry, uint64_t bytes)
{
    if ((entry->traits & WTL__ENTRY_AGES) != 0) {
        wtl__ages_remove(&store->ages, entry);
    }
    if (bytes > 0) {
        atomic_fetch_sub_explicit(&store->bytes, bytes, memory_order_relaxed);
    }
    wtl__retire(entry);
}

bool wtl__table_drop(struct wtl__store *store, struct wtl__entry *entry)
{
    if (!store->calls->remove(store, entry)) {
        return false;
    }
    atomic_fetch_sub_explicit(&store->entries, 1, memory_order_relaxed);
    wtl__table_release(store, entry, wtl__entry_cost(entry));
    return true;
}

/* Drops some that have expired; returns how many there were. */
static unsigned drop_expired(struct wtl__table *table, struct wtl__store *store)
{
    struct wtl__entry *expired[WTL__AGES_BATCH];
    unsigned count = wtl__ages_expire(&store->ages, wtl__clock_now_ms(table->clock), expired);
    for (unsigned i = 0; i < count; i++) {
        if (wtl__table_drop(store, expired[i])) {
            atomic_fetch_add_explicit(&table->expired, 1, memory_order_relaxed);
        }
    }
    return count;
}

uint64_t wtl__table_sweep(struct wtl__table *table)
{
    struct wtl__store *store = wtl__table_store(table);
    unsigned count = drop_expired(table, store);
    return count == WTL__AGES_BATCH ? 0 : wtl__ages_next_ms(&store->ages);
}

/* ---- room --------------------------------------------------------------------------------- */

/* Makes some room. False: there is nothing that may go. */
static bool make_room(struct wtl__table *table, struct wtl__store *store)
{
    if (drop_expired(table, store) > 0) {
        return true;
    }
    struct wtl__entry *oldest = table->evicts ? wtl__ages_oldest(&store->ages) : NULL;
    if (oldest != NULL && wtl__table_drop(store, oldest)) {
        atomic_fetch_add_explicit(&table->evicted, 1, memory_order_relaxed);
    }
    return oldest != NULL;
}

enum wtl_status wtl__table_reserve(struct wtl__table *table, struct wtl__store *store,
                                   uint64_t bytes, uint64_t old)
{
    enum wtl_status status = bytes > table->bytes_max ? WTL_TOO_LARGE : WTL_BUSY;
    uint64_t more = wtl__bytes_more(bytes, old);
    if (more == 0 && status == WTL_BUSY) {
        return WTL_OK;
    }
    for (unsigned tries = 0; status == WTL_BUSY && tries < EVICTIONS_MAX; tries++) {
        uint64_t before = atomic_fetch_add_explicit(&store->bytes, more, memory_order_relaxed);
        if (before + more <= table->bytes_max) {
            return WTL_OK;
        }
        atomic_fetch_sub_explicit(&store->bytes, more, memory_order_relaxed);
        if (!make_room(table, store)) {
            status = WTL_FULL;
        }
    }
    atomic_fetch_add_explicit(&table->refused, 1, memory_order_relaxed);
    return status;
}

void wtl__table_note_due(struct wtl__table *table, uint64_t expires_ms)
{
    uint64_t due_ms = atomic_load_explicit(&table->due_ms, memory_order_relaxed);
    while (expires_ms < due_ms &&
           !atomic_compare_exchange_weak_explicit(&table->due_ms, &due_ms, expires_ms,
                                                  memory_order_relaxed, memory_order_relaxed)) {
    }
}

uint64_t wtl__table_take_due(struct wtl__table *table)
{
    if (atomic_load_explicit(&table->due_ms, memory_order_relaxed) == WTL__WHEEL_NEVER) {
        return WTL__WHEEL_NEVER;
    }
    return atomic_exchange_explicit(&table->due_ms, WTL__WHEEL_NEVER, memory_order_relaxed);
}

void wtl__table_info(struct wtl__table *table, struct wtl_table_info *info_out)
{
    struct wtl__store *store = wtl__table_store(table);
    info_out->kind = table->kind;
    info_out->entries = atomic_load_explicit(&store->entries, memory_order_relaxed);
    info_out->bytes = atomic_load_explicit(&store->bytes, memory_order_relaxed);
    info_out->bytes_max = table->bytes_max;
    info_out->evicted = atomic_load_explicit(&table->evicted, memory_order_relaxed);
    info_out->expired = atomic_load_explicit(&table->expired, memory_order_relaxed);
    info_out->refused = atomic_load_explicit(&table->refused, memory_order_relaxed);
}
