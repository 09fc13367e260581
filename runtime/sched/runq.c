/*
 * runq.c - one producer, many consumers, one ring.
 *
 * head <= tail <= head + WTL__RUNQ_MAX. A consumer reads the slots it wants and then claims them by
 * moving head with a compare and swap; when another was first, what it read is thrown away. A slot
 * is written again only after head has passed it, so whatever is claimed was read whole. The counts
 * have 64 bits: a consumer that was stopped for years still cannot take an old head for a new one.
 */
#include "sched/runq.h"

#include "base/attr.h"

enum { MASK = WTL__RUNQ_MAX - 1 };
_Static_assert((WTL__RUNQ_MAX & MASK) == 0, "the size is a power of two");

void wtl__runq_init(struct wtl__runq *queue)
{
    atomic_init(&queue->head, 0);
    atomic_init(&queue->tail, 0);
    for (uint32_t i = 0; i < WTL__RUNQ_MAX; i++) {
        atomic_init(&queue->slots[i], NULL);
    }
}

/* Writes the item into the slot of `tail`; false when the ring is full. */
static bool put(struct wtl__runq *queue, uint64_t tail, void *item)
{
    /* Acquire: pairs with the release of head in `claim`, so that a consumer has read the slot
     * before it is written again. */
    uint64_t head = atomic_load_explicit(&queue->head, memory_order_acquire);
    WTL_ASSERT(item != NULL);
    if (tail - head >= WTL__RUNQ_MAX) {
        return false;
    }
    atomic_store_explicit(&queue->slots[tail & MASK], item, memory_order_relaxed);
    return true;
}

bool wtl__runq_push(struct wtl__runq *queue, void *item)
{
    uint64_t tail = atomic_load_explicit(&queue->tail, memory_order_relaxed);
    if (!put(queue, tail, item)) {
        return false;
    }
    /* Release: pairs with the acquire of tail in `look`. */
    atomic_store_explicit(&queue->tail, tail + 1, memory_order_release);
    return true;
}

bool wtl__runq_push_wake(struct wtl__runq *queue, void *item)
{
    uint64_t tail = atomic_load_explicit(&queue->tail, memory_order_relaxed);
    if (!put(queue, tail, item)) {
        return false;
    }
    /* Sequentially consistent: before the caller's look at who is parked; pairs with the load in
     * wtl__runq_count, which comes after the parking worker's announcement. */
    atomic_store_explicit(&queue->tail, tail + 1, memory_order_seq_cst);
    return true;
}

/* Where the items are now; how many. */
static uint32_t look(struct wtl__runq *queue, uint64_t *head_out)
{
    /* Acquire: pairs with the release of head in `claim`. */
    uint64_t head = atomic_load_explicit(&queue->head, memory_order_acquire);
    /* Acquire: pairs with the release of tail in wtl__runq_push. Loaded after head, so it is not
     * less; but head may have moved on, and then the difference is too large, and `claim` fails. */
    uint64_t tail = atomic_load_explicit(&queue->tail, memory_order_acquire);
    *head_out = head;
    return tail - head > WTL__RUNQ_MAX ? WTL__RUNQ_MAX : (uint32_t)(tail - head);
}

/* Makes the `count` items from `head` on the caller's, unless another was first. */
static bool claim(struct wtl__runq *queue, uint64_t head, uint32_t count)
{
    /* Release: pairs with the acquire of head in `put` and `look`: the slots have been read. */
    return atomic_compare_exchange_strong_explicit(&queue->head, &head, head + count,
                                                   memory_order_acq_rel, memory_order_relaxed);
}

static void *read_slot(struct wtl__runq *queue, uint64_t index)
{
    return atomic_load_explicit(&queue->slots[index & MASK], memory_order_relaxed);
}

void *wtl__runq_pop(struct wtl__runq *queue)
{
    uint64_t head;
    while (look(queue, &head) != 0) {
        void *item = read_slot(queue, head);
        if (claim(queue, head, 1)) {
            return item;
        }
    }
    return NULL;
}

uint32_t wtl__runq_shed(struct wtl__runq *queue, void *items_out[WTL__RUNQ_HALF])
{
    uint64_t head;
    uint32_t count;
    while ((count = look(queue, &head)) != 0) {
        uint32_t taken = count - count / 2;
        for (uint32_t i = 0; i < taken; i++) {
            items_out[i] = read_slot(queue, head + i);
        }
        if (claim(queue, head, taken)) {
            return taken;
        }
    }
    return 0;
}

void *wtl__runq_steal(struct wtl__runq *thief, struct wtl__runq *victim)
{
    uint64_t head;
    WTL_ASSERT(thief != victim);
    uint32_t count = look(victim, &head);
    if (count == 0) {
        return NULL;
    }
    uint64_t tail = atomic_load_explicit(&thief->tail, memory_order_relaxed);
    /* Acquire: as in `put`. */
    uint64_t used = tail - atomic_load_explicit(&thief->head, memory_order_acquire);
    uint32_t room = WTL__RUNQ_MAX - (uint32_t)used;
    uint32_t taken = count - count / 2;
    taken = taken - 1 <= room ? taken : room + 1;
    void *first = read_slot(victim, head);
    for (uint32_t i = 1; i < taken; i++) {
        atomic_store_explicit(&thief->slots[(tail + i - 1) & MASK], read_slot(victim, head + i),
                              memory_order_relaxed);
    }
    if (!claim(victim, head, taken)) {
        return NULL;
    }
    if (taken > 1) {
        /* Sequentially consistent: as in wtl__runq_push_wake, for what was stolen can be stolen
         * again. */
        atomic_store_explicit(&thief->tail, tail + taken - 1, memory_order_seq_cst);
    }
    return first;
}

uint32_t wtl__runq_count(const struct wtl__runq *queue)
{
    /* Sequentially consistent: pair with the store of tail in wtl__runq_push_wake. */
    uint64_t head = atomic_load_explicit(&queue->head, memory_order_seq_cst);
    uint64_t tail = atomic_load_explicit(&queue->tail, memory_order_seq_cst);
    return tail - head > WTL__RUNQ_MAX ? WTL__RUNQ_MAX : (uint32_t)(tail - head);
}
