/*
 * upgrade_no_memory.c - X075, X096: the n-th allocation fails, once or for ever, for each n, while
 * actors go over to another version and back, some of which wait for an answer that keeps them.
 *
 * What must hold, whichever failed: each upgrade ends once, all actors run one version with what
 * they had counted, the next upgrade with memory goes well, and nothing leaks.
 */
#include <criterion/criterion.h>

#include <wattle/wattle.h>

#include "actor/upgrade.h"
#include "base/log.h"
#include "base/pool.h"
#include "sched/step.h"
#include "wrap.h"

enum { ACTORS = 3, SWEEP_MAX = 20000 };

static struct wtl__step step;
static struct wtl_pid upgrader;
static struct wtl_pid pids[ACTORS];
static struct wtl_pid answerer;

static void no_line(void *state, const char *line, size_t length)
{
    (void)state;
    (void)line;
    (void)length;
}

/* ---- both versions -----------------------------------------------------------------------------
 */

struct counter {
    uint64_t *count; /* in a block */
    uint64_t answers;
    const struct wtl_msg *kept;
};

static enum wtl_status init(struct wtl_ctx *x, void *self, const void *settings,
                            const struct wtl_msg *args)
{
    struct counter *counter = self;
    (void)settings;
    (void)args;
    counter->count = wtl_alloc(x, sizeof *counter->count);
    return counter->count != NULL ? WTL_OK : WTL_NO_MEMORY;
}

static enum wtl_status on_unlisted(struct wtl_ctx *x, void *self, const struct wtl_answer *answer,
                                   void *context)
{
    struct counter *counter = self;
    (void)x;
    (void)answer;
    (void)context;
    counter->answers++;
    return WTL_OK;
}

static enum wtl_status handle(struct wtl_ctx *x, void *self, const struct wtl_msg *message)
{
    struct counter *counter = self;
    ++*counter->count;
    if (wtl_is(message, "ask")) {
        (void)wtl_call(x, answerer, WTL_TAG("q"), NULL,
                       &(struct wtl_call_options){.on_answer = on_unlisted});
        counter->kept = wtl_keep(x, message);
    }
    return WTL_OK;
}

static enum wtl_status save(struct wtl_ctx *x, const void *self, struct wtl_writer *saved)
{
    const struct counter *counter = self;
    wtl_put_u64(saved, *counter->count);
    wtl_free(x, counter->count);
    wtl_release(x, counter->kept);
    return WTL_OK;
}

static enum wtl_status upgrade(struct wtl_ctx *x, void *self, const void *settings,
                               const struct wtl_saved *saved)
{
    struct counter *counter = self;
    struct wtl_reader reader = wtl_read(&saved->message);
    enum wtl_status status = init(x, self, settings, NULL);
    if (status == WTL_OK) {
        *counter->count = wtl_get_u64(&reader) - 1; /* what wtl_continue brings is counted */
        wtl_continue(x, WTL_TAG("upgraded"), NULL);
    }
    return status;
}

struct counter_settings {
    const char *word;
};

static const struct wtl_field fields[] = {
    WTL_FIELD(struct counter_settings, word, STR, "a word", NULL, "what it says"), {0}};

#define COUNTER                                                                                    \
    .init = init, .handle = handle, .save = save, .upgrade = upgrade, .fields = fields,            \
    .settings_size = sizeof(struct counter_settings)

static WTL_ACTOR(counter_1, struct counter, COUNTER, .state_vsn = 1);
static WTL_ACTOR(counter_2, struct counter, COUNTER, .state_vsn = 2);

/* Answers a while later, so that who asks is asked again, and others are let go meanwhile. */
static enum wtl_status slow_handle(struct wtl_ctx *x, void *self, const struct wtl_msg *message)
{
    const struct wtl_msg **kept = self;
    if (message->request != 0) {
        *kept = wtl_keep(x, message);
        if (*kept == NULL || wtl_after(x, 80, WTL_TAG("now"), NULL) == 0) {
            wtl_reply(x, message, NULL);
        }
    } else if (*kept != NULL) {
        wtl_reply(x, *kept, NULL);
        wtl_release(x, *kept);
        *kept = NULL;
    }
    return WTL_OK;
}

static WTL_ACTOR(slow, const struct wtl_msg *, .handle = slow_handle);

/* ---- upgrades ----------------------------------------------------------------------------------
 */

struct order {
    struct wtl__upgrade upgrade;
    struct wtl__version_pair pair;
    unsigned done;
    unsigned freed;
};

static void done(struct wtl__upgrade *upgrade, struct wtl__ctx *x)
{
    (void)x;
    WTL_CONTAINER(upgrade, struct order, upgrade)->done++;
}

static void freed(struct wtl__upgrade *upgrade)
{
    WTL_CONTAINER(upgrade, struct order, upgrade)->freed++;
}

static void begin(struct order *order, const struct wtl_actor *from, const struct wtl_actor *to)
{
    *order = (struct order){.upgrade = {.pairs = &order->pair,
                                        .pairs_count = 1,
                                        .from = "1.0.0",
                                        .to = "2.0.0",
                                        .within_ms = 1000,
                                        .done = done,
                                        .free = freed},
                            .pair = {.from = from, .to = to}};
    wtl__upgrade_begin(&step.runtime, NULL, upgrader, &order->upgrade);
}

static struct wtl__cell *cell_of(struct wtl_pid pid)
{
    return wtl__cells_find(&step.runtime.cells, pid.local);
}

static void tell(struct wtl_pid to, struct wtl_tag tag)
{
    struct wtl__envelope *envelope = wtl__envelope_new(WTL__MESSAGE);
    envelope->msg.tag = tag;
    (void)wtl__deliver(&step.runtime, NULL, to, envelope);
}

static void expect_all_run(const struct wtl_actor *type, uint64_t n)
{
    for (unsigned i = 0; i < ACTORS; i++) {
        const struct wtl__cell *cell = cell_of(pids[i]);
        cr_assert_not_null(cell, "%lu: actor %u has ended", (unsigned long)n, i);
        cr_assert_eq(cell->type, type, "%lu: actor %u runs another version", (unsigned long)n, i);
        cr_assert_eq(cell->flags & WTL__CELL_UPGRADING, 0, "%lu: it is held", (unsigned long)n);
        cr_assert_eq(*((const struct counter *)cell->state)->count, i == 0 ? 3 : 2);
    }
}

/* Plays it with a failure at `n`; returns how many allocations there were. */
static uint64_t play(uint64_t n, bool for_ever)
{
    struct order first;
    struct order second;
    wtl__pool_leave();
    int64_t before = wrap_blocks();
    cr_assert_eq(wtl__step_init(&step, 1, 1), WTL_OK);
    upgrader = wtl__upgrader_spawn(&step.runtime);
    answerer = wtl__spawn(&step.runtime, NULL, &slow, NULL, 0);
    for (unsigned i = 0; i < ACTORS; i++) {
        pids[i] = wtl__spawn(&step.runtime, NULL, &counter_1, NULL, 0);
        tell(pids[i], WTL_TAG("n"));
    }
    tell(pids[0], WTL_TAG("ask"));
    wtl__step_settle(&step); /* its tables are made by now */
    for (unsigned i = 0; i < ACTORS; i++) {
        tell(pids[i], WTL_TAG("n"));
    }
    wrap_fail_at(n, for_ever);
    begin(&first, &counter_1, &counter_2);
    wtl__step_advance(&step, 2000);
    uint64_t calls = wrap_stop();
    enum wtl_status status = first.upgrade.error.status;
    cr_assert_eq(first.done, 1, "%lu: it ends %u times", (unsigned long)n, first.done);
    cr_assert_eq(first.freed, 1, "%lu: it is kept", (unsigned long)n);
    cr_assert(status == WTL_OK || status == WTL_NO_MEMORY || status == WTL_TOO_LARGE ||
                  status == WTL_TIMEOUT || status == WTL_DENIED,
              "%lu: %s", (unsigned long)n, first.upgrade.error.text);
    const struct wtl_actor *now = status == WTL_OK ? &counter_2 : &counter_1;
    expect_all_run(now, n);
    tell(pids[0], WTL_TAG("ask")); /* it is kept again, and the others wait for it */
    wtl__step_settle(&step);
    *((struct counter *)cell_of(pids[0])->state)->count -= 1;
    begin(&second, now, now == &counter_1 ? &counter_2 : &counter_1);
    wtl__step_advance(&step, 2000);
    cr_assert_eq(second.upgrade.error.status, WTL_OK, "%lu: the next one: %s", (unsigned long)n,
                 second.upgrade.error.text);
    expect_all_run(second.pair.to, n);
    wtl__step_deinit(&step);
    cr_assert_eq(wrap_blocks(), before, "%lu: %ld blocks are left", (unsigned long)n,
                 (long)(wrap_blocks() - before));
    return calls;
}

static void sweep(bool for_ever)
{
    wtl__log_set_sink(wtl__log_process(), no_line, NULL);
    uint64_t calls = play(0, false);
    cr_assert_gt(calls, WTL_SANITIZED ? 30u : 0u);
    uint64_t n = 1;
    while (play(n, for_ever) >= n) {
        cr_assert_lt(++n, SWEEP_MAX);
    }
    cr_log_info("%lu allocations", (unsigned long)n);
}

Test(no_memory, X075_X096_an_upgrade_without_memory_once)
{
    sweep(false);
}

Test(no_memory, X075_X096_an_upgrade_without_memory_from_then_on)
{
    sweep(true);
}
