/* asking.c - answers: big (everyone pings random peers) and call (one request at a time). */
#include "common.h"

/* ---- big ------------------------------------------------------------------------------------ */

static struct wtl_pid *peers;
static _Atomic(uint64_t) peers_left;

struct peer {
    uint64_t left;
    uint64_t sum;
};

static enum wtl_status peer_init(struct wtl_ctx *x, void *self, const void *settings,
                                 const struct wtl_msg *args)
{
    struct peer *peer = self;
    (void)x;
    (void)settings;
    (void)args;
    peer->left = bench.size[1];
    return WTL_OK;
}

static void ping_any(struct wtl_ctx *x, uint64_t i)
{
    bench_must(bench_send(x, peers[wtl_random(x) % bench.size[0]], WTL_TAG("ping"), i));
}

static enum wtl_status peer_handle(struct wtl_ctx *x, void *self, const struct wtl_msg *message)
{
    struct peer *peer = self;
    if (wtl_is(message, "ping")) {
        bench_must(wtl_forward(x, message->from, WTL_TAG("pong"), message));
        return WTL_OK;
    }
    if (wtl_is(message, "pong")) {
        peer->sum += bench_read(message);
        if (--peer->left > 0) {
            ping_any(x, peer->left);
        } else if (atomic_fetch_sub_explicit(&peers_left, 1, memory_order_relaxed) == 1) {
            bench_finish();
        }
        return WTL_OK;
    }
    if (wtl_is(message, "go")) {
        ping_any(x, peer->left);
        return WTL_OK;
    }
    bench_use(peer->sum);
    return WTL_STOP;
}

static WTL_ACTOR(peer, struct peer, .init = peer_init, .handle = peer_handle);

static enum wtl_status crier_handle(struct wtl_ctx *x, void *self, const struct wtl_msg *message)
{
    (void)self;
    (void)message;
    for (uint64_t i = 0; i < bench.size[0]; i++) {
        wtl_tell(x, peers[i], WTL_TAG("go"), NULL);
    }
    return WTL_STOP;
}

static const struct wtl_actor crier = {
    .size = sizeof(struct wtl_actor), .name = "crier", .handle = crier_handle};

void bench_big(void)
{
    peers = calloc(bench.size[0], sizeof *peers);
    if (peers == NULL) {
        bench_fail("no memory for %lu actors", (unsigned long)bench.size[0]);
    }
    atomic_store(&peers_left, bench.size[0]);
    for (uint64_t i = 0; i < bench.size[0]; i++) {
        peers[i] = bench_spawn(&peer, NULL);
    }
    bench_begin(bench_spawn(&crier, NULL));
    bench_rate("throughput", 2 * bench.size[0] * bench.size[1], bench_wait(), "msg/s");
    for (uint64_t i = 0; i < bench.size[0]; i++) {
        bench_tell(peers[i], WTL_TAG("stop"));
    }
    bench_wait_empty();
    free(peers);
}

/* ---- call ----------------------------------------------------------------------------------- */

struct caller {
    struct wtl_pid server;
    uint64_t at;
    uint64_t sent_ns;
    uint64_t sum;
};

struct server {
    uint64_t sum;
};

static uint64_t *latencies; /* of each call, in nanoseconds */

static enum wtl_status server_handle(struct wtl_ctx *x, void *self, const struct wtl_msg *message)
{
    struct server *server = self;
    struct wtl_writer body;
    if (message->request == 0) {
        bench_use(server->sum);
        return WTL_STOP;
    }
    server->sum += bench_read(message);
    (void)wtl_message_open(x, &body, message->size);
    wtl_put_raw(&body, message->bytes, message->size);
    wtl_reply(x, message, &body);
    return WTL_OK;
}

static WTL_ACTOR(server, struct server, .handle = server_handle);

static void ask(struct wtl_ctx *x, struct caller *caller);

static enum wtl_status on_reply(struct wtl_ctx *x, void *self, const struct wtl_answer *answer,
                                void *context)
{
    struct caller *caller = self;
    (void)context;
    latencies[caller->at++] = bench_now_ns() - caller->sent_ns;
    bench_must(answer->status);
    caller->sum += bench_read(&answer->message);
    if (caller->at < bench.size[0]) {
        ask(x, caller);
        return WTL_OK;
    }
    bench_finish();
    bench_use(caller->sum);
    wtl_tell(x, caller->server, WTL_TAG("stop"), NULL);
    return WTL_STOP;
}

static void ask(struct wtl_ctx *x, struct caller *caller)
{
    static const struct wtl_call_options options = {.on_answer = on_reply};
    struct wtl_writer body;
    caller->sent_ns = bench_now_ns();
    (void)wtl_message_open(x, &body, 64);
    bench_put(&body, caller->at);
    (void)wtl_call(x, caller->server, WTL_TAG("ask"), &body, &options);
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
    (void)message;
    ask(x, self);
    return WTL_OK;
}

static WTL_ACTOR(caller, struct caller, .init = caller_init, .handle = caller_handle);

void bench_call(void)
{
    struct wtl_writer args;
    latencies = calloc(bench.size[0], sizeof *latencies);
    if (latencies == NULL) {
        bench_fail("no memory for %lu latencies", (unsigned long)bench.size[0]);
    }
    (void)wtl_runtime_message(&args, 32);
    bench_put_pid(&args, bench_spawn(&server, NULL));
    bench_begin(bench_spawn(&caller, &args));
    uint64_t ns = bench_wait();
    bench_rate("rate", bench.size[0], ns, "call/s");
    bench_percentiles(latencies, bench.size[0]);
    bench_wait_empty();
    free(latencies);
}
