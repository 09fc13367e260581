/*
 * starved.c - supervisors for which there is no memory at one point, each in turn, once or from
 * then on: an order to a child may get lost, but no end. The linker puts this file's function in
 * front of the pools'.
 */
#include "kit.h"

#include "base/pool.h"

void *test_take(size_t size) __asm__("__wrap_wtl__pool_take");
void *test_take_real(size_t size) __asm__("__real_wtl__pool_take");

static struct {
    uint64_t taken; /* by the supervisor */
    uint64_t fail_at;
    bool goes_on;
} memory;

void *test_take(size_t size)
{
    const struct wtl__cell *cell = kit.step.x.cell;
    if (cell != NULL && wtl__cell_local(cell) == kit.top.local && memory.fail_at > 0) {
        memory.taken++;
        if (memory.taken == memory.fail_at || (memory.goes_on && memory.taken > memory.fail_at)) {
            return NULL;
        }
    }
    return test_take_real(size);
}

/* Runs `fn` with the first, second, ... piece of memory refused, until it takes no more. */
static void each_take(void (*fn)(const struct wtl_child *child), const struct wtl_child *child)
{
    for (unsigned goes_on = 0; goes_on < 2; goes_on++) {
        uint64_t n = 1;
        do {
            EACH_SEED
            {
                wtl__pool_go_long();
                memory.taken = 0;
                memory.goes_on = goes_on != 0;
                memory.fail_at = n;
                fn(child);
                memory.fail_at = 0;
                kit_end(kit.top);
                kit_advance(60000);
                cr_assert(kit.top_down, "it has not ended: seed %lu, memory %lu", seed, n);
                kit_advance(60000); /* nobody is left who would kill those that take their time */
            }
            n++;
        } while (memory.taken >= n - 1);
    }
}

/* A supervisor has all the time that it needs to end. */
static const struct kit_settings settings = {'b' - 'a', "text of b"};
static const struct wtl_child within[] = {{.id = "b", .type = &kit_worker, .settings = &settings}};
static const struct wtl_tree inner = {.children = within, .children_count = 1};
static const struct wtl_child nested = {.id = "inner", .tree = &inner};

static void is_terminated(const struct wtl_child *child)
{
    struct answer answer;
    struct wtl_child children[] = {CHILD("a"), *child};
    (void)kit_supervise(&TREE(children));
    if (kit_lives(kit.top)) {
        kit_ask(&answer, kit.top, WTL_CHILD_TERMINATE, child->id, WTL_PID_NONE);
        kit_advance(6000);
        cr_assert(answer.came, "seed %lu", kit.seed);
    }
}

Test(supervisor_starved, X075_a_child_that_is_stopped)
{
    each_take(is_terminated, &nested);
    each_take(is_terminated, &(struct wtl_child)CHILD("b", .shutdown_ms = WTL_SHUTDOWN_INFINITY));
    each_take(is_terminated, &(struct wtl_child)CHILD("b", .shutdown_ms = WTL_SHUTDOWN_BRUTAL));
}

static void is_killed_at_last(const struct wtl_child *child)
{
    kit_script("b")->stop_delay_ms = 100000;
    is_terminated(child);
}

Test(supervisor_starved, X075_a_child_that_has_to_be_killed)
{
    each_take(is_killed_at_last, &(struct wtl_child)CHILD("b", .shutdown_ms = 100));
}

static void is_restarted(const struct wtl_child *child)
{
    struct wtl_child children[] = {*child, CHILD("a"), nested};
    children[2].id = "c";
    (void)kit_supervise(&TREE(children, .strategy = WTL_ONE_FOR_ALL));
    if (kit_lives(kit.top)) {
        kit_kill(kit_pid("a"));
        kit_advance(6000);
    }
}

Test(supervisor_starved, X075_a_group_that_is_restarted)
{
    each_take(is_restarted, &(struct wtl_child){.id = "z", .tree = &inner});
}

static void pool_ends(const struct wtl_child *child)
{
    struct answer answers[4];
    struct wtl_pid pool = kit_supervise(&(struct wtl_tree){
        .children = child, .children_count = 1, .strategy = WTL_SIMPLE_ONE_FOR_ONE});
    for (unsigned i = 0; i < 4 && kit_lives(pool); i++) {
        kit_add(&answers[i], pool, NULL);
        kit_settle();
        cr_assert(answers[i].came);
    }
    kit_end(pool);
    kit_advance(6000);
}

static void pool_ends_late(const struct wtl_child *child)
{
    kit_script("b")->stop_delay_ms = 100000;
    pool_ends(child);
}

Test(supervisor_starved, X075_the_end_of_a_pool)
{
    each_take(pool_ends, &nested);
    each_take(pool_ends, &(struct wtl_child)CHILD("b", .shutdown_ms = WTL_SHUTDOWN_INFINITY));
    each_take(pool_ends_late, &(struct wtl_child)CHILD("b", .shutdown_ms = 100));
    each_take(pool_ends_late, &(struct wtl_child)CHILD("b", .shutdown_ms = WTL_SHUTDOWN_BRUTAL));
}
