/* rtt.c - round trips with some of them under way at a time, from one actor. See mesh.h. */
#include "mesh.h"

/* What one run shares with its actor; written before that is told to begin, or by it. */
struct run {
    struct bench_payload payload;
    uint64_t window;
    uint64_t count;
    uint64_t *sent_ns;  /* by number */
    uint64_t *times_ns; /* in the order in which they came back */
    uint64_t begun_ns;
    uint64_t ended_ns;
    sem_t done;
};

struct shooter {
    struct run *run;
    uint64_t sent;
    uint64_t back;
};

static enum wtl_status shooter_init(struct wtl_ctx *x, void *self, const void *settings,
                                    const struct wtl_msg *args)
{
    (void)x;
    (void)args;
    ((struct shooter *)self)->run = *(struct run *const *)settings;
    return WTL_OK;
}

static void shoot(struct wtl_ctx *x, struct shooter *shooter)
{
    struct run *run = shooter->run;
    run->sent_ns[shooter->sent] = bench_now_ns();
    (void)bench_sent(bench_send(x, bench_echo(), WTL_TAG("echo"), &run->payload, shooter->sent));
    shooter->sent++;
}

static void come_back(struct shooter *shooter, const struct wtl_msg *message)
{
    struct run *run = shooter->run;
    size_t size;
    uint64_t number = bench_read(message, &size);
    if (number >= shooter->sent || size != run->payload.size) {
        bench_fail("an echo came that was not sent");
    }
    run->times_ns[shooter->back++] = bench_now_ns() - run->sent_ns[number];
}

static enum wtl_status shooter_handle(struct wtl_ctx *x, void *self, const struct wtl_msg *message)
{
    struct shooter *shooter = self;
    struct run *run = shooter->run;
    if (wtl_is(message, "go")) {
        run->begun_ns = bench_now_ns();
        while (shooter->sent < run->window && shooter->sent < run->count) {
            shoot(x, shooter);
        }
        return WTL_OK;
    }
    come_back(shooter, message);
    if (shooter->back == run->count) {
        run->ended_ns = bench_now_ns();
        (void)sem_post(&run->done);
        return WTL_STOP;
    }
    if (shooter->sent < run->count) {
        shoot(x, shooter);
    }
    return WTL_OK;
}

static WTL_ACTOR(shooter, struct shooter, .settings_size = sizeof(struct run *),
                 .init = shooter_init, .handle = shooter_handle, .mailbox_max = WTL_MAILBOX_LIMIT);

static uint64_t run_once(struct run *run, uint64_t count)
{
    run->count = count;
    (void)sem_init(&run->done, 0, 0);
    bench_tell(bench_spawn(&shooter, run), WTL_TAG("go"));
    bench_wait(&run->done);
    (void)sem_destroy(&run->done);
    return run->ended_ns - run->begun_ns;
}

void bench_rtt(const uint64_t *arguments)
{
    char bench[64];
    char size_name[32];
    uint64_t count = arguments[2];
    uint64_t warm = count / 10 > arguments[1] ? count / 10 : arguments[1];
    struct run run = {.payload = bench_payload_create(arguments[0]), .window = arguments[1]};
    run.sent_ns = calloc(count, sizeof run.sent_ns[0]);
    run.times_ns = calloc(count, sizeof run.times_ns[0]);
    if (run.sent_ns == NULL || run.times_ns == NULL) {
        bench_fail("no memory for %lu times", (unsigned long)count);
    }
    (void)run_once(&run, warm < count ? warm : count);
    uint64_t ns = run_once(&run, count);
    (void)snprintf(bench, sizeof bench, "rtt_w%lu/%s", (unsigned long)run.window,
                   bench_size_name(arguments[0], size_name));
    bench_report_times(bench, run.times_ns, count);
    bench_report(bench, "rate", (double)count * 1e9 / (double)ns, "rt/s");
    bench_payload_destroy(&run.payload);
    free(run.sent_ns);
    free(run.times_ns);
}
