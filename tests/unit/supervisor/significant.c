/* significant.c - supervisors that end when their work is done, and bounds on how many children. */
#include "kit.h"

#define SIGNIFICANT(letter, type) CHILD(letter, .restart = (type), .significant = true)

/* What happens to a significant child, by itself or not, and does the supervisor end? */
Test(supervisor, S18_any_when_a_significant_child_ends_by_itself)
{
    static const struct {
        enum wtl_restart restart;
        const char *end;
        bool ends;
    } cases[] = {
        {WTL_TRANSIENT, "normal", true}, {WTL_TRANSIENT, "shutdown", true},
        {WTL_TRANSIENT, "crash", false}, {WTL_TRANSIENT, "kill", false},
        {WTL_TEMPORARY, "normal", true}, {WTL_TEMPORARY, "shutdown_x", true},
        {WTL_TEMPORARY, "crash", true},
    };
    EACH_SEED
    {
        for (size_t i = 0; i < WTL_COUNT(cases); i++) {
            struct wtl_child children[] = {CHILD("a"), SIGNIFICANT("b", cases[i].restart),
                                           SIGNIFICANT("c", WTL_TRANSIENT), CHILD("d")};
            (void)kit_supervise(&TREE(children, .auto_shutdown = WTL_AUTO_SHUTDOWN_ANY));
            kit_forget();
            kit_do(kit_pid("b"), cases[i].end);
            kit_settle();
            cr_assert_eq(kit.top_down, cases[i].ends, "case %zu", i);
            if (!kit.top_down) {
                kit_end(kit.top);
                kit_settle();
                continue;
            }
            cr_assert_eq(kit.top_reason.class_, WTL_EXIT_SHUTDOWN);
            cr_assert(wtl_tag_equal(kit.top_reason.word, WTL_TAG("shutdown")));
            cr_assert_not_null(strstr(kit.trace, "-d -c -a"), "the others stop in reverse: %s",
                               kit.trace);
        }
    }
}

Test(supervisor, S18_all_when_the_last_significant_child_has_ended)
{
    EACH_SEED
    {
        struct wtl_child children[] = {SIGNIFICANT("a", WTL_TRANSIENT), CHILD("b"),
                                       SIGNIFICANT("c", WTL_TEMPORARY),
                                       SIGNIFICANT("d", WTL_TRANSIENT)};
        struct wtl_pid top = kit_supervise(&TREE(children, .auto_shutdown = WTL_AUTO_SHUTDOWN_ALL));
        kit_do(kit_pid("a"), "normal");
        kit_settle();
        kit_do(kit_pid("c"), "crash");
        kit_settle();
        EXPECT_LIST(top, "a stopped, b running, d running");
        kit_do(kit_pid("d"), "crash"); /* is started again */
        kit_settle();
        EXPECT_LIST(top, "a stopped, b running, d running");
        cr_assert_eq(kit_asked(top, WTL_CHILD_RESTART, "a"), WTL_OK);
        kit_do(kit_pid("d"), "shutdown");
        kit_settle();
        EXPECT_LIST(top, "a running, b running, d stopped");
        kit_do(kit_pid("a"), "normal");
        kit_settle();
        cr_assert(kit.top_down);
    }
}

Test(supervisor, S18_a_child_that_is_being_restarted_counts_as_alive)
{
    EACH_SEED
    {
        struct wtl_child children[] = {SIGNIFICANT("a", WTL_TRANSIENT),
                                       SIGNIFICANT("b", WTL_TRANSIENT)};
        struct wtl_pid top = kit_supervise(&TREE(children, .auto_shutdown = WTL_AUTO_SHUTDOWN_ALL));
        struct answer answer;
        kit_script("b")->start_delay_ms = 100;
        kit_script("b")->fail_starts = 2;
        kit_do(kit_pid("b"), "crash");
        kit_advance(50);
        kit_do(kit_pid("a"), "normal"); /* decided when b's start has failed */
        kit_advance(100);
        EXPECT_LIST(top, "a stopped, b starting");
        kit_ask(&answer, top, WTL_CHILD_TERMINATE, "b", WTL_PID_NONE);
        kit_advance(100);
        EXPECT_LIST(top, "a stopped, b stopped"); /* by order: that shuts nobody down */
        cr_assert_eq(answer.status, WTL_OK);
    }
}

Test(supervisor, S18_terminated_children_shut_nobody_down)
{
    EACH_SEED
    {
        for (int all = 0; all < 2; all++) {
            struct wtl_child children[] = {SIGNIFICANT("a", WTL_TRANSIENT),
                                           SIGNIFICANT("b", WTL_TEMPORARY), CHILD("c")};
            struct wtl_pid top =
                kit_supervise(&TREE(children, .auto_shutdown = all != 0 ? WTL_AUTO_SHUTDOWN_ALL
                                                                        : WTL_AUTO_SHUTDOWN_ANY));
            cr_assert_eq(kit_asked(top, WTL_CHILD_TERMINATE, "a"), WTL_OK);
            cr_assert_eq(kit_asked(top, WTL_CHILD_TERMINATE, "b"), WTL_OK);
            EXPECT_LIST(top, "a stopped, c running");
            kit_end(top);
            kit_settle();
        }
    }
}

Test(supervisor, S18_siblings_that_are_stopped_shut_nobody_down)
{
    EACH_SEED
    {
        for (int all = 0; all < 2; all++) {
            struct wtl_child children[] = {CHILD("a"), SIGNIFICANT("b", WTL_TEMPORARY),
                                           SIGNIFICANT("c", WTL_TRANSIENT)};
            struct wtl_pid top = kit_supervise(
                &TREE(children, .strategy = WTL_ONE_FOR_ALL,
                      .auto_shutdown = all != 0 ? WTL_AUTO_SHUTDOWN_ALL : WTL_AUTO_SHUTDOWN_ANY));
            kit_script("c")->stop_delay_ms = 50;
            kit_kill(kit_pid("a"));
            kit_settle();
            kit_do(kit_pid("b"), "normal"); /* while its siblings are stopped: it is one of them */
            kit_advance(50);
            EXPECT_LIST(top, "a running, c running");
            kit_end(top);
            kit_advance(50);
        }
    }
}

Test(supervisor, S18_a_pool_is_done_when_no_child_is_left)
{
    EACH_SEED
    {
        for (int all = 0; all < 2; all++) {
            struct wtl_child spec[] = {SIGNIFICANT("z", WTL_TEMPORARY)};
            struct wtl_pid pool = kit_supervise(
                &TREE(spec, .strategy = WTL_SIMPLE_ONE_FOR_ONE,
                      .auto_shutdown = all != 0 ? WTL_AUTO_SHUTDOWN_ALL : WTL_AUTO_SHUTDOWN_ANY));
            struct wtl_pid first = kit_added(pool, NULL, WTL_OK);
            struct wtl_pid second = kit_added(pool, NULL, WTL_OK);
            struct wtl_pid third = kit_added(pool, NULL, WTL_OK);
            struct answer answer;
            kit_ask(&answer, pool, WTL_CHILD_TERMINATE, NULL, third);
            kit_settle();
            cr_assert_eq(answer.status, WTL_OK);
            cr_assert_not(kit.top_down);
            kit_do(first, "crash");
            kit_settle();
            cr_assert_eq(kit.top_down, all == 0);
            kit_do(second, "normal");
            kit_settle();
            cr_assert(kit.top_down);
        }
    }
}

/* Work that is done is done: a supervisor of a transient subtree that ends so is left alone. */
Test(supervisor, S18_the_one_above_restarts_it_only_if_permanent)
{
    EACH_SEED
    {
        for (int permanent = 0; permanent < 2; permanent++) {
            struct wtl_child bottom[] = {SIGNIFICANT("a", WTL_TRANSIENT)};
            struct wtl_tree low = TREE(bottom, .auto_shutdown = WTL_AUTO_SHUTDOWN_ANY);
            struct wtl_child children[] = {
                {.id = "low",
                 .tree = &low,
                 .restart = permanent != 0 ? WTL_PERMANENT : WTL_TRANSIENT}};
            struct wtl_pid top = kit_supervise(&TREE(children));
            kit_forget();
            kit_do(kit_pid("a"), "normal");
            kit_settle();
            EXPECT_LIST(top, permanent != 0 ? "low running" : "low stopped");
            EXPECT_TRACE(permanent != 0 ? "-a +a" : "-a");
            kit_end(top);
            kit_settle();
        }
    }
}

Test(supervisor, S18_bad_combinations_are_refused)
{
    struct wtl_child permanent[] = {CHILD("a"), SIGNIFICANT("b", WTL_PERMANENT)};
    struct wtl_child transient[] = {CHILD("a"), SIGNIFICANT("b", WTL_TRANSIENT)};
    struct wtl_child pool[] = {SIGNIFICANT("b", WTL_TEMPORARY)};
    const struct {
        struct wtl_tree tree;
        const char *says;
    } cases[] = {
        {TREE(permanent, .auto_shutdown = WTL_AUTO_SHUTDOWN_ANY), "significant and permanent"},
        {TREE(permanent, .auto_shutdown = WTL_AUTO_SHUTDOWN_ALL), "significant and permanent"},
        {TREE(transient), "auto_shutdown is never"},
        {TREE(pool, .strategy = WTL_SIMPLE_ONE_FOR_ONE), "auto_shutdown is never"},
        {TREE(transient, .auto_shutdown = (enum wtl_auto_shutdown)3), "any or all, got 3"},
    };
    for (size_t i = 0; i < WTL_COUNT(cases); i++) {
        kit_open(i);
        (void)kit_supervise(&cases[i].tree);
        cr_assert(kit.top_down, "%s", cases[i].says);
        cr_assert(wtl_tag_equal(kit.top_reason.word, WTL_TAG("invalid")));
        cr_assert_not_null(strstr(kit.log, cases[i].says), "%s: %s", cases[i].says, kit.log);
        kit_close();
    }
    EACH_SEED
    {
        struct wtl_child children[] = {CHILD("a")};
        struct wtl_pid top = kit_supervise(&TREE(children));
        (void)kit_added(top, &transient[1], WTL_INVALID);
        (void)kit_added(top, &permanent[1], WTL_INVALID);
        EXPECT_LIST(top, "a running");
    }
}

Test(supervisor, S24_more_children_than_allowed_are_refused)
{
    EACH_SEED
    {
        struct wtl_child children[] = {CHILD("a"), CHILD("b")};
        struct wtl_pid top = kit_supervise(&TREE(children, .children_max = 3));
        (void)kit_added(top, &(struct wtl_child)CHILD("c"), WTL_OK);
        (void)kit_added(top, &(struct wtl_child)CHILD("d"), WTL_FULL);
        (void)kit_added(top, &(struct wtl_child)CHILD("c"), WTL_STARTED);
        cr_assert_eq(kit_asked(top, WTL_CHILD_TERMINATE, "b"), WTL_OK);
        (void)kit_added(top, &(struct wtl_child)CHILD("d"), WTL_FULL); /* b's spec is there */
        cr_assert_eq(kit_asked(top, WTL_CHILD_DELETE, "b"), WTL_OK);
        (void)kit_added(top, &(struct wtl_child)CHILD("d"), WTL_OK);
        EXPECT_LIST(top, "a running, c running, d running");
    }
}

/* Those that start, and those that are being started again, have their places. */
Test(supervisor, S24_a_pool_holds_so_many)
{
    EACH_SEED
    {
        struct wtl_child spec[] = {CHILD("z", .restart = WTL_TRANSIENT)};
        struct wtl_pid pool =
            kit_supervise(&TREE(spec, .strategy = WTL_SIMPLE_ONE_FOR_ONE, .children_max = 2));
        struct answer slow;
        kit_script("z")->start_delay_ms = 100;
        kit_add(&slow, pool, NULL);
        kit_settle();
        kit_script("z")->start_delay_ms = 0;
        struct wtl_pid second = kit_added(pool, NULL, WTL_OK);
        (void)kit_added(pool, NULL, WTL_FULL);
        kit_script("z")->start_delay_ms = 100;
        kit_do(second, "crash");
        kit_advance(50);
        cr_assert_eq(kit_count(pool, "workers"), 2);
        (void)kit_added(pool, NULL, WTL_FULL);
        kit_advance(100);
        kit_script("z")->start_delay_ms = 0;
        kit_do(kit_pid("z"), "normal");
        kit_settle();
        (void)kit_added(pool, NULL, WTL_OK);
    }
}

Test(supervisor, S24_bad_bounds_are_refused)
{
    struct wtl_child two[] = {CHILD("a"), CHILD("b")};
    struct wtl_child spec[] = {CHILD("a")};
    const struct {
        struct wtl_tree tree;
        const char *says;
    } cases[] = {
        {TREE(two, .children_max = 1), "raise children_max"},
        {TREE(two, .children_max = WTL_CHILDREN_MAX + 1), "children_max: expected at most 4096"},
        {TREE(spec, .strategy = WTL_SIMPLE_ONE_FOR_ONE, .children_max = WTL_POOL_MAX + 1),
         "children_max: expected at most 4194304"},
    };
    for (size_t i = 0; i < WTL_COUNT(cases); i++) {
        kit_open(i);
        (void)kit_supervise(&cases[i].tree);
        cr_assert(kit.top_down, "%s", cases[i].says);
        cr_assert_not_null(strstr(kit.log, cases[i].says), "%s: %s", cases[i].says, kit.log);
        kit_close();
    }
}
