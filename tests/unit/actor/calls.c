/* calls.c - each way in which a call can be answered, once, and that nothing comes after it. */
#include "kit.h"

enum { SEEDS = 100 };

/* What a callee does with a call. */
enum mode { REPLY, REPLY_TWICE, REPLY_ERROR, DEFER, HAND_ON, STOP, NOTHING };

static struct kit kit;
static struct kit_puppet caller;
static struct kit_puppet callee;
static struct kit_puppet third;
static struct wtl_actor narrow;
static enum mode mode;
static struct wtl_from deferred;

#define CRASH WTL_REASON(WTL_EXIT_ERROR, "crash")

static void reply(struct wtl_ctx *x, const struct wtl_msg *m, uint64_t number)
{
    struct wtl_writer body;
    kit_body(x, &body, number);
    wtl_reply(x, m, &body);
}

static enum wtl_status answer_by_mode(struct wtl_ctx *x, struct kit_puppet *p,
                                      const struct wtl_msg *m)
{
    struct wtl_writer body;
    (void)p;
    switch (mode) {
    case REPLY:
        reply(x, m, kit_number(m) + 1);
        break;
    case REPLY_TWICE:
        reply(x, m, kit_number(m) + 1);
        reply(x, m, kit_number(m) + 2);
        break;
    case REPLY_ERROR:
        kit_body(x, &body, 77);
        wtl_reply_error(x, m, WTL_DENIED, &body);
        break;
    case DEFER:
        deferred = wtl_defer(x, m);
        break;
    case HAND_ON:
        deferred = wtl_defer(x, m);
        kit_send(x, third.pid, WTL_TAG("yours"), kit_number(m));
        break;
    case STOP:
        wtl_stop(x, CRASH);
        break;
    case NOTHING:
        break;
    }
    return WTL_OK;
}

static enum wtl_status answer_for_it(struct wtl_ctx *x, struct kit_puppet *p,
                                     const struct wtl_msg *m)
{
    struct wtl_writer body;
    (void)p;
    kit_body(x, &body, kit_number(m) + 100);
    wtl_reply_to(x, deferred, &body);
    return WTL_OK;
}

static void begin(uint64_t seed, enum mode with)
{
    narrow = kit_type;
    narrow.mailbox_max = 4;
    mode = with;
    caller = (struct kit_puppet){0};
    callee = (struct kit_puppet){.message = answer_by_mode};
    third = (struct kit_puppet){.message = answer_for_it};
    kit_init(&kit, seed);
    kit_spawn(&kit, &caller, NULL);
    kit_spawn(&kit, &callee, &narrow);
    kit_spawn(&kit, &third, NULL);
    kit_settle(&kit);
}

/* Everything that a call has made is gone again. */
static void end(void)
{
    kit_settle(&kit);
    if (kit_lives(&kit, callee.pid)) {
        cr_assert_eq(kit_cell(&kit, callee.pid)->ties.count, 0, "a call is still owed");
    }
    if (kit_lives(&kit, caller.pid)) {
        cr_assert_eq(kit_cell(&kit, caller.pid)->ties.count, 0, "a call is still pending");
    }
    cr_assert(wtl__wheel_is_empty(&kit.step.wheel), "a deadline is still armed");
    kit_deinit(&kit);
}

static uint64_t request;

static void ask(struct wtl_ctx *x, struct kit_puppet *p, const struct kit_cmd *cmd)
{
    struct wtl_writer body;
    kit_body(x, &body, 5);
    request = wtl_call(x, cmd->pid, WTL_TAG("ask"), &body,
                       KIT_CALL(p, .deadline_ms = (uint32_t)cmd->number));
}

static void ask_held(struct wtl_ctx *x, struct kit_puppet *p, const struct kit_cmd *cmd)
{
    struct wtl_writer body;
    kit_body(x, &body, 5);
    request = wtl_call(x, cmd->pid, WTL_TAG("ask"), &body,
                       KIT_CALL(p, .deadline_ms = (uint32_t)cmd->number, .hold = true));
}

static void call(struct wtl_pid to, uint32_t deadline_ms)
{
    kit_do(&kit, &caller, (struct kit_cmd){.fn = ask, .pid = to, .number = deadline_ms});
}

static const struct kit_event *answered(enum wtl_status status)
{
    const struct kit_event *answer = kit_only(&caller, KIT_ANSWER);
    cr_assert_eq(answer->status, status, "answered %s", wtl_status_word(answer->status));
    cr_assert_eq(answer->request, request);
    return answer;
}

Test(calls, L13_a_reply)
{
    for (uint64_t seed = 0; seed < SEEDS; seed++) {
        begin(seed, REPLY);
        call(callee.pid, 0);
        kit_settle(&kit);
        const struct kit_event *answer = answered(WTL_OK);
        cr_assert_eq(answer->number, 6);
        cr_assert(wtl_pid_equal(answer->from, callee.pid));
        end();
    }
}

Test(calls, L13_a_reply_that_says_no)
{
    begin(1, REPLY_ERROR);
    call(callee.pid, 0);
    kit_settle(&kit);
    cr_assert_eq(answered(WTL_DENIED)->number, 77);
    end();
}

Test(calls, L13_timeout_after_five_seconds_unless_said_otherwise)
{
    begin(1, DEFER);
    call(callee.pid, 0);
    kit_advance(&kit, WTL_CALL_DEADLINE_MS - 1);
    cr_assert_eq(kit_count(&caller, KIT_ANSWER), 0);
    kit_advance(&kit, 1);
    (void)answered(WTL_TIMEOUT);
    end();
    begin(1, DEFER);
    call(callee.pid, 30);
    kit_advance(&kit, 29);
    cr_assert_eq(kit_count(&caller, KIT_ANSWER), 0);
    kit_advance(&kit, 1);
    (void)answered(WTL_TIMEOUT);
    end();
}

Test(calls, L13_a_call_for_ever_has_no_deadline)
{
    begin(1, DEFER);
    call(callee.pid, WTL_CALL_FOREVER);
    kit_settle(&kit);
    cr_assert(wtl__wheel_is_empty(&kit.step.wheel));
    kit_stop(&kit, &callee, CRASH);
    kit_settle(&kit);
    (void)answered(WTL_CLOSED);
    end();
}

Test(calls, L13_nobody_there)
{
    begin(1, REPLY);
    kit_stop(&kit, &callee, CRASH);
    kit_settle(&kit);
    call(callee.pid, 0);
    kit_settle(&kit);
    cr_assert(kit_reason_is(answered(WTL_NO_PROCESS)->reason, "noproc"));
    end();
}

Test(calls, L13_another_node_without_a_port)
{
    begin(1, REPLY);
    call((struct wtl_pid){.node = 99, .local = 1}, 0);
    kit_settle(&kit);
    (void)answered(WTL_NO_CONNECTION);
    end();
}

static void ask_unknown_name(struct wtl_ctx *x, struct kit_puppet *p, const struct kit_cmd *cmd)
{
    (void)cmd;
    request = wtl_call_name(x, "nobody", WTL_TAG("ask"), NULL, KIT_CALL(p, .hold = true));
}

Test(calls, L13_an_unknown_name)
{
    begin(1, REPLY);
    kit_do(&kit, &caller, (struct kit_cmd){.fn = ask_unknown_name});
    kit_settle(&kit);
    (void)answered(WTL_NOT_FOUND);
    cr_assert((kit_cell(&kit, caller.pid)->flags & WTL__CELL_HELD) == 0);
    end();
}

Test(calls, L13_busy)
{
    begin(1, REPLY);
    kit_cell(&kit, callee.pid)->flags |= WTL__CELL_SUSPENDED;
    for (int i = 0; i < 4; i++) {
        kit_tell(&kit, &third, callee.pid, 1);
    }
    kit_settle(&kit);
    call(callee.pid, 0);
    kit_settle(&kit);
    (void)answered(WTL_BUSY);
    cr_assert_eq(kit_counter(&kit, WTL__COUNT_DROPPED_FULL), 1);
    end();
}

Test(calls, L13_the_callee_ends_before_it_replies)
{
    for (uint64_t seed = 0; seed < SEEDS; seed++) {
        begin(seed, seed % 2 == 0 ? STOP : DEFER);
        call(callee.pid, 0);
        if (seed % 3 == 0) {
            kit_settle(&kit); /* owed; otherwise it may wait unhandled, or not be there yet */
        }
        if (mode == DEFER) {
            kit_stop(&kit, &callee, CRASH);
        }
        kit_settle(&kit);
        const struct kit_event *answer = kit_only(&caller, KIT_ANSWER);
        if (answer->status != WTL_NO_PROCESS) {
            cr_assert(kit_reason_is(answered(WTL_CLOSED)->reason, "error:crash"));
        }
        end();
    }
}

static void reply_now(struct wtl_ctx *x, struct kit_puppet *p, const struct kit_cmd *cmd)
{
    struct wtl_writer body;
    (void)p;
    kit_body(x, &body, cmd->number);
    wtl_reply_to(x, deferred, &body);
}

Test(calls, L13_a_deferred_reply)
{
    begin(1, DEFER);
    call(callee.pid, 0);
    kit_advance(&kit, 1000);
    cr_assert_eq(kit_count(&caller, KIT_ANSWER), 0);
    kit_do(&kit, &callee, (struct kit_cmd){.fn = reply_now, .number = 9});
    kit_settle(&kit);
    cr_assert_eq(answered(WTL_OK)->number, 9);
    end();
}

Test(calls, L13_a_third_actor_replies)
{
    for (uint64_t seed = 0; seed < SEEDS; seed++) {
        begin(seed, HAND_ON);
        call(callee.pid, 0);
        kit_settle(&kit);
        const struct kit_event *answer = answered(WTL_OK);
        cr_assert_eq(answer->number, 105);
        cr_assert(wtl_pid_equal(answer->from, third.pid));
        kit_stop(&kit, &callee, CRASH);
        kit_settle(&kit);
        cr_assert_eq(kit_count(&caller, KIT_ANSWER), 1, "the callee's end answered it again");
        end();
    }
}

Test(calls, L13_only_the_first_reply_counts)
{
    begin(1, REPLY_TWICE);
    call(callee.pid, 0);
    kit_settle(&kit);
    cr_assert_eq(answered(WTL_OK)->number, 6);
    cr_assert_eq(kit_counter(&kit, WTL__COUNT_LATE_REPLIES), 1);
    end();
}

Test(calls, L13_a_reply_to_what_was_no_call_goes_nowhere)
{
    begin(1, REPLY);
    kit_tell(&kit, &caller, callee.pid, 3);
    kit_settle(&kit);
    cr_assert_eq(callee.got, 1);
    cr_assert_eq(caller.count, 0);
    end();
}

Test(calls, L13_the_caller_ends)
{
    for (uint64_t seed = 0; seed < SEEDS; seed++) {
        begin(seed, DEFER);
        call(callee.pid, 0);
        kit_settle(&kit);
        kit_stop(&kit, &caller, CRASH);
        kit_do(&kit, &callee, (struct kit_cmd){.fn = reply_now, .number = 9});
        end();
    }
}

/* The caller has given up before the callee has even seen the call, and the callee never replies.
 */
Test(calls, L13_what_was_given_up_is_not_owed_for_ever)
{
    for (uint64_t seed = 0; seed < SEEDS; seed++) {
        begin(seed, NOTHING);
        kit_cell(&kit, callee.pid)->flags |= WTL__CELL_SUSPENDED;
        call(callee.pid, 10);
        kit_advance(&kit, 10);
        (void)answered(WTL_TIMEOUT);
        kit_cell(&kit, callee.pid)->flags &= ~WTL__CELL_SUSPENDED;
        kit_tell(&kit, &third, callee.pid, 1);
        kit_settle(&kit);
        cr_assert_eq(callee.got, 2);
        end();
    }
}

/* ---- late replies --------------------------------------------------------------------------- */

Test(calls, L07_a_late_reply_never_arrives)
{
    for (uint64_t seed = 0; seed < SEEDS; seed++) {
        begin(seed, DEFER);
        call(callee.pid, 10);
        kit_advance(&kit, 10);
        (void)answered(WTL_TIMEOUT);
        kit_do(&kit, &callee, (struct kit_cmd){.fn = reply_now, .number = 9});
        kit_settle(&kit);
        (void)answered(WTL_TIMEOUT);
        cr_assert_eq(caller.got, 0);
        cr_assert_eq(kit_counter(&kit, WTL__COUNT_LATE_REPLIES), 1);
        end();
    }
}

/* Reply and deadline at the same moment: one of them answers, whichever the schedule prefers. */
Test(calls, L07_reply_and_deadline_at_once)
{
    uint32_t timeouts = 0;
    for (uint64_t seed = 0; seed < 10 * SEEDS; seed++) {
        begin(seed, DEFER);
        call(callee.pid, 10);
        kit_advance(&kit, 9);
        kit_do(&kit, &callee, (struct kit_cmd){.fn = reply_now, .number = 9});
        kit.step.now_ns += WTL__NS_PER_MS;
        if (seed % 2 == 0) { /* the alarm leaves the wheel before the reply is made */
            struct wtl__list due;
            wtl__list_init(&due);
            (void)wtl__wheel_expire(&kit.step.wheel, kit.step.now_ns / WTL__NS_PER_MS, 10, &due);
            struct wtl__link *link = wtl__list_take_first(&due);
            cr_assert_not_null(link);
            struct wtl__timer *timer = WTL_CONTAINER(link, struct wtl__timer, link);
            wtl__alarm_fire(&kit.step.x, WTL_CONTAINER(timer, struct wtl__alarm, timer));
        }
        kit_settle(&kit);
        timeouts += kit_only(&caller, KIT_ANSWER)->status == WTL_TIMEOUT;
        end();
    }
    cr_assert_gt(timeouts, 0);
    cr_assert_lt(timeouts, 10 * SEEDS);
}

static void cancel(struct wtl_ctx *x, struct kit_puppet *p, const struct kit_cmd *cmd)
{
    (void)cmd;
    p->last = wtl_call_cancel(x, request) ? 1 : 2;
}

Test(calls, L07_a_call_that_was_given_up_is_not_answered)
{
    for (uint64_t seed = 0; seed < SEEDS; seed++) {
        begin(seed, REPLY);
        call(callee.pid, 0);
        kit_do(&kit, &caller, (struct kit_cmd){.fn = cancel});
        kit_settle(&kit);
        cr_assert_eq(kit_count(&caller, KIT_ANSWER), caller.last == 1 ? 0 : 1);
        end();
    }
}

/* ---- hold ----------------------------------------------------------------------------------- */

Test(calls, L13_hold_keeps_other_messages_waiting)
{
    for (uint64_t seed = 0; seed < SEEDS; seed++) {
        begin(seed, DEFER);
        kit_do(&kit, &caller, (struct kit_cmd){.fn = ask_held, .pid = callee.pid});
        kit_settle(&kit);
        kit_tell(&kit, &third, caller.pid, 1);
        kit_tell(&kit, &third, caller.pid, 2);
        kit_settle(&kit);
        cr_assert_eq(caller.count, 0);
        kit_do(&kit, &callee, (struct kit_cmd){.fn = reply_now, .number = 9});
        kit_settle(&kit);
        cr_assert_eq(caller.count, 3);
        cr_assert_eq(caller.events[0].what, KIT_ANSWER);
        cr_assert_eq(caller.events[1].number, 1);
        cr_assert_eq(caller.events[2].number, 2);
        end();
    }
}

Test(calls, L13_hold_ends_with_the_deadline_and_with_the_callee)
{
    begin(1, DEFER);
    kit_do(&kit, &caller, (struct kit_cmd){.fn = ask_held, .pid = callee.pid, .number = 20});
    kit_settle(&kit);
    kit_tell(&kit, &third, caller.pid, 1);
    kit_advance(&kit, 20);
    (void)answered(WTL_TIMEOUT);
    cr_assert_eq(caller.got, 1);
    caller.count = 0;
    kit_do(&kit, &caller, (struct kit_cmd){.fn = ask_held, .pid = callee.pid});
    kit_settle(&kit);
    kit_tell(&kit, &third, caller.pid, 2);
    kit_stop(&kit, &callee, CRASH);
    kit_settle(&kit);
    (void)answered(WTL_CLOSED);
    cr_assert_eq(caller.got, 2);
    end();
}

Test(calls, L13_who_holds_still_takes_exit_signals)
{
    begin(1, DEFER);
    kit_do(&kit, &caller, (struct kit_cmd){.fn = ask_held, .pid = callee.pid});
    kit_settle(&kit);
    kit_exit(&kit, &third, caller.pid, CRASH);
    kit_settle(&kit);
    cr_assert_not(kit_lives(&kit, caller.pid));
    end();
}

/* ---- what the body of a call may go through ---------------------------------------------------
 */

static const struct wtl_msg *kept;

static enum wtl_status keep_it(struct wtl_ctx *x, struct kit_puppet *p, const struct wtl_msg *m)
{
    (void)p;
    kept = wtl_keep(x, m);
    cr_assert_not_null(kept);
    return WTL_OK;
}

static enum wtl_status forward_and_stop(struct wtl_ctx *x, struct kit_puppet *p,
                                        const struct wtl_msg *m)
{
    struct kit_puppet *to = p->user;
    cr_assert_eq(wtl_forward(x, to->pid, m->tag, m), WTL_OK);
    if (m->request != 0) {
        wtl_stop(x, CRASH);
    }
    return WTL_OK;
}

Test(calls, L13_the_body_of_a_call_outlives_its_callee_where_it_was_forwarded)
{
    for (uint64_t seed = 0; seed < SEEDS; seed++) {
        begin(seed, NOTHING);
        callee.message = forward_and_stop;
        callee.user = &third;
        third.message = keep_it;
        call(callee.pid, 0);
        kit_settle(&kit);
        cr_assert(kit_reason_is(answered(WTL_CLOSED)->reason, "error:crash"));
        for (int i = 0; i < 20; i++) { /* the same blocks, written again */
            kit_tell(&kit, &caller, caller.pid, UINT64_MAX);
        }
        kit_settle(&kit);
        cr_assert_eq(kit_number(kept), 5);
        end();
    }
}
