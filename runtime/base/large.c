/*
 * large.c - mappings of large blocks, kept by size.
 */
#include "base/large.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <sys/mman.h>

#include "base/attr.h"
#include "base/cap.h"
#include "base/pool.h"

enum {
    HEAD_BYTES = 64, /* the first line of a span's head */
    SHIFT_MIN = 14,  /* the first bin starts behind 16 KiB */
    SHIFT_MAX = 24,  /* and the last one ends with 16 MiB; larger ones are not kept */
    STEPS_SHIFT = 2, /* four steps to the next power of two */
    STEPS = 1 << STEPS_SHIFT,
    BINS = (SHIFT_MAX - SHIFT_MIN) * STEPS,
    RETAINED_DEFAULT = 8 * 1024 * 1024,
};

_Static_assert((size_t)WTL__POOL_BLOCK_MAX + HEAD_BYTES > (size_t)1 << SHIFT_MIN,
               "each large block has a bin");
_Static_assert(offsetof(struct wtl__span, next) == HEAD_BYTES,
               "the link of a kept mapping lies in its block");

/* In the place of a class. */
enum { IS_OUT = 1001, IS_KEPT };

static struct {
    pthread_mutex_t lock;
    struct wtl__span *bins[BINS]; /* singly linked by next */
    size_t kept_bytes;
    size_t retained_bytes;
    /* Counters for statistics. */
    _Atomic(uint64_t) used_bytes;
    _Atomic(uint64_t) mapped_bytes;
} large = {.lock = PTHREAD_MUTEX_INITIALIZER, .retained_bytes = RETAINED_DEFAULT};

/* The power of two below `bytes`, as an exponent. */
static uint32_t shift_of(size_t bytes)
{
    uint32_t shift = 63 - (uint32_t)__builtin_clzll((unsigned long long)bytes - 1);
    WTL_ASSERT(shift >= SHIFT_MIN);
    return shift;
}

/* The bin of mappings of `bytes`, which has been rounded up; BINS for those that are not kept. */
static uint32_t bin_of(size_t bytes)
{
    uint32_t shift = shift_of(bytes);
    if (shift >= SHIFT_MAX) {
        return BINS;
    }
    return (shift - SHIFT_MIN) * STEPS + (uint32_t)((bytes - 1) >> (shift - STEPS_SHIFT)) % STEPS;
}

/* Maps `bytes`, a multiple of a span's size, aligned to a span's size. */
static struct wtl__span *map(size_t bytes)
{
    const size_t padded = bytes + WTL__SPAN_BYTES;
    char *start = mmap(NULL, padded, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (start == MAP_FAILED) {
        return NULL;
    }
    size_t before = (WTL__SPAN_BYTES - (uintptr_t)start % WTL__SPAN_BYTES) % WTL__SPAN_BYTES;
    if (before != 0) {
        (void)munmap(start, before);
    }
    (void)munmap(start + before + bytes, WTL__SPAN_BYTES - before);
    atomic_fetch_add_explicit(&large.mapped_bytes, bytes, memory_order_relaxed);
    return (struct wtl__span *)(start + before);
}

static void unmap(struct wtl__span *head)
{
    size_t bytes = head->block_bytes + HEAD_BYTES;
    WTL_ASSERT(munmap(head, bytes) == 0);
    atomic_fetch_sub_explicit(&large.mapped_bytes, bytes, memory_order_relaxed);
}

void *wtl__large_take(size_t size)
{
    if (size > SIZE_MAX / 4) {
        return NULL;
    }
    size_t step = (size_t)1 << (shift_of(size + HEAD_BYTES) - STEPS_SHIFT);
    /* A whole number of pages, however large they are here. What is not touched costs nothing. */
    step = step < WTL__SPAN_BYTES ? WTL__SPAN_BYTES : step;
    size_t bytes = (size + HEAD_BYTES + step - 1) / step * step;
    uint32_t bin = bin_of(bytes);
    struct wtl__span *head = NULL;
    if (!wtl__cap_admits(bytes)) {
        return NULL;
    }
    if (bin < BINS) {
        (void)pthread_mutex_lock(&large.lock);
        head = large.bins[bin];
        if (head != NULL) {
            large.bins[bin] = head->next;
            large.kept_bytes -= bytes;
        }
        (void)pthread_mutex_unlock(&large.lock);
    }
    if (head == NULL) {
        head = map(bytes);
        if (head == NULL) {
            return NULL;
        }
        head->owner = NULL;
        head->block_bytes = bytes - HEAD_BYTES;
    }
    head->class_index = IS_OUT;
    atomic_fetch_add_explicit(&large.used_bytes, bytes - HEAD_BYTES, memory_order_relaxed);
    return (char *)head + HEAD_BYTES;
}

void wtl__large_give(struct wtl__span *head)
{
    size_t bytes = head->block_bytes + HEAD_BYTES;
    uint32_t bin = bin_of(bytes);
    bool is_kept = false;
    WTL_ASSERT(head->class_index == IS_OUT); /* otherwise it is given twice */
    head->class_index = IS_KEPT;
    atomic_fetch_sub_explicit(&large.used_bytes, head->block_bytes, memory_order_relaxed);
    if (bin < BINS && wtl__cap_scarcity() == WTL__SCARCE_NOT) {
        (void)pthread_mutex_lock(&large.lock);
        is_kept = large.kept_bytes + bytes <= large.retained_bytes;
        if (is_kept) {
            head->next = large.bins[bin];
            large.bins[bin] = head;
            large.kept_bytes += bytes;
        }
        (void)pthread_mutex_unlock(&large.lock);
    }
    if (!is_kept) {
        unmap(head);
    }
}

/* Takes one kept mapping out when there are too many bytes of them, or returns NULL. */
static struct wtl__span *one_too_many(void)
{
    struct wtl__span *head = NULL;
    (void)pthread_mutex_lock(&large.lock);
    for (uint32_t bin = BINS; bin-- > 0 && large.kept_bytes > large.retained_bytes;) {
        head = large.bins[bin];
        if (head != NULL) {
            large.bins[bin] = head->next;
            large.kept_bytes -= head->block_bytes + HEAD_BYTES;
            break;
        }
    }
    (void)pthread_mutex_unlock(&large.lock);
    return head;
}

void wtl__large_retain(size_t bytes)
{
    (void)pthread_mutex_lock(&large.lock);
    large.retained_bytes = bytes;
    (void)pthread_mutex_unlock(&large.lock);
    struct wtl__span *head;
    while ((head = one_too_many()) != NULL) {
        unmap(head);
    }
}

uint64_t wtl__large_used(void)
{
    return atomic_load_explicit(&large.used_bytes, memory_order_relaxed);
}

uint64_t wtl__large_mapped(void)
{
    return atomic_load_explicit(&large.mapped_bytes, memory_order_relaxed);
}
