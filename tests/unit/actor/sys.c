/* sys.c - looking into one actor, and holding it: suspend, resume, state, statistics, trace. */
#include <wattle/sys.h>

#include "kit.h"

enum { SEEDS = 50 };

static struct kit kit;
static struct kit_puppet asker;
static struct kit_puppet actor;
static struct kit_puppet sender;
static struct wtl_actor type;

/* ---- an actor that can be looked at -----------------------------------------------------------
 */

static uint64_t number; /* its state, as it were */

static void show(struct wtl_ctx *x, const void *self, struct wtl_writer *out)
{
    (void)x;
    (void)self;
    wtl_put_u64(out, number);
}

static enum wtl_status replace(struct wtl_ctx *x, void *self, const struct wtl_msg *state)
{
    (void)x;
    (void)self;
    if (kit_number(state) == 0) {
        return WTL_INVALID;
    }
    number = kit_number(state);
    return WTL_OK;
}

static void begin(uint64_t seed)
{
    type = kit_type;
    type.show = show;
    type.replace = replace;
    number = 5;
    asker = (struct kit_puppet){0};
    sender = (struct kit_puppet){0};
    kit_init(&kit, seed);
    kit_spawn(&kit, &asker, NULL);
    kit_spawn(&kit, &sender, NULL);
    kit_spawn(&kit, &actor, &type);
    kit_settle(&kit);
}

static void do_ask(struct wtl_ctx *x, struct kit_puppet *p, const struct kit_cmd *cmd)
{
    struct wtl_writer body;
    const struct wtl_call_options *options = KIT_CALL(p);
    uint64_t request = 0;
    switch ((enum wtl_sys_verb)(uintptr_t)cmd->user) {
    case WTL_SYS_SUSPEND:
        request = wtl_sys_suspend(x, cmd->pid, options);
        break;
    case WTL_SYS_RESUME:
        request = wtl_sys_resume(x, cmd->pid, options);
        break;
    case WTL_SYS_STATE:
        request = wtl_sys_state(x, cmd->pid, options);
        break;
    case WTL_SYS_REPLACE:
        kit_body(x, &body, cmd->number);
        request = wtl_sys_replace(x, cmd->pid, &body, options);
        break;
    case WTL_SYS_STATISTICS:
        request = wtl_sys_statistics(x, cmd->pid, options);
        break;
    case WTL_SYS_TRACE:
        request = wtl_sys_trace(x, cmd->pid, cmd->number, options);
        break;
    }
    cr_assert_neq(request, 0);
}

static void ask_by(struct kit_puppet *p, enum wtl_sys_verb verb, uint64_t argument)
{
    kit_do(&kit, p,
           (struct kit_cmd){.fn = do_ask,
                            .pid = actor.pid,
                            .number = argument,
                            .user = (void *)(uintptr_t)verb}); /* NOLINT: a small number */
    kit_settle(&kit);
}

static const struct kit_event *ask(enum wtl_sys_verb verb, uint64_t argument)
{
    uint32_t before = kit_count(&asker, KIT_ANSWER);
    ask_by(&asker, verb, argument);
    return kit_nth(&asker, KIT_ANSWER, before);
}

/* ---- suspend and resume -------------------------------------------------------------------------
 */

Test(sys, L18_who_is_suspended_keeps_its_mail)
{
    for (uint64_t seed = 0; seed < SEEDS; seed++) {
        actor = (struct kit_puppet){0};
        begin(seed);
        cr_assert_eq(ask(WTL_SYS_SUSPEND, 0)->status, WTL_OK);
        for (uint64_t i = 1; i <= 10; i++) {
            kit_tell(&kit, &sender, actor.pid, i);
        }
        kit_link(&kit, &sender, actor.pid); /* signals act */
        kit_settle(&kit);
        cr_assert_eq(actor.got, 0);
        cr_assert(kit_linked(&kit, sender.pid, actor.pid));
        cr_assert_eq(ask(WTL_SYS_SUSPEND, 0)->status, WTL_OK, "twice is once");
        cr_assert_eq(ask(WTL_SYS_RESUME, 0)->status, WTL_OK);
        cr_assert_eq(actor.got, 10);
        for (uint32_t i = 0; i < 10; i++) {
            cr_assert_eq(kit_nth(&actor, KIT_MESSAGE, i)->number, i + 1);
        }
        kit_deinit(&kit);
    }
}

Test(sys, L18_who_is_suspended_can_be_ended)
{
    actor = (struct kit_puppet){0};
    begin(1);
    (void)ask(WTL_SYS_SUSPEND, 0);
    kit_tell(&kit, &sender, actor.pid, 1);
    kit_exit(&kit, &sender, actor.pid, WTL_REASON(WTL_EXIT_SHUTDOWN, "shutdown"));
    kit_settle(&kit);
    cr_assert_not(kit_lives(&kit, actor.pid));
    cr_assert_eq(kit_count(&actor, KIT_STOPPED), 1);
    cr_assert_eq(ask(WTL_SYS_RESUME, 0)->status, WTL_NO_PROCESS);
    kit_deinit(&kit);
}

/* ---- state --------------------------------------------------------------------------------------
 */

Test(sys, L18_the_state_is_shown_and_replaced_also_while_it_is_suspended)
{
    for (int suspended = 0; suspended < 2; suspended++) {
        actor = (struct kit_puppet){0};
        begin(1);
        if (suspended == 1) {
            (void)ask(WTL_SYS_SUSPEND, 0);
            kit_tell(&kit, &sender, actor.pid, 1);
        }
        cr_assert_eq(ask(WTL_SYS_STATE, 0)->number, 5);
        cr_assert_eq(ask(WTL_SYS_REPLACE, 8)->status, WTL_OK);
        cr_assert_eq(ask(WTL_SYS_STATE, 0)->number, 8);
        cr_assert_eq(ask(WTL_SYS_REPLACE, 0)->status, WTL_INVALID);
        cr_assert_eq(ask(WTL_SYS_STATE, 0)->number, 8, "an error has changed it");
        cr_assert_eq(actor.got, 0);
        kit_deinit(&kit);
    }
}

Test(sys, L18_who_has_nothing_to_show_says_so)
{
    actor = (struct kit_puppet){0};
    begin(1);
    type.show = NULL;
    type.replace = NULL;
    cr_assert_eq(ask(WTL_SYS_STATE, 0)->status, WTL_UNSUPPORTED);
    cr_assert_eq(ask(WTL_SYS_REPLACE, 1)->status, WTL_UNSUPPORTED);
    kit_deinit(&kit);
}

static enum wtl_status later(struct wtl_ctx *x, struct kit_puppet *p, const struct wtl_msg *args)
{
    (void)x;
    (void)p;
    (void)args;
    return WTL_LATER;
}

static enum wtl_status stop_later(struct wtl_ctx *x, struct kit_puppet *p, struct wtl_reason reason)
{
    (void)x;
    (void)p;
    (void)reason;
    return WTL_LATER;
}

static void done(struct wtl_ctx *x, struct kit_puppet *p, const struct kit_cmd *cmd)
{
    (void)p;
    (void)cmd;
    wtl_done(x, WTL_OK);
}

Test(sys, L18_a_state_that_is_not_there_yet_or_no_more)
{
    actor = (struct kit_puppet){.init = later, .stop = stop_later};
    begin(1);
    cr_assert_eq(ask(WTL_SYS_STATE, 0)->status, WTL_BUSY);
    kit_do(&kit, &actor, (struct kit_cmd){.fn = done});
    cr_assert_eq(ask(WTL_SYS_STATE, 0)->status, WTL_OK);
    kit_stop(&kit, &actor, WTL_REASON(WTL_EXIT_NORMAL, "normal"));
    cr_assert_eq(ask(WTL_SYS_STATE, 0)->status, WTL_CLOSED);
    kit_deinit(&kit);
}

/* Its stop waits for something to be handled, which it would never be. */
Test(sys, L18_who_is_suspended_takes_its_time_to_stop)
{
    for (uint64_t seed = 0; seed < SEEDS; seed++) {
        actor = (struct kit_puppet){.stop = stop_later};
        begin(seed);
        (void)ask(WTL_SYS_SUSPEND, 0);
        if (seed % 2 == 0) {
            ask_by(&asker, WTL_SYS_RESUME, 0);
            kit_do(&kit, &asker,
                   (struct kit_cmd){
                       .fn = do_ask, .pid = actor.pid, .user = (void *)(uintptr_t)WTL_SYS_SUSPEND});
        }
        kit_exit(&kit, &asker, actor.pid, WTL_REASON(WTL_EXIT_SHUTDOWN, "shutdown"));
        kit_settle(&kit);
        cr_assert_eq(kit_cell(&kit, actor.pid)->state_now, WTL__CELL_STOPPING);
        cr_assert_eq(ask(WTL_SYS_SUSPEND, 0)->status, WTL_CLOSED);
        kit_do(&kit, &actor, (struct kit_cmd){.fn = done});
        kit_settle(&kit);
        cr_assert_not(kit_lives(&kit, actor.pid));
        kit_deinit(&kit);
    }
}

static enum wtl_status replace_and_stop(struct wtl_ctx *x, void *self, const struct wtl_msg *state)
{
    (void)self;
    (void)state;
    wtl_stop(x, WTL_REASON(WTL_EXIT_NORMAL, "normal"));
    return WTL_OK;
}

Test(sys, L18_who_waits_for_the_state_of_one_that_ends_is_answered)
{
    for (uint64_t seed = 0; seed < SEEDS; seed++) {
        actor = (struct kit_puppet){0};
        begin(seed);
        type.replace = replace_and_stop;
        ask_by(&asker, WTL_SYS_SUSPEND, 0);
        for (int i = 0; i < 5; i++) {
            kit_do(&kit, &asker,
                   (struct kit_cmd){
                       .fn = do_ask,
                       .pid = actor.pid,
                       .user = (void *)(uintptr_t)(i == 2 ? WTL_SYS_REPLACE : WTL_SYS_STATE)});
        }
        kit_settle(&kit);
        cr_assert_eq(kit_count(&asker, KIT_ANSWER), 6);
        cr_assert_eq(kit_nth(&asker, KIT_ANSWER, 2)->status, WTL_OK);
        enum wtl_status last = kit_nth(&asker, KIT_ANSWER, 5)->status;
        cr_assert(last == WTL_CLOSED || last == WTL_NO_PROCESS);
        kit_deinit(&kit);
    }
}

/* ---- statistics ------------------------------------------------------------------------------ */

static uintmax_t figures[7];

static enum wtl_status on_figures(struct wtl_ctx *x, void *self, const struct wtl_answer *answer,
                                  void *context)
{
    (void)x;
    (void)self;
    (void)context;
    cr_assert_eq(answer->status, WTL_OK);
    cr_assert_eq(wtl_getf(&answer->message,
                          "handled=%ju sent=%ju waiting=%ju memory_bytes=%ju since_ms=%ju "
                          "handled_since=%ju sent_since=%ju",
                          &figures[0], &figures[1], &figures[2], &figures[3], &figures[4],
                          &figures[5], &figures[6]),
                 WTL_OK);
    return WTL_OK;
}

static void ask_figures(struct wtl_ctx *x, struct kit_puppet *p, const struct kit_cmd *cmd)
{
    (void)p;
    (void)wtl_sys_statistics(x, cmd->pid, &(struct wtl_call_options){.on_answer = on_figures});
}

static void get_figures(void)
{
    kit_do(&kit, &asker, (struct kit_cmd){.fn = ask_figures, .pid = actor.pid});
    kit_settle(&kit);
}

/* Sends two for each that comes. */
static enum wtl_status double_up(struct wtl_ctx *x, struct kit_puppet *p, const struct wtl_msg *m)
{
    (void)p;
    kit_send(x, sender.pid, m->tag, 1);
    kit_send(x, sender.pid, m->tag, 2);
    return WTL_OK;
}

Test(sys, L18_statistics)
{
    actor = (struct kit_puppet){.message = double_up};
    begin(1);
    sender.silent = true;
    for (uint64_t i = 0; i < 6; i++) {
        kit_tell(&kit, &sender, actor.pid, i);
    }
    kit_settle(&kit);
    get_figures();
    cr_assert_eq(figures[0], 6, "handled");
    cr_assert_eq(figures[1], 0, "nobody has counted it");
    cr_assert_eq(figures[2], 0, "waiting");
    cr_assert_gt(figures[3], sizeof(struct wtl__cell), "memory");
    cr_assert_eq(figures[4], 0, "not asked for before");
    kit_advance(&kit, 1500);
    kit_tell(&kit, &sender, actor.pid, 1);
    kit_settle(&kit);
    (void)ask(WTL_SYS_SUSPEND, 0);
    kit_tell(&kit, &sender, actor.pid, 1);
    kit_tell(&kit, &sender, actor.pid, 1);
    kit_settle(&kit);
    get_figures();
    static const uintmax_t expected[] = {7, 2, 2, 0, 1500, 1, 2};
    for (size_t i = 0; i < WTL_COUNT(expected); i++) {
        cr_assert(i == 3 || figures[i] == expected[i], "figure %zu is %ju", i, figures[i]);
    }
    kit_deinit(&kit);
}

static void set_timer(struct wtl_ctx *x, struct kit_puppet *p, const struct kit_cmd *cmd)
{
    (void)p;
    (void)cmd;
    cr_assert_neq(wtl_after(x, 10, WTL_TAG("later"), NULL), 0);
}

/* Who works by timers alone has handled something, too. */
Test(sys, L18_statistics_count_timers)
{
    actor = (struct kit_puppet){0};
    begin(1);
    kit_do(&kit, &actor, (struct kit_cmd){.fn = set_timer});
    kit_settle(&kit);
    get_figures();
    uintmax_t before = figures[0];
    kit_advance(&kit, 20);
    get_figures();
    cr_assert_eq(figures[0], before + 1, "%ju, and %ju before", figures[0], before);
    kit_deinit(&kit);
}

/* ---- trace ----------------------------------------------------------------------------------- */

static struct wtl_trace_event events[64];
static uint32_t events_count;

static enum wtl_status note_event(struct wtl_ctx *x, struct kit_puppet *p, const struct wtl_msg *m)
{
    (void)x;
    (void)p;
    cr_assert_lt(events_count, WTL_COUNT(events));
    cr_assert(wtl_trace_read(m, &events[events_count++]));
    return WTL_OK;
}

static void begin_trace(uint64_t seed, uint64_t count)
{
    events_count = 0;
    begin(seed);
    asker.silent = true;
    asker.message = note_event;
    sender.silent = true;
    cr_assert_eq(ask(WTL_SYS_TRACE, count)->status, WTL_OK);
}

static enum wtl_status ask_back(struct wtl_ctx *x, struct kit_puppet *p, const struct wtl_msg *m)
{
    if (m->request != 0) {
        struct wtl_writer body;
        kit_body(x, &body, 9);
        wtl_reply(x, m, &body);
        (void)wtl_call(x, sender.pid, WTL_TAG("back"), NULL, KIT_CALL(p));
    }
    return WTL_OK;
}

static void call_actor(struct wtl_ctx *x, struct kit_puppet *p, const struct kit_cmd *cmd)
{
    struct wtl_writer body;
    kit_body(x, &body, 1);
    (void)wtl_call(x, cmd->pid, WTL_TAG("there"), &body, KIT_CALL(p));
}

static enum wtl_status reply_nothing(struct wtl_ctx *x, struct kit_puppet *p,
                                     const struct wtl_msg *m)
{
    (void)p;
    wtl_reply(x, m, NULL);
    return WTL_OK;
}

Test(sys, L18_a_trace_tells_what_goes_in_and_out)
{
    actor = (struct kit_puppet){.message = ask_back};
    begin_trace(1, 100);
    sender.message = reply_nothing;
    kit_do(&kit, &sender, (struct kit_cmd){.fn = call_actor, .pid = actor.pid});
    kit_advance(&kit, 10);
    static const struct {
        enum wtl_trace_what what;
        enum wtl_trace_kind kind;
    } expected[] = {{WTL_TRACE_IN, WTL_TRACE_CALL},
                    {WTL_TRACE_OUT, WTL_TRACE_REPLY},
                    {WTL_TRACE_OUT, WTL_TRACE_CALL},
                    {WTL_TRACE_IN, WTL_TRACE_REPLY}};
    cr_assert_eq(events_count, WTL_COUNT(expected));
    for (size_t i = 0; i < WTL_COUNT(expected); i++) {
        cr_assert_eq(events[i].what, expected[i].what, "event %zu", i);
        cr_assert_eq(events[i].kind, expected[i].kind, "event %zu", i);
        cr_assert(wtl_pid_equal(events[i].peer, sender.pid), "event %zu", i);
        cr_assert(wtl_pid_equal(events[i].actor, actor.pid), "event %zu", i);
        cr_assert_gt(events[i].at_ns, 0);
    }
    cr_assert(wtl_tag_equal(events[0].tag, WTL_TAG("there")));
    cr_assert_eq(events[0].size, 1);
    cr_assert_neq(events[0].request, 0);
    cr_assert_eq(events[0].request, events[1].request);
    kit_deinit(&kit);
}

Test(sys, L18_a_trace_ends_after_so_many_and_then_costs_nothing)
{
    for (uint64_t seed = 0; seed < SEEDS; seed++) {
        actor = (struct kit_puppet){.silent = true, .message = double_up};
        begin_trace(seed, 8);
        for (uint64_t i = 0; i < 10; i++) {
            kit_tell(&kit, &sender, actor.pid, i);
        }
        kit_settle(&kit);
        cr_assert_eq(actor.got, 10);
        cr_assert_eq(events_count, 9);
        cr_assert_eq(events[8].what, WTL_TRACE_OVER);
        cr_assert_eq(kit_cell(&kit, actor.pid)->flags & WTL__CELL_TRACED, 0);
        cr_assert_eq(ask(WTL_SYS_TRACE, 1)->status, WTL_OK, "it can be traced again");
        kit_deinit(&kit);
    }
}

Test(sys, L18_one_traces_at_a_time_until_it_ends_or_is_told_to)
{
    actor = (struct kit_puppet){0};
    begin_trace(1, 100);
    ask_by(&sender, WTL_SYS_TRACE, 100);
    cr_assert_eq(kit_nth(&sender, KIT_ANSWER, 0)->status, WTL_EXISTS);
    cr_assert_eq(ask(WTL_SYS_TRACE, 0)->status, WTL_OK);
    cr_assert_eq(events_count, 1);
    cr_assert_eq(events[0].what, WTL_TRACE_OVER);
    ask_by(&sender, WTL_SYS_TRACE, 100);
    cr_assert_eq(kit_nth(&sender, KIT_ANSWER, 1)->status, WTL_OK);
    kit_stop(&kit, &sender, WTL_REASON(WTL_EXIT_NORMAL, "normal"));
    kit_settle(&kit);
    kit_tell(&kit, &asker, actor.pid, 1); /* told to nobody */
    kit_settle(&kit);
    cr_assert_eq(ask(WTL_SYS_TRACE, 100)->status, WTL_OK, "its tracer is no more");
    kit_stop(&kit, &actor, WTL_REASON(WTL_EXIT_NORMAL, "normal"));
    kit_settle(&kit);
    cr_assert_eq(events[events_count - 1].what, WTL_TRACE_OVER);
    kit_deinit(&kit);
}

static enum wtl_status tell_far(struct wtl_ctx *x, struct kit_puppet *p, const struct wtl_msg *m)
{
    struct wtl_pid far = {.node = m->from.node + 1, .local = 5};
    kit_send(x, far, m->tag, 1);
    kit_send(x, WTL_PID_NONE, m->tag, 2);
    wtl_exit(x, *(struct wtl_pid *)p->user, WTL_REASON(WTL_EXIT_ERROR, "crash"));
    return WTL_OK;
}

Test(sys, L18_what_goes_to_nobody_is_traced_and_counted_too)
{
    actor = (struct kit_puppet){.message = tell_far, .user = &sender.pid};
    begin_trace(1, 100);
    get_figures();
    kit_tell(&kit, &sender, actor.pid, 1);
    kit_settle(&kit);
    cr_assert_eq(events_count, 4);
    cr_assert_eq(events[1].peer.local, 5);
    cr_assert(wtl_pid_is_none(events[2].peer));
    cr_assert_eq(events[3].kind, WTL_TRACE_EXIT);
    cr_assert(wtl_tag_equal(events[3].tag, WTL_TAG("crash")));
    get_figures();
    cr_assert_eq(figures[1], 2);
    kit_deinit(&kit);
}

Test(sys, L18_nobody_traces_itself)
{
    actor = (struct kit_puppet){0};
    begin(1);
    kit_do(&kit, &asker,
           (struct kit_cmd){.fn = do_ask,
                            .pid = asker.pid,
                            .number = 10,
                            .user = (void *)(uintptr_t)WTL_SYS_TRACE}); /* NOLINT: a small number */
    kit_settle(&kit);
    cr_assert_eq(kit_only(&asker, KIT_ANSWER)->status, WTL_INVALID);
    kit_deinit(&kit);
}

static void call_and_give_up(struct wtl_ctx *x, struct kit_puppet *p, const struct kit_cmd *cmd)
{
    (void)p;
    cr_assert(wtl_call_cancel(x, wtl_call(x, cmd->pid, WTL_TAG("there"), NULL, NULL)));
}

/* That a caller waits no more is no message. */
Test(sys, L18_a_call_that_is_given_up_is_traced_once)
{
    actor = (struct kit_puppet){.silent = true};
    begin_trace(1, 100);
    (void)ask(WTL_SYS_SUSPEND, 0);
    kit_do(&kit, &sender, (struct kit_cmd){.fn = call_and_give_up, .pid = actor.pid});
    kit_settle(&kit);
    (void)ask(WTL_SYS_RESUME, 0);
    cr_assert_eq(actor.got, 1);
    cr_assert_eq(events_count, 1);
    cr_assert_eq(events[0].kind, WTL_TRACE_CALL);
    kit_deinit(&kit);
}
