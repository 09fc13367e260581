/* task.c - many small jobs, so many of them at once. */
#include "kit.h"

#include <wattle/task.h>

#define JOBS_MAX 1000u

/* What a task does with its input. */
enum deed { REPLY, REPLY_LATER, REPLY_AND_STOP, REFUSE, CRASH, NEVER };

struct job {
    enum deed deed;
    uint32_t later_ms;
    unsigned results;
    uint64_t place; /* the how-manieth result it was */
    enum wtl_status status;
    struct wtl_reason reason;
    uint64_t number;
};

static struct {
    struct job jobs[JOBS_MAX];
    uint64_t count;
    uint64_t asked;   /* inputs */
    uint64_t results; /* so far */
    uint64_t most_live;
    uint64_t fail_starts;
    uint64_t start_ms; /* how long each start takes */
    uint64_t stops;
    unsigned dones;
    uint64_t done_count;
    struct wtl_pid pool;
    bool refuse_after_ten; /* the caller ends itself in a result */
} run;

/* ---- a task -------------------------------------------------------------------------------- */

struct prober {
    struct wtl_from from;
    uint64_t number;
};

static enum wtl_status prober_init(struct wtl_ctx *x, void *self, const void *settings,
                                   const struct wtl_msg *args)
{
    (void)self;
    (void)settings;
    (void)args;
    uint64_t live = wtl__step_live(&kit.step) - 2; /* without the boss and the pool */
    run.most_live = live > run.most_live ? live : run.most_live;
    if (run.fail_starts > 0) {
        run.fail_starts--;
        return run.fail_starts % 2 == 0 ? WTL_SYSTEM : WTL_IGNORE;
    }
    if (run.start_ms > 0) {
        (void)wtl_after(x, run.start_ms, WTL_TAG("ready"), NULL);
        return WTL_LATER;
    }
    return WTL_OK;
}

static void reply(struct wtl_ctx *x, struct wtl_from from, uint64_t number)
{
    struct wtl_writer body;
    (void)wtl_message_open(x, &body, 16);
    wtl_put_u64(&body, number * 2);
    wtl_reply_to(x, from, &body);
}

static enum wtl_status prober_handle(struct wtl_ctx *x, void *self, const struct wtl_msg *message)
{
    struct prober *prober = self;
    if (wtl_is(message, "ready")) {
        wtl_done(x, WTL_OK);
        return WTL_OK;
    }
    if (wtl_is(message, "later")) {
        reply(x, prober->from, prober->number);
        return WTL_OK;
    }
    cr_assert(wtl_is(message, "probe"));
    cr_assert_eq(prober->from.request, 0, "each gets one");
    struct wtl_reader reader = wtl_read(message);
    prober->number = wtl_get_u64(&reader);
    prober->from = wtl_defer(x, message);
    const struct job *job = &run.jobs[prober->number];
    switch (job->deed) {
    case REPLY:
        reply(x, prober->from, prober->number);
        return WTL_OK;
    case REPLY_LATER:
        (void)wtl_after(x, job->later_ms, WTL_TAG("later"), NULL);
        return WTL_OK;
    case REPLY_AND_STOP:
        reply(x, prober->from, prober->number);
        return WTL_STOP;
    case REFUSE:
        wtl_reply_error(x, message, WTL_NOT_FOUND, NULL);
        return WTL_OK;
    case CRASH:
        return WTL_STORAGE;
    case NEVER:
        return WTL_OK;
    }
    return WTL_OK;
}

static enum wtl_status prober_stop(struct wtl_ctx *x, void *self, struct wtl_reason reason)
{
    (void)x;
    (void)self;
    (void)reason;
    run.stops++;
    return WTL_OK;
}

static WTL_ACTOR(prober, struct prober, .init = prober_init, .handle = prober_handle,
                 .stop = prober_stop);

/* ---- who runs them --------------------------------------------------------------------------- */

static bool next(struct wtl_ctx *x, void *self, uint64_t index, struct wtl_writer *input,
                 void *context)
{
    (void)x;
    (void)self;
    cr_assert_eq(*(uint64_t *)context, 4711, "the copy of the context");
    cr_assert_eq(index, run.asked, "each once, in order");
    wtl_put_u64(input, index);
    if (index == run.count) {
        return false;
    }
    run.asked++;
    return true;
}

static enum wtl_status result(struct wtl_ctx *x, void *self, uint64_t index,
                              const struct wtl_answer *answer, void *context)
{
    (void)x;
    (void)self;
    cr_assert_eq(*(uint64_t *)context, 4711);
    cr_assert_lt(index, run.asked);
    struct job *job = &run.jobs[index];
    job->results++;
    job->place = run.results++;
    job->status = answer->status;
    job->reason = answer->reason;
    if (answer->message.size > 0) {
        struct wtl_reader reader = wtl_read(&answer->message);
        job->number = wtl_get_u64(&reader);
        cr_assert_not(reader.failed);
    }
    return run.refuse_after_ten && run.results == 10 ? WTL_INVALID : WTL_OK;
}

static enum wtl_status done(struct wtl_ctx *x, void *self, uint64_t count, void *context)
{
    (void)x;
    (void)self;
    cr_assert_eq(*(uint64_t *)context, 4711);
    run.dones++;
    run.done_count = count;
    return WTL_OK;
}

static void start(struct wtl_ctx *x, void *argument)
{
    uint64_t context = 4711;
    struct wtl_tasks tasks = *(const struct wtl_tasks *)argument;
    tasks.type = &prober;
    tasks.tag = WTL_TAG("probe");
    tasks.next = next;
    tasks.result = result;
    tasks.done = done;
    tasks.context = &context;
    tasks.context_size = sizeof context;
    run.pool = wtl_tasks_run(x, &tasks);
    context = 0;
    cr_assert_eq(run.asked, 0, "nothing is called back from within");
}

static void begin(const struct wtl_tasks *tasks)
{
    cr_assert_eq(tasks->at_once > 0, true);
    kit_run(start, (void *)(uintptr_t)tasks);
    cr_assert_not(wtl_pid_is_none(run.pool));
}

static void reset(uint64_t count)
{
    memset(&run, 0, sizeof run);
    run.count = count;
}

/* ---- what must hold ---------------------------------------------------------------------------
 */

static void thousand(bool unordered)
{
    static const enum wtl_status statuses[] = {
        [REPLY] = WTL_OK,         [REPLY_LATER] = WTL_OK, [REPLY_AND_STOP] = WTL_OK,
        [REFUSE] = WTL_NOT_FOUND, [CRASH] = WTL_CLOSED,   [NEVER] = WTL_TIMEOUT};
    reset(JOBS_MAX);
    for (uint64_t i = 0; i < JOBS_MAX; i++) {
        run.jobs[i].deed = i % 100 == 57  ? NEVER
                           : i % 50 == 13 ? CRASH
                           : i % 50 == 14 ? REFUSE
                                          : (enum deed)(i % 3);
        run.jobs[i].later_ms = (uint32_t)(1 + i % 7);
    }
    begin(&(struct wtl_tasks){.at_once = 16, .deadline_ms = 20, .unordered = unordered});
    kit_advance(60000);
    cr_assert_eq(run.dones, 1);
    cr_assert_eq(run.done_count, JOBS_MAX);
    cr_assert_eq(run.most_live, 16, "%lu at once", run.most_live);
    uint64_t out_of_order = 0;
    for (uint64_t i = 0; i < JOBS_MAX; i++) {
        const struct job *job = &run.jobs[i];
        cr_assert_eq(job->results, 1);
        cr_assert_eq(job->status, statuses[job->deed], "job %lu: %s", i,
                     wtl_status_word(job->status));
        cr_assert_eq(job->number, job->status == WTL_OK ? i * 2 : 0);
        out_of_order += job->place != i;
    }
    cr_assert_eq(out_of_order > 0, unordered);
    cr_assert_eq(wtl__step_live(&kit.step), 1, "the pool is gone with its work");
}

Test(supervisor, S24_a_thousand_tasks_sixteen_at_once_in_order)
{
    for (uint64_t seed = 1; seed <= 4; kit_close(), seed++) {
        kit_open(seed);
        thousand(false);
    }
}

Test(supervisor, S24_a_thousand_tasks_sixteen_at_once_as_they_come)
{
    for (uint64_t seed = 1; seed <= 4; kit_close(), seed++) {
        kit_open(seed);
        thousand(true);
    }
}

/* A task that is late is killed, without its stop function; the others are stopped in order. */
Test(supervisor, S24_late_tasks_are_killed)
{
    EACH_SEED
    {
        reset(3);
        run.jobs[1].deed = NEVER;
        begin(&(struct wtl_tasks){.at_once = 1, .deadline_ms = 50});
        kit_advance(49);
        cr_assert_eq(run.results, 1);
        cr_assert_eq(run.dones, 0);
        kit_advance(1);
        cr_assert_eq(run.dones, 1);
        cr_assert_eq(run.jobs[1].status, WTL_TIMEOUT);
        cr_assert_eq(run.stops, 3, "two that have replied, and the one that was for nothing");
    }
}

/* In order, the results behind a slow one wait, and so do inputs when there are too many of them.
 */
Test(supervisor, S24_what_waits_for_a_slow_one_is_bounded)
{
    EACH_SEED
    {
        reset(100);
        run.jobs[0] = (struct job){.deed = REPLY_LATER, .later_ms = 1000};
        begin(&(struct wtl_tasks){.at_once = 2});
        kit_advance(999);
        cr_assert_eq(run.results, 0);
        cr_assert_eq(run.asked, 2 * WTL_TASKS_AHEAD, "%lu", run.asked);
        kit_advance(1);
        cr_assert_eq(run.dones, 1);
        cr_assert_eq(run.results, 100);
    }
}

Test(supervisor, S24_tasks_that_cannot_be_started)
{
    EACH_SEED
    {
        reset(10);
        run.fail_starts = 4;
        begin(&(struct wtl_tasks){.at_once = 4});
        kit_settle();
        cr_assert_eq(run.dones, 1);
        cr_assert_eq(run.done_count, 10);
        for (unsigned i = 0; i < 10; i++) {
            enum wtl_status expected = i >= 4 ? WTL_OK : i % 2 == 0 ? WTL_IGNORE : WTL_SYSTEM;
            cr_assert_eq(run.jobs[i].status, expected, "job %u: %s", i,
                         wtl_status_word(run.jobs[i].status));
        }
    }
}

Test(supervisor, S24_no_input_is_a_stream_too)
{
    EACH_SEED
    {
        reset(0);
        begin(&(struct wtl_tasks){.at_once = 4});
        kit_settle();
        cr_assert_eq(run.dones, 1);
        cr_assert_eq(run.done_count, 0);
    }
}

static void cancel(struct wtl_ctx *x, void *argument)
{
    (void)argument;
    wtl_tasks_cancel(x, run.pool);
}

Test(supervisor, S24_cancelled_tasks_are_over)
{
    EACH_SEED
    {
        reset(JOBS_MAX);
        for (unsigned i = 0; i < JOBS_MAX; i++) {
            run.jobs[i] = (struct job){.deed = REPLY_LATER, .later_ms = 10};
        }
        begin(&(struct wtl_tasks){.at_once = 8});
        kit_advance(25);
        cr_assert_eq(run.results, 16);
        kit_run(cancel, NULL);
        kit_settle();
        cr_assert_eq(run.dones, 1);
        cr_assert_eq(run.asked, 24, "no input is asked for any more");
        cr_assert_eq(run.done_count, 24);
        cr_assert_eq(run.jobs[20].status, WTL_CLOSED);
        cr_assert_eq(wtl__step_live(&kit.step), 1);
    }
}

/* What it would have been for is not asked for either. */
Test(supervisor, S24_cancelled_while_a_task_starts)
{
    EACH_SEED
    {
        reset(JOBS_MAX);
        run.start_ms = 10;
        begin(&(struct wtl_tasks){.at_once = 8});
        kit_advance(35);
        cr_assert_eq(run.asked, 3);
        kit_run(cancel, NULL);
        kit_settle();
        cr_assert_eq(run.dones, 1);
        cr_assert_eq(run.asked, 3, "no input is asked for any more");
        cr_assert_eq(run.done_count, 3);
        cr_assert_eq(wtl__step_live(&kit.step), 1);
    }
}

/* ---- with an actor of its own, which ends ------------------------------------------------------
 */

static enum wtl_status runner_init(struct wtl_ctx *x, void *self, const void *settings,
                                   const struct wtl_msg *args)
{
    (void)self;
    (void)settings;
    (void)args;
    wtl_trap_exits(x, true);
    start(x, &(struct wtl_tasks){.at_once = 8});
    return WTL_OK;
}

static enum wtl_status runner_exited(struct wtl_ctx *x, void *self, const struct wtl_exit *exit)
{
    (void)x;
    (void)self;
    (void)exit;
    cr_assert_fail("it hears of ends that are none of its business");
    return WTL_OK;
}

static WTL_ACTOR(runner, char, .init = runner_init, .exited = runner_exited);

Test(supervisor, S24_whoever_runs_them_hears_of_no_ends)
{
    EACH_SEED
    {
        reset(50);
        run.jobs[7].deed = CRASH;
        run.jobs[9].deed = REPLY_AND_STOP;
        struct wtl_pid pid = wtl__spawn(&kit.step.runtime, NULL, &runner, NULL, 0);
        kit_settle();
        cr_assert_eq(run.dones, 1);
        cr_assert_eq(run.done_count, 50);
        kit_kill(pid);
        kit_settle();
    }
}

Test(supervisor, S24_tasks_end_with_whoever_runs_them)
{
    EACH_SEED
    {
        for (int how = 0; how < 2; how++) {
            reset(JOBS_MAX);
            for (unsigned i = 5; i < JOBS_MAX; i++) {
                run.jobs[i] = (struct job){.deed = REPLY_LATER, .later_ms = 5};
            }
            run.refuse_after_ten = how == 1; /* in the middle of what has come too early */
            struct wtl_pid pid = wtl__spawn(&kit.step.runtime, NULL, &runner, NULL, 0);
            kit_advance(4);
            if (how == 0) {
                kit_kill(pid);
            }
            kit_advance(1000);
            cr_assert_eq(wtl__step_live(&kit.step), 1);
            cr_assert_eq(run.dones, 0);
            cr_assert_leq(run.results, 10);
        }
    }
}

static void start_badly(struct wtl_ctx *x, void *argument)
{
    (void)argument;
    struct wtl_tasks good = {.type = &prober, .next = next, .result = result};
    struct wtl_tasks bad[5] = {good, good, good, good, good};
    bad[0].type = NULL;
    bad[1].next = NULL;
    bad[2].result = NULL;
    bad[3].at_once = WTL_TASKS_AT_ONCE_MAX + 1;
    bad[4].context_size = WTL_CONTEXT_MAX + 1;
    for (size_t i = 0; i < WTL_COUNT(bad); i++) {
        cr_assert(wtl_pid_is_none(wtl_tasks_run(x, &bad[i])));
    }
}

Test(supervisor, S24_bad_tasks_are_refused)
{
    kit_open(1);
    kit_run(start_badly, NULL);
    kit_settle();
    cr_assert_not_null(strstr(kit.log, "expected a type, next and result"));
    cr_assert_not_null(strstr(kit.log, "at_once: expected at most"));
    cr_assert_not_null(strstr(kit.log, "context_size: expected at most"));
    kit_close();
}
