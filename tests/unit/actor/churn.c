/* churn.c - many lives: the tables return to what they were, slots are used again in turn. */
#include "kit.h"

#include <stdio.h>

#include "actor/names.h"
#include "base/pool.h"

static struct kit kit;
static struct kit_puppet root;

/* ---- spawn, tie, die ---------------------------------------------------------------------------
 */

struct mayfly {
    uint64_t number;
};

static enum wtl_status mayfly_handle(struct wtl_ctx *x, void *self, const struct wtl_msg *m)
{
    char name[32];
    (void)self;
    (void)m;
    (void)snprintf(name, sizeof name, "fly.%llu", (unsigned long long)wtl_self(x).local);
    wtl_register(x, name, WTL_LOCAL, NULL);
    (void)wtl_after(x, 1000, WTL_TAG("never"), NULL);
    (void)wtl_monitor(x, root.pid);
    (void)wtl_call(x, root.pid, WTL_TAG("ask"), NULL, NULL);
    return WTL_STOP;
}

static WTL_ACTOR(mayfly, struct mayfly, .handle = mayfly_handle);

enum { LIVES = WTL_SANITIZED ? 100000 : 1000000, BATCH = 500 };

static void spawn_batch(struct wtl_ctx *x, struct kit_puppet *p, const struct kit_cmd *cmd)
{
    struct wtl_spawn_options options = {.link = true, .monitor = true};
    (void)p;
    (void)cmd;
    for (int i = 0; i < BATCH; i++) {
        struct wtl_pid pid = wtl_spawn(x, &mayfly, &options);
        cr_assert_not(wtl_pid_is_none(pid));
        kit_send(x, pid, WTL_TAG("go"), 1);
    }
}

static enum wtl_status count_only(struct wtl_ctx *x, struct kit_puppet *p,
                                  const struct wtl_down *down)
{
    (void)x;
    (void)down;
    p->last++;
    p->count = 0;
    return WTL_OK;
}

static void no_name(void *context, const char *name, struct wtl_pid pid)
{
    (void)context;
    (void)pid;
    cr_assert_fail("the name %s is left", name);
}

Test(churn, X078_spawn_and_die_leaves_the_tables_as_they_were)
{
    root = (struct kit_puppet){.silent = true, .down = count_only};
    kit_init(&kit, 1);
    kit_spawn(&kit, &root, NULL);
    kit_settle(&kit);
    uint64_t bytes = 0;
    uint32_t slots = 0;
    for (int i = 0; i < LIVES; i += BATCH) {
        kit_do(&kit, &root, (struct kit_cmd){.fn = spawn_batch});
        kit_settle(&kit);
        cr_assert_eq(wtl__step_live(&kit.step), 1);
        cr_assert(wtl__wheel_is_empty(&kit.step.wheel));
        cr_assert_eq(kit_cell(&kit, root.pid)->ties.count, 0);
        wtl__names_each(&kit.step.runtime, no_name, NULL);
        if (i == BATCH) { /* the table of ties keeps its size */
            bytes = wtl__pool_stats().used_bytes;
        }
        if (i == 10 * BATCH) {
            slots = atomic_load(&kit.step.runtime.cells.used);
        }
        if (i > BATCH) {
            cr_assert_eq(wtl__pool_stats().used_bytes, bytes);
        }
    }
    cr_assert_eq(root.last, LIVES);
    cr_assert_eq(atomic_load(&kit.step.runtime.cells.used), slots, "slots are not used again");
    kit_deinit(&kit);
}

Test(churn, X078_spawned_from_outside)
{
    kit_init(&kit, 1);
    uint32_t slots = 0;
    for (int i = 0; i < 20000; i++) {
        struct wtl_pid pid = wtl__spawn(&kit.step.runtime, NULL, &mayfly, NULL, 0);
        cr_assert_not(wtl_pid_is_none(pid));
        struct wtl__envelope *kill = wtl__envelope_new(WTL__EXIT_SEND);
        wtl__set_reason(kill, WTL_REASON(WTL_EXIT_KILL, "kill"));
        (void)wtl__deliver(&kit.step.runtime, NULL, pid, kill);
        kit_settle(&kit);
        if (i == 10000) {
            slots = atomic_load(&kit.step.runtime.cells.used);
        }
    }
    cr_assert_eq(atomic_load(&kit.step.runtime.cells.used), slots);
    kit_deinit(&kit);
}

/* ---- slots --------------------------------------------------------------------------------------
 */

Test(churn, X019_slots_are_used_again_in_turn_and_never_with_an_old_pid)
{
    struct wtl__cells cells;
    struct wtl__cell_queue cache = {0};
    struct wtl__cell *taken[200];
    enum { ROUNDS = 400 };
    static uint64_t generation[4096];
    cr_assert(wtl__cells_init(&cells, 4096));
    for (int round = 0; round < ROUNDS; round++) {
        for (size_t i = 0; i < WTL_COUNT(taken); i++) {
            taken[i] = wtl__cells_take(&cells, &cache);
            cr_assert_not_null(taken[i]);
            cr_assert_gt(taken[i]->generation, generation[taken[i]->slot]);
            generation[taken[i]->slot] = taken[i]->generation;
        }
        for (size_t i = 0; i < WTL_COUNT(taken); i++) {
            wtl__cells_give(&cells, &cache, taken[i]);
        }
    }
    /* first in first out: no slot was used much more often than the others */
    uint64_t most = 0;
    for (uint32_t slot = 0; slot < atomic_load(&cells.used); slot++) {
        most = generation[slot] > most ? generation[slot] : most;
    }
    cr_assert_leq(most, ROUNDS);
    cr_assert_eq(atomic_load(&cells.live), 0);
    wtl__cells_deinit(&cells);
}

Test(churn, a_freed_slot_is_not_the_next_to_be_used)
{
    struct wtl__cells cells;
    struct wtl__cell_queue cache = {0};
    cr_assert(wtl__cells_init(&cells, 4096));
    struct wtl__cell *first = wtl__cells_take(&cells, &cache);
    wtl__cells_give(&cells, &cache, first);
    for (int i = 0; i < 32; i++) {
        struct wtl__cell *next = wtl__cells_take(&cells, &cache);
        cr_assert_neq(next, first);
    }
    wtl__cells_deinit(&cells);
}

Test(churn, a_slot_is_retired_before_its_generation_wraps)
{
    struct wtl__cells cells;
    struct wtl__cell_queue cache = {0};
    cr_assert(wtl__cells_init(&cells, 1024));
    struct wtl__cell *old = wtl__cells_take(&cells, &cache);
    old->generation = (UINT64_C(1) << WTL_PID_GEN_BITS) - 1;
    uint32_t slot = old->slot;
    wtl__cells_give(&cells, &cache, old);
    for (int i = 0; i < 5000; i++) {
        struct wtl__cell *next = wtl__cells_take(&cells, &cache);
        cr_assert_not_null(next);
        cr_assert_neq(next->slot, slot);
        wtl__cells_give(&cells, &cache, next);
    }
    wtl__cells_deinit(&cells);
}

Test(churn, a_full_table_gives_nothing_until_a_cell_is_given_back)
{
    struct wtl__cells cells;
    static struct wtl__cell *taken[1024];
    struct wtl__cell_queue caches[2] = {{0}, {0}};
    cr_assert(wtl__cells_init(&cells, 1024));
    for (size_t i = 0; i < WTL_COUNT(taken); i++) {
        taken[i] = wtl__cells_take(&cells, &caches[0]);
        cr_assert_not_null(taken[i]);
    }
    cr_assert_null(wtl__cells_take(&cells, &caches[0]));
    cr_assert_null(wtl__cells_take(&cells, NULL));
    wtl__cells_give(&cells, NULL, taken[17]);
    cr_assert_eq(wtl__cells_take(&cells, &caches[1]), taken[17]);
    wtl__cells_deinit(&cells);
}

/* ---- the seed
 * ------------------------------------------------------------------------------------ */

static uint64_t trace_of(uint64_t seed)
{
    root = (struct kit_puppet){.silent = true, .down = count_only};
    kit_init(&kit, seed);
    kit_spawn(&kit, &root, NULL);
    kit_do(&kit, &root, (struct kit_cmd){.fn = spawn_batch});
    kit_advance(&kit, 5);
    uint64_t trace = kit.step.trace;
    kit_deinit(&kit);
    return trace;
}

Test(churn, the_same_seed_gives_the_same_run)
{
    for (uint64_t seed = 0; seed < 5; seed++) {
        cr_assert_eq(trace_of(seed), trace_of(seed));
        cr_assert_neq(trace_of(seed), trace_of(seed + 1));
    }
}
