/*
 * clock.c - the system's clock and one that is moved by hand.
 */
#include "base/clock.h"

#include <time.h>

#include "base/attr.h"

static uint64_t read_ns(clockid_t id)
{
    struct timespec time;
    WTL_ASSERT(clock_gettime(id, &time) == 0);
    /* A wall clock before 1970 is shown as 1970. */
    return time.tv_sec < 0 ? 0 : (uint64_t)time.tv_sec * WTL__NS_PER_S + (uint64_t)time.tv_nsec;
}

static uint64_t system_now_ns(const struct wtl__clock *clock)
{
    (void)clock;
    return read_ns(CLOCK_MONOTONIC);
}

uint64_t wtl__clock_soon_ns(void)
{
#ifdef CLOCK_MONOTONIC_COARSE
    struct timespec step; /* how far behind that clock may be */
    WTL_ASSERT(clock_getres(CLOCK_MONOTONIC_COARSE, &step) == 0 && step.tv_sec == 0);
    return read_ns(CLOCK_MONOTONIC_COARSE) + (uint64_t)step.tv_nsec;
#else
    return read_ns(CLOCK_MONOTONIC);
#endif
}

uint64_t wtl__clock_past_ns(void)
{
#ifdef CLOCK_MONOTONIC_COARSE
    return read_ns(CLOCK_MONOTONIC_COARSE);
#else
    return read_ns(CLOCK_MONOTONIC);
#endif
}

static uint64_t system_wall_ns(const struct wtl__clock *clock)
{
    (void)clock;
    return read_ns(CLOCK_REALTIME);
}

static const struct wtl__clock_calls system_calls = {
    .now_ns = system_now_ns,
    .wall_ns = system_wall_ns,
};

const struct wtl__clock *wtl__clock_system(void)
{
    static const struct wtl__clock clock = {.calls = &system_calls};
    return &clock;
}

static uint64_t manual_now_ns(const struct wtl__clock *clock)
{
    return WTL_CONTAINER(clock, struct wtl__clock_manual, clock)->now_ns;
}

static uint64_t manual_wall_ns(const struct wtl__clock *clock)
{
    return WTL_CONTAINER(clock, struct wtl__clock_manual, clock)->wall_ns;
}

static const struct wtl__clock_calls manual_calls = {
    .now_ns = manual_now_ns,
    .wall_ns = manual_wall_ns,
};

void wtl__clock_manual_init(struct wtl__clock_manual *manual, uint64_t now_ns, uint64_t wall_ns)
{
    *manual = (struct wtl__clock_manual){
        .clock = {.calls = &manual_calls}, .now_ns = now_ns, .wall_ns = wall_ns};
}

void wtl__clock_manual_advance(struct wtl__clock_manual *manual, uint64_t ns)
{
    uint64_t left = UINT64_MAX - manual->now_ns;
    manual->now_ns += ns < left ? ns : left;
    left = UINT64_MAX - manual->wall_ns;
    manual->wall_ns += ns < left ? ns : left;
}
