/*
 * seams.c - what hook.h puts in place of locks, threads, time and libuv's waiting: the real thing
 * where it does not wait, and a turn for the others where it does.
 *
 * A worker's loop is the real one of libuv; it is only never left to sleep in the system, because
 * nobody would have the turn then. Its one timer, the end of a sleep, is virtual.
 *
 * Thread: the one that has the turn.
 */
#include <pthread.h>
#include <uv.h>

#include "base/clock.h"
#include "turns.h"

void explore_point(void);
bool explore_is_unlucky(void);
int explore_thread_create(pthread_t *thread_out, const pthread_attr_t *attributes,
                          void *(*body)(void *), void *argument);
int explore_thread_join(pthread_t thread, void **result_out);
int explore_mutex_lock(pthread_mutex_t *mutex);
int explore_mutex_unlock(pthread_mutex_t *mutex);
int explore_usleep(unsigned us);
const struct wtl__clock *explore_clock(void);
uint64_t explore_now_ns(void);
int explore_uv_run(uv_loop_t *loop, uv_run_mode mode);
int explore_uv_async_send(uv_async_t *async);
int explore_uv_timer_start(uv_timer_t *timer, uv_timer_cb callback, uint64_t ms, uint64_t every_ms);
int explore_uv_timer_stop(uv_timer_t *timer);

enum { UNLUCKY_ONE_IN = 16 };

void explore_point(void)
{
    turns_point();
}

bool explore_is_unlucky(void)
{
    return turns_draw(UNLUCKY_ONE_IN) == 0;
}

/* ---- threads and locks ---------------------------------------------------------------------- */

int explore_thread_create(pthread_t *thread_out, const pthread_attr_t *attributes,
                          void *(*body)(void *), void *argument)
{
    unsigned id;
    (void)attributes;
    turns_thread(&id, body, argument);
    *thread_out = (pthread_t)id;
    return 0;
}

int explore_thread_join(pthread_t thread, void **result_out)
{
    (void)result_out;
    turns_join((unsigned)thread);
    return 0;
}

int explore_mutex_lock(pthread_mutex_t *mutex)
{
    turns_point();
    while (pthread_mutex_trylock(mutex) != 0) {
        turns_wait(mutex, UINT64_MAX, "a lock");
    }
    return 0;
}

int explore_mutex_unlock(pthread_mutex_t *mutex)
{
    int failed = pthread_mutex_unlock(mutex);
    turns_wake(mutex);
    turns_point();
    return failed;
}

/* ---- time ----------------------------------------------------------------------------------- */

static uint64_t now_ns(const struct wtl__clock *clock)
{
    (void)clock;
    return turns_now_ns();
}

static const struct wtl__clock_calls calls = {.now_ns = now_ns, .wall_ns = now_ns};

const struct wtl__clock *explore_clock(void)
{
    static const struct wtl__clock clock = {.calls = &calls};
    return &clock;
}

uint64_t explore_now_ns(void)
{
    return turns_now_ns();
}

int explore_usleep(unsigned us)
{
    turns_wait(NULL, turns_now_ns() + us * UINT64_C(1000), "some time");
    return 0;
}

/* ---- a worker's loop ------------------------------------------------------------------------ */

/* Of a loop: until when its next wait lasts, in loop.data. */
static void set_deadline(uv_loop_t *loop, uint64_t ns)
{
    loop->data = (void *)(uintptr_t)ns;
}

int explore_uv_timer_start(uv_timer_t *timer, uv_timer_cb callback, uint64_t ms, uint64_t every_ms)
{
    (void)callback;
    (void)every_ms;
    uint64_t now = turns_now_ns();
    uint64_t left = (UINT64_MAX - now) / WTL__NS_PER_MS;
    set_deadline(timer->loop, ms < left ? now + ms * WTL__NS_PER_MS : UINT64_MAX);
    return 0;
}

int explore_uv_timer_stop(uv_timer_t *timer)
{
    set_deadline(timer->loop, UINT64_MAX);
    return 0;
}

int explore_uv_async_send(uv_async_t *async)
{
    turns_point();
    uv_stop(async->loop); /* the next wait is none */
    turns_wake(async->loop);
    return uv_async_send(async);
}

int explore_uv_run(uv_loop_t *loop, uv_run_mode mode)
{
    turns_point();
    if (mode == UV_RUN_ONCE && loop->stop_flag == 0) {
        turns_wait(loop, (uint64_t)(uintptr_t)loop->data, "somebody to wake it");
    }
    loop->stop_flag = 0;
    return uv_run(loop, mode == UV_RUN_ONCE ? UV_RUN_NOWAIT : mode);
}
