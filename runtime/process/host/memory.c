/*
 * memory.c - allocations that fail are noted on the board: a module that does not look at what
 * malloc gives faults next, and the node says "memory" then, which it was.
 *
 * These stand in front of the C library's own, for the module too. A sanitizer has its own there.
 */
#include <errno.h>
#include <stdlib.h>

#include "process/host/host.h"

static struct wtl__board *noted;

void wtl__host_watch_memory(struct wtl__board *board)
{
    noted = board;
}

#if !WTL_SANITIZED

void *__libc_malloc(size_t size);
void *__libc_calloc(size_t count, size_t size);
void *__libc_realloc(void *block, size_t size);
void *__libc_memalign(size_t alignment, size_t size);

static void *note(void *block, size_t size)
{
    if (block == NULL && size > 0 && noted != NULL) {
        wtl__board_refused(noted, size);
    }
    return block;
}

__attribute__((visibility("default"))) void *malloc(size_t size)
{
    return note(__libc_malloc(size), size);
}

__attribute__((visibility("default"))) void *calloc(size_t count, size_t size)
{
    return note(__libc_calloc(count, size), count > 0 ? size : 0);
}

__attribute__((visibility("default"))) void *realloc(void *block, size_t size)
{
    return note(__libc_realloc(block, size), size);
}

__attribute__((visibility("default"))) void *aligned_alloc(size_t alignment, size_t size)
{
    return note(__libc_memalign(alignment, size), size);
}

__attribute__((visibility("default"))) int posix_memalign(void **block_out, size_t alignment,
                                                          size_t size)
{
    if (alignment % sizeof(void *) != 0 || (alignment & (alignment - 1)) != 0 || alignment == 0) {
        return EINVAL;
    }
    void *block = note(__libc_memalign(alignment, size), size);
    if (block == NULL) {
        return ENOMEM;
    }
    *block_out = block;
    return 0;
}

#endif
