/*
 * no_reply.c - X075: there is no memory for an answer, and whoever waits for it, with no deadline,
 * gets one all the same: in the block of what was asked. Nor is there any for what is kept open.
 */
#include <setjmp.h>

#include <criterion/criterion.h>

#include <wattle/sys.h>
#include <wattle/wattle.h>

#include "base/log.h"
#include "base/pool.h"
#include "sched/step.h"
#include "wrap.h"

enum { HOARD_MAX = 1000000, HOARD_SIZE_MAX = 256 };

static struct wtl__step step;
static unsigned answers;
static enum wtl_status answered; /* the last one */
static void *hoard[HOARD_MAX];
static size_t hoarded;

/* From now on there is not one envelope more, nor a block of a few times its size. */
static void take_all(void)
{
    wrap_fail_at(1, true);
    hoarded = 0;
    for (size_t size = sizeof(struct wtl__envelope); size <= HOARD_SIZE_MAX; size += 16) {
        while ((hoard[hoarded] = wtl__pool_take(size)) != NULL) {
            cr_assert_lt(++hoarded, HOARD_MAX);
        }
    }
}

static void give_all(void)
{
    (void)wrap_stop();
    while (hoarded > 0) {
        wtl__pool_give(hoard[--hoarded]);
    }
}

static enum wtl_status on_answer(struct wtl_ctx *x, void *self, const struct wtl_answer *answer,
                                 void *context)
{
    (void)x;
    (void)self;
    (void)context;
    answers++;
    answered = answer->status;
    return WTL_OK;
}

static const struct wtl_call_options for_ever = {.deadline_ms = WTL_CALL_FOREVER,
                                                 .on_answer = on_answer};

static void no_line(void *state, const char *line, size_t length)
{
    (void)state;
    (void)line;
    (void)length;
}

static void play(const struct wtl_actor *type)
{
    uint64_t used = wtl__pool_stats().used_bytes;
    answers = 0;
    answered = WTL_OK;
    wtl__log_set_sink(wtl__log_process(), no_line, NULL);
    cr_assert_eq(wtl__step_init(&step, 1, 1), WTL_OK);
    (void)wtl__spawn(&step.runtime, NULL, type, NULL, 0);
    wtl__step_settle(&step);
    give_all();
    wtl__step_settle(&step);
    wtl__step_deinit(&step);
    cr_assert_eq(wtl__pool_stats().used_bytes, used);
}

/* ---- calls ---------------------------------------------------------------------------------- */

static jmp_buf fault;
static bool faults; /* the callee, when it has replied */

/* What it was asked with is needed, and not there to be kept. */
static enum wtl_status poor_handle(struct wtl_ctx *x, void *self, const struct wtl_msg *m)
{
    (void)self;
    take_all();
    wtl_reply(x, m, NULL);
    cr_assert_null(wtl_keep(x, m));
    give_all();
    if (faults) {
        longjmp(fault, 1);
    }
    return WTL_OK;
}

static WTL_ACTOR(poor, char, .handle = poor_handle);

/* As the guard of modules. */
static enum wtl__run run_guarded(struct wtl__ctx *x, struct wtl__cell *cell, unsigned messages)
{
    if (setjmp(fault) == 0) {
        return wtl__cell_run(x, cell, messages);
    }
    wtl__cell_fault(x, x->cell, WTL_REASON(WTL_EXIT_FAULT, "sigsegv"));
    return WTL__RUN_ENDED;
}

static enum wtl_status caller_init(struct wtl_ctx *x, void *self, const void *settings,
                                   const struct wtl_msg *args)
{
    struct wtl_writer body;
    (void)self;
    (void)settings;
    (void)args;
    atomic_store(&step.runtime.run, run_guarded);
    (void)wtl_message_open(x, &body, 16);
    wtl_put_u64(&body, 1);
    (void)wtl_call(x, wtl_spawn(x, &poor, NULL), WTL_TAG("ask"), &body, &for_ever);
    return WTL_OK;
}

static WTL_ACTOR(caller, char, .init = caller_init);

Test(no_memory, X075_a_call_that_there_is_no_memory_to_reply_to)
{
    for (int i = 0; i < 2; i++) {
        faults = i == 1;
        play(&caller);
        cr_assert_eq(answers, 1);
        cr_assert_eq(answered, WTL_NO_MEMORY);
    }
}

/* ---- questions ------------------------------------------------------------------------------- */

static WTL_ACTOR(blank, char);

static enum wtl_status looker_init(struct wtl_ctx *x, void *self, const void *settings,
                                   const struct wtl_msg *args)
{
    struct wtl_pid pid = wtl_spawn(x, &blank, NULL);
    (void)self;
    (void)settings;
    (void)args;
    cr_assert_neq(wtl_sys_suspend(x, pid, &for_ever), 0);
    cr_assert_neq(wtl_sys_state(x, pid, &for_ever), 0);
    take_all();
    return WTL_OK;
}

static WTL_ACTOR(looker, char, .init = looker_init);

Test(no_memory, X075_a_question_that_there_is_no_memory_to_answer)
{
    play(&looker);
    cr_assert_eq(answers, 2);
}

/* ---- messages that are kept open --------------------------------------------------------------
 */

static struct wtl_writer open_one; /* as if in the actor's state */

static enum wtl_status opener_init(struct wtl_ctx *x, void *self, const void *settings,
                                   const struct wtl_msg *args)
{
    (void)self;
    (void)settings;
    (void)args;
    cr_assert(wtl_message_open(x, &open_one, 16));
    take_all();
    return WTL_OK;
}

static enum wtl_status opener_stop(struct wtl_ctx *x, void *self, struct wtl_reason reason)
{
    (void)self;
    cr_assert(wtl_tag_equal(reason.word, WTL_TAG("no_memory")));
    wtl_message_drop(x, &open_one);
    answers++;
    return WTL_OK;
}

static WTL_ACTOR(opener, char, .init = opener_init, .stop = opener_stop);

Test(no_memory, X075_who_cannot_keep_a_message_open_ends)
{
    play(&opener);
    cr_assert_eq(answers, 1);
}
