/*
 * process_private.h - what the files of a process share: process.c is its life and who sits in it,
 * process_send.c what goes to the child, process_take.c what comes from it, process_spare.c the
 * cells that it may spawn in.
 *
 * Thread: any; all of it but the first two and wtl__process_tell under the process's lock. Whoever
 * holds that delivers nothing but bells and controls: those only push into inboxes.
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

/* ---- process_send.c ------------------------------------------------------------------------- */

/* Sends the frame. What is to be told to the keeper behind the lock is in `tag_out`, if anything.
 */
void wtl__process_put(struct wtl__process *process, const struct wtl__pipe_frame *frame, bool more,
                      struct wtl_tag *tag_out);
/* Sends what it can. A child that is gone is found by whoever reads. */
void wtl__process_flush(struct wtl__process *process);

/* ---- process_take.c ------------------------------------------------------------------------- */

/* Sends the keeper a message without a body; no tag is none. Without memory it is not told, and
 * looks by itself. */
void wtl__process_tell(struct wtl__process *process, struct wtl__ctx *x, struct wtl_tag tag);
/* Something waits for the actor. */
void wtl__process_ring(struct wtl__process *process, struct wtl__ctx *x, struct wtl__seat *seat);
/* They are in no list any more. */
void wtl__chunks_free(struct wtl__process *process, struct wtl__chunk *chunk,
                      struct wtl_tag *tag_out);

/* ---- process_spare.c ------------------------------------------------------------------------ */

/* Nobody carries out these frames: what they spawn is not, and the child forgets it. */
void wtl__spares_return(struct wtl__process *process, struct wtl__ctx *x, const uint8_t *bytes,
                        size_t size, struct wtl_tag *tag_out);

#endif
