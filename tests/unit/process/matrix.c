/* matrix.c - each fault in each grade under each strategy: who is started again is the supervisor's
 * to say, whatever has ended the actor. The siblings are actors of the node, and see nothing. What
 * costs the node costs one that the test has started for that. The table is in matrix_table.c. */
#include "matrix.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <wattle/supervisor.h>

#include "module/ending.h"
#include "module/so/victim.h"
#include "process_kit.h"

enum who { BEFORE, VICTIM, AFTER, WHO_COUNT };

static const char *const names[WHO_COUNT] = {"before", "victim", "after"};

/* Whose code runs where: the same breakage.h in both. */
enum grade { IN_PROCESS, IN_NODE };

/* One cell, under one strategy. */
struct trial {
    const struct row *row;
    enum grade grade;
    enum wtl_strategy strategy;
};

/* ---- the tree ------------------------------------------------------------------------------ */

/* Tells how often it was handled: a new one begins anew. */
static enum wtl_status witness_handle(struct wtl_ctx *x, void *self, const struct wtl_msg *message)
{
    wtl_replyf(x, message, "%lu", (unsigned long)++*(uint64_t *)self);
    return WTL_OK;
}

static WTL_ACTOR(witness_type, uint64_t, .handle = witness_handle);

struct adder_settings {
    const struct wtl_child *any;
};

/* Makes a pool of victims with one in it, which takes its name itself. */
static enum wtl_status adder_init(struct wtl_ctx *x, void *self, const void *settings,
                                  const struct wtl_msg *args)
{
    static const struct victim_settings named = {.word = "", .name = "victim"};
    struct wtl_child any = *((const struct adder_settings *)settings)->any;
    any.id = NULL;
    any.name = NULL;
    any.settings = &named;
    const struct wtl_tree tree = {.strategy = WTL_SIMPLE_ONE_FOR_ONE,
                                  .children = &any,
                                  .children_count = 1,
                                  .intensity = 1000,
                                  .period_ms = 60000};
    (void)self;
    (void)args;
    struct wtl_pid pool = wtl_supervise(x, &tree, &(struct wtl_spawn_options){.link = true});
    (void)wtl_supervisor_add(x, pool, &(struct wtl_child){0}, NULL);
    return WTL_OK;
}

static const struct wtl_actor adder_type = {.size = sizeof(struct wtl_actor),
                                            .name = "adder",
                                            .settings_size = sizeof(struct adder_settings),
                                            .init = adder_init};

/* Short where it must pass, long where a busy machine could use it up. */
static const struct wtl_actor *open_victim(const struct trial *trial)
{
    const struct wtl__isolated_config config = {.budget_ms = trial->row->hung ? 300 : 5000,
                                                .memory_max = 64u * 1024 * 1024};
    kit_open(2);
    if (trial->grade == IN_NODE) {
        return kit_load_here(MODULES_OF_LOADING "/faulty.so", "faulty.victim");
    }
    (void)kit_isolate(SO("guest"), &config);
    return kit_type_of("victim");
}

static void open_tree(const struct trial *trial)
{
    const struct wtl_child children[WHO_COUNT] = {
        {.id = names[BEFORE], .name = names[BEFORE], .type = &witness_type},
        {.id = names[VICTIM],
         .name = names[VICTIM],
         .type = open_victim(trial),
         .progress_ms = trial->row->hung && trial->grade == IN_NODE ? 60 : 0},
        {.id = names[AFTER], .name = names[AFTER], .type = &witness_type},
    };
    const struct wtl_tree tree = {.strategy = trial->strategy,
                                  .children = children,
                                  .children_count = WHO_COUNT,
                                  .intensity = 1000,
                                  .period_ms = 60000};
    if (trial->strategy == WTL_SIMPLE_ONE_FOR_ONE) { /* its siblings are a tree of their own */
        const struct adder_settings settings = {.any = &children[VICTIM]};
        (void)wtl_runtime_spawn(kit.runtime, &adder_type,
                                &(struct wtl_spawn_options){.settings = &settings});
        cr_assert_eq(kit_ask_living("victim", "ping", 0).number, 1);
        (void)kit_supervise(names[BEFORE], &witness_type, NULL);
        (void)kit_supervise(names[AFTER], &witness_type, NULL);
    } else {
        (void)wtl_runtime_supervise(kit.runtime, &tree, NULL);
    }
}

/* ---- what costs the actor, or its process ---------------------------------------------------- */

static bool is_restarted(enum wtl_strategy strategy, enum who who)
{
    return who == VICTIM || strategy == WTL_ONE_FOR_ALL ||
           (strategy == WTL_REST_FOR_ONE && who == AFTER);
}

/* Who should be is a new one, and everybody else has gone on. */
static void is_as_expected(const struct trial *trial, enum who who, const struct answer *old)
{
    const char *fault = trial->row->fault;
    bool restarted = is_restarted(trial->strategy, who);
    struct answer now = kit_ask_living(names[who], "ping", 0);
    while (restarted && wtl_pid_equal(now.pid, old->pid)) { /* not yet told */
        now = kit_ask_living(names[who], "ping", 0);
    }
    cr_assert_eq(now.status, WTL_OK, "%s: %s", fault, names[who]);
    cr_assert_eq(wtl_pid_equal(now.pid, old->pid), !restarted, "%s: %s", fault, names[who]);
    cr_assert_eq(now.number > old->number, !restarted, "%s: %s", fault, names[who]);
}

static void ends_the_actor(const struct trial *trial, const char *reason)
{
    struct answer old[WHO_COUNT];
    char text[40];
    open_tree(trial);
    for (unsigned who = 0; who < WHO_COUNT; who++) {
        old[who] = kit_ask_living(names[who], "ping", 0);
        cr_assert_eq(old[who].status, WTL_OK);
    }
    struct answer fault = kit_ask("victim", trial->row->tag, 0);
    cr_assert_eq(fault.status, WTL_CLOSED, "%s: %s", trial->row->fault,
                 wtl_status_word(fault.status));
    cr_assert(kit_reason_is(fault.reason, reason), "%s: %s, not %s", trial->row->fault,
              wtl_reason_text(fault.reason, text), reason);
    is_as_expected(trial, VICTIM, &old[VICTIM]);
    is_as_expected(trial, BEFORE, &old[BEFORE]);
    is_as_expected(trial, AFTER, &old[AFTER]);
    cr_assert_eq(kit_has_logged("module_process_died"), trial->grade == IN_PROCESS);
    kit_close();
}

/* ---- what costs the node --------------------------------------------------------------------- */

/* A node that breaks; never returns, or the test sees that. */
static void node_breaks(void *argument)
{
    const struct trial *trial = argument;
    open_tree(trial);
    (void)kit_ask_living("victim", "ping", 0);
    (void)kit_ask("victim", trial->row->tag, 0);
    for (;;) { /* what a thread of the work pool does comes later */
        (void)pause();
    }
}

static void end_text(int status, char text[32])
{
    if (WIFEXITED(status)) {
        (void)snprintf(text, 32, "exit code %d", WEXITSTATUS(status));
    } else {
        const char *name = sigabbrev_np(WIFSTOPPED(status) ? WSTOPSIG(status) : WTERMSIG(status));
        (void)snprintf(text, 32, "SIG%s", name != NULL ? name : "?");
    }
}

static void ends_the_node(const struct trial *trial, const char *how)
{
    static char text[16384];
    char end[32];
    const struct row *row = trial->row;
    end_text(ending_of(node_breaks, (void *)trial, text, sizeof text), end);
    cr_assert(strcmp(end, how) == 0, "%s: %s, not %s: %s", row->fault, end, how, text);
    if (row->record == NULL) {
        cr_assert(text[0] == '\0', "%s: %s", row->fault, text);
    } else {
        cr_assert_not_null(strstr(text, "wattle: fatal "), "%s: %s", row->fault, text);
        cr_assert_not_null(strstr(text, row->record), "%s: no \"%s\" in: %s", row->fault,
                           row->record, text);
    }
}

/* ---- what costs a worker --------------------------------------------------------------------- */

/* It says that one is lost, and the others go on. */
static void node_is_stuck(void *argument)
{
    open_tree(argument);
    (void)kit_ask_living("victim", "ping", 0);
    kit_tell("victim", ((const struct trial *)argument)->row->tag, 0);
    while (!kit_has_logged("child_stuck")) {
        (void)kit_ask_living("before", "ping", 0);
    }
    if (kit_ask_living("after", "ping", 0).number == 1) {
        _exit(EXIT_SUCCESS); /* a worker that never returns cannot be waited for */
    }
    _exit(EXIT_FAILURE);
}

static void costs_a_worker(const struct trial *trial)
{
    char text[4096];
    int status = ending_of(node_is_stuck, (void *)trial, text, sizeof text);
    cr_assert(WIFEXITED(status) && WEXITSTATUS(status) == EXIT_SUCCESS, "%s: %s", trial->row->fault,
              text);
}

/* ---- the matrix ------------------------------------------------------------------------------ */

/* Memory that there is must not be used up by a test. */
static void limit_memory(void)
{
    struct rlimit limit;
    (void)getrlimit(RLIMIT_DATA, &limit);
    limit.rlim_cur = (rlim_t)1 << 30;
    cr_assert_eq(setrlimit(RLIMIT_DATA, &limit), 0);
}

static void each_fault_there(enum wtl_strategy strategy)
{
    for (size_t i = 0; i < rows_count; i++) {
        const struct trial trial = {.row = &rows[i], .grade = IN_PROCESS, .strategy = strategy};
        if (row_is_here(&rows[i])) {
            ends_the_actor(&trial, rows[i].in_process);
        }
    }
}

static void try_here(const struct trial *trial)
{
    const struct cell *cell = &trial->row->in_node;
    switch (cell->cost) {
    case COSTS_ACTOR:
        ends_the_actor(trial, cell->how);
        break;
    case COSTS_WORKER:
        costs_a_worker(trial);
        break;
    case COSTS_NODE:
        ends_the_node(trial, cell->how);
        break;
    case COSTS_NOTHING:
    case COSTS_COUNT:
        break;
    }
}

static void each_fault_here(enum wtl_strategy strategy)
{
    if (WTL_SANITIZED) {
        cr_skip_test("a sanitizer wants to see the fault itself");
    }
    limit_memory();
    for (size_t i = 0; i < rows_count; i++) {
        const struct trial trial = {.row = &rows[i], .grade = IN_NODE, .strategy = strategy};
        if (row_is_here(&rows[i])) {
            try_here(&trial);
        }
    }
}

#define STRATEGY(name, strategy)                                                                   \
    Test(matrix, X087_in_a_process_##name)                                                         \
    {                                                                                              \
        each_fault_there(strategy);                                                                \
    }                                                                                              \
    Test(matrix, X087_in_the_node_##name)                                                          \
    {                                                                                              \
        each_fault_here(strategy);                                                                 \
    }

STRATEGY(one_for_one, WTL_ONE_FOR_ONE)
STRATEGY(one_for_all, WTL_ONE_FOR_ALL)
STRATEGY(rest_for_one, WTL_REST_FOR_ONE)
STRATEGY(simple_one_for_one, WTL_SIMPLE_ONE_FOR_ONE)

/* ---- too many ------------------------------------------------------------------------------ */

/* A restart is counted, as for any other crash: over the intensity the supervisor gives up. */
Test(matrix, X092_restart_intensity_applies)
{
    kit_open(2);
    (void)kit_isolate(SO("guest"), NULL);
    const struct wtl_child child = {
        .id = "victim", .name = "victim", .type = kit_type_of("victim")};
    const struct wtl_tree tree = {
        .children = &child, .children_count = 1, .intensity = 2, .period_ms = 60000};
    struct wtl_pid supervisor = wtl_runtime_supervise(kit.runtime, &tree, NULL);
    for (unsigned i = 0; i < 3; i++) {
        cr_assert_eq(kit_ask_living("victim", "ping", 0).number, 1);
        cr_assert_eq(kit_ask("victim", "abort", 0).status, WTL_CLOSED);
    }
    wtl_runtime_join(kit.runtime, supervisor);
    cr_assert_eq(kit_ask("victim", "ping", 0).status, WTL_NOT_FOUND);
    kit_close();
}
