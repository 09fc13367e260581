/*
 * pool_mail.c - how blocks that were given by another thread come home.
 *
 * A batch is written into its own blocks: some of them become pages, which list the others. Pages
 * are pushed onto the owner's inbox with one atomic operation, and the owner takes the inbox whole,
 * so it reads a few cold cache lines and not one per block, and no page is ever popped alone: the
 * ABA problem does not arise.
 *
 * Order: the push in `push_pages` (release) pairs with the exchange in `next_page` (acquire): what
 * the giver wrote into the pages, and all it did with the blocks, is before what the owner does
 * next.
 */
#include <string.h>

#include "base/attr.h"
#include "base/pool_inner.h"

/* The next page that others sent, or NULL. */
static struct wtl__page *next_page(struct wtl__pool *pool)
{
    if (pool->returned == NULL) {
        if (atomic_load_explicit(&pool->inbox, memory_order_relaxed) == NULL) {
            return NULL;
        }
        /* Acquire: pairs with the release in `push_pages`. */
        pool->returned = atomic_exchange_explicit(&pool->inbox, NULL, memory_order_acquire);
    }
    struct wtl__page *page = pool->returned;
    pool->returned = page->next;
    __builtin_prefetch(pool->returned);
    return page;
}

bool wtl__mail_receive(struct wtl__pool *pool, uint32_t class_index, uint32_t pages_max)
{
    for (uint32_t pages = 0; pages < pages_max; pages++) {
        const struct wtl__magazine *wanted = &pool->magazines[class_index % WTL__POOL_CLASSES];
        if (class_index < WTL__POOL_CLASSES &&
            wtl__magazine_count(wanted) >= wtl__magazine_max(wanted) / 2) {
            return true;
        }
        struct wtl__page *page = next_page(pool);
        if (page == NULL) {
            return false;
        }
        for (uint64_t i = 0; i < page->count; i++) {
            wtl__store_accept(pool, page->blocks[i]);
        }
        wtl__store_accept(pool, page);
    }
    return true;
}

/* Pushes a chain of pages onto the owner's inbox. */
static void push_pages(struct wtl__pool *owner, struct wtl__page *first, struct wtl__page *last)
{
    struct wtl__page *top = atomic_load_explicit(&owner->inbox, memory_order_relaxed);
    do {
        last->next = top;
        /* Release: pairs with the acquire in next_page. */
    } while (!atomic_compare_exchange_weak_explicit(&owner->inbox, &top, first,
                                                    memory_order_release, memory_order_relaxed));
}

/* Writes a batch into its own blocks and sends it; it stays with the same owner, empty. */
static void send_batch(struct wtl__batch *batch)
{
    struct wtl__page *first = NULL;
    struct wtl__page *last = NULL;
    uint32_t done = 0;
    while (done < batch->count) {
        struct wtl__page *page = batch->blocks[done++];
        size_t room = (wtl__span_of(page)->block_bytes - sizeof *page) / sizeof page->blocks[0];
        uint32_t left = batch->count - done;
        uint32_t listed = left < room ? left : (uint32_t)room;
        page->next = NULL;
        page->count = listed;
        memcpy(page->blocks, batch->blocks + done, listed * sizeof page->blocks[0]);
        done += listed;
        if (first == NULL) {
            first = page;
        } else {
            last->next = page;
        }
        last = page;
    }
    if (first != NULL) {
        batch->count = 0;
        push_pages(batch->owner, first, last);
    }
}

void wtl__mail_note(struct wtl__pool *pool, struct wtl__pool *owner, void *block)
{
    uint32_t slot = owner->index % WTL__POOL_OWNERS;
    struct wtl__batch *batch = &pool->batches[slot];
    if (WTL_UNLIKELY(batch->owner != owner)) {
        send_batch(batch);
        batch->owner = owner;
    }
    if (batch->count == 0) {
        pool->unsent |= 1U << slot;
    }
    batch->blocks[batch->count++] = block;
    if (WTL_UNLIKELY(batch->count == WTL__POOL_BATCH)) {
        send_batch(batch);
    }
}

void wtl__mail_send_all(struct wtl__pool *pool)
{
    for (; pool->unsent != 0; pool->unsent &= pool->unsent - 1) {
        send_batch(&pool->batches[__builtin_ctz(pool->unsent)]);
    }
}

void wtl__mail_send_one(struct wtl__pool *owner, void *block)
{
    struct wtl__page *page = block;
    page->count = 0;
    push_pages(owner, page, page);
}
