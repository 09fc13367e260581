/*
 * keeper.h - the actor that keeps one process: starts it, reads what it sends and prints, watches
 * its time, and buries it.
 *
 * It is an actor of the runtime's own. It waits for the socket and for what the child prints, so it
 * stays on one worker. It never waits for the child: a child that does not answer is killed.
 *
 *   starting -> the child was started, HELLO has not come       LOAD_MS, then it is killed
 *   up       -> HELLO has come
 *   ending   -> the socket has ended, or the child was killed   until it is reaped
 *   ended    -> everybody in it was told why
 */
#ifndef WTL_PROCESS_KEEPER_H
#define WTL_PROCESS_KEEPER_H

#include "process/process.h"

/* Starts the keeper of a process; sets process->keeper. False: no memory. Thread: any. */
bool wtl__keeper_spawn(struct wtl__process *process);

/* Does what it is told, see process.h. `self` is the keeper's state. Thread: the keeper's. */
void wtl__keeper_obey(struct wtl_ctx *x, void *self, unsigned orders);

#endif
