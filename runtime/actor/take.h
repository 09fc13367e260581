/*
 * take.h - what has come to an actor, and is now its own.
 *
 * Thread: the holder of the run token.
 */
#ifndef WTL_ACTOR_TAKE_H
#define WTL_ACTOR_TAKE_H

#include "actor/runtime.h"

/* Signals act at once; the rest goes behind what waits already. `envelope`: a list, oldest first.
 */
void wtl__sort_in(struct wtl__ctx *x, struct wtl__cell *cell, struct wtl__envelope *envelope);

/* Of an actor with a ring or a cap: tells the mailbox what was handled and takes what has come.
 * What is still to be sorted in is the result, newest first. */
struct wtl__envelope *wtl__take_special(struct wtl__ctx *x, struct wtl__cell *cell,
                                        uint32_t handled);

#endif
