/* loop.c - see loop.h. */
#include "net/loop_private.h"

#include <stdlib.h>
#include <string.h>

#include "base/cap.h"
#include "base/pool.h"
#include "net/uv_status.h"

/* Timers that fire in one turn. */
#define EXPIRE_BATCH 1024u

/* ---- the way in ----------------------------------------------------------------------------- */

void wtl__loop_wake(struct wtl__loop *loop)
{
    int parks = WTL__LOOP_PARKS;
    /* sequentially consistent, after the push: pairs with the announcement in wtl__loop_wait */
    if (atomic_load(&loop->state) == WTL__LOOP_PARKS &&
        atomic_compare_exchange_strong(&loop->state, &parks, WTL__LOOP_RUNS)) {
        atomic_fetch_add_explicit(&loop->wakes, 1, memory_order_relaxed);
        (void)uv_async_send(&loop->wake);
    }
}

void wtl__loop_awake(struct wtl__loop *loop)
{
    if (atomic_load_explicit(&loop->state, memory_order_relaxed) == WTL__LOOP_PARKS) {
        int parks = WTL__LOOP_PARKS;
        (void)atomic_compare_exchange_strong(&loop->state, &parks, WTL__LOOP_RUNS);
    }
}

void wtl__loop_post(struct wtl__loop *loop, struct wtl__job *job)
{
    struct wtl__fifo_link *top = atomic_load_explicit(&loop->posted, memory_order_relaxed);
    do {
        job->link.next = top;
        /* release, as part of seq_cst, pairs with the exchange in wtl__loop_run_jobs: the job is
         * written before it is seen */
    } while (!atomic_compare_exchange_weak_explicit(&loop->posted, &top, &job->link,
                                                    memory_order_seq_cst, memory_order_relaxed));
    wtl__loop_wake(loop);
}

struct call {
    struct wtl__job job;
    void (*fn)(void *argument);
    void *argument;
    pthread_mutex_t lock;
    pthread_cond_t done_changed;
    bool done; /* under lock */
};

static void run_call(struct wtl__job *job)
{
    struct call *call = WTL_CONTAINER(job, struct call, job);
    call->fn(call->argument);
    (void)pthread_mutex_lock(&call->lock);
    call->done = true;
    (void)pthread_cond_signal(&call->done_changed);
    (void)pthread_mutex_unlock(&call->lock);
}

void wtl__loop_call(struct wtl__loop *loop, void (*fn)(void *argument), void *argument)
{
    if (!loop->runs) {
        fn(argument);
        return;
    }
    struct call call = {.job.run = run_call, .fn = fn, .argument = argument};
    (void)pthread_mutex_init(&call.lock, NULL);
    (void)pthread_cond_init(&call.done_changed, NULL);
    wtl__loop_post(loop, &call.job);
    (void)pthread_mutex_lock(&call.lock);
    while (!call.done) {
        (void)pthread_cond_wait(&call.done_changed, &call.lock);
    }
    (void)pthread_mutex_unlock(&call.lock);
    (void)pthread_cond_destroy(&call.done_changed);
    (void)pthread_mutex_destroy(&call.lock);
}

/* ---- a turn --------------------------------------------------------------------------------- */

void wtl__loop_run_jobs(struct wtl__loop *loop)
{
    /* acquire pairs with the release in wtl__loop_post */
    struct wtl__fifo_link *link =
        atomic_exchange_explicit(&loop->posted, NULL, memory_order_acquire);
    struct wtl__fifo jobs = {0};
    while (link != NULL) {
        struct wtl__fifo_link *older = link->next;
        wtl__fifo_push_first(&jobs, link);
        link = older;
    }
    uint64_t count = 0;
    while ((link = wtl__fifo_take(&jobs)) != NULL) {
        struct wtl__job *job = WTL_CONTAINER(link, struct wtl__job, link);
        job->run(job);
        count++;
    }
    atomic_store_explicit(&loop->jobs,
                          atomic_load_explicit(&loop->jobs, memory_order_relaxed) + count,
                          memory_order_relaxed);
}

static bool run_timers(struct wtl__loop *loop)
{
    struct wtl__list fired;
    struct wtl__link *link;
    wtl__list_init(&fired);
    bool more = wtl__wheel_expire(&loop->wheel, wtl__loop_now_ms(loop), EXPIRE_BATCH, &fired);
    while ((link = wtl__list_take_first(&fired)) != NULL) {
        struct wtl__timer *timer = WTL_CONTAINER(link, struct wtl__timer, link);
        struct wtl__loop_timer *due = WTL_CONTAINER(timer, struct wtl__loop_timer, timer);
        due->fire(due);
    }
    return more;
}

/* libuv runs timers before it polls, and then polls without end when none is left: a timer that is
 * due by then would be slept through. */
static void on_sleep_over(uv_timer_t *timer)
{
    uv_stop(timer->loop);
}

static void on_wake(uv_async_t *async)
{
    (void)async; /* its work is that uv_run returns */
}

/* Arms the timer that ends the sleep, at the latest when the wheel wants to be looked at. */
static void arm_sleep(struct wtl__loop *loop, uint64_t max_ms)
{
    uint64_t next_ms = wtl__wheel_next_ms(&loop->wheel);
    if (next_ms != WTL__WHEEL_NEVER) {
        uint64_t now_ns = wtl__clock_now_ns(wtl__clock_system());
        uint64_t due_ns = next_ms * WTL__NS_PER_MS;
        uint64_t ms = due_ns > now_ns ? (due_ns - now_ns + WTL__NS_PER_MS - 1) / WTL__NS_PER_MS : 0;
        max_ms = ms < max_ms ? ms : max_ms;
    }
    (void)uv_timer_stop(&loop->sleep);
    if (max_ms != WTL__POLLER_EVER) {
        uv_update_time(&loop->uv);
        (void)uv_timer_start(&loop->sleep, on_sleep_over, max_ms, 0);
    }
}

static bool is_pending(struct wtl__loop *loop)
{
    return atomic_load(&loop->posted) != NULL || atomic_load(&loop->stopping) ||
           loop->source.is_pending(loop->source.context);
}

static void count_one(_Atomic(uint64_t) *counter)
{
    atomic_store_explicit(counter, atomic_load_explicit(counter, memory_order_relaxed) + 1,
                          memory_order_relaxed);
}

static void wait(struct wtl__loop *loop, uint64_t max_ms)
{
    if (max_ms == 0) {
        (void)uv_run(&loop->uv, UV_RUN_NOWAIT);
        return;
    }
    /* announced first, then looked: pairs with wtl__loop_wake */
    atomic_store(&loop->state, WTL__LOOP_PARKS);
    if (is_pending(loop)) {
        wtl__loop_awake(loop);
        (void)uv_run(&loop->uv, UV_RUN_NOWAIT);
        return;
    }
    arm_sleep(loop, max_ms);
    wtl__pool_flush();
    count_one(&loop->sleeps);
    (void)uv_run(&loop->uv, UV_RUN_ONCE);
    wtl__loop_awake(loop);
}

/* What links need is the runtime's own when memory is scarce: a link that cannot take in what comes
 * would have to be cut. */
void wtl__loop_wait(struct wtl__loop *loop, uint64_t max_ms)
{
    enum wtl__need before = wtl__cap_enter(WTL__NEED_RUNTIME);
    wait(loop, max_ms);
    wtl__cap_leave(before);
}

bool wtl__loop_turn(struct wtl__loop *loop)
{
    enum wtl__need before = wtl__cap_enter(WTL__NEED_RUNTIME);
    count_one(&loop->turns);
    loop->source.collect(loop->source.context);
    wtl__loop_run_jobs(loop);
    bool more = run_timers(loop);
    more = loop->source.finish(loop->source.context) || more;
    wtl__cap_leave(before);
    return more;
}

/* ---- life ----------------------------------------------------------------------------------- */

static void do_nothing(void *context)
{
    (void)context;
}

static bool nothing(void *context)
{
    (void)context;
    return false;
}

enum wtl_status wtl__loop_create(struct wtl__loop **loop_out, struct wtl_error *error)
{
    size_t size = (sizeof(struct wtl__loop) + 127) / 128 * 128;
    struct wtl__loop *loop = aligned_alloc(128, size);
    *loop_out = NULL;
    if (loop == NULL) {
        return wtl_fail(error, WTL_NO_MEMORY, "no memory for the net loop");
    }
    memset(loop, 0, size);
    loop->source = (struct wtl__loop_source){
        .collect = do_nothing, .finish = nothing, .is_pending = nothing, .offer = do_nothing};
    wtl__loop_lead_init(loop);
    wtl__wheel_init(&loop->wheel, wtl__clock_now_ms(wtl__clock_system()));
    int failed = uv_loop_init(&loop->uv);
    if (failed == 0) {
        failed = uv_async_init(&loop->uv, &loop->wake, on_wake);
        if (failed != 0) {
            (void)uv_loop_close(&loop->uv);
        }
    }
    if (failed != 0) {
        wtl__loop_lead_deinit(loop);
        free(loop);
        return wtl_fail(error, wtl__uv_status(failed), "cannot make the net loop: %s",
                        wtl__uv_text(failed));
    }
    (void)uv_timer_init(&loop->uv, &loop->sleep);
    loop->has_handles = true;
    *loop_out = loop;
    return WTL_OK;
}

enum wtl_status wtl__loop_start(struct wtl__loop *loop, const struct wtl__loop_source *source,
                                struct wtl_error *error)
{
    if (source != NULL) {
        loop->source = *source;
    }
    atomic_store(&loop->stopping, false);
    int failed = pthread_create(&loop->thread, NULL, wtl__loop_thread, loop);
    if (failed != 0) {
        return wtl_fail(error, WTL_SYSTEM, "cannot start the net loop: %s", strerror(failed));
    }
    loop->runs = true;
    return WTL_OK;
}

void wtl__loop_stop(struct wtl__loop *loop)
{
    if (!loop->runs) {
        return;
    }
    atomic_store(&loop->stopping, true);
    wtl__loop_wake(loop);
    wtl__loop_poke(loop);
    (void)pthread_join(loop->thread, NULL);
    loop->runs = false;
}

void wtl__loop_drain(struct wtl__loop *loop)
{
    wtl__loop_run_jobs(loop);
    if (loop->has_handles) {
        loop->has_handles = false;
        uv_close((uv_handle_t *)&loop->wake, NULL);
        uv_close((uv_handle_t *)&loop->sleep, NULL);
    }
    while (uv_run(&loop->uv, UV_RUN_DEFAULT) != 0) {
    }
}

void wtl__loop_destroy(struct wtl__loop *loop)
{
    if (loop == NULL) {
        return;
    }
    wtl__loop_stop(loop);
    wtl__loop_drain(loop);
    int closed = uv_loop_close(&loop->uv);
    WTL_ASSERT(closed == 0);
    WTL_ASSERT(wtl__wheel_is_empty(&loop->wheel));
    wtl__loop_lead_deinit(loop);
    free(loop);
}

uv_loop_t *wtl__loop_uv(struct wtl__loop *loop)
{
    return &loop->uv;
}

uint64_t wtl__loop_now_ms(struct wtl__loop *loop)
{
    (void)loop;
    return wtl__clock_now_ms(wtl__clock_system());
}

int64_t wtl__loop_wall_s(void)
{
    return (int64_t)(wtl__clock_wall_ns(wtl__clock_system()) / WTL__NS_PER_S);
}

void wtl__loop_timer_set(struct wtl__loop *loop, struct wtl__loop_timer *timer,
                         uint64_t deadline_ms)
{
    (void)wtl__wheel_remove(&loop->wheel, &timer->timer);
    wtl__wheel_add(&loop->wheel, &timer->timer, deadline_ms);
}

void wtl__loop_timer_clear(struct wtl__loop *loop, struct wtl__loop_timer *timer)
{
    (void)wtl__wheel_remove(&loop->wheel, &timer->timer);
}

struct wtl__loop_counters wtl__loop_count(struct wtl__loop *loop)
{
    return (struct wtl__loop_counters){
        .turns = atomic_load_explicit(&loop->turns, memory_order_relaxed),
        .sleeps = atomic_load_explicit(&loop->sleeps, memory_order_relaxed),
        .wakes = atomic_load_explicit(&loop->wakes, memory_order_relaxed),
        .jobs = atomic_load_explicit(&loop->jobs, memory_order_relaxed)};
}
