/* stop.c - how supervisors and their children end. */
#include "kit.h"

Test(supervisor, S15_brutal_kill_runs_no_cleanup)
{
    EACH_SEED
    {
        struct wtl_child children[] = {CHILD("a", .shutdown_ms = WTL_SHUTDOWN_BRUTAL)};
        struct wtl_pid top = kit_supervise(&TREE(children));
        kit_end(top);
        kit_settle();
        cr_assert(kit.top_down);
        cr_assert_eq(kit_script("a")->stops, 0);
        cr_assert_eq(kit_reports("shutdown_error"), 0, "that was meant");
    }
}

Test(supervisor, S15_X101_shutdown_then_kill_when_the_time_is_over)
{
    EACH_SEED
    {
        struct wtl_child children[] = {CHILD("a"), CHILD("b", .shutdown_ms = 200), CHILD("c")};
        kit_script("b")->hang_stop = true;
        kit_script("b")->traps = true;
        struct wtl_pid top = kit_supervise(&TREE(children));
        kit_forget();
        kit_end(top);
        kit_advance(199);
        EXPECT_TRACE("-c -b");
        cr_assert(kit_lives(kit_pid("b")));
        cr_assert_not(kit.top_down);
        kit_advance(1);
        EXPECT_TRACE("-c -b -a");
        cr_assert(kit.top_down);
        cr_assert_eq(kit_reports("shutdown_error"), 1);
        cr_assert_not_null(strstr(kit.log, "reason=killed"));
    }
}

Test(supervisor, S15_default_is_5_seconds)
{
    EACH_SEED
    {
        struct wtl_child children[] = {CHILD("a")};
        kit_script("a")->hang_stop = true;
        struct wtl_pid top = kit_supervise(&TREE(children));
        kit_end(top);
        kit_advance(4999);
        cr_assert_not(kit.top_down);
        kit_advance(1);
        cr_assert(kit.top_down);
    }
}

Test(supervisor, S15_infinity_waits_and_so_does_a_supervisor)
{
    EACH_SEED
    {
        struct wtl_child bottom[] = {CHILD("b", .shutdown_ms = WTL_SHUTDOWN_INFINITY)};
        struct wtl_tree low = TREE(bottom);
        struct wtl_child children[] = {CHILD("a"), {.id = "low", .tree = &low}};
        kit_script("b")->stop_delay_ms = 5000000000; /* longer than any timeout */
        struct wtl_pid top = kit_supervise(&TREE(children));
        kit_forget();
        kit_end(top);
        kit_advance(4999999999);
        EXPECT_TRACE("-b");
        kit_advance(1);
        EXPECT_TRACE("-b -a");
        cr_assert(kit.top_down);
        cr_assert_eq(kit_reports("shutdown_error"), 0);
    }
}

Test(supervisor, S15_a_child_that_traps_exits_stops_in_order_all_the_same)
{
    EACH_SEED
    {
        struct wtl_child children[] = {CHILD("a"), CHILD("b")};
        kit_script("a")->traps = true;
        struct wtl_pid top = kit_supervise(&TREE(children));
        kit_end(top);
        kit_settle();
        EXPECT_TRACE("+a +b -b -a");
        cr_assert(kit.top_down);
    }
}

Test(supervisor, S16_unlinked_child_cannot_hang_the_stop)
{
    EACH_SEED
    {
        struct wtl_child children[] = {CHILD("a"), CHILD("b", .shutdown_ms = 100), CHILD("c")};
        kit_script("b")->unlinks = true;
        struct wtl_pid top = kit_supervise(&TREE(children));
        kit_end(top);
        kit_settle();
        EXPECT_TRACE("+a +b +c -c -b -a");
        cr_assert(kit.top_down);

        kit_script("b")->hang_stop = true;
        top = kit_supervise(&TREE(children));
        kit_end(top);
        kit_advance(100);
        cr_assert(kit.top_down, "killed when its time is over");
    }
}

Test(supervisor, S16_child_that_unlinks_and_fails_in_init_cannot_hang_the_start)
{
    EACH_SEED
    {
        struct wtl_child children[] = {CHILD("a"), CHILD("b")};
        kit_script("b")->unlinks = true;
        kit_script("b")->fail_starts = 1;
        (void)kit_supervise(&TREE(children));
        cr_assert(kit.top_down);
        EXPECT_TRACE("+a +b -a");
    }
}

Test(supervisor, S16_unlinked_child_that_has_gone_by_itself_cannot_hang_the_stop)
{
    EACH_SEED
    {
        struct wtl_child children[] = {CHILD("a"), CHILD("b")};
        kit_script("b")->unlinks = true;
        struct wtl_pid top = kit_supervise(&TREE(children));
        kit_kill(kit_pid("b"));
        kit_settle();
        EXPECT_LIST(top, "a running, b running"); /* OTP: nobody has told the supervisor */
        kit_end(top);
        kit_settle();
        cr_assert(kit.top_down);
    }
}

Test(supervisor, S17_one_at_a_time_and_a_crash_in_cleanup_stops_nobody)
{
    EACH_SEED
    {
        struct wtl_child children[] = {CHILD("a"), CHILD("b"), CHILD("c"), CHILD("d")};
        kit_script("c")->stop_delay_ms = 50;
        kit_script("b")->die_in_stop = true;
        struct wtl_pid top = kit_supervise(&TREE(children));
        kit_forget();
        kit_end(top);
        kit_advance(49);
        EXPECT_TRACE("-d -c");
        kit_advance(1);
        EXPECT_TRACE("-d -c -b -a");
        cr_assert(kit.top_down);
        cr_assert_eq(kit.top_reason.class_, WTL_EXIT_SHUTDOWN);
        cr_assert_eq(kit_reports("shutdown_error"), 1);
        cr_assert_not_null(strstr(kit.log, "child=b "));
    }
}

Test(supervisor, S17_end_while_it_starts)
{
    EACH_SEED
    {
        struct wtl_child children[] = {CHILD("a"), CHILD("b"), CHILD("c")};
        kit_script("b")->start_delay_ms = 1000;
        struct wtl_pid top = kit_supervise(&TREE(children));
        kit_end(top);
        kit_settle();
        EXPECT_TRACE("+a +b -a"); /* b's start is over, and c's never begins */
        cr_assert(kit.top_down);
        cr_assert_not(kit.top_started);
    }
}

Test(supervisor, S17_end_while_a_group_restarts)
{
    EACH_SEED
    {
        struct wtl_child children[] = {CHILD("a"), CHILD("b"), CHILD("c")};
        kit_script("b")->stop_delay_ms = 100;
        struct wtl_pid top = kit_supervise(&TREE(children, .strategy = WTL_ONE_FOR_ALL));
        kit_kill(kit_pid("c"));
        kit_settle();
        EXPECT_LIST(top, "a running, b stopping, c stopped");
        kit_end(top);
        kit_settle();
        cr_assert_not(kit.top_down);
        kit_advance(100);
        cr_assert(kit.top_down);
        EXPECT_TRACE("+a +b +c -b -a");
    }
}

Test(supervisor, S17_end_while_restarts_fail)
{
    EACH_SEED
    {
        struct wtl_child children[] = {CHILD("a"), CHILD("b")};
        struct wtl_pid top = kit_supervise(&TREE(children, INTENSITY(60000, 60000)));
        kit_script("b")->fail_starts = 1000000;
        kit_kill(kit_pid("b"));
        for (int i = 0; i < 200; i++) {
            (void)wtl__step_one(&kit.step);
        }
        kit_end(top);
        kit_settle();
        cr_assert(kit.top_down);
        cr_assert_lt(kit_script("b")->starts, 400, "a crash loop does not keep it from ending");
    }
}

Test(supervisor, S20_only_the_specs_of_the_tree_come_back)
{
    EACH_SEED
    {
        struct wtl_child bottom[] = {CHILD("a")};
        struct wtl_tree low = TREE(bottom);
        struct wtl_child children[] = {{.id = "low", .tree = &low, .name = "low"}};
        (void)kit_supervise(&TREE(children));
        struct wtl_pid inner = wtl__name_find(&kit.step.runtime, "low");
        (void)kit_added(inner, &(struct wtl_child)CHILD("b"), WTL_OK);
        EXPECT_LIST(inner, "a running, b running");
        kit_kill(inner);
        kit_settle();
        inner = wtl__name_find(&kit.step.runtime, "low");
        EXPECT_LIST(inner, "a running");
        cr_assert_eq(kit_script("b")->starts, 1);
        cr_assert_not(kit_lives(kit_pid("b")));
    }
}

Test(supervisor, X106_killed_supervisor_leaves_no_orphans)
{
    EACH_SEED
    {
        struct wtl_child bottom[] = {CHILD("b"), CHILD("c")};
        struct wtl_tree low = TREE(bottom);
        struct wtl_child middle[] = {CHILD("a"), {.id = "low", .tree = &low}};
        struct wtl_tree mid = TREE(middle);
        struct wtl_child outer[] = {{.id = "mid", .tree = &mid, .name = "mid"}};
        struct wtl_pid top = kit_supervise(&TREE(outer));
        uint32_t live = wtl__step_live(&kit.step);
        for (int i = 0; i < 3; i++) {
            struct wtl_pid a = kit_pid("a");
            struct wtl_pid b = kit_pid("b");
            kit_kill(wtl__name_find(&kit.step.runtime, "mid"));
            kit_settle();
            EXPECT_LIST(top, "mid running");
            cr_assert_not(kit_lives(a) || kit_lives(b));
            cr_assert(kit_lives(kit_pid("a")) && kit_lives(kit_pid("b")));
            cr_assert_eq(wtl__step_live(&kit.step), live);
        }
        kit_kill(top);
        kit_settle();
        cr_assert_eq(wtl__step_live(&kit.step), 1);
    }
}

/* A supervisor whose own supervisor was killed still stops its children in order. */
Test(supervisor, X106_grandchildren_stop_in_order)
{
    EACH_SEED
    {
        struct wtl_child bottom[] = {CHILD("a"), CHILD("b"), CHILD("c")};
        struct wtl_tree low = TREE(bottom);
        struct wtl_child outer[] = {{.id = "low", .tree = &low}};
        struct wtl_pid top = kit_supervise(&TREE(outer));
        kit_script("c")->stop_delay_ms = 100;
        kit_script("b")->stop_delay_ms = 100;
        kit_forget();
        kit_kill(top);
        kit_advance(99);
        EXPECT_TRACE("-c");
        kit_do(kit_pid("a"), "crash");
        kit_advance(1);
        EXPECT_TRACE("-c -a -b");
        kit_advance(100);
        cr_assert_eq(wtl__step_live(&kit.step), 1);
        cr_assert_not_null(strstr(kit.log, "reason=error:storage_full child=a "));
    }
}

Test(supervisor, X106_killed_supervisors_wherever_they_are)
{
    EACH_SEED
    {
        struct wtl_child children[] = {CHILD("a"), CHILD("b"), CHILD("c")};
        kit_script("b")->start_delay_ms = 100;
        kit_kill(kit_supervise(&TREE(children)));
        kit_settle();
        kit_advance(1000);
        cr_assert_eq(wtl__step_live(&kit.step), 1, "while it starts");

        kit_script("b")->start_delay_ms = 0;
        kit_script("b")->stop_delay_ms = 100;
        struct wtl_pid top = kit_supervise(&TREE(children));
        kit_end(top);
        kit_settle();
        kit_kill(top);
        kit_advance(1000);
        cr_assert_eq(wtl__step_live(&kit.step), 1, "while it stops");
    }
}
