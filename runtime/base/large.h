/*
 * large.h - blocks that do not fit into a span: a mapping of their own, aligned to 64 KiB so that
 * its head is found as a span's is.
 *
 * A given block stays mapped for the next one of its size, because mapping, faulting in and
 * unmapping cost more than all else that is done with a message. Sizes go in steps of 64 KiB or a
 * quarter, whichever is more.
 *
 * Thread: any. A mutex guards the kept mappings; it is held for a few instructions, never across a
 *         system call.
 * Bounds: the kept mappings together stay below the limit of wtl__large_retain.
 */
#ifndef WTL_BASE_LARGE_H
#define WTL_BASE_LARGE_H

#include <stddef.h>
#include <stdint.h>

#include "base/span.h"

/* A block of at least `size` bytes, behind a head whose owner is NULL.
 * Fails: NULL, when memory is exhausted or its cap is reached. */
void *wtl__large_take(size_t size);

/* Takes back the block of this head. */
void wtl__large_give(struct wtl__span *head);

/* Sets the limit, 8 MiB at first, and unmaps what is above it. */
void wtl__large_retain(size_t bytes);

/* Bytes of large blocks that are out, and of all mappings, kept ones included. */
uint64_t wtl__large_used(void);
uint64_t wtl__large_mapped(void);

#endif
