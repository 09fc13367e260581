/*
 * bonds.h - links and monitors, as the actor asks for them; actor_calls.h says what each promises.
 * What comes of them from others is in signal.c.
 *
 * Thread: the holder of the run token.
 */
#ifndef WTL_ACTOR_BONDS_H
#define WTL_ACTOR_BONDS_H

#include "actor/runtime.h"

void wtl__link(struct wtl_ctx *x, struct wtl_pid to);
void wtl__unlink(struct wtl_ctx *x, struct wtl_pid to);
uint64_t wtl__monitor(struct wtl_ctx *x, struct wtl_pid to);
uint64_t wtl__monitor_name(struct wtl_ctx *x, const char *name);
bool wtl__demonitor(struct wtl_ctx *x, uint64_t ref);

/* Sends a signal of the running actor's; without memory it ends. `reason`: NULL for none. */
void wtl__bond_signal(struct wtl__ctx *x, struct wtl_pid to, enum wtl__kind kind, uint64_t request,
                      const struct wtl_reason *reason);

/* Takes notices of that kind and number out of the actor's queue, of an EXIT those from `from`.
 * False: there was none. */
bool wtl__notices_flush(struct wtl__cell *cell, enum wtl__kind kind, struct wtl_pid from,
                        uint64_t ref);

#endif
