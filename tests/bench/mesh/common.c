/* common.c - actors, payloads and results of the benches between nodes; see mesh.h. */
#include "mesh.h"

#include <errno.h>
#include <stdarg.h>
#include <time.h>
#include <unistd.h>

static struct wtl_runtime *runtime_of_bench;
static void (*clean_up_at_failure)(void);

void bench_fail_is_followed_by(void (*clean_up)(void))
{
    clean_up_at_failure = clean_up;
}

void bench_fail(const char *format, ...)
{
    va_list args;
    va_start(args, format);
    (void)fprintf(stderr, "bench_mesh: ");
    (void)vfprintf(stderr, format, args);
    (void)fputc('\n', stderr);
    va_end(args);
    if (clean_up_at_failure != NULL) {
        clean_up_at_failure();
    }
    _exit(1);
}

uint64_t bench_now_ns(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * UINT64_C(1000000000) + (uint64_t)now.tv_nsec;
}

void bench_use_runtime(struct wtl_runtime *runtime)
{
    runtime_of_bench = runtime;
}

struct wtl_pid bench_spawn(const struct wtl_actor *type, void *run)
{
    struct wtl_spawn_options options = {.settings = &run};
    struct wtl_pid pid = wtl_runtime_spawn(runtime_of_bench, type, &options);
    if (wtl_pid_is_none(pid)) {
        bench_fail("cannot spawn %s", type->name);
    }
    return pid;
}

void bench_tell(struct wtl_pid to, struct wtl_tag tag)
{
    (void)bench_sent(wtl_runtime_tell(runtime_of_bench, to, tag, NULL));
}

void bench_wait(sem_t *done)
{
    while (sem_wait(done) != 0 && errno == EINTR) {
    }
}

bool bench_sent(enum wtl_status status)
{
    if (status != WTL_OK && status != WTL_BUSY) {
        bench_fail("a send was answered %s", wtl_status_word(status));
    }
    return status == WTL_BUSY;
}

/* ---- payloads -------------------------------------------------------------------------------- */

struct bench_payload bench_payload_create(uint64_t size)
{
    if (size < BENCH_SIZE_MIN || size > WTL_BODY_MAX - BENCH_HEAD_MAX) {
        bench_fail("expected a size of %u to %u bytes, got %lu", BENCH_SIZE_MIN,
                   WTL_BODY_MAX - BENCH_HEAD_MAX, (unsigned long)size);
    }
    struct bench_payload payload = {.bytes = malloc(size), .size = (uint32_t)size};
    if (payload.bytes == NULL) {
        bench_fail("no memory for a payload");
    }
    memset(payload.bytes, 'x', size);
    return payload;
}

void bench_payload_destroy(struct bench_payload *payload)
{
    free(payload->bytes);
    payload->bytes = NULL;
}

/* ---- results --------------------------------------------------------------------------------- */

const char *bench_size_name(uint64_t size, char text_out[32])
{
    const uint64_t mega = 1024 * 1024;
    if (size >= mega && size % mega == 0) {
        (void)snprintf(text_out, 32, "%luMB", (unsigned long)(size / mega));
    } else if (size >= 1024 && size % 1024 == 0) {
        (void)snprintf(text_out, 32, "%luKB", (unsigned long)(size / 1024));
    } else {
        (void)snprintf(text_out, 32, "%luB", (unsigned long)size);
    }
    return text_out;
}

void bench_report(const char *bench, const char *metric, double value, const char *unit)
{
    const char *label = getenv("PEER");
    (void)printf("dist_%s\t%s\t%s\t%.6g\t%s\n", bench, label != NULL ? label : "wattle-tls", metric,
                 value, unit);
}

static int compare(const void *a, const void *b)
{
    uint64_t left = *(const uint64_t *)a;
    uint64_t right = *(const uint64_t *)b;
    return (left > right) - (left < right);
}

/* The smallest time that so many of a hundred do not exceed, in microseconds. */
static double percentile_us(const uint64_t *times_ns, uint64_t count, uint64_t percent)
{
    uint64_t rank = (count * percent + 99) / 100;
    return (double)times_ns[rank > 0 ? rank - 1 : 0] / 1e3;
}

void bench_report_times(const char *bench, uint64_t *times_ns, uint64_t count)
{
    if (count == 0) {
        bench_fail("%s: nothing came back", bench);
    }
    qsort(times_ns, count, sizeof times_ns[0], compare);
    bench_report(bench, "p50", percentile_us(times_ns, count, 50), "us");
    bench_report(bench, "p99", percentile_us(times_ns, count, 99), "us");
    bench_report(bench, "max", percentile_us(times_ns, count, 100), "us");
}
