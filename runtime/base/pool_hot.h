/*
 * pool_hot.h - taking and giving where a magazine has just what is wanted, inline, for the one file
 * that makes and frees messages. Everybody else calls pool.h, which is the same and more.
 *
 * Thread: any; as pool.h.
 */
#ifndef WTL_BASE_POOL_HOT_H
#define WTL_BASE_POOL_HOT_H

#include "base/pool_inner.h"

/* The pool of this thread. Before its first take it is wtl__pool_none, whose magazines are empty
 * and full, so that nobody has to ask on the way. */
extern __thread __attribute__((tls_model("initial-exec"))) struct wtl__pool *wtl__pool_self;
extern struct wtl__pool wtl__pool_none;

/* By size in cache lines, rounded up. Filled before any thread has a pool. */
extern uint8_t wtl__pool_class_of_step[WTL__POOL_BLOCK_MAX / WTL__SPAN_UNIT + 1];

static inline uint32_t wtl__pool_class_of(size_t size)
{
    return wtl__pool_class_of_step[(size + WTL__SPAN_UNIT - 1) / WTL__SPAN_UNIT];
}

/* A block, or NULL: then wtl__pool_take finds one or knows why not. */
static inline void *wtl__pool_take_hot(size_t size)
{
    if (WTL_UNLIKELY(size > WTL__POOL_BLOCK_MAX)) {
        return NULL;
    }
    return wtl__magazine_take(&wtl__pool_self->magazines[wtl__pool_class_of(size)]);
}

/* False: it was not taken back, and wtl__pool_give does it. */
static inline bool wtl__pool_give_hot(void *block)
{
    const struct wtl__span *span = wtl__span_of(block);
    struct wtl__pool *pool = wtl__pool_self;
    return WTL_LIKELY(span->owner == pool) &&
           wtl__magazine_put(&pool->magazines[span->class_index], block);
}

#endif
