/*
 * timers.c - one actor's timers: arming and cancelling far ones, and how late near ones fire.
 */
#include "common.h"

#define FAR_MS  60000u
#define NEAR_MS 5000u

struct armer {
    uint64_t *timers;
    uint64_t armed;
    uint64_t near;
    uint64_t fired;
};

static uint64_t *late_ns;

/* Timers of all later seconds of a minute: no two ticks of the wheel get alike many. */
static void arm_far(struct wtl_ctx *x, struct armer *armer)
{
    armer->timers[armer->armed++] =
        wtl_after(x, FAR_MS + wtl_random(x) % FAR_MS, WTL_TAG("far"), NULL);
}

static void arm_near(struct wtl_ctx *x)
{
    uint64_t in_ms = 1 + wtl_random(x) % NEAR_MS;
    struct wtl_writer body;
    (void)wtl_message_open(x, &body, 16);
    wtl_put_u64(&body, bench_now_ns() + in_ms * 1000000);
    if (wtl_after(x, in_ms, WTL_TAG("near"), &body) == 0) {
        bench_fail("a timer was refused");
    }
}

static void far_ones(struct wtl_ctx *x, struct armer *armer)
{
    armer->timers = calloc(bench.size[0], sizeof *armer->timers);
    if (armer->timers == NULL) {
        bench_fail("no memory for %lu timers", (unsigned long)bench.size[0]);
    }
    uint64_t begun_ns = bench_now_ns();
    while (armer->armed < bench.size[0]) {
        arm_far(x, armer);
    }
    uint64_t armed_ns = bench_now_ns();
    for (uint64_t i = 0; i < armer->armed; i++) {
        (void)wtl_timer_cancel(x, armer->timers[i]);
    }
    uint64_t end_ns = bench_now_ns();
    bench_rate("arm", armer->armed, armed_ns - begun_ns, "timer/s");
    bench_rate("cancel", armer->armed, end_ns - armed_ns, "timer/s");
    free(armer->timers);
}

static enum wtl_status armer_handle(struct wtl_ctx *x, void *self, const struct wtl_msg *message)
{
    struct armer *armer = self;
    if (wtl_is(message, "near")) {
        struct wtl_reader reader = wtl_read(message);
        uint64_t due_ns = wtl_get_u64(&reader);
        uint64_t now_ns = bench_now_ns();
        if (now_ns < due_ns) {
            bench_fail("a timer fired %lu ns early", (unsigned long)(due_ns - now_ns));
        }
        late_ns[armer->fired++] = now_ns - due_ns;
        if (armer->fired == bench.size[0]) {
            bench_finish();
            return WTL_STOP;
        }
        return WTL_OK;
    }
    if (armer->near == 0) {
        far_ones(x, armer);
    }
    for (uint64_t i = 0; i < BENCH_CHUNK && armer->near < bench.size[0]; i++, armer->near++) {
        arm_near(x);
    }
    if (armer->near < bench.size[0]) {
        wtl_continue(x, WTL_TAG("more"), NULL);
    }
    return WTL_OK;
}

static WTL_ACTOR(armer, struct armer, .mailbox_max = WTL_MAILBOX_LIMIT, .handle = armer_handle);

void bench_timers(void)
{
    late_ns = calloc(bench.size[0], sizeof *late_ns);
    if (late_ns == NULL) {
        bench_fail("no memory for %lu timers", (unsigned long)bench.size[0]);
    }
    bench_begin(bench_spawn(&armer, NULL));
    (void)bench_wait();
    bench_percentiles(late_ns, bench.size[0]);
    bench_wait_empty();
    free(late_ns);
}
