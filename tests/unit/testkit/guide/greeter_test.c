/* greeter_test.c - the tests that docs/MODULES.md shows. */
#include <wattle/test.h>

static void counts(struct wtl_test *t)
{
    wtl_test_load(t, GREETER_SO);
    struct wtl_pid greeter = wtl_test_spawn(t, wtl_test_actor(t, "greeter.greeter"));
    wtl_test_callf(t, greeter, "hello", "name=%s", "ada");
    wtl_test_expect_replyf(t, "count=%u", 1u);
    wtl_test_callf(t, greeter, "hello", "name=%s", "grace");
    wtl_test_expect_replyf(t, "count=%u", 2u);
}

static void begins_anew(struct wtl_test *t)
{
    wtl_test_load(t, GREETER_SO);
    const struct wtl_child children[] = {
        {.id = "greeter", .type = wtl_test_actor(t, "greeter.greeter")},
    };
    struct wtl_pid supervisor =
        wtl_test_supervise(t, &(struct wtl_tree){.children = children, .children_count = 1});
    struct wtl_pid greeter = wtl_test_child(t, supervisor, "greeter");
    wtl_test_callf(t, greeter, "hello", "name=%s", "ada");
    wtl_test_crash(t, greeter);
    greeter = wtl_test_expect_restart(t, greeter);
    wtl_test_callf(t, greeter, "hello", "name=%s", "grace");
    wtl_test_expect_replyf(t, "count=%u", 1u);
}

static void goes_over(struct wtl_test *t)
{
    wtl_test_load(t, GREETER_2_SO);
    struct wtl_pid greeter = wtl_test_spawn(t, wtl_test_actor(t, "greeter.greeter"));
    wtl_test_callf(t, greeter, "hello", "name=%s", "ada");
    wtl_test_tellf(t, greeter, "hello", "name=%s", "grace"); /* under way */
    wtl_test_upgrade(t, "greeter", GREETER_3_SO);
    wtl_test_callf(t, greeter, "hello", "name=%s", "joan");
    wtl_test_expect_replyf(t, "count=%u last=%s", 3u, "joan");
    wtl_test_upgrade(t, "greeter", GREETER_2_SO);
    wtl_test_expect_no_upgrade(t, "greeter", GREETER_SO, "needs .save"); /* 0.1.0: no .upgrade */
    wtl_test_callf(t, greeter, "hello", "name=%s", "ada");
    wtl_test_expect_replyf(t, "greeting=%s count=%u", "hello", 4u);
}

int main(void)
{
    wtl_test_run("counts", counts, 20);
    wtl_test_run("begins anew", begins_anew, 20);
    wtl_test_run("goes over", goes_over, 20);
    wtl_test_run_starved("counts", counts, 3);
    return 0;
}
