/*
 * ring.h - the mailbox of an actor that would rather lose old messages than new ones.
 *
 * The second kind of mailbox, fixed at spawn, for WTL_MAILBOX_DROP_OLDEST and WTL_MAILBOX_LATEST.
 * Everything that is sent to such an actor goes into one list, in order, under a small lock; a
 * message stays there, and may be taken away by a newer one, until the very moment at which it is
 * handled. The inbox word (mailbox.h) has its RING tag set, which sends every push here, and still
 * says whether the actor is idle or closed, and how many messages wait; it is written under the
 * lock.
 *
 *   first ... messages, and what signals have become ... fresh ... messages and signals ... end
 *
 * What is behind `fresh` has not been looked at. When there are signals among it the actor takes it
 * all out, acts on the signals as run.c does for any actor, and puts the rest back where it was: so
 * signals act at once, and what must come in order does.
 *
 * Locks are shared by actors (one of WTL__RING_LOCKS by slot) and never freed: a sender with a
 * stale pid may come at any time. Nothing is freed, sent or run while one is held.
 *
 * Thread: push from any; everything else from the holder of the run token.
 * Owns: what was pushed, until it is taken; what was dropped is the pusher's.
 */
#ifndef WTL_ACTOR_RING_H
#define WTL_ACTOR_RING_H

#include "actor/cell.h"

#define WTL__RING_LOCKS 64u

/* Gives a fresh cell a ring when its policy wants one. False: no memory. Before wtl__cell_open. */
bool wtl__ring_open(struct wtl__cell *cell);

/* Messages that had to go, newest first: over the bound, or because a newer one of their key came.
 */
struct wtl__dropped {
    struct wtl__envelope *list;
    bool replaced;
};

/* Pushes to the actor `local`. PUSHED, WOKE, REFUSED_FULL, or REFUSED_CLOSED: in the cell is
 * another actor, or none any more. */
enum wtl__push wtl__ring_push(struct wtl__cell *cell, uint64_t local,
                              struct wtl__envelope *envelope, struct wtl__dropped *dropped_out);

/* Takes everything that has not been looked at when there are signals among it, oldest first; NULL
 * otherwise. `handled` messages are taken off the count. When it was sorted, wtl__ring_return takes
 * back what is left of it. */
struct wtl__envelope *wtl__ring_take(struct wtl__cell *cell, uint32_t handled);
struct wtl__dropped wtl__ring_return(struct wtl__cell *cell, struct wtl__envelope *sorted);

/* Moves the next message, or what waits in its place, to the empty cell->fifo. False: there is
 * none, or a signal is to be looked at first. */
bool wtl__ring_next(struct wtl__cell *cell);

/* Goes idle. `blocked`: although messages wait, which may not be handled now. False: there is more.
 */
bool wtl__ring_idle(struct wtl__cell *cell, uint32_t handled, bool blocked);

/* Frees what waits in its place and is of that kind and request, and of `from` if it is an EXIT.
 * Returns how many there were. */
uint32_t wtl__ring_flush(struct wtl__cell *cell, enum wtl__kind kind, struct wtl_pid from,
                         uint64_t request);

/* Calls `visit` with each entry that waits in its place and was looked at; it must not change the
 * order. */
void wtl__ring_each(struct wtl__cell *cell,
                    void (*visit)(struct wtl__envelope *entry, void *context), void *context);

/* Closes the mailbox for ever, frees the ring, and gives what waits in its place, oldest first;
 * `fresh_out` gets what was not looked at. */
struct wtl__envelope *wtl__ring_close(struct wtl__cell *cell, struct wtl__envelope **fresh_out);

/* Bytes of the messages that wait, with their envelopes. */
uint64_t wtl__ring_bytes(struct wtl__cell *cell);

#endif
