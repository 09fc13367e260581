/*
 * process_private.h - what the files of a process share: process.c is its life and who sits in it,
 * process_send.c what goes to the child, process_take.c what comes from it, process_spare.c the
 * cells that it may spawn in.
 *
 * Thread: any; all of it but the first two under the process's lock. Whoever holds that delivers
 * nothing but bells and dooms: those only push into inboxes.
 */
#ifndef WTL_PROCESS_PROCESS_PRIVATE_H
#define WTL_PROCESS_PROCESS_PRIVATE_H

#include "process/process.h"

static inline void wtl__process_lock(struct wtl__process *process)
{
    (void)pthread_mutex_lock(&process->lock);
}

static inline void wtl__process_unlock(struct wtl__process *process)
{
    (void)pthread_mutex_unlock(&process->lock);
}

/* Unlocks, and wakes the keeper if there are orders for it. */
void wtl__process_unlock_tell(struct wtl__process *process, struct wtl__ctx *x);

/* ---- process_send.c ------------------------------------------------------------------------- */

/* Sends the frame. What is to be told to the keeper is in its orders. */
void wtl__process_put(struct wtl__process *process, const struct wtl__pipe_frame *frame, bool more);
/* Sends what it can. A child that is gone is found by whoever reads. */
void wtl__process_flush(struct wtl__process *process);

/* ---- process_take.c ------------------------------------------------------------------------- */

/* Something waits for the actor. */
void wtl__process_ring(struct wtl__process *process, struct wtl__ctx *x, struct wtl__seat *seat);
/* They are in no list any more. */
void wtl__chunks_free(struct wtl__process *process, struct wtl__chunk *chunk);

/* ---- process_spare.c ------------------------------------------------------------------------ */

/* Nobody carries out these frames: what they spawn is not, and the child forgets it. */
void wtl__spares_return(struct wtl__process *process, struct wtl__ctx *x, const uint8_t *bytes,
                        size_t size);

#endif
