/* backoff.c - how long a child that fails again and again has to wait, and limits of its own. */
#include "kit.h"

#define BACKOFF(first, max, stable)                                                                \
    .backoff = {.first_ms = (first), .max_ms = (max), .stable_ms = (stable)}
#define MANY INTENSITY(WTL_INTENSITY_MAX, UINT32_MAX)

/* The time between two starts of a child that fails at once. */
static uint64_t gap(const char *letter, int start)
{
    const struct script *script = kit_script(letter);
    return script->started_ms[start] - script->started_ms[start - 1];
}

Test(supervisor, S22_each_attempt_waits_twice_as_long_as_the_one_before)
{
    static const uint64_t most[] = {100, 200, 400, 800, 1600, 2000, 2000, 2000};
    EACH_SEED
    {
        struct wtl_child children[] = {CHILD("a", BACKOFF(100, 2000, 0)), CHILD("b")};
        struct wtl_pid top = kit_supervise(&TREE(children, MANY));
        kit_script("a")->fail_starts = 1000;
        kit_do(kit_pid("a"), "crash");
        kit_settle();
        EXPECT_LIST(top, "a restarting, b running");
        cr_assert_eq(kit_script("a")->starts, 1);
        while (kit_script("a")->starts <= (int)WTL_COUNT(most)) {
            kit_advance(1000);
        }
        for (size_t i = 0; i < WTL_COUNT(most); i++) {
            uint64_t ms = gap("a", (int)i + 1);
            cr_assert(ms >= most[i] / 2 && ms <= most[i], "attempt %zu after %lu ms", i, ms);
        }
        cr_assert_eq(kit_script("b")->starts, 1);
    }
}

/* The row's "CPU <1 %": ten minutes of a crash loop are a few hundred attempts of a few steps. */
Test(supervisor, S22_X099_a_crash_loop_costs_next_to_nothing)
{
    EACH_SEED
    {
        struct wtl_child children[] = {CHILD("a", BACKOFF(50, 2000, 0))};
        (void)kit_supervise(&TREE(children, MANY));
        kit_script("a")->crash_when_up = true;
        uint64_t steps = kit.step.steps;
        kit_do(kit_pid("a"), "crash");
        kit_advance(600000);
        cr_assert_not(kit.top_down);
        cr_assert(kit_script("a")->starts > 300 && kit_script("a")->starts < 660, "%d",
                  kit_script("a")->starts);
        cr_assert_lt(kit.step.steps - steps, 660 * 12);
    }
}

Test(supervisor, S22_those_that_fail_together_do_not_come_back_together)
{
    EACH_SEED
    {
        struct wtl_child children[] = {
            CHILD("a", BACKOFF(1000, 0, 0)), CHILD("b", BACKOFF(1000, 0, 0)),
            CHILD("c", BACKOFF(1000, 0, 0)), CHILD("d", BACKOFF(1000, 0, 0))};
        struct wtl_pid top = kit_supervise(&TREE(children));
        for (const char *letter = "abcd"; *letter != '\0'; letter++) {
            kit_do(kit_pid(letter), "crash");
        }
        kit_advance(1000);
        EXPECT_LIST(top, "a running, b running, c running, d running");
        unsigned same = 0;
        for (const char *letter = "bcd"; *letter != '\0'; letter++) {
            same += gap(letter, 1) == gap("a", 1);
        }
        cr_assert_lt(same, 3, "seed %lu", seed);
    }
}

Test(supervisor, S22_a_child_that_was_stable_begins_anew)
{
    EACH_SEED
    {
        struct wtl_child children[] = {CHILD("a", BACKOFF(100, 10000, 5000))};
        struct wtl_pid top = kit_supervise(&TREE(children, MANY));
        for (int i = 1; i <= 5; i++) { /* not stable: each is ready for 4999 ms */
            kit_do(kit_pid("a"), "crash");
            uint64_t most = UINT64_C(100) << (i - 1);
            kit_advance(most / 2 - 1);
            EXPECT_LIST(top, "a restarting");
            kit_advance(most);
            EXPECT_LIST(top, "a running");
            uint64_t ready_ms = kit_script("a")->started_ms[i];
            kit_at(ready_ms - 1000000 + 4999);
        }
        kit_advance(1);
        kit_do(kit_pid("a"), "crash");
        kit_advance(100);
        EXPECT_LIST(top, "a running");
    }
}

Test(supervisor, S22_while_it_waits_it_is_restarting)
{
    EACH_SEED
    {
        struct wtl_child children[] = {CHILD("a"), CHILD("b", BACKOFF(1000, 0, 0))};
        struct wtl_pid top = kit_supervise(&TREE(children));
        kit_kill(kit_pid("b"));
        kit_settle();
        cr_assert_eq(kit_asked(top, WTL_CHILD_RESTART, "b"), WTL_RESTARTING);
        cr_assert_eq(kit_asked(top, WTL_CHILD_DELETE, "b"), WTL_RESTARTING);
        (void)kit_added(top, &(struct wtl_child)CHILD("b"), WTL_PRESENT);
        cr_assert_eq(kit_count(top, "active"), 1);
        cr_assert_eq(kit_asked(top, WTL_CHILD_TERMINATE, "b"), WTL_OK);
        EXPECT_LIST(top, "a running, b stopped");
        kit_advance(60000);
        cr_assert_eq(kit_script("b")->starts, 1, "terminated is terminated");
        cr_assert_eq(kit_asked(top, WTL_CHILD_RESTART, "b"), WTL_OK);
        EXPECT_LIST(top, "a running, b running");
    }
}

/* One timer serves all: who fails later may be due earlier, and who is due may be gone. */
Test(supervisor, S22_many_wait_for_one_timer)
{
    EACH_SEED
    {
        struct wtl_child children[] = {CHILD("a", BACKOFF(4000, 4000, 0)),
                                       CHILD("b", BACKOFF(10, 10, 0)),
                                       CHILD("c", BACKOFF(400, 400, 0))};
        struct wtl_pid top = kit_supervise(&TREE(children));
        kit_kill(kit_pid("a"));
        kit_settle();
        kit_kill(kit_pid("b"));
        kit_kill(kit_pid("c"));
        kit_advance(10);
        EXPECT_LIST(top, "a restarting, b running, c restarting");
        cr_assert_eq(kit_asked(top, WTL_CHILD_TERMINATE, "c"), WTL_OK);
        kit_advance(1000);
        EXPECT_LIST(top, "a restarting, b running, c stopped");
        kit_advance(3000);
        EXPECT_LIST(top, "a running, b running, c stopped");
    }
}

/* The attempt is what stops the siblings, and what counts. */
Test(supervisor, S22_a_group_runs_until_the_attempt)
{
    EACH_SEED
    {
        struct wtl_child children[] = {CHILD("a"), CHILD("b", BACKOFF(100, 100, 0)), CHILD("c")};
        struct wtl_pid top = kit_supervise(&TREE(children, .strategy = WTL_ONE_FOR_ALL));
        kit_forget();
        kit_do(kit_pid("b"), "crash");
        kit_advance(49);
        EXPECT_TRACE("-b");
        EXPECT_LIST(top, "a running, b restarting, c running");
        cr_assert_eq(kit.step.runtime.counters[WTL__COUNT_RESTARTS], 0);
        kit_advance(51);
        EXPECT_TRACE("-b -c -a +a +b +c");
        cr_assert_eq(kit.step.runtime.counters[WTL__COUNT_RESTARTS], 1);
        kit_forget();
        kit_do(kit_pid("b"), "crash");
        kit_settle();
        kit_do(kit_pid("a"), "crash"); /* has no backoff, and takes b along */
        kit_settle();
        EXPECT_TRACE("-b -a -c +a +b +c");
        kit_advance(1000);
        EXPECT_TRACE("-b -a -c +a +b +c");
    }
}

Test(supervisor, S22_a_pool_waits_too_and_knows_them_by_the_pid_they_had)
{
    EACH_SEED
    {
        struct wtl_child spec[] = {CHILD("z", BACKOFF(100, 1000, 0))};
        struct wtl_pid pool = kit_supervise(&TREE(spec, .strategy = WTL_SIMPLE_ONE_FOR_ONE, MANY));
        struct wtl_pid first = kit_added(pool, NULL, WTL_OK);
        struct wtl_pid second = kit_added(pool, NULL, WTL_OK);
        struct answer answer;
        kit_script("z")->fail_starts = 2;
        kit_do(first, "crash");
        kit_do(second, "crash");
        kit_advance(110); /* both have failed once more, and wait again, for 100 ms at least */
        cr_assert_eq(kit_script("z")->starts, 4);
        cr_assert_eq(kit_count(pool, "active"), 0);
        cr_assert_eq(kit_count(pool, "workers"), 2);
        kit_ask(&answer, pool, WTL_CHILD_TERMINATE, NULL, first);
        kit_settle();
        cr_assert_eq(answer.status, WTL_OK);
        cr_assert_eq(kit_count(pool, "workers"), 1);
        kit_advance(200);
        cr_assert_eq(kit_count(pool, "active"), 1);
        cr_assert_eq(kit_script("z")->starts, 5);
    }
}

Test(supervisor, S22_the_end_does_not_wait)
{
    EACH_SEED
    {
        for (int pool = 0; pool < 2; pool++) {
            struct wtl_child children[] = {CHILD("a", BACKOFF(100000, 0, 0))};
            struct wtl_pid top = kit_supervise(
                &TREE(children, .strategy = pool != 0 ? WTL_SIMPLE_ONE_FOR_ONE : WTL_ONE_FOR_ONE));
            if (pool != 0) {
                (void)kit_added(top, NULL, WTL_OK);
            }
            kit_kill(kit_pid("a"));
            kit_settle();
            kit_end(top);
            kit_settle();
            cr_assert(kit.top_down);
        }
    }
}

Test(supervisor, S22_bad_backoffs_are_refused)
{
    struct wtl_child no_first[] = {CHILD("a", BACKOFF(0, 1000, 0))};
    struct wtl_child no_first_either[] = {CHILD("a", BACKOFF(0, 0, 1000))};
    struct wtl_child falling[] = {CHILD("a", BACKOFF(1000, 999, 0))};
    const struct {
        struct wtl_tree tree;
        const char *says;
    } cases[] = {
        {TREE(no_first), "expected a first_ms"},
        {TREE(no_first_either), "expected a first_ms"},
        {TREE(falling), "first_ms (1000) or more, got 999"},
    };
    for (size_t i = 0; i < WTL_COUNT(cases); i++) {
        kit_open(i);
        (void)kit_supervise(&cases[i].tree);
        cr_assert(kit.top_down, "%s", cases[i].says);
        cr_assert_not_null(strstr(kit.log, cases[i].says), "%s: %s", cases[i].says, kit.log);
        kit_close();
    }
}

/* ---- limits of its own ----------------------------------------------------------------------- */

Test(supervisor, S25_a_child_may_have_a_limit_of_its_own)
{
    EACH_SEED
    {
        struct wtl_child children[] = {CHILD("a"), CHILD("b", .intensity = 2, .period_ms = 300)};
        struct wtl_pid top = kit_supervise(&TREE(children, INTENSITY(100, 60000)));
        for (int i = 0; i < 10; i++) {
            kit_do(kit_pid("a"), "crash");
            kit_settle();
        }
        for (int i = 0; i < 6; i++) { /* two in 300 ms, again and again: sub-second windows count */
            kit_do(kit_pid("b"), "crash");
            kit_advance(151);
        }
        EXPECT_LIST(top, "a running, b running");
        kit_advance(300);
        for (int i = 0; i < 3; i++) {
            cr_assert_not(kit.top_down);
            kit_do(kit_pid("b"), "crash");
            kit_advance(150);
        }
        cr_assert(kit.top_down);
        cr_assert_not_null(strstr(kit.log, "reached_max_restart_intensity_of_child"));
    }
}

Test(supervisor, S25_none_at_all_is_a_limit_too)
{
    EACH_SEED
    {
        struct wtl_child children[] = {CHILD("a"), CHILD("b", .intensity = WTL_INTENSITY_NONE)};
        (void)kit_supervise(&TREE(children));
        kit_kill(kit_pid("a"));
        kit_settle();
        cr_assert_not(kit.top_down);
        kit_kill(kit_pid("b"));
        kit_settle();
        cr_assert(kit.top_down);
    }
}
