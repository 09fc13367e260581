/*
 * drafts.h - messages that an actor has opened, and neither sent nor dropped when its function
 * returned: it may keep them for later.
 *
 * What it opens is in a list of the thread's context (`drafts`), until it is sent or dropped; what
 * is left there at the end of a batch goes to a list of the actor's own, which is one of its ties.
 * So an actor that is killed, that a fault has ended, or whose init was not over, leaves none
 * behind. One that ends in order has a stop function to drop them in, and whoever forgets that
 * finds out in a test.
 *
 * Thread: the holder of the run token.
 */
#ifndef WTL_ACTOR_DRAFTS_H
#define WTL_ACTOR_DRAFTS_H

#include "actor/runtime.h"

/* The batch has come to an end: its open messages are kept. Without memory for the list the actor
 * ends, and they stay where they are until then. */
void wtl__drafts_keep(struct wtl__ctx *x, struct wtl__cell *cell);

/* The actor has ended, with that tie: frees what it has kept, if it could not do so itself. */
void wtl__drafts_end(const struct wtl__cell *cell, struct wtl__envelope *tie);

#endif
