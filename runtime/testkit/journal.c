/* journal.c - what has happened, the log, and the text of a failure. See world.h. */
#include "testkit/world.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/log.h"

/* Lines of the log that a failure shows. */
#define LOG_LINES_SHOWN 12u

/* ---- what has happened ----------------------------------------------------------------------- */

void wtl_test_note(struct wtl_test *t, const char *format, ...)
{
    char *line = t->journal[t->journal_count % WTL__TEST_JOURNAL_LINES];
    struct wtl__test_text text = wtl__test_text_over(line, WTL__TEST_LINE_BYTES);
    char note[WTL__TEST_LINE_BYTES];
    va_list arguments;
    if (t->is_over) {
        return;
    }
    va_start(arguments, format);
    (void)vsnprintf(note, sizeof note, format, arguments);
    va_end(arguments);
    wtl__test_put(&text, "%8ju ms  %s", (uintmax_t)wtl_test_now_ms(t), note);
    t->journal_count++;
}

void wtl__test_put_pid(const struct wtl_test *t, struct wtl__test_text *text, struct wtl_pid pid)
{
    const struct wtl__test_actor *actor = wtl__test_seen(t, pid);
    if (wtl_pid_is_none(pid)) {
        wtl__test_put(text, "nobody");
    } else if (wtl_pid_equal(pid, t->self)) {
        wtl__test_put(text, "the test");
    } else {
        wtl__test_put(text, "%s <%ju.%ju>", actor != NULL ? actor->name : "actor",
                      (uintmax_t)(pid.local & WTL_PID_SLOT_MAX),
                      (uintmax_t)(pid.local >> WTL_PID_SLOT_BITS));
    }
}

/* ---- the log --------------------------------------------------------------------------------- */

/* Keeps the latest lines: the older half goes when there is no more room. */
static void keep_line(void *state, const char *line, size_t length)
{
    struct wtl_test *t = state;
    if (t->log_used + length >= WTL__TEST_LOG_BYTES) {
        size_t half = t->log_used / 2;
        memmove(t->log_text, t->log_text + half, t->log_used - half);
        t->log_used -= half;
    }
    memcpy(t->log_text + t->log_used, line, length);
    t->log_used += length;
    t->log_text[t->log_used] = '\0';
}

static uint64_t log_time(const struct wtl__clock *clock)
{
    const struct wtl_test *t = WTL_CONTAINER(clock, struct wtl_test, clock);
    return t->step.now_ns - t->begin_ns;
}

void wtl__test_log_begin(struct wtl_test *t)
{
    static const struct wtl__clock_calls calls = {.now_ns = log_time, .wall_ns = log_time};
    struct wtl__log *log = wtl__log_process();
    t->clock.calls = &calls;
    t->log_text = wtl__test_alloc(t, WTL__TEST_LOG_BYTES);
    t->log = log;
    t->log_before.sink = log->sink;
    t->log_before.sink_state = log->sink_state;
    t->log_before.clock = log->clock;
    t->log_before.per_second = log->per_second;
    t->log_before.level = (enum wtl__log_level)log->level;
    wtl__log_set_sink(log, keep_line, t);
    wtl__log_set_clock(log, &t->clock);
    wtl__log_set_rate(log, UINT32_MAX);
    wtl__log_set_level(log, WTL__LOG_DEBUG);
}

void wtl__test_log_end(struct wtl_test *t)
{
    wtl__log_set_sink(t->log, t->log_before.sink, t->log_before.sink_state);
    wtl__log_set_clock(t->log, t->log_before.clock);
    wtl__log_set_rate(t->log, t->log_before.per_second);
    wtl__log_set_level(t->log, t->log_before.level);
}

unsigned wtl_test_logged(const struct wtl_test *t, const char *words)
{
    unsigned count = 0;
    for (const char *at = t->log_text; (at = strstr(at, words)) != NULL; at++) {
        count++;
    }
    return count;
}

/* ---- failures -------------------------------------------------------------------------------- */

static void put_journal(struct wtl__test_text *text, const struct wtl_test *t)
{
    uint64_t count = t->journal_count;
    uint64_t first = count > WTL__TEST_JOURNAL_LINES ? count - WTL__TEST_JOURNAL_LINES : 0;
    if (count > 0) {
        wtl__test_put(text, "\n  what has happened:");
    }
    if (first > 0) {
        wtl__test_put(text, " (%ju lines before these)", (uintmax_t)first);
    }
    for (uint64_t i = first; i < count; i++) {
        wtl__test_put(text, "\n%s", t->journal[i % WTL__TEST_JOURNAL_LINES]);
    }
}

static void put_log(struct wtl__test_text *text, const struct wtl_test *t)
{
    const char *begin = t->log_text + t->log_used;
    for (unsigned lines = 0; begin > t->log_text; begin--) {
        lines += begin[-1] == '\n';
        if (lines > LOG_LINES_SHOWN) {
            break;
        }
    }
    if (*begin != '\0') {
        wtl__test_put(text, "\n  the log:");
    }
    while (*begin != '\0') {
        size_t size = strcspn(begin, "\n");
        wtl__test_put(text, "\n    %.*s", (int)size, begin);
        begin += size + (begin[size] == '\n');
    }
}

static void put_replay(struct wtl__test_text *text, const struct wtl_test *t)
{
    wtl__test_put(text, "\n  seed %ju", (uintmax_t)t->seed);
    if (t->allocation_failed) {
        wtl__test_put(text, ", allocation %ju has failed", (uintmax_t)t->fail_at);
    }
    wtl__test_put(text, ": WTL_TEST_SEED=%ju", (uintmax_t)t->seed);
    if (t->is_starved) {
        wtl__test_put(text, " WTL_TEST_ALLOCATION=%ju", (uintmax_t)t->fail_at);
    }
    wtl__test_put(text, " runs it again\n");
}

static void __attribute__((format(printf, 2, 0)))
report(struct wtl_test *t, const char *format, va_list arguments)
{
    char line[4 * WTL__TEST_LINE_BYTES];
    struct wtl__test_text text = wtl__test_text_over(t->failure, sizeof t->failure);
    (void)vsnprintf(line, sizeof line, format, arguments);
    if (t->file != NULL) {
        const char *slash = strrchr(t->file, '/');
        wtl__test_put(&text, "%s:%u: ", slash != NULL ? slash + 1 : t->file, t->line);
    }
    wtl__test_put(&text, "%s", line);
    put_journal(&text, t);
    put_log(&text, t);
    put_replay(&text, t);
    t->has_failed = true;
    t->is_over = true;
    if (t->failed != NULL) {
        t->failed(t->failed_context, t->failure);
        return;
    }
    (void)fflush(stdout);
    (void)fputs(t->failure, stderr);
    exit(1);
}

void wtl__test_report(struct wtl_test *t, const char *format, ...)
{
    va_list arguments;
    if (!t->has_failed) {
        va_start(arguments, format);
        report(t, format, arguments);
        va_end(arguments);
    }
}

void wtl__test_fail(struct wtl_test *t, const char *format, ...)
{
    va_list arguments;
    if (t->is_over) {
        return;
    }
    if (t->is_starved && t->allocation_failed) {
        t->is_over = true; /* what was to come needed the memory that there was not */
        return;
    }
    va_start(arguments, format);
    report(t, format, arguments);
    va_end(arguments);
}

void wtl_test_on_failure(struct wtl_test *t, wtl_test_failed_fn failed, void *context)
{
    t->failed = failed;
    t->failed_context = context;
}

const char *wtl_test_failure(const struct wtl_test *t)
{
    return t->has_failed ? t->failure : NULL;
}
