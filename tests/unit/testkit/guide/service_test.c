/* service_test.c - tests of service.c: its pool, its table, and that it ends and begins whole. */
#include <wattle/test_stage.h>

static struct wtl_pid named(struct wtl_test *t, const char *name)
{
    return wtl_whereis_local(wtl_test_ctx(t), name);
}

static uint64_t sessions(struct wtl_test *t)
{
    struct wtl_ctx *x = wtl_test_ctx(t);
    struct wtl_table_info info = {0};
    return wtl_table_info(x, wtl_table_find(x, "sessions"), &info) == WTL_OK ? info.entries : 0;
}

static struct wtl_test_stage *begin(struct wtl_test *t)
{
    wtl_test_load(t, SERVICE_SO);
    struct wtl_test_stage *stage = wtl_test_stage(t, wtl_test_actor(t, "service.service"));
    wtl_test_settle(t);
    return stage;
}

static void lets_two_in(struct wtl_test *t)
{
    (void)begin(t);
    (void)wtl_test_call(t, named(t, "door"), WTL_TAG("enter"), NULL);
    wtl_test_expect_status(t, WTL_OK);
    (void)wtl_test_call(t, named(t, "door"), WTL_TAG("enter"), NULL);
    wtl_test_expect_status(t, WTL_OK);
    (void)wtl_test_call(t, named(t, "door"), WTL_TAG("enter"), NULL);
    wtl_test_expect_status(t, WTL_FULL);
    wtl_test_check(t, sessions(t) == 2, "two are in the table");
}

/* The door begins anew, after its backoff; the table comes back to it with what is in it. */
static void keeps_the_table(struct wtl_test *t)
{
    (void)begin(t);
    struct wtl_pid door = named(t, "door");
    (void)wtl_test_call(t, door, WTL_TAG("enter"), NULL);
    wtl_test_expect_status(t, WTL_OK);
    wtl_test_crash(t, door);
    door = wtl_test_expect_restart(t, door);
    wtl_test_settle(t);
    wtl_test_check(t, sessions(t) == 1, "it is still there");
    (void)wtl_test_call(t, door, WTL_TAG("enter"), NULL);
    wtl_test_expect_status(t, WTL_OK);
    wtl_test_check(t, sessions(t) == 2, "and it can be written to");
    wtl_test_advance(t, 62000);
    wtl_test_check(t, sessions(t) == 0, "its time to live is over");
}

/* What starts the tree ends with it, and is started again by its flow. */
static void begins_whole(struct wtl_test *t)
{
    struct wtl_test_stage *stage = begin(t);
    struct wtl_pid pid = wtl_test_stage_pid(stage);
    struct wtl_pid keeper = named(t, "keeper");
    wtl_test_kill(t, pid);
    (void)wtl_test_expect_restart(t, pid);
    wtl_test_settle(t);
    wtl_test_check(t, !wtl_test_lives(t, keeper), "the tree has ended");
    wtl_test_check(t, wtl_test_lives(t, named(t, "keeper")), "and there is another one");
}

int main(void)
{
    wtl_test_run("lets two in", lets_two_in, 20);
    wtl_test_run("keeps the table", keeps_the_table, 20);
    wtl_test_run("begins whole", begins_whole, 20);
    return 0;
}
