/* wrap_memory.c - allocations that fail. See wrap.h. */
#include <errno.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/mman.h>

#include "wrap.h"

void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__real_realloc(void *block, size_t size);
void *__real_aligned_alloc(size_t alignment, size_t size);
void __real_free(void *block);
void *__real_mmap(void *at, size_t size, int protection, int flags, int file, off_t offset);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_realloc(void *block, size_t size);
void *__wrap_aligned_alloc(size_t alignment, size_t size);
void __wrap_free(void *block);
void *__wrap_mmap(void *at, size_t size, int protection, int flags, int file, off_t offset);

static _Atomic(int64_t) blocks;
static _Atomic(uint64_t) calls;
static _Atomic(uint64_t) failing; /* the first that fails; 0: none */
static _Atomic(bool) goes_on;     /* and those after it */

void wrap_fail_at(uint64_t n, bool for_ever)
{
    atomic_store(&calls, 0);
    atomic_store(&goes_on, for_ever);
    atomic_store(&failing, n);
}

uint64_t wrap_stop(void)
{
    atomic_store(&failing, 0);
    return atomic_load(&calls);
}

int64_t wrap_blocks(void)
{
    return atomic_load(&blocks);
}

static bool fails(void)
{
    uint64_t n = atomic_load(&failing);
    uint64_t call = atomic_fetch_add(&calls, 1) + 1;
    bool now = n != 0 && (call == n || (call > n && atomic_load(&goes_on)));
    errno = now ? ENOMEM : errno;
    return now;
}

static void *counted(void *block)
{
    atomic_fetch_add(&blocks, block != NULL);
    return block;
}

void *__wrap_malloc(size_t size)
{
    return fails() ? NULL : counted(__real_malloc(size));
}

void *__wrap_calloc(size_t count, size_t size)
{
    return fails() ? NULL : counted(__real_calloc(count, size));
}

void *__wrap_realloc(void *block, size_t size)
{
    if (fails()) {
        return NULL;
    }
    void *larger = __real_realloc(block, size);
    atomic_fetch_add(&blocks, block == NULL && larger != NULL);
    return larger;
}

void *__wrap_aligned_alloc(size_t alignment, size_t size)
{
    return fails() ? NULL : counted(__real_aligned_alloc(alignment, size));
}

void __wrap_free(void *block)
{
    atomic_fetch_sub(&blocks, block != NULL);
    __real_free(block);
}

void *__wrap_mmap(void *at, size_t size, int protection, int flags, int file, off_t offset)
{
    return fails() ? MAP_FAILED : __real_mmap(at, size, protection, flags, file, offset);
}
