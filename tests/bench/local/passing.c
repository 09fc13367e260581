/* passing.c - one message under way: pingpong between two actors, a token around a ring. */
#include "common.h"

/* ---- pingpong ------------------------------------------------------------------------------ */

struct ping {
    struct wtl_pid pong;
    uint64_t left;
    uint64_t sum;
};

static enum wtl_status ping_init(struct wtl_ctx *x, void *self, const void *settings,
                                 const struct wtl_msg *args)
{
    struct ping *ping = self;
    struct wtl_reader reader = wtl_read(args);
    (void)x;
    (void)settings;
    ping->pong = bench_get_pid(&reader);
    ping->left = bench.size[0];
    return WTL_OK;
}

static enum wtl_status ping_handle(struct wtl_ctx *x, void *self, const struct wtl_msg *message)
{
    struct ping *ping = self;
    if (wtl_is(message, "pong")) {
        ping->sum += bench_read(message);
        ping->left--;
    }
    if (ping->left == 0) {
        bench_finish();
        bench_use(ping->sum);
        wtl_tell(x, ping->pong, WTL_TAG("stop"), NULL);
        return WTL_STOP;
    }
    bench_must(bench_send(x, ping->pong, WTL_TAG("ping"), ping->left));
    return WTL_OK;
}

static enum wtl_status pong_handle(struct wtl_ctx *x, void *self, const struct wtl_msg *message)
{
    (void)self;
    if (wtl_is(message, "ping")) {
        bench_must(wtl_forward(x, message->from, WTL_TAG("pong"), message));
        return WTL_OK;
    }
    return WTL_STOP;
}

struct pong {
    char unused;
};

static WTL_ACTOR(ping, struct ping, .init = ping_init, .handle = ping_handle);
static WTL_ACTOR(pong, struct pong, .handle = pong_handle);

void bench_pingpong(void)
{
    struct wtl_writer args;
    (void)wtl_runtime_message(&args, 32);
    bench_put_pid(&args, bench_spawn(&pong, NULL));
    bench_begin(bench_spawn(&ping, &args));
    uint64_t ns = bench_wait();
    bench_rate("round_trips", bench.size[0], ns, "rt/s");
    bench_report("per_msg", (double)ns / (2.0 * (double)bench.size[0]), "ns");
    bench_wait_empty();
}

/* ---- ring ---------------------------------------------------------------------------------- */

struct member {
    struct wtl_pid next;
    uint64_t sum;
};

static enum wtl_status member_init(struct wtl_ctx *x, void *self, const void *settings,
                                   const struct wtl_msg *args)
{
    struct member *member = self;
    struct wtl_reader reader = wtl_read(args);
    (void)x;
    (void)settings;
    if (args->size > 0) {
        member->next = bench_get_pid(&reader);
    }
    return WTL_OK;
}

static void pass_token(struct wtl_ctx *x, struct wtl_pid to, uint64_t left)
{
    struct wtl_writer body;
    (void)wtl_message_open(x, &body, 80);
    wtl_put_array(&body, 2);
    wtl_put_u64(&body, left);
    bench_put(&body, left);
    bench_must(wtl_try_tell(x, to, WTL_TAG("token"), &body));
}

static enum wtl_status member_handle(struct wtl_ctx *x, void *self, const struct wtl_msg *message)
{
    struct member *member = self;
    struct wtl_reader reader = wtl_read(message);
    if (wtl_is(message, "token")) {
        (void)wtl_get_array(&reader);
        uint64_t left = wtl_get_u64(&reader);
        member->sum += bench_get(&reader);
        if (left == 0) {
            bench_finish();
        } else {
            pass_token(x, member->next, left - 1);
        }
        return WTL_OK;
    }
    if (wtl_is(message, "go")) {
        pass_token(x, wtl_self(x), bench.size[1]);
        return WTL_OK;
    }
    if (wtl_is(message, "next")) {
        member->next = bench_get_pid(&reader);
        return WTL_OK;
    }
    bench_use(member->sum);
    return WTL_STOP;
}

static WTL_ACTOR(member, struct member, .init = member_init, .handle = member_handle);

void bench_ring(void)
{
    struct wtl_pid *ring = calloc(bench.size[0], sizeof *ring);
    if (ring == NULL) {
        bench_fail("no memory for a ring of %lu", (unsigned long)bench.size[0]);
    }
    ring[0] = bench_spawn(&member, NULL);
    for (uint64_t i = 1; i < bench.size[0]; i++) {
        struct wtl_writer args;
        (void)wtl_runtime_message(&args, 32);
        bench_put_pid(&args, ring[i - 1]);
        ring[i] = bench_spawn(&member, &args);
    }
    struct wtl_writer body;
    (void)wtl_runtime_message(&body, 32);
    bench_put_pid(&body, ring[bench.size[0] - 1]);
    bench_must(wtl_runtime_tell(bench.runtime, ring[0], WTL_TAG("next"), &body));
    bench_begin(ring[0]);
    uint64_t ns = bench_wait();
    bench_rate("hops", bench.size[1], ns, "hop/s");
    bench_report("per_hop", (double)ns / (double)bench.size[1], "ns");
    for (uint64_t i = 0; i < bench.size[0]; i++) {
        bench_tell(ring[i], WTL_TAG("stop"));
    }
    bench_wait_empty();
    free(ring);
}
