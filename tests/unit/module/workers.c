/* workers.c - faults on real threads: a supervisor restarts the actor, the same worker goes on, and
 * the others have seen nothing. */
#include <wattle/supervisor.h>

#include "actor/kit.h"
#include "module_kit.h"

static struct asker asker;

static void open_tree(unsigned workers)
{
    (void)kit_load(SO("faulty"));
    (void)kit_load(SO("good"));
    asker_open(&asker, workers);
    const struct wtl_child children[] = {
        {.id = "victim",
         .name = "victim",
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
    open_tree(workers);
    struct answer before = asker_ask_living(&asker, "victim", "ping");
    cr_assert_eq(before.status, WTL_OK);
    struct answer counted = asker_ask_living(&asker, "counter", "add");
    cr_assert_eq(counted.number, 41);
    struct answer fault = asker_ask(&asker, "victim", tag);
    cr_assert_eq(fault.status, WTL_CLOSED);
    cr_assert(kit_reason_is(fault.reason, reason));
    struct answer after = asker_ask_living(&asker, "victim", "ping");
    cr_assert_eq(after.status, WTL_OK);
    cr_assert_eq(after.number, 1, "its state is new");
    cr_assert(!wtl_pid_equal(after.pid, before.pid));
    struct answer counted_on = asker_ask(&asker, "counter", "add");
    cr_assert_eq(counted_on.number, 42, "it has gone on");
    cr_assert(wtl_pid_equal(counted_on.pid, counted.pid));
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
    open_tree(1);
    for (size_t i = 0; i < WTL_COUNT(tags); i++) {
        cr_assert_eq(asker_ask_living(&asker, "victim", "ping").number, 1);
        cr_assert_eq(asker_ask(&asker, "victim", tags[i]).status, WTL_CLOSED);
    }
    cr_assert_eq(asker_ask_living(&asker, "victim", "ping").number, 1);
    asker_close(&asker);
}
