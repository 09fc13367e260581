/* worker.c - the life of a worker: find an actor, run it, look around. See worker.h. */
#include "sched/worker.h"

#include "base/clock.h"
#include "base/pool.h"
#include "sched/worker_loop.h"

static uint64_t now_ns(void)
{
    return wtl__clock_now_ns(wtl__clock_system());
}

static struct wtl__cell *cell_of_link(struct wtl__fifo_link *link)
{
    return WTL_CONTAINER(link, struct wtl__cell, ready);
}

/* Queues behind the others; a full ring sheds half to the global queue. */
static void push_local(struct wtl__worker *worker, struct wtl__cell *cell)
{
    while (WTL_UNLIKELY(!wtl__runq_push_wake(&worker->queue, cell))) {
        void *shed[WTL__RUNQ_HALF];
        struct wtl__fifo fifo = {0};
        uint32_t count = wtl__runq_shed(&worker->queue, shed);
        for (uint32_t i = 0; i < count; i++) {
            wtl__fifo_push(&fifo, &((struct wtl__cell *)shed[i])->ready);
        }
        if (count > 0) {
            wtl__inject_push_all(&worker->sched->inject, &fifo);
        }
    }
    if (wtl__runq_count(&worker->queue) >= WTL__CROWD) {
        wtl__sched_wake_one(worker->sched);
    }
}

/* One that must run on that worker, or that is low or high. */
static void ready_elsewhere(struct wtl__sched *sched, struct wtl__cell *cell, int32_t pin)
{
    if (pin >= 0) {
        wtl__inject_push(&sched->workers[pin].pinned, &cell->ready);
        wtl__worker_wake(&sched->workers[pin]);
    } else {
        wtl__sched_rank(sched, cell, pin == WTL__RUN_HIGH);
    }
}

static void ready(struct wtl__runtime *runtime, struct wtl__ctx *x, struct wtl__cell *cell)
{
    struct wtl__sched *sched = runtime->host_self;
    struct wtl__worker *here = x != NULL && x->runtime == runtime ? x->worker : NULL;
    int32_t pin = atomic_load_explicit(&cell->worker, memory_order_relaxed);
    if (WTL_UNLIKELY(pin != WTL__RUN_ANYWHERE)) {
        ready_elsewhere(sched, cell, pin);
        return;
    }
    if (WTL_UNLIKELY(here == NULL)) {
        wtl__inject_push(&sched->inject, &cell->ready);
        wtl__sched_wake_one(sched);
        return;
    }
    struct wtl__cell *before = NULL;
    if (WTL_LIKELY(atomic_load_explicit(&here->next, memory_order_relaxed) == NULL)) {
        /* an empty slot is nobody else's to write. Release pairs with the acquire of a thief: it
         * sees the cell as this thread left it. */
        atomic_store_explicit(&here->next, cell, memory_order_release);
    } else {
        before = atomic_exchange_explicit(&here->next, cell, memory_order_acq_rel);
    }
    if (before != NULL) {
        push_local(here, before);
    }
    if (WTL_UNLIKELY(here->is_unwatched)) {
        here->is_unwatched = false;
        wtl__sched_wake_one(sched);
    }
}

static struct wtl__cell *take_inject(struct wtl__worker *worker, struct wtl__inject *inject,
                                     uint32_t max)
{
    if (wtl__inject_count(inject) == 0) {
        return NULL;
    }
    struct wtl__fifo taken = {0};
    uint32_t count = wtl__inject_take(inject, max, &taken);
    if (count == 0) {
        return NULL;
    }
    struct wtl__cell *first = cell_of_link(wtl__fifo_take(&taken));
    while (!wtl__fifo_is_empty(&taken)) {
        push_local(worker, cell_of_link(wtl__fifo_take(&taken)));
    }
    return first;
}

/* Has `what` waited at another worker, with no progress (`head`) there, for long enough? */
static bool is_stale(struct wtl__suspect *suspect, const void *what, uint64_t head)
{
    uint64_t now = now_ns();
    if (what != suspect->what || head != suspect->head) {
        *suspect = (struct wtl__suspect){.what = what, .head = head, .since_ns = now};
        return false;
    }
    return now - suspect->since_ns >= WTL__STALE_NS;
}

/* Takes from a worker that has a crowd, or that makes no progress with the one that waits. */
static struct wtl__cell *steal_from(struct wtl__worker *thief, struct wtl__worker *victim)
{
    struct wtl__suspect *suspect = &thief->suspects[victim->index];
    uint32_t count = wtl__runq_count(&victim->queue);
    if (count >= WTL__CROWD ||
        (count > 0 && is_stale(suspect, &victim->queue, wtl__runq_head(&victim->queue)))) {
        return wtl__runq_steal(&thief->queue, &victim->queue);
    }
    struct wtl__cell *seen = atomic_load_explicit(&victim->next, memory_order_relaxed);
    if (count > 0 || seen == NULL || !is_stale(suspect, seen, 0)) {
        return NULL;
    }
    /* acquire pairs with the release of ready() */
    return atomic_compare_exchange_strong_explicit(&victim->next, &seen, NULL, memory_order_acquire,
                                                   memory_order_relaxed)
               ? seen
               : NULL;
}

static struct wtl__cell *steal(struct wtl__worker *worker)
{
    struct wtl__sched *sched = worker->sched;
    unsigned start = (unsigned)wtl__prng_below(&worker->x.prng, sched->workers_count);
    for (unsigned i = 0; i < sched->workers_count; i++) {
        struct wtl__worker *victim = &sched->workers[(start + i) % sched->workers_count];
        if (victim == worker) {
            continue;
        }
        struct wtl__cell *cell = steal_from(worker, victim);
        if (cell != NULL) {
            return cell;
        }
    }
    return NULL;
}

/* The worker's own actors: next slot first, three times in a row at most while others wait. */
static struct wtl__cell *find_own(struct wtl__worker *worker)
{
    if (WTL_UNLIKELY(atomic_load_explicit(&worker->sched->ranked, memory_order_relaxed) != 0)) {
        struct wtl__cell *ranked = wtl__worker_ranked(worker);
        if (ranked != NULL) {
            return ranked;
        }
    }
    if (worker->in_a_row < WTL__NEXT_IN_A_ROW) {
        if (atomic_load_explicit(&worker->next, memory_order_relaxed) != NULL) {
            struct wtl__cell *next =
                atomic_exchange_explicit(&worker->next, NULL, memory_order_acquire);
            if (next != NULL) {
                worker->in_a_row++;
                return next;
            }
        }
    }
    worker->in_a_row = 0;
    /* Who must run here runs nowhere else, so it is not left to a moment when the queue is empty.
     */
    bool pinned_first = worker->batches % 2 == 0;
    struct wtl__cell *cell = pinned_first ? take_inject(worker, &worker->pinned, 1) : NULL;
    if (cell == NULL) {
        cell = wtl__runq_pop(&worker->queue);
    }
    if (cell == NULL && !pinned_first) {
        cell = take_inject(worker, &worker->pinned, 1);
    }
    if (cell == NULL && atomic_load_explicit(&worker->next, memory_order_relaxed) != NULL) {
        cell = atomic_exchange_explicit(&worker->next, NULL, memory_order_acquire);
    }
    return cell;
}

struct wtl__cell *wtl__worker_find(struct wtl__worker *worker)
{
    struct wtl__cell *cell = find_own(worker);
    if (cell == NULL) {
        cell = take_inject(worker, &worker->sched->inject, WTL__RUNQ_HALF);
    }
    if (cell == NULL) {
        cell = steal(worker);
    }
    return cell != NULL ? cell : wtl__worker_any_ranked(worker);
}

/* Looks for work for a short while; one worker at most does. */
static struct wtl__cell *spin(struct wtl__worker *worker)
{
    struct wtl__sched *sched = worker->sched;
    unsigned none = 0;
    if (!sched->spins || !atomic_compare_exchange_strong(&sched->spinning, &none, 1)) {
        return NULL;
    }
    struct wtl__cell *cell = NULL;
    uint64_t end = now_ns() + WTL__SPIN_NS;
    do {
        for (unsigned i = 0; i < 16 && cell == NULL; i++) {
            cell = wtl__worker_find(worker);
            wtl__relax();
        }
    } while (cell == NULL && now_ns() < end &&
             !atomic_load_explicit(&sched->stopping, memory_order_relaxed));
    atomic_store(&sched->spinning, 0);
    if (cell != NULL && wtl__sched_has_crowd(sched)) {
        /* pushers that saw this one look woke nobody: somebody else looks from now on */
        wtl__sched_wake_one(sched);
    }
    return cell;
}

static void run(struct wtl__worker *worker, struct wtl__cell *cell)
{
    enum wtl__run result = wtl__run_batch(&worker->x, cell, WTL__BATCH_MESSAGES);
    worker->batches++;
    if (result == WTL__RUN_AGAIN) {
        if (WTL_UNLIKELY(atomic_load_explicit(&cell->worker, memory_order_relaxed) !=
                         WTL__RUN_ANYWHERE)) {
            ready(&worker->sched->runtime, &worker->x, cell);
        } else {
            push_local(worker, cell);
        }
        worker->batches += WTL__BATCHES_PER_LOOK / 4; /* that was a long one */
    }
    if (worker->batches >= WTL__BATCHES_PER_LOOK) {
        worker->batches = 0;
        wtl__worker_look(worker);
    }
}

void *wtl__worker_main(void *argument)
{
    struct wtl__worker *worker = argument;
    struct wtl__sched *sched = worker->sched;
    while (!atomic_load_explicit(&sched->stopping, memory_order_acquire)) {
        struct wtl__cell *cell = wtl__worker_find(worker);
        if (cell == NULL) {
            wtl__worker_look(worker);
            cell = wtl__worker_lead(worker) ? NULL : spin(worker);
        }
        if (cell != NULL) {
            wtl__worker_follow(worker);
            if (WTL_UNLIKELY(worker->has_watched)) {
                worker->has_watched = false;
                wtl__sched_wake_one(sched);
            }
            run(worker, cell);
        } else {
            wtl__worker_park(worker);
        }
    }
    wtl__worker_leave(worker);
    wtl__ctx_deinit(&worker->x);
    return NULL;
}

static uint64_t host_now_ns(struct wtl__runtime *runtime)
{
    (void)runtime;
    return now_ns();
}

static uint64_t host_soon_ns(struct wtl__runtime *runtime)
{
    (void)runtime;
    return wtl__clock_soon_ns();
}

static uint64_t host_past_ns(struct wtl__runtime *runtime)
{
    (void)runtime;
    return wtl__clock_past_ns();
}

const struct wtl__host_ops wtl__worker_ops = {
    .ready = ready,
    .now_ns = host_now_ns,
    .soon_ns = host_soon_ns,
    .past_ns = host_past_ns,
    .alarm_arm = wtl__worker_alarm_arm,
    .alarm_disarm = wtl__worker_alarm_disarm,
    .fd_watch = wtl__worker_fd_watch,
    .fd_rearm = wtl__worker_fd_rearm,
    .fd_unwatch = wtl__worker_fd_unwatch,
    .work = wtl__worker_work,
};
