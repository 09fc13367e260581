/* worker_loop.c - a worker's wheel, loop and work pool. See worker_loop.h. */
#include "sched/worker_loop.h"

#include <stdlib.h>

#include "base/clock.h"
#include "base/pool.h"

/* ---- the wheel ---------------------------------------------------------------------------- */

void wtl__worker_alarm_arm(struct wtl__ctx *x, struct wtl__alarm *alarm)
{
    struct wtl__worker *worker = x->worker;
    alarm->wheel = worker;
    (void)pthread_mutex_lock(&worker->wheel_lock);
    wtl__wheel_add(&worker->wheel, &alarm->timer, alarm->deadline_ms);
    if (alarm->deadline_ms < atomic_load_explicit(&worker->wheel_next_ms, memory_order_relaxed)) {
        atomic_store_explicit(&worker->wheel_next_ms, alarm->deadline_ms, memory_order_relaxed);
    }
    (void)pthread_mutex_unlock(&worker->wheel_lock);
}

bool wtl__worker_alarm_disarm(struct wtl__ctx *x, struct wtl__alarm *alarm)
{
    (void)x;
    struct wtl__worker *worker = alarm->wheel;
    (void)pthread_mutex_lock(&worker->wheel_lock);
    bool was_armed = wtl__wheel_remove(&worker->wheel, &alarm->timer);
    (void)pthread_mutex_unlock(&worker->wheel_lock);
    return was_armed;
}

/* Takes due alarms of a worker's wheel one by one: an alarm that was taken can no longer be
 * disarmed, and its owner learns of it by its signal alone. `x` is that of the thread. */
static void expire(struct wtl__ctx *x, struct wtl__worker *worker, uint64_t now_ms)
{
    struct wtl__list due;
    wtl__list_init(&due);
    (void)pthread_mutex_lock(&worker->wheel_lock);
    (void)wtl__wheel_expire(&worker->wheel, now_ms, WTL__EXPIRE_BATCH, &due);
    atomic_store_explicit(&worker->wheel_next_ms, wtl__wheel_next_ms(&worker->wheel),
                          memory_order_relaxed);
    while (!wtl__list_is_empty(&due)) {
        struct wtl__link *link = wtl__list_take_first(&due);
        (void)pthread_mutex_unlock(&worker->wheel_lock);
        struct wtl__timer *timer = WTL_CONTAINER(link, struct wtl__timer, link);
        wtl__alarm_fire(x, WTL_CONTAINER(timer, struct wtl__alarm, timer));
        (void)pthread_mutex_lock(&worker->wheel_lock);
    }
    (void)pthread_mutex_unlock(&worker->wheel_lock);
}

void wtl__worker_fire_late(struct wtl__worker *worker)
{
    struct wtl__sched *sched = worker->sched;
    uint64_t now_ms = wtl__clock_now_ns(wtl__clock_system()) / WTL__NS_PER_MS;
    for (unsigned i = 0; i < sched->workers_count; i++) {
        struct wtl__worker *other = &sched->workers[i];
        uint64_t next_ms = atomic_load_explicit(&other->wheel_next_ms, memory_order_relaxed);
        if (other != worker && next_ms < now_ms && now_ms - next_ms >= WTL__LATE_MS) {
            expire(&worker->x, other, now_ms);
        }
    }
}

void wtl__worker_look(struct wtl__worker *worker)
{
    uint64_t now_ns = wtl__clock_now_ns(wtl__clock_system());
    uint64_t now_ms = now_ns / WTL__NS_PER_MS;
    if (atomic_load_explicit(&worker->wheel_next_ms, memory_order_relaxed) <= now_ms) {
        expire(&worker->x, worker, now_ms);
    }
    if (now_ns - worker->polled_ns >= WTL__POLL_NS) {
        worker->polled_ns = now_ns;
        wtl__worker_fire_late(worker);
        wtl__worker_peek(worker);
        if (worker->handles > 0) {
            (void)uv_run(&worker->loop, UV_RUN_NOWAIT);
        }
    }
    /* actors from outside have their turn although this worker is never idle */
    struct wtl__fifo taken = {0};
    if (wtl__inject_count(&worker->sched->inject) > 0 &&
        wtl__inject_take(&worker->sched->inject, 4, &taken) > 0) {
        while (!wtl__fifo_is_empty(&taken)) {
            struct wtl__cell *cell = WTL_CONTAINER(wtl__fifo_take(&taken), struct wtl__cell, ready);
            wtl__worker_ops.ready(&worker->sched->runtime, &worker->x, cell);
        }
    }
}

/* ---- readiness ---------------------------------------------------------------------------- */

struct poll {
    uv_poll_t handle;
    struct wtl__watch *watch;
    struct wtl__worker *worker;
};

static void on_poll(uv_poll_t *handle, int status, int events)
{
    struct poll *poll = handle->data;
    struct wtl__watch *watch = poll->watch;
    (void)uv_poll_stop(handle);
    watch->ready = status < 0 ? watch->events
                              : ((events & UV_READABLE) != 0 ? WTL_FD_READ : 0u) |
                                    ((events & UV_WRITABLE) != 0 ? WTL_FD_WRITE : 0u);
    watch->told = true;
    struct wtl_pid owner = {.node = watch->runtime->node, .local = watch->owner};
    (void)wtl__deliver(watch->runtime, &poll->worker->x, owner, &watch->signal);
}

static int uv_events(const struct wtl__watch *watch)
{
    return ((watch->events & WTL_FD_READ) != 0 ? UV_READABLE : 0) |
           ((watch->events & WTL_FD_WRITE) != 0 ? UV_WRITABLE : 0);
}

/* What the system has not enough of, or what cannot be watched. */
static enum wtl_status refusal(int code)
{
    switch (code) {
    case UV_EBADF:
    case UV_EEXIST:
    case UV_EINVAL:
    case UV_ENOTSUP:
    case UV_ENOTTY:
    case UV_EPERM: /* a file */
        return WTL_INVALID;
    default:
        return WTL_NO_MEMORY;
    }
}

enum wtl_status wtl__worker_fd_watch(struct wtl__ctx *x, struct wtl__watch *watch)
{
    struct wtl__worker *worker = x->worker;
    struct poll *poll = calloc(1, sizeof *poll);
    if (poll == NULL) {
        return WTL_NO_MEMORY;
    }
    int failed = uv_poll_init(&worker->loop, &poll->handle, watch->fd);
    if (failed != 0) {
        free(poll);
        return refusal(failed);
    }
    poll->handle.data = poll;
    poll->watch = watch;
    poll->worker = worker;
    watch->host = poll;
    worker->handles++;
    atomic_store_explicit(&x->cell->worker, (int32_t)worker->index, memory_order_relaxed);
    (void)uv_poll_start(&poll->handle, uv_events(watch), on_poll);
    return WTL_OK;
}

void wtl__worker_fd_rearm(struct wtl__ctx *x, struct wtl__watch *watch)
{
    (void)x;
    struct poll *poll = watch->host;
    watch->told = false;
    (void)uv_poll_start(&poll->handle, uv_events(watch), on_poll);
}

static void on_poll_closed(uv_handle_t *handle)
{
    free(handle->data);
}

/* Called when the watch is dead: once at its end, and once more when a signal that was under way
 * then has come. */
void wtl__worker_fd_unwatch(struct wtl__ctx *x, struct wtl__watch *watch)
{
    struct poll *poll = watch->host;
    if (poll != NULL) {
        watch->host = NULL;
        poll->worker->handles--;
        uv_close((uv_handle_t *)&poll->handle, on_poll_closed);
    }
    (void)x;
    if (!watch->told) {
        wtl__pool_give(watch);
    }
}

/* ---- work --------------------------------------------------------------------------------- */

struct job {
    uv_work_t request;
    struct wtl__work *work;
    struct wtl__worker *worker;
};

static void job_run(uv_work_t *request)
{
    wtl__work_run(WTL_CONTAINER(request, struct job, request)->work);
}

static void job_done(uv_work_t *request, int status)
{
    struct job *job = WTL_CONTAINER(request, struct job, request);
    (void)status; /* nothing cancels work */
    job->worker->handles--;
    wtl__work_finish(job->work, &job->worker->x);
    free(job);
}

bool wtl__worker_work(struct wtl__ctx *x, struct wtl__work *work)
{
    struct job *job = calloc(1, sizeof *job);
    if (job == NULL) {
        return false;
    }
    job->work = work;
    job->worker = x->worker;
    if (uv_queue_work(&job->worker->loop, &job->request, job_run, job_done) != 0) {
        free(job);
        return false;
    }
    job->worker->handles++;
    return true;
}
