/*
 * supervisor.h - the runtime's side of supervisors: the table's three functions.
 * <wattle/supervisor.h> says what they promise; supervisor.c how they are made.
 */
#ifndef WTL_ACTOR_SUPERVISOR_H
#define WTL_ACTOR_SUPERVISOR_H

#include <wattle/supervisor.h>

#include "actor/runtime.h"

struct wtl_pid wtl__supervise(struct wtl_ctx *x, const struct wtl_tree *tree,
                              const struct wtl_spawn_options *options);
uint64_t wtl__supervisor_add(struct wtl_ctx *x, struct wtl_pid supervisor,
                             const struct wtl_child *child,
                             const struct wtl_call_options *options);
uint64_t wtl__supervisor_ask(struct wtl_ctx *x, struct wtl_pid supervisor, int verb,
                             const char *id, struct wtl_pid pid,
                             const struct wtl_call_options *options);

/* The supervisor's behaviour; its args are a native message that holds the copied tree. */
extern const struct wtl_actor wtl__supervisor;

#endif
