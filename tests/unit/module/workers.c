/* workers.c - faults on real threads: a supervisor restarts the actor, the same worker goes on, and
 * the others have seen nothing. */
#include <sched.h>

#include <wattle/supervisor.h>

#include "actor/kit.h"
#include "module_kit.h"

static struct asker asker;

/* `progress_ms`: of the victim. */
static void open_tree(unsigned workers, uint32_t progress_ms)
{
    (void)kit_load(SO("faulty"));
    (void)kit_load(SO("good"));
    asker_open(&asker, workers);
    const struct wtl_child children[] = {
        {.id = "victim",
         .name = "victim",
         .progress_ms = progress_ms,
         .type = wtl__module_actor(&kit_modules, "faulty.victim", NULL)},
        {.id = "counter",
         .name = "counter",
         .type = wtl__module_actor(&kit_modules, "good.counter", NULL)},
    };
    const struct wtl_tree tree = {.children = children,
                                  .children_count = WTL_COUNT(children),
                                  .intensity = 100,
                                  .period_ms = 60000};
    (void)wtl_runtime_supervise(asker.runtime, &tree, "top");
}

static void contained_and_restarted(const char *tag, const char *reason, unsigned workers)
{
    if (WTL_SANITIZED) {
        cr_skip_test("a sanitizer wants to see the fault itself");
    }
    open_tree(workers, 0);
    struct answer before = asker_ask_living(&asker, "victim", "ping", 1);
    cr_assert_eq(before.status, WTL_OK);
    struct answer counted = asker_ask_living(&asker, "counter", "add", 1);
    cr_assert_eq(counted.number, 41);
    struct answer fault = asker_ask(&asker, "victim", tag, 1);
    cr_assert_eq(fault.status, WTL_CLOSED);
    cr_assert(kit_reason_is(fault.reason, reason));
    struct answer after = asker_ask_living(&asker, "victim", "ping", 1);
    cr_assert_eq(after.status, WTL_OK);
    cr_assert_eq(after.number, 1, "its state is new");
    cr_assert(!wtl_pid_equal(after.pid, before.pid));
    struct answer counted_on = asker_ask(&asker, "counter", "add", 1);
    cr_assert_eq(counted_on.number, 42, "it has gone on");
    cr_assert(wtl_pid_equal(counted_on.pid, counted.pid));
    asker_close(&asker);
}

/* A module reaches tables as it reaches everything else. */
Test(workers, OW08_a_module_uses_a_table)
{
    open_tree(2, 0);
    for (uint64_t i = 1; i <= 3; i++) {
        struct answer answer = asker_ask_living(&asker, "counter", "table", 1);
        cr_assert_eq(answer.status, WTL_OK);
        cr_assert_eq(answer.number, 100 + i);
    }
    asker_close(&asker);
}

/* One worker: it is this very one that has gone on. */
Test(workers, X087_one_worker_goes_on)
{
    contained_and_restarted("null", "fault:sigsegv", 1);
}

Test(workers, X087_memcpy_on_two_workers)
{
    contained_and_restarted("memcpy", "fault:sigsegv", 2);
}

Test(workers, X088_recursion_on_a_worker)
{
    contained_and_restarted("recurse", "fault:stack_overflow", 1);
}

/* The alternate stack and the signal mask are as before, so that the next ones are caught too. */
Test(workers, X088_again_and_again)
{
    if (WTL_SANITIZED) {
        cr_skip_test("a sanitizer wants to see the fault itself");
    }
    static const char *const tags[] = {"recurse", "null", "recurse", "memcpy"};
    open_tree(1, 0);
    for (size_t i = 0; i < WTL_COUNT(tags); i++) {
        cr_assert_eq(asker_ask_living(&asker, "victim", "ping", 1).number, 1);
        cr_assert_eq(asker_ask(&asker, "victim", tags[i], 1).status, WTL_CLOSED);
    }
    cr_assert_eq(asker_ask_living(&asker, "victim", "ping", 1).number, 1);
    asker_close(&asker);
}

/* A loop is no fault, but its supervisor sees that it does not end, and the guard ends it. */
static void ended_and_restarted(const char *tag, unsigned workers)
{
    if (WTL_SANITIZED) {
        cr_skip_test("the guard is off under a sanitizer");
    }
    open_tree(workers, 60);
    struct answer counted = asker_ask_living(&asker, "counter", "add", 1);
    for (int i = 0; i < 3; i++) {
        cr_assert_eq(asker_ask_living(&asker, "victim", "ping", 1).number, 1, "its state is new");
        struct answer hung = asker_ask(&asker, "victim", tag, 1);
        cr_assert_eq(hung.status, WTL_CLOSED);
        cr_assert(kit_reason_is(hung.reason, "fault:hung"));
    }
    cr_assert_eq(asker_ask_living(&asker, "victim", "ping", 1).number, 1);
    struct answer counted_on = asker_ask(&asker, "counter", "add", 1);
    cr_assert_eq(counted_on.number, counted.number + 1, "it has seen nothing");
    cr_assert(wtl_pid_equal(counted_on.pid, counted.pid));
    asker_close(&asker);
}

Test(workers, S26_X091_a_loop_is_ended)
{
    ended_and_restarted("loop", 2);
}

Test(workers, S26_X091_a_loop_that_calls_the_runtime_is_ended)
{
    ended_and_restarted("loop_calls", 2);
}

/* As on a device: nobody has said how many workers there are to be. */
Test(workers, S26_X091_a_loop_is_ended_on_one_cpu)
{
    cpu_set_t one;
    CPU_ZERO(&one);
    CPU_SET((unsigned)sched_getcpu(), &one);
    cr_assert_eq(sched_setaffinity(0, sizeof one, &one), 0);
    ended_and_restarted("loop", 0);
}
