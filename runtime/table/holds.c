/* holds.c - see holds.h. */
#include "table/holds.h"

#include <stdlib.h>

#include "table/entry.h"

struct wtl__holds {
    _Atomic(struct wtl__entry *) slots[WTL__HOLDS]; /* written by the thread */
    uint32_t busy;                                  /* the thread's own */
    _Atomic(bool) taken;
    struct wtl__holds *next; /* constant once it is in the list */
};

/* Grows only. Release when one is added, acquire by those who look at all. */
static _Atomic(struct wtl__holds *) all;

static struct wtl__holds *reuse(void)
{
    struct wtl__holds *holds = atomic_load_explicit(&all, memory_order_acquire);
    for (; holds != NULL; holds = holds->next) {
        bool taken = false;
        /* acquire pairs with the release of whoever gave them back */
        if (atomic_compare_exchange_strong_explicit(&holds->taken, &taken, true,
                                                    memory_order_acquire, memory_order_relaxed)) {
            return holds;
        }
    }
    return NULL;
}

struct wtl__holds *wtl__holds_take(void)
{
    struct wtl__holds *holds = reuse();
    if (holds != NULL) {
        return holds;
    }
    holds = calloc(1, sizeof *holds);
    if (holds == NULL) {
        return NULL;
    }
    atomic_init(&holds->taken, true);
    holds->next = atomic_load_explicit(&all, memory_order_relaxed);
    while (!atomic_compare_exchange_weak_explicit(&all, &holds->next, holds, memory_order_release,
                                                  memory_order_relaxed)) {
    }
    return holds;
}

void wtl__holds_give(struct wtl__holds *holds)
{
    if (holds != NULL) {
        WTL_ASSERT(holds->busy == 0);
        atomic_store_explicit(&holds->taken, false, memory_order_release);
    }
}

uint32_t wtl__hold(struct wtl__holds *holds, struct wtl__entry *entry)
{
    uint32_t free = ~holds->busy;
    if (free == 0) {
        return 0;
    }
    unsigned slot = (unsigned)__builtin_ctz(free);
    if ((atomic_load_explicit(&entry->marks, memory_order_relaxed) & WTL__ENTRY_BORROWED) == 0) {
        atomic_fetch_or_explicit(&entry->marks, WTL__ENTRY_BORROWED, memory_order_relaxed);
    }
    atomic_store_explicit(&holds->slots[slot], entry, memory_order_release);
    holds->busy |= 1u << slot;
    return 1u << slot;
}

void wtl__hold_end(struct wtl__holds *holds, uint32_t bits)
{
    WTL_ASSERT((holds->busy & bits) == bits);
    holds->busy &= ~bits;
    for (; bits != 0; bits &= bits - 1) {
        /* release pairs with the acquire in wtl__holds_have: all reads of the entry are over */
        atomic_store_explicit(&holds->slots[__builtin_ctz(bits)], NULL, memory_order_release);
    }
}

void wtl__holds_empty(struct wtl__holds *holds)
{
    wtl__hold_end(holds, holds->busy);
}

bool wtl__holds_have(const struct wtl__entry *entry)
{
    struct wtl__holds *holds = atomic_load_explicit(&all, memory_order_acquire);
    for (; holds != NULL; holds = holds->next) {
        for (unsigned slot = 0; slot < WTL__HOLDS; slot++) {
            if (atomic_load_explicit(&holds->slots[slot], memory_order_acquire) == entry) {
                return true;
            }
        }
    }
    return false;
}
