/*
 * pool_store.c - between the magazines of a pool and its spans, half a magazine at a time.
 *
 * A span is in the list of its class while it has blocks to take; a span that is used up is in no
 * list, and its next returning block puts it back. An empty span leaves its class.
 *
 * Thread: the owner of the pool only.
 */
#include <string.h>

#include "base/attr.h"
#include "base/pool_inner.h"

/* Steps of a cache line, then of about a quarter; from 4 KiB on the sizes divide a span's bytes. */
const uint16_t wtl__pool_class_bytes[WTL__POOL_CLASSES] = {
    64,   128,  192,  256,  320,  384,  448,  512,  640,  768,   896,   1024,  1280,  1536,
    1792, 2048, 2560, 3072, 3584, 4352, 5440, 6528, 8128, 10880, 13056, 16320, 21760, 32640};

void wtl__store_init(struct wtl__pool *pool)
{
    for (uint32_t i = 0; i < WTL__POOL_CLASSES; i++) {
        uint32_t max = WTL__MAGAZINE_BYTES / wtl__pool_class_bytes[i];
        struct wtl__magazine *magazine = &pool->magazines[i];
        max = max < 2 ? 2 : max > WTL__MAGAZINE_MAX ? WTL__MAGAZINE_MAX : max;
        magazine->bottom = magazine->blocks;
        magazine->limit = magazine->blocks + max;
        wtl__magazine_set_top(magazine, magazine->bottom);
    }
}

/* Moves the counter of bytes that are out; it has one writer, so no locked instruction. */
static void add_out(struct wtl__pool *pool, uint64_t bytes)
{
    uint64_t now = atomic_load_explicit(&pool->out_bytes, memory_order_relaxed);
    atomic_store_explicit(&pool->out_bytes, now + bytes, memory_order_relaxed);
}

static void link_partial(struct wtl__pool *pool, struct wtl__span *span)
{
    struct wtl__span *first = pool->partial[span->class_index];
    span->prev = NULL;
    span->next = first;
    if (first != NULL) {
        first->prev = span;
    }
    pool->partial[span->class_index] = span;
}

static void unlink_partial(struct wtl__pool *pool, struct wtl__span *span)
{
    if (span->prev != NULL) {
        span->prev->next = span->next;
    } else {
        pool->partial[span->class_index] = span->next;
    }
    if (span->next != NULL) {
        span->next->prev = span->prev;
    }
}

/* An empty span leaves its class: any class of this pool, or any pool, may have it next. */
static void retire(struct wtl__pool *pool, struct wtl__span *span)
{
    unlink_partial(pool, span);
    if (pool->empty_count < WTL__POOL_EMPTY_MAX) {
        span->next = pool->empty;
        pool->empty = span;
        pool->empty_count++;
    } else {
        wtl__depot_give(span);
    }
}

/* Puts one block back into its span. A span that was used up comes first in its class, because the
 * fullest span should be taken from first: the others may then become empty. */
static void put_into_span(struct wtl__pool *pool, void *block)
{
    struct wtl__span *span = wtl__span_of(block);
    if (wtl__span_available(span) == 0) {
        link_partial(pool, span);
    }
    wtl__span_put(span, block);
    if (wtl__span_is_empty(span)) {
        retire(pool, span);
    }
}

/* Returns the oldest blocks of a magazine until `keep` are left. */
static void drain(struct wtl__pool *pool, uint32_t class_index, uint32_t keep)
{
    struct wtl__magazine *magazine = &pool->magazines[class_index];
    uint32_t count = wtl__magazine_count(magazine);
    if (count <= keep) {
        return;
    }
    uint32_t leaving = count - keep;
    for (uint32_t i = 0; i < leaving; i++) {
        put_into_span(pool, magazine->blocks[i]);
    }
    memmove(magazine->blocks, magazine->blocks + leaving, keep * sizeof magazine->blocks[0]);
    wtl__magazine_set_top(magazine, magazine->bottom + keep);
    add_out(pool, -(uint64_t)leaving * wtl__pool_class_bytes[class_index]);
}

void wtl__store_accept(struct wtl__pool *pool, void *block)
{
    uint32_t class_index = wtl__span_of(block)->class_index;
    struct wtl__magazine *magazine = &pool->magazines[class_index];
    if (!wtl__magazine_put(magazine, block)) {
        drain(pool, class_index, wtl__magazine_max(magazine) / 2);
        (void)wtl__magazine_put(magazine, block);
    }
}

/* A span with blocks of this class: one in use, an empty one, or a new one. NULL without memory. */
static struct wtl__span *partial_span(struct wtl__pool *pool, uint32_t class_index)
{
    struct wtl__span *span = pool->partial[class_index];
    if (span != NULL) {
        return span;
    }
    span = pool->empty;
    if (span != NULL) {
        pool->empty = span->next;
        pool->empty_count--;
    } else {
        span = wtl__depot_take();
        if (span == NULL) {
            return NULL;
        }
    }
    wtl__span_init(span, pool, class_index, wtl__pool_class_bytes[class_index]);
    link_partial(pool, span);
    return span;
}

void wtl__store_fill(struct wtl__pool *pool, uint32_t class_index)
{
    struct wtl__magazine *magazine = &pool->magazines[class_index];
    const uint32_t wanted = wtl__magazine_max(magazine) / 2;
    uint32_t before = wtl__magazine_count(magazine);
    uint32_t count = before;
    while (count < wanted) {
        struct wtl__span *span = partial_span(pool, class_index);
        if (span == NULL) {
            break;
        }
        count += wtl__span_take(span, magazine->blocks + count, wanted - count);
        if (wtl__span_available(span) == 0) {
            unlink_partial(pool, span);
        }
    }
    add_out(pool, (uint64_t)(count - before) * wtl__pool_class_bytes[class_index]);
    wtl__magazine_set_top(magazine, magazine->bottom + count);
}

void wtl__store_empty(struct wtl__pool *pool)
{
    for (uint32_t i = 0; i < WTL__POOL_CLASSES; i++) {
        drain(pool, i, 0);
    }
    while (pool->empty != NULL) {
        struct wtl__span *span = pool->empty;
        pool->empty = span->next;
        pool->empty_count--;
        wtl__depot_give(span);
    }
}
