/* calls_late.c - late replies, callers that hold, and where the body of a call may end up. */
#include "calls_kit.h"

/* ---- late replies --------------------------------------------------------------------------- */

Test(calls, L07_a_late_reply_never_arrives)
{
    for (uint64_t seed = 0; seed < test_seeds(SEEDS); seed++) {
        calls_begin(seed, DEFER);
        calls_call(callee.pid, 10);
        kit_advance(&kit, 10);
        (void)calls_answered(WTL_TIMEOUT);
        calls_reply(9);
        kit_settle(&kit);
        (void)calls_answered(WTL_TIMEOUT);
        cr_assert_eq(caller.got, 0);
        cr_assert_eq(kit_counter(&kit, WTL__COUNT_LATE_REPLIES), 1);
        calls_end();
    }
}

/* Reply and deadline at the same moment: one of them answers, whichever the schedule prefers. */
Test(calls, L07_reply_and_deadline_at_once)
{
    uint32_t timeouts = 0;
    for (uint64_t seed = 0; seed < test_seeds(10 * SEEDS); seed++) {
        calls_begin(seed, DEFER);
        calls_call(callee.pid, 10);
        kit_advance(&kit, 9);
        calls_reply(9);
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
        calls_end();
    }
    cr_assert_gt(timeouts, 0);
    cr_assert_lt(timeouts, test_seeds(10 * SEEDS));
}

static void cancel(struct wtl_ctx *x, struct kit_puppet *p, const struct kit_cmd *cmd)
{
    (void)cmd;
    p->last = wtl_call_cancel(x, request) ? 1 : 2;
}

Test(calls, L07_a_call_that_was_given_up_is_not_answered)
{
    for (uint64_t seed = 0; seed < test_seeds(SEEDS); seed++) {
        calls_begin(seed, REPLY);
        calls_call(callee.pid, 0);
        kit_do(&kit, &caller, (struct kit_cmd){.fn = cancel});
        kit_settle(&kit);
        cr_assert_eq(kit_count(&caller, KIT_ANSWER), caller.last == 1 ? 0 : 1);
        calls_end();
    }
}

/* ---- hold ----------------------------------------------------------------------------------- */

Test(calls, L13_hold_keeps_other_messages_waiting)
{
    for (uint64_t seed = 0; seed < test_seeds(SEEDS); seed++) {
        calls_begin(seed, DEFER);
        calls_call_held(callee.pid, 0);
        kit_settle(&kit);
        kit_tell(&kit, &third, caller.pid, 1);
        kit_tell(&kit, &third, caller.pid, 2);
        kit_settle(&kit);
        cr_assert_eq(caller.count, 0);
        calls_reply(9);
        kit_settle(&kit);
        cr_assert_eq(caller.count, 3);
        cr_assert_eq(caller.events[0].what, KIT_ANSWER);
        cr_assert_eq(caller.events[1].number, 1);
        cr_assert_eq(caller.events[2].number, 2);
        calls_end();
    }
}

Test(calls, L13_hold_ends_with_the_deadline_and_with_the_callee)
{
    calls_begin(1, DEFER);
    calls_call_held(callee.pid, 20);
    kit_settle(&kit);
    kit_tell(&kit, &third, caller.pid, 1);
    kit_advance(&kit, 20);
    (void)calls_answered(WTL_TIMEOUT);
    cr_assert_eq(caller.got, 1);
    caller.count = 0;
    calls_call_held(callee.pid, 0);
    kit_settle(&kit);
    kit_tell(&kit, &third, caller.pid, 2);
    kit_stop(&kit, &callee, CRASH);
    kit_settle(&kit);
    (void)calls_answered(WTL_CLOSED);
    cr_assert_eq(caller.got, 2);
    calls_end();
}

Test(calls, L13_who_holds_still_takes_exit_signals)
{
    calls_begin(1, DEFER);
    calls_call_held(callee.pid, 0);
    kit_settle(&kit);
    kit_exit(&kit, &third, caller.pid, CRASH);
    kit_settle(&kit);
    cr_assert_not(kit_lives(&kit, caller.pid));
    calls_end();
}

Test(calls, L13_who_holds_for_its_own_answer_is_told)
{
    calls_begin(1, DEFER);
    calls_call_held(caller.pid, WTL_CALL_FOREVER);
    kit_settle(&kit);
    (void)calls_answered(WTL_INVALID);
    cr_assert_eq(caller.got, 0);
    kit_tell(&kit, &third, caller.pid, 2);
    kit_settle(&kit);
    cr_assert_eq(caller.got, 1);
    calls_end();
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
    for (uint64_t seed = 0; seed < test_seeds(SEEDS); seed++) {
        calls_begin(seed, NOTHING);
        callee.message = forward_and_stop;
        callee.user = &third;
        third.message = keep_it;
        calls_call(callee.pid, 0);
        kit_settle(&kit);
        cr_assert(kit_reason_is(calls_answered(WTL_CLOSED)->reason, "error:crash"));
        for (int i = 0; i < 20; i++) { /* the same blocks, written again */
            kit_tell(&kit, &caller, caller.pid, UINT64_MAX);
        }
        kit_settle(&kit);
        cr_assert_eq(kit_number(kept), 5);
        calls_end();
    }
}
