/*
 * worker_rank.c - whose turn it is among low, normal and high actors. See worker.h.
 *
 * Each of the three gets on whatever the others do: high ones are picked first, but not more than
 * WTL_HIGH_IN_A_ROW times in a row; each WTL_LOW_EVERY-th pick goes to a low one (OTP: a low
 * process is picked once in eight times, and a high one starves the others).
 */
#include "sched/worker.h"

void wtl__sched_rank(struct wtl__sched *sched, struct wtl__cell *cell, bool high)
{
    /* before the push, so that it is never too low; sequentially consistent, like the push, for the
     * handshake with parking workers */
    atomic_fetch_add(&sched->ranked, 1);
    wtl__inject_push(high ? &sched->high : &sched->low, &cell->ready);
    wtl__sched_wake_one(sched);
}

static struct wtl__cell *take(struct wtl__sched *sched, struct wtl__inject *queue)
{
    struct wtl__fifo taken = {0};
    if (wtl__inject_count(queue) == 0 || wtl__inject_take(queue, 1, &taken) == 0) {
        return NULL;
    }
    atomic_fetch_sub(&sched->ranked, 1);
    return WTL_CONTAINER(wtl__fifo_take(&taken), struct wtl__cell, ready);
}

static struct wtl__cell *take_low(struct wtl__worker *worker)
{
    struct wtl__cell *cell = take(worker->sched, &worker->sched->low);
    if (cell != NULL) {
        worker->since_low = 0;
    }
    return cell;
}

struct wtl__cell *wtl__worker_ranked(struct wtl__worker *worker)
{
    struct wtl__cell *cell = NULL;
    if (wtl__inject_count(&worker->sched->low) > 0 && ++worker->since_low >= WTL_LOW_EVERY) {
        cell = take_low(worker);
    }
    if (cell == NULL && worker->high_in_a_row < WTL_HIGH_IN_A_ROW) {
        cell = take(worker->sched, &worker->sched->high);
        worker->high_in_a_row += cell != NULL;
    } else {
        worker->high_in_a_row = 0;
    }
    return cell;
}

struct wtl__cell *wtl__worker_any_ranked(struct wtl__worker *worker)
{
    struct wtl__cell *cell = take(worker->sched, &worker->sched->high);
    return cell != NULL ? cell : take_low(worker);
}
