/* world.c - begin and end of a world, and its running. See world.h. */
#include "testkit/world.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/pool.h"
#include "module/guard.h"

/* How long actors may take to stop at the end, in virtual time. */
#define STOP_MS 10000u

/* One at a time: the log of the process has one place to go. */
static struct wtl_test *the_world;

void *wtl__test_alloc(struct wtl_test *t, size_t size)
{
    struct wtl__test_block *block = calloc(1, sizeof *block + size);
    WTL_ASSERT(block != NULL);
    block->next = t->blocks;
    t->blocks = block;
    return block->bytes;
}

/* ---- begin ----------------------------------------------------------------------------------- */

static uint64_t seed_of(uint64_t seed)
{
    const char *given = getenv("WTL_TEST_SEED");
    uint64_t own = given != NULL ? strtoull(given, NULL, 10) : 0;
    return own != 0 ? own : seed != 0 ? seed : 1;
}

/* Between two runs the test is an actor that runs. */
static void step_in(struct wtl_test *t)
{
    t->step.x.cell = wtl__cells_find(&t->step.runtime.cells, t->self.local);
}

static void step_out(struct wtl_test *t)
{
    struct wtl__cell *self = wtl__cells_find(&t->step.runtime.cells, t->self.local);
    wtl__drafts_forget(&t->step.x.drafts); /* the test's, not of the actor that runs next */
    t->step.x.cell = NULL;
    t->step.x.overdraft = 0;
    t->step.x.blocked_on = WTL_PID_NONE;
    if (self != NULL && self->fifo != NULL) { /* answers that came at once: somebody must run it */
        struct wtl__envelope *poke = wtl__envelope_new(WTL__LOCAL);
        WTL_ASSERT(poke != NULL);
        poke->msg.tag = WTL_TAG("$poke");
        (void)wtl__deliver(&t->step.runtime, NULL, t->self, poke);
    }
}

struct wtl_test *wtl__test_create(uint64_t seed, void *user)
{
    struct wtl_error error = {0};
    bool is_guarded = false;
    WTL_ASSERT(the_world == NULL); /* one at a time */
    struct wtl_test *t = calloc(1, sizeof *t);
    WTL_ASSERT(t != NULL);
    the_world = t;
    t->seed = seed_of(seed);
    t->user = user;
    t->letters_end = &t->letters;
    t->names = wtl__test_alloc(t, WTL__TEST_NAMES_MAX * sizeof *t->names);
    t->used_bytes = wtl__pool_stats().used_bytes;
    enum wtl_status status = wtl__step_init(&t->step, 1, t->seed);
    WTL_ASSERT(status == WTL_OK);
    t->begin_ns = t->step.now_ns;
    t->step.runtime.port = &wtl__test_port;
    t->step.runtime.port_self = t;
    wtl__test_log_begin(t);
    wtl__test_modules_begin();
    status = wtl__guard_attach(&t->step.runtime, WTL__GUARD_AUTO, &is_guarded, &error);
    WTL_ASSERT(status == WTL_OK);
    wtl__test_watch(t);
    t->self = wtl__test_spawn_own(t, &wtl__test_own, NULL);
    (void)wtl__test_settle(t);
    bool fail_ok = wtl__test_allocations_of(t);
    WTL_ASSERT(fail_ok); /* link with what wattle::testkit, or wattle-test.pc, says */
    return t;
}

struct wtl_test *wtl_test_create(uint64_t seed)
{
    return wtl__test_create(seed, NULL);
}

void *wtl_test_user(const struct wtl_test *t)
{
    return t->user;
}

uint64_t wtl_test_seed(const struct wtl_test *t)
{
    return t->seed;
}

struct wtl_pid wtl_test_self(const struct wtl_test *t)
{
    return t->self;
}

struct wtl_ctx *wtl_test_ctx(struct wtl_test *t)
{
    return &t->step.x.pub;
}

struct wtl_test *wtl__test_at(struct wtl_test *t, const char *file, unsigned line)
{
    t->file = file;
    t->line = line;
    return t;
}

/* ---- running --------------------------------------------------------------------------------- */

bool wtl__test_settle(struct wtl_test *t)
{
    uint32_t steps = 0;
    step_out(t);
    while (!t->has_failed && wtl__step_one(&t->step)) {
        if (++steps == WTL_TEST_STEPS_MAX) {
            wtl__test_report(t, "the actors never come to rest: %u steps at the same moment",
                             WTL_TEST_STEPS_MAX);
        }
    }
    step_in(t);
    return !t->is_over;
}

bool wtl__test_to_timer(struct wtl_test *t, uint64_t end_ns)
{
    step_out(t);
    bool fired = !t->has_failed && wtl__step_fire(&t->step, end_ns);
    step_in(t);
    return fired && wtl__test_settle(t);
}

void wtl_test_settle(struct wtl_test *t)
{
    t->file = NULL;
    if (!t->is_over) {
        (void)wtl__test_settle(t);
    }
}

void wtl_test_advance(struct wtl_test *t, uint64_t ms)
{
    uint64_t end_ns = t->step.now_ns + ms * WTL__NS_PER_MS;
    t->file = NULL;
    if (t->is_over || !wtl__test_settle(t)) {
        return;
    }
    while (wtl__test_to_timer(t, end_ns)) {
        /* each timer on the way */
    }
    if (!t->is_over) {
        t->step.now_ns = end_ns;
    }
}

bool wtl_test_step(struct wtl_test *t)
{
    bool ran = false;
    if (!t->is_over) {
        step_out(t);
        ran = wtl__step_one(&t->step);
        step_in(t);
    }
    return ran;
}

uint64_t wtl_test_now_ms(const struct wtl_test *t)
{
    return (t->step.now_ns - t->begin_ns) / WTL__NS_PER_MS;
}

/* ---- end ------------------------------------------------------------------------------------- */

/* As a node stops: in order, and what is left after a while is killed. */
static void stop_all(struct wtl_test *t)
{
    uint64_t end_ns = t->step.now_ns + STOP_MS * WTL__NS_PER_MS;
    for (uint32_t i = 0; i < t->actors_count; i++) {
        if (t->actors[i].is_top && !t->actors[i].has_ended) {
            wtl_test_stop(t, t->actors[i].pid);
        }
    }
    bool goes_on = wtl__test_settle(t);
    while (goes_on && wtl__step_live(&t->step) > t->own_count) {
        goes_on = wtl__test_to_timer(t, end_ns);
    }
}

/* What is still used, once all is taken in that other threads gave back: it comes in batches. */
static uint64_t used_bytes(const struct wtl_test *t)
{
    uint64_t used = wtl__pool_stats().used_bytes;
    uint64_t before = UINT64_MAX;
    while (used != t->used_bytes && used < before) {
        before = used;
        wtl__pool_flush();
        used = wtl__pool_stats().used_bytes;
    }
    return used;
}

void wtl__test_end(struct wtl_test *t)
{
    if (t->has_ended) {
        return;
    }
    t->file = NULL;
    t->has_ended = true;
    t->is_over = t->has_failed; /* an allocation that has failed ends the test, not its actors */
    if (!t->is_over && wtl__test_settle(t)) {
        stop_all(t);
        wtl__test_judge(t);
    }
    (void)wtl__test_allocations_of(NULL);
    step_out(t);
    wtl__test_letters_free(t);
    wtl__test_unwatch(t);
    wtl__guard_detach(&t->step.runtime);
    wtl__step_deinit(&t->step);
    uint64_t left = used_bytes(t);
    if (!t->has_failed && left != t->used_bytes) {
        wtl__test_report(t,
                         "%jd bytes of messages are left behind: each one that is opened has to be "
                         "sent or dropped",
                         (intmax_t)(left - t->used_bytes));
    }
}

void wtl__test_free(struct wtl_test *t)
{
    wtl__test_log_end(t);
    wtl__test_folder_remove(t);
    while (t->blocks != NULL) {
        struct wtl__test_block *block = t->blocks;
        t->blocks = block->next;
        free(block);
    }
    free(t->actors);
    free(t);
    the_world = NULL;
}

void wtl_test_destroy(struct wtl_test *t)
{
    wtl__test_end(t);
    wtl__test_free(t);
}
