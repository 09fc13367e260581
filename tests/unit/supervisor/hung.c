/* hung.c - children that make no progress. hung_race.c has them on real threads. */
#include "kit.h"

#define WATCHED(letter, ms, ...) CHILD(letter, .progress_ms = (ms), __VA_ARGS__)

static struct wtl_pid hung_top;

/* 400 ms in a handler are too many, and that is seen before 800. */
static void for_long(void)
{
    kit_advance(399);
    cr_assert_eq(kit_reports("child_hung"), 0, "seed %lu", kit.seed);
    EXPECT_LIST(hung_top, "a running, b running");
    kit_advance(400);
    cr_assert_eq(kit_reports("child_hung"), 1, "seed %lu", kit.seed);
    cr_assert_eq(kit_asked(hung_top, WTL_CHILDREN_COUNT, NULL), WTL_OK, "it waits for nobody");
    kit_advance(5000);
    EXPECT_LIST(hung_top, "a running, b running");
    cr_assert_eq(kit_reports("child_hung"), 1);
    cr_assert_eq(kit_reports("child_stuck"), 1, "it is said once that it cannot be ended");
}

Test(supervisor, S26_a_function_that_does_not_return)
{
    EACH_SEED
    {
        struct wtl_child children[] = {WATCHED("a", 400), WATCHED("b", 400)};
        struct wtl_pid top = kit_supervise(&TREE(children));
        hung_top = top;
        kit_script("a")->in_handler = for_long;
        kit_advance(10000); /* idle is not hung */
        kit_forget();
        kit_do(kit_pid("a"), "work");
        kit_do(kit_pid("a"), "never handled");
        kit_settle(); /* the kill acts when the function returns */
        EXPECT_TRACE("+a");
        EXPECT_LIST(top, "a running, b running");
        cr_assert_eq(kit.step.runtime.counters[WTL__COUNT_RESTARTS], 1);
        cr_assert_eq(kit_reports("child_terminated"), 1);
        cr_assert_not_null(strstr(kit.log, "context=child_terminated reason=killed:hung child=a"));
        cr_assert_eq(kit_script("b")->starts, 1);
    }
}

static void for_a_while(void)
{
    kit_advance(390);
}

Test(supervisor, S26_slow_is_not_hung)
{
    EACH_SEED
    {
        struct wtl_child children[] = {WATCHED("a", 400)};
        (void)kit_supervise(&TREE(children));
        kit_script("a")->in_handler = for_a_while;
        for (int i = 0; i < 10; i++) { /* each function returns, and the next one begins at once */
            kit_do(kit_pid("a"), "work");
        }
        kit_settle();
        cr_assert_eq(kit_reports("child_hung"), 0);
        EXPECT_TRACE("+a");
    }
}

Test(supervisor, S26_held_for_an_answer_that_does_not_come)
{
    EACH_SEED
    {
        struct wtl_child children[] = {WATCHED("a", 400), CHILD("b")};
        struct wtl_pid top = kit_supervise(&TREE(children));
        kit_do(kit_pid("a"), "hold");
        kit_do(kit_pid("b"), "hold");
        kit_advance(10000);
        EXPECT_LIST(top, "a running, b running"); /* nobody wants anything of them */
        kit_do(kit_pid("b"), "normal");
        kit_do(kit_pid("a"), "normal");
        kit_advance(399);
        cr_assert_eq(kit_reports("child_hung"), 0);
        kit_advance(400);
        cr_assert_eq(kit_reports("child_hung"), 1, "b is not watched");
        EXPECT_TRACE("+a +b +a");
        EXPECT_LIST(top, "a running, b running");
        cr_assert_not_null(strstr(kit.log, "killed:hung"));
        cr_assert_eq(kit_reports("child_stuck"), 0);
    }
}

/* An exit signal that it ignores, upon which it looks into its mailbox again. */
static void wake(struct wtl_ctx *x, void *argument)
{
    (void)argument;
    wtl_exit(x, kit_pid("a"), WTL_REASON(WTL_EXIT_NORMAL, "normal"));
}

Test(supervisor, S26_suspended_is_not_hung)
{
    EACH_SEED
    {
        for (int held = 0; held < 2; held++) {
            struct wtl_child children[] = {WATCHED("a", 400)};
            struct wtl_pid top = kit_supervise(&TREE(children));
            struct wtl__cell *cell = wtl__cells_find(&kit.step.runtime.cells, kit_pid("a").local);
            if (held != 0) {
                kit_do(kit_pid("a"), "hold");
                kit_settle();
            }
            cell->flags |= WTL__CELL_SUSPENDED; /* as the inspection does */
            kit_do(kit_pid("a"), "normal");
            kit_advance(10000);
            cr_assert_eq(kit_reports("child_hung"), 0);
            kit_forget();
            cell->flags &= ~WTL__CELL_SUSPENDED;
            kit_run(wake, NULL);
            kit_advance(1000);
            EXPECT_TRACE(held != 0 ? "+a" : "-a +a");
            cr_assert_eq(kit_reports("child_hung"), (unsigned)held, "from now on it may be");
            kit_end(top);
            kit_settle();
        }
    }
}

static struct wtl_pid full;

/* Its mailbox has room for one; it waits for an answer for ever. */
static enum wtl_status slow_handle(struct wtl_ctx *x, void *self, const struct wtl_msg *message)
{
    struct wtl_call_options options = {.hold = true, .deadline_ms = WTL_CALL_FOREVER};
    (void)self;
    (void)message;
    (void)wtl_call(x, kit.boss, WTL_TAG("never"), NULL, &options);
    return WTL_OK;
}

static enum wtl_status eager_handle(struct wtl_ctx *x, void *self, const struct wtl_msg *message)
{
    (void)self;
    (void)message;
    for (int i = 0; i < 4; i++) {
        wtl_tell(x, full, WTL_TAG("more"), NULL);
    }
    return WTL_OK;
}

static WTL_ACTOR(slow, char, .handle = slow_handle, .mailbox_max = 1,
                 .mailbox_policy = WTL_MAILBOX_BLOCK);
static WTL_ACTOR(eager, char, .handle = eager_handle);

/* Who waits for room in a mailbox is not at fault; the one whose mailbox it is may be. */
Test(supervisor, S26_parked_is_not_hung)
{
    EACH_SEED
    {
        struct wtl_child children[] = {
            {.id = "slow", .name = "slow", .type = &slow},
            {.id = "eager", .type = &eager, .name = "eager", .progress_ms = 400}};
        struct wtl_pid top = kit_supervise(&TREE(children));
        full = wtl__name_find(&kit.step.runtime, "slow");
        struct wtl_pid sender = wtl__name_find(&kit.step.runtime, "eager");
        for (int i = 0; i < 4; i++) {
            kit_do(sender, "go");
        }
        kit_settle();
        struct wtl__cell *cell = wtl__cells_find(&kit.step.runtime.cells, sender.local);
        cr_assert((cell->flags & WTL__CELL_PARKED) != 0);
        kit_advance(10000);
        cr_assert(kit_lives(sender));
        cr_assert_eq(kit_reports("child_hung"), 0);
        EXPECT_LIST(top, "slow running, eager running");
    }
}

/* A process that was stopped, or a machine that was: everybody missed the same time. */
static void all_frozen(void)
{
    for (int i = 0; i < 5; i++) {
        kit.step.now_ns += UINT64_C(3600) * 1000000000;
        kit_advance(1);
    }
}

Test(supervisor, S26_time_in_which_nobody_ran_does_not_count)
{
    EACH_SEED
    {
        struct wtl_child children[] = {WATCHED("a", 400), WATCHED("b", 1000)};
        (void)kit_supervise(&TREE(children));
        kit_script("b")->in_handler = all_frozen;
        kit_do(kit_pid("b"), "work");
        kit_settle();
        kit_advance(10000);
        cr_assert_eq(kit_reports("child_hung"), 0);
    }
}

Test(supervisor, S26_a_hung_child_is_a_failed_child)
{
    EACH_SEED
    {
        struct wtl_child children[] = {CHILD("a"), WATCHED("b", 100), CHILD("c"),
                                       WATCHED("d", 100, .restart = WTL_TEMPORARY)};
        struct wtl_pid top =
            kit_supervise(&TREE(children, .strategy = WTL_REST_FOR_ONE, INTENSITY(1, 60000)));
        kit_forget();
        kit_do(kit_pid("d"), "hold");
        kit_do(kit_pid("d"), "more");
        kit_advance(200);
        EXPECT_TRACE("");
        EXPECT_LIST(top, "a running, b running, c running");
        kit_do(kit_pid("b"), "hold");
        kit_do(kit_pid("b"), "more");
        kit_advance(200);
        EXPECT_TRACE("-c +b +c");
        kit_do(kit_pid("b"), "hold");
        kit_do(kit_pid("b"), "more");
        kit_advance(200);
        cr_assert(kit.top_down, "it counts against the intensity");
    }
}

Test(supervisor, S26_in_a_pool)
{
    EACH_SEED
    {
        struct wtl_child spec[] = {WATCHED("z", 1000)};
        struct wtl_pid pool = kit_supervise(&TREE(spec, .strategy = WTL_SIMPLE_ONE_FOR_ONE));
        cr_assert_eq(wtl__step_deadline(&kit.step), WTL__WHEEL_NEVER, "there is nobody to watch");
        struct wtl_pid first = kit_added(pool, NULL, WTL_OK);
        struct wtl_pid second = kit_added(pool, NULL, WTL_OK);
        kit_do(first, "hold");
        kit_do(first, "more");
        kit_advance(2000);
        cr_assert_not(kit_lives(first));
        cr_assert(kit_lives(second));
        cr_assert_eq(kit_count(pool, "active"), 2);
        struct answer answers[2];
        kit_ask(&answers[0], pool, WTL_CHILD_TERMINATE, NULL, second);
        kit_ask(&answers[1], pool, WTL_CHILD_TERMINATE, NULL, kit_pid("z"));
        kit_advance(1000);
        cr_assert_eq(kit_count(pool, "active"), 0);
        cr_assert_eq(wtl__step_deadline(&kit.step), WTL__WHEEL_NEVER, "nor now");
    }
}

/* Who is added later may have to be looked at more often. */
Test(supervisor, S26_the_shortest_time_sets_the_pace)
{
    EACH_SEED
    {
        struct wtl_child children[] = {WATCHED("a", 60000)};
        struct wtl_pid top = kit_supervise(&TREE(children));
        (void)kit_added(top, &(struct wtl_child)WATCHED("b", 40), WTL_OK);
        kit_do(kit_pid("a"), "hold");
        kit_do(kit_pid("a"), "more");
        kit_do(kit_pid("b"), "hold");
        kit_do(kit_pid("b"), "more");
        kit_advance(80);
        EXPECT_TRACE("+a +b +b");
        kit_advance(60000 - 80);
        EXPECT_TRACE("+a +b +b");
        kit_advance(60000);
        EXPECT_TRACE("+a +b +b +a");
    }
}

static void for_90_ms(void)
{
    kit_advance(90);
}

/* The look at the old pace is due already, and waits behind the child that sets a new one. */
Test(supervisor, S26_a_pace_that_changes_while_a_look_is_due)
{
    EACH_SEED
    {
        struct answer answer;
        struct wtl_child children[] = {WATCHED("a", 200)};
        struct wtl_pid top = kit_supervise(&TREE(children));
        struct wtl__cell *cell = wtl__cells_find(&kit.step.runtime.cells, top.local);
        cell->flags |= WTL__CELL_SUSPENDED;
        kit_add(&answer, top, &(struct wtl_child)WATCHED("b", 100));
        kit_advance(60);
        cell->flags &= ~WTL__CELL_SUSPENDED;
        kit_do(top, "wake");
        kit_settle();
        cr_assert(answer.came && answer.status == WTL_OK);
        kit_script("b")->in_handler = for_90_ms;
        kit_do(kit_pid("b"), "work");
        kit_settle();
        cr_assert_eq(kit_reports("child_hung"), 0, "it is looked at as often as it says");
        EXPECT_TRACE("+a +b");
    }
}
