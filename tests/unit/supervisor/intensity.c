/* intensity.c - when it is too often: windows, escalation, and the history. */
#include "kit.h"

static void crash_at(uint64_t ms)
{
    kit_at(ms);
    kit_do(kit_pid("a"), "crash");
    kit_settle();
}

Test(supervisor, S09_window_is_inclusive)
{
    static const struct {
        uint64_t fourth_ms;
        bool escalates;
    } cases[] = {{5000, true}, {5001, false}, {6100, false}};
    EACH_SEED
    {
        for (size_t i = 0; i < WTL_COUNT(cases); i++) {
            struct wtl_child children[] = {CHILD("a")};
            uint64_t begin = i * 100000;
            kit_at(begin);
            (void)kit_supervise(&TREE(children, INTENSITY(3, 5000)));
            crash_at(begin);
            crash_at(begin + 1000);
            crash_at(begin + 2000);
            cr_assert_not(kit.top_down);
            crash_at(begin + cases[i].fourth_ms);
            cr_assert_eq(kit.top_down, cases[i].escalates, "fourth at %lu ms", cases[i].fourth_ms);
            if (!kit.top_down) {
                kit_end(kit.top);
                kit_settle();
            }
        }
    }
}

Test(supervisor, S09_every_retry_counts)
{
    EACH_SEED
    {
        struct wtl_child children[] = {CHILD("a")};
        struct wtl_pid top = kit_supervise(&TREE(children, INTENSITY(3, 5000)));
        kit_script("a")->fail_starts = 2;
        crash_at(0); /* three attempts: two fail, one works */
        EXPECT_LIST(top, "a running");
        crash_at(5000);
        cr_assert(kit.top_down);
    }
}

Test(supervisor, S09_a_group_counts_once)
{
    EACH_SEED
    {
        struct wtl_child children[] = {CHILD("a"), CHILD("b"), CHILD("c")};
        (void)kit_supervise(&TREE(children, .strategy = WTL_ONE_FOR_ALL, INTENSITY(3, 5000)));
        for (int i = 0; i < 3; i++) {
            kit_kill(kit_pid("b"));
            kit_settle();
            cr_assert_not(kit.top_down);
        }
        kit_kill(kit_pid("b"));
        kit_settle();
        cr_assert(kit.top_down);
    }
}

Test(supervisor, S09_wide_window_holds_many)
{
    kit_open(1);
    struct wtl_child children[] = {CHILD("a")};
    (void)kit_supervise(&TREE(children, INTENSITY(100, 50000)));
    for (unsigned i = 0; i < 1000; i++) { /* 99 in each window, and one goes as one comes */
        crash_at(i * 510);
        cr_assert_not(kit.top_down, "crash %u", i);
    }
    for (unsigned i = 0; i < 2 && !kit.top_down; i++) {
        crash_at(999 * 510);
    }
    crash_at(999 * 510 + 1);
    cr_assert(kit.top_down);
    kit_close();
}

Test(supervisor, S10_intensity_0_escalates_at_the_first_crash)
{
    EACH_SEED
    {
        struct wtl_child children[] = {CHILD("a"), CHILD("b")};
        (void)kit_supervise(&TREE(children, INTENSITY(WTL_INTENSITY_NONE, 5000)));
        kit_do(kit_pid("a"), "crash");
        kit_settle();
        cr_assert(kit.top_down);
        EXPECT_TRACE("+a +b -a -b");
        cr_assert_eq(kit.top_reason.class_, WTL_EXIT_SHUTDOWN);
        cr_assert(wtl_tag_equal(kit.top_reason.word, WTL_TAG("shutdown")));
    }
}

Test(supervisor, S10_default_is_5_in_5_seconds)
{
    EACH_SEED
    {
        struct wtl_child children[] = {CHILD("a")};
        (void)kit_supervise(&TREE(children));
        for (unsigned i = 0; i < 5; i++) {
            crash_at(i * 1250);
        }
        cr_assert_not(kit.top_down);
        crash_at(5000);
        cr_assert(kit.top_down);
    }
}

/* Three levels with intensity 2: each lets 2 restarts pass, so the child starts 3 * 3 * 3 times. */
Test(supervisor, S11_X099_levels_multiply)
{
    EACH_SEED
    {
        struct wtl_child bottom[] = {CHILD("a")};
        struct wtl_tree low = TREE(bottom, INTENSITY(2, 60000));
        struct wtl_child middle[] = {{.id = "low", .tree = &low}};
        struct wtl_tree mid = TREE(middle, INTENSITY(2, 60000));
        struct wtl_child outer[] = {{.id = "mid", .tree = &mid}, CHILD("b")};
        (void)kit_supervise(&TREE(outer, INTENSITY(2, 60000)));
        cr_assert(kit.top_started);
        kit_script("a")->crash_when_up = true;
        kit_do(kit_pid("a"), "crash");
        kit_settle();
        cr_assert(kit.top_down);
        cr_assert_eq(kit.top_reason.class_, WTL_EXIT_SHUTDOWN);
        cr_assert_eq(kit_script("a")->starts, 27, "%d", kit_script("a")->starts);
        cr_assert_eq(kit_script("b")->starts, 1, "a sibling is left alone");
        cr_assert_eq(kit_reports("shutdown"), 13, "9 of low, 3 of mid, 1 of the top: %u",
                     kit_reports("shutdown"));
        cr_assert_not_null(strstr(kit.log, "reason=shutdown"),
                           "a quiet end, and counted all the same");
    }
}

Test(supervisor, S25_the_last_restarts_are_remembered)
{
    kit_open(1);
    struct wtl_child children[] = {CHILD("a"), CHILD("b")};
    struct wtl_pid top = kit_supervise(&TREE(children, INTENSITY(100, 60000)));
    uint8_t bytes[1024];
    struct wtl_writer body = wtl_writer_over(bytes, sizeof bytes);
    struct wtl__cell *cell = wtl__cells_find(&kit.step.runtime.cells, top.local);
    for (int i = 0; i < 10; i++) {
        kit_do(kit_pid("a"), "crash");
        kit_advance(10);
    }
    kit_kill(kit_pid("b"));
    kit_advance(5);
    cr_assert_eq(wtl__supervisor_history(&kit.step.runtime, cell, &body), WTL_OK);
    struct wtl_reader reader = wtl_reader_over(bytes, wtl_written(&body));
    cr_assert_eq(wtl_get_array(&reader), 8);
    for (unsigned i = 0; i < 8; i++) {
        size_t size;
        cr_assert_eq(wtl_get_array(&reader), 3);
        cr_assert_eq(wtl_get_u64(&reader), i == 0 ? 5 : 15 + (i - 1) * 10);
        cr_assert_eq(*wtl_get_str(&reader, &size), i == 0 ? 'b' : 'a');
        const char *reason = wtl_get_str(&reader, &size);
        cr_assert(i == 0 ? size == 6 && memcmp(reason, "killed", 6) == 0
                         : size == 18 && memcmp(reason, "error:storage_full", 18) == 0);
    }
    cr_assert_eq(wtl__supervisor_history(&kit.step.runtime,
                                         wtl__cells_find(&kit.step.runtime.cells, kit.boss.local),
                                         &body),
                 WTL_UNSUPPORTED);
    kit_close();
}
