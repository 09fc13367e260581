/*
 * busy.c - calls beside other work: call_load while actors of short handlers keep the workers busy
 * for so many percent of their time, and neighbour beside one actor whose handler takes 100 ms.
 */
#include "common.h"

/* Each busy actor works once in a period; so many of them for each worker. */
#define PERIOD_MS  1u
#define PER_WORKER 16u
#define HOG_NS     UINT64_C(100000000)
/* Between two calls, so that they meet the load at any moment of its period. */
#define PAUSE_MS 1u

static uint64_t *latencies;
static uint64_t work_ns;
static _Atomic(bool) is_over;

/* ---- what is beside ------------------------------------------------------------------------- */

static enum wtl_status busy_init(struct wtl_ctx *x, void *self, const void *settings,
                                 const struct wtl_msg *args)
{
    (void)self;
    (void)settings;
    (void)args;
    return wtl_every(x, PERIOD_MS, WTL_TAG("tick")) != 0 ? WTL_OK : WTL_NO_MEMORY;
}

static enum wtl_status busy_handle(struct wtl_ctx *x, void *self, const struct wtl_msg *message)
{
    (void)x;
    (void)self;
    (void)message;
    bench_work(work_ns);
    return atomic_load_explicit(&is_over, memory_order_relaxed) ? WTL_STOP : WTL_OK;
}

static WTL_ACTOR(busy, char, .mailbox_policy = WTL_MAILBOX_DROP_NEWEST, .mailbox_max = 4,
                 .init = busy_init, .handle = busy_handle);

static enum wtl_status hog_handle(struct wtl_ctx *x, void *self, const struct wtl_msg *message)
{
    (void)self;
    (void)message;
    bench_work(HOG_NS);
    if (atomic_load_explicit(&is_over, memory_order_relaxed)) {
        return WTL_STOP;
    }
    wtl_continue(x, WTL_TAG("more"), NULL);
    return WTL_OK;
}

static WTL_ACTOR(hog, char, .handle = hog_handle);

/* ---- calls ---------------------------------------------------------------------------------- */

struct caller {
    struct wtl_pid server;
    uint64_t at;
    uint64_t sent_ns;
};

static enum wtl_status echo_handle(struct wtl_ctx *x, void *self, const struct wtl_msg *message)
{
    struct wtl_writer body;
    (void)self;
    if (message->request == 0) {
        return WTL_STOP;
    }
    (void)wtl_message_open(x, &body, message->size);
    wtl_put_raw(&body, message->bytes, message->size);
    wtl_reply(x, message, &body);
    return WTL_OK;
}

static WTL_ACTOR(echo, char, .handle = echo_handle);

static enum wtl_status on_reply(struct wtl_ctx *x, void *self, const struct wtl_answer *answer,
                                void *context)
{
    struct caller *caller = self;
    (void)context;
    latencies[caller->at++] = bench_now_ns() - caller->sent_ns;
    bench_must(answer->status);
    if (caller->at < bench.size[0]) {
        return wtl_after(x, PAUSE_MS, WTL_TAG("next"), NULL) != 0 ? WTL_OK : WTL_NO_MEMORY;
    }
    bench_finish();
    wtl_tell(x, caller->server, WTL_TAG("stop"), NULL);
    return WTL_STOP;
}

static enum wtl_status caller_init(struct wtl_ctx *x, void *self, const void *settings,
                                   const struct wtl_msg *args)
{
    struct caller *caller = self;
    struct wtl_reader reader = wtl_read(args);
    (void)x;
    (void)settings;
    caller->server = bench_get_pid(&reader);
    return WTL_OK;
}

static enum wtl_status caller_handle(struct wtl_ctx *x, void *self, const struct wtl_msg *message)
{
    static const struct wtl_call_options options = {.on_answer = on_reply};
    struct caller *caller = self;
    struct wtl_writer body;
    (void)message;
    (void)wtl_message_open(x, &body, 64);
    bench_put(&body, caller->at);
    caller->sent_ns = bench_now_ns();
    (void)wtl_call(x, caller->server, WTL_TAG("ask"), &body, &options);
    return WTL_OK;
}

static WTL_ACTOR(caller, struct caller, .init = caller_init, .handle = caller_handle);

static void call_all(void)
{
    struct wtl_writer args;
    latencies = calloc(bench.size[0], sizeof *latencies);
    if (latencies == NULL) {
        bench_fail("no memory for %lu latencies", (unsigned long)bench.size[0]);
    }
    (void)wtl_runtime_message(&args, 32);
    bench_put_pid(&args, bench_spawn(&echo, NULL));
    bench_begin(bench_spawn(&caller, &args));
    (void)bench_wait();
    bench_percentiles(latencies, bench.size[0]);
    atomic_store_explicit(&is_over, true, memory_order_relaxed);
    bench_wait_empty();
    free(latencies);
}

void bench_call_load(void)
{
    static char name[32];
    uint64_t percent = bench.size[1];
    if (percent > 95) {
        bench_fail("expected at most 95 percent, got %lu", (unsigned long)percent);
    }
    (void)snprintf(name, sizeof name, "call_load_%lu", (unsigned long)percent);
    bench.name = name;
    atomic_store(&is_over, false);
    work_ns = PERIOD_MS * UINT64_C(1000000) * percent / 100 / PER_WORKER;
    for (unsigned i = 0; percent > 0 && i < PER_WORKER * wtl_runtime_workers(bench.runtime); i++) {
        (void)bench_spawn(&busy, NULL);
    }
    call_all();
}

void bench_neighbour(void)
{
    atomic_store(&is_over, false);
    bench_tell(bench_spawn(&hog, NULL), WTL_TAG("go"));
    call_all();
}
