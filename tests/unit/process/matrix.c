/* matrix.c - each fault under each strategy: who is started again is the supervisor's to say, and
 * for it the end of a process is the end of an actor. The siblings are actors of the node. */
#include <signal.h>

#include <wattle/supervisor.h>

#include "process_kit.h"

/* Tells how often it was handled: a new one begins anew. */
static enum wtl_status witness_handle(struct wtl_ctx *x, void *self, const struct wtl_msg *message)
{
    wtl_replyf(x, message, "%lu", (unsigned long)++*(uint64_t *)self);
    return WTL_OK;
}

static WTL_ACTOR(witness_type, uint64_t, .handle = witness_handle);

enum who { BEFORE, VICTIM, AFTER, WHO_COUNT };

static const char *const names[WHO_COUNT] = {"before", "victim", "after"};

/* "": killed from outside. */
static const char *const faults[] = {"null",  "recurse", "abort", "exit",    "kill",   "close",
                                     "claim", "garbage", "loop",  "stopped", "hog10G", ""};

static void break_victim(const char *fault)
{
    if (fault[0] == '\0') {
        cr_assert_eq(kill((pid_t)kit_ask("victim", "process", 0).number, SIGKILL), 0);
    } else {
        struct answer answer = kit_ask("victim", fault, 0);
        cr_assert_eq(answer.status, WTL_CLOSED, "%s: %s", fault, wtl_status_word(answer.status));
        cr_assert_eq(answer.reason.class_, WTL_EXIT_FAULT);
    }
}

static void supervise(enum wtl_strategy strategy)
{
    const struct wtl_child children[] = {
        {.id = names[BEFORE], .name = names[BEFORE], .type = &witness_type},
        {.id = names[VICTIM], .name = names[VICTIM], .type = kit_type_of("victim")},
        {.id = names[AFTER], .name = names[AFTER], .type = &witness_type},
    };
    const struct wtl_tree tree = {.strategy = strategy,
                                  .children = children,
                                  .children_count = WHO_COUNT,
                                  .intensity = 1000,
                                  .period_ms = 60000};
    (void)wtl_runtime_supervise(kit.runtime, &tree, NULL);
}

/* One fault: everybody who should be is a new one, everybody else has gone on. */
static void check(const char *fault, const bool restarted[WHO_COUNT], unsigned first, unsigned end)
{
    struct answer old[WHO_COUNT];
    for (unsigned who = first; who < end; who++) {
        old[who] = kit_ask_living(names[who], "ping", 0);
        cr_assert_eq(old[who].status, WTL_OK);
    }
    break_victim(fault);
    for (unsigned who = first; who < end; who++) {
        struct answer now = kit_ask_living(names[who], "ping", 0);
        while (restarted[who] && wtl_pid_equal(now.pid, old[who].pid)) { /* not yet told */
            now = kit_ask_living(names[who], "ping", 0);
        }
        cr_assert_eq(now.status, WTL_OK);
        cr_assert_eq(wtl_pid_equal(now.pid, old[who].pid), !restarted[who], "\"%s\": %s", fault,
                     names[who]);
        cr_assert_eq(now.number > old[who].number, !restarted[who]);
    }
}

static void each_fault(const bool restarted[WHO_COUNT], unsigned first, unsigned end)
{
    for (size_t i = 0; i < WTL_COUNT(faults); i++) {
        if (!(WTL_SANITIZED && strcmp(faults[i], "hog10G") == 0)) {
            check(faults[i], restarted, first, end);
        }
    }
}

static const struct wtl__isolated_config small = {.budget_ms = 400,
                                                  .memory_max = 64u * 1024 * 1024};

static const bool only_the_victim[WHO_COUNT] = {false, true, false};

static void all_faults(enum wtl_strategy strategy, const bool restarted[WHO_COUNT])
{
    kit_open(2);
    (void)kit_isolate(SO("guest"), &small);
    supervise(strategy);
    each_fault(restarted, BEFORE, WHO_COUNT);
    kit_close();
}

Test(matrix, X087_one_for_one)
{
    all_faults(WTL_ONE_FOR_ONE, only_the_victim);
}

Test(matrix, X087_one_for_all)
{
    all_faults(WTL_ONE_FOR_ALL, (const bool[]){true, true, true});
}

Test(matrix, X087_rest_for_one)
{
    all_faults(WTL_REST_FOR_ONE, (const bool[]){false, true, true});
}

/* ---- a pool --------------------------------------------------------------------------------- */

struct victim_settings {
    int64_t in_init;
    const char *word;
    const char *name;
};

struct adder_settings {
    const struct wtl_actor *type;
};

/* Makes a pool of victims with one in it. */
static enum wtl_status adder_init(struct wtl_ctx *x, void *self, const void *settings,
                                  const struct wtl_msg *args)
{
    static const struct victim_settings named = {.word = "", .name = "victim"};
    const struct wtl_child any = {.settings = &named,
                                  .type = ((const struct adder_settings *)settings)->type};
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

Test(matrix, X087_simple_one_for_one)
{
    kit_open(2);
    (void)kit_isolate(SO("guest"), &small);
    const struct adder_settings settings = {.type = kit_type_of("victim")};
    (void)wtl_runtime_spawn(kit.runtime, &adder_type,
                            &(struct wtl_spawn_options){.settings = &settings});
    each_fault(only_the_victim, VICTIM, VICTIM + 1);
    kit_close();
}

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
