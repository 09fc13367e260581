/*
 * flooding.c - as many messages as go through: counting (one to one), fan_in (many to one),
 * fj_throughput (one to many), fj_work (the same, with a microsecond of work for each). The
 * receivers' mailboxes hold senders back; a producer returns from its handler when it is told so,
 * and goes on when it is run again.
 */
#include "common.h"

#define WORK_NS 1000u

/* Who receives; fan_in and counting have one, fj_throughput many. */
static struct wtl_pid *sinks;
static uint64_t sinks_count;
static _Atomic(uint64_t) sinks_left;

/* ---- the receiver -------------------------------------------------------------------------- */

struct sink {
    uint64_t expected;
    uint64_t count;
    uint64_t sum;
};

static uint64_t sink_expects;

static enum wtl_status sink_init(struct wtl_ctx *x, void *self, const void *settings,
                                 const struct wtl_msg *args)
{
    struct sink *sink = self;
    (void)x;
    (void)settings;
    (void)args;
    sink->expected = sink_expects;
    return WTL_OK;
}

static enum wtl_status sink_handle(struct wtl_ctx *x, void *self, const struct wtl_msg *message)
{
    struct sink *sink = self;
    if (__builtin_expect(wtl_is(message, "inc"), 1)) {
        sink->sum += bench_read(message);
        if (++sink->count != sink->expected) {
            return WTL_OK;
        }
        if (atomic_fetch_sub_explicit(&sinks_left, 1, memory_order_acq_rel) == 1) {
            bench_finish();
        }
        bench_use(sink->sum);
        return WTL_STOP;
    }
    if (wtl_is(message, "get")) {
        struct wtl_writer body;
        (void)wtl_message_open(x, &body, 16);
        wtl_put_u64(&body, sink->count);
        wtl_reply(x, message, &body);
        bench_use(sink->sum);
    }
    return WTL_STOP;
}

static WTL_ACTOR(sink, struct sink, .mailbox_policy = WTL_MAILBOX_BLOCK, .init = sink_init,
                 .handle = sink_handle);

/* One that has something to do for each message. */
static enum wtl_status toiler_handle(struct wtl_ctx *x, void *self, const struct wtl_msg *message)
{
    bench_work(WORK_NS);
    return sink_handle(x, self, message);
}

static WTL_ACTOR(toiler, struct sink, .mailbox_policy = WTL_MAILBOX_BLOCK, .init = sink_init,
                 .handle = toiler_handle);

/* ---- the producer -------------------------------------------------------------------------- */

struct producer {
    uint64_t left; /* messages that it has still to send, to all sinks together */
    uint64_t at;   /* the sink whose turn it is */
    bool asks;     /* for the count, behind its last message */
};

static uint64_t producer_sends;
static bool producer_asks;

static enum wtl_status producer_init(struct wtl_ctx *x, void *self, const void *settings,
                                     const struct wtl_msg *args)
{
    struct producer *producer = self;
    (void)x;
    (void)settings;
    (void)args;
    producer->left = producer_sends;
    producer->asks = producer_asks;
    return WTL_OK;
}

static enum wtl_status on_count(struct wtl_ctx *x, void *self, const struct wtl_answer *answer,
                                void *context)
{
    struct wtl_reader reader = wtl_read(&answer->message);
    (void)x;
    (void)self;
    (void)context;
    bench_finish();
    uint64_t count = answer->status == WTL_OK ? wtl_get_u64(&reader) : 0;
    if (count != producer_sends) {
        bench_fail("%lu of %lu messages were counted", (unsigned long)count,
                   (unsigned long)producer_sends);
    }
    return WTL_STOP;
}

static enum wtl_status producer_handle(struct wtl_ctx *x, void *self, const struct wtl_msg *message)
{
    struct producer *producer = self;
    struct wtl_call_options options = {.deadline_ms = WTL_CALL_FOREVER, .on_answer = on_count};
    (void)message;
    for (uint32_t i = 0; i < BENCH_CHUNK && producer->left > 0; i++) {
        enum wtl_status status = bench_send(x, sinks[producer->at], WTL_TAG("inc"), producer->left);
        producer->left--;
        producer->at = producer->at + 1 == sinks_count ? 0 : producer->at + 1;
        if (__builtin_expect(status == WTL_BUSY, 0)) {
            break; /* it was accepted; the next goes when there is room */
        }
        bench_must(status);
    }
    if (producer->left > 0) {
        wtl_continue(x, WTL_TAG("more"), NULL);
        return WTL_OK;
    }
    if (producer->asks) {
        (void)wtl_call(x, sinks[0], WTL_TAG("get"), NULL, &options);
        return WTL_OK;
    }
    return WTL_STOP;
}

static WTL_ACTOR(producer, struct producer, .init = producer_init, .handle = producer_handle);

/* ---- the three ------------------------------------------------------------------------------ */

static void make_sinks(const struct wtl_actor *type, uint64_t count, uint64_t expects)
{
    sinks = calloc(count, sizeof *sinks);
    if (sinks == NULL) {
        bench_fail("no memory for %lu sinks", (unsigned long)count);
    }
    sinks_count = count;
    sink_expects = expects;
    atomic_store(&sinks_left, count);
    for (uint64_t i = 0; i < count; i++) {
        sinks[i] = bench_spawn(type, NULL);
    }
}

static void end(uint64_t messages)
{
    uint64_t ns = bench_wait();
    bench_rate("throughput", messages, ns, "msg/s");
    bench_wait_empty();
    free(sinks);
}

void bench_counting(void)
{
    producer_sends = bench.size[0];
    producer_asks = true;
    make_sinks(&sink, 1, UINT64_MAX);
    bench_begin(bench_spawn(&producer, NULL));
    end(bench.size[0]);
}

static void fork_join(const struct wtl_actor *type)
{
    producer_sends = bench.size[0] * bench.size[1];
    producer_asks = false;
    make_sinks(type, bench.size[0], bench.size[1]);
    bench_begin(bench_spawn(&producer, NULL));
    end(bench.size[0] * bench.size[1]);
}

void bench_fj_throughput(void)
{
    fork_join(&sink);
}

void bench_fj_work(void)
{
    fork_join(&toiler);
}

/* Spawns the producers and tells them to begin, as part of what is timed. */
static enum wtl_status starter_handle(struct wtl_ctx *x, void *self, const struct wtl_msg *message)
{
    (void)self;
    (void)message;
    for (uint64_t i = 0; i < bench.size[0]; i++) {
        wtl_tell(x, wtl_spawn(x, &producer, NULL), WTL_TAG("go"), NULL);
    }
    return WTL_STOP;
}

struct starter {
    char unused;
};

static WTL_ACTOR(starter, struct starter, .handle = starter_handle);

void bench_fan_in(void)
{
    producer_sends = bench.size[1];
    producer_asks = false;
    make_sinks(&sink, 1, bench.size[0] * bench.size[1]);
    bench_begin(bench_spawn(&starter, NULL));
    end(bench.size[0] * bench.size[1]);
}
