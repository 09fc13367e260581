/*
 * worker_lead.c - a worker that polls: parked in the poller while it is idle, and for a look at
 * times while it is not. See poller.h.
 */
#include "sched/worker.h"

#include "base/clock.h"

static const struct wtl__poller *poller_of(const struct wtl__worker *worker)
{
    /* acquire pairs with the release of wtl__runtime_poll_with */
    return atomic_load_explicit(&worker->sched->poller, memory_order_acquire);
}

bool wtl__worker_lead(struct wtl__worker *worker)
{
    const struct wtl__poller *poller = poller_of(worker);
    /* what this worker's own loop waits for is not seen from another one */
    if (poller == NULL || worker->leads || worker->handles > 0) {
        return worker->leads;
    }
    worker->leads = poller->take(poller->self, &worker->x);
    return worker->leads;
}

void wtl__worker_follow(struct wtl__worker *worker)
{
    if (worker->leads) {
        const struct wtl__poller *poller = poller_of(worker);
        worker->leads = false;
        poller->give(poller->self);
    }
}

void wtl__worker_want(struct wtl__worker *worker)
{
    const struct wtl__poller *poller = poller_of(worker);
    if (poller != NULL && worker->handles == 0) {
        poller->want(poller->self);
    }
}

bool wtl__worker_turn(struct wtl__worker *worker)
{
    const struct wtl__poller *poller = poller_of(worker);
    return poller->turn(poller->self);
}

void wtl__worker_poll(struct wtl__worker *worker, uint64_t max_ms)
{
    const struct wtl__poller *poller = poller_of(worker);
    if (!poller->wait(poller->self, max_ms)) {
        wtl__worker_follow(worker);
    }
}

void wtl__worker_peek(struct wtl__worker *worker)
{
    if (!worker->leads && wtl__worker_lead(worker)) {
        (void)wtl__worker_turn(worker);
        wtl__worker_poll(worker, 0);
        wtl__worker_follow(worker);
    }
}

void wtl__worker_leave(struct wtl__worker *worker)
{
    const struct wtl__poller *poller = poller_of(worker);
    wtl__worker_follow(worker);
    if (poller != NULL) {
        poller->leave(poller->self);
    }
}

void wtl__sched_end_wait(struct wtl__sched *sched)
{
    const struct wtl__poller *poller = atomic_load_explicit(&sched->poller, memory_order_acquire);
    poller->wake(poller->self);
}
