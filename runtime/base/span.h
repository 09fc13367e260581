/*
 * span.h - 64 KiB of equal blocks, aligned to 64 KiB, and the depot where free spans wait.
 *
 * The header of a span is found by masking the address of any of its blocks. Which blocks are free
 * is a bitmap in the header, so that neither taking nor putting touches the block itself, and a
 * block that is put twice is caught. Not a pool: nothing here knows magazines or other threads.
 *
 * Thread: a span belongs to one pool at a time, and only its owner's thread changes it. Its first
 *         cache line does not change while blocks are out, so any thread may read it. The depot
 *         has a mutex and serves every thread; it is reached once per 64 KiB.
 */
#ifndef WTL_BASE_SPAN_H
#define WTL_BASE_SPAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    WTL__SPAN_BYTES = 64 * 1024,
    WTL__SPAN_HEAD = 256,
    WTL__SPAN_UNIT = 64, /* blocks are multiples of a cache line */
    WTL__SPAN_WORDS = 16,
};

struct wtl__pool;

struct wtl__span {
    /* Read by every thread that gives a block; constant while one block is out. */
    struct wtl__pool *owner; /* NULL: the head of one large block (large.h) */
    size_t block_bytes;
    uint32_t class_index;
    uint32_t inverse;  /* 2^20 / block units, rounded up: division by multiplication */
    uint32_t capacity; /* blocks */

    /* Owner's thread only. */
    __attribute__((aligned(64))) struct wtl__span *next; /* in a list of the owner or the depot */
    struct wtl__span *prev;
    uint32_t carved;    /* blocks that were out at least once; the rest was never touched */
    uint32_t free;      /* bits set */
    uint32_t word_hint; /* no bit is set in the words before it */

    __attribute__((aligned(64))) uint64_t bitmap[WTL__SPAN_WORDS]; /* set: free */
};

_Static_assert(sizeof(struct wtl__span) == WTL__SPAN_HEAD, "the head is what blocks start behind");

static inline struct wtl__span *wtl__span_of(const void *block)
{
    return (struct wtl__span *)((uintptr_t)block & ~(uintptr_t)(WTL__SPAN_BYTES - 1));
}

/* Blocks that could be taken now. */
static inline uint32_t wtl__span_available(const struct wtl__span *span)
{
    return span->free + span->capacity - span->carved;
}

/* No block is out. */
static inline bool wtl__span_is_empty(const struct wtl__span *span)
{
    return span->free == span->carved;
}

/* Makes a span from the depot ready to hand out blocks of `block_bytes`, a multiple of the unit. */
void wtl__span_init(struct wtl__span *span, struct wtl__pool *owner, uint32_t class_index,
                    size_t block_bytes);

/* Moves up to `max` blocks into `blocks_out`; returns how many. */
uint32_t wtl__span_take(struct wtl__span *span, void **blocks_out, uint32_t max);

/* Marks a block as free. Asserts that it is a block of this span and was not free. */
void wtl__span_put(struct wtl__span *span, void *block);

/* A span of the depot, its head not yet valid. Fails: NULL, when memory is exhausted or its
 * cap is reached. */
struct wtl__span *wtl__depot_take(void);

/* Returns an empty span: kept for later below the limit, unmapped above it, or when memory is
 * scarce. */
void wtl__depot_give(struct wtl__span *span);

/* Sets the limit and unmaps what is above it. */
void wtl__depot_retain(size_t bytes);

/* Bytes of spans that the process has mapped. */
uint64_t wtl__depot_mapped(void);
/* Bytes of spans that have left the depot. */
uint64_t wtl__depot_out(void);

#endif
