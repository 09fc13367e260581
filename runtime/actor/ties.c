/* ties.c - the table of what ends with an actor. See ties.h. */
#include "actor/ties.h"

#include "base/pool.h"

/* Buckets at most; beyond that chains get longer. 2^20 pointers are 8 MiB, for 4 million ties. */
#define BUCKETS_MAX (1u << 20)

static uint64_t mix(uint64_t value)
{
    value ^= value >> 31;
    value *= UINT64_C(0x9e3779b97f4a7c15);
    return value ^ (value >> 29);
}

static uint64_t hash_of(enum wtl__tie kind, struct wtl_pid from, uint64_t request)
{
    switch (kind) {
    case WTL__TIE_LINK:
        return mix(from.local ^ mix(from.node));
    case WTL__TIE_WATCHER:
    case WTL__TIE_OWED:
        return mix(request ^ mix(from.node + (uint64_t)kind));
    default:
        return mix(request ^ (uint64_t)kind << 56);
    }
}

/* A kept message is known by its address, because its request is its sender's business. */
static uint64_t key_of(enum wtl__tie kind, const struct wtl__envelope *tie)
{
    return kind == WTL__TIE_KEPT ? (uint64_t)(uintptr_t)tie : tie->msg.request;
}

static bool matches(const struct wtl__envelope *tie, enum wtl__tie kind, struct wtl_pid from,
                    uint64_t request)
{
    if (wtl__tie_of(tie) != kind) {
        return false;
    }
    switch (kind) {
    case WTL__TIE_LINK:
        return wtl_pid_equal(tie->msg.from, from);
    case WTL__TIE_WATCHER:
    case WTL__TIE_OWED:
        return tie->msg.request == request && tie->msg.from.node == from.node;
    default:
        return key_of(kind, tie) == request;
    }
}

/* Where the ones of that key are chained; few ties need no hash. */
static inline struct wtl__envelope *const *slot_of(const struct wtl__ties *ties, enum wtl__tie kind,
                                                   struct wtl_pid from, uint64_t request)
{
    if (WTL_LIKELY(ties->mask == 0)) {
        return &ties->chain;
    }
    return &ties->buckets[hash_of(kind, from, request) & ties->mask];
}

static void grow(struct wtl__ties *ties)
{
    uint32_t buckets = ties->mask == 0 ? 32 : (ties->mask + 1) * 4;
    if (buckets > BUCKETS_MAX) {
        return;
    }
    struct wtl__envelope **table = wtl__pool_take(buckets * sizeof *table);
    if (table == NULL) {
        return;
    }
    memset(table, 0, buckets * sizeof *table);
    struct wtl__envelope *all = wtl__ties_take_all(ties);
    ties->buckets = table;
    ties->mask = buckets - 1;
    while (all != NULL) {
        struct wtl__envelope *next = all->next;
        wtl__ties_add(ties, wtl__tie_of(all), all);
        all = next;
    }
}

void wtl__ties_add(struct wtl__ties *ties, enum wtl__tie kind, struct wtl__envelope *tie)
{
    uint32_t comfortable = ties->mask == 0 ? WTL__TIES_INLINE : (ties->mask + 1) * 2;
    if (WTL_UNLIKELY(ties->count >= comfortable)) {
        grow(ties);
    }
    tie->msg.runtime_ = (uint16_t)kind;
    struct wtl__envelope **slot =
        (struct wtl__envelope **)(uintptr_t)slot_of(ties, kind, tie->msg.from, key_of(kind, tie));
    tie->next = *slot;
    *slot = tie;
    ties->count++;
}

struct wtl__envelope *wtl__ties_find(const struct wtl__ties *ties, enum wtl__tie kind,
                                     struct wtl_pid from, uint64_t request)
{
    struct wtl__envelope *tie = *slot_of(ties, kind, from, request);
    while (tie != NULL && !matches(tie, kind, from, request)) {
        tie = tie->next;
    }
    return tie;
}

struct wtl__envelope *wtl__ties_take(struct wtl__ties *ties, enum wtl__tie kind,
                                     struct wtl_pid from, uint64_t request)
{
    struct wtl__envelope **slot =
        (struct wtl__envelope **)(uintptr_t)slot_of(ties, kind, from, request);
    while (*slot != NULL && !matches(*slot, kind, from, request)) {
        slot = &(*slot)->next;
    }
    struct wtl__envelope *tie = *slot;
    if (tie != NULL) {
        *slot = tie->next;
        tie->next = NULL;
        ties->count--;
    }
    return tie;
}

struct wtl__envelope *wtl__ties_take_all(struct wtl__ties *ties)
{
    struct wtl__envelope *all = NULL;
    if (ties->mask == 0) {
        all = ties->chain;
    } else {
        for (uint32_t i = 0; i <= ties->mask; i++) {
            struct wtl__envelope *tie = ties->buckets[i];
            while (tie != NULL) {
                struct wtl__envelope *next = tie->next;
                tie->next = all;
                all = tie;
                tie = next;
            }
        }
        wtl__pool_give(ties->buckets);
    }
    *ties = (struct wtl__ties){0};
    return all;
}

void wtl__ties_each(const struct wtl__ties *ties,
                    void (*visit)(struct wtl__envelope *tie, void *context), void *context)
{
    for (uint32_t i = 0; i <= ties->mask; i++) {
        struct wtl__envelope *tie = ties->mask == 0 ? ties->chain : ties->buckets[i];
        while (tie != NULL) {
            struct wtl__envelope *next = tie->next;
            visit(tie, context);
            tie = next;
        }
    }
}
