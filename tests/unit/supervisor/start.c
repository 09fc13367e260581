/* start.c - how supervisors start: in order, or not at all. */
#include "kit.h"

Test(supervisor, S01_next_starts_only_when_the_one_before_is_ready)
{
    EACH_SEED
    {
        struct wtl_child children[] = {CHILD("a"), CHILD("b"), CHILD("c"), CHILD("d"), CHILD("e")};
        kit_script("c")->start_delay_ms = 200;
        struct wtl_pid top = kit_supervise(&TREE(children));
        EXPECT_TRACE("+a +b +c");
        EXPECT_LIST(top, "a running, b running, c starting, d stopped, e stopped");
        kit_advance(199);
        EXPECT_TRACE("+a +b +c");
        cr_assert_not(kit.top_started);
        cr_assert_eq(kit_count(top, "active"), 3, "it answers while it starts");
        kit_advance(1);
        EXPECT_TRACE("+a +b +c +d +e");
        cr_assert(kit.top_started);
        EXPECT_LIST(top, "a running, b running, c running, d running, e running");
    }
}

Test(supervisor, S01_no_children_is_a_tree_too)
{
    EACH_SEED
    {
        struct wtl_pid top = kit_supervise(&(struct wtl_tree){0});
        cr_assert(kit.top_started);
        EXPECT_LIST(top, "");
    }
}

/* A tree as a caller's stack has it: nothing of it is there any more when the child is restarted.
 */
Test(supervisor, S01_the_tree_is_copied_whole)
{
    EACH_SEED
    {
        char id[] = "a";
        char name[] = "the-name";
        char text[] = "text of a";
        struct kit_settings settings = {0, text};
        struct wtl_child bottom[] = {
            {.id = id, .name = name, .type = &kit_worker, .settings = &settings}};
        struct wtl_tree low = TREE(bottom);
        struct wtl_child children[] = {{.id = id, .tree = &low}};
        struct wtl_tree tree = TREE(children);
        struct wtl_pid top = kit_supervise(&tree);
        memset(id, 'x', sizeof id);
        memset(name, 'x', sizeof name);
        memset(text, 'x', sizeof text);
        memset(&settings, 0x55, sizeof settings);
        memset(bottom, 0x55, sizeof bottom);
        memset(&low, 0x55, sizeof low);
        memset(children, 0x55, sizeof children);
        memset(&tree, 0x55, sizeof tree);
        for (int i = 0; i < 3; i++) {
            kit_do(wtl__name_find(&kit.step.runtime, "the-name"), "crash");
            kit_settle();
        }
        cr_assert_eq(kit_script("a")->starts, 4);
        EXPECT_LIST(top, "a running");
    }
}

Test(supervisor, S02_first_failure_stops_those_before_in_reverse)
{
    EACH_SEED
    {
        struct wtl_child children[] = {CHILD("a"), CHILD("b"), CHILD("c"), CHILD("d")};
        kit_script("c")->fail_starts = 1;
        (void)kit_supervise(&TREE(children));
        EXPECT_TRACE("+a +b +c -b -a");
        cr_assert(kit.top_down);
        cr_assert_not(kit.top_started);
        cr_assert_eq(kit.top_reason.class_, WTL_EXIT_SHUTDOWN);
        cr_assert(wtl_tag_equal(kit.top_reason.word, WTL_TAG("c")), "it names the child");
        cr_assert_eq(kit_reports("start_error"), 1);
        cr_assert_eq(kit_reports("child_terminated"), 0, "and nothing was retried");
    }
}

Test(supervisor, S02_late_failure_and_long_id)
{
    EACH_SEED
    {
        struct wtl_child children[] = {
            CHILD("a"), CHILD("b a name that is longer than a word", .restart = WTL_TEMPORARY)};
        kit_script("b")->start_delay_ms = 50;
        kit_script("b")->fail_starts = 1;
        children[1].settings = &(struct kit_settings){1, "text of b"};
        (void)kit_supervise(&TREE(children));
        cr_assert_not(kit.top_down);
        kit_advance(50);
        EXPECT_TRACE("+a +b -a");
        cr_assert(wtl_tag_equal(kit.top_reason.word, WTL_TAG("b a name that i")));
    }
}

Test(supervisor, S02_a_taken_name_is_a_failed_start)
{
    EACH_SEED
    {
        struct wtl_child children[] = {CHILD("a", .name = "both"), CHILD("b", .name = "both")};
        (void)kit_supervise(&TREE(children));
        EXPECT_TRACE("+a -a");
        cr_assert(kit.top_down);
    }
}

Test(supervisor, S02_failure_goes_up_through_all_levels)
{
    EACH_SEED
    {
        struct wtl_child inner[] = {CHILD("b"), CHILD("c")};
        struct wtl_tree tree = TREE(inner);
        struct wtl_child outer[] = {CHILD("a"), {.id = "inner", .tree = &tree}};
        kit_script("c")->fail_starts = 1;
        (void)kit_supervise(&TREE(outer));
        EXPECT_TRACE("+a +b +c -b -a");
        cr_assert(wtl_tag_equal(kit.top_reason.word, WTL_TAG("inner")));
    }
}

Test(supervisor, S03_ignore_keeps_the_spec_unless_temporary)
{
    EACH_SEED
    {
        struct wtl_child children[] = {CHILD("a"), CHILD("b"), CHILD("c", .restart = WTL_TRANSIENT),
                                       CHILD("d", .restart = WTL_TEMPORARY), CHILD("e")};
        kit_script("b")->ignore_starts = 1;
        kit_script("c")->ignore_starts = 1;
        kit_script("d")->ignore_starts = 1;
        struct wtl_pid top = kit_supervise(&TREE(children));
        cr_assert(kit.top_started);
        EXPECT_LIST(top, "a running, b stopped, c stopped, e running");
        cr_assert_eq(kit_count(top, "specs"), 4);
        cr_assert_eq(kit_count(top, "active"), 2);
        cr_assert_eq(kit_asked(top, WTL_CHILD_RESTART, "b"), WTL_OK);
        EXPECT_LIST(top, "a running, b running, c stopped, e running");
        cr_assert_eq(kit_reports("start_error"), 0);
    }
}

Test(supervisor, X100_child_that_hangs_in_init_is_killed)
{
    EACH_SEED
    {
        struct wtl_child children[] = {CHILD("a"), CHILD("b", .start_ms = 300)};
        kit_script("b")->hang_start = true;
        struct wtl_pid top = kit_supervise(&TREE(children));
        kit_advance(299);
        cr_assert_eq(kit_count(top, "active"), 2, "it answers meanwhile");
        cr_assert_not(kit.top_down);
        kit_advance(1);
        EXPECT_TRACE("+a +b -a");
        cr_assert(kit.top_down);
        cr_assert_not_null(strstr(kit.log, "reason=error:timeout"), "%s", kit.log);
    }
}

Test(supervisor, X100_hanging_restart_counts_as_failed_start)
{
    EACH_SEED
    {
        struct wtl_child children[] = {CHILD("a", .start_ms = 100)};
        struct wtl_pid top = kit_supervise(&TREE(children, INTENSITY(3, 10000)));
        kit_script("a")->hang_start = true;
        kit_do(kit_pid("a"), "crash");
        kit_advance(250);
        EXPECT_LIST(top, "a starting");
        cr_assert_eq(kit_script("a")->starts, 4, "the first one, and three attempts");
        kit_advance(100);
        cr_assert(kit.top_down, "the fourth is one too many");
        cr_assert_eq(kit_reports("start_error"), 3);
    }
}

Test(supervisor, X100_start_in_time_is_not_killed_later)
{
    EACH_SEED
    {
        struct wtl_child children[] = {CHILD("a", .start_ms = 100)};
        kit_script("a")->start_delay_ms = 99;
        struct wtl_pid top = kit_supervise(&TREE(children));
        kit_advance(10000);
        EXPECT_LIST(top, "a running");
        EXPECT_TRACE("+a");
    }
}

/* Nothing that waits in the supervisor's mailbox is handled, while its timers fire. */
static void hold_up(struct wtl_pid top, uint64_t ms)
{
    struct wtl__cell *cell = wtl__cells_find(&kit.step.runtime.cells, top.local);
    cell->flags |= WTL__CELL_SUSPENDED; /* as the inspection does */
    kit_advance(ms);
    cell->flags &= ~WTL__CELL_SUSPENDED;
    kit_do(top, "wake");
}

/* The supervisor finds both in its mailbox: that the child is ready, and that its time was over a
 * millisecond later. */
Test(supervisor, X100_ready_in_time_and_seen_late_is_not_killed)
{
    EACH_SEED
    {
        struct wtl_child children[] = {CHILD("a", .start_ms = 100)};
        kit_script("a")->start_delay_ms = 99;
        struct wtl_pid top = kit_supervise(&TREE(children));
        hold_up(top, 200);
        kit_settle();
        EXPECT_LIST(top, "a running");
        EXPECT_TRACE("+a");
    }
}

/* The same, and an order to stop it has waited between the two: it has the time that it has for
 * that. */
Test(supervisor, X100_the_time_to_start_is_not_the_time_to_stop)
{
    EACH_SEED
    {
        struct answer answer;
        struct wtl_child children[] = {CHILD("a", .start_ms = 100, .shutdown_ms = 1000)};
        struct wtl_pid top = kit_supervise(&TREE(children));
        kit_script("a")->start_delay_ms = 99;
        kit_do(kit_pid("a"), "crash");
        kit_settle();
        kit_script("a")->stop_delay_ms = 500;
        kit_ask(&answer, top, WTL_CHILD_TERMINATE, "a", WTL_PID_NONE);
        kit_settle();
        hold_up(top, 200);
        kit_settle();
        EXPECT_LIST(top, "a stopping");
        kit_advance(499);
        EXPECT_LIST(top, "a stopping");
        kit_advance(1);
        EXPECT_LIST(top, "a stopped");
        cr_assert_eq(kit_reports("shutdown_error"), 0);
        cr_assert(answer.came && answer.status == WTL_OK);
    }
}

Test(supervisor, X104_bad_trees_are_refused)
{
    struct wtl_child twice[] = {CHILD("a"), CHILD("b"), CHILD("a")};
    struct wtl_child no_id[] = {{.type = &kit_worker}};
    struct wtl_child no_type[] = {{.id = "a"}};
    struct wtl_child bad_restart[] = {CHILD("a", .restart = (enum wtl_restart)7)};
    struct wtl_child bad_name[] = {CHILD("a", .name = "Not a name")};
    struct wtl_child good[] = {CHILD("a")};
    struct wtl_child two[] = {CHILD("a"), CHILD("b")};
    struct wtl_tree nested = TREE(twice);
    struct wtl_child inner[] = {{.id = "inner", .tree = &nested}};
    struct wtl_child both[] = {CHILD("a", .tree = &nested)};
    struct wtl_tree loop = {.children_count = 1};
    struct wtl_child endless[] = {{.id = "endless", .tree = &loop}};
    loop.children = endless;
    const struct {
        struct wtl_tree tree;
        const char *says;
    } cases[] = {
        {TREE(twice), "the id is there twice"},
        {TREE(no_id), "got none"},
        {TREE(no_type), "got neither"},
        {TREE(both), "got both"},
        {TREE(bad_restart), "got restart 7"},
        {TREE(bad_name), "Not a name"},
        {TREE(inner), "the id is there twice"},
        {TREE(endless), "at most 32 levels"},
        {TREE(good, .strategy = (enum wtl_strategy)9), "strategy"},
        {TREE(good, INTENSITY(65537, 1)), "intensity"},
        {TREE(two, .strategy = WTL_SIMPLE_ONE_FOR_ONE), "exactly 1 spec"},
        {{.children_count = 3}, "got NULL"},
        {{.children = good, .children_count = 4097}, "at most 4096"},
    };
    for (size_t i = 0; i < WTL_COUNT(cases); i++) {
        kit_open(i);
        (void)kit_supervise(&cases[i].tree);
        cr_assert(kit.top_down, "%s", cases[i].says);
        cr_assert_eq(kit.top_reason.class_, WTL_EXIT_ERROR);
        cr_assert(wtl_tag_equal(kit.top_reason.word, WTL_TAG("invalid")));
        cr_assert_not_null(strstr(kit.log, cases[i].says), "%s: %s", cases[i].says, kit.log);
        cr_assert_str_eq(kit.trace, "");
        kit_close();
    }
}

Test(supervisor, X104_only_the_runtime_hands_trees_over)
{
    kit_open(1);
    struct wtl_writer args;
    cr_assert(wtl__message_open(&args, 256));
    memset(args.begin, 0x41, 256);
    args.at = args.begin + 256;
    struct wtl_spawn_options options = {.args = &args};
    struct wtl_pid pid = wtl__spawn(&kit.step.runtime, NULL, &wtl__supervisor, &options, 0);
    kit_settle();
    cr_assert_not(kit_lives(pid), "bytes from anywhere are no tree");
    kit_close();
}
