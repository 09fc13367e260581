/* common.c - see common.h. */
#include "common.h"

#include <errno.h>
#include <semaphore.h>
#include <stdarg.h>
#include <time.h>
#include <unistd.h>

struct bench bench;

static sem_t finished;
static _Atomic(uint64_t) finished_ns;
static _Atomic(uint64_t) sum_of_all;

void bench_fail(const char *format, ...)
{
    va_list args;
    va_start(args, format);
    (void)fprintf(stderr, "bench_local: %s/%s: ", bench.name, bench.payload);
    (void)vfprintf(stderr, format, args);
    (void)fputc('\n', stderr);
    va_end(args);
    _exit(1);
}

uint64_t bench_now_ns(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * UINT64_C(1000000000) + (uint64_t)now.tv_nsec;
}

void bench_work(uint64_t ns)
{
    uint64_t end_ns = bench_now_ns() + ns;
    while (bench_now_ns() < end_ns) {
    }
}

struct wtl_pid bench_spawn(const struct wtl_actor *type, struct wtl_writer *args)
{
    struct wtl_spawn_options options = {.args = args};
    struct wtl_pid pid = wtl_runtime_spawn(bench.runtime, type, &options);
    if (wtl_pid_is_none(pid)) {
        bench_fail("cannot spawn %s", type->name);
    }
    return pid;
}

void bench_tell(struct wtl_pid to, struct wtl_tag tag)
{
    bench_must(wtl_runtime_tell(bench.runtime, to, tag, NULL));
}

void bench_begin(struct wtl_pid to)
{
    (void)sem_init(&finished, 0, 0);
    bench.begun_ns = bench_now_ns();
    bench_tell(to, WTL_TAG("go"));
}

void bench_finish(void)
{
    atomic_store_explicit(&finished_ns, bench_now_ns(), memory_order_relaxed);
    (void)sem_post(&finished); /* orders the store above before bench_wait's load */
}

uint64_t bench_wait(void)
{
    while (sem_wait(&finished) != 0 && errno == EINTR) {
    }
    return atomic_load_explicit(&finished_ns, memory_order_relaxed) - bench.begun_ns;
}

void bench_wait_empty(void)
{
    while (wtl_runtime_live(bench.runtime) > 0) {
        (void)usleep(200);
    }
}

void bench_report(const char *metric, double value, const char *unit)
{
    if (!bench.is_quiet) {
        (void)printf("%s/%s\twattle-%u\t%s\t%.6g\t%s\n", bench.name, bench.payload,
                     wtl_runtime_workers(bench.runtime), metric, value, unit);
    }
}

void bench_rate(const char *metric, uint64_t count, uint64_t ns, const char *unit)
{
    bench_report(metric, (double)count * 1e9 / (double)ns, unit);
}

static int compare(const void *a, const void *b)
{
    const uint64_t *left = a;
    const uint64_t *right = b;
    return (*left > *right) - (*left < *right);
}

static void report_at(const char *metric, const uint64_t *values, uint64_t count,
                      uint64_t per_mille)
{
    uint64_t rank = (count * per_mille + 999) / 1000;
    bench_report(metric, (double)values[rank == 0 ? 0 : rank - 1], "ns");
}

void bench_percentiles(uint64_t *values, uint64_t count)
{
    qsort(values, count, sizeof *values, compare);
    report_at("p50", values, count, 500);
    report_at("p99", values, count, 990);
    report_at("p999", values, count, 999);
}

void bench_use(uint64_t sum)
{
    atomic_fetch_add_explicit(&sum_of_all, sum, memory_order_relaxed);
}
