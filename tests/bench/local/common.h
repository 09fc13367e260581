/*
 * common.h - what the local benches share: payloads, the run that is timed, and how results are
 * printed. The benches are written against <wattle/wattle.h> alone, as a user would.
 *
 * A bench is one function. It is called with a running runtime and its sizes, once at a tenth for
 * warming up and once in earnest; it spawns its actors, tells one of them to begin, waits until
 * bench_finish was called, and reports what it measured.
 *
 * Thread: bench functions run on the main thread, what they spawn on the workers.
 */
#ifndef WTL_BENCH_LOCAL_COMMON_H
#define WTL_BENCH_LOCAL_COMMON_H

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

#include <wattle/runtime.h>
#include <wattle/wattle.h>

#define BENCH_SIZES_MAX 4u
/* Messages that a producer sends in one handler run before others have their turn. */
#define BENCH_CHUNK 100u
/* Actors that are spawned in one handler run. */
#define BENCH_SPAWN_CHUNK 64u

struct bench {
    struct wtl_runtime *runtime;
    bool is_record; /* rec64; otherwise int */
    bool is_quiet;  /* warming up: nothing is printed */
    const char *name;
    const char *payload;
    uint64_t size[BENCH_SIZES_MAX];
    uint64_t begun_ns;
};

/* The bench that runs; written before its actors are spawned. */
extern struct bench bench;

void bench_pingpong(void);
void bench_counting(void);
void bench_ring(void);
void bench_fj_create(void);
void bench_fj_throughput(void);
void bench_fj_work(void);
void bench_fan_in(void);
void bench_big(void);
void bench_call(void);
void bench_idle(void);
void bench_pool(void);
void bench_timers(void);
void bench_call_load(void);
void bench_neighbour(void);

/* Exits with a message: a bench that cannot go on has no result. */
__attribute__((noreturn, format(printf, 1, 2))) void bench_fail(const char *format, ...);

uint64_t bench_now_ns(void);

/* Keeps the processor busy for so long. */
void bench_work(uint64_t ns);

/* An actor from outside; `args` may be NULL. */
struct wtl_pid bench_spawn(const struct wtl_actor *type, struct wtl_writer *args);
/* A message without a body from outside. */
void bench_tell(struct wtl_pid to, struct wtl_tag tag);

/* Takes the time, and tells the actor "go". */
void bench_begin(struct wtl_pid to);
/* Called by an actor, once: takes the time and wakes the bench. */
void bench_finish(void);
/* Waits for it; the nanoseconds between. */
uint64_t bench_wait(void);
/* Waits until no actor lives any more. */
void bench_wait_empty(void);

void bench_report(const char *metric, double value, const char *unit);
/* `count` things in `ns`. */
void bench_rate(const char *metric, uint64_t count, uint64_t ns, const char *unit);

/* p50, p99 and p999 of nanoseconds, which are sorted. */
void bench_percentiles(uint64_t *values, uint64_t count);

/* Adds what was read to a sum that the compiler cannot leave out. */
void bench_use(uint64_t sum);

/* ---- payloads ------------------------------------------------------------------------------ */

/* Writes the payload of number `i`, built anew: a small integer, or a record of about 64 bytes. */
static inline void bench_put(struct wtl_writer *writer, uint64_t i)
{
    if (!bench.is_record) {
        wtl_put_u64(writer, i);
        return;
    }
    wtl_put_map(writer, 4);
    WTL_PUT_KEY(writer, "sensor_id");
    wtl_put_u64(writer, i & 1023);
    WTL_PUT_KEY(writer, "timestamp");
    wtl_put_u64(writer, UINT64_C(1700000000000) + i);
    WTL_PUT_KEY(writer, "value");
    wtl_put_f64(writer, 20.5 + (double)(i & 15));
    WTL_PUT_KEY(writer, "unit");
    wtl_put_str(writer, "celsius", 7);
}

/* Reads the record whole, in any order of its keys, and gives its value. */
static inline uint64_t bench_get_record(struct wtl_reader *reader)
{
    uint32_t left = wtl_get_map(reader);
    uint64_t sensor_id = 0;
    uint64_t timestamp = 0;
    double value = 0;
    size_t unit_size = 0;
    while (left-- > 0) {
        if (WTL_GET_KEY(reader, "sensor_id")) {
            sensor_id = wtl_get_u64(reader);
        } else if (WTL_GET_KEY(reader, "timestamp")) {
            timestamp = wtl_get_u64(reader);
        } else if (WTL_GET_KEY(reader, "value")) {
            value = wtl_get_f64(reader);
        } else if (WTL_GET_KEY(reader, "unit")) {
            (void)wtl_get_str(reader, &unit_size);
        } else {
            wtl_skip(reader);
            wtl_skip(reader);
        }
    }
    if (reader->failed || unit_size != 7 || sensor_id > 1023 || timestamp == 0) {
        bench_fail("a record came that was not sent");
    }
    return (uint64_t)value;
}

static inline uint64_t bench_get(struct wtl_reader *reader)
{
    return bench.is_record ? bench_get_record(reader) : wtl_get_u64(reader) & 15;
}

static inline uint64_t bench_read(const struct wtl_msg *message)
{
    struct wtl_reader reader = wtl_read(message);
    return bench_get(&reader);
}

/* Sends the payload of number `i`. */
static inline enum wtl_status WTL_MUST_USE bench_send(struct wtl_ctx *x, struct wtl_pid to,
                                                      struct wtl_tag tag, uint64_t i)
{
    struct wtl_writer body;
    (void)wtl_message_open(x, &body, 64);
    bench_put(&body, i);
    return wtl_try_tell(x, to, tag, &body);
}

/* What must go well. */
static inline void bench_must(enum wtl_status status)
{
    if (__builtin_expect(status != WTL_OK, 0)) {
        bench_fail("a send was answered %s", wtl_status_word(status));
    }
}

static inline void bench_put_pid(struct wtl_writer *writer, struct wtl_pid pid)
{
    wtl_put_u64(writer, pid.node);
    wtl_put_u64(writer, pid.local);
}

static inline struct wtl_pid bench_get_pid(struct wtl_reader *reader)
{
    struct wtl_pid pid;
    pid.node = wtl_get_u64(reader);
    pid.local = wtl_get_u64(reader);
    return pid;
}

#endif
