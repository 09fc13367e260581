/*
 * tables.c - the table of tables: slots for ids, which are read without a lock, and names.
 *
 * An id is a slot and a number that is never used again. A slot is free again when the memory of
 * what was in it is.
 */
#include "actor/tables.h"

#include <stdlib.h>

#include "actor/names.h"
#include "base/pool.h"
#include "base/siphash.h"
#include "table/table.h"

#define SLOT_BITS    16u
#define NAME_BUCKETS 256u

_Static_assert(WTL_TABLES_MAX == 1u << SLOT_BITS, "an id has room for each slot");

struct wtl__tables {
    struct wtl__clock clock; /* first: the runtime's time, as a clock */
    struct wtl__runtime *runtime;
    pthread_mutex_t lock;
    /* made with the first table. Release there, acquire where an id is looked up */
    _Atomic(struct slots *) slots;
};

struct slots {
    /* under the lock of the tables */
    uint64_t ids;  /* how many were given out */
    uint32_t used; /* slots ever used */
    uint32_t free; /* in `unused` */
    uint16_t unused[WTL_TABLES_MAX];
    struct wtl__owned *names[NAME_BUCKETS];
    /* release when a table is added, acquire where it is looked up */
    _Atomic(struct wtl__owned *) owned[WTL_TABLES_MAX];
};

static uint64_t runtime_now_ns(const struct wtl__clock *clock)
{
    struct wtl__runtime *runtime = ((const struct wtl__tables *)(const void *)clock)->runtime;
    return runtime->host->now_ns(runtime);
}

static const struct wtl__clock_calls clock_calls = {.now_ns = runtime_now_ns,
                                                    .wall_ns = runtime_now_ns};

const struct wtl__clock *wtl__tables_clock(const struct wtl__tables *tables)
{
    return &tables->clock;
}

struct wtl__tables *wtl__tables_create(struct wtl__runtime *runtime)
{
    struct wtl__tables *tables = calloc(1, sizeof *tables);
    if (tables != NULL) {
        tables->clock.calls = &clock_calls;
        tables->runtime = runtime;
        (void)pthread_mutex_init(&tables->lock, NULL);
    }
    return tables;
}

void wtl__tables_destroy(struct wtl__tables *tables)
{
    if (tables == NULL) {
        return;
    }
    struct slots *slots = atomic_load_explicit(&tables->slots, memory_order_relaxed);
    if (slots != NULL) {
        wtl__table_wait();
        WTL_ASSERT(slots->free == slots->used); /* every owner has ended, and so has every table */
        free(slots);
    }
    (void)pthread_mutex_destroy(&tables->lock);
    free(tables);
}

/* ---- names, under the lock ---------------------------------------------------------------- */

static struct wtl__owned **name_bucket(struct slots *slots, const char *name)
{
    static const struct wtl__siphash_key key; /* names are given by this node's own actors */
    return &slots->names[wtl__siphash(&key, name, strlen(name)) % NAME_BUCKETS];
}

static struct wtl__owned **find_name(struct slots *slots, const char *name)
{
    struct wtl__owned **slot = name_bucket(slots, name);
    while (*slot != NULL && strcmp((*slot)->name, name) != 0) {
        slot = &(*slot)->next_named;
    }
    return slot;
}

uint64_t wtl__tables_named(struct wtl__tables *tables, const char *name)
{
    uint64_t id = 0;
    struct slots *slots = atomic_load_explicit(&tables->slots, memory_order_acquire);
    if (slots != NULL && wtl__name_is_valid(name)) {
        (void)pthread_mutex_lock(&tables->lock);
        struct wtl__owned *owned = *find_name(slots, name);
        id = owned != NULL ? owned->id : 0;
        (void)pthread_mutex_unlock(&tables->lock);
    }
    return id;
}

/* ---- slots -------------------------------------------------------------------------------- */

static struct slots *have_slots(struct wtl__tables *tables)
{
    struct slots *slots = atomic_load_explicit(&tables->slots, memory_order_relaxed);
    if (slots == NULL) {
        slots = calloc(1, sizeof *slots); /* pages that are never touched cost nothing */
        if (slots != NULL) {
            atomic_store_explicit(&tables->slots, slots, memory_order_release);
        }
    }
    return slots;
}

enum wtl_status wtl__tables_add(struct wtl__tables *tables, struct wtl__owned *owned)
{
    enum wtl_status status = WTL_OK;
    (void)pthread_mutex_lock(&tables->lock);
    struct slots *slots = have_slots(tables);
    struct wtl__owned **named =
        slots != NULL && owned->name[0] != '\0' ? find_name(slots, owned->name) : NULL;
    if (slots == NULL) {
        status = WTL_NO_MEMORY;
    } else if (named != NULL && *named != NULL) {
        status = WTL_EXISTS;
    } else if (slots->free == 0 && slots->used == WTL_TABLES_MAX) {
        status = WTL_FULL;
    } else {
        uint32_t slot = slots->free > 0 ? slots->unused[--slots->free] : slots->used++;
        owned->id = ++slots->ids << SLOT_BITS | slot;
        owned->tie.msg.request = owned->id;
        if (named != NULL) {
            *named = owned;
        }
        atomic_store_explicit(&slots->owned[slot], owned, memory_order_release);
    }
    (void)pthread_mutex_unlock(&tables->lock);
    return status;
}

struct wtl__owned *wtl__tables_find(struct wtl__tables *tables, uint64_t id)
{
    struct slots *slots = atomic_load_explicit(&tables->slots, memory_order_acquire);
    if (WTL_UNLIKELY(slots == NULL)) {
        return NULL;
    }
    struct wtl__owned *owned =
        atomic_load_explicit(&slots->owned[id & (WTL_TABLES_MAX - 1)], memory_order_acquire);
    return owned != NULL && owned->id == id ? owned : NULL;
}

/* Nobody uses it any more, and its entries are on their way. */
static void freed(void *context)
{
    struct wtl__owned *owned = context;
    struct wtl__tables *tables = owned->runtime->tables;
    struct slots *slots = atomic_load_explicit(&tables->slots, memory_order_relaxed);
    (void)pthread_mutex_lock(&tables->lock);
    slots->unused[slots->free++] = (uint16_t)(owned->id & (WTL_TABLES_MAX - 1));
    (void)pthread_mutex_unlock(&tables->lock);
    wtl__pool_give(owned);
}

void wtl__tables_end(struct wtl__tables *tables, struct wtl__owned *owned)
{
    struct slots *slots = atomic_load_explicit(&tables->slots, memory_order_relaxed);
    (void)pthread_mutex_lock(&tables->lock);
    if (owned->name[0] != '\0') {
        *find_name(slots, owned->name) = owned->next_named;
    }
    atomic_store_explicit(&slots->owned[owned->id & (WTL_TABLES_MAX - 1)], NULL,
                          memory_order_release);
    (void)pthread_mutex_unlock(&tables->lock);
    if (owned->notice != NULL) {
        wtl__envelope_free(owned->notice);
        owned->notice = NULL;
    }
    wtl__table_destroy(owned->table, freed, owned);
}
