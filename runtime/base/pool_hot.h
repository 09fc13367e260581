/*
 * pool_hot.h - taking and giving where a magazine has just what is wanted, inline, for the one file
 * that makes and frees messages. Everybody else calls pool.h, which is the same and more.
 *
 * Thread: any; as pool.h.
 */
#ifndef WTL_BASE_POOL_HOT_H
#define WTL_BASE_POOL_HOT_H

#include "base/pool_inner.h"

/* A block, or NULL: then wtl__pool_take finds one or knows why not. */
static inline void *wtl__pool_take_hot(size_t size)
{
    return WTL_SANITIZED ? NULL : wtl__pool_take_own(size); /* pool_malloc.c */
}

/* False: it was not taken back, and wtl__pool_give does it. */
static inline bool wtl__pool_give_hot(void *block)
{
    return !WTL_SANITIZED && wtl__pool_give_own(block);
}

#endif
