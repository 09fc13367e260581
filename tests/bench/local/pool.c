/* pool.c - children of a supervisor: how fast a pool starts and stops them. */
#include <wattle/supervisor.h>

#include "common.h"

/* Adds that wait for their answers at once. */
#define WINDOW 64u

static const struct wtl_actor child_type = {.size = sizeof(struct wtl_actor), .name = "child"};

struct boss {
    struct wtl_pid pool;
    uint64_t asked;
    uint64_t started;
    uint64_t stopping_ns;
};

static void add(struct wtl_ctx *x, struct boss *boss);

static enum wtl_status on_added(struct wtl_ctx *x, void *self, const struct wtl_answer *answer,
                                void *context)
{
    struct boss *boss = self;
    (void)context;
    bench_must(answer->status);
    boss->started++;
    if (boss->asked < bench.size[0]) {
        add(x, boss);
    } else if (boss->started == bench.size[0]) {
        boss->stopping_ns = bench_now_ns();
        bench_rate("start", boss->started, boss->stopping_ns - bench.begun_ns, "child/s");
        (void)wtl_monitor(x, boss->pool);
        wtl_exit(x, boss->pool, WTL_REASON(WTL_EXIT_SHUTDOWN, "shutdown"));
    }
    return WTL_OK;
}

static void add(struct wtl_ctx *x, struct boss *boss)
{
    static const struct wtl_child any = {0};
    static const struct wtl_call_options options = {.deadline_ms = WTL_CALL_FOREVER,
                                                    .on_answer = on_added};
    boss->asked++;
    (void)wtl_supervisor_add(x, boss->pool, &any, &options);
}

static enum wtl_status boss_handle(struct wtl_ctx *x, void *self, const struct wtl_msg *message)
{
    static const struct wtl_child child = {
        .id = "child", .type = &child_type, .restart = WTL_TEMPORARY};
    static const struct wtl_tree tree = {
        .strategy = WTL_SIMPLE_ONE_FOR_ONE, .children = &child, .children_count = 1};
    struct boss *boss = self;
    (void)message;
    boss->pool = wtl_supervise(x, &tree, NULL);
    for (uint64_t i = 0; i < WINDOW && boss->asked < bench.size[0]; i++) {
        add(x, boss);
    }
    return WTL_OK;
}

static enum wtl_status boss_down(struct wtl_ctx *x, void *self, const struct wtl_down *down)
{
    const struct boss *boss = self;
    (void)x;
    (void)down;
    bench_rate("stop", boss->started, bench_now_ns() - boss->stopping_ns, "child/s");
    bench_finish();
    return WTL_STOP;
}

static WTL_ACTOR(boss, struct boss, .handle = boss_handle, .down = boss_down);

void bench_pool(void)
{
    bench_begin(bench_spawn(&boss, NULL));
    (void)bench_wait();
    bench_wait_empty();
}
