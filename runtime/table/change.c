/*
 * change.c - everything that writes to a table, as one pattern: find the entry, make another one
 * out of it, and put that in its place, unless somebody was faster; then again. See table.h.
 *
 * What is made depends on the call, and is said by a plan. A plan reads the old entry, which does
 * not change, so that it may be made as often as it takes.
 */
#include "table/bag.h"
#include "table/table_private.h"

#include "base/pool.h"

/* How often somebody else may be faster, before the call says WTL_BUSY. */
#define TRIES_MAX 4096u

/* What is to become of the entry. */
struct plan {
    enum { PUT, REMOVE, NOTHING } what;
    uint64_t expires_ms;
    struct wtl_bytes pieces[3]; /* the new value, in pieces */
    uint8_t head[9];            /* of pieces that are made here */
    uint8_t *scratch;           /* the same, of the pools; given back */
};

/* A call, and what it was given. */
struct change {
    struct wtl__table *table;
    struct wtl__key key;
    enum wtl_status (*plan)(struct change *change, struct wtl__entry *old, struct plan *plan);
    struct wtl_bytes value;
    struct wtl_bytes expected;
    uint64_t ttl_ms;
    int64_t delta;
    int64_t initial;
    int64_t sum;
    struct wtl_writer *into;
    bool only_new;
};

static uint64_t expires_after(const struct wtl__table *table, uint64_t ttl_ms)
{
    ttl_ms = ttl_ms != 0 ? ttl_ms : table->ttl_ms;
    return ttl_ms != 0 ? wtl__deadline_ms(wtl__clock_now_ns(table->clock), ttl_ms)
                       : WTL__WHEEL_NEVER;
}

/* ---- plans -------------------------------------------------------------------------------- */

static enum wtl_status plan_insert(struct change *change, struct wtl__entry *old, struct plan *plan)
{
    if (change->only_new && old != NULL) {
        return WTL_EXISTS;
    }
    plan->pieces[0] = change->value;
    plan->expires_ms = expires_after(change->table, change->ttl_ms);
    return WTL_OK;
}

static enum wtl_status plan_bag_insert(struct change *change, struct wtl__entry *old,
                                       struct plan *plan)
{
    struct wtl_writer head = wtl_writer_over(plan->head, sizeof plan->head);
    uint32_t count = 0;
    if (old != NULL) {
        struct wtl_bytes bag = wtl__entry_value(old);
        if (change->only_new) {
            return WTL_EXISTS;
        }
        if (change->table->kind == WTL_TABLE_BAG && wtl__bag_count(bag, change->value) > 0) {
            plan->what = NOTHING;
            return WTL_OK;
        }
        count = wtl__bag_open(bag, &plan->pieces[1]);
        if (count == WTL_TABLE_VALUES_MAX) {
            return WTL_FULL;
        }
    }
    wtl_put_array(&head, count + 1);
    plan->pieces[0] = wtl_bytes_of(&head);
    plan->pieces[2] = change->value;
    plan->expires_ms = expires_after(change->table, change->ttl_ms);
    return WTL_OK;
}

static enum wtl_status plan_add(struct change *change, struct wtl__entry *old, struct plan *plan)
{
    int64_t number = change->initial;
    plan->expires_ms = expires_after(change->table, 0);
    if (old != NULL) {
        struct wtl_bytes value = wtl__entry_value(old);
        struct wtl_reader reader = wtl_reader_over(value.bytes, value.size);
        number = wtl_get_i64(&reader);
        if (reader.failed || wtl_left(&reader) > 0) {
            return WTL_BAD_PAYLOAD;
        }
        plan->expires_ms = wtl__entry_expires_ms(old);
    }
    if (__builtin_add_overflow(number, change->delta, &number)) {
        return WTL_TOO_LARGE;
    }
    struct wtl_writer head = wtl_writer_over(plan->head, sizeof plan->head);
    wtl_put_i64(&head, number);
    plan->pieces[0] = wtl_bytes_of(&head);
    change->sum = number;
    return WTL_OK;
}

static bool is_value(struct wtl__entry *entry, struct wtl_bytes value)
{
    struct wtl_bytes there = wtl__entry_value(entry);
    return there.size == value.size &&
           (value.size == 0 || memcmp(there.bytes, value.bytes, value.size) == 0);
}

static enum wtl_status plan_swap(struct change *change, struct wtl__entry *old, struct plan *plan)
{
    if (old == NULL) {
        return WTL_NOT_FOUND;
    }
    if (!is_value(old, change->expected)) {
        return WTL_EXISTS;
    }
    plan->pieces[0] = change->value;
    plan->expires_ms = wtl__entry_expires_ms(old);
    return WTL_OK;
}

static enum wtl_status plan_remove(struct change *change, struct wtl__entry *old, struct plan *plan)
{
    (void)change;
    plan->what = REMOVE;
    return old != NULL ? WTL_OK : WTL_NOT_FOUND;
}

static enum wtl_status plan_remove_value(struct change *change, struct wtl__entry *old,
                                         struct plan *plan)
{
    plan->what = REMOVE;
    return old != NULL && is_value(old, change->value) ? WTL_OK : WTL_NOT_FOUND;
}

static enum wtl_status plan_bag_remove_value(struct change *change, struct wtl__entry *old,
                                             struct plan *plan)
{
    if (old == NULL) {
        return WTL_NOT_FOUND;
    }
    struct wtl_bytes bag = wtl__entry_value(old);
    struct wtl_bytes values;
    uint32_t found = wtl__bag_count(bag, change->value);
    uint32_t left = wtl__bag_open(bag, &values) - found;
    if (found == 0) {
        return WTL_NOT_FOUND;
    }
    if (left == 0) {
        plan->what = REMOVE;
        return WTL_OK;
    }
    uint32_t size = 0;
    plan->scratch = wtl__bag_without(bag, change->value, left, &size);
    plan->pieces[0] = wtl_bytes_over(plan->scratch, size);
    plan->expires_ms = wtl__entry_expires_ms(old);
    return plan->scratch != NULL ? WTL_OK : WTL_NO_MEMORY;
}

/* The room is made before anything is removed. */
static enum wtl_status plan_take(struct change *change, struct wtl__entry *old, struct plan *plan)
{
    plan->what = REMOVE;
    if (old == NULL) {
        return WTL_NOT_FOUND;
    }
    return change->into->failed || !wtl_room(change->into, old->value_size) ? WTL_TOO_LARGE
                                                                            : WTL_OK;
}

/* ---- the pattern -------------------------------------------------------------------------- */

static unsigned traits_of(const struct wtl__table *table)
{
    return (table->evicts ? WTL__ENTRY_AGES : 0) |
           (table->kind == WTL_TABLE_ORDERED ? WTL__ENTRY_IN_ORDER : 0);
}

/* The entry of the plan, counted in the store in the place of `old` bytes; NULL, and why. */
static struct wtl__entry *make_entry(struct change *change, struct wtl__store *store,
                                     const struct plan *plan, uint64_t old,
                                     enum wtl_status *status_out)
{
    struct wtl__table *table = change->table;
    uint64_t size = 0;
    for (unsigned i = 0; i < WTL_COUNT(plan->pieces); i++) {
        size += plan->pieces[i].size;
    }
    if (size > WTL_TABLE_VALUE_MAX) {
        *status_out = WTL_TOO_LARGE;
        return NULL;
    }
    bool ends = plan->expires_ms != WTL__WHEEL_NEVER;
    struct wtl__entry *entry =
        wtl__entry_new(change->key, (uint32_t)size, traits_of(table), plan->expires_ms);
    *status_out = WTL_NO_MEMORY;
    if (entry == NULL) {
        return NULL;
    }
    if (!ends || wtl__ages_have_wheel(&store->ages, wtl__clock_now_ms(table->clock))) {
        *status_out = wtl__table_reserve(table, store, wtl__entry_cost(entry), old);
    }
    if (*status_out != WTL_OK) {
        wtl__entry_free(entry);
        return NULL;
    }
    uint8_t *at = entry->bytes + entry->key_size;
    for (unsigned i = 0; i < WTL_COUNT(plan->pieces); i++) {
        if (plan->pieces[i].size > 0) {
            memcpy(at, plan->pieces[i].bytes, plan->pieces[i].size);
            at += plan->pieces[i].size;
        }
    }
    return entry;
}

/* Puts the entry where the key was looked for; WTL_MORE: somebody was faster. A new key is counted
 * before it can be removed again, so that the count is never too low. */
static enum wtl_status place(struct wtl__store *store, struct wtl__spot *spot,
                             struct wtl__entry *entry)
{
    if (spot->entry != NULL) {
        return store->calls->replace(store, spot, entry) ? WTL_OK : WTL_MORE;
    }
    atomic_fetch_add_explicit(&store->entries, 1, memory_order_relaxed);
    enum wtl_status status = store->calls->add(store, spot, entry);
    if (status != WTL_OK) {
        atomic_fetch_sub_explicit(&store->entries, 1, memory_order_relaxed);
    }
    return status == WTL_EXISTS ? WTL_MORE : status;
}

/* Puts what was planned in the place of what was found; WTL_MORE: somebody was faster. */
static enum wtl_status put(struct change *change, struct wtl__store *store, struct wtl__spot *spot,
                           const struct plan *plan)
{
    enum wtl_status status;
    uint64_t old = spot->entry != NULL ? wtl__entry_cost(spot->entry) : 0;
    struct wtl__entry *entry = make_entry(change, store, plan, old, &status);
    if (entry == NULL) {
        return status;
    }
    uint64_t bytes = wtl__entry_cost(entry);
    status = place(store, spot, entry);
    if (status != WTL_OK) {
        atomic_fetch_sub_explicit(&store->bytes, wtl__bytes_more(bytes, old), memory_order_relaxed);
        wtl__entry_free(entry);
        return status;
    }
    if ((entry->traits & WTL__ENTRY_AGES) != 0) {
        wtl__ages_add(&store->ages, entry, change->table->evicts);
        wtl__table_note_due(change->table, plan->expires_ms);
    }
    if (spot->entry != NULL) {
        wtl__table_release(store, spot->entry, wtl__bytes_more(old, bytes));
    }
    return WTL_OK;
}

static enum wtl_status carry_out(struct change *change)
{
    struct wtl__table *table = change->table;
    for (unsigned tries = 0; tries < TRIES_MAX && !wtl__retired_is_full(); tries++) {
        struct wtl__store *store = wtl__table_store(table);
        struct wtl__spot spot;
        struct plan plan = {.what = PUT, .expires_ms = WTL__WHEEL_NEVER};
        store->calls->find(store, change->key, &spot);
        bool is_there = spot.entry != NULL && !wtl__table_is_over(table, spot.entry);
        enum wtl_status status = change->plan(change, is_there ? spot.entry : NULL, &plan);
        if (status == WTL_OK && plan.what == PUT) {
            status = put(change, store, &spot, &plan);
        } else if (status == WTL_OK && plan.what == REMOVE) {
            status = wtl__table_drop(store, spot.entry) ? WTL_OK : WTL_MORE;
        }
        wtl__pool_give(plan.scratch);
        if (status == WTL_OK && change->into != NULL) {
            wtl_put_raw(change->into, wtl__entry_value(spot.entry).bytes, spot.entry->value_size);
        }
        if (status != WTL_MORE) {
            return status;
        }
    }
    return WTL_BUSY;
}

/* ---- the calls ---------------------------------------------------------------------------- */

static bool is_packed(struct wtl_bytes value)
{
    return value.size != WTL_BYTES_BAD && (value.size == 0 || value.bytes != NULL);
}

enum wtl_status wtl__table_insert(struct wtl__table *table, struct wtl__key key,
                                  struct wtl_bytes value, uint64_t ttl_ms, bool only_new)
{
    bool bag = wtl__table_is_bag(table);
    struct change change = {.table = table,
                            .key = key,
                            .plan = bag ? plan_bag_insert : plan_insert,
                            .value = value,
                            .ttl_ms = ttl_ms,
                            .only_new = only_new};
    if (!is_packed(value) || (bag && !wtl__bag_takes(value))) {
        return WTL_INVALID;
    }
    return carry_out(&change);
}

enum wtl_status wtl__table_add(struct wtl__table *table, struct wtl__key key, int64_t delta,
                               int64_t initial, int64_t *value_out)
{
    struct change change = {
        .table = table, .key = key, .plan = plan_add, .delta = delta, .initial = initial};
    if (wtl__table_is_bag(table)) {
        return WTL_UNSUPPORTED;
    }
    enum wtl_status status = carry_out(&change);
    if (status == WTL_OK && value_out != NULL) {
        *value_out = change.sum;
    }
    return status;
}

enum wtl_status wtl__table_swap(struct wtl__table *table, struct wtl__key key,
                                struct wtl_bytes expected, struct wtl_bytes value)
{
    struct change change = {
        .table = table, .key = key, .plan = plan_swap, .expected = expected, .value = value};
    if (wtl__table_is_bag(table)) {
        return WTL_UNSUPPORTED;
    }
    return is_packed(value) && is_packed(expected) ? carry_out(&change) : WTL_INVALID;
}

enum wtl_status wtl__table_remove(struct wtl__table *table, struct wtl__key key)
{
    struct change change = {.table = table, .key = key, .plan = plan_remove};
    return carry_out(&change);
}

enum wtl_status wtl__table_remove_value(struct wtl__table *table, struct wtl__key key,
                                        struct wtl_bytes value)
{
    struct change change = {.table = table,
                            .key = key,
                            .plan = wtl__table_is_bag(table) ? plan_bag_remove_value
                                                             : plan_remove_value,
                            .value = value};
    return is_packed(value) ? carry_out(&change) : WTL_INVALID;
}

enum wtl_status wtl__table_take(struct wtl__table *table, struct wtl__key key,
                                struct wtl_writer *into)
{
    struct change change = {.table = table, .key = key, .plan = plan_take, .into = into};
    return carry_out(&change);
}
