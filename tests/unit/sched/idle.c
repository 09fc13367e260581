/*
 * idle.c - what an actor costs while it does nothing, measured: resident bytes of a process with
 * very many of them, bare and each under a supervisor. Exit code 0: no more than was promised.
 *
 * usage: idle ACTORS
 */
#include "program.h"

#include <stdlib.h>

#include "actor/cell.h"

/* Bytes of one that nobody knows, and of one with both ends of a link and its supervisor's entry.
 * The cells alone are that by static assertion; here are the tables and pools around them too. */
enum { BARE_MAX = 272, SUPERVISED_MAX = 544, AT_ONCE = 64 };

_Static_assert(sizeof(void *) != 8 || sizeof(struct wtl__cell) + 2 * sizeof(struct wtl__envelope) <=
                                          512 - 2 * WTL_CACHE_LINE,
               "a supervised actor is eight lines, two of them its supervisor's entry");

static uint64_t wanted;
static uint64_t started;

static enum wtl_status idler_init(struct wtl_ctx *x, void *self, const void *settings,
                                  const struct wtl_msg *args)
{
    (void)x;
    (void)self;
    (void)settings;
    (void)args;
    program_count();
    return WTL_OK;
}

static const struct wtl_actor idler = {
    .size = sizeof(struct wtl_actor), .name = "idler", .init = idler_init};

static uint64_t resident_bytes(void)
{
    unsigned long pages = 0;
    FILE *file = fopen("/proc/self/statm", "re");
    WTL_ASSERT(file != NULL && fscanf(file, "%*s %lu", &pages) == 1);
    (void)fclose(file);
    return (uint64_t)pages * (uint64_t)sysconf(_SC_PAGESIZE);
}

static void expect_at_most(const char *what, uint64_t before, uint64_t limit)
{
    uint64_t bytes = (resident_bytes() - before) / wanted;
    (void)printf("L11: %s: %lu bytes each\n", what, (unsigned long)bytes);
    WTL_ASSERT(WTL_SANITIZED || bytes <= limit);
}

/* ---- bare
 * ---------------------------------------------------------------------------------------- */

static enum wtl_status spawner_handle(struct wtl_ctx *x, void *self, const struct wtl_msg *m)
{
    (void)self;
    for (int i = 0; i < AT_ONCE && started < wanted; i++) {
        WTL_ASSERT(!wtl_pid_is_none(wtl_spawn(x, &idler, NULL)));
        started++;
    }
    if (started < wanted) {
        wtl_tell(x, wtl_self(x), m->tag, NULL); /* they have begun meanwhile */
    }
    return WTL_OK;
}

static const struct wtl_actor spawner = {
    .size = sizeof(struct wtl_actor), .name = "spawner", .handle = spawner_handle};

/* ---- under a supervisor
 * --------------------------------------------------------------------------- */

static struct wtl_pid pool;

static enum wtl_status on_added(struct wtl_ctx *x, void *self, const struct wtl_answer *answer,
                                void *context);

static void add(struct wtl_ctx *x)
{
    static const struct wtl_call_options options = {.on_answer = on_added};
    if (started < wanted) {
        started++;
        (void)wtl_supervisor_add(x, pool, NULL, &options);
    }
}

static enum wtl_status on_added(struct wtl_ctx *x, void *self, const struct wtl_answer *answer,
                                void *context)
{
    (void)self;
    (void)context;
    WTL_ASSERT(answer->status == WTL_OK);
    add(x);
    return WTL_OK;
}

static enum wtl_status adder_handle(struct wtl_ctx *x, void *self, const struct wtl_msg *m)
{
    (void)self;
    (void)m;
    for (int i = 0; i < AT_ONCE; i++) {
        add(x);
    }
    return WTL_OK;
}

static const struct wtl_actor adder = {
    .size = sizeof(struct wtl_actor), .name = "adder", .handle = adder_handle};

/* ---- both
 * ------------------------------------------------------------------------------------------ */

static void measure(const struct wtl_actor *starter, const char *what, uint64_t limit)
{
    static const struct wtl_child spec = {.type = &idler};
    static const struct wtl_tree tree = {
        .strategy = WTL_SIMPLE_ONE_FOR_ONE, .children = &spec, .children_count = 1};
    program_begin(1, false);
    started = 0;
    pool = wtl_runtime_supervise(program_runtime, &tree, "pool");
    struct wtl_pid pid = program_spawn(starter, NULL);
    uint64_t before = resident_bytes();
    WTL_ASSERT(program_tell(pid, WTL_TAG("go"), 0) == WTL_OK);
    program_wait(wanted);
    expect_at_most(what, before, limit);
    program_end(what);
}

int main(int argc, char **argv)
{
    WTL_ASSERT(argc == 2);
    wanted = strtoull(argv[1], NULL, 10);
    WTL_ASSERT(wanted >= 10000);
    measure(&spawner, "idle", BARE_MAX);
    measure(&adder, "idle, supervised", SUPERVISED_MAX);
    return 0;
}
