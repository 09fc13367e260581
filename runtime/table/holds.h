/*
 * holds.h - entries that somebody reads beyond a section: values that an actor has borrowed, and
 * what a select shows.
 *
 * A thread that runs actors has a few slots. While an entry stands in one, it is not freed, and
 * nothing else is held up: not the other entries, and not the waiting for readers. An entry is put
 * into a slot in the section in which it was found; who retires it waits for that section first and
 * looks at the slots afterwards, so that neither side needs a fence.
 *
 * Thread: slots belong to their thread; wtl__holds_have is called by any.
 * Owns:   the process keeps the slots of threads that have ended for later ones.
 * Bounds: WTL__HOLDS slots.
 */
#ifndef WTL_TABLE_HOLDS_H
#define WTL_TABLE_HOLDS_H

#include <stdbool.h>
#include <stdint.h>

struct wtl__entry;
struct wtl__holds;

/* Half of them for what is borrowed, half for what a select shows. */
#define WTL__HOLDS 32u

/* Slots for this thread. NULL when memory is exhausted. */
struct wtl__holds *wtl__holds_take(void);
/* The thread needs them no more; all are empty. NULL is nothing. */
void wtl__holds_give(struct wtl__holds *holds);

/* Puts the entry into a slot and returns that one's bit; 0 when none is free. In a section. */
uint32_t wtl__hold(struct wtl__holds *holds, struct wtl__entry *entry);

/* Empties those slots; or all. */
void wtl__hold_end(struct wtl__holds *holds, uint32_t bits);
void wtl__holds_empty(struct wtl__holds *holds);

/* Is the retired entry in anybody's slot? After everyone who could find it has left. */
bool wtl__holds_have(const struct wtl__entry *entry);

#endif
