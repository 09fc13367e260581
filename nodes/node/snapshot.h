/*
 * snapshot.h - which actors live now, read from the table of cells while they come and go.
 *
 * Thread: any. Owns: nothing.
 */
#ifndef WTL_NODE_SNAPSHOT_H
#define WTL_NODE_SNAPSHOT_H

#include "actor/runtime.h"

/* How many live. */
uint32_t wtl__snapshot_live(const struct wtl__runtime *runtime);

/* The local ids of those that live, in the order of their slots, `max` at most; returns how many.
 * Each may have ended before anybody looks. */
uint32_t wtl__snapshot_locals(const struct wtl__runtime *runtime, uint64_t *locals_out,
                              uint32_t max);

#endif
