/*
 * loop_lead.c - who runs the net loop: an idle worker, or its own thread while all workers are
 * busy.
 *
 * Who has the right takes turns and waits in the loop. A worker that waits there has the message
 * that comes in, its actor and the answer on one thread. It gives the right back before it runs an
 * actor, and takes it again when it is idle, or every WTL__POLL_NS. The thread looks every
 * WATCH_NS whether anybody has taken a turn since; if nobody has and the right is free, all workers
 * are busy with long handlers: the thread takes it, until an idle worker wants it back. While a
 * worker waits in the loop and nothing comes, the thread sleeps, and costs nothing.
 *
 * Liveness: the right is free only while the thread looks, because who gives it back wakes a thread
 * that sleeps (two sequentially consistent pairs: `holder` then `thread_sleeps`, and the other way
 * round).
 */
#include "net/loop_private.h"

#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/pool.h"
#include "net/tls.h"

/* How often the thread looks, and so for how long a busy node may leave its sockets alone. */
#define WATCH_NS (2 * WTL__NS_PER_MS)
/* How often a loop that ends looks whether the worker that waited in it has left. */
#define LEAVE_US 20

/* ---- the right ------------------------------------------------------------------------------ */

static bool take(struct wtl__loop *loop, int as, struct wtl__ctx *x)
{
    int none = WTL__LOOP_FREE;
    /* acquire, as part of seq_cst, pairs with the release in give: the loop is as it was left */
    if (atomic_load_explicit(&loop->holder, memory_order_relaxed) != WTL__LOOP_FREE ||
        !atomic_compare_exchange_strong(&loop->holder, &none, as)) {
        return false;
    }
    loop->leader = x;
    return true;
}

void wtl__loop_poke(struct wtl__loop *loop)
{
    (void)pthread_mutex_lock(&loop->lock);
    (void)pthread_cond_signal(&loop->thread_wake);
    (void)pthread_mutex_unlock(&loop->lock);
}

static void give(struct wtl__loop *loop)
{
    loop->leader = NULL;
    atomic_store(&loop->holder, WTL__LOOP_FREE);
    if (atomic_load(&loop->thread_sleeps) && atomic_exchange(&loop->thread_sleeps, false)) {
        wtl__loop_poke(loop);
    }
}

struct wtl__ctx *wtl__loop_leader(const struct wtl__loop *loop)
{
    return loop->leader;
}

/* ---- for workers ---------------------------------------------------------------------------- */

static bool worker_take(void *self, struct wtl__ctx *x)
{
    struct wtl__loop *loop = self;
    return !atomic_load_explicit(&loop->stopping, memory_order_relaxed) &&
           take(loop, WTL__LOOP_LED, x);
}

static void worker_give(void *self)
{
    give(self);
}

static void worker_want(void *self)
{
    struct wtl__loop *loop = self;
    if (atomic_load(&loop->holder) == WTL__LOOP_OWN &&
        !atomic_load_explicit(&loop->is_wanted, memory_order_relaxed)) {
        atomic_store(&loop->is_wanted, true);
        wtl__loop_wake(loop);
    }
}

static bool worker_turn(void *self)
{
    return wtl__loop_turn(self);
}

static bool worker_wait(void *self, uint64_t max_ms)
{
    struct wtl__loop *loop = self;
    wtl__loop_wait(loop, max_ms);
    return !atomic_load(&loop->stopping);
}

static void worker_wake(void *self)
{
    struct wtl__loop *loop = self;
    (void)uv_async_send(&loop->wake);
}

static void worker_leave(void *self)
{
    (void)self;
    wtl_tls_thread_end();
}

const struct wtl__poller *wtl__loop_poller(struct wtl__loop *loop)
{
    return &loop->poller;
}

/* ---- the thread ----------------------------------------------------------------------------- */

/* Sleeps for WATCH_NS, or, `to_the_end`, until it is poked. Under the lock. */
static void sleep_locked(struct wtl__loop *loop, bool to_the_end)
{
    if (to_the_end) {
        (void)pthread_cond_wait(&loop->thread_wake, &loop->lock);
        return;
    }
    uint64_t until_ns = wtl__clock_now_ns(wtl__clock_system()) + WATCH_NS;
    struct timespec until = {.tv_sec = (time_t)(until_ns / WTL__NS_PER_S),
                             .tv_nsec = (long)(until_ns % WTL__NS_PER_S)};
    (void)pthread_cond_timedwait(&loop->thread_wake, &loop->lock, &until);
}

/* Returns when nobody runs the loop: the right was free and no turn was taken between two looks. */
static void watch(struct wtl__loop *loop)
{
    uint64_t seen = UINT64_MAX;
    (void)pthread_mutex_lock(&loop->lock);
    while (!atomic_load(&loop->stopping)) {
        uint64_t turns = atomic_load_explicit(&loop->turns, memory_order_relaxed);
        bool is_quiet = turns == seen;
        seen = turns;
        if (is_quiet && atomic_load(&loop->holder) == WTL__LOOP_FREE) {
            break;
        }
        /* announced first, then looked: pairs with give */
        atomic_store(&loop->thread_sleeps, is_quiet);
        sleep_locked(loop, is_quiet && atomic_load(&loop->holder) == WTL__LOOP_LED &&
                               !atomic_load(&loop->stopping));
        atomic_store(&loop->thread_sleeps, false);
    }
    (void)pthread_mutex_unlock(&loop->lock);
}

/* Runs the loop until a worker wants to. */
static void lead(struct wtl__loop *loop)
{
    atomic_store(&loop->is_wanted, false);
    do {
        bool more = wtl__loop_turn(loop);
        wtl__loop_wait(loop, more || atomic_load(&loop->is_wanted) ? 0 : WTL__POLLER_EVER);
    } while (!atomic_load(&loop->stopping) && !atomic_load(&loop->is_wanted));
}

void *wtl__loop_thread(void *argument)
{
    struct wtl__loop *loop = argument;
    while (!atomic_load(&loop->stopping)) {
        if (take(loop, WTL__LOOP_OWN, NULL)) {
            lead(loop);
            give(loop);
            loop->source.offer(loop->source.context);
        }
        watch(loop);
    }
    while (!take(loop, WTL__LOOP_OVER, NULL)) {
        (void)usleep(LEAVE_US);
    }
    wtl__loop_run_jobs(loop);
    wtl_tls_thread_end();
    wtl__pool_flush();
    return NULL;
}

void wtl__loop_lead_init(struct wtl__loop *loop)
{
    pthread_condattr_t monotonic;
    (void)pthread_condattr_init(&monotonic);
    (void)pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    (void)pthread_cond_init(&loop->thread_wake, &monotonic);
    (void)pthread_condattr_destroy(&monotonic);
    (void)pthread_mutex_init(&loop->lock, NULL);
    loop->poller = (struct wtl__poller){.self = loop,
                                        .take = worker_take,
                                        .give = worker_give,
                                        .want = worker_want,
                                        .turn = worker_turn,
                                        .wait = worker_wait,
                                        .wake = worker_wake,
                                        .leave = worker_leave};
}

void wtl__loop_lead_deinit(struct wtl__loop *loop)
{
    (void)pthread_cond_destroy(&loop->thread_wake);
    (void)pthread_mutex_destroy(&loop->lock);
}
