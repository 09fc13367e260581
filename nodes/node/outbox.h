/*
 * outbox.h - what workers have for other nodes: one queue for each destination, and the table of
 * them.
 *
 * Any thread finds an outbox by its node without a lock and pushes, as into an actor's inbox
 * (actor/mailbox.h); whoever turns it from idle puts it on the list of those that the net loop
 * visits. The net loop takes what is there in two steps, collect and send, so that what else was
 * asked of it before a message was pushed is done before that message goes out.
 *
 * An outbox is type-stable: when its node is forgotten, it waits for another node under the next
 * generation. A push that races with that is told by the envelope's generation, as for cells, and
 * is refused.
 *
 * Thread: wtl__outbox_push and wtl__outboxes_is_pending from any; the rest from the net loop, or
 *         from anyone while it does not run.
 * Owns:   the envelopes in it.
 * Bounds: WTL__OUTBOXES_MAX nodes, WTL__OUTBOX_SOFT and WTL__OUTBOX_HARD bytes for each.
 */
#ifndef WTL_NODE_OUTBOX_H
#define WTL_NODE_OUTBOX_H

#include <pthread.h>
#include <stdalign.h>

#include "actor/mailbox.h"

#define WTL__OUTBOXES_MAX   65536u
#define WTL__OUTBOX_BUCKETS 4096u
/* Bytes that wait for one node, here and in the hub: from SOFT on senders are held back, until it
 * is below half of that; at HARD messages and calls are refused. Signals and replies never are:
 * they are as many as the ties and calls that they end. */
#define WTL__OUTBOX_SOFT (4u * 1024 * 1024)
#define WTL__OUTBOX_HARD (64u * 1024 * 1024)

struct wtl__outbox {
    /* written by senders */
    alignas(128) struct wtl__inbox inbox;
    _Atomic(uint64_t) bytes;             /* pushed and not yet given to the hub */
    _Atomic(struct wtl__outbox *) visit; /* the next one that is to be visited */

    /* written by the net loop, and by who makes it under the table's lock; read by all */
    alignas(128) _Atomic(struct wtl__outbox *) next; /* in its bucket */
    _Atomic(uint64_t) node;                          /* 0: free */
    _Atomic(uint64_t) generation;                    /* changes before `node` does */
    _Atomic(uint64_t) hub_bytes;                     /* waiting in the hub */

    /* the net loop's own */
    struct wtl__envelope *waiters;   /* blocked senders */
    struct wtl__envelope *collected; /* oldest first */
    struct wtl__outbox *next_collected;
    struct wtl__outbox *next_free; /* under the table's lock */
    struct wtl__outbox *next_made; /* all that were ever made; under the lock */
};

struct wtl__outboxes {
    alignas(128) _Atomic(struct wtl__outbox *) visits; /* newest first */
    alignas(128) _Atomic(struct wtl__outbox *) buckets[WTL__OUTBOX_BUCKETS];
    _Atomic(bool) is_closed;
    pthread_mutex_t lock; /* guards making and recycling */
    struct wtl__outbox *free;
    struct wtl__outbox *made;
    uint32_t made_count;
    uint64_t own; /* this node's id */
    uint64_t seed;

    /* the net loop's own */
    struct wtl__outbox *collected;
    struct wtl__outbox *again; /* those to which something came while they were emptied */
};

/* What becomes of the envelopes. */
struct wtl__outbox_ops {
    void *context;
    /* Owns: takes the envelope. */
    void (*send)(void *context, struct wtl_pid to, struct wtl__envelope *envelope);
    /* A push that came too late; its node is not known any more. Owns: takes it. */
    void (*stale)(void *context, struct wtl_pid to, struct wtl__envelope *envelope);
    /* A blocked sender may go on. Owns: takes its WTL__WAIT. */
    void (*resume)(void *context, struct wtl_pid to, struct wtl__envelope *wait);
    /* May this node be forgotten when nothing waits for it? */
    bool (*is_gone)(void *context, uint64_t node);
};

/* Fails: NULL when memory is exhausted. */
struct wtl__outboxes *wtl__outboxes_create(uint64_t own, uint64_t seed);
/* Frees everything, envelopes too; no sender may be left. */
void wtl__outboxes_destroy(struct wtl__outboxes *table);

/* From now on senders should not push any more; what is pushed all the same is kept. Thread: any.
 */
void wtl__outboxes_close(struct wtl__outboxes *table);
bool wtl__outboxes_is_closed(const struct wtl__outboxes *table);

enum wtl__outbox_push {
    WTL__OUTBOX_TAKEN,  /* another push has woken the net loop, or will */
    WTL__OUTBOX_WAKE,   /* taken: the caller must wake the net loop */
    WTL__OUTBOX_REFUSED /* WTL__OUTBOX_HARD, or no memory or room for another node */
};

/* Pushes an envelope whose sender is an actor of this node, or none. *over_out: the soft cap is
 * exceeded. Owns: takes it, unless it is refused. */
enum wtl__outbox_push wtl__outbox_push(struct wtl__outboxes *table, struct wtl_pid to,
                                       struct wtl__envelope *envelope, bool *over_out);

/* Is there anything to collect? A sequentially consistent look. */
bool wtl__outboxes_is_pending(const struct wtl__outboxes *table);

/* Has everything that was pushed been handed out? On the net loop. */
bool wtl__outboxes_are_empty(struct wtl__outboxes *table);

void wtl__outboxes_collect(struct wtl__outboxes *table);
/* Hands out what was collected, each with its sender's node put back. */
void wtl__outboxes_send(struct wtl__outboxes *table, const struct wtl__outbox_ops *ops);

/* The hub holds so many bytes for that node now; may resume senders. */
void wtl__outbox_waiting(struct wtl__outboxes *table, uint64_t node, uint64_t bytes,
                         const struct wtl__outbox_ops *ops);

/* Wakes every sender that waits for that node, and forgets it when it is empty. */
void wtl__outbox_forget(struct wtl__outboxes *table, uint64_t node,
                        const struct wtl__outbox_ops *ops);

/* Bytes that wait for all nodes together, here and in the hub. */
uint64_t wtl__outboxes_bytes(struct wtl__outboxes *table);

#endif
