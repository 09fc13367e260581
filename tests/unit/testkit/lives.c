/* lives.c - ends, restarts, time, seeds, and what is left: what passes, and what a failure says. */
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "specimen.h"

static struct wtl_pid tell_greeter(struct wtl_test *t, const char *tag)
{
    struct wtl_pid pid = wtl_test_spawn(t, &greeter);
    wtl_test_tell(t, pid, wtl_tag_make(tag, strlen(tag)), NULL);
    return pid;
}

/* ---- ends ------------------------------------------------------------------------------------ */

static void ends(struct wtl_test *t)
{
    struct wtl_pid killed = wtl_test_spawn(t, &greeter);
    struct wtl_pid crashed = wtl_test_spawn(t, &greeter);
    struct wtl_pid stopped = wtl_test_spawn(t, &greeter);
    wtl_test_check(t, wtl_test_lives(t, killed), "it lives");
    wtl_test_kill(t, killed);
    wtl_test_crash(t, crashed);
    wtl_test_stop(t, stopped);
    wtl_test_check(t, !wtl_test_lives(t, killed), "no more");
    wtl_test_expect_end(t, killed, "killed");
    wtl_test_expect_end(t, crashed, "error:crash");
    wtl_test_expect_end(t, stopped, "shutdown");
    wtl_test_expect_end(t, tell_greeter(t, "fail"), "error:invalid");
    struct wtl_pid refused =
        wtl_test_spawn(t, &greeter, .settings = wtl_test_settings(t, &greeter, "name=nobody"));
    wtl_test_expect_end(t, refused, "error:config");
}

static void lives_on(struct wtl_test *t)
{
    wtl_test_expect_end(t, wtl_test_spawn(t, &greeter), "normal");
}

static void ends_otherwise(struct wtl_test *t)
{
    wtl_test_expect_end(t, tell_greeter(t, "fail"), "normal");
}

static void ends_unseen(struct wtl_test *t)
{
    (void)tell_greeter(t, "fail");
}

Test(lives, K10_an_end_and_its_reason)
{
    passes(ends, 10);
    FAILS_WITH(lives_on, "expected that greeter <", "> has ended with normal, and it lives");
    FAILS_WITH(ends_otherwise, "> has ended with normal, and it has with error:invalid",
               "ended   greeter <", ">: error:invalid");
    FAILS_WITH(ends_unseen, "> has ended with error:invalid, which the test did not expect");
}

/* ---- supervisors ----------------------------------------------------------------------------- */

static struct wtl_pid supervise(struct wtl_test *t)
{
    const struct wtl_child children[] = {{.id = "first", .type = &greeter, .name = "first"},
                                         {.id = "second", .type = &greeter}};
    return wtl_test_supervise(
        t,
        &(struct wtl_tree){.strategy = WTL_ONE_FOR_ALL, .children = children, .children_count = 2});
}

static void restarts(struct wtl_test *t)
{
    struct wtl_pid supervisor = supervise(t);
    struct wtl_pid first = wtl_test_child(t, supervisor, "first");
    struct wtl_pid second = wtl_test_child(t, supervisor, "second");
    wtl_test_tellf(t, first, "hello", "name=%s", "ada");
    wtl_test_expectf(t, "greeting", "count=%u", 1u);
    wtl_test_tell(t, first, WTL_TAG("fail"), NULL);
    struct wtl_pid next = wtl_test_expect_restart(t, first);
    wtl_test_expect_end(t, second, "shutdown"); /* one for all */
    wtl_test_check(t, wtl_pid_equal(next, wtl_test_child(t, supervisor, "first")), "the child now");
    wtl_test_tellf(t, next, "hello", "name=%s", "ada");
    wtl_test_expectf(t, "greeting", "count=%u", 1u); /* it begins anew */
    wtl_test_kill(t, next);
    (void)wtl_test_expect_restart(t, next);
}

static void does_not_end(struct wtl_test *t)
{
    (void)wtl_test_expect_restart(t, wtl_test_child(t, supervise(t), "first"));
}

static void nobody_restarts(struct wtl_test *t)
{
    struct wtl_pid pid = wtl_test_spawn(t, &greeter);
    wtl_test_kill(t, pid);
    (void)wtl_test_expect_restart(t, pid);
}

static void no_child(struct wtl_test *t)
{
    (void)wtl_test_child(t, supervise(t), "third");
}

static void no_supervisor(struct wtl_test *t)
{
    (void)wtl_test_child(t, wtl_test_self(t), "third");
}

Test(lives, K11_a_restart_by_a_supervisor)
{
    passes(restarts, 20);
    FAILS_WITH(does_not_end, "is started again, and it has not ended");
    FAILS_WITH(nobody_restarts, "is started again, and nothing has taken its place");
    FAILS_WITH(no_child, "expected a child third, and the supervisor has no child of that id");
    FAILS_WITH(no_supervisor, "expected the children of a supervisor, and it answers: ");
}

static void finds(struct wtl_test *t)
{
    (void)supervise(t);
    struct wtl_pid pid = wtl_test_spawn(t, &keeper);
    wtl_test_check(t, wtl_pid_equal(wtl_test_find(t, "keeper"), pid), "the only one");
    (void)wtl_test_find(t, "greeter");
}

Test(lives, K12_finding_an_actor_by_its_type)
{
    FAILS_WITH(finds, "expected one actor of type greeter, and 2 live");
}

/* ---- time ------------------------------------------------------------------------------------ */

static void waits(struct wtl_test *t)
{
    struct wtl_pid pid = wtl_test_spawn(t, &greeter);
    wtl_test_tellf(t, pid, "later", "ms=%u", 1500u);
    wtl_test_advance(t, 1499);
    wtl_test_expect_nothing(t);
    wtl_test_advance(t, 1);
    wtl_test_expect(t, "later");
    wtl_test_check(t, wtl_test_now_ms(t) == 1500, "not %ju", (uintmax_t)wtl_test_now_ms(t));
}

static void never_rests(struct wtl_test *t)
{
    (void)tell_greeter(t, "spin");
    wtl_test_settle(t);
}

static void steps(struct wtl_test *t)
{
    struct wtl_pid pid = wtl_test_spawn(t, &greeter);
    unsigned count = 0;
    wtl_test_tellf(t, pid, "hello", "name=%s", "ada");
    while (wtl_test_step(t)) {
        count++;
    }
    wtl_test_check(t, count >= 2, "%u steps", count);
    wtl_test_expect(t, "greeting");
}

Test(lives, K13_time_moves_only_when_it_is_moved)
{
    passes(waits, 10);
    passes(steps, 10);
    FAILS_WITH(never_rests, "the actors never come to rest: 1000000 steps at the same moment");
}

/* ---- seeds ----------------------------------------------------------------------------------- */

static void chance(struct wtl_test *t)
{
    uintmax_t *number_out = wtl_test_user(t);
    (void)tell_greeter(t, "chance");
    wtl_test_expect(t, "chance");
    wtl_test_check(t, wtl_getf(wtl_test_last(t), "number=%ju", number_out) == WTL_OK, "a number");
}

static void fails_with_seed_4(struct wtl_test *t)
{
    wtl_test_check(t, wtl_test_seed(t) != 4, "not this one");
}

Test(lives, K14_a_failure_names_its_seed_and_the_seed_repeats_it)
{
    uintmax_t numbers[3];
    for (unsigned i = 0; i < 3; i++) {
        const struct wtl_test_options options = {.seed = 7 + i / 2, .user = &numbers[i]};
        cr_assert_null(wtl_test_try(chance, &options));
    }
    cr_assert_eq(numbers[0], numbers[1]);
    cr_assert_neq(numbers[1], numbers[2]);

    const struct wtl_test_options some = {.seed = 1, .seeds = 10};
    const char *text = wtl_test_try(fails_with_seed_4, &some);
    cr_assert_not_null(text);
    cr_assert_not_null(strstr(text, "not this one\n"), "%s", text);
    cr_assert_not_null(strstr(text, "seed 4: WTL_TEST_SEED=4 runs it again"), "%s", text);
    cr_assert_null(wtl_test_try(fails_with_seed_4, NULL));
    cr_assert_eq(setenv("WTL_TEST_SEED", "4", 1), 0);
    cr_assert_not_null(wtl_test_try(fails_with_seed_4, NULL));
    cr_assert_eq(setenv("WTL_TEST_SEED", "5", 1), 0);
    cr_assert_null(wtl_test_try(fails_with_seed_4, &some));
    cr_assert_eq(unsetenv("WTL_TEST_SEED"), 0);
}

/* ---- what is left ---------------------------------------------------------------------------- */

static void forgets(struct wtl_test *t)
{
    (void)tell_greeter(t, "forget");
    wtl_test_settle(t);
}

Test(lives, K15_a_message_that_is_opened_and_forgotten)
{
    FAILS_WITH(forgets, " bytes of messages are left behind");
    drop_forgotten();
}

/* ---- allocations ----------------------------------------------------------------------------- */

static void keeps(struct wtl_test *t)
{
    struct wtl_pid pid = wtl_test_spawn(t, &keeper);
    wtl_test_tellf(t, pid, "word", "w=%s", "one");
    wtl_test_tellf(t, pid, "word", "w=%s", "two");
    (void)wtl_test_call(t, pid, WTL_TAG("words"), NULL);
    wtl_test_expect_replyf(t, "words=[%s %s]", "two", "one");
}

static void second_fails(struct wtl_test *t)
{
    struct wtl_pid pid = wtl_test_spawn(t, &keeper);
    wtl_test_fail_allocation(t, 2);
    wtl_test_tellf(t, pid, "word", "w=%s", "one");
    wtl_test_settle(t);
    wtl_test_check(t, wtl_test_allocations(t) == 1 && !wtl_test_allocation_failed(t), "not yet");
    wtl_test_tellf(t, pid, "word", "w=%s", "two");
    wtl_test_expect_end(t, pid, "error:no_memory");
    wtl_test_check(t, wtl_test_allocation_failed(t), "now");
}

/* What an actor sends is an allocation like any other. */
static void greeting_counts(struct wtl_test *t)
{
    struct wtl_pid pid = wtl_test_spawn(t, &greeter);
    wtl_test_settle(t);
    uint64_t before = wtl_test_allocations(t);
    wtl_test_tellf(t, pid, "hello", "name=%s", "ada");
    wtl_test_expect(t, "greeting");
    wtl_test_check(t, wtl_test_allocations(t) > before, "the greeting is not counted");
}

/* Goes wrong where memory is short. */
static void wants_it_all(struct wtl_test *t)
{
    keeps(t);
    wtl_test_check(t, !wtl_test_allocation_failed(t), "all the memory there is");
}

Test(lives, K16_each_allocation_fails_in_turn)
{
    struct wtl_test_options options = {.seeds = 3, .allocations = true};
    passes(second_fails, 3);
    passes(greeting_counts, 3);
    const char *text = wtl_test_try(keeps, &options);
    cr_assert_null(text, "%s", text);
    text = wtl_test_try(wants_it_all, &options);
    cr_assert_null(text, "what follows a failed allocation just ends the run: %s", text);
    text = wtl_test_try(forgets, &options);
    cr_assert_not_null(text);
    cr_assert_not_null(strstr(text, "WTL_TEST_SEED=1 WTL_TEST_ALLOCATION="), "%s", text);
    drop_forgotten();
}

/* ---- the rest of the world ------------------------------------------------------------------- */

static void global_names(struct wtl_test *t)
{
    struct wtl_pid pid = wtl_test_spawn(
        t, &greeter, .settings = wtl_test_settings(t, &greeter, "name=here", "shout=true"));
    wtl_test_settle(t);
    wtl_test_check(t, wtl_tell_name(wtl_test_ctx(t), "here", WTL_TAG("fail"), NULL) == WTL_OK,
                   "the name is known");
    wtl_test_expect_end(t, pid, "error:invalid");
    wtl_test_check(t,
                   wtl_tell_name(wtl_test_ctx(t), "here", WTL_TAG("fail"), NULL) == WTL_NOT_FOUND,
                   "and goes with the actor");
}

static void folders(struct wtl_test *t)
{
    char *path_out = wtl_test_user(t);
    const char *path = wtl_test_path(t, "file");
    FILE *file = fopen(path, "we");
    wtl_test_check(t, file != NULL && access(path, F_OK) == 0, "%s is made", path);
    (void)fclose(file);
    (void)snprintf(path_out, 128, "%s", path);
}

static void no_such_setting(struct wtl_test *t)
{
    (void)wtl_test_settings(t, &greeter, "shot=true");
}

static void no_such_value(struct wtl_test *t)
{
    (void)wtl_test_settings(t, &greeter, "shout=yes");
}

Test(lives, K17_names_settings_and_a_folder)
{
    char path[128] = "";
    const struct wtl_test_options options = {.user = path};
    passes(global_names, 10);
    cr_assert_null(wtl_test_try(folders, &options));
    cr_assert_neq(path[0], '\0');
    cr_assert_neq(access(path, F_OK), 0, "%s is left behind", path);
    FAILS_WITH(no_such_setting, "expected NAME=VALUE with a setting of greeter, got \"shot=true\"");
    FAILS_WITH(no_such_value, "setting shout: expected true or false, got \"yes\"");
}

/* ---- modules --------------------------------------------------------------------------------- */

static void faults(struct wtl_test *t)
{
    wtl_test_load(t, FAULTY_SO);
    const struct wtl_actor *type = wtl_test_actor(t, "faulty.victim");
    struct wtl_pid pid = wtl_test_spawn(t, type);
    wtl_test_tell(t, pid, WTL_TAG("null"), NULL);
    wtl_test_expect_end(t, pid, "fault:sigsegv");
}

static void no_file(struct wtl_test *t)
{
    wtl_test_load(t, "no/such.so");
}

static void no_actor(struct wtl_test *t)
{
    wtl_test_load(t, FAULTY_SO);
    (void)wtl_test_spawn(t, wtl_test_actor(t, "faulty.none"));
    wtl_test_settle(t);
}

Test(lives, K18_a_module_from_its_file)
{
    if (!WTL_SANITIZED) {  /* under a sanitizer a fault stops the program */
        passes(faults, 8); /* more than the faults that a node bears */
    }
    FAILS_WITH(no_file, "module no/such.so ");
    FAILS_WITH(no_actor, "there is no actor type faulty.none");
}

/* ---- as a program ---------------------------------------------------------------------------- */

static void fails(struct wtl_test *t)
{
    wtl_test_fail(t, "on purpose");
}

Test(lives, K19_a_program_ends_with_1_and_says_why, .exit_code = 1)
{
    wtl_test_run("passes", waits, 3);
    wtl_test_run("fails", fails, 3);
    _exit(0);
}

static void note_failure(void *context, const char *text)
{
    (void)snprintf(context, 64, "%.63s", text);
}

Test(lives, K20_a_world_by_hand)
{
    char text[64] = "";
    struct wtl_test *t = wtl_test_create(3);
    wtl_test_on_failure(t, note_failure, text);
    cr_assert_eq(wtl_test_seed(t), 3);
    cr_assert_null(wtl_test_failure(t));
    wtl_test_fail(t, "on purpose");
    cr_assert_not_null(strstr(text, "on purpose"), "%s", text);
    cr_assert_not_null(strstr(wtl_test_failure(t), "on purpose"));
    wtl_test_destroy(t);
}
