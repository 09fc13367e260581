/*
 * ties.h - everything that ends with the actor: a small table of envelopes keyed by what they are.
 *
 * A tie is an envelope (or begins with one) that waits for the actor's end or for an answer:
 *
 *   TIE_LINK      key peer pid             sent as EXIT when this actor ends
 *   TIE_WATCHER   key watcher node, ref    sent as DOWN when this actor ends
 *   TIE_OWED      key caller node, request a call not yet answered; sent back as its reply
 *   TIE_MONITOR   key ref                  whom this actor watches
 *   TIE_PENDING   key request              a call of this actor's that waits for its answer
 *   TIE_ALARM     key timer                a running timer
 *   TIE_NAME      key hash of the name     a name that this actor holds
 *   TIE_FD        key fd                   a watched file descriptor
 *   TIE_KEPT      key address              a message that the actor keeps
 *   TIE_TABLE     key table                a table that the actor owns
 *   TIE_END       no key                   a function to call then; see struct wtl__ending
 *   TIE_TRIAL     no key                   what an upgrade has made of it, see upgrade.h
 *   TIE_DRAFTS    no key                   messages that it keeps open, see drafts.h
 *   TIE_FAR       no key                   its functions run elsewhere, see sys.h
 *
 * The first ones are chained in the cell itself; more than WTL__TIES_INLINE get a hash table. What
 * is sent at the end was allocated when the tie was made, so that it can never fail.
 *
 * Thread: the holder of the run token. Owns: the envelopes in it.
 */
#ifndef WTL_ACTOR_TIES_H
#define WTL_ACTOR_TIES_H

#include "actor/message.h"

enum wtl__tie {
    WTL__TIE_LINK = 1,
    WTL__TIE_WATCHER,
    WTL__TIE_OWED,
    WTL__TIE_MONITOR,
    WTL__TIE_PENDING,
    WTL__TIE_ALARM,
    WTL__TIE_NAME,
    WTL__TIE_FD,
    WTL__TIE_KEPT,
    WTL__TIE_TABLE,
    WTL__TIE_END,
    WTL__TIE_TRIAL,
    WTL__TIE_DRAFTS,
    WTL__TIE_FAR,
};

#define WTL__TIES_INLINE 8u

struct wtl__ties {
    union {
        struct wtl__envelope *chain;    /* mask == 0 */
        struct wtl__envelope **buckets; /* mask + 1 of them */
    };
    uint32_t mask;
    uint32_t count;
};

/* While an envelope is a tie, `runtime_` says which. */
static inline enum wtl__tie wtl__tie_of(const struct wtl__envelope *tie)
{
    return (enum wtl__tie)tie->msg.runtime_;
}

/* Adds a tie; the key is read from its `from` and `request`. Never fails: without memory for a
 * larger table the chains grow. The caller has made sure that the key is not there. */
void wtl__ties_add(struct wtl__ties *ties, enum wtl__tie kind, struct wtl__envelope *tie);

/* The tie of that kind and key, or NULL. `from` counts for LINK whole, for WATCHER and OWED its
 * node, for the others not at all; `request` for all but LINK. */
struct wtl__envelope *wtl__ties_find(const struct wtl__ties *ties, enum wtl__tie kind,
                                     struct wtl_pid from, uint64_t request);

/* The same, taken out; the caller owns it then. */
struct wtl__envelope *wtl__ties_take(struct wtl__ties *ties, enum wtl__tie kind,
                                     struct wtl_pid from, uint64_t request);

/* Takes all, as one list in no order; the table is empty afterwards, and its memory freed. */
struct wtl__envelope *wtl__ties_take_all(struct wtl__ties *ties);

/* Calls `visit` with each tie; it must not change the table. */
void wtl__ties_each(const struct wtl__ties *ties,
                    void (*visit)(struct wtl__envelope *tie, void *context), void *context);

#endif
