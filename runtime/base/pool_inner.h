/*
 * pool_inner.h - what the files of the pool share, and no one else.
 *
 * pool.c takes and gives on the fast path and knows threads; pool_store.c moves blocks between
 * magazines and spans; pool_mail.c carries blocks from one pool to another.
 *
 * Thread: a pool belongs to one thread at a time, its owner; what others may touch is said below.
 */
#ifndef WTL_BASE_POOL_INNER_H
#define WTL_BASE_POOL_INNER_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/pool.h"
#include "base/span.h"

enum {
    WTL__POOL_CLASSES = 28,
    WTL__MAGAZINE_MAX = 253,         /* blocks; a magazine is 2 KiB */
    WTL__MAGAZINE_BYTES = 32 * 1024, /* of blocks, but two blocks at least */
    WTL__POOL_EMPTY_MAX = 8,         /* empty spans that a pool keeps to itself */
    WTL__POOL_PAGES_PER_TURN = 32,   /* looked at in one go */
};

/* Free blocks of one class, ready to be taken. All pointers are NULL in the pool of threads that
 * have none: it is empty and full. */
struct wtl__magazine {
    _Atomic(void **) top; /* behind the last; written by the owner, read by statistics */
    void **bottom;        /* the first */
    void **limit;         /* behind the room for as many as it may hold */
    void *blocks[WTL__MAGAZINE_MAX];
};

/* Lives in the first bytes of a given block and lists others that travel with it. */
struct wtl__page {
    struct wtl__page *next;
    uint64_t count;
    void *blocks[];
};

/* What one thread holds back for one owner. */
struct wtl__batch {
    struct wtl__pool *owner; /* NULL: unused */
    uint32_t count;
    void *blocks[WTL__POOL_BATCH];
};

struct wtl__pool {
    /* Written by every thread. */
    __attribute__((aligned(128))) _Atomic(struct wtl__page *) inbox;

    /* Written by the owner. */
    __attribute__((aligned(128))) struct wtl__page *returned; /* from the inbox, not yet read */
    struct wtl__span *partial[WTL__POOL_CLASSES]; /* doubly linked: spans with blocks to take */
    struct wtl__span *empty;                      /* singly linked */
    uint32_t empty_count;
    uint32_t unsent;             /* bit i: batch i holds a block */
    _Atomic(uint64_t) out_bytes; /* moved from spans to magazines and not back */
    struct wtl__batch batches[WTL__POOL_OWNERS];
    struct wtl__magazine magazines[WTL__POOL_CLASSES];

    /* Written before anybody else knows the pool. */
    uint32_t index;
    struct wtl__pool *next_all;

    /* Under the lock of the list of pools. */
    struct wtl__pool *next_waiting;
};

/* A magazine's top has one writer; it is atomic only because statistics read it. */
static inline void **wtl__magazine_top(const struct wtl__magazine *magazine)
{
    return atomic_load_explicit(&magazine->top, memory_order_relaxed);
}

static inline void wtl__magazine_set_top(struct wtl__magazine *magazine, void **top)
{
    atomic_store_explicit(&magazine->top, top, memory_order_relaxed);
}

static inline uint32_t wtl__magazine_count(const struct wtl__magazine *magazine)
{
    return (uint32_t)(wtl__magazine_top(magazine) - magazine->bottom);
}

static inline uint32_t wtl__magazine_max(const struct wtl__magazine *magazine)
{
    return (uint32_t)(magazine->limit - magazine->bottom);
}

/* The last block, or NULL. */
static inline void *wtl__magazine_take(struct wtl__magazine *magazine)
{
    void **top = wtl__magazine_top(magazine);
    if (WTL_UNLIKELY(top == magazine->bottom)) {
        return NULL;
    }
    wtl__magazine_set_top(magazine, top - 1);
    return top[-1];
}

/* False when it is full. */
static inline bool wtl__magazine_put(struct wtl__magazine *magazine, void *block)
{
    void **top = wtl__magazine_top(magazine);
    if (WTL_UNLIKELY(top == magazine->limit)) {
        return false;
    }
    *top = block;
    wtl__magazine_set_top(magazine, top + 1);
    return true;
}

/* The pool that the short way below uses: this thread's, or wtl__pool_none, whose magazines are
 * empty and full, so that nobody has to ask on the way: before the thread's first take, and after
 * wtl__pool_go_long. */
extern __thread __attribute__((tls_model("initial-exec"))) struct wtl__pool *wtl__pool_near;
extern struct wtl__pool wtl__pool_none;

/* By size in cache lines, rounded up. Filled before main begins. */
extern uint8_t wtl__pool_class_of_step[WTL__POOL_BLOCK_MAX / WTL__SPAN_UNIT + 1];

static inline uint32_t wtl__pool_class_of(size_t size)
{
    return wtl__pool_class_of_step[(size + WTL__SPAN_UNIT - 1) / WTL__SPAN_UNIT];
}

/* A block, or NULL: then wtl__pool_take finds one or knows why not. */
static inline void *wtl__pool_take_own(size_t size)
{
    if (WTL_UNLIKELY(size > WTL__POOL_BLOCK_MAX)) {
        return NULL;
    }
    return wtl__magazine_take(&wtl__pool_near->magazines[wtl__pool_class_of(size)]);
}

/* False: it was not taken back, and wtl__pool_give does it. */
static inline bool wtl__pool_give_own(void *block)
{
    const struct wtl__span *span = wtl__span_of(block);
    struct wtl__pool *pool = wtl__pool_near;
    return WTL_LIKELY(span->owner == pool) &&
           wtl__magazine_put(&pool->magazines[span->class_index], block);
}

_Static_assert(WTL__POOL_OWNERS <= 32, "each batch has a bit in `unsent`");

/* pool_store.c: owner's thread only. */

extern const uint16_t wtl__pool_class_bytes[WTL__POOL_CLASSES];

/* Sets the bounds of the magazines of a new pool. */
void wtl__store_init(struct wtl__pool *pool);

/* A block of this pool comes home to its magazine. */
void wtl__store_accept(struct wtl__pool *pool, void *block);

/* Fills half of a magazine from the spans; less, or nothing, when memory is exhausted. */
void wtl__store_fill(struct wtl__pool *pool, uint32_t class_index);

/* Returns all magazines to the spans and empty spans to the depot. */
void wtl__store_empty(struct wtl__pool *pool);

/* pool_mail.c: owner's thread only, but wtl__mail_send_one on any. */

/* Takes in pages that others sent, until the magazine of the class is half full or `pages_max` have
 * been read; WTL__POOL_CLASSES stands for no class. False when there was nothing more to read. */
bool wtl__mail_receive(struct wtl__pool *pool, uint32_t class_index, uint32_t pages_max);

/* Notes a block for its owner, and sends the batch when it is full. */
void wtl__mail_note(struct wtl__pool *pool, struct wtl__pool *owner, void *block);

/* Sends all batches, full or not. */
void wtl__mail_send_all(struct wtl__pool *pool);

/* Sends one block at once, for a thread that has no pool. */
void wtl__mail_send_one(struct wtl__pool *owner, void *block);

#endif
