/*
 * pool.h - memory for messages: taken by the sender's thread, given back by the receiver's.
 *
 * Each thread has a pool, made at its first take and found by one thread-local load. A pool keeps
 * one magazine (an array of free blocks) per size class; taking and giving on one thread touch the
 * magazine and never the block. A block given by another thread goes into a batch for its owner; a
 * full batch travels with one atomic operation. Not a general allocator: no realloc, no zeroing, no
 * alignment beyond 16 bytes.
 *
 * Thread: any, everything. A block may be taken on one thread and given on another.
 * Owns:   the caller owns a block from take to give. Pools live as long as the process: when a
 *         thread ends, its pool waits for the next thread.
 * Bounds: a thread holds back WTL__POOL_BATCH blocks for each of WTL__POOL_OWNERS owners at most.
 */
#ifndef WTL_BASE_POOL_H
#define WTL_BASE_POOL_H

#include <stddef.h>
#include <stdint.h>

enum {
    WTL__POOL_BATCH = 32,        /* blocks that travel to their owner together */
    WTL__POOL_OWNERS = 16,       /* owners for whom a thread collects at once */
    WTL__POOL_BLOCK_MAX = 32640, /* larger ones have a mapping of their own */
    WTL__POOL_STEP = 64 * 1024,  /* a pool grows by so much at least */
};

/* Process-wide. `used_bytes` counts blocks at the size of their class and is exact when every
 * thread has flushed; blocks on their way between threads count as used. */
struct wtl__pool_stats {
    uint64_t used_bytes;   /* taken and not yet given */
    uint64_t mapped_bytes; /* what the pools have from the system, large blocks included */
};

/* At least `size` bytes, aligned to 16 bytes, never zeroed. A size of 0 is a block as well.
 * Owns:  the caller, until wtl__pool_give.
 * Fails: NULL, when memory is exhausted or its cap is reached (cap.h). */
void *wtl__pool_take(size_t size) __attribute__((malloc, warn_unused_result));

/* Takes back a block of any thread's pool. NULL is nothing. Never fails and never waits. */
void wtl__pool_give(void *block);

/* The bytes that fit into the block: what was asked for or more. */
size_t wtl__pool_size(const void *block);

/* Hands everything that this thread holds for others to its owners, and takes in what others gave
 * back to this thread. A worker calls it before it parks, and regularly. */
void wtl__pool_flush(void);

/* From now on this thread, which has taken before, takes by wtl__pool_take alone, even where others
 * have its short way inline: for whoever stands in front of that function. */
void wtl__pool_go_long(void);

/* Ends this thread's use of its pool, so that a later thread adopts it. Called by itself when a
 * thread ends; after it, the next take begins anew. */
void wtl__pool_leave(void);

/* How many bytes the process keeps mapped for later, of free spans and of large blocks each, before
 * it returns memory to the system. 8 MiB each unless set. */
void wtl__pool_retain(size_t bytes);

struct wtl__pool_stats wtl__pool_stats(void);

/* Bytes that the cap counts: spans that the pools of threads have, and large blocks that are out. A
 * look at two numbers, while the statistics look at every pool. */
uint64_t wtl__pool_held(void);

#endif
