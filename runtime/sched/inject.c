/*
 * inject.c - a stack for pushers, turned around into a FIFO by the worker that takes.
 */
#include "sched/inject.h"

#include "base/attr.h"

void wtl__inject_init(struct wtl__inject *queue)
{
    atomic_init(&queue->incoming, NULL);
    atomic_init(&queue->count, 0);
    atomic_init(&queue->is_taken, 0);
    queue->waiting = (struct wtl__fifo){0};
}

/* Pushes a chain that runs from the newest to the oldest item. */
static void push_chain(struct wtl__inject *queue, struct wtl__fifo_link *newest,
                       struct wtl__fifo_link *oldest, uint64_t count)
{
    /* Sequentially consistent, and before the chain can be taken: pairs with the load in
     * wtl__inject_count, which a parking worker does after its announcement. */
    atomic_fetch_add_explicit(&queue->count, count, memory_order_seq_cst);
    struct wtl__fifo_link *top = atomic_load_explicit(&queue->incoming, memory_order_relaxed);
    do {
        oldest->next = top;
        /* Release, as part of seq_cst: pairs with the acquire in wtl__inject_take. */
    } while (!atomic_compare_exchange_weak_explicit(&queue->incoming, &top, newest,
                                                    memory_order_seq_cst, memory_order_relaxed));
}

void wtl__inject_push(struct wtl__inject *queue, struct wtl__fifo_link *link)
{
    push_chain(queue, link, link, 1);
}

void wtl__inject_push_all(struct wtl__inject *queue, struct wtl__fifo *items)
{
    struct wtl__fifo_link *oldest = items->first;
    struct wtl__fifo_link *newest = NULL;
    uint64_t count = 0;
    struct wtl__fifo_link *link;
    while ((link = wtl__fifo_take(items)) != NULL) {
        link->next = newest;
        newest = link;
        count++;
    }
    if (count != 0) {
        push_chain(queue, newest, oldest, count);
    }
}

/* Takes the stack whole, so that no single item is ever popped and ABA does not arise, and appends
 * it to the FIFO, oldest first. The caller holds is_taken. */
static void collect(struct wtl__inject *queue)
{
    if (atomic_load_explicit(&queue->incoming, memory_order_relaxed) == NULL) {
        return;
    }
    /* Acquire: pairs with the release in push_chain. */
    struct wtl__fifo_link *link =
        atomic_exchange_explicit(&queue->incoming, NULL, memory_order_acquire);
    struct wtl__fifo batch = {0};
    while (link != NULL) {
        struct wtl__fifo_link *older = link->next;
        wtl__fifo_push_first(&batch, link);
        link = older;
    }
    wtl__fifo_move_all(&queue->waiting, &batch);
}

uint32_t wtl__inject_take(struct wtl__inject *queue, uint32_t max, struct wtl__fifo *items_out)
{
    int is_free = 0;
    if (atomic_load_explicit(&queue->count, memory_order_relaxed) == 0) {
        return 0;
    }
    /* Acquire: pairs with the release at the end, for `waiting`. */
    if (!atomic_compare_exchange_strong_explicit(&queue->is_taken, &is_free, 1,
                                                 memory_order_acquire, memory_order_relaxed)) {
        return 0;
    }
    uint32_t taken = 0;
    for (; taken < max; taken++) {
        if (wtl__fifo_is_empty(&queue->waiting)) {
            collect(queue);
        }
        struct wtl__fifo_link *link = wtl__fifo_take(&queue->waiting);
        if (link == NULL) {
            break;
        }
        wtl__fifo_push(items_out, link);
    }
    /* Release: pairs with the acquire above. */
    atomic_store_explicit(&queue->is_taken, 0, memory_order_release);
    atomic_fetch_sub_explicit(&queue->count, taken, memory_order_relaxed);
    return taken;
}

uint64_t wtl__inject_count(const struct wtl__inject *queue)
{
    /* Sequentially consistent: pairs with the addition in push_chain. */
    return atomic_load_explicit(&queue->count, memory_order_seq_cst);
}
