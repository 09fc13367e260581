/* loop_private.h - what the files of the net loop share. See loop.h. */
#ifndef WTL_NET_LOOP_PRIVATE_H
#define WTL_NET_LOOP_PRIVATE_H

#include "net/loop.h"

#include <pthread.h>
#include <stdalign.h>
#include <stdatomic.h>

/* `state`: RUNS until who runs the loop announces that it PARKS; whoever takes that back wakes it.
 */
enum { WTL__LOOP_RUNS = 0, WTL__LOOP_PARKS = 1 };

/* `holder`: who has the right to run the loop. */
enum {
    WTL__LOOP_FREE = 0,
    WTL__LOOP_LED = 1, /* a worker */
    WTL__LOOP_OWN = 2, /* the loop's own thread */
    WTL__LOOP_OVER = 3 /* nobody any more */
};

struct wtl__loop {
    /* written by posters */
    alignas(128) _Atomic(struct wtl__fifo_link *) posted; /* newest first */
    _Atomic(int) state;
    _Atomic(bool) stopping;
    _Atomic(uint64_t) wakes;

    /* written by who takes and gives the right */
    alignas(128) _Atomic(int) holder;
    _Atomic(bool) is_wanted;     /* by a worker, while the thread has it */
    _Atomic(bool) thread_sleeps; /* without end, because a worker waits in the loop */
    pthread_mutex_t lock;        /* around that sleep */
    pthread_cond_t thread_wake;

    /* written by who runs the loop, read by all */
    alignas(128) _Atomic(uint64_t) turns;
    _Atomic(uint64_t) sleeps;
    _Atomic(uint64_t) jobs;

    /* of who runs the loop */
    struct wtl__ctx *leader; /* the worker's; NULL: the thread */
    struct wtl__loop_source source;
    struct wtl__wheel wheel;
    uv_loop_t uv;
    uv_async_t wake;
    uv_timer_t sleep;
    bool has_handles;

    /* written by create, start and stop */
    struct wtl__poller poller;
    pthread_t thread;
    bool runs;
};

/* Does everything that waits to be done, but look at the sockets; true: there is more at once. */
bool wtl__loop_turn(struct wtl__loop *loop);
/* Looks at the sockets, and waits for them so many milliseconds, or WTL__POLLER_EVER. */
void wtl__loop_wait(struct wtl__loop *loop, uint64_t max_ms);
/* Runs the jobs that were posted. */
void wtl__loop_run_jobs(struct wtl__loop *loop);

/* loop_lead.c: who runs it */
void wtl__loop_lead_init(struct wtl__loop *loop);
void wtl__loop_lead_deinit(struct wtl__loop *loop);
/* The thread's body; wakes it out of its sleep. */
void *wtl__loop_thread(void *argument);
void wtl__loop_poke(struct wtl__loop *loop);

#endif
