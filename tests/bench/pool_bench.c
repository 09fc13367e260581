/*
 * pool_bench.c - what taking and giving a block costs, beside malloc in the same run.
 *
 * Each figure is the best of several rounds: the machine's noise only ever adds. Prints
 * bench<TAB>system<TAB>metric<TAB>value<TAB>unit; asserts nothing about time.
 */
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/attr.h"
#include "base/pool.h"

enum { ROUNDS = 30, PAIRS = 100000, BURST = 1000, CROSSED = 160000, RING = 1024, CHUNK = 32 };
_Static_assert(CROSSED % CHUNK == 0 && RING % CHUNK == 0, "whole chunks cross");

enum { SPINS_MAX = 1000 }; /* before the other thread is let run, in case there is one core only */

/* One way to get memory, so that both are measured by the same loops. */
struct memory {
    const char *name;
    void *(*take)(size_t size);
    void (*give)(void *block);
    void (*flush)(void);
};

static void no_flush(void)
{
}

static const struct memory systems[] = {
    {"wattle", wtl__pool_take, wtl__pool_give, wtl__pool_flush},
    {"malloc", malloc, free, no_flush},
};

static double now_ns(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec * 1e9 + (double)now.tv_nsec;
}

/* Lets the other thread run when it has been waited for in vain. */
static void wait_a_little(unsigned *spins)
{
    if (++*spins == SPINS_MAX) {
        *spins = 0;
        (void)sched_yield();
    }
}

static void report(const struct memory *memory, const char *metric, double ns)
{
    printf("pool\t%s\t%s\t%.2f\tns\n", memory->name, metric, ns);
}

/* Take and give the same block again and again, its first line written as a message's would be. */
static double pairs(const struct memory *memory, size_t size)
{
    const int count = size > WTL__POOL_BLOCK_MAX ? PAIRS / 100 : PAIRS;
    double start = now_ns();
    for (int i = 0; i < count; i++) {
        uint64_t *block = memory->take(size);
        WTL_ASSERT(block != NULL);
        *(volatile uint64_t *)block = (uint64_t)i;
        memory->give(block);
    }
    return (now_ns() - start) / count;
}

/* Take a thousand, give a thousand: the magazines fill and drain. */
static double bursts(const struct memory *memory, size_t size)
{
    static uint64_t *blocks[BURST];
    double start = now_ns();
    for (int i = 0; i < PAIRS / BURST; i++) {
        for (int k = 0; k < BURST; k++) {
            blocks[k] = memory->take(size);
            WTL_ASSERT(blocks[k] != NULL);
            *(volatile uint64_t *)blocks[k] = (uint64_t)k;
        }
        for (int k = 0; k < BURST; k++) {
            memory->give(blocks[k]);
        }
    }
    return (now_ns() - start) / PAIRS;
}

/* A ring of one producer and one consumer that hands over CHUNK blocks at a time. */
static struct {
    __attribute__((aligned(64))) _Atomic(uint64_t) head; /* written by the producer */
    __attribute__((aligned(64))) _Atomic(uint64_t) tail; /* written by the consumer */
    __attribute__((aligned(64))) void *blocks[RING];
} ring;

static void *consume(void *argument)
{
    const struct memory *memory = argument;
    uint64_t tail = 0;
    unsigned spins = 0;
    while (tail < CROSSED) {
        /* Acquire: pairs with the release of head in `crossing`. */
        while (atomic_load_explicit(&ring.head, memory_order_acquire) < tail + CHUNK) {
            wait_a_little(&spins);
        }
        for (int i = 0; i < CHUNK; i++) {
            void *block = ring.blocks[(tail + (uint64_t)i) % RING];
            (void)*(volatile uint64_t *)block;
            memory->give(block);
        }
        tail += CHUNK;
        /* Release: pairs with the acquire of tail in `crossing`. */
        atomic_store_explicit(&ring.tail, tail, memory_order_release);
    }
    memory->flush();
    return NULL;
}

/* One thread takes, the other gives. */
static double crossing(const struct memory *memory, size_t size)
{
    pthread_t consumer;
    unsigned spins = 0;
    atomic_store(&ring.head, 0);
    atomic_store(&ring.tail, 0);
    WTL_ASSERT(pthread_create(&consumer, NULL, consume, (void *)(uintptr_t)memory) == 0);
    double start = now_ns();
    for (uint64_t head = 0; head < CROSSED; head += CHUNK) {
        while (head + CHUNK - atomic_load_explicit(&ring.tail, memory_order_acquire) > RING) {
            wait_a_little(&spins);
        }
        for (uint64_t i = 0; i < CHUNK; i++) {
            uint64_t *block = memory->take(size);
            WTL_ASSERT(block != NULL);
            *(volatile uint64_t *)block = i;
            ring.blocks[(head + i) % RING] = block;
        }
        atomic_store_explicit(&ring.head, head + CHUNK, memory_order_release);
    }
    (void)pthread_join(consumer, NULL);
    return (now_ns() - start) / CROSSED;
}

static double best(double (*measure)(const struct memory *, size_t), const struct memory *memory,
                   size_t size)
{
    double least = measure(memory, size);
    for (int i = 1; i < ROUNDS; i++) {
        double ns = measure(memory, size);
        least = ns < least ? ns : least;
    }
    return least;
}

int main(void)
{
    for (size_t i = 0; i < WTL_COUNT(systems); i++) {
        report(&systems[i], "take_give_64", best(pairs, &systems[i], 64));
        report(&systems[i], "take_give_192", best(pairs, &systems[i], 192));
        report(&systems[i], "take_give_65600", best(pairs, &systems[i], 65600));
        report(&systems[i], "burst_1000_of_128", best(bursts, &systems[i], 128));
        report(&systems[i], "cross_thread_128", best(crossing, &systems[i], 128));
    }
    return 0;
}
