/*
 * log.h - one line per event: a level, a stable event word, and typed key=value fields.
 *
 *     wtl__log(log, WTL__LOG_WARN, "peer_refused", WTL__LOG_TEXT("peer", name),
 *              WTL__LOG_NUMBER("bytes", count));
 *
 * Event words and keys are literals of ours: [a-z0-9_]. Values may come from a peer; they are
 * escaped, so that none of them can begin a line, close a quote or reach the terminal. There is no
 * format string. Each event word has its own rate limit, and the next line that passes says how
 * many were suppressed. Never give it a secret.
 *
 * Thread: wtl__log from any thread, without a lock; the sink must allow that. init and the setters
 *         come before the first line, except wtl__log_set_level.
 * Owns:   nothing; a log lives in its user's memory.
 * Bounds: WTL__LOG_LINE_MAX bytes a line, where fields that do not fit are left out and `cut=true`
 *         says so; WTL__LOG_CAUSES event words are limited apart, further ones share a limit.
 */
#ifndef WTL_BASE_LOG_H
#define WTL_BASE_LOG_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/clock.h"

enum {
    WTL__LOG_LINE_MAX = 2048,
    WTL__LOG_VALUE_MAX = 512, /* bytes read of one text value */
    WTL__LOG_CAUSES = 128,
    WTL__LOG_PER_SECOND = 50, /* lines of one cause, unless set */
};

enum wtl__log_level { WTL__LOG_ERROR, WTL__LOG_WARN, WTL__LOG_INFO, WTL__LOG_DEBUG };

enum wtl__log_format {
    WTL__LOG_PLAIN,   /* 2026-11-20T12:00:00.123Z warn peer_refused peer=edge-1 bytes=3 */
    WTL__LOG_JSON,    /* {"time":"...","level":"warn","event":"peer_refused","peer":"edge-1",...} */
    WTL__LOG_JOURNAL, /* <4>peer_refused peer=edge-1 bytes=3: what systemd reads from stderr */
};

enum wtl__log_kind { WTL__LOG_IS_TEXT, WTL__LOG_IS_NUMBER, WTL__LOG_IS_SIGNED, WTL__LOG_IS_FLAG };

struct wtl__log_field {
    const char *key;
    enum wtl__log_kind kind;
    union {
        struct {
            const char *bytes; /* need not end in 0 */
            size_t length;
        } text;
        uint64_t number;
        int64_t signed_number;
        bool flag;
    };
};

#define WTL__LOG_TEXT(name, value) wtl__log_text(name, value)
#define WTL__LOG_BYTES(name, start, size)                                                          \
    ((struct wtl__log_field){.key = (name), .kind = WTL__LOG_IS_TEXT, .text = {(start), (size)}})
#define WTL__LOG_NUMBER(name, value)                                                               \
    ((struct wtl__log_field){.key = (name), .kind = WTL__LOG_IS_NUMBER, .number = (value)})
#define WTL__LOG_SIGNED(name, value)                                                               \
    ((struct wtl__log_field){.key = (name), .kind = WTL__LOG_IS_SIGNED, .signed_number = (value)})
#define WTL__LOG_FLAG(name, value)                                                                 \
    ((struct wtl__log_field){.key = (name), .kind = WTL__LOG_IS_FLAG, .flag = (value)})

/* A text field; NULL shows as "". */
struct wtl__log_field wtl__log_text(const char *key, const char *value);

/* Takes one whole line with its newline; must not fail. Thread: any. */
typedef void (*wtl__log_sink)(void *state, const char *line, size_t length);

/* How much one event word has said lately. Written by any thread that logs; approximate. */
struct wtl__log_cause {
    _Atomic(uint64_t) key;    /* hash of the event word; 0: unused, set once */
    _Atomic(uint64_t) window; /* second << 32 | lines in it */
    _Atomic(uint64_t) suppressed;
};

struct wtl__log {
    const struct wtl__clock *clock;
    wtl__log_sink sink;
    void *sink_state;
    enum wtl__log_format format;
    uint32_t per_second;
    _Atomic(int) level;
    _Atomic(uint64_t) suppressed;                      /* all causes together, for the metrics */
    struct wtl__log_cause causes[WTL__LOG_CAUSES + 1]; /* the last one is the shared one */
};

/* Plain lines on stderr, INFO and more important ones, with the system's clock. */
void wtl__log_init(struct wtl__log *log);

void wtl__log_set_sink(struct wtl__log *log, wtl__log_sink sink, void *state);
void wtl__log_set_format(struct wtl__log *log, enum wtl__log_format format);
void wtl__log_set_clock(struct wtl__log *log, const struct wtl__clock *clock);
void wtl__log_set_rate(struct wtl__log *log, uint32_t lines_per_second);
void wtl__log_set_level(struct wtl__log *log, enum wtl__log_level level); /* any thread, any time */

/* Is a line of this level written? For callers whose fields cost something to make. */
static inline bool wtl__log_is_on(const struct wtl__log *log, enum wtl__log_level level)
{
    return (int)level <= atomic_load_explicit(&log->level, memory_order_relaxed);
}

/* Lines that the rate limit has kept back so far. */
uint64_t wtl__log_suppressed(const struct wtl__log *log);

/* The process's own log, for code that was given none. Starts as wtl__log_init leaves it. */
struct wtl__log *wtl__log_process(void);

void wtl__log_event(struct wtl__log *log, enum wtl__log_level level, const char *event,
                    const struct wtl__log_field *fields, size_t count);

/* Logs an event with any number of fields, none included. */
#define wtl__log(log, level, event, ...)                                                           \
    do {                                                                                           \
        if (wtl__log_is_on(log, level)) {                                                          \
            const struct wtl__log_field wtl_fields[] = {                                           \
                {0}, __VA_ARGS__}; /* the first one keeps the array from being empty */            \
            wtl__log_event(log, level, event, wtl_fields + 1,                                      \
                           sizeof wtl_fields / sizeof wtl_fields[0] - 1);                          \
        }                                                                                          \
    } while (0)

/* Writes the line of an event into `line_out` and returns its length: log_line.c, for
 * wtl__log_event and for tests. `suppressed` is shown when it is not 0. */
size_t wtl__log_format_line(char line_out[WTL__LOG_LINE_MAX], enum wtl__log_format format,
                            uint64_t wall_ns, enum wtl__log_level level, const char *event,
                            const struct wtl__log_field *fields, size_t count, uint64_t suppressed);

#endif
