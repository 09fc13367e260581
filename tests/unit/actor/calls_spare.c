/* calls_spare.c - an alarm that was armed for one call and is there for the next ones. */
#include "base/prng.h"
#include "calls_kit.h"

#define ROUNDS 40u

/* ---- one alarm for many calls ---------------------------------------------------------------- */

Test(calls, L13_calls_that_are_answered_share_an_alarm)
{
    calls_begin(1, REPLY);
    calls_call(callee.pid, 0);
    kit_settle(&kit);
    const struct wtl__alarm *first = kit_cell(&kit, caller.pid)->spare;
    cr_assert_not_null(first);
    for (unsigned i = 0; i < ROUNDS; i++) {
        kit_advance(&kit, 100);
        calls_call(callee.pid, 0);
        kit_settle(&kit);
        cr_assert_eq(kit_cell(&kit, caller.pid)->spare, first);
    }
    cr_assert_eq(kit_count(&caller, KIT_ANSWER), ROUNDS + 1);
    kit_advance(&kit, WTL_CALL_DEADLINE_MS - 100 * ROUNDS);
    cr_assert_null(kit_cell(&kit, caller.pid)->spare, "it goes when it comes");
    calls_end();
}

/* It is armed for the deadline of a call long ago; the one that waits has its own. */
Test(calls, L13_a_spare_alarm_is_never_early)
{
    calls_begin(1, REPLY);
    calls_call(callee.pid, 0);
    kit_advance(&kit, 4000);
    caller.count = 0;
    mode = DEFER;
    calls_call(callee.pid, 0);
    kit_advance(&kit, WTL_CALL_DEADLINE_MS - 1);
    cr_assert_eq(kit_count(&caller, KIT_ANSWER), 0);
    kit_advance(&kit, 1);
    (void)calls_answered(WTL_TIMEOUT);
    calls_end();
}

Test(calls, L13_a_spare_alarm_is_not_for_a_shorter_call)
{
    calls_begin(1, REPLY);
    calls_call(callee.pid, 0);
    kit_settle(&kit);
    caller.count = 0;
    mode = DEFER;
    calls_call(callee.pid, 20);
    kit_advance(&kit, 19);
    cr_assert_eq(kit_count(&caller, KIT_ANSWER), 0);
    kit_advance(&kit, 1);
    (void)calls_answered(WTL_TIMEOUT);
    calls_end();
}

/* An hour's call leaves nothing armed behind. */
Test(calls, L13_alarms_of_long_calls_are_not_kept)
{
    calls_begin(1, REPLY);
    calls_call(callee.pid, 3600 * 1000);
    kit_settle(&kit);
    cr_assert_null(kit_cell(&kit, caller.pid)->spare);
    cr_assert(wtl__wheel_is_empty(&kit.step.wheel));
    calls_end();
}

Test(calls, L13_a_spare_alarm_ends_with_its_actor)
{
    calls_begin(1, REPLY);
    calls_call(callee.pid, 0);
    kit_settle(&kit);
    cr_assert_not(wtl__wheel_is_empty(&kit.step.wheel));
    kit_stop(&kit, &caller, CRASH);
    kit_settle(&kit);
    cr_assert(wtl__wheel_is_empty(&kit.step.wheel), "it is armed for nobody");
    calls_end();
}

/* ---- any calls, in any order ----------------------------------------------------------------- */

static uint64_t due_ms[2 * ROUNDS]; /* of the calls that nobody answers, by request; 0: over */
static uint64_t requests[2 * ROUNDS];

static uint64_t now_ms(void)
{
    return kit.step.now_ns / WTL__NS_PER_MS;
}

static bool has_answer(uint64_t number)
{
    uint32_t answers = kit_count(&caller, KIT_ANSWER);
    for (uint32_t i = 0; i < answers; i++) {
        const struct kit_event *answer = kit_nth(&caller, KIT_ANSWER, i);
        if (answer->request == number) {
            cr_assert_eq(answer->status, WTL_TIMEOUT);
            return true;
        }
    }
    return false;
}

static void check_all(uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        cr_assert_eq(has_answer(requests[i]), due_ms[i] <= now_ms(),
                     "call %u is due at %lu, and it is %lu", i, (unsigned long)due_ms[i],
                     (unsigned long)now_ms());
    }
}

static uint32_t any_call(struct wtl__prng *prng, uint32_t unanswered)
{
    static const uint32_t deadlines[] = {1, 7, 40, 900, 1000, 4999, 5000, 5001, 20000};
    uint32_t deadline = deadlines[wtl__prng_below(prng, WTL_COUNT(deadlines))];
    mode = wtl__prng_below(prng, 3) == 0 ? DEFER : REPLY;
    calls_call(callee.pid, deadline);
    kit_settle(&kit);
    if (mode == DEFER) {
        requests[unanswered] = request;
        due_ms[unanswered++] = now_ms() + deadline;
    }
    return unanswered;
}

Test(calls, L13_each_call_ends_at_its_own_deadline)
{
    for (uint64_t seed = 0; seed < test_seeds(SEEDS); seed++) {
        struct wtl__prng prng;
        uint32_t unanswered = 0;
        wtl__prng_init(&prng, seed);
        calls_begin(seed, REPLY);
        for (uint32_t round = 0; round < ROUNDS; round++) {
            for (uint64_t calls = wtl__prng_below(&prng, 3); calls > 0; calls--) {
                unanswered = any_call(&prng, unanswered);
            }
            static const uint16_t steps[] = {0, 1, 3, 50, 800, 2500};
            for (uint64_t ms = steps[wtl__prng_below(&prng, WTL_COUNT(steps))]; ms > 0; ms--) {
                kit_advance(&kit, 1);
                check_all(unanswered);
            }
        }
        kit_advance(&kit, 20000);
        check_all(unanswered);
        calls_end();
    }
}
