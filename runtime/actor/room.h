/*
 * room.h - senders that are held back by a full mailbox (WTL_MAILBOX_BLOCK) until there is room.
 *
 * Who was told `busy` sends a WAIT signal behind its message and is parked; the receiver gives the
 * same envelope back as RESUME when less than half of its mailbox is full; or at once when it is
 * held until the sender has answered, because then one would wait for the other.
 *
 * Thread: the holder of the run token.
 */
#ifndef WTL_ACTOR_ROOM_H
#define WTL_ACTOR_ROOM_H

#include "actor/runtime.h"

/* The sender of too much waits for room, unless it is one who must never wait. */
void wtl__room_wait(struct wtl__ctx *x, struct wtl__cell *cell);

/* Lets those go on who wait for room here, if there is some now. */
void wtl__room_give(struct wtl__ctx *x, struct wtl__cell *cell);

/* The actor is held from now on until that one answers, who must not wait for room here. */
void wtl__room_spare(struct wtl__ctx *x, struct wtl__cell *cell, struct wtl_pid callee);

#endif
