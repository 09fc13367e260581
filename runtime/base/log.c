/*
 * log.c - levels, the rate limit per cause, and the sink. Lines are made in log_line.c.
 *
 * The atomics here are counters: they order nothing and are all relaxed. Two threads that log the
 * same event in the same instant may together pass a line too many.
 */
#include "base/log.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "base/attr.h"

enum { PROBES_MAX = 8 };

/* One write per line, so that lines of several threads and processes do not mix. */
static void write_stderr(void *state, const char *line, size_t length)
{
    (void)state;
    while (length != 0) {
        ssize_t written = write(STDERR_FILENO, line, length);
        if (written < 0) {
            if (errno == EINTR) {
                continue;
            }
            return; /* nobody reads: there is nowhere to say so */
        }
        line += written;
        length -= (size_t)written;
    }
}

void wtl__log_init(struct wtl__log *log)
{
    memset(log, 0, sizeof *log);
    log->clock = wtl__clock_system();
    log->sink = write_stderr;
    log->format = WTL__LOG_PLAIN;
    log->per_second = WTL__LOG_PER_SECOND;
    atomic_store_explicit(&log->level, WTL__LOG_INFO, memory_order_relaxed);
}

void wtl__log_set_sink(struct wtl__log *log, wtl__log_sink sink, void *state)
{
    log->sink = sink;
    log->sink_state = state;
}

void wtl__log_set_format(struct wtl__log *log, enum wtl__log_format format)
{
    log->format = format;
}

void wtl__log_set_clock(struct wtl__log *log, const struct wtl__clock *clock)
{
    log->clock = clock;
}

void wtl__log_set_rate(struct wtl__log *log, uint32_t lines_per_second)
{
    log->per_second = lines_per_second;
}

void wtl__log_set_level(struct wtl__log *log, enum wtl__log_level level)
{
    atomic_store_explicit(&log->level, (int)level, memory_order_relaxed);
}

uint64_t wtl__log_suppressed(const struct wtl__log *log)
{
    return atomic_load_explicit(&log->suppressed, memory_order_relaxed);
}

struct wtl__log *wtl__log_process(void)
{
    static struct wtl__log log = {
        .sink = write_stderr, .per_second = WTL__LOG_PER_SECOND, .level = WTL__LOG_INFO};
    return &log;
}

struct wtl__log_field wtl__log_text(const char *key, const char *value)
{
    return WTL__LOG_BYTES(key, value != NULL ? value : "", value != NULL ? strlen(value) : 0);
}

/* FNV-1a: event words are literals of ours, so nobody can make them collide on purpose. */
static uint64_t hash_of(const char *event)
{
    uint64_t hash = UINT64_C(0xcbf29ce484222325);
    for (; *event != '\0'; event++) {
        hash = (hash ^ (unsigned char)*event) * UINT64_C(0x100000001b3);
    }
    return hash != 0 ? hash : 1;
}

/* The counters of an event word; the shared ones when its neighbourhood is taken. */
static struct wtl__log_cause *cause_of(struct wtl__log *log, const char *event)
{
    uint64_t key = hash_of(event);
    for (uint64_t i = 0; i < PROBES_MAX; i++) {
        struct wtl__log_cause *cause = &log->causes[(key + i) % WTL__LOG_CAUSES];
        uint64_t found = atomic_load_explicit(&cause->key, memory_order_relaxed);
        if (found == 0 &&
            atomic_compare_exchange_strong_explicit(&cause->key, &found, key, memory_order_relaxed,
                                                    memory_order_relaxed)) {
            return cause;
        }
        if (found == key) {
            return cause;
        }
    }
    return &log->causes[WTL__LOG_CAUSES];
}

/* Counts a line of this cause; false when its second is used up. */
static bool is_within_rate(struct wtl__log *log, struct wtl__log_cause *cause, uint64_t second)
{
    uint64_t window = atomic_load_explicit(&cause->window, memory_order_relaxed);
    uint64_t next;
    do {
        uint64_t lines = window >> 32 == (second & UINT32_MAX) ? window & UINT32_MAX : 0;
        if (lines >= log->per_second) {
            return false;
        }
        next = second << 32 | (lines + 1);
    } while (!atomic_compare_exchange_weak_explicit(&cause->window, &window, next,
                                                    memory_order_relaxed, memory_order_relaxed));
    return true;
}

void wtl__log_event(struct wtl__log *log, enum wtl__log_level level, const char *event,
                    const struct wtl__log_field *fields, size_t count)
{
    if (!wtl__log_is_on(log, level)) {
        return;
    }
    const struct wtl__clock *clock = log->clock != NULL ? log->clock : wtl__clock_system();
    struct wtl__log_cause *cause = cause_of(log, event);
    if (!is_within_rate(log, cause, wtl__clock_now_ns(clock) / WTL__NS_PER_S)) {
        atomic_fetch_add_explicit(&cause->suppressed, 1, memory_order_relaxed);
        atomic_fetch_add_explicit(&log->suppressed, 1, memory_order_relaxed);
        return;
    }
    char line[WTL__LOG_LINE_MAX];
    uint64_t suppressed = atomic_exchange_explicit(&cause->suppressed, 0, memory_order_relaxed);
    size_t length = wtl__log_format_line(line, log->format, wtl__clock_wall_ns(clock), level, event,
                                         fields, count, suppressed);
    log->sink(log->sink_state, line, length);
}
