/*
 * runq_race.c - an owner that pushes, pops and sheds, and three thieves that steal from it and from
 * each other, for the thread sanitizer. Exit code 0: each item came out exactly once, and what was
 * written before its push was seen.
 */
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "base/attr.h"
#include "base/prng.h"
#include "sched/runq.h"

enum { WORKERS = 4, ITEMS = 200000, MISSES_MAX = 200 };

/* When the machine has no core to spare, the threads run one after another and nothing is tested;
 * so rounds follow until thieves have come too late this often. */
enum { LATE_WANTED = 200, ROUNDS_MAX = 60 };

struct item {
    uint32_t number;        /* written before the push, read after the item came out */
    _Atomic(uint32_t) hits; /* how often it came out */
};

static struct item items[ITEMS];
static struct wtl__runq queues[WORKERS];
static _Atomic(uint32_t) done;
static _Atomic(uint32_t) stolen;
static _Atomic(uint32_t) late; /* a queue had items, and then a thief got none */

static void finish(struct item *item)
{
    WTL_ASSERT(&items[item->number] == item);
    WTL_ASSERT(atomic_fetch_add_explicit(&item->hits, 1, memory_order_relaxed) == 0);
    atomic_fetch_add_explicit(&done, 1, memory_order_relaxed);
}

/* The queue of the owner is kept short, and thieves go for it again and again: only where two reach
 * for the same few items can one of them be too late. */
static void *thieve(void *argument)
{
    uint32_t own = (uint32_t)(uintptr_t)argument;
    struct wtl__prng prng;
    unsigned misses = 0;
    wtl__prng_init(&prng, own);
    while (atomic_load_explicit(&done, memory_order_relaxed) < ITEMS) {
        uint32_t victim = 0;
        if (wtl__prng_below(&prng, 4) == 0) {
            victim = (own + 1 + (uint32_t)wtl__prng_below(&prng, WORKERS - 1)) % WORKERS;
        }
        bool had_items = wtl__runq_count(&queues[victim]) != 0;
        struct item *item = wtl__runq_steal(&queues[own], &queues[victim]);
        if (item == NULL) {
            atomic_fetch_add_explicit(&late, had_items, memory_order_relaxed);
            item = wtl__runq_pop(&queues[own]);
        } else {
            atomic_fetch_add_explicit(&stolen, 1, memory_order_relaxed);
        }
        if (item != NULL) {
            finish(item);
            misses = 0;
        } else if (++misses % MISSES_MAX == 0) {
            (void)sched_yield();
        }
    }
    return NULL;
}

/* Pushes one item, in either way; a full queue is shed first. */
static void push(struct item *item)
{
    void *shed[WTL__RUNQ_HALF];
    while (!(item->number % 2 == 0 ? wtl__runq_push(&queues[0], item)
                                   : wtl__runq_push_wake(&queues[0], item))) {
        uint32_t count = wtl__runq_shed(&queues[0], shed);
        for (uint32_t i = 0; i < count; i++) {
            finish(shed[i]);
        }
    }
}

static void own_and_push(void)
{
    struct wtl__prng prng;
    struct item *item;
    wtl__prng_init(&prng, 99);
    for (uint32_t i = 0; i < ITEMS;) {
        /* Short runs most of the time, and one in a hundred that fills the ring. */
        uint64_t run =
            wtl__prng_below(&prng, 100) == 0 ? 2 * WTL__RUNQ_MAX : wtl__prng_below(&prng, 6) + 1;
        for (uint64_t end = i + run; i < end && i < ITEMS; i++) {
            items[i].number = i;
            push(&items[i]);
        }
        uint64_t pops = wtl__prng_below(&prng, run + 1);
        for (uint64_t k = 0; k < pops && (item = wtl__runq_pop(&queues[0])) != NULL; k++) {
            finish(item);
        }
        if (wtl__prng_below(&prng, 64) == 0) {
            (void)sched_yield(); /* on one core thieves would never meet a queue in use */
        }
    }
    while ((item = wtl__runq_pop(&queues[0])) != NULL) {
        finish(item);
    }
}

static void run_round(void)
{
    pthread_t threads[WORKERS];
    atomic_store(&done, 0);
    for (uint32_t i = 0; i < ITEMS; i++) {
        atomic_store_explicit(&items[i].hits, 0, memory_order_relaxed);
    }
    for (uint32_t i = 0; i < WORKERS; i++) {
        wtl__runq_init(&queues[i]);
    }
    for (uint32_t i = 1; i < WORKERS; i++) {
        WTL_ASSERT(pthread_create(&threads[i], NULL, thieve, (void *)(uintptr_t)i) == 0);
    }
    own_and_push();
    for (uint32_t i = 1; i < WORKERS; i++) {
        WTL_ASSERT(pthread_join(threads[i], NULL) == 0);
    }
    for (uint32_t i = 0; i < ITEMS; i++) {
        WTL_ASSERT(atomic_load_explicit(&items[i].hits, memory_order_relaxed) == 1);
    }
    for (uint32_t i = 0; i < WORKERS; i++) {
        WTL_ASSERT(wtl__runq_count(&queues[i]) == 0);
    }
}

int main(void)
{
    int rounds = 0;
    do {
        run_round();
        rounds++;
    } while (atomic_load(&late) < LATE_WANTED && rounds < ROUNDS_MAX);
    printf("%d rounds, %u thefts, too late %u times\n", rounds, atomic_load(&stolen),
           atomic_load(&late));
    WTL_ASSERT(atomic_load(&stolen) != 0);
    return 0;
}
