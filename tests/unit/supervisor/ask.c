/* ask.c - what supervisors answer. */
#include "kit.h"

#include "actor/supervisor_private.h"

#define WORKER(letter) (&(struct wtl_child)CHILD(letter))

Test(supervisor, S19_statuses)
{
    EACH_SEED
    {
        struct wtl_child children[] = {CHILD("a"), CHILD("t", .restart = WTL_TEMPORARY)};
        struct wtl_pid top = kit_supervise(&TREE(children));
        struct wtl_pid b = kit_added(top, WORKER("b"), WTL_OK);
        cr_assert(wtl_pid_equal(b, kit_pid("b")));
        cr_assert(wtl_pid_equal(kit_added(top, WORKER("b"), WTL_STARTED), b));
        cr_assert_eq(kit_asked(top, WTL_CHILD_RESTART, "b"), WTL_RUNNING);
        cr_assert_eq(kit_asked(top, WTL_CHILD_DELETE, "b"), WTL_RUNNING);
        cr_assert_eq(kit_asked(top, WTL_CHILD_TERMINATE, "b"), WTL_OK);
        cr_assert_eq(kit_asked(top, WTL_CHILD_TERMINATE, "b"), WTL_OK,
                     "also when it is not running");
        EXPECT_LIST(top, "a running, t running, b stopped");
        (void)kit_added(top, WORKER("b"), WTL_PRESENT);
        cr_assert_eq(kit_asked(top, WTL_CHILD_RESTART, "b"), WTL_OK);
        kit_asked(top, WTL_CHILD_TERMINATE, "b");
        kit_script("b")->fail_starts = 1;
        cr_assert_eq(kit_asked(top, WTL_CHILD_RESTART, "b"), WTL_SYSTEM, "why it failed");
        EXPECT_LIST(top, "a running, t running, b stopped");
        cr_assert_eq(kit_asked(top, WTL_CHILD_DELETE, "b"), WTL_OK);
        cr_assert_eq(kit_asked(top, WTL_CHILD_DELETE, "b"), WTL_NOT_FOUND);
        cr_assert_eq(kit_asked(top, WTL_CHILD_RESTART, "b"), WTL_NOT_FOUND);
        cr_assert_eq(kit_asked(top, WTL_CHILD_TERMINATE, "b"), WTL_NOT_FOUND);
        cr_assert_eq(kit_asked(top, WTL_CHILD_TERMINATE, "t"), WTL_OK);
        EXPECT_LIST(top, "a running"); /* a temporary spec goes with its actor */
        kit_script("c")->fail_starts = 1;
        (void)kit_added(top, WORKER("c"), WTL_SYSTEM);
        EXPECT_LIST(top, "a running"); /* and one that cannot be started is forgotten */
        kit_script("d")->ignore_starts = 1;
        cr_assert(wtl_pid_is_none(kit_added(top, WORKER("d"), WTL_OK)));
        EXPECT_LIST(top, "a running, d stopped");
        cr_assert_eq(kit_count(top, "specs"), 2);
        cr_assert_eq(kit_count(top, "workers"), 2);
        cr_assert_eq(kit.step.runtime.counters[WTL__COUNT_RESTARTS], 0, "asking is no restart");
        cr_assert_eq(kit_reports("start_error"), 0, "who has asked is told, and nobody else");
    }
}

/* OTP: which_child and get_childspec. */
Test(supervisor, S19_one_child_is_shown)
{
    EACH_SEED
    {
        struct wtl_child children[] = {
            CHILD("a", .restart = WTL_TRANSIENT, .significant = true, .progress_ms = 70)};
        struct wtl_pid top = kit_supervise(&TREE(children, .auto_shutdown = WTL_AUTO_SHUTDOWN_ALL));
        struct answer answer;
        struct answer busy;
        char id[8];
        char state[16];
        char type[16];
        char kind[16];
        char restart[16];
        unsigned significant = 0;
        unsigned shutdown_ms = 0;
        unsigned progress_ms = 0;
        unsigned restarts = 0;
        unsigned long node = 0;
        unsigned long local = 0;
        cr_assert_eq(kit_asked(top, WTL_CHILD_SHOW, "b"), WTL_NOT_FOUND);
        kit_kill(kit_pid("a"));
        kit_settle();
        kit_script("a")->stop_delay_ms = 100;
        kit_ask(&busy, top, WTL_CHILD_TERMINATE, "a", WTL_PID_NONE);
        kit_settle();
        kit_ask(&answer, top, WTL_CHILD_SHOW, "a", WTL_PID_NONE);
        kit_settle();
        cr_assert(answer.came && !busy.came, "at once");
        cr_assert_eq(answer.status, WTL_OK);
        struct wtl_msg message = {.bytes = answer.bytes, .size = answer.size};
        cr_assert_eq(wtl_getf(&message,
                              "id=%7s pid=[%lu %lu] state=%15s restarts=%u type=%15s kind=%15s "
                              "restart=%15s significant=%u shutdown_ms=%u progress_ms=%u",
                              id, &node, &local, state, &restarts, type, kind, restart,
                              &significant, &shutdown_ms, &progress_ms),
                     WTL_OK);
        cr_assert_str_eq(id, "a");
        cr_assert_str_eq(state, "stopping");
        cr_assert_str_eq(type, "kit_worker");
        cr_assert_str_eq(kind, "worker");
        cr_assert_str_eq(restart, "transient");
        cr_assert(significant == 1 && shutdown_ms == 5000 && progress_ms == 70 && restarts == 1);
        cr_assert(node == kit_pid("a").node && local == kit_pid("a").local);
        kit_advance(100);
    }
}

Test(supervisor, S19_one_child_of_a_pool_is_shown)
{
    EACH_SEED
    {
        struct wtl_child spec[] = {CHILD("z", .backoff = {.first_ms = 1000})};
        struct wtl_pid pool = kit_supervise(&TREE(spec, .strategy = WTL_SIMPLE_ONE_FOR_ONE));
        struct wtl_pid pid = kit_added(pool, NULL, WTL_OK);
        struct answer answer;
        char state[16];
        kit_kill(pid);
        kit_settle();
        kit_ask(&answer, pool, WTL_CHILD_SHOW, NULL, pid); /* by the pid that it had */
        kit_settle();
        cr_assert_eq(answer.status, WTL_OK);
        struct wtl_msg message = {.bytes = answer.bytes, .size = answer.size};
        cr_assert_eq(wtl_getf(&message, "state=%15s", state), WTL_OK);
        cr_assert_str_eq(state, "restarting");
        kit_ask(&answer, pool, WTL_CHILD_SHOW, NULL, kit.boss);
        kit_settle();
        cr_assert_eq(answer.status, WTL_NOT_FOUND);
    }
}

static void check_trees(struct wtl_ctx *x, void *argument)
{
    struct wtl_child good[] = {CHILD("a")};
    struct wtl_child bad[] = {CHILD("a"), CHILD("a")};
    struct wtl_error error = {0};
    (void)argument;
    cr_assert_eq(wtl_tree_check(x, &TREE(good), &error), WTL_OK);
    cr_assert_eq(wtl_tree_check(x, &TREE(bad), &error), WTL_INVALID);
    cr_assert_not_null(strstr(error.text, "the id is there twice"));
}

/* OTP: check_childspecs. */
Test(supervisor, S19_a_tree_can_be_checked_without_being_run)
{
    kit_open(1);
    kit_run(check_trees, NULL);
    EXPECT_TRACE("");
    kit_close();
}

Test(supervisor, S19_supervisors_can_be_added)
{
    EACH_SEED
    {
        struct wtl_child bottom[] = {CHILD("b")};
        struct wtl_tree low = TREE(bottom);
        struct wtl_pid top = kit_supervise(&(struct wtl_tree){0});
        struct wtl_child child = {.id = "low", .tree = &low};
        struct wtl_pid inner = kit_added(top, &child, WTL_OK);
        EXPECT_LIST(inner, "b running");
        cr_assert_eq(kit_count(top, "supervisors"), 1);
        kit_script("b")->fail_starts = 1;
        child.id = "other";
        (void)kit_added(top, &child, WTL_SHUTDOWN);
        EXPECT_LIST(top, "low running");
    }
}

Test(supervisor, S19_added_children_are_last_in_order)
{
    EACH_SEED
    {
        struct wtl_child children[] = {CHILD("a"), CHILD("b")};
        struct wtl_pid top = kit_supervise(&TREE(children, .strategy = WTL_REST_FOR_ONE));
        (void)kit_added(top, WORKER("c"), WTL_OK);
        kit_forget();
        kit_kill(kit_pid("b"));
        kit_settle();
        EXPECT_TRACE("-c +b +c");
    }
}

/* Three ways in which a child that cannot be restarted meets an ask. */
Test(supervisor, S14_restarting)
{
    EACH_SEED
    {
        struct wtl_child children[] = {CHILD("a"), CHILD("b")};
        struct wtl_pid top = kit_supervise(&TREE(children, INTENSITY(60000, 60000)));
        struct answer answers[5];
        kit_script("b")->start_delay_ms = 100;
        kit_script("b")->fail_starts = 100000;
        kit_kill(kit_pid("b"));
        kit_advance(50);
        EXPECT_LIST(top, "a running, b starting");
        /* they are asked while it is being started, and done when that has failed */
        kit_ask(&answers[0], top, WTL_CHILD_RESTART, "b", WTL_PID_NONE);
        kit_ask(&answers[1], top, WTL_CHILD_DELETE, "b", WTL_PID_NONE);
        kit_add(&answers[2], top, WORKER("b"));
        kit_settle();
        cr_assert_not(answers[0].came || answers[1].came || answers[2].came);
        kit_advance(50);
        cr_assert_eq(answers[0].status, WTL_RESTARTING);
        cr_assert_eq(answers[1].status, WTL_RESTARTING);
        cr_assert_eq(answers[2].status, WTL_PRESENT);
        cr_assert(answers[0].came && answers[1].came && answers[2].came);
        kit_ask(&answers[3], top, WTL_CHILD_TERMINATE, "b", WTL_PID_NONE);
        kit_ask(&answers[4], top, WTL_CHILD_DELETE, "b", WTL_PID_NONE);
        kit_advance(100);
        cr_assert_eq(answers[3].status, WTL_OK, "terminate cancels the next attempt");
        cr_assert_eq(answers[4].status, WTL_OK);
        int starts = kit_script("b")->starts;
        kit_advance(10000);
        cr_assert_eq(kit_script("b")->starts, starts);
        EXPECT_LIST(top, "a running");
    }
}

Test(supervisor, S14_a_cancelled_attempt_is_nobody_elses)
{
    EACH_SEED
    {
        struct wtl_child children[] = {CHILD("a"), CHILD("b")};
        struct wtl_pid top = kit_supervise(&TREE(children, INTENSITY(100, 60000)));
        struct answer answer;
        kit_script("a")->start_delay_ms = 100;
        kit_script("a")->fail_starts = 3;
        kit_kill(kit_pid("a"));
        kit_advance(50);
        kit_ask(&answer, top, WTL_CHILD_TERMINATE, "a", WTL_PID_NONE);
        kit_advance(50);
        cr_assert_eq(answer.status, WTL_OK);
        kit_script("b")->fail_starts = 5;
        kit_kill(kit_pid("b"));
        kit_settle();
        EXPECT_LIST(top, "a stopped, b running");
        cr_assert_eq(kit_script("b")->starts, 7);
        cr_assert_eq(kit_script("a")->starts, 2);
    }
}

Test(supervisor, S23_it_answers_while_a_child_stops)
{
    EACH_SEED
    {
        struct wtl_child children[] = {CHILD("a"), CHILD("b")};
        struct wtl_pid top = kit_supervise(&TREE(children));
        struct answer stop;
        struct answer again;
        struct answer other;
        kit_script("b")->stop_delay_ms = 4000;
        kit_ask(&stop, top, WTL_CHILD_TERMINATE, "b", WTL_PID_NONE);
        kit_advance(1000);
        cr_assert_eq(kit_count(top, "active"), 2, "at once");
        cr_assert_eq(kit_asked(top, WTL_CHILDREN_LIST, NULL), WTL_OK);
        EXPECT_LIST(top, "a running, b stopping");
        kit_ask(&again, top, WTL_CHILD_RESTART, "b", WTL_PID_NONE);
        kit_add(&other, top, WORKER("c"));
        kit_settle();
        cr_assert_not(stop.came || again.came || other.came, "what changes children waits");
        kit_advance(3000);
        cr_assert(stop.came && again.came && other.came);
        EXPECT_LIST(top, "a running, b running, c running");
    }
}

Test(supervisor, S23_asks_that_wait_are_bounded)
{
    kit_open(1);
    static struct answer answers[WTL__ASKS_MAX + 2];
    struct wtl_child children[] = {CHILD("a")};
    struct wtl_pid top = kit_supervise(&TREE(children));
    kit_script("a")->stop_delay_ms = 100;
    for (size_t i = 0; i < WTL_COUNT(answers); i++) {
        kit_ask(&answers[i], top, WTL_CHILD_TERMINATE, "a", WTL_PID_NONE);
    }
    kit_settle();
    cr_assert(answers[WTL__ASKS_MAX + 1].came);
    cr_assert_eq(answers[WTL__ASKS_MAX + 1].status, WTL_BUSY);
    kit_advance(100);
    for (size_t i = 0; i <= WTL__ASKS_MAX; i++) {
        cr_assert(answers[i].came);
        cr_assert_eq(answers[i].status, WTL_OK);
    }
    kit_close();
}

Test(supervisor, S23_asks_of_one_that_ends)
{
    EACH_SEED
    {
        struct wtl_child children[] = {CHILD("a"), CHILD("b")};
        struct wtl_pid top = kit_supervise(&TREE(children));
        struct answer before;
        struct answer after;
        kit_script("b")->stop_delay_ms = 1000;
        kit_ask(&before, top, WTL_CHILD_TERMINATE, "b", WTL_PID_NONE);
        kit_settle();
        struct answer queued;
        kit_ask(&queued, top, WTL_CHILD_TERMINATE, "a", WTL_PID_NONE);
        kit_settle();
        kit_end(top);
        kit_settle();
        kit_add(&after, top, WORKER("c"));
        kit_settle();
        cr_assert_eq(after.status, WTL_SHUTDOWN);
        kit_advance(1000);
        cr_assert(kit.top_down);
        cr_assert_eq(before.status, WTL_OK, "%s", wtl_status_word(before.status));
        cr_assert(queued.came);
        cr_assert_eq(queued.status, WTL_CLOSED);
    }
}

Test(supervisor, X104_bad_children_are_refused_and_nothing_changes)
{
    EACH_SEED
    {
        struct wtl_child children[] = {CHILD("a")};
        struct wtl_pid top = kit_supervise(&TREE(children));
        struct wtl_child no_id = CHILD("b");
        no_id.id = NULL;
        (void)kit_added(top, &no_id, WTL_INVALID);
        (void)kit_added(top, &(struct wtl_child){.id = "b"}, WTL_INVALID);
        (void)kit_added(top, NULL, WTL_INVALID);
        (void)kit_added(top, &(struct wtl_child)CHILD("b", .name = "-"), WTL_INVALID);
        (void)kit_added(top, &(struct wtl_child)CHILD("b", .restart = (enum wtl_restart)3),
                        WTL_INVALID);
        (void)kit_added((struct wtl_pid){top.node + 1, top.local}, WORKER("b"), WTL_UNSUPPORTED);
        EXPECT_LIST(top, "a running");
        EXPECT_TRACE("+a");
    }
}
