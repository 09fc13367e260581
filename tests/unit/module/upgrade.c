/* upgrade.c - a module that runs is upgraded from files: on real threads, with faults and loops. */
#include "module/upgrade.h"

#include <sched.h>

#include <wattle/supervisor.h>

#include "actor/kit.h"
#include "module_kit.h"
#include "sched/system.h"

static struct asker asker;
static struct wtl_pid upgrader;
static uint32_t progress_ms; /* of the clerk */

static struct {
    pthread_mutex_t lock;
    pthread_cond_t came;
    bool is_there;
    struct wtl__module_outcome outcome;
    uint32_t switched;
} box = {.lock = PTHREAD_MUTEX_INITIALIZER, .came = PTHREAD_COND_INITIALIZER};

static void switched(void *context, const struct wtl__module *module)
{
    (void)context;
    cr_assert_eq(wtl__module_find(&kit_modules, module->entry->name), module);
    box.switched++;
}

static void done(void *context, const struct wtl__module_outcome *outcome)
{
    (void)context;
    (void)pthread_mutex_lock(&box.lock);
    box.outcome = *outcome;
    box.is_there = true;
    (void)pthread_cond_signal(&box.came);
    (void)pthread_mutex_unlock(&box.lock);
}

static enum wtl_status begin(const char *path, uint32_t within_ms, struct wtl_error *error)
{
    struct wtl__image image;
    if (wtl__image_open(path, &image, error) != WTL_OK) {
        return wtl__module_about(error, error->status, path);
    }
    struct wtl__module_order order = {.runtime = wtl__runtime_of(asker.runtime),
                                      .upgrader = upgrader,
                                      .modules = &kit_modules,
                                      .name = "clerk",
                                      .image = &image,
                                      .within_ms = within_ms,
                                      .how = WTL__MODULE_SEALED,
                                      .switched = switched,
                                      .done = done};
    box.is_there = false;
    return wtl__module_upgrade(&order, error);
}

static struct wtl__module_outcome upgrade_within(const char *path, uint32_t within_ms)
{
    struct wtl_error error = {.status = WTL_OK};
    cr_assert_eq(begin(path, within_ms, &error), WTL_OK, "%s", error.text);
    (void)pthread_mutex_lock(&box.lock);
    while (!box.is_there) {
        (void)pthread_cond_wait(&box.came, &box.lock);
    }
    (void)pthread_mutex_unlock(&box.lock);
    return box.outcome;
}

static void goes_over(const char *path)
{
    struct wtl__module_outcome outcome = upgrade_within(path, 0);
    cr_assert_eq(outcome.error.status, WTL_OK, "%s", outcome.error.text);
    cr_assert_eq(outcome.actors, 1);
}

static void returns(const char *path, enum wtl_status status, const char *word)
{
    struct wtl__module_outcome outcome = upgrade_within(path, 200);
    cr_assert_eq(outcome.error.status, status, "%s", outcome.error.text);
    cr_assert_not_null(strstr(outcome.error.text, word), "%s", outcome.error.text);
}

/* Nobody is asked to hold still for it. */
static void refused(const char *path, enum wtl_status status, const char *word)
{
    struct wtl_error error = {.status = WTL_OK};
    cr_assert_eq(begin(path, 0, &error), status, "%s: %s", wtl_status_word(error.status),
                 error.text);
    cr_assert_not_null(strstr(error.text, word), "no \"%s\" in \"%s\"", word, error.text);
    cr_assert_eq(asker_ask(&asker, "clerk", "version", 1).number, 1);
}

static void open_clerk(const char *path, unsigned workers)
{
    (void)kit_load(path);
    asker_open(&asker, workers);
    upgrader = wtl__upgrader_spawn(wtl__runtime_of(asker.runtime));
    const struct wtl_child child = {.id = "clerk",
                                    .name = "clerk",
                                    .progress_ms = progress_ms,
                                    .type = wtl__module_actor(&kit_modules, "clerk.clerk", NULL)};
    const struct wtl_tree tree = {.children = &child, .children_count = 1, .intensity = 100};
    (void)wtl_runtime_supervise(asker.runtime, &tree, "top");
    cr_assert_eq(asker_ask_living(&asker, "clerk", "add", 1).number, 41);
    box.switched = 0;
}

/* ---- all goes well ----------------------------------------------------------------------------
 */

Test(upgrade, L19_v1_to_v2_and_back)
{
    open_clerk(SO("clerk_1"), 2);
    struct wtl_pid pid = asker_ask(&asker, "clerk", "add", 1).pid;
    cr_assert_eq(asker_ask(&asker, "clerk", "call", 1).status, WTL_OK);
    goes_over(SO("clerk_2"));
    cr_assert_eq(asker_ask(&asker, "clerk", "version", 1).number, 2);
    struct answer after = asker_ask(&asker, "clerk", "add", 1);
    cr_assert_eq(after.number, 43, "its state has gone along");
    cr_assert(wtl_pid_equal(after.pid, pid));
    cr_assert_eq(asker_ask(&asker, "clerk", "answers", 1).number, 1001);
    cr_assert_eq(box.switched, 1);
    goes_over(SO("clerk_1"));
    cr_assert_eq(asker_ask(&asker, "clerk", "version", 1).number, 1);
    cr_assert_eq(asker_ask(&asker, "clerk", "add", 1).number, 44);
    asker_close(&asker);
}

Test(upgrade, L19_a_restart_after_it_runs_new_code)
{
    open_clerk(SO("clerk_1"), 2);
    goes_over(SO("clerk_2"));
    cr_assert_eq(asker_ask(&asker, "clerk", "crash", 1).status, WTL_CLOSED);
    cr_assert_eq(asker_ask_living(&asker, "clerk", "add", 1).number, 41, "a new one");
    cr_assert_eq(asker_ask(&asker, "clerk", "version", 1).number, 2);
    asker_close(&asker);
}

/* The same version number, another file: the code is the file's. */
Test(upgrade, L19_other_bytes_of_the_same_version)
{
    open_clerk(SO("clerk_1"), 1);
    goes_over(SO("clerk_1b"));
    cr_assert_eq(asker_ask(&asker, "clerk", "add", 1).number, 42);
    cr_assert_eq(box.outcome.actors, 1);
    asker_close(&asker);
}

/* ---- what can be seen before -------------------------------------------------------------------
 */

Test(upgrade, X096_refused_before_anybody_is_held)
{
    open_clerk(SO("clerk_1"), 2);
    refused(SO("clerk_2_abi"), WTL_ABI, "ABI 2.");
    refused(SO("clerk_2_named"), WTL_INVALID, "another version of clerk");
    refused(SO("clerk_2_lacks"), WTL_INVALID, "no actor idle");
    refused(SO("clerk_2_same_vsn"), WTL_VERSION, "raise state_vsn");
    refused(SO("clerk_1"), WTL_EXISTS, "very bytes");
    refused(SO("nothing"), WTL_NOT_FOUND, "nothing.so");
    if (!WTL_SANITIZED) { /* whose own data is static */
        refused(SO("statics"), WTL_INVALID, "static data");
    }
    cr_assert_eq(asker_ask(&asker, "clerk", "add", 1).number, 42);
    cr_assert_eq(box.switched, 0);
    asker_close(&asker);
}

/* ---- what goes wrong on the way ----------------------------------------------------------------
 */

static void fails_and_returns(const char *old, const char *new, enum wtl_status status,
                              const char *word)
{
    if (WTL_SANITIZED && status == WTL_FAULT) {
        cr_skip_test("a sanitizer wants to see the fault itself");
    }
    open_clerk(old, 2);
    returns(new, status, word);
    cr_assert_eq(asker_ask(&asker, "clerk", "version", 1).number, 1);
    cr_assert_eq(asker_ask(&asker, "clerk", "add", 1).number, 42);
    cr_assert_eq(asker_ask(&asker, "clerk", "answers", 1).number, 0);
    cr_assert_eq(box.switched, 0);
    asker_close(&asker);
}

Test(upgrade, X096_the_new_one_refuses_the_state)
{
    fails_and_returns(SO("clerk_1"), SO("clerk_2_refuses"), WTL_UNSUPPORTED, "upgrade of 2.0.0");
}

Test(upgrade, X096_save_faults)
{
    fails_and_returns(SO("clerk_1_save_faults"), SO("clerk_2"), WTL_FAULT,
                      "save of 1.0.0 has ended by fault:sigsegv");
}

Test(upgrade, X096_upgrade_faults)
{
    fails_and_returns(SO("clerk_1"), SO("clerk_2_faults"), WTL_FAULT,
                      "upgrade of 2.0.0 has ended by fault:sigsegv");
}

Test(upgrade, X096_there_is_no_save)
{
    fails_and_returns(SO("clerk_1_no_save"), SO("clerk_2"), WTL_VERSION, ".save");
}

/* The state would stay, and it has the address of a function of the old version in it. */
Test(upgrade, X096_a_state_with_a_function)
{
    open_clerk(SO("clerk_1_pointer"), 2);
    struct wtl__module_outcome outcome = upgrade_within(SO("clerk_1_pointer_b"), 200);
    cr_assert_eq(outcome.error.status, WTL_VERSION);
    cr_assert_not_null(strstr(outcome.error.text, "address of a function"), "%s",
                       outcome.error.text);
    cr_assert_eq(asker_ask(&asker, "clerk", "add", 1).number, 42);
    asker_close(&asker);
}

/* A loop is over its time, and is ended: the actor goes on as the version that it was. */
static void loops(const char *old, const char *new)
{
    if (WTL_SANITIZED) {
        cr_skip_test("the guard is off under a sanitizer");
    }
    open_clerk(old, 2);
    returns(new, WTL_TIMEOUT, "not over in time");
    cr_assert_eq(asker_ask(&asker, "clerk", "version", 1).number, 1);
    cr_assert_eq(asker_ask(&asker, "clerk", "add", 1).number, 42);
    asker_close(&asker);
}

Test(upgrade, X096_save_loops)
{
    loops(SO("clerk_1_save_loops"), SO("clerk_2"));
}

Test(upgrade, X096_upgrade_loops)
{
    loops(SO("clerk_1"), SO("clerk_2_loops"));
}

/* The upgrade has more time than its supervisor would give a function. */
Test(upgrade, X096_upgrade_of_a_watched_child_loops)
{
    progress_ms = 40;
    loops(SO("clerk_1"), SO("clerk_2_loops"));
}

/* Who was going to be interrupted in its save is through with that, and handles a message: it is
 * let be. */
Test(upgrade, X096_a_late_interrupt_ends_nobody)
{
    _Atomic(uint32_t) word = 0;
    open_clerk(SO("clerk_1"), 2);
    struct wtl_pid pid = asker_ask(&asker, "clerk", "add", 1).pid;
    asker_tell(&asker, "clerk", "spin", (uintptr_t)&word);
    while (atomic_load(&word) == 0) {
        (void)sched_yield();
    }
    wtl__interrupt(wtl__runtime_of(asker.runtime), pid.local, 1);
    atomic_store(&word, 2);
    struct answer after = asker_ask_living(&asker, "clerk", "add", 1);
    cr_assert_eq(after.number, 43, "it has ended, and another one has its name");
    cr_assert(wtl_pid_equal(after.pid, pid));
    asker_close(&asker);
}
