/*
 * worker_park.c - how a worker sleeps, and how it is woken; see worker.h for the handshake.
 *
 * In parking: (1) state = PARKS, (2) look at every queue, (3) sleep. In pushing: (1) push, (2) look
 * at `parked`, then exchange a worker's state. All of them are sequentially consistent accesses,
 * not fences (a lost wake-up was measured with weaker ones; the thread sanitizer does not know
 * fences).
 */
#include "sched/worker_loop.h"

#include "base/clock.h"
#include "base/pool.h"

/* Wakes that worker, if it parks; whether it did. */
static bool wake(struct wtl__worker *worker)
{
    int state = atomic_load(&worker->state);
    if (state == WTL__WORKER_RUNS ||
        !atomic_compare_exchange_strong(&worker->state, &state, WTL__WORKER_RUNS)) {
        return false;
    }
    atomic_fetch_sub(&worker->sched->parked, 1);
    if (state == WTL__WORKER_LEADS) {
        wtl__sched_end_wait(worker->sched);
    } else {
        (void)uv_async_send(&worker->wake);
    }
    return true;
}

void wtl__worker_wake(struct wtl__worker *worker)
{
    (void)wake(worker);
}

void wtl__sched_wake_one(struct wtl__sched *sched)
{
    if (atomic_load(&sched->parked) == 0 || atomic_load(&sched->spinning) != 0) {
        return;
    }
    /* who leads comes last: it would have to leave the sockets */
    for (unsigned i = 0; i < sched->workers_count; i++) {
        struct wtl__worker *worker = &sched->workers[i];
        if (atomic_load(&worker->state) == WTL__WORKER_PARKS && wake(worker)) {
            return;
        }
    }
    for (unsigned i = 0; i < sched->workers_count; i++) {
        if (wake(&sched->workers[i])) {
            return;
        }
    }
}

bool wtl__sched_has_crowd(const struct wtl__sched *sched)
{
    if (wtl__inject_count(&sched->inject) > 0 || atomic_load(&sched->ranked) > 0) {
        return true;
    }
    for (unsigned i = 0; i < sched->workers_count; i++) {
        if (wtl__runq_count(&sched->workers[i].queue) >= WTL__CROWD) {
            return true;
        }
    }
    return false;
}

/* Is there anything that this worker should run? What it has made runnable itself while it looked
 * at its loop and at the global queue counts too. */
static bool sees_work(const struct wtl__worker *worker)
{
    return atomic_load_explicit(&worker->next, memory_order_relaxed) != NULL ||
           wtl__runq_count(&worker->queue) > 0 || wtl__inject_count(&worker->pinned) > 0 ||
           wtl__sched_has_crowd(worker->sched);
}

/* Older libuv runs timers before it polls: one that is due by then would be over, and the poll
 * would last for ever. */
static void on_sleep_over(uv_timer_t *timer)
{
    uv_stop(timer->loop);
}

/* Milliseconds until the wheel wants to be looked at; UINT64_MAX when it does not. */
static uint64_t sleep_ms(struct wtl__worker *worker)
{
    uint64_t next_ms = atomic_load_explicit(&worker->wheel_next_ms, memory_order_relaxed);
    if (next_ms == WTL__WHEEL_NEVER) {
        return UINT64_MAX;
    }
    uint64_t now_ms = wtl__clock_now_ns(wtl__clock_system()) / WTL__NS_PER_MS;
    return next_ms > now_ms ? next_ms - now_ms : 0;
}

/* Waits in the worker's own loop. */
static void wait_alone(struct wtl__worker *worker, uint64_t ms)
{
    (void)uv_timer_stop(&worker->sleep);
    if (ms != UINT64_MAX) {
        uv_update_time(&worker->loop);
        (void)uv_timer_start(&worker->sleep, on_sleep_over, ms, 0);
    }
    (void)uv_run(&worker->loop, UV_RUN_ONCE);
}

static void sleep_until_woken(struct wtl__worker *worker, bool watches)
{
    struct wtl__sched *sched = worker->sched;
    uint64_t ms = sleep_ms(worker);
    if (watches) {
        ms = ms > WTL__WATCH_MS ? WTL__WATCH_MS : ms;
        atomic_fetch_add(&sched->watching, 1);
    }
    if (worker->leads) {
        wtl__worker_poll(worker, ms);
    } else {
        wait_alone(worker, ms);
    }
    if (watches) {
        atomic_fetch_sub(&sched->watching, 1);
    }
}

/* Asked after the announcement, and of the states, not of their count: a worker whose state says
 * that it runs looks at this one's state only after that, so either it finds somebody to call or it
 * is seen here. */
static bool somebody_runs(const struct wtl__worker *worker)
{
    const struct wtl__sched *sched = worker->sched;
    for (unsigned i = 0; i < sched->workers_count; i++) {
        const struct wtl__worker *other = &sched->workers[i];
        if (other != worker && atomic_load(&other->state) == WTL__WORKER_RUNS) {
            return true;
        }
    }
    return false;
}

void wtl__worker_park(struct wtl__worker *worker)
{
    struct wtl__sched *sched = worker->sched;
    wtl__pool_flush();
    bool more = false;
    if (wtl__worker_lead(worker)) {
        more = wtl__worker_turn(worker);
    } else {
        wtl__worker_want(worker);
    }
    int parks = worker->leads ? WTL__WORKER_LEADS : WTL__WORKER_PARKS;
    atomic_fetch_add(&sched->parked, 1);
    atomic_store(&worker->state, parks);
    worker->has_watched = false;
    if (more || sees_work(worker) || atomic_load(&sched->stopping)) {
        if (worker->leads) {
            wtl__worker_poll(worker, 0);
        }
    } else {
        /* who was called watches for a while also when nobody runs: a call comes seldom alone */
        worker->has_watched =
            sched->workers_count > 1 && (worker->was_called || somebody_runs(worker));
        sleep_until_woken(worker, worker->has_watched);
    }
    worker->was_called = !atomic_compare_exchange_strong(&worker->state, &parks, WTL__WORKER_RUNS);
    if (!worker->was_called) {
        atomic_fetch_sub(&sched->parked, 1);
    }
    worker->is_unwatched = atomic_load(&sched->parked) > 0 && atomic_load(&sched->watching) == 0;
    if (worker->is_unwatched && wtl__runq_count(&worker->queue) > 0) {
        worker->is_unwatched = false; /* the loop has made two runnable: one would wait unseen */
        wtl__sched_wake_one(sched);
    }
    worker->polled_ns = wtl__clock_now_ns(wtl__clock_system());
    wtl__worker_look(worker);
    if (worker->has_watched) {
        wtl__worker_fire_late(worker);
    }
}

static void on_wake(uv_async_t *async)
{
    (void)async; /* its work is that uv_run returns */
}

enum wtl_status wtl__worker_init(struct wtl__worker *worker, struct wtl__sched *sched,
                                 unsigned index, uint64_t seed)
{
    memset(worker, 0, sizeof *worker);
    worker->sched = sched;
    worker->index = index;
    wtl__runq_init(&worker->queue);
    wtl__inject_init(&worker->pinned);
    wtl__wheel_init(&worker->wheel, wtl__clock_now_ns(wtl__clock_system()) / WTL__NS_PER_MS);
    atomic_init(&worker->wheel_next_ms, WTL__WHEEL_NEVER);
    wtl__ctx_init(&worker->x, &sched->runtime, worker, seed + index * UINT64_C(0x9e3779b9));
    if (pthread_mutex_init(&worker->wheel_lock, NULL) != 0) {
        return WTL_SYSTEM;
    }
    bool has_loop = uv_loop_init(&worker->loop) == 0;
    if (!has_loop || uv_async_init(&worker->loop, &worker->wake, on_wake) != 0) {
        if (has_loop) {
            (void)uv_loop_close(&worker->loop);
        }
        (void)pthread_mutex_destroy(&worker->wheel_lock);
        return WTL_SYSTEM;
    }
    (void)uv_timer_init(&worker->loop, &worker->sleep);
    uv_unref((uv_handle_t *)&worker->sleep);
    return WTL_OK;
}

static void close_handle(uv_handle_t *handle, void *context)
{
    (void)context;
    if (!uv_is_closing(handle)) {
        uv_close(handle, NULL);
    }
}

void wtl__worker_deinit(struct wtl__worker *worker)
{
    uv_walk(&worker->loop, close_handle, NULL);
    while (uv_run(&worker->loop, UV_RUN_DEFAULT) != 0) {
    }
    int closed = uv_loop_close(&worker->loop);
    WTL_ASSERT(closed == 0);
    WTL_ASSERT(wtl__wheel_is_empty(&worker->wheel));
    (void)pthread_mutex_destroy(&worker->wheel_lock);
}
