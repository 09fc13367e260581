/*
 * pool_race.c - a million blocks between threads that all take and all give, for the thread
 * sanitizer, with the pool itself and not the pass-through. Exit code 0: each block arrived whole,
 * and at the end nothing is in use.
 */
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "base/attr.h"
#include "base/pool.h"

enum { THREADS = 3, BLOCKS = 350000, RING = 512, FLUSHES_MAX = 100000 };

/* From thread i to thread i + 1. */
struct lane {
    __attribute__((aligned(64))) _Atomic(uint64_t) head; /* written by the taker of blocks */
    __attribute__((aligned(64))) _Atomic(uint64_t) tail; /* written by the giver of blocks */
    void *slots[RING];
};

static struct lane lanes[THREADS];
static pthread_barrier_t barrier;

static size_t size_of(uint64_t number)
{
    return number % 1000 == 0 ? 9000 : 16 + number * 7 % 500;
}

static void fill(uint64_t *block, uint64_t number)
{
    size_t size = size_of(number);
    block[0] = number;
    memset(block + 1, (int)(number & 0xff), size - sizeof number);
}

static void check(const uint64_t *block, uint64_t number)
{
    WTL_ASSERT(block[0] == number);
    size_t size = size_of(number);
    if (size > sizeof number) {
        WTL_ASSERT(((const unsigned char *)block)[size - 1] == (unsigned char)number);
    }
}

/* Sends blocks to the next thread and gives those of the one before. */
static void *work(void *argument)
{
    size_t own = (size_t)(uintptr_t)argument;
    struct lane *out = &lanes[own];
    struct lane *in = &lanes[(own + THREADS - 1) % THREADS];
    uint64_t sent = 0;
    uint64_t got = 0;
    while (sent < BLOCKS || got < BLOCKS) {
        bool moved = false;
        /* Acquire: pairs with the release of tail below. */
        if (sent < BLOCKS && sent - atomic_load_explicit(&out->tail, memory_order_acquire) < RING) {
            uint64_t *block = wtl__pool_take(size_of(sent));
            WTL_ASSERT(block != NULL);
            fill(block, sent);
            out->slots[sent % RING] = block;
            sent++;
            /* Release: pairs with the acquire of head below. */
            atomic_store_explicit(&out->head, sent, memory_order_release);
            moved = true;
        }
        if (got < atomic_load_explicit(&in->head, memory_order_acquire)) {
            void *block = in->slots[got % RING];
            check(block, got);
            wtl__pool_give(block);
            got++;
            atomic_store_explicit(&in->tail, got, memory_order_release);
            moved = true;
        }
        if (!moved) {
            (void)sched_yield();
        }
        if (sent % 1000 == 999) {
            (void)wtl__pool_stats();
        }
    }
    wtl__pool_flush();
    (void)pthread_barrier_wait(&barrier);
    for (int i = 0; i < FLUSHES_MAX && wtl__pool_stats().used_bytes != 0; i++) {
        wtl__pool_flush();
        (void)sched_yield();
    }
    (void)pthread_barrier_wait(&barrier);
    return NULL;
}

int main(void)
{
    pthread_t threads[THREADS];
    for (int turn = 0; turn < 2;
         turn++) { /* the second turn's threads adopt the first one's pools */
        memset(lanes, 0, sizeof lanes);
        WTL_ASSERT(pthread_barrier_init(&barrier, NULL, THREADS) == 0);
        for (size_t i = 0; i < THREADS; i++) {
            WTL_ASSERT(pthread_create(&threads[i], NULL, work, (void *)(uintptr_t)i) == 0);
        }
        for (size_t i = 0; i < THREADS; i++) {
            WTL_ASSERT(pthread_join(threads[i], NULL) == 0);
        }
        WTL_ASSERT(pthread_barrier_destroy(&barrier) == 0);
        struct wtl__pool_stats stats = wtl__pool_stats();
        printf("used %llu mapped %llu\n", (unsigned long long)stats.used_bytes,
               (unsigned long long)stats.mapped_bytes);
        WTL_ASSERT(stats.used_bytes == 0);
        WTL_ASSERT(stats.mapped_bytes < 16U * 1024 * 1024);
    }
    return 0;
}
