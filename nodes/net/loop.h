/*
 * loop.h - the net loop: it holds the sockets and the hub, and the way in from other threads.
 *
 * One thread at a time runs it: an idle worker, or its own (loop_lead.c). Whoever wants something
 * done there posts a job. Beside the jobs there is one source that is looked at before and after
 * them in each turn: the outboxes of the workers (see node/port.h). Who runs the loop sleeps as
 * workers do (sched/worker_park.c): it announces that, looks at every queue once more, and then
 * sleeps in libuv; a poster pushes, and then looks at the announcement. All of these accesses are
 * sequentially consistent, so one of the two sees the other, and only the poster whose exchange
 * takes the announcement back pays for a wake-up.
 *
 * A turn: source.collect, the jobs in the order in which they were posted, timers, source.finish;
 * then libuv. So a job that was posted before a message was put into an outbox runs before that
 * message is sent.
 *
 * Thread: wtl__loop_post, wtl__loop_call, wtl__loop_wake from any; create, start, stop and destroy
 * from one that does not run it; everything else from who runs it, or from anyone when it is
 * stopped. Bounds: jobs are embedded in what posts them; each poster bounds its own.
 */
#ifndef WTL_NET_LOOP_H
#define WTL_NET_LOOP_H

#include <uv.h>

#include <wattle/status.h>

#include "actor/poller.h"
#include "base/list.h"
#include "base/wheel.h"

struct wtl__loop;

/* Something to be done on the loop. `run` owns it. */
struct wtl__job {
    struct wtl__fifo_link link;
    void (*run)(struct wtl__job *job);
};

/* A deadline on the loop. All zero but `fire` is one that is not set. */
struct wtl__loop_timer {
    struct wtl__timer timer;
    void (*fire)(struct wtl__loop_timer *timer);
};

/* What a turn looks at besides jobs. */
struct wtl__loop_source {
    void *context;
    void (*collect)(void *context);
    /* Returns whether it has more to do: then the loop does not sleep. */
    bool (*finish)(void *context);
    /* Is there anything to collect? A sequentially consistent look. */
    bool (*is_pending)(void *context);
    /* A worker wanted to run the loop, and can have it now: wakes one. */
    void (*offer)(void *context);
};

/* Fails: WTL_NO_MEMORY, WTL_SYSTEM. */
enum wtl_status wtl__loop_create(struct wtl__loop **loop_out, struct wtl_error *error) WTL_MUST_USE;

/* Starts its thread. `source` is copied; its functions are called from there. */
enum wtl_status wtl__loop_start(struct wtl__loop *loop, const struct wtl__loop_source *source,
                                struct wtl_error *error) WTL_MUST_USE;

/* What idle workers wait in, to run this loop. Borrowed; for after start, and as long as the loop.
 */
const struct wtl__poller *wtl__loop_poller(struct wtl__loop *loop);

/* The worker that runs the loop now, with no actor; NULL when it is the loop's own thread. */
struct wtl__ctx *wtl__loop_leader(const struct wtl__loop *loop);

/* Ends and joins the thread, and nobody runs the loop any more after the present turn; jobs that
 * were posted before are run. */
void wtl__loop_stop(struct wtl__loop *loop);

/* Runs close callbacks until no handle is left; for after stop. */
void wtl__loop_drain(struct wtl__loop *loop);

/* Stops it if it runs, and frees it. Every handle and timer must have gone. */
void wtl__loop_destroy(struct wtl__loop *loop);

/* Owns: takes the job. */
void wtl__loop_post(struct wtl__loop *loop, struct wtl__job *job);

/* Runs `fn` on the loop and waits until it has; at once when the loop does not run. Never from a
 * worker or the loop itself. */
void wtl__loop_call(struct wtl__loop *loop, void (*fn)(void *argument), void *argument);

/* Something was put where source.is_pending sees it. */
void wtl__loop_wake(struct wtl__loop *loop);

/* For callbacks of sockets: the loop is up, so posters need not wake it. */
void wtl__loop_awake(struct wtl__loop *loop);

uv_loop_t *wtl__loop_uv(struct wtl__loop *loop);

/* Monotonic milliseconds and wall-clock seconds. */
uint64_t wtl__loop_now_ms(struct wtl__loop *loop);
int64_t wtl__loop_wall_s(void);

/* Sets or moves a deadline; clears it. */
void wtl__loop_timer_set(struct wtl__loop *loop, struct wtl__loop_timer *timer,
                         uint64_t deadline_ms);
void wtl__loop_timer_clear(struct wtl__loop *loop, struct wtl__loop_timer *timer);

/* How often it slept and was woken by a poster; for the bench and `wattle node show`. */
struct wtl__loop_counters {
    uint64_t turns;
    uint64_t sleeps;
    uint64_t wakes;
    uint64_t jobs;
};
struct wtl__loop_counters wtl__loop_count(struct wtl__loop *loop);

#endif
