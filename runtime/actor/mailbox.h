/*
 * mailbox.h - the inbox of one actor: many push, the worker that runs the actor takes.
 *
 * One word holds it all: the top of a LIFO of envelopes, two tags, and the count of messages that
 * were accepted and not yet handled. The consumer takes the whole LIFO before each batch and
 * reverses it. Whoever turns the word from idle schedules the actor, exactly once.
 *
 *   idle    {NULL, IDLE, 0}      nobody runs it, nothing waits; a push must schedule
 *   open    {top or NULL, -, n}  it is scheduled or runs
 *   closed  {NULL, CLOSED, 0}    it has ended: a push is refused
 *   ring    {NULL, RING, n}      with or without IDLE: everything goes through ring.h
 *
 * idle -> open by a push; open -> idle by wtl__inbox_idle when nothing is left; open -> closed by
 * the dying actor; closed -> open when the cell is used again.
 *
 * Thread: push from any; everything else from the holder of the run token.
 * Owns: pushed envelopes until they are taken; a refused envelope stays the pusher's.
 */
#ifndef WTL_ACTOR_MAILBOX_H
#define WTL_ACTOR_MAILBOX_H

#include "actor/message.h"

/* 48 bits of address and 16 of count: user addresses of every supported 64-bit system fit. */
#define WTL__INBOX_IDLE      UINT64_C(1)
#define WTL__INBOX_CLOSED    UINT64_C(2)
#define WTL__INBOX_RING      UINT64_C(4)
#define WTL__INBOX_COUNT_ONE (UINT64_C(1) << 48)
#define WTL__INBOX_COUNT_MAX UINT64_C(0xfff0)
#define WTL__INBOX_ADDRESS   (WTL__INBOX_COUNT_ONE - 16)

struct wtl__inbox {
    _Atomic(uint64_t) word;
};

enum wtl__push {
    WTL__PUSHED,
    WTL__WOKE,
    WTL__REFUSED_CLOSED,
    WTL__REFUSED_FULL,
    WTL__REFUSED_RING, /* it is a ring's: push there */
};

static inline uint32_t wtl__inbox_count_of(uint64_t word)
{
    return (uint32_t)(word >> 48);
}

static inline struct wtl__envelope *wtl__inbox_top_of(uint64_t word)
{
    return (struct wtl__envelope *)(uintptr_t)(word & WTL__INBOX_ADDRESS);
}

static inline void wtl__inbox_init(struct wtl__inbox *inbox)
{
    /* release pairs with the acquire of a push that finds the cell by its new generation */
    atomic_store_explicit(&inbox->word, WTL__INBOX_IDLE, memory_order_release);
}

/* Messages accepted and not yet handled. */
static inline uint32_t wtl__inbox_count(const struct wtl__inbox *inbox)
{
    return wtl__inbox_count_of(atomic_load_explicit(&inbox->word, memory_order_relaxed));
}

/* What the actor does, at this moment: nothing at all; or nothing although messages wait (held,
 * parked, suspended); otherwise it runs or is about to. */
enum wtl__activity { WTL__RESTS, WTL__WAITS, WTL__RUNS };

static inline enum wtl__activity wtl__inbox_activity(const struct wtl__inbox *inbox)
{
    uint64_t word = atomic_load_explicit(&inbox->word, memory_order_relaxed);
    if ((word & WTL__INBOX_IDLE) == 0) {
        return WTL__RUNS;
    }
    return wtl__inbox_count_of(word) == 0 ? WTL__RESTS : WTL__WAITS;
}

/* Pushes one envelope. `counted` is 1 for what the bound counts, 0 for signals; `limit` is the
 * count at which a counted push is refused. `before_out` gets the count before the push.
 * WTL__WOKE: the caller, and nobody else, must schedule the actor. */
static inline enum wtl__push wtl__inbox_push(struct wtl__inbox *inbox,
                                             struct wtl__envelope *envelope, uint32_t counted,
                                             uint32_t limit, uint32_t *before_out)
{
    uint64_t word = atomic_load_explicit(&inbox->word, memory_order_relaxed);
    for (;;) {
        uint32_t count = wtl__inbox_count_of(word);
        *before_out = count;
        if (WTL_UNLIKELY((word & (WTL__INBOX_CLOSED | WTL__INBOX_RING)) != 0)) {
            return (word & WTL__INBOX_CLOSED) != 0 ? WTL__REFUSED_CLOSED : WTL__REFUSED_RING;
        }
        if (WTL_UNLIKELY(counted != 0 && count >= limit)) {
            return WTL__REFUSED_FULL;
        }
        envelope->next = wtl__inbox_top_of(word);
        uint64_t next = (uint64_t)(uintptr_t)envelope | ((uint64_t)(count + counted) << 48);
        /* release pairs with the acquire in wtl__inbox_take: the envelope is written before it is
         * seen. acquire pairs with the release of going idle: whoever wakes the actor has seen all
         * that its last run wrote, and hands that on to the worker that runs it next. */
        if (WTL_LIKELY(atomic_compare_exchange_weak_explicit(
                &inbox->word, &word, next, memory_order_acq_rel, memory_order_relaxed))) {
            return (word & WTL__INBOX_IDLE) != 0 ? WTL__WOKE : WTL__PUSHED;
        }
    }
}

/* Takes everything, newest first, and takes `handled` off the count. */
static inline struct wtl__envelope *wtl__inbox_take(struct wtl__inbox *inbox, uint32_t handled)
{
    uint64_t word = atomic_load_explicit(&inbox->word, memory_order_relaxed);
    for (;;) {
        if (wtl__inbox_top_of(word) == NULL && handled == 0) {
            return NULL;
        }
        uint64_t next = (word & ~WTL__INBOX_ADDRESS) - (uint64_t)handled * WTL__INBOX_COUNT_ONE;
        /* acquire pairs with the release in wtl__inbox_push; release hands the lower count to
         * senders that wait for room */
        if (atomic_compare_exchange_weak_explicit(&inbox->word, &word, next, memory_order_acq_rel,
                                                  memory_order_relaxed)) {
            return wtl__inbox_top_of(word);
        }
    }
}

/* Goes idle if nothing has come. False: something has, or messages are still counted. */
static inline bool wtl__inbox_idle(struct wtl__inbox *inbox, uint32_t handled)
{
    uint64_t expected = (uint64_t)handled * WTL__INBOX_COUNT_ONE;
    /* release pairs with the acquire of the push that wakes it: all that this run wrote to the cell
     * is seen by the next */
    return atomic_compare_exchange_strong_explicit(&inbox->word, &expected, WTL__INBOX_IDLE,
                                                   memory_order_release, memory_order_relaxed);
}

/* Goes idle although messages wait that may not be handled now (held, parked, suspended): the count
 * stays. A signal wakes it. False: something has come. */
static inline bool wtl__inbox_idle_with(struct wtl__inbox *inbox, uint32_t handled)
{
    uint64_t word = atomic_load_explicit(&inbox->word, memory_order_relaxed);
    for (;;) {
        if (wtl__inbox_top_of(word) != NULL) {
            return false;
        }
        uint64_t next = (word - (uint64_t)handled * WTL__INBOX_COUNT_ONE) | WTL__INBOX_IDLE;
        /* release: as in wtl__inbox_idle */
        if (atomic_compare_exchange_weak_explicit(&inbox->word, &word, next, memory_order_release,
                                                  memory_order_relaxed)) {
            return true;
        }
    }
}

/* Closes for ever (until init) and takes what is left, newest first. */
static inline struct wtl__envelope *wtl__inbox_close(struct wtl__inbox *inbox)
{
    /* acquire pairs with pushes; release lets a refused pusher see the end of the actor's life */
    return wtl__inbox_top_of(
        atomic_exchange_explicit(&inbox->word, WTL__INBOX_CLOSED, memory_order_acq_rel));
}

/* Turns a list around: newest first becomes oldest first. */
static inline struct wtl__envelope *wtl__inbox_reverse(struct wtl__envelope *list)
{
    struct wtl__envelope *reversed = NULL;
    while (list != NULL) {
        struct wtl__envelope *next = list->next;
        list->next = reversed;
        reversed = list;
        list = next;
    }
    return reversed;
}

#endif
