/*
 * deliver.h - the way of nearly every message: to an actor of this node that lives and has room.
 * Inline for wtl__deliver and the calls that send the most; everything else is in deliver.c.
 *
 * Nothing here calls a function and goes on, so that what includes it needs no stack of its own.
 */
#ifndef WTL_ACTOR_DELIVER_H
#define WTL_ACTOR_DELIVER_H

#include "actor/runtime.h"

/* wtl__deliver, where it may be another node's actor, or nobody's, or one that refuses, or where
 * the sender is traced. */
enum wtl_status wtl__deliver_slow(struct wtl__runtime *runtime, struct wtl__ctx *x,
                                  struct wtl_pid to, struct wtl__envelope *envelope);

/* It was the first for an actor that was idle. WTL_OK. */
enum wtl_status wtl__deliver_woke(struct wtl__runtime *runtime, struct wtl__ctx *x,
                                  struct wtl__cell *cell);

/* wtl__deliver, of an envelope of that kind. */
static WTL_ALWAYS_INLINE enum wtl_status wtl__deliver_hot(struct wtl__runtime *runtime,
                                                          struct wtl__ctx *x, struct wtl_pid to,
                                                          struct wtl__envelope *envelope,
                                                          enum wtl__kind kind)
{
    struct wtl__cell *cell = NULL;
    if (WTL_LIKELY(to.node == (x != NULL ? x->near : runtime->node))) {
        cell = wtl__cells_find(&runtime->cells, to.local);
    }
    if (WTL_LIKELY(cell != NULL)) {
        uint32_t before;
        uint32_t counted = kind <= WTL__KIND_LAST_COUNTED;
        /* the low bits of the generation: a push that races with the end of the actor and the reuse
         * of its cell is told by them */
        envelope->msg.runtime_ = (uint16_t)(to.local >> WTL_PID_SLOT_BITS);
        enum wtl__push pushed =
            wtl__inbox_push(&cell->inbox, envelope, counted, wtl__mailbox_max(cell), &before);
        if (WTL_LIKELY(pushed <= WTL__WOKE)) {
            if (WTL_LIKELY(x != NULL)) {
                x->sent += counted;
            }
            return WTL_LIKELY(pushed == WTL__PUSHED) ? WTL_OK : wtl__deliver_woke(runtime, x, cell);
        }
    }
    return wtl__deliver_slow(runtime, x, to, envelope);
}

#endif
