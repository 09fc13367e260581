/*
 * hol.c - head of line: how long a small echo takes while another actor of the same node sends big
 * messages to the same other node, some of them not yet acknowledged. See mesh.h.
 */
#include "mesh.h"

#include <unistd.h>

#define PING_SIZE 64u
#define PINGS_MAX 1000000u
/* The big messages have the link for so long before pings are counted. */
#define HEAD_START_US 300000u

/* ---- pings ----------------------------------------------------------------------------------- */

struct pings {
    struct bench_payload payload;
    uint64_t *times_ns;
    uint64_t count;
    uint64_t sent_ns; /* of the one that is under way */
    uint64_t until_ns;
    sem_t done;
};

struct pinger {
    struct pings *pings;
};

static enum wtl_status pinger_init(struct wtl_ctx *x, void *self, const void *settings,
                                   const struct wtl_msg *args)
{
    (void)x;
    (void)args;
    ((struct pinger *)self)->pings = *(struct pings *const *)settings;
    return WTL_OK;
}

static enum wtl_status pinger_handle(struct wtl_ctx *x, void *self, const struct wtl_msg *message)
{
    struct pings *pings = ((struct pinger *)self)->pings;
    uint64_t now_ns = bench_now_ns();
    if (wtl_is(message, "echo")) {
        pings->times_ns[pings->count++] = now_ns - pings->sent_ns;
    }
    if (now_ns >= pings->until_ns || pings->count == PINGS_MAX) {
        (void)sem_post(&pings->done);
        return WTL_STOP;
    }
    pings->sent_ns = now_ns;
    (void)bench_sent(bench_send(x, bench_echo(), WTL_TAG("echo"), &pings->payload, pings->count));
    return WTL_OK;
}

static WTL_ACTOR(pinger, struct pinger, .settings_size = sizeof(struct pings *),
                 .init = pinger_init, .handle = pinger_handle);

/* Pings for so long, and for as long as the last of them takes. */
static void ping_for(struct pings *pings, uint64_t ms)
{
    pings->count = 0;
    pings->until_ns = bench_now_ns() + ms * 1000000;
    (void)sem_init(&pings->done, 0, 0);
    bench_tell(bench_spawn(&pinger, pings), WTL_TAG("go"));
    bench_wait(&pings->done);
    (void)sem_destroy(&pings->done);
}

/* ---- big messages ---------------------------------------------------------------------------- */

struct bulk {
    struct bench_payload payload;
    uint64_t window;
    _Atomic(uint64_t) acked; /* relaxed: a count, nothing is read behind it */
    _Atomic(bool) is_over;   /* relaxed: seen at the next acknowledgement */
    sem_t done;
};

struct hauler {
    struct bulk *bulk;
    uint64_t sent;
    uint64_t acked;
};

static enum wtl_status hauler_init(struct wtl_ctx *x, void *self, const void *settings,
                                   const struct wtl_msg *args)
{
    struct hauler *hauler = self;
    (void)args;
    hauler->bulk = *(struct bulk *const *)settings;
    wtl_tellf(x, bench_sink(), "begin", "group=%lu size=%lu", 1ul,
              (unsigned long)hauler->bulk->payload.size);
    return WTL_OK;
}

static enum wtl_status hauler_handle(struct wtl_ctx *x, void *self, const struct wtl_msg *message)
{
    struct hauler *hauler = self;
    struct bulk *bulk = hauler->bulk;
    bool is_over = atomic_load_explicit(&bulk->is_over, memory_order_relaxed);
    if (wtl_is(message, "ack")) {
        hauler->acked++;
        atomic_store_explicit(&bulk->acked, hauler->acked, memory_order_relaxed);
    }
    while (!is_over && hauler->sent - hauler->acked < bulk->window) {
        (void)bench_sent(bench_send(x, bench_sink(), WTL_TAG("put"), &bulk->payload, hauler->sent));
        hauler->sent++;
    }
    if (is_over && hauler->sent == hauler->acked) {
        (void)sem_post(&bulk->done);
        return WTL_STOP;
    }
    return WTL_OK;
}

static WTL_ACTOR(hauler, struct hauler, .settings_size = sizeof(struct bulk *), .init = hauler_init,
                 .handle = hauler_handle);

/* ---- the bench ------------------------------------------------------------------------------- */

static void report(const char *bench, struct pings *pings, const struct bulk *bulk, uint64_t acked,
                   uint64_t ns)
{
    double bytes = (double)acked * (double)bulk->payload.size;
    bench_report(bench, "bulk_bandwidth", bytes * 1e3 / (double)ns, "MB/s");
    bench_report(bench, "pings", (double)pings->count, "count");
    bench_report_times(bench, pings->times_ns, pings->count);
}

void bench_hol(const uint64_t *arguments)
{
    char bench[64];
    char size_name[32];
    struct pings pings = {.payload = bench_payload_create(PING_SIZE)};
    struct bulk bulk = {.payload = bench_payload_create(arguments[0]), .window = arguments[1]};
    uint64_t ms = arguments[2];
    pings.times_ns = calloc(PINGS_MAX, sizeof pings.times_ns[0]);
    if (pings.times_ns == NULL) {
        bench_fail("no memory for %u times", PINGS_MAX);
    }
    ping_for(&pings, ms / 2);
    bench_report_times("hol/quiet", pings.times_ns, pings.count);
    (void)sem_init(&bulk.done, 0, 0);
    (void)bench_spawn(&hauler, &bulk);
    (void)usleep(HEAD_START_US);
    uint64_t before = atomic_load_explicit(&bulk.acked, memory_order_relaxed);
    uint64_t begun_ns = bench_now_ns();
    ping_for(&pings, ms);
    uint64_t ns = bench_now_ns() - begun_ns;
    uint64_t acked = atomic_load_explicit(&bulk.acked, memory_order_relaxed) - before;
    atomic_store_explicit(&bulk.is_over, true, memory_order_relaxed);
    bench_wait(&bulk.done);
    (void)snprintf(bench, sizeof bench, "hol/%s_bulk_w%lu",
                   bench_size_name(arguments[0], size_name), (unsigned long)bulk.window);
    report(bench, &pings, &bulk, acked, ns);
    (void)sem_destroy(&bulk.done);
    bench_payload_destroy(&bulk.payload);
    bench_payload_destroy(&pings.payload);
    free(pings.times_ns);
}
