/*
 * supervisor.h - the runtime's side of supervisors: the table's functions.
 * <wattle/supervisor.h> says what they promise; supervisor.c how they are made.
 */
#ifndef WTL_ACTOR_SUPERVISOR_H
#define WTL_ACTOR_SUPERVISOR_H

#include <wattle/supervisor.h>

#include "actor/runtime.h"

/* Checks the tree and starts a supervisor of it from `x`, or, when x is NULL, from outside any
 * actor. Thread: any. */
struct wtl_pid wtl__supervise_in(struct wtl__runtime *runtime, struct wtl__ctx *x,
                                 const struct wtl_tree *tree,
                                 const struct wtl_spawn_options *options);

/* The same from `x`, in a cell that wtl__cells_take has given. */
struct wtl_pid wtl__supervise_at(struct wtl__ctx *x, struct wtl__cell *cell,
                                 const struct wtl_tree *tree,
                                 const struct wtl_spawn_options *options);

struct wtl_pid wtl__supervise(struct wtl_ctx *pub, const struct wtl_tree *tree,
                              const struct wtl_spawn_options *options);
uint64_t wtl__supervisor_add(struct wtl_ctx *pub, struct wtl_pid supervisor,
                             const struct wtl_child *child, const struct wtl_call_options *options);
uint64_t wtl__supervisor_ask(struct wtl_ctx *x, struct wtl_pid supervisor, int verb, const char *id,
                             struct wtl_pid pid, const struct wtl_call_options *options);

enum wtl_status wtl__supervisor_check(struct wtl_ctx *x, const struct wtl_tree *tree,
                                      struct wtl_error *error) WTL_MUST_USE;

/* Many jobs, so many at once: <wattle/task.h>. Made of a pool and public calls. */
struct wtl_pid wtl__tasks_run(struct wtl_ctx *x, const struct wtl_tasks *tasks);

/* The supervisor's behaviour; its args are a native message that holds the copied tree. */
extern const struct wtl_actor wtl__supervisor;

/* Spawns a supervisor from `x`, or from outside any actor. The tree has been checked, and is
 * copied; NULL is a tree that was refused: the supervisor ends error:invalid. Thread: any. */
struct wtl_pid wtl__supervisor_spawn(struct wtl__runtime *runtime, struct wtl__ctx *x,
                                     const struct wtl_tree *tree,
                                     const struct wtl_spawn_options *options);

/* The children of a supervisor, as WTL_CHILDREN_LIST answers: [[id, pid node, pid local, state
 * word, restarts], ...]. Thread: the holder of the cell's run token. Fails: WTL_UNSUPPORTED for a
 * cell that is no supervisor or has not begun, WTL_TOO_LARGE. */
enum wtl_status wtl__supervisor_tree(const struct wtl__runtime *runtime,
                                     const struct wtl__cell *cell,
                                     struct wtl_writer *body) WTL_MUST_USE;

/* The last restarts, newest first: [[age in ms, id cut to 15 bytes, reason text], ...]. Thread and
 * failures as above. Bounds: 8 of them. */
enum wtl_status wtl__supervisor_history(const struct wtl__runtime *runtime,
                                        const struct wtl__cell *cell,
                                        struct wtl_writer *body) WTL_MUST_USE;

#endif
