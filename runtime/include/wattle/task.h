/*
 * task.h - many small jobs, so many of them at once, each in an actor of its own.
 *
 *     wtl_tasks_run(x, &(struct wtl_tasks){
 *                          .type = &prober, .at_once = 16, .deadline_ms = 2000,
 *                          .next = next_device, .result = device_probed});
 *
 * Elixir's Task.async_stream, for actors: nothing waits, the inputs are asked for one by one when
 * there is room, and what became of each comes by a function. A task is an actor of `type` that
 * gets one call and replies to it, at once or later; then it is stopped. One that crashes, or does
 * not reply in time and is killed, costs its own result and nothing else. All of them end with the
 * actor that runs them.
 */
#ifndef WATTLE_TASK_H
#define WATTLE_TASK_H

#include <wattle/supervisor.h>

/* Tasks at once, unless said, and at most. */
#define WTL_TASKS_AT_ONCE     16u
#define WTL_TASKS_AT_ONCE_MAX 4096u
/* In order, a slow task holds back the results of so many behind it, for each that runs. */
#define WTL_TASKS_AHEAD 4u

struct wtl_tasks {
    const struct wtl_actor *type;
    const void *settings; /* of each of them */
    struct wtl_tag tag;   /* of the call; none: "task" */
    uint32_t at_once;     /* 0: WTL_TASKS_AT_ONCE */
    uint32_t
        deadline_ms; /* of each, from its call on; 0: WTL_CALL_DEADLINE_MS; then it is killed */
    bool unordered;  /* results as they come; otherwise in the order of the inputs */

    /* Writes the input of that number, counted from 0. False: there are no more. */
    bool (*next)(struct wtl_ctx *x, void *self, uint64_t index, struct wtl_writer *input,
                 void *context);
    /* What became of it: WTL_OK with the reply; the status with which it was refused or could not
     * be started; WTL_TIMEOUT; WTL_CLOSED with the reason with which it ended. What this returns
     * decides about the actor, as a handler's status does. */
    enum wtl_status (*result)(struct wtl_ctx *x, void *self, uint64_t index,
                              const struct wtl_answer *answer, void *context);
    /* Last, when no task is left: how many results there were. May be NULL. */
    enum wtl_status (*done)(struct wtl_ctx *x, void *self, uint64_t count, void *context);

    const void *context; /* copied; the functions get the copy */
    uint32_t context_size;
};

/* Starts the first tasks, and returns the supervisor that holds them all. `tasks` is copied; the
 * functions run on this actor later, never within this call. None is returned, and no function
 * ever called, when memory is exhausted or the tasks are not valid (no type, next or result,
 * at_once or context_size over its bound), which the log says. */
static inline struct wtl_pid wtl_tasks_run(struct wtl_ctx *x, const struct wtl_tasks *tasks)
{
    return x->api->tasks_run(x, tasks);
}

/* Asks for no more inputs, but for one whose task has just started, and stops the tasks that run,
 * whose results come as WTL_CLOSED. */
static inline void wtl_tasks_cancel(struct wtl_ctx *x, struct wtl_pid supervisor)
{
    wtl_unlink(x, supervisor);
    wtl_exit(x, supervisor, WTL_REASON(WTL_EXIT_SHUTDOWN, "shutdown"));
}

#endif
