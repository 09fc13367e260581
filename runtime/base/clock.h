/*
 * clock.h - what time it is, behind a table of two functions, so that tests and the simulator can
 * bring their own time.
 *
 * Deadlines and durations use now_ns, which never goes back and has no date. wall_ns is for people:
 * log lines, certificates, last-restart times; it may jump either way at any moment.
 *
 * Thread: the system clock any; a manual clock one at a time.
 */
#ifndef WTL_BASE_CLOCK_H
#define WTL_BASE_CLOCK_H

#include <stdint.h>

#define WTL__NS_PER_MS UINT64_C(1000000)
#define WTL__NS_PER_S  UINT64_C(1000000000)

struct wtl__clock;

struct wtl__clock_calls {
    uint64_t (*now_ns)(const struct wtl__clock *clock);  /* since some fixed moment */
    uint64_t (*wall_ns)(const struct wtl__clock *clock); /* since 1970, UTC */
};

struct wtl__clock {
    const struct wtl__clock_calls *calls;
};

/* The clock of the operating system. Owns: static, for ever. */
const struct wtl__clock *wtl__clock_system(void);

/* The system's now_ns, or a few milliseconds later, never earlier: for deadlines that are far away,
 * at a fifth of the cost. Thread: any. */
uint64_t wtl__clock_soon_ns(void);

/* The system's now_ns, or a few milliseconds earlier, never later: for what is over, at less than
 * that. Thread: any. */
uint64_t wtl__clock_past_ns(void);

static inline uint64_t wtl__clock_now_ns(const struct wtl__clock *clock)
{
    return clock->calls->now_ns(clock);
}

static inline uint64_t wtl__clock_wall_ns(const struct wtl__clock *clock)
{
    return clock->calls->wall_ns(clock);
}

/* Milliseconds rounded down: what is not over yet has not happened. */
static inline uint64_t wtl__clock_now_ms(const struct wtl__clock *clock)
{
    return wtl__clock_now_ns(clock) / WTL__NS_PER_MS;
}

/* A clock that stands still until it is moved. */
struct wtl__clock_manual {
    struct wtl__clock clock; /* give &manual.clock to whoever needs a clock */
    uint64_t now_ns;
    uint64_t wall_ns;
};

void wtl__clock_manual_init(struct wtl__clock_manual *manual, uint64_t now_ns, uint64_t wall_ns);

/* Moves both times forward. Saturates at the end of time. */
void wtl__clock_manual_advance(struct wtl__clock_manual *manual, uint64_t ns);

#endif
