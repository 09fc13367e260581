/* oneway.c - messages of one size one way, until the last of them is acknowledged. See mesh.h. */
#include "mesh.h"

/* What one run shares with its actor; written before that is told to begin, or by it. */
struct run {
    struct bench_payload payload;
    uint64_t messages;
    uint64_t window; /* messages that may be sent and not yet acknowledged */
    uint64_t group;  /* that are acknowledged together: a quarter of the window */
    uint64_t begun_ns;
    uint64_t ended_ns;
    sem_t done;
};

struct source {
    struct run *run;
    uint64_t sent;
    uint64_t acked;
    bool will_go_on; /* a message "more" is under way */
};

/* Messages that are sent in one handler run before others have their turn. */
#define CHUNK 128u

static enum wtl_status source_init(struct wtl_ctx *x, void *self, const void *settings,
                                   const struct wtl_msg *args)
{
    struct source *source = self;
    (void)args;
    source->run = *(struct run *const *)settings;
    wtl_tellf(x, bench_sink(), "begin", "group=%lu size=%lu", (unsigned long)source->run->group,
              (unsigned long)source->run->payload.size);
    return WTL_OK;
}

static bool may_send(const struct source *source)
{
    return source->sent < source->run->messages &&
           source->sent - source->acked < source->run->window;
}

static void pump(struct wtl_ctx *x, struct source *source)
{
    struct bench_payload *payload = &source->run->payload;
    bool is_busy = false;
    for (unsigned i = 0; i < CHUNK && !is_busy && may_send(source); i++) {
        is_busy = bench_sent(bench_send(x, bench_sink(), WTL_TAG("put"), payload, source->sent));
        source->sent++;
    }
    if (may_send(source) && !source->will_go_on) {
        source->will_go_on = true;
        wtl_tell(x, wtl_self(x), WTL_TAG("more"), NULL);
    }
}

static enum wtl_status source_handle(struct wtl_ctx *x, void *self, const struct wtl_msg *message)
{
    struct source *source = self;
    if (wtl_is(message, "ack")) {
        source->acked += source->run->group;
    } else if (wtl_is(message, "ready")) {
        source->run->begun_ns = bench_now_ns();
    } else {
        source->will_go_on = false;
    }
    if (source->acked == source->run->messages) {
        source->run->ended_ns = bench_now_ns();
        (void)sem_post(&source->run->done);
        return WTL_STOP;
    }
    pump(x, source);
    return WTL_OK;
}

static WTL_ACTOR(source, struct source, .settings_size = sizeof(struct run *), .init = source_init,
                 .handle = source_handle);

/* The nanoseconds that so many messages took, rounded down to whole groups; see *messages. */
static uint64_t run_once(uint64_t size, uint64_t *messages)
{
    struct run run = {.payload = bench_payload_create(size)};
    run.window = BENCH_WINDOW_BYTES / size;
    run.window = run.window > BENCH_WINDOW_MAX ? BENCH_WINDOW_MAX : run.window;
    run.window = run.window < BENCH_WINDOW_MIN ? BENCH_WINDOW_MIN : run.window;
    run.group = run.window / 4;
    run.messages = *messages < run.group ? run.group : *messages - *messages % run.group;
    (void)sem_init(&run.done, 0, 0);
    (void)bench_spawn(&source, &run);
    bench_wait(&run.done);
    (void)sem_destroy(&run.done);
    bench_payload_destroy(&run.payload);
    *messages = run.messages;
    return run.ended_ns - run.begun_ns;
}

void bench_oneway(const uint64_t *arguments)
{
    char bench[64];
    char size_name[32];
    uint64_t size = arguments[0];
    uint64_t tenth = arguments[1] / 10;
    uint64_t messages = arguments[1];
    (void)run_once(size, &tenth);
    double seconds = (double)run_once(size, &messages) / 1e9;
    (void)snprintf(bench, sizeof bench, "oneway/%s", bench_size_name(size, size_name));
    bench_report(bench, "throughput", (double)messages / seconds, "msg/s");
    bench_report(bench, "bandwidth", (double)messages * (double)size / seconds / 1e6, "MB/s");
}
