/* clock.c - the system's clock and the one that is moved by hand. */
#include "base/clock.h"

#include <criterion/criterion.h>

Test(clock, the_system_clock_does_not_go_back)
{
    const struct wtl__clock *clock = wtl__clock_system();
    uint64_t before = wtl__clock_now_ns(clock);
    for (int i = 0; i < 100000; i++) {
        uint64_t now = wtl__clock_now_ns(clock);
        cr_assert_geq(now, before);
        before = now;
    }
    cr_assert_gt(wtl__clock_wall_ns(clock), 0);
}

Test(clock, a_manual_clock_moves_only_when_told)
{
    struct wtl__clock_manual manual;
    wtl__clock_manual_init(&manual, 1999999, 5);
    cr_assert_eq(wtl__clock_now_ms(&manual.clock), 1);
    wtl__clock_manual_advance(&manual, 1);
    cr_assert_eq(wtl__clock_now_ms(&manual.clock), 2);
    cr_assert_eq(wtl__clock_now_ns(&manual.clock), 2 * WTL__NS_PER_MS);
    cr_assert_eq(wtl__clock_wall_ns(&manual.clock), 6);
}

Test(clock, X065_a_wall_clock_that_goes_back_moves_no_deadline)
{
    struct wtl__clock_manual manual;
    wtl__clock_manual_init(&manual, 100 * WTL__NS_PER_S, 2000 * WTL__NS_PER_S);
    uint64_t before = wtl__clock_now_ns(&manual.clock);
    manual.wall_ns -= WTL__NS_PER_S;
    cr_assert_eq(wtl__clock_now_ns(&manual.clock), before);
    wtl__clock_manual_advance(&manual, 5);
    cr_assert_eq(wtl__clock_now_ns(&manual.clock) - before, 5);
}

Test(clock, X063_the_end_of_time_is_not_passed)
{
    struct wtl__clock_manual manual;
    wtl__clock_manual_init(&manual, UINT64_MAX - 5, UINT64_MAX - 1);
    wtl__clock_manual_advance(&manual, 100);
    cr_assert_eq(wtl__clock_now_ns(&manual.clock), UINT64_MAX);
    cr_assert_eq(wtl__clock_wall_ns(&manual.clock), UINT64_MAX);
}
