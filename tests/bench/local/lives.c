/* lives.c - actors themselves: fj_create (spawn, one message, die) and idle (memory of each). */
#include "common.h"

#include <unistd.h>

static _Atomic(uint64_t) left;

/* ---- the spawner, of both ------------------------------------------------------------------- */

struct spawner {
    const struct wtl_actor *type;
    uint64_t left;
    bool sends;
};

static const struct wtl_actor *spawner_type;
static bool spawner_sends;

static enum wtl_status spawner_init(struct wtl_ctx *x, void *self, const void *settings,
                                    const struct wtl_msg *args)
{
    struct spawner *spawner = self;
    (void)x;
    (void)settings;
    (void)args;
    *spawner =
        (struct spawner){.type = spawner_type, .left = bench.size[0], .sends = spawner_sends};
    return WTL_OK;
}

static enum wtl_status spawner_handle(struct wtl_ctx *x, void *self, const struct wtl_msg *message)
{
    struct spawner *spawner = self;
    (void)message;
    for (uint32_t i = 0; i < BENCH_SPAWN_CHUNK && spawner->left > 0; i++) {
        struct wtl_pid pid = wtl_spawn(x, spawner->type, NULL);
        if (wtl_pid_is_none(pid)) {
            bench_fail("the table of actors is full");
        }
        if (spawner->sends) {
            bench_must(bench_send(x, pid, WTL_TAG("one"), spawner->left));
        }
        spawner->left--;
    }
    if (spawner->left > 0) {
        wtl_continue(x, WTL_TAG("more"), NULL);
        return WTL_OK;
    }
    return WTL_STOP;
}

static WTL_ACTOR(spawner, struct spawner, .init = spawner_init, .handle = spawner_handle);

static void begin(const struct wtl_actor *type, bool sends)
{
    spawner_type = type;
    spawner_sends = sends;
    atomic_store(&left, bench.size[0]);
    bench_begin(bench_spawn(&spawner, NULL));
}

static void one_less(void)
{
    if (atomic_fetch_sub_explicit(&left, 1, memory_order_relaxed) == 1) {
        bench_finish();
    }
}

/* ---- fj_create ------------------------------------------------------------------------------ */

static enum wtl_status mayfly_handle(struct wtl_ctx *x, void *self, const struct wtl_msg *message)
{
    (void)x;
    (void)self;
    if (bench_read(message) > 1000) {
        bench_fail("a payload came that was not sent");
    }
    one_less();
    return WTL_STOP;
}

static const struct wtl_actor mayfly = {
    .size = sizeof(struct wtl_actor), .name = "mayfly", .handle = mayfly_handle};

void bench_fj_create(void)
{
    begin(&mayfly, true);
    bench_rate("spawn_msg_die", bench.size[0], bench_wait(), "actor/s");
    bench_wait_empty();
}

/* ---- idle ----------------------------------------------------------------------------------- */

static enum wtl_status idler_init(struct wtl_ctx *x, void *self, const void *settings,
                                  const struct wtl_msg *args)
{
    (void)x;
    (void)self;
    (void)settings;
    (void)args;
    one_less();
    return WTL_OK;
}

static const struct wtl_actor idler = {
    .size = sizeof(struct wtl_actor), .name = "idler", .init = idler_init};

static double resident_bytes(void)
{
    unsigned long pages = 0;
    FILE *file = fopen("/proc/self/statm", "re");
    if (file == NULL || fscanf(file, "%*s %lu", &pages) != 1) {
        bench_fail("cannot read /proc/self/statm");
    }
    (void)fclose(file);
    return (double)pages * (double)sysconf(_SC_PAGESIZE);
}

void bench_idle(void)
{
    double before = resident_bytes();
    begin(&idler, false);
    uint64_t ns = bench_wait();
    (void)usleep(500000); /* what is freed late is no part of it, as with the peers */
    double after = resident_bytes();
    bench_report("rss_per_actor", (after - before) / (double)bench.size[0], "B");
    bench_rate("spawn", bench.size[0], ns, "actor/s");
}
