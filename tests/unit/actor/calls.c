/* calls.c - each way in which a call can be answered, once, and that nothing comes after it. */
#include "calls_kit.h"

Test(calls, L13_a_reply)
{
    for (uint64_t seed = 0; seed < test_seeds(SEEDS); seed++) {
        calls_begin(seed, REPLY);
        calls_call(callee.pid, 0);
        kit_settle(&kit);
        const struct kit_event *answer = calls_answered(WTL_OK);
        cr_assert_eq(answer->number, 6);
        cr_assert(wtl_pid_equal(answer->from, callee.pid));
        calls_end();
    }
}

Test(calls, L13_a_reply_that_says_no)
{
    calls_begin(1, REPLY_ERROR);
    calls_call(callee.pid, 0);
    kit_settle(&kit);
    cr_assert_eq(calls_answered(WTL_DENIED)->number, 77);
    calls_end();
}

Test(calls, L13_timeout_after_five_seconds_unless_said_otherwise)
{
    calls_begin(1, DEFER);
    calls_call(callee.pid, 0);
    kit_advance(&kit, WTL_CALL_DEADLINE_MS - 1);
    cr_assert_eq(kit_count(&caller, KIT_ANSWER), 0);
    kit_advance(&kit, 1);
    (void)calls_answered(WTL_TIMEOUT);
    calls_end();
    calls_begin(1, DEFER);
    calls_call(callee.pid, 30);
    kit_advance(&kit, 29);
    cr_assert_eq(kit_count(&caller, KIT_ANSWER), 0);
    kit_advance(&kit, 1);
    (void)calls_answered(WTL_TIMEOUT);
    calls_end();
}

Test(calls, L13_a_call_for_ever_has_no_deadline)
{
    calls_begin(1, DEFER);
    calls_call(callee.pid, WTL_CALL_FOREVER);
    kit_settle(&kit);
    cr_assert(wtl__wheel_is_empty(&kit.step.wheel));
    kit_stop(&kit, &callee, CRASH);
    kit_settle(&kit);
    (void)calls_answered(WTL_CLOSED);
    calls_end();
}

Test(calls, L13_nobody_there)
{
    calls_begin(1, REPLY);
    kit_stop(&kit, &callee, CRASH);
    kit_settle(&kit);
    calls_call(callee.pid, 0);
    kit_settle(&kit);
    cr_assert(kit_reason_is(calls_answered(WTL_NO_PROCESS)->reason, "noproc"));
    calls_end();
}

Test(calls, L13_another_node_without_a_port)
{
    calls_begin(1, REPLY);
    calls_call((struct wtl_pid){.node = 99, .local = 1}, 0);
    kit_settle(&kit);
    (void)calls_answered(WTL_NO_CONNECTION);
    calls_end();
}

static void ask_unknown_name(struct wtl_ctx *x, struct kit_puppet *p, const struct kit_cmd *cmd)
{
    (void)cmd;
    request = wtl_call_name(x, "nobody", WTL_TAG("ask"), NULL, KIT_CALL(p, .hold = true));
}

Test(calls, L13_an_unknown_name)
{
    calls_begin(1, REPLY);
    kit_do(&kit, &caller, (struct kit_cmd){.fn = ask_unknown_name});
    kit_settle(&kit);
    (void)calls_answered(WTL_NOT_FOUND);
    cr_assert((kit_cell(&kit, caller.pid)->flags & WTL__CELL_HELD) == 0);
    calls_end();
}

Test(calls, L13_busy)
{
    calls_begin(1, REPLY);
    kit_cell(&kit, callee.pid)->flags |= WTL__CELL_SUSPENDED;
    for (int i = 0; i < 4; i++) {
        kit_tell(&kit, &third, callee.pid, 1);
    }
    kit_settle(&kit);
    calls_call(callee.pid, 0);
    kit_settle(&kit);
    (void)calls_answered(WTL_BUSY);
    cr_assert_eq(kit_counter(&kit, WTL__COUNT_DROPPED_FULL), 1);
    calls_end();
}

Test(calls, L13_the_callee_ends_before_it_replies)
{
    for (uint64_t seed = 0; seed < test_seeds(SEEDS); seed++) {
        calls_begin(seed, seed % 2 == 0 ? STOP : DEFER);
        calls_call(callee.pid, 0);
        if (seed % 3 == 0) {
            kit_settle(&kit); /* owed; otherwise it may wait unhandled, or not be there yet */
        }
        if (mode == DEFER) {
            kit_stop(&kit, &callee, CRASH);
        }
        kit_settle(&kit);
        const struct kit_event *answer = kit_only(&caller, KIT_ANSWER);
        if (answer->status != WTL_NO_PROCESS) {
            cr_assert(kit_reason_is(calls_answered(WTL_CLOSED)->reason, "error:crash"));
        }
        calls_end();
    }
}

Test(calls, L13_a_deferred_reply)
{
    calls_begin(1, DEFER);
    calls_call(callee.pid, 0);
    kit_advance(&kit, 1000);
    cr_assert_eq(kit_count(&caller, KIT_ANSWER), 0);
    calls_reply(9);
    kit_settle(&kit);
    cr_assert_eq(calls_answered(WTL_OK)->number, 9);
    calls_end();
}

Test(calls, L13_a_third_actor_replies)
{
    for (uint64_t seed = 0; seed < test_seeds(SEEDS); seed++) {
        calls_begin(seed, HAND_ON);
        calls_call(callee.pid, 0);
        kit_settle(&kit);
        const struct kit_event *answer = calls_answered(WTL_OK);
        cr_assert_eq(answer->number, 105);
        cr_assert(wtl_pid_equal(answer->from, third.pid));
        kit_stop(&kit, &callee, CRASH);
        kit_settle(&kit);
        cr_assert_eq(kit_count(&caller, KIT_ANSWER), 1, "the callee's end answered it again");
        calls_end();
    }
}

Test(calls, L13_only_the_first_reply_counts)
{
    calls_begin(1, REPLY_TWICE);
    calls_call(callee.pid, 0);
    kit_settle(&kit);
    cr_assert_eq(calls_answered(WTL_OK)->number, 6);
    cr_assert_eq(kit_counter(&kit, WTL__COUNT_LATE_REPLIES), 1);
    calls_end();
}

Test(calls, L13_a_reply_to_what_was_no_call_goes_nowhere)
{
    calls_begin(1, REPLY);
    kit_tell(&kit, &caller, callee.pid, 3);
    kit_settle(&kit);
    cr_assert_eq(callee.got, 1);
    cr_assert_eq(caller.count, 0);
    calls_end();
}

Test(calls, L13_the_caller_ends)
{
    for (uint64_t seed = 0; seed < test_seeds(SEEDS); seed++) {
        calls_begin(seed, DEFER);
        calls_call(callee.pid, 0);
        kit_settle(&kit);
        kit_stop(&kit, &caller, CRASH);
        calls_reply(9);
        calls_end();
    }
}

/* The caller has given up before the callee has even seen the call: nobody handles it. */
Test(calls, L13_what_was_given_up_is_not_owed_for_ever)
{
    for (uint64_t seed = 0; seed < test_seeds(SEEDS); seed++) {
        calls_begin(seed, NOTHING);
        kit_cell(&kit, callee.pid)->flags |= WTL__CELL_SUSPENDED;
        calls_call(callee.pid, 10);
        kit_advance(&kit, 10);
        (void)calls_answered(WTL_TIMEOUT);
        kit_cell(&kit, callee.pid)->flags &= ~WTL__CELL_SUSPENDED;
        kit_tell(&kit, &third, callee.pid, 1);
        kit_settle(&kit);
        cr_assert_eq(callee.got, 1, "the message, and not the call");
        cr_assert_eq(kit_counter(&kit, WTL__COUNT_EXPIRED), 1);
        calls_end();
    }
}
