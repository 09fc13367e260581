/* step.c - the seeded single-step host. See step.h. */
#include "sched/step.h"

#include <stdlib.h>

/* Messages of one run, at most: small, so that batches end in many places. */
#define STEP_MESSAGES 4u
#define EXPIRE_BATCH  1024u

static struct wtl__step *step_of(struct wtl__runtime *runtime)
{
    return runtime->host_self;
}

static bool reserve(void **array, uint32_t count, uint32_t *capacity, size_t size)
{
    if (count < *capacity) {
        return true;
    }
    uint32_t larger = *capacity == 0 ? 64 : *capacity * 2;
    void *grown = realloc(*array, larger * size);
    if (grown == NULL) {
        return false;
    }
    *array = grown;
    *capacity = larger;
    return true;
}

static void step_ready(struct wtl__runtime *runtime, struct wtl__ctx *x, struct wtl__cell *cell)
{
    struct wtl__step *step = step_of(runtime);
    (void)x;
    bool ok = reserve((void **)&step->ready, step->ready_count, &step->ready_capacity,
                      sizeof *step->ready);
    WTL_ASSERT(ok);
    step->ready[step->ready_count++] = cell;
}

static uint64_t step_now_ns(struct wtl__runtime *runtime)
{
    return step_of(runtime)->now_ns;
}

static void step_alarm_arm(struct wtl__ctx *x, struct wtl__alarm *alarm)
{
    wtl__wheel_add(&step_of(x->runtime)->wheel, &alarm->timer, alarm->deadline_ms);
}

static bool step_alarm_disarm(struct wtl__ctx *x, struct wtl__alarm *alarm)
{
    return wtl__wheel_remove(&step_of(x->runtime)->wheel, &alarm->timer);
}

static enum wtl_status step_fd_watch(struct wtl__ctx *x, struct wtl__watch *watch)
{
    (void)x;
    (void)watch;
    return WTL_UNSUPPORTED;
}

static void step_fd_rearm(struct wtl__ctx *x, struct wtl__watch *watch)
{
    (void)x;
    (void)watch;
}

static bool step_work(struct wtl__ctx *x, struct wtl__work *work)
{
    struct wtl__step *step = step_of(x->runtime);
    if (!reserve((void **)&step->works, step->works_count, &step->works_capacity,
                 sizeof *step->works)) {
        return false;
    }
    step->works[step->works_count++] = work;
    return true;
}

static const struct wtl__host_ops step_ops = {
    .ready = step_ready,
    .now_ns = step_now_ns,
    .soon_ns = step_now_ns,
    .past_ns = step_now_ns,
    .alarm_arm = step_alarm_arm,
    .alarm_disarm = step_alarm_disarm,
    .fd_watch = step_fd_watch,
    .fd_rearm = step_fd_rearm,
    .fd_unwatch = step_fd_rearm,
    .work = step_work,
};

enum wtl_status wtl__step_init(struct wtl__step *step, uint64_t node, uint64_t seed)
{
    memset(step, 0, sizeof *step);
    enum wtl_status status = wtl__runtime_init(&step->runtime, node, 0);
    if (status != WTL_OK) {
        return status;
    }
    step->runtime.host = &step_ops;
    step->runtime.host_self = step;
    step->now_ns = 1000 * WTL__NS_PER_S;
    wtl__prng_init(&step->choice, seed);
    wtl__wheel_init(&step->wheel, step->now_ns / WTL__NS_PER_MS);
    wtl__ctx_init(&step->x, &step->runtime, step, seed ^ UINT64_C(0x5bd1e995));
    return WTL_OK;
}

static void kill_all(struct wtl__step *step)
{
    uint32_t used = atomic_load(&step->runtime.cells.used);
    for (uint32_t slot = 0; slot < used; slot++) {
        struct wtl__cell *cell = wtl__cells_at(&step->runtime.cells, slot);
        uint64_t local = atomic_load(&cell->local);
        struct wtl__envelope *kill = local != 0 ? wtl__envelope_new(WTL__EXIT_SEND) : NULL;
        if (kill != NULL) {
            wtl__set_reason(kill, WTL_REASON(WTL_EXIT_KILL, "kill"));
            struct wtl_pid to = {.node = step->runtime.node, .local = local};
            (void)wtl__deliver(&step->runtime, NULL, to, kill);
        }
    }
}

void wtl__step_deinit(struct wtl__step *step)
{
    while (wtl__step_live(step) > 0) {
        kill_all(step);
        wtl__step_settle(step);
    }
    wtl__step_settle(step);
    WTL_ASSERT(wtl__wheel_is_empty(&step->wheel));
    wtl__runtime_deinit(&step->runtime);
    wtl__ctx_deinit(&step->x);
    free(step->ready);
    free(step->works);
}

static void run_work(struct wtl__step *step, uint32_t index)
{
    struct wtl__work *work = step->works[index];
    step->works[index] = step->works[--step->works_count];
    wtl__work_run(work);
    wtl__work_finish(work, &step->x);
}

bool wtl__step_one(struct wtl__step *step)
{
    uint32_t choices = step->ready_count + step->works_count;
    if (choices == 0) {
        return false;
    }
    uint32_t index = (uint32_t)wtl__prng_below(&step->choice, choices);
    step->steps++;
    if (index >= step->ready_count) {
        run_work(step, index - step->ready_count);
        return true;
    }
    struct wtl__cell *cell = step->ready[index];
    step->ready[index] = step->ready[--step->ready_count];
    step->trace = (step->trace ^ cell->slot) * UINT64_C(0x100000001b3) + step->now_ns;
    unsigned messages = 1 + (unsigned)wtl__prng_below(&step->choice, STEP_MESSAGES);
    if (wtl__run_batch(&step->x, cell, messages) == WTL__RUN_AGAIN) {
        step_ready(&step->runtime, &step->x, cell);
    }
    return true;
}

void wtl__step_settle(struct wtl__step *step)
{
    for (uint32_t i = 0; wtl__step_one(step); i++) {
        WTL_ASSERT(i < WTL__STEP_MANY);
    }
}

/* Fires what is due now. True when something was. */
static bool expire(struct wtl__step *step)
{
    struct wtl__list fired;
    wtl__list_init(&fired);
    (void)wtl__wheel_expire(&step->wheel, step->now_ns / WTL__NS_PER_MS, EXPIRE_BATCH, &fired);
    bool some = false;
    while (!wtl__list_is_empty(&fired)) {
        struct wtl__link *link = wtl__list_take_first(&fired);
        struct wtl__timer *timer = WTL_CONTAINER(link, struct wtl__timer, link);
        wtl__alarm_fire(&step->x, WTL_CONTAINER(timer, struct wtl__alarm, timer));
        some = true;
    }
    return some;
}

uint64_t wtl__step_deadline(const struct wtl__step *step)
{
    return wtl__wheel_next_ms(&step->wheel);
}

bool wtl__step_fire(struct wtl__step *step, uint64_t end_ns)
{
    uint64_t next_ms = wtl__step_deadline(step);
    if (next_ms == WTL__WHEEL_NEVER || next_ms > end_ns / WTL__NS_PER_MS) {
        return false;
    }
    if (next_ms > step->now_ns / WTL__NS_PER_MS) {
        step->now_ns = next_ms * WTL__NS_PER_MS;
    }
    (void)expire(step);
    return true;
}

void wtl__step_advance(struct wtl__step *step, uint64_t ms)
{
    uint64_t end_ns = step->now_ns + ms * WTL__NS_PER_MS;
    wtl__step_settle(step);
    while (wtl__step_fire(step, end_ns)) {
        wtl__step_settle(step);
    }
    step->now_ns = end_ns;
}

uint32_t wtl__step_live(const struct wtl__step *step)
{
    return atomic_load(&step->runtime.cells.live);
}
