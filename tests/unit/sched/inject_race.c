/*
 * inject_race.c - three threads that push, alone and in batches, and two that take, for the thread
 * sanitizer. Exit code 0: each item came out exactly once, those of one pusher in order for each
 * taker.
 */
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>

#include "base/attr.h"
#include "sched/inject.h"

enum { PUSHERS = 3, TAKERS = 2, ITEMS = 150000, BATCH = 7, TAKEN_MAX = 64 };

struct item {
    struct wtl__fifo_link link;
    uint32_t pusher; /* both written before the push */
    uint32_t number;
    _Atomic(uint32_t) hits;
};

static struct item items[PUSHERS][ITEMS];
static struct wtl__inject queue;
static _Atomic(uint32_t) done;

static void *push(void *argument)
{
    uint32_t own = (uint32_t)(uintptr_t)argument;
    for (uint32_t i = 0; i < ITEMS;) {
        struct wtl__fifo batch = {0};
        uint32_t size = i % 2 == 0 ? 1 : BATCH;
        for (uint32_t end = i + size; i < end && i < ITEMS; i++) {
            items[own][i].pusher = own;
            items[own][i].number = i;
            wtl__fifo_push(&batch, &items[own][i].link);
        }
        if (size == 1) {
            wtl__inject_push(&queue, wtl__fifo_take(&batch));
        } else {
            wtl__inject_push_all(&queue, &batch);
        }
    }
    return NULL;
}

static void *take(void *unused)
{
    uint32_t next[PUSHERS] = {0};
    while (atomic_load_explicit(&done, memory_order_relaxed) < PUSHERS * ITEMS) {
        struct wtl__fifo taken = {0};
        uint32_t count = wtl__inject_take(&queue, TAKEN_MAX, &taken);
        WTL_ASSERT(count <= TAKEN_MAX);
        struct wtl__fifo_link *link;
        uint32_t seen = 0;
        while ((link = wtl__fifo_take(&taken)) != NULL) {
            struct item *item = WTL_CONTAINER(link, struct item, link);
            WTL_ASSERT(item->number >= next[item->pusher]);
            next[item->pusher] = item->number + 1;
            WTL_ASSERT(atomic_fetch_add_explicit(&item->hits, 1, memory_order_relaxed) == 0);
            seen++;
        }
        WTL_ASSERT(seen == count);
        atomic_fetch_add_explicit(&done, count, memory_order_relaxed);
        if (count == 0) {
            (void)sched_yield();
        }
    }
    return unused;
}

int main(void)
{
    pthread_t threads[PUSHERS + TAKERS];
    wtl__inject_init(&queue);
    for (uint32_t i = 0; i < PUSHERS + TAKERS; i++) {
        void *(*body)(void *) = i < PUSHERS ? push : take;
        WTL_ASSERT(pthread_create(&threads[i], NULL, body, (void *)(uintptr_t)i) == 0);
    }
    for (uint32_t i = 0; i < PUSHERS + TAKERS; i++) {
        WTL_ASSERT(pthread_join(threads[i], NULL) == 0);
    }
    for (uint32_t i = 0; i < PUSHERS * ITEMS; i++) {
        WTL_ASSERT(atomic_load(&items[i / ITEMS][i % ITEMS].hits) == 1);
    }
    WTL_ASSERT(wtl__inject_count(&queue) == 0);
    printf("%u items\n", (unsigned)(PUSHERS * ITEMS));
    return 0;
}
