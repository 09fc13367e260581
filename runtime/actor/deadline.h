/*
 * deadline.h - until when somebody waits for what an actor does, and how that travels with calls.
 *
 * A call says until when its caller waits. Who handles it is bound by that: what is asked on the
 * way, also in an answer to that, has no later deadline. It is over when the call was answered,
 * because nobody waits any more. A call that comes out of the mailbox when its time is over is
 * dropped and counted: its caller has been told `timeout`.
 *
 * Not here: the deadlines of requests themselves, which are alarms (alarm.c, ask.c).
 *
 * Thread: the holder of the run token.
 */
#ifndef WTL_ACTOR_DEADLINE_H
#define WTL_ACTOR_DEADLINE_H

#include "actor/runtime.h"

/* Until when what the running function does is waited for, in the host's milliseconds; 0: nobody
 * has said. A function that ends takes it with it: it is that of one turn of one actor. */
static inline uint64_t wtl__deadline_now(const struct wtl__ctx *x)
{
    uint64_t until_ms = x->scope.until_ms;
    bool holds =
        until_ms != 0 && x->scope_cell == x->cell && x->scope_turn == wtl__cell_turns(x->cell);
    return holds ? until_ms : 0;
}

/* The running function is about to handle that call, which says until when. False: it is over; the
 * call is counted, and is the caller's to free. */
bool wtl__deadline_begin(struct wtl__ctx *x, const struct wtl__envelope *call);

/* The running function is about to handle the answer to that, which was asked for a call: as long
 * as that waits, it is bound as the one that asked. */
void wtl__deadline_resume(struct wtl__ctx *x, const struct wtl__pending *pending);

/* That call has been answered: who has handled it is bound no longer. */
static inline void wtl__deadline_settled(struct wtl__ctx *x, struct wtl_from from)
{
    if (x->scope.request == from.request && x->scope.node == from.caller.node) {
        x->scope.until_ms = 0;
    }
}

/* What the answer to a fresh request of the running function goes on with. */
static inline void wtl__deadline_keep(const struct wtl__ctx *x, struct wtl__pending *pending)
{
    if (WTL_UNLIKELY(x->scope.until_ms != 0) && wtl__deadline_now(x) != 0) {
        pending->scope = x->scope;
    }
}

/* Is it too late for the running function to ask anything? */
bool wtl__deadline_is_over(struct wtl__ctx *x);

/* Writes into a call until when its caller waits for it. */
static inline void wtl__deadline_put(struct wtl__envelope *call, const struct wtl__pending *pending)
{
    if (pending->carries) {
        wtl__until_put(call, pending->alarm->deadline_ms);
    }
}

uint32_t wtl__deadline_left_ms(struct wtl_ctx *x);
void wtl__deadline_set_ms(struct wtl_ctx *x, uint32_t ms);

#endif
