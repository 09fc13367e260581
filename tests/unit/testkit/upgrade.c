/* upgrade.c - the actors under test go over to another version of their module, or do not. */
#include "specimen.h"

#include <wattle/module.h>

#define SO(name) MODULE_SO "/" name ".so"

/* What a clerk (../module/so/clerk.c) answers. */
static uint64_t ask(struct wtl_test *t, struct wtl_pid clerk, const char *tag)
{
    const struct wtl_answer *answer = wtl_test_call(t, clerk, wtl_tag_make(tag, strlen(tag)), NULL);
    struct wtl_reader reader = wtl_read(&answer->message);
    uint64_t number = wtl_get_u64(&reader);
    wtl_test_check(t, answer->status == WTL_OK && !reader.failed, "%s is answered", tag);
    return number;
}

static void expect(struct wtl_test *t, struct wtl_pid clerk, const char *tag, uint64_t number)
{
    uint64_t came = ask(t, clerk, tag);
    wtl_test_check(t, came == number, "expected %s to be %u, not %u", tag, (unsigned)number,
                   (unsigned)came);
}

static struct wtl_pid start(struct wtl_test *t, const char *path)
{
    wtl_test_load(t, path);
    struct wtl_pid clerk = wtl_test_spawn(t, wtl_test_actor(t, "clerk.clerk"));
    expect(t, clerk, "add", 41);
    return clerk;
}

static void upgrade(struct wtl_test *t, const char *path, uint32_t actors)
{
    uint32_t went = wtl_test_upgrade(t, "clerk", path);
    wtl_test_check(t, went == actors, "expected %u to go over, not %u", actors, went);
}

/* ---- all goes well --------------------------------------------------------------------------- */

static void goes_over(struct wtl_test *t)
{
    struct wtl_pid clerk = start(t, SO("clerk_1"));
    struct wtl_pid other = start(t, SO("clerk_1"));
    upgrade(t, SO("clerk_2"), 2);
    expect(t, clerk, "version", 2);
    expect(t, clerk, "add", 42);
    expect(t, clerk, "answers", 1000); /* its wtl_continue */
    wtl_test_check(t, wtl_test_now_ms(t) == 0, "no time has passed");
    wtl_test_kill(t, other);
    upgrade(t, SO("clerk_1"), 1); /* back */
    expect(t, clerk, "version", 1);
    expect(t, clerk, "add", 43);
}

Test(upgrade, L19_the_state_goes_along)
{
    passes(goes_over, 20);
}

/* What was sent and called before is handled by the one version or the other, once and in order. */
static void under_way(struct wtl_test *t)
{
    struct wtl_pid clerk = start(t, SO("clerk_1"));
    for (uint64_t i = 1; i <= 20; i++) {
        struct wtl_writer body;
        (void)wtl_message_open(wtl_test_ctx(t), &body, 16);
        wtl_put_u64(&body, i);
        wtl_test_tell(t, clerk, WTL_TAG("n"), &body);
        wtl_test_tell(t, clerk, WTL_TAG("call"), NULL);
    }
    for (uint64_t i = 0; i < wtl_test_seed(t) % 8; i++) {
        (void)wtl_test_step(t);
    }
    upgrade(t, SO("clerk_2"), 1);
    expect(t, clerk, "count", 61);
    expect(t, clerk, "gaps", 0);
    expect(t, clerk, "answers", 1020);
}

Test(upgrade, L19_what_is_under_way)
{
    passes(under_way, 40);
}

/* The same file is another mapping of it: the code is in another place. */
static void same_file(struct wtl_test *t)
{
    struct wtl_pid clerk = start(t, SO("clerk_1"));
    const struct wtl_actor *before = wtl_test_actor(t, "clerk.clerk");
    upgrade(t, SO("clerk_1"), 1);
    wtl_test_check(t, wtl_test_actor(t, "clerk.clerk") != before, "it is another one");
    expect(t, clerk, "add", 42);
    upgrade(t, SO("clerk_1"), 1);
    wtl_test_check(t, wtl_test_actor(t, "clerk.clerk") == before, "there are two of it at most");
    expect(t, clerk, "add", 43);
}

Test(upgrade, L19_the_same_file_again)
{
    passes(same_file, 40); /* more than there may be versions */
}

static void restarts(struct wtl_test *t)
{
    wtl_test_load(t, SO("clerk_1"));
    const struct wtl_child child = {.id = "clerk", .type = wtl_test_actor(t, "clerk.clerk")};
    struct wtl_pid supervisor =
        wtl_test_supervise(t, &(struct wtl_tree){.children = &child, .children_count = 1});
    struct wtl_pid clerk = wtl_test_child(t, supervisor, "clerk");
    upgrade(t, SO("clerk_2"), 1);
    wtl_test_crash(t, clerk);
    clerk = wtl_test_expect_restart(t, clerk);
    expect(t, clerk, "version", 2);
    expect(t, clerk, "add", 41);
}

Test(upgrade, L19_a_restart_is_the_new_version)
{
    passes(restarts, 20);
}

/* ---- where a module comes from --------------------------------------------------------------- */

static void begins_with_the_second(struct wtl_test *t)
{
    struct wtl_pid clerk = start(t, SO("clerk_2"));
    expect(t, clerk, "version", 2);
    wtl_test_load(t, SO("clerk_1")); /* as by a test that begins so: there is a clerk already */
    upgrade(t, SO("clerk_1"), 1);
    wtl_test_load(t, SO("clerk_2"));
    expect(t, clerk, "version", 1);
    expect(t, clerk, "add", 42);
}

static void begins_without(struct wtl_test *t)
{
    struct wtl_pid clerk = wtl_test_spawn(t, wtl_test_actor(t, "clerk.clerk"));
    expect(t, clerk, "version", 1);
}

/* Worlds share what is mapped, and nothing else. */
Test(upgrade, L19_each_world_begins_with_what_it_loads)
{
    for (unsigned i = 0; i < 3; i++) {
        passes(goes_over, 1);
        passes(begins_with_the_second, 3);
        passes(under_way, 1);      /* it ends with the second version, */
        passes(begins_without, 1); /* and this begins with what the process has loaded first */
    }
}

/* One that is linked into the program goes over to a file. */
struct linked {
    uint64_t count;
};

static enum wtl_status linked_handle(struct wtl_ctx *x, void *self, const struct wtl_msg *message)
{
    struct linked *linked = self;
    struct wtl_writer body;
    (void)wtl_message_open(x, &body, 16);
    wtl_put_u64(&body, linked->count += 41);
    wtl_reply(x, message, &body);
    return WTL_OK;
}

static enum wtl_status linked_save(struct wtl_ctx *x, const void *self, struct wtl_writer *saved)
{
    (void)x;
    wtl_putf(saved, "count=%ju gaps=%u last=%u answers=%u",
             (uintmax_t)((const struct linked *)self)->count, 0u, 0u, 0u);
    return WTL_OK;
}

static WTL_ACTOR(clerk, struct linked, .handle = linked_handle, .save = linked_save,
                 .state_vsn = 1);
static WTL_ACTOR(idle, char, .summary = "does nothing");
WTL_MODULE("clerk", "0.9.0", "Is linked in.", &clerk, &idle);

static void linked_goes_over(struct wtl_test *t)
{
    wtl_test_add(t, wtl_module_entry());
    struct wtl_pid pid = wtl_test_spawn(t, wtl_test_actor(t, "clerk.clerk"));
    expect(t, pid, "add", 41);
    upgrade(t, SO("clerk_2"), 1);
    expect(t, pid, "version", 2);
    expect(t, pid, "add", 42);
}

Test(upgrade, L19_a_module_that_is_linked_in)
{
    passes(linked_goes_over, 5);
}

/* ---- what goes wrong ------------------------------------------------------------------------- */

static void expect_as_before(struct wtl_test *t, const char *path, const char *words)
{
    struct wtl_pid pid = wtl_test_find(t, "clerk");
    wtl_test_expect_no_upgrade(t, "clerk", path, words);
    expect(t, pid, "version", 1);
    expect(t, pid, "answers", 0);
}

static void returns(struct wtl_test *t)
{
    struct wtl_pid pid = start(t, SO("clerk_1"));
    expect_as_before(t, SO("clerk_2_refuses"), "upgrade of 2.0.0 has returned unsupported");
    expect_as_before(t, SO("clerk_2_lacks"), "has no actor idle");
    expect_as_before(t, SO("clerk_2_named"), "another version of clerk");
    expect_as_before(t, SO("nothing"), "nothing.so");
    wtl_test_expect_no_upgrade(t, "nobody", SO("clerk_2"), "no module nobody");
    expect(t, pid, "add", 42);
    upgrade(t, SO("clerk_2"), 1);
    expect(t, pid, "add", 43);
}

Test(upgrade, X096_one_that_fails_leaves_all_as_it_was)
{
    passes(returns, 10);
}

static void faults(struct wtl_test *t)
{
    (void)start(t, SO("clerk_1"));
    expect_as_before(t, SO("clerk_2_faults"), "upgrade of 2.0.0 has ended by fault:sigsegv");
}

Test(upgrade, X096_upgrade_faults)
{
    if (WTL_SANITIZED) {
        cr_skip_test("a sanitizer wants to see the fault itself");
    }
    passes(faults, 5);
}

static void fails(struct wtl_test *t)
{
    (void)start(t, SO("clerk_1"));
    wtl_test_upgrade(t, "clerk", SO("clerk_2_refuses"));
}

static void fails_not(struct wtl_test *t)
{
    (void)start(t, SO("clerk_1"));
    wtl_test_expect_no_upgrade(t, "clerk", SO("clerk_2"), "unsupported");
}

static void fails_otherwise(struct wtl_test *t)
{
    (void)start(t, SO("clerk_1"));
    wtl_test_expect_no_upgrade(t, "clerk", SO("clerk_2_refuses"), "fault");
}

Test(upgrade, K40_a_failure_says_why)
{
    FAILS_WITH(fails, "upgrade.c:", "expected that clerk goes over to ", "clerk_2_refuses.so",
               "actor clerk (", "upgrade of 2.0.0 has returned unsupported", "not upgraded: ");
    FAILS_WITH(fails_not, "expected that clerk does not go over to ", "clerk_2.so",
               "and it has, with 1 actors", "upgraded clerk 1.0.0 -> 2.0.0, actors: 1");
    FAILS_WITH(fails_otherwise, "expected \"fault\" in why clerk does not go over, which is: ",
               "upgrade of 2.0.0 has returned unsupported");
}

/* Each allocation of the clerk fails in turn, those of save and upgrade among them. */
static void starves(struct wtl_test *t)
{
    wtl_test_load(t, SO("clerk_1"));
    struct wtl_pid pid = wtl_test_spawn(t, wtl_test_actor(t, "clerk.clerk"));
    wtl_test_settle(t);
    wtl_test_upgrade(t, "clerk", SO("clerk_2"));
    wtl_test_upgrade(t, "clerk", SO("clerk_1"));
    expect(t, pid, "add", 41);
}

Test(upgrade, X096_without_memory)
{
    const char *failure =
        wtl_test_try(starves, &(struct wtl_test_options){.seeds = 3, .allocations = true});
    cr_assert_null(failure, "%s", failure);
}
