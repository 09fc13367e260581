/*
 * cell.h - one actor: its inbox, its behaviour and state, its ties; and the table of all cells.
 *
 * Cells live in type-stable memory: a cell is never unmapped, so a sender with a stale pid may read
 * one, sees another generation, and reaches nobody. A slot is used again first in first out, and
 * retired before its generation wraps.
 *
 * A cell has one run token, held by the worker that runs it. The fields are grouped by who writes
 * them; only the first line is touched by others than the token's holder.
 *
 *   FREE      local is 0                       spawn -> NEW
 *   NEW       init has not run                 run   -> LIVE, or ending
 *   LIVE      handles messages                 end   -> STOPPING or DEAD
 *   STOPPING  stop returned WTL_LATER          done  -> DEAD
 *   DEAD      inbox closed, ties told; the slot goes back to FREE within the same run
 */
#ifndef WTL_ACTOR_CELL_H
#define WTL_ACTOR_CELL_H

#include <stdalign.h>

#include <wattle/actor.h>

#include "actor/blocks.h"
#include "actor/mailbox.h"
#include "actor/ties.h"
#include "base/list.h"

enum wtl__cell_state {
    WTL__CELL_FREE = 0,
    WTL__CELL_NEW,
    WTL__CELL_LIVE,
    WTL__CELL_STOPPING,
    WTL__CELL_DEAD,
};

/* cell.flags */
#define WTL__CELL_TRAPS      1u /* exit signals come as `exited` */
#define WTL__CELL_ENDING     2u /* wtl_stop was called, or init or handle has failed */
#define WTL__CELL_SYSTEM     4u /* supervisors and the runtime's own: never parked */
#define WTL__CELL_SUPERVISOR 8u
#define WTL__CELL_ACK        16u /* the parent wants "started" or "not_started" */
#define WTL__CELL_PARKED     32u /* waits for room in another mailbox: only signals act */
#define WTL__CELL_SUSPENDED  64u
#define WTL__CELL_INITING    128u   /* init returned WTL_LATER */
#define WTL__CELL_HELD       256u   /* waits for held_request's answer before the next message */
#define WTL__CELL_BRUTAL     512u   /* ends without its stop function: killed, faulted, not begun */
#define WTL__CELL_NAMES      1024u  /* holds global names, or has asked for some */
#define WTL__CELL_WATCHES    2048u  /* wants node_up and node_down */
#define WTL__CELL_CAPPED     4096u  /* its type has a memory_max */
#define WTL__CELL_RING       8192u  /* its mailbox is one, see ring.h */
#define WTL__CELL_AWAY       16384u /* has enough to do elsewhere: until something is BACK */
#define WTL__CELL_TRACED     32768u /* its messages are told to somebody, see sys.h */
#define WTL__CELL_ASKED      65536u /* somebody waits for its `show` or `replace` */
#define WTL__CELL_COUNTS     (1u << 17) /* what it sends is counted, see sys.h */
#define WTL__CELL_UPGRADING  (1u << 20) /* held still for another version, see upgrade.h */
#define WTL__CELL_ERRAND     (1u << 21) /* an errand of an upgrade is to be done */

/* Any of these is looked at between messages and idleness, see run.c. */
#define WTL__CELL_ERRANDS (WTL__CELL_ENDING | WTL__CELL_ASKED | WTL__CELL_ERRAND)
/* Any of these makes its batches special ones, see run.c: what is rare costs others nothing. */
#define WTL__CELL_SPECIAL                                                                          \
    (WTL__CELL_CAPPED | WTL__CELL_RING | WTL__CELL_TRACED | WTL__CELL_COUNTS | WTL__CELL_SYSTEM)

/* cell.worker */
#define WTL__RUN_ANYWHERE (-1)
#define WTL__RUN_LOW      (-2) /* anywhere, too; by its priority */
#define WTL__RUN_HIGH     (-3)

/* cell.remote */
#define WTL__REMOTE_TIES    1u
#define WTL__REMOTE_WATCHES 2u

struct wtl__cell {
    /* written by senders, and by whoever spawns and frees the cell */
    struct wtl__inbox inbox;
    _Atomic(uint64_t) local;       /* slot and generation; 0 while free */
    _Atomic(uint16_t) mailbox_max; /* atomic, as is the next: a sender with a stale pid reads it */
    _Atomic(uint8_t) mailbox_policy;
    _Atomic(uint8_t) remote; /* has or had ties to other nodes, or watches them */
    _Atomic(int32_t) worker; /* the worker that it must run on, or one of WTL__RUN_... */
    union {
        struct wtl__cell *queued;    /* while it is free */
        struct wtl__fifo_link ready; /* while it is runnable: the scheduler's */
    };
    uint64_t generation;
    uint32_t slot;
    uint32_t flags;

    /* written by the holder of the run token */
    const struct wtl_actor *type;
    void *state;
    struct wtl__envelope *fifo; /* messages taken and not yet handled, oldest first */
    struct wtl__envelope *fifo_last;
    struct wtl__ties ties;
    struct wtl__envelope *waiters; /* blocked senders that wait for room here */
    struct wtl__ring *ring;        /* the second kind of mailbox, see ring.h; NULL: the first */
    struct wtl__memory *memory;    /* what wtl_alloc gave */
    struct wtl__sys *sys;          /* what is remembered for who looks into it; NULL: nothing */
    struct wtl__alarm *spare;      /* an armed deadline for its next request; NULL: none */
    void *settings;
    struct wtl_pid parent;
    uint64_t held_request;
    struct wtl__envelope *started; /* the "started" message, allocated by the spawner */
    const char *name;              /* the first local name, for tables; borrowed from its tie */
    struct wtl_reason reason;      /* how it ends, once it is ending */
    uint32_t handled;              /* counted messages since the inbox was told */
    uint32_t notices;              /* in its queue: of kind EXIT, DOWN and FD */
    uint64_t handled_total;
    uint64_t memory_used;   /* by wtl_alloc, and of a capped one by messages that it keeps */
    uint64_t waiting_bytes; /* of a capped one: messages and replies that wait in its queue */
    uint8_t state_now;      /* enum wtl__cell_state */

    /* written by the holder of the run token, read by others; goes on from life to life */
    _Atomic(uint32_t) turns; /* twice the functions begun, and WTL__CELL_TRIES */
};

_Static_assert(sizeof(void *) != 8 || sizeof(struct wtl__cell) <= 256, "a cell is four lines");

/* Cells per chunk of the table. */
#define WTL__CHUNK_CELLS 1024u
#define WTL__CHUNKS_MAX  ((1u << WTL_PID_SLOT_BITS) / WTL__CHUNK_CELLS)

struct wtl__cell_chunk {
    alignas(WTL_CACHE_LINE) struct {
        alignas(WTL_CACHE_LINE) struct wtl__cell cell;
    } cells[WTL__CHUNK_CELLS];
};

/* Free cells, oldest first. */
struct wtl__cell_queue {
    struct wtl__cell *first;
    struct wtl__cell *last;
    uint32_t count;
};

struct wtl__cells {
    _Atomic(struct wtl__cell_chunk *) *chunks;
    uint32_t chunks_max;
    _Atomic(uint32_t) used; /* slots ever used; the scan bound for tables */
    _Atomic(uint32_t) live;
    void *lock; /* guards the two below; see cells.c */
    struct wtl__cell_queue free;
};

/* Fails: false when memory is exhausted. `max` is the bound on cells, at most 2^26. */
bool wtl__cells_init(struct wtl__cells *cells, uint32_t max);
void wtl__cells_deinit(struct wtl__cells *cells);

/* A free cell with its next generation set and nothing else; NULL when the table or memory is
 * full. `cache` is the caller's own queue of free cells, or NULL. Thread: any, one per cache. */
struct wtl__cell *wtl__cells_take(struct wtl__cells *cells, struct wtl__cell_queue *cache);
void wtl__cells_give(struct wtl__cells *cells, struct wtl__cell_queue *cache,
                     struct wtl__cell *cell);

/* The cell of a slot, whatever its state; NULL for a slot that was never used. Thread: any. */
static inline struct wtl__cell *wtl__cells_at(const struct wtl__cells *cells, uint32_t slot)
{
    uint32_t chunk = slot / WTL__CHUNK_CELLS;
    if (WTL_UNLIKELY(chunk >= cells->chunks_max)) {
        return NULL;
    }
    /* acquire pairs with the release that publishes the chunk, in wtl__cells_take */
    struct wtl__cell_chunk *memory =
        atomic_load_explicit(&cells->chunks[chunk], memory_order_acquire);
    return memory != NULL ? &memory->cells[slot % WTL__CHUNK_CELLS].cell : NULL;
}

/* The cell that a pid of this node names, or NULL. It may end at any moment after. Thread: any. */
static inline struct wtl__cell *wtl__cells_find(const struct wtl__cells *cells, uint64_t local)
{
    struct wtl__cell *cell = wtl__cells_at(cells, (uint32_t)(local & WTL_PID_SLOT_MAX));
    /* acquire pairs with the release in spawn: the cell is made before its pid is seen */
    if (WTL_UNLIKELY(cell == NULL ||
                     atomic_load_explicit(&cell->local, memory_order_acquire) != local)) {
        return NULL;
    }
    return cell;
}

static inline uint64_t wtl__cell_local(const struct wtl__cell *cell)
{
    return (uint64_t)cell->slot | cell->generation << WTL_PID_SLOT_BITS;
}

/* Blocked senders go on when fewer messages than this wait; at least 1, so that they ever do. */
static inline uint32_t wtl__mailbox_low(const struct wtl__cell *cell)
{
    return (atomic_load_explicit(&cell->mailbox_max, memory_order_relaxed) + 1u) / 2;
}

/* ---- what other threads read, and who writes it --------------------------------------------- */

static inline uint32_t wtl__mailbox_max(const struct wtl__cell *cell)
{
    return atomic_load_explicit(&cell->mailbox_max, memory_order_relaxed);
}

static inline enum wtl_mailbox_policy wtl__mailbox_policy(const struct wtl__cell *cell)
{
    return (enum wtl_mailbox_policy)atomic_load_explicit(&cell->mailbox_policy,
                                                         memory_order_relaxed);
}

/* Of a fresh cell: what does not come from zeroing it. Thread: the spawner. */
static inline void wtl__cell_reset(struct wtl__cell *cell, uint32_t bound,
                                   enum wtl_mailbox_policy policy, enum wtl_priority priority)
{
    int32_t worker = priority == WTL_PRIORITY_LOW    ? WTL__RUN_LOW
                     : priority == WTL_PRIORITY_HIGH ? WTL__RUN_HIGH
                                                     : WTL__RUN_ANYWHERE;
    bound = bound > WTL_MAILBOX_LIMIT ? WTL_MAILBOX_LIMIT : bound;
    atomic_store_explicit(&cell->mailbox_max, (uint16_t)bound, memory_order_relaxed);
    atomic_store_explicit(&cell->mailbox_policy, (uint8_t)policy, memory_order_relaxed);
    atomic_store_explicit(&cell->remote, 0, memory_order_relaxed);
    atomic_store_explicit(&cell->worker, worker, memory_order_relaxed);
}

/* From now on its pid finds it. The cell begins open, because whoever spawns it queues it. */
static inline void wtl__cell_open(struct wtl__cell *cell)
{
    atomic_store_explicit(&cell->inbox.word, cell->ring != NULL ? WTL__INBOX_RING : 0,
                          memory_order_relaxed);
    /* release pairs with the acquire in wtl__cells_find: who sees the pid sees the cell */
    atomic_store_explicit(&cell->local, wtl__cell_local(cell), memory_order_release);
}

/* In `turns`: save or upgrade runs, whose time is the upgrade's matter. */
#define WTL__CELL_TRIES 1u

/* One more function of it begins. Thread: the token's holder; no exclusive access for that. */
static inline void wtl__cell_turn(struct wtl__cell *cell)
{
    uint32_t turns = atomic_load_explicit(&cell->turns, memory_order_relaxed);
    atomic_store_explicit(&cell->turns, turns + 2, memory_order_relaxed);
}

/* save and upgrade run from now on, or no more. Thread: the token's holder. */
static inline void wtl__cell_set_tries(struct wtl__cell *cell, bool tries)
{
    uint32_t turns = atomic_load_explicit(&cell->turns, memory_order_relaxed);
    turns = tries ? turns | WTL__CELL_TRIES : turns & ~WTL__CELL_TRIES;
    atomic_store_explicit(&cell->turns, turns, memory_order_relaxed);
}

/* Thread: any. */
static inline uint32_t wtl__cell_turns(const struct wtl__cell *cell)
{
    return atomic_load_explicit(&cell->turns, memory_order_relaxed);
}

/* From now on its pid finds nobody. */
static inline void wtl__cell_vanish(struct wtl__cell *cell)
{
    /* release pairs with the acquire in wtl__cells_find: who no longer finds the actor (a join) has
     * seen all that it did */
    atomic_store_explicit(&cell->local, 0, memory_order_release);
}

/* Who is in the slot now, 0 for nobody: for those who look at all of them. Thread: any. */
static inline uint64_t wtl__cell_now(const struct wtl__cell *cell)
{
    return atomic_load_explicit(&cell->local, memory_order_relaxed);
}

/* How many slots have been used; a cell is in each. Thread: any. */
static inline uint32_t wtl__cells_used(const struct wtl__cells *cells)
{
    return atomic_load_explicit(&cells->used, memory_order_acquire);
}

/* How many actors live. Thread: any. */
static inline uint32_t wtl__cells_live(const struct wtl__cells *cells)
{
    return atomic_load_explicit(&cells->live, memory_order_relaxed);
}

/* Sets or clears bits of cell.remote. Thread: any; of a stale pid it is another actor's, whom the
 * loss of a node concerns then for nothing. */
static inline void wtl__cell_set_remote(struct wtl__cell *cell, uint8_t bits, bool on)
{
    if (on) {
        atomic_fetch_or_explicit(&cell->remote, bits, memory_order_relaxed);
    } else {
        atomic_fetch_and_explicit(&cell->remote, (uint8_t)~bits, memory_order_relaxed);
    }
}

static inline bool wtl__cell_is_remote(const struct wtl__cell *cell, uint8_t bits)
{
    return (atomic_load_explicit(&cell->remote, memory_order_relaxed) & bits) != 0;
}

/* In front of all that waits. */
static inline void wtl__fifo_front(struct wtl__cell *cell, struct wtl__envelope *envelope)
{
    envelope->next = cell->fifo;
    if (cell->fifo == NULL) {
        cell->fifo_last = envelope;
    }
    cell->fifo = envelope;
}

static inline void wtl__fifo_append(struct wtl__cell *cell, struct wtl__envelope *envelope)
{
    envelope->next = NULL;
    if (cell->fifo == NULL) {
        cell->fifo = envelope;
    } else {
        cell->fifo_last->next = envelope;
    }
    cell->fifo_last = envelope;
}

/* Appends what wtl_unlink, wtl_demonitor or wtl_fd_unwatch may take back; they need not look for it
 * when there is nothing of the sort. */
static inline void wtl__fifo_notice(struct wtl__cell *cell, struct wtl__envelope *envelope)
{
    cell->notices++;
    wtl__fifo_append(cell, envelope);
}

#endif
