/*
 * worker.h - the threads that run actors, each with a run queue, a timer wheel and a libuv loop.
 *
 * An actor that turns runnable goes to the next slot of the worker that woke it, the one before it
 * from there to the run queue; another worker is woken only when a second actor waits and nobody
 * looks for work already. An idle worker spins for a short while (one at most does), steals, and
 * then parks in its loop; one of them leads, which is to park in the poller instead (poller.h).
 *
 * Parking (see worker_park.c): a worker announces that it parks, looks at every queue once more,
 * and only then sleeps; a pusher pushes, and only then looks at the announcement. All four accesses
 * are sequentially consistent, so one of the two sees the other. The pusher whose exchange takes
 * the announcement back is the only one that wakes.
 *
 * Watching: an actor in a next slot, or alone in a run queue, is left to its worker, but that one's
 * handler may run for long. So while a worker runs and others sleep, one of those sleeps for
 * WTL__WATCH_MS at most. A worker that wakes from a sleep of all calls another one when it first
 * makes an actor runnable; one that has watched calls another one before it runs what it found.
 *
 * A worker whose handler runs for long fires no timers; what is late on its wheel is fired by
 * whichever other worker looks next.
 *
 * Priority: an actor that is low or high waits in a queue for all workers, `low` or `high`, and
 * never in a next slot or run queue. Each pick looks whether there are any; worker_rank.c says
 * whose turn it is then.
 *
 * Thread: a worker's fields belong to its thread, unless they are marked shared.
 */
#ifndef WTL_SCHED_WORKER_H
#define WTL_SCHED_WORKER_H

#include <uv.h>

#include "actor/poller.h"
#include "actor/runtime.h"
#include "sched/inject.h"
#include "sched/runq.h"

/* Messages of one actor before another one has its turn. */
#define WTL__BATCH_MESSAGES 256u
/* Actors in a row from the next slot while others wait. */
#define WTL__NEXT_IN_A_ROW 3u
/* Batches between two looks at the clock, the global queue and the loop. */
#define WTL__BATCHES_PER_LOOK 32u
/* How long a worker looks for work before it parks. */
#define WTL__SPIN_NS 50000u
/* How long an actor waits alone, in a next slot or a run queue, before another worker may take it.
 * Two actors that trade messages are faster on one worker than on two, because their messages stay
 * in its cache; longer than this is a handler that holds the other one up. */
#define WTL__STALE_NS 60000u
/* So many wait in a run queue before somebody else is called. */
#define WTL__CROWD 2u
/* How often the loop is polled under load. */
#define WTL__POLL_NS 200000u
/* How long a worker that parks while others run sleeps before it looks again. */
#define WTL__WATCH_MS    2u
#define WTL__WORKERS_MAX 64u
/* A timer that is so late is on the wheel of a worker whose handler runs for long: whoever looks
 * next fires it. */
#define WTL__LATE_MS 10u
/* Timers that fire in one turn. */
#define WTL__EXPIRE_BATCH 4096u

/* Worker states, `state` below; one that LEADS is parked in the poller. */
enum { WTL__WORKER_RUNS = 0, WTL__WORKER_PARKS = 1, WTL__WORKER_LEADS = 2 };

struct wtl__sched;

/* What a worker saw waiting alone at another one, how far that one was, and since when. */
struct wtl__suspect {
    const void *what;
    uint64_t head;
    uint64_t since_ns;
};

struct wtl__worker {
    /* shared: written by wakers and thieves */
    alignas(128) _Atomic(int) state;
    _Atomic(struct wtl__cell *) next; /* the next slot */
    struct wtl__inject pinned;        /* runnable actors that must run here */
    struct wtl__runq queue;

    /* shared under wheel_lock: alarms are armed here, and disarmed from anywhere */
    alignas(128) pthread_mutex_t wheel_lock;
    struct wtl__wheel wheel;
    _Atomic(uint64_t) wheel_next_ms; /* when it should be looked at; a lower bound */

    /* the worker's own */
    alignas(128) struct wtl__ctx x;
    struct wtl__sched *sched;
    uv_loop_t loop;
    uv_async_t wake;
    uv_timer_t sleep;
    pthread_t thread;
    unsigned index;
    unsigned in_a_row;
    unsigned high_in_a_row;
    unsigned since_low; /* picks while low ones waited */
    unsigned batches;
    unsigned handles; /* polls and works of this loop that want it to run */
    uint64_t polled_ns;
    bool leads;        /* has the right to poll */
    bool was_called;   /* woken from its last sleep by another thread */
    bool has_watched;  /* was the one who looks after those that run */
    bool is_unwatched; /* nobody looks after this one */
    struct wtl__suspect suspects[WTL__WORKERS_MAX]; /* by index of the other worker */
};

struct wtl__sched {
    struct wtl__runtime runtime;
    struct wtl__inject inject;
    struct wtl__inject low;
    struct wtl__inject high;
    alignas(128) _Atomic(uint64_t) ranked;   /* how many wait in low and high; never too low */
    alignas(128) _Atomic(unsigned) spinning; /* 0 or 1 */
    _Atomic(unsigned) parked;                /* how many workers have announced it */
    _Atomic(unsigned) watching;              /* how many of them look again soon */
    _Atomic(bool) stopping;
    _Atomic(const struct wtl__poller *) poller; /* NULL: none */
    unsigned workers_count;
    bool spins; /* who finds nothing looks for a while: there is a CPU to spare, and power */
    struct wtl__worker *workers;
};

/* Runs until the scheduler stops; a pthread body, `argument` is the worker. */
void *wtl__worker_main(void *argument);

enum wtl_status wtl__worker_init(struct wtl__worker *worker, struct wtl__sched *sched,
                                 unsigned index, uint64_t seed) WTL_MUST_USE;
void wtl__worker_deinit(struct wtl__worker *worker);

/* Looks for work anywhere; NULL when there is none now. */
struct wtl__cell *wtl__worker_find(struct wtl__worker *worker);

/* Does more wait somewhere than one worker should have? Sequentially consistent looks. */
bool wtl__sched_has_crowd(const struct wtl__sched *sched);

/* ---- priorities, worker_rank.c --------------------------------------------------------------- */

/* Queues an actor that is low or high. Thread: any. */
void wtl__sched_rank(struct wtl__sched *sched, struct wtl__cell *cell, bool high);
/* The low or high actor whose turn it is; NULL: a normal one's. */
struct wtl__cell *wtl__worker_ranked(struct wtl__worker *worker);
/* A low or high actor, whoever's turn it is: there is no normal one. */
struct wtl__cell *wtl__worker_any_ranked(struct wtl__worker *worker);

/* ---- the poller, worker_lead.c --------------------------------------------------------------- */

/* Takes the right to poll, when it is free and this worker may wait there; whether it has it. */
bool wtl__worker_lead(struct wtl__worker *worker);
/* Gives it back, when it has it. */
void wtl__worker_follow(struct wtl__worker *worker);
/* It would have waited there, but somebody else has the right. */
void wtl__worker_want(struct wtl__worker *worker);
/* What the poller does and waits for, by who has the right. */
bool wtl__worker_turn(struct wtl__worker *worker);
void wtl__worker_poll(struct wtl__worker *worker, uint64_t max_ms);
/* A look without waiting, if nobody else polls. */
void wtl__worker_peek(struct wtl__worker *worker);
/* The worker's thread ends. */
void wtl__worker_leave(struct wtl__worker *worker);
/* Ends the wait of a worker that leads. Thread: any. */
void wtl__sched_end_wait(struct wtl__sched *sched);

/* ---- parking, worker_park.c ------------------------------------------------------------------ */

/* Parks until woken, a deadline, or readiness. */
void wtl__worker_park(struct wtl__worker *worker);

/* Wakes one parked worker, if nobody looks for work already. Thread: any. */
void wtl__sched_wake_one(struct wtl__sched *sched);
/* Wakes that worker if it is parked. Thread: any. */
void wtl__worker_wake(struct wtl__worker *worker);

/* Fires what is due and polls the loop without waiting, when it is time for that. */
void wtl__worker_look(struct wtl__worker *worker);
/* Fires what is late on the wheels of the others. */
void wtl__worker_fire_late(struct wtl__worker *worker);

extern const struct wtl__host_ops wtl__worker_ops;

#endif
