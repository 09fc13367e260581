/* restart.c - which children are started again, in which order, and what happens when they cannot.
 */
#include "kit.h"

#include <stdio.h>

static const char *const ends[] = {"normal", "shutdown", "shutdown_x", "crash", "kill"};

/* otp.md 1.3, row by row: is it restarted, is it reported, is its spec kept? */
Test(supervisor, S04_restart_types)
{
    static const struct {
        enum wtl_restart restart;
        const char *seen[5]; /* by `ends`: R restarted, ! reported, K kept without an actor */
    } rows[] = {
        {WTL_PERMANENT, {"R!", "R!", "R!", "R!", "R!"}},
        {WTL_TRANSIENT, {"K", "K", "K", "R!", "R!"}},
        {WTL_TEMPORARY, {"", "", "", "!", "!"}},
    };
    EACH_SEED
    {
        for (size_t i = 0; i < WTL_COUNT(rows); i++) {
            for (size_t j = 0; j < WTL_COUNT(ends); j++) {
                struct wtl_child children[] = {CHILD("a", .restart = rows[i].restart)};
                struct wtl_pid top = kit_supervise(&TREE(children));
                struct wtl_pid old = kit_pid("a");
                kit_forget();
                kit_do(old, ends[j]);
                kit_settle();
                bool again = strcmp(kit_list(top), "a running") == 0;
                bool kept = strcmp(kit_list(top), "a stopped") == 0;
                char seen[8];
                (void)snprintf(seen, sizeof seen, "%s%s%s", again ? "R" : "",
                               kit_reports("child_terminated") > 0 ? "!" : "", kept ? "K" : "");
                cr_assert_str_eq(seen, rows[i].seen[j], "restart type %zu, %s: %s", i, ends[j],
                                 seen);
                cr_assert_eq(again, !wtl_pid_equal(kit_pid("a"), old));
                cr_assert_leq(kit_reports("child_terminated"), 1);
                kit_end(top);
                kit_settle();
                cr_assert(kit.top_down);
            }
        }
    }
}

Test(supervisor, S05_one_for_one_replaces_only_the_failed_one)
{
    EACH_SEED
    {
        struct wtl_child children[] = {CHILD("a"), CHILD("b"), CHILD("c"), CHILD("d")};
        struct wtl_pid top = kit_supervise(&TREE(children));
        struct wtl_pid a = kit_pid("a");
        struct wtl_pid b = kit_pid("b");
        struct wtl_pid c = kit_pid("c");
        struct wtl_pid d = kit_pid("d");
        kit_forget();
        kit_kill(b);
        kit_settle();
        EXPECT_TRACE("+b");
        EXPECT_LIST(top, "a running, b running, c running, d running");
        cr_assert(wtl_pid_equal(a, kit_pid("a")) && wtl_pid_equal(c, kit_pid("c")) &&
                  wtl_pid_equal(d, kit_pid("d")));
        cr_assert_not(wtl_pid_equal(b, kit_pid("b")));
        kit_end(top);
        kit_settle();
        EXPECT_TRACE("+b -d -c -b -a"); /* its place in the order is the old one */
    }
}

Test(supervisor, S06_one_for_all_stops_the_others_in_reverse_and_starts_all)
{
    EACH_SEED
    {
        struct wtl_child children[] = {CHILD("a"), CHILD("b", .restart = WTL_TRANSIENT), CHILD("c"),
                                       CHILD("d", .restart = WTL_TEMPORARY), CHILD("e")};
        struct wtl_pid top = kit_supervise(&TREE(children, .strategy = WTL_ONE_FOR_ALL));
        kit_do(kit_pid("b"), "normal"); /* finished, and kept */
        kit_settle();
        EXPECT_LIST(top, "a running, b stopped, c running, d running, e running");
        kit_forget();
        kit_do(kit_pid("c"), "crash");
        kit_settle();
        EXPECT_TRACE("-c -e -d -a +a +b +c +e");
        EXPECT_LIST(top, "a running, b running, c running, e running");
    }
}

Test(supervisor, S06_first_of_all_may_be_temporary)
{
    EACH_SEED
    {
        struct wtl_child children[] = {CHILD("a", .restart = WTL_TEMPORARY), CHILD("b"),
                                       CHILD("c")};
        struct wtl_pid top = kit_supervise(&TREE(children, .strategy = WTL_ONE_FOR_ALL));
        kit_forget();
        kit_kill(kit_pid("c"));
        kit_settle();
        EXPECT_TRACE("-b -a +b +c");
        EXPECT_LIST(top, "b running, c running");
    }
}

Test(supervisor, S07_rest_for_one_leaves_the_earlier_ones_alone)
{
    EACH_SEED
    {
        struct wtl_child children[] = {CHILD("a"), CHILD("b"), CHILD("c"),
                                       CHILD("d", .restart = WTL_TEMPORARY), CHILD("e")};
        struct wtl_pid top = kit_supervise(&TREE(children, .strategy = WTL_REST_FOR_ONE));
        struct wtl_pid a = kit_pid("a");
        kit_forget();
        kit_kill(kit_pid("b"));
        kit_settle();
        EXPECT_TRACE("-e -d -c +b +c +e");
        EXPECT_LIST(top, "a running, b running, c running, e running");
        cr_assert(wtl_pid_equal(a, kit_pid("a")));
        kit_forget();
        kit_kill(kit_pid("e"));
        kit_settle();
        EXPECT_TRACE("+e");
    }
}

Test(supervisor, S07_two_fail_at_once)
{
    EACH_SEED
    {
        struct wtl_child children[] = {CHILD("a"), CHILD("b"), CHILD("c")};
        struct wtl_pid top = kit_supervise(&TREE(children, .strategy = WTL_REST_FOR_ONE));
        kit_kill(kit_pid("a"));
        kit_kill(kit_pid("c"));
        kit_settle();
        EXPECT_LIST(top, "a running, b running, c running");
        cr_assert_eq(kit_script("a")->starts, 2);
        cr_assert_eq(kit_script("b")->starts, 2);
        cr_assert_leq(kit_script("c")->starts, 3);
    }
}

Test(supervisor, S12_failed_restart_is_tried_again_and_asks_are_served_between)
{
    EACH_SEED
    {
        struct wtl_child children[] = {CHILD("a"), CHILD("b")};
        struct wtl_pid top = kit_supervise(&TREE(children, INTENSITY(50, 1000)));
        kit_script("b")->fail_starts = 40;
        kit_kill(kit_pid("b"));
        unsigned answers = 0;
        struct answer answer = {.came = true};
        while (kit_script("b")->starts < 42) { /* 1 + 40 failures + 1 */
            if (answer.came) {
                answers++;
                kit_ask(&answer, top, WTL_CHILDREN_COUNT, NULL, WTL_PID_NONE);
            }
            (void)wtl__step_one(&kit.step);
        }
        cr_assert_gt(answers, 2, "it answers between its attempts");
        kit_settle();
        EXPECT_LIST(top, "a running, b running");
        cr_assert_eq(kit_reports("start_error"), 40);
        cr_assert_not(kit.top_down);
        cr_assert_eq(kit.step.runtime.counters[WTL__COUNT_RESTARTS], 41);
    }
}

Test(supervisor, S12_each_attempt_counts)
{
    EACH_SEED
    {
        struct wtl_child children[] = {CHILD("a"), CHILD("b")};
        (void)kit_supervise(&TREE(children, INTENSITY(4, 1000)));
        kit_script("b")->fail_starts = 1000;
        kit_kill(kit_pid("b"));
        kit_settle();
        cr_assert(kit.top_down);
        cr_assert_eq(kit_script("b")->starts, 5, "the first one, and four attempts");
        EXPECT_TRACE("+a +b +b +b +b +b -a");
        cr_assert_eq(kit_reports("shutdown"), 1);
    }
}

/* A member of the group cannot be started: those that were are stopped again by the next attempt.
 */
Test(supervisor, S13_X103_one_for_all_other_child_fails_restart)
{
    EACH_SEED
    {
        struct wtl_child children[] = {CHILD("a"), CHILD("b"), CHILD("c")};
        struct wtl_pid top =
            kit_supervise(&TREE(children, .strategy = WTL_ONE_FOR_ALL, INTENSITY(2, 1000)));
        kit_script("b")->fail_starts = 1;
        kit_forget();
        kit_kill(kit_pid("a"));
        kit_settle();
        EXPECT_TRACE("-c -b +a +b -a +a +b +c");
        EXPECT_LIST(top, "a running, b running, c running");
        kit_kill(kit_pid("c"));
        kit_settle();
        cr_assert(kit.top_down, "both attempts have counted");
    }
}

Test(supervisor, S13_X103_rest_for_one_goes_on_where_it_failed)
{
    EACH_SEED
    {
        struct wtl_child children[] = {CHILD("a"), CHILD("b"), CHILD("c"), CHILD("d")};
        struct wtl_pid top = kit_supervise(&TREE(children, .strategy = WTL_REST_FOR_ONE));
        kit_script("c")->fail_starts = 2;
        kit_forget();
        kit_kill(kit_pid("b"));
        kit_settle();
        EXPECT_TRACE("-d -c +b +c +c +c +d");
        EXPECT_LIST(top, "a running, b running, c running, d running");
    }
}

Test(supervisor, X098_one_crash_restarts_it_and_the_count_decays)
{
    EACH_SEED
    {
        struct wtl_child children[] = {CHILD("a")};
        (void)kit_supervise(&TREE(children, INTENSITY(1, 1000)));
        for (int i = 0; i < 5; i++) {
            kit_do(kit_pid("a"), "crash");
            kit_settle();
            cr_assert_not(kit.top_down);
            kit_advance(1001);
        }
        cr_assert_eq(kit_script("a")->starts, 6);
    }
}

Test(supervisor, X102_exit_while_being_stopped_counts_once)
{
    EACH_SEED
    {
        struct wtl_child children[] = {CHILD("a"), CHILD("b")};
        struct wtl_pid top = kit_supervise(&TREE(children));
        struct answer answer;
        kit_do(kit_pid("b"), "crash");
        kit_ask(&answer, top, WTL_CHILD_TERMINATE, "b", WTL_PID_NONE);
        kit_kill(kit_pid("b"));
        kit_settle();
        cr_assert(answer.came);
        cr_assert_eq(answer.status, WTL_OK);
        EXPECT_LIST(top, "a running, b stopped");
        cr_assert_leq(kit_script("b")->starts, 2);
        cr_assert_eq(wtl__step_live(&kit.step), 3, "boss, supervisor, a");
    }
}

Test(supervisor, X102_member_of_the_group_dies_by_itself_while_the_group_stops)
{
    EACH_SEED
    {
        struct wtl_child children[] = {CHILD("a"), CHILD("b"), CHILD("c")};
        struct wtl_pid top = kit_supervise(&TREE(children, .strategy = WTL_ONE_FOR_ALL));
        kit_script("c")->stop_delay_ms = 100;
        kit_kill(kit_pid("a"));
        kit_settle();
        EXPECT_LIST(top, "a stopped, b running, c stopping");
        kit_forget();
        kit_do(kit_pid("b"), "crash");
        kit_settle();
        EXPECT_LIST(top, "a stopped, b ended, c stopping");
        kit_advance(100);
        EXPECT_TRACE("-b +a +b +c");
        EXPECT_LIST(top, "a running, b running, c running");
        cr_assert_eq(kit.step.runtime.counters[WTL__COUNT_RESTARTS], 1);
        cr_assert_eq(kit_reports("shutdown_error"), 1);
    }
}

/* What comes while the supervisor is busy is done in the order in which it came, as from OTP's
 * mailbox: a child that was to be terminated and then crashed is not restarted. */
Test(supervisor, S12_what_comes_meanwhile_is_done_in_its_order)
{
    EACH_SEED
    {
        for (unsigned crash_first = 0; crash_first < 2; crash_first++) {
            struct wtl_child children[] = {CHILD("a"), CHILD("b")};
            struct wtl_pid top = kit_supervise(&TREE(children));
            struct answer busy;
            struct answer answers[2];
            kit_script("b")->stop_delay_ms = 100;
            kit_ask(&busy, top, WTL_CHILD_TERMINATE, "b", WTL_PID_NONE);
            kit_settle();
            kit_forget();
            struct wtl_pid a = kit_pid("a");
            if (crash_first != 0) {
                kit_do(a, "crash");
                kit_settle();
            }
            kit_add(&answers[0], top, &(struct wtl_child)CHILD("a"));
            kit_ask(&answers[1], top, WTL_CHILD_TERMINATE, "a", WTL_PID_NONE);
            kit_settle();
            if (crash_first == 0) {
                kit_do(a, "crash");
                kit_settle();
            }
            EXPECT_LIST(top, "a ended, b stopping");
            kit_advance(100);
            cr_assert_eq(answers[0].status, WTL_STARTED);
            cr_assert_eq(answers[1].status, WTL_OK);
            EXPECT_LIST(top, "a stopped, b stopped");
            EXPECT_TRACE(crash_first != 0 ? "-a +a -a" : "-a");
            cr_assert_eq(crash_first == 0, wtl_pid_equal(answers[0].pid, a));
            cr_assert_eq(kit_reports("child_terminated"), crash_first);
            cr_assert_eq(kit_reports("shutdown_error"), 1 - crash_first);
            kit_end(top);
            kit_settle();
        }
    }
}

/* OTP: {shutdown, _} and normal are what was meant only of a child that is not permanent. */
Test(supervisor, X102_which_ends_during_a_stop_are_reported)
{
    static const char *const quiet[] = {"normal", "shutdown", "shutdown_x"};
    static const unsigned reported[] = {1, 0, 1};
    EACH_SEED
    {
        for (size_t i = 0; i < 2 * WTL_COUNT(quiet); i++) {
            bool permanent = i % 2 == 0;
            struct wtl_child children[] = {
                CHILD("a"), CHILD("b", .restart = permanent ? WTL_PERMANENT : WTL_TRANSIENT),
                CHILD("c")};
            kit_script("c")->stop_delay_ms = 100;
            struct wtl_pid top = kit_supervise(&TREE(children, .strategy = WTL_ONE_FOR_ALL));
            kit_kill(kit_pid("a"));
            kit_settle();
            kit_forget();
            kit_do(kit_pid("b"), quiet[i / 2]);
            kit_advance(100);
            EXPECT_LIST(top, "a running, b running, c running");
            cr_assert_eq(kit_reports("shutdown_error"), permanent ? reported[i / 2] : 0, "case %zu",
                         i);
            kit_end(top);
            kit_advance(100);
        }
    }
}

/* Anybody can send an exit signal in his own name; the child lives, and must not get a twin. */
Test(supervisor, X102_a_child_that_only_says_that_it_has_crashed_is_not_doubled)
{
    EACH_SEED
    {
        struct wtl_child children[] = {CHILD("a")};
        struct wtl_pid top = kit_supervise(&TREE(children));
        kit_do(kit_pid("a"), "lie");
        kit_settle();
        EXPECT_LIST(top, "a running");
        EXPECT_TRACE("+a");
        kit_do(kit_pid("a"), "crash");
        kit_settle();
        cr_assert_eq(kit_script("a")->starts, 2);
    }
}
