/*
 * pool_malloc.c - the pool as a pass-through to malloc, built when a sanitizer is on, so that the
 * sanitizer sees each block. The same functions as pool.c; nothing is kept back, so go_long,
 * flush, leave and retain have nothing to do.
 */
#include "base/pool.h"

#include <malloc.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "base/attr.h"
#include "base/cap.h"

/* Counters for statistics; they order nothing. */
static _Atomic(uint64_t) used_bytes;

void *wtl__pool_take(size_t size)
{
    void *block = wtl__cap_admits(size) ? malloc(size == 0 ? 1 : size) : NULL;
    if (block != NULL) {
        atomic_fetch_add_explicit(&used_bytes, malloc_usable_size(block), memory_order_relaxed);
    }
    return block;
}

void wtl__pool_give(void *block)
{
    if (block != NULL) {
        atomic_fetch_sub_explicit(&used_bytes, malloc_usable_size(block), memory_order_relaxed);
        free(block);
    }
}

size_t wtl__pool_size(const void *block)
{
    return malloc_usable_size((void *)(uintptr_t)block);
}

void wtl__pool_go_long(void)
{
}

void wtl__pool_flush(void)
{
}

void wtl__pool_leave(void)
{
}

void wtl__pool_retain(size_t bytes)
{
    (void)bytes;
}

struct wtl__pool_stats wtl__pool_stats(void)
{
    uint64_t used = atomic_load_explicit(&used_bytes, memory_order_relaxed);
    return (struct wtl__pool_stats){.used_bytes = used, .mapped_bytes = used};
}

uint64_t wtl__pool_held(void)
{
    return atomic_load_explicit(&used_bytes, memory_order_relaxed);
}
