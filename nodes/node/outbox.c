/* outbox.c - see outbox.h. */
#include "node/outbox.h"

#include <stdlib.h>

/* What an envelope weighs besides its body. */
#define ENVELOPE_WEIGHT 64u

static uint64_t weight(const struct wtl__envelope *envelope)
{
    return ENVELOPE_WEIGHT + (envelope->msg.bytes != NULL ? envelope->msg.size : 0u);
}

static uint64_t waiting_of(const struct wtl__outbox *box)
{
    return atomic_load_explicit(&box->bytes, memory_order_relaxed) +
           atomic_load_explicit(&box->hub_bytes, memory_order_relaxed);
}

static _Atomic(struct wtl__outbox *) *bucket_of(struct wtl__outboxes *table, uint64_t node)
{
    uint64_t hash = (node ^ table->seed) * UINT64_C(0x9e3779b97f4a7c15);
    return &table->buckets[(hash >> 40) % WTL__OUTBOX_BUCKETS];
}

struct wtl__outboxes *wtl__outboxes_create(uint64_t own, uint64_t seed)
{
    size_t size = (sizeof(struct wtl__outboxes) + 127) / 128 * 128;
    struct wtl__outboxes *table = aligned_alloc(128, size);
    if (table != NULL) {
        memset(table, 0, size);
        table->own = own;
        table->seed = seed;
        (void)pthread_mutex_init(&table->lock, NULL);
    }
    return table;
}

static void free_all(struct wtl__envelope *envelope)
{
    while (envelope != NULL) {
        struct wtl__envelope *next = envelope->next;
        wtl__envelope_free(envelope);
        envelope = next;
    }
}

void wtl__outboxes_destroy(struct wtl__outboxes *table)
{
    if (table == NULL) {
        return;
    }
    while (table->made != NULL) {
        struct wtl__outbox *box = table->made;
        table->made = box->next_made;
        free_all(wtl__inbox_close(&box->inbox));
        free_all(box->collected);
        free_all(box->waiters);
        free(box);
    }
    (void)pthread_mutex_destroy(&table->lock);
    free(table);
}

void wtl__outboxes_close(struct wtl__outboxes *table)
{
    atomic_store_explicit(&table->is_closed, true, memory_order_relaxed);
}

bool wtl__outboxes_is_closed(const struct wtl__outboxes *table)
{
    return atomic_load_explicit(&table->is_closed, memory_order_relaxed);
}

/* ---- finding -------------------------------------------------------------------------------- */

/* The outbox of that node, and its generation; NULL when there is none, or when a bucket changed
 * under the search (the caller then looks again under the lock). */
static struct wtl__outbox *find(struct wtl__outboxes *table, uint64_t node,
                                uint64_t *generation_out)
{
    /* acquire pairs with the release in make: the outbox is made before it is seen */
    struct wtl__outbox *box = atomic_load_explicit(bucket_of(table, node), memory_order_acquire);
    for (uint32_t steps = 0; box != NULL && steps < WTL__OUTBOXES_MAX; steps++) {
        /* acquire pairs with the releases in recycle and make: whoever reads the new generation
         * does not read the old node after it */
        *generation_out = atomic_load_explicit(&box->generation, memory_order_acquire);
        if (atomic_load_explicit(&box->node, memory_order_acquire) == node) {
            return box;
        }
        box = atomic_load_explicit(&box->next, memory_order_acquire);
    }
    return NULL;
}

static struct wtl__outbox *take_free(struct wtl__outboxes *table)
{
    struct wtl__outbox *box = table->free;
    if (box != NULL) {
        table->free = box->next_free;
        return box;
    }
    if (table->made_count == WTL__OUTBOXES_MAX) {
        return NULL;
    }
    box = aligned_alloc(128, sizeof *box);
    if (box != NULL) {
        memset(box, 0, sizeof *box);
        wtl__inbox_init(&box->inbox);
        box->next_made = table->made;
        table->made = box;
        table->made_count++;
    }
    return box;
}

static struct wtl__outbox *find_or_make(struct wtl__outboxes *table, uint64_t node,
                                        uint64_t *generation_out)
{
    struct wtl__outbox *box = find(table, node, generation_out);
    if (box != NULL) {
        return box;
    }
    (void)pthread_mutex_lock(&table->lock);
    box = find(table, node, generation_out);
    if (box == NULL && (box = take_free(table)) != NULL) {
        _Atomic(struct wtl__outbox *) *bucket = bucket_of(table, node);
        *generation_out = atomic_load_explicit(&box->generation, memory_order_relaxed);
        atomic_store_explicit(&box->hub_bytes, 0, memory_order_relaxed);
        atomic_store_explicit(&box->next, atomic_load_explicit(bucket, memory_order_relaxed),
                              memory_order_relaxed);
        /* release pairs with the acquires in find */
        atomic_store_explicit(&box->node, node, memory_order_release);
        atomic_store_explicit(bucket, box, memory_order_release);
    }
    (void)pthread_mutex_unlock(&table->lock);
    return box;
}

/* Takes the outbox out of its bucket; it waits for another node under the next generation. */
static void recycle(struct wtl__outboxes *table, struct wtl__outbox *box)
{
    (void)pthread_mutex_lock(&table->lock);
    uint64_t node = atomic_load_explicit(&box->node, memory_order_relaxed);
    _Atomic(struct wtl__outbox *) *slot = bucket_of(table, node);
    struct wtl__outbox *at;
    while ((at = atomic_load_explicit(slot, memory_order_relaxed)) != box) {
        slot = &at->next;
    }
    atomic_store_explicit(slot, atomic_load_explicit(&box->next, memory_order_relaxed),
                          memory_order_release);
    uint64_t generation = atomic_load_explicit(&box->generation, memory_order_relaxed) + 1;
    /* release, in this order: see find */
    atomic_store_explicit(&box->node, 0, memory_order_release);
    atomic_store_explicit(&box->generation, generation, memory_order_release);
    box->next_free = table->free;
    table->free = box;
    (void)pthread_mutex_unlock(&table->lock);
}

/* ---- pushing -------------------------------------------------------------------------------- */

static void ask_visit(struct wtl__outboxes *table, struct wtl__outbox *box)
{
    struct wtl__outbox *top = atomic_load_explicit(&table->visits, memory_order_relaxed);
    do {
        atomic_store_explicit(&box->visit, top, memory_order_relaxed);
        /* release, as part of seq_cst, pairs with the exchange in collect; seq_cst also for the
         * handshake with the loop that goes to sleep, see net/loop.h */
    } while (!atomic_compare_exchange_weak_explicit(&table->visits, &top, box, memory_order_seq_cst,
                                                    memory_order_relaxed));
}

enum wtl__outbox_push wtl__outbox_push(struct wtl__outboxes *table, struct wtl_pid to,
                                       struct wtl__envelope *envelope, bool *over_out)
{
    uint64_t generation;
    struct wtl__outbox *box = find_or_make(table, to.node, &generation);
    *over_out = false;
    if (box == NULL) {
        return WTL__OUTBOX_REFUSED;
    }
    uint64_t waiting = waiting_of(box);
    *over_out = waiting >= WTL__OUTBOX_SOFT;
    if (waiting >= WTL__OUTBOX_HARD && envelope->msg.kind_ <= WTL__KIND_LAST_COUNTED) {
        return WTL__OUTBOX_REFUSED;
    }
    atomic_fetch_add_explicit(&box->bytes, weight(envelope), memory_order_relaxed);
    envelope->msg.from.node = to.local;
    envelope->msg.runtime_ = (uint16_t)generation;
    uint32_t before;
    if (wtl__inbox_push(&box->inbox, envelope, 0, 0, &before) == WTL__WOKE) {
        ask_visit(table, box);
        return WTL__OUTBOX_WAKE;
    }
    return WTL__OUTBOX_TAKEN;
}

bool wtl__outboxes_is_pending(const struct wtl__outboxes *table)
{
    /* sequentially consistent: pairs with the exchange in ask_visit */
    return table->again != NULL || atomic_load(&table->visits) != NULL;
}

/* ---- the net loop's side -------------------------------------------------------------------- */

static void collect_one(struct wtl__outboxes *table, struct wtl__outbox *box)
{
    box->collected = wtl__inbox_reverse(wtl__inbox_take(&box->inbox, 0));
    box->next_collected = table->collected;
    table->collected = box;
}

void wtl__outboxes_collect(struct wtl__outboxes *table)
{
    struct wtl__outbox *again = table->again;
    table->again = NULL;
    while (again != NULL) {
        struct wtl__outbox *next = again->next_collected;
        collect_one(table, again);
        again = next;
    }
    /* acquire pairs with the release in ask_visit */
    struct wtl__outbox *box = atomic_exchange_explicit(&table->visits, NULL, memory_order_acquire);
    while (box != NULL) {
        struct wtl__outbox *next = atomic_load_explicit(&box->visit, memory_order_relaxed);
        collect_one(table, box);
        box = next;
    }
}

static void resume_all(struct wtl__outbox *box, const struct wtl__outbox_ops *ops)
{
    struct wtl_pid to = {.node = atomic_load_explicit(&box->node, memory_order_relaxed)};
    struct wtl__envelope *wait = box->waiters;
    box->waiters = NULL;
    while (wait != NULL) {
        struct wtl__envelope *next = wait->next;
        ops->resume(ops->context, to, wait);
        wait = next;
    }
}

static void resume_if_room(struct wtl__outbox *box, const struct wtl__outbox_ops *ops)
{
    if (box->waiters != NULL && waiting_of(box) < WTL__OUTBOX_SOFT / 2) {
        resume_all(box, ops);
    }
}

static void send_one(struct wtl__outboxes *table, struct wtl__outbox *box,
                     struct wtl__envelope *envelope, const struct wtl__outbox_ops *ops)
{
    uint64_t generation = atomic_load_explicit(&box->generation, memory_order_relaxed);
    struct wtl_pid to = {.node = atomic_load_explicit(&box->node, memory_order_relaxed),
                         .local = envelope->msg.from.node};
    atomic_fetch_sub_explicit(&box->bytes, weight(envelope), memory_order_relaxed);
    envelope->msg.from.node = envelope->msg.from.local != 0 ? table->own : 0;
    if (envelope->msg.runtime_ != (uint16_t)generation || to.node == 0) {
        to.node = 0;
        ops->stale(ops->context, to, envelope);
    } else if (envelope->msg.kind_ == WTL__WAIT) {
        envelope->next = box->waiters;
        box->waiters = envelope;
    } else {
        ops->send(ops->context, to, envelope);
    }
}

/* Gives the outbox back to its senders, or visits it again when something has come. */
static void leave(struct wtl__outboxes *table, struct wtl__outbox *box,
                  const struct wtl__outbox_ops *ops)
{
    if (!wtl__inbox_idle(&box->inbox, 0)) {
        box->next_collected = table->again;
        table->again = box;
        return;
    }
    uint64_t node = atomic_load_explicit(&box->node, memory_order_relaxed);
    if (node != 0 && box->waiters == NULL &&
        atomic_load_explicit(&box->hub_bytes, memory_order_relaxed) == 0 &&
        ops->is_gone(ops->context, node)) {
        recycle(table, box);
    }
}

void wtl__outboxes_send(struct wtl__outboxes *table, const struct wtl__outbox_ops *ops)
{
    struct wtl__outbox *box = table->collected;
    table->collected = NULL;
    while (box != NULL) {
        struct wtl__outbox *next = box->next_collected;
        struct wtl__envelope *envelope = box->collected;
        box->collected = NULL;
        while (envelope != NULL) {
            struct wtl__envelope *after = envelope->next;
            send_one(table, box, envelope, ops);
            envelope = after;
        }
        resume_if_room(box, ops);
        leave(table, box, ops);
        box = next;
    }
}

void wtl__outbox_waiting(struct wtl__outboxes *table, uint64_t node, uint64_t bytes,
                         const struct wtl__outbox_ops *ops)
{
    uint64_t generation;
    struct wtl__outbox *box = find(table, node, &generation);
    if (box != NULL) {
        atomic_store_explicit(&box->hub_bytes, bytes, memory_order_relaxed);
        resume_if_room(box, ops);
    }
}

void wtl__outbox_forget(struct wtl__outboxes *table, uint64_t node,
                        const struct wtl__outbox_ops *ops)
{
    uint64_t generation;
    struct wtl__outbox *box = find(table, node, &generation);
    if (box == NULL) {
        return;
    }
    atomic_store_explicit(&box->hub_bytes, 0, memory_order_relaxed);
    resume_all(box, ops);
    /* one that is not idle is on a list, and is recycled when it has been emptied */
    if (atomic_load_explicit(&box->inbox.word, memory_order_relaxed) == WTL__INBOX_IDLE) {
        recycle(table, box);
    }
}

bool wtl__outboxes_are_empty(struct wtl__outboxes *table)
{
    return !wtl__outboxes_is_pending(table) && table->collected == NULL && table->again == NULL;
}

uint64_t wtl__outboxes_bytes(struct wtl__outboxes *table)
{
    uint64_t bytes = 0;
    (void)pthread_mutex_lock(&table->lock);
    for (struct wtl__outbox *box = table->made; box != NULL; box = box->next_made) {
        bytes += waiting_of(box);
    }
    (void)pthread_mutex_unlock(&table->lock);
    return bytes;
}
