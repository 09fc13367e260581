/* wheel.c - the timer wheel, beside a plain array that does the same slowly. */
#include "base/wheel.h"

#include <criterion/criterion.h>
#include <stdlib.h>

#include "base/prng.h"

enum { NO_LIMIT = 1 << 30 };

static struct wtl__wheel wheel;
static struct wtl__list fired;

static void setup(void)
{
    wtl__wheel_init(&wheel, 1000);
    wtl__list_init(&fired);
}

TestSuite(wheel, .init = setup);

static struct wtl__timer *take_fired(void)
{
    struct wtl__link *link = wtl__list_take_first(&fired);
    return link == NULL ? NULL : WTL_LIST_ITEM(link, struct wtl__timer, link);
}

Test(wheel, a_timer_fires_at_its_millisecond_and_never_early)
{
    static const uint64_t delays[] = {1,
                                      2,
                                      63,
                                      64,
                                      65,
                                      4095,
                                      4096,
                                      4097,
                                      262143,
                                      262144,
                                      16777216,
                                      1000000007,
                                      1 << 30,
                                      UINT64_C(1) << 40,
                                      UINT64_C(1) << 62};
    for (size_t i = 0; i < WTL_COUNT(delays); i++) {
        struct wtl__timer timer = {0};
        uint64_t deadline_ms = wheel.now_ms + delays[i];
        wtl__wheel_add(&wheel, &timer, deadline_ms);
        cr_assert(wtl__timer_is_added(&timer));
        cr_assert_eq(wtl__wheel_next_ms(&wheel), deadline_ms);
        cr_assert_not(wtl__wheel_expire(&wheel, deadline_ms - 1, NO_LIMIT, &fired));
        cr_assert_null(take_fired());
        cr_assert_eq(wtl__wheel_next_ms(&wheel), deadline_ms);
        cr_assert_not(wtl__wheel_expire(&wheel, deadline_ms, NO_LIMIT, &fired));
        cr_assert_eq(take_fired(), &timer);
        cr_assert_not(wtl__timer_is_added(&timer));
        cr_assert(wtl__wheel_is_empty(&wheel));
        cr_assert_eq(wtl__wheel_next_ms(&wheel), WTL__WHEEL_NEVER);
    }
}

Test(wheel, X063_a_deadline_in_the_past_fires_once_at_once)
{
    struct wtl__timer timers[3] = {{{0}, 0}};
    wtl__wheel_add(&wheel, &timers[0], 0);
    wtl__wheel_add(&wheel, &timers[1], 999);
    wtl__wheel_add(&wheel, &timers[2], 1000);
    cr_assert_eq(wtl__wheel_next_ms(&wheel), 0);
    cr_assert_not(wtl__wheel_expire(&wheel, 1000, NO_LIMIT, &fired));
    for (int i = 0; i < 3; i++) {
        cr_assert_eq(take_fired(), &timers[i]);
    }
    cr_assert_not(wtl__wheel_expire(&wheel, 1000, NO_LIMIT, &fired));
    cr_assert_not(wtl__wheel_expire(&wheel, 5000, NO_LIMIT, &fired));
    cr_assert_null(take_fired());
    cr_assert_eq(wtl__wheel_next_ms(&wheel), WTL__WHEEL_NEVER);
}

Test(wheel, X063_time_that_goes_back_changes_nothing)
{
    struct wtl__timer timer = {0};
    wtl__wheel_add(&wheel, &timer, 1010);
    cr_assert_not(wtl__wheel_expire(&wheel, 1005, NO_LIMIT, &fired));
    cr_assert_not(wtl__wheel_expire(&wheel, 3, NO_LIMIT, &fired));
    cr_assert_eq(wheel.now_ms, 1005);
    cr_assert_null(take_fired());
    cr_assert_not(wtl__wheel_expire(&wheel, 1010, NO_LIMIT, &fired));
    cr_assert_eq(take_fired(), &timer);
}

Test(wheel, X063_the_end_of_time_has_a_slot_and_does_not_wrap)
{
    struct wtl__timer timers[3] = {{{0}, 0}};
    wtl__wheel_add(&wheel, &timers[0], UINT64_MAX);
    wtl__wheel_add(&wheel, &timers[1], UINT64_MAX - 1);
    wtl__wheel_add(&wheel, &timers[2], UINT64_C(1) << 63);
    cr_assert_not(wtl__wheel_expire(&wheel, UINT64_MAX - 2, NO_LIMIT, &fired));
    cr_assert_eq(take_fired(), &timers[2]);
    cr_assert_null(take_fired());
    wtl__wheel_add(&wheel, &timers[2], 7);
    cr_assert_not(wtl__wheel_expire(&wheel, UINT64_MAX - 1, NO_LIMIT, &fired));
    cr_assert_eq(take_fired(), &timers[2]);
    cr_assert_eq(take_fired(), &timers[1]);
    cr_assert_not(wtl__wheel_expire(&wheel, UINT64_MAX, NO_LIMIT, &fired));
    cr_assert_eq(take_fired(), &timers[0]);
    cr_assert(wtl__wheel_is_empty(&wheel));
}

Test(wheel, X063_a_deadline_from_now_is_never_early_and_saturates)
{
    cr_assert_eq(wtl__deadline_ms(0, 0), 0);
    cr_assert_eq(wtl__deadline_ms(1, 0), 1);
    cr_assert_eq(wtl__deadline_ms(5 * WTL__NS_PER_MS, 10), 15);
    cr_assert_eq(wtl__deadline_ms(5 * WTL__NS_PER_MS + 1, 10), 16);
    cr_assert_eq(wtl__deadline_ms(UINT64_MAX, UINT64_MAX), WTL__WHEEL_NEVER);
    cr_assert_eq(wtl__deadline_ms(UINT64_MAX, 1), UINT64_MAX / WTL__NS_PER_MS + 2);
    cr_assert_eq(wtl__deadline_ms(0, UINT64_MAX - 1), UINT64_MAX - 1);
}

Test(wheel, removing_is_exact_wherever_the_timer_is)
{
    struct wtl__timer timers[4] = {{{0}, 0}};
    cr_assert_not(wtl__wheel_remove(&wheel, &timers[0]));
    wtl__wheel_add(&wheel, &timers[0], 2000000);
    cr_assert(wtl__wheel_remove(&wheel, &timers[0]));
    cr_assert(wtl__wheel_is_empty(&wheel));
    for (int i = 0; i < 3; i++) {
        wtl__wheel_add(&wheel, &timers[i], 1005);
    }
    wtl__wheel_add(&wheel, &timers[3], 900);
    cr_assert(wtl__wheel_remove(&wheel, &timers[3]));
    cr_assert(wtl__wheel_remove(&wheel, &timers[1]));
    cr_assert_eq(wtl__wheel_next_ms(&wheel), 1005);
    cr_assert_not(wtl__wheel_expire(&wheel, 1005, NO_LIMIT, &fired));
    cr_assert(wtl__wheel_remove(&wheel, &timers[0])); /* from the list that was filled */
    cr_assert_eq(take_fired(), &timers[2]);
    cr_assert_null(take_fired());
    cr_assert(wtl__wheel_is_empty(&wheel));
}

enum { MANY = 1000000, BATCH = 1024 };

/* Fires all that is due, in batches; asserts that none is larger than the limit. */
static uint32_t fire_in_batches(struct wtl__timer *timers, uint64_t now_ms, uint32_t *calls_out)
{
    uint32_t count = 0;
    bool is_more = true;
    while (is_more) {
        is_more = wtl__wheel_expire(&wheel, now_ms, BATCH, &fired);
        struct wtl__timer *timer;
        uint32_t batch = 0;
        while ((timer = take_fired()) != NULL) {
            cr_assert_leq(timer->deadline_ms, now_ms);
            cr_assert(timer >= timers && timer < timers + MANY);
            batch++;
        }
        cr_assert_leq(batch, BATCH);
        count += batch;
        (*calls_out)++;
        cr_assert_leq(*calls_out, 4 * MANY / BATCH);
    }
    return count;
}

Test(wheel, X064_a_million_timers_of_one_tick_come_in_bounded_batches)
{
    struct wtl__timer *timers = calloc(MANY, sizeof *timers);
    uint32_t calls = 0;
    cr_assert_not_null(timers);
    for (int i = 0; i < MANY; i++) {
        wtl__wheel_add(&wheel, &timers[i], 100000);
    }
    /* Not searched to its end: the answer is early, but not late. */
    cr_assert_leq(wtl__wheel_next_ms(&wheel), 100000);
    cr_assert_eq(fire_in_batches(timers, 99999, &calls), 0);
    cr_assert_eq(fire_in_batches(timers, 100000, &calls), MANY);
    cr_assert_geq(calls, MANY / BATCH);
    cr_assert(wtl__wheel_is_empty(&wheel));
    free(timers);
}

Test(wheel, X064_other_timers_are_added_and_removed_between_batches)
{
    enum { SOME = 10000 };
    static struct wtl__timer timers[SOME];
    struct wtl__timer beat = {0};
    uint32_t fired_count = 0;
    uint32_t beats = 0;
    for (int i = 0; i < SOME; i++) {
        wtl__wheel_add(&wheel, &timers[i], 70000 + (uint64_t)i % 3);
    }
    uint64_t now_ms = 70000;
    uint32_t removed = 0;
    wtl__wheel_add(&wheel, &beat, now_ms);
    while (!wtl__wheel_is_empty(&wheel) && beats < 1000) {
        (void)wtl__wheel_expire(&wheel, now_ms, 100, &fired);
        struct wtl__timer *timer;
        while ((timer = take_fired()) != NULL) {
            cr_assert_leq(timer->deadline_ms, now_ms);
            if (timer == &beat) {
                beats++;
            } else {
                fired_count++;
            }
        }
        if (removed < 2000) {
            for (uint32_t i = 0; i < 10; i++, removed++) {
                fired_count += wtl__wheel_remove(&wheel, &timers[SOME - 1 - removed]);
            }
        }
        now_ms++;
        if (!wtl__timer_is_added(&beat) && fired_count < SOME) {
            wtl__wheel_add(&wheel, &beat, now_ms);
        }
    }
    cr_assert_eq(fired_count, SOME);
    cr_assert_gt(beats, 1);
}

enum { TIMERS = 400, STEPS = 60000 };

/* The earliest deadline among the added timers. */
static uint64_t earliest(const struct wtl__timer *timers)
{
    uint64_t first_ms = WTL__WHEEL_NEVER;
    for (int i = 0; i < TIMERS; i++) {
        if (wtl__timer_is_added(&timers[i]) && timers[i].deadline_ms < first_ms) {
            first_ms = timers[i].deadline_ms;
        }
    }
    return first_ms;
}

Test(wheel, fires_as_a_sorted_array_would)
{
    static struct wtl__timer timers[TIMERS];
    static uint64_t added_at[TIMERS]; /* the number of the step */
    struct wtl__prng prng;
    uint64_t now_ms = wheel.now_ms;
    wtl__prng_init(&prng, 11);
    for (uint64_t step = 1; step < STEPS; step++) {
        size_t i = wtl__prng_below(&prng, TIMERS);
        if (wtl__timer_is_added(&timers[i])) {
            if (wtl__prng_below(&prng, 2) == 0) {
                cr_assert(wtl__wheel_remove(&wheel, &timers[i]));
            }
        } else {
            uint64_t span = UINT64_C(1) << wtl__prng_below(&prng, 24);
            wtl__wheel_add(&wheel, &timers[i], now_ms + wtl__prng_below(&prng, span) + 1);
            added_at[i] = step;
        }
        uint64_t next_ms = wtl__wheel_next_ms(&wheel);
        cr_assert_leq(next_ms, earliest(timers));
        if (wtl__prng_below(&prng, 8) == 0) {
            now_ms += wtl__prng_below(&prng, UINT64_C(1) << wtl__prng_below(&prng, 16));
            cr_assert_not(wtl__wheel_expire(&wheel, now_ms, NO_LIMIT, &fired));
            struct wtl__timer *timer;
            const struct wtl__timer *before = NULL;
            while ((timer = take_fired()) != NULL) {
                cr_assert_leq(timer->deadline_ms, now_ms);
                cr_assert(before == NULL || before->deadline_ms < timer->deadline_ms ||
                          (before->deadline_ms == timer->deadline_ms &&
                           added_at[before - timers] < added_at[timer - timers]));
                before = timer;
            }
            cr_assert_gt(earliest(timers), now_ms);
        }
    }
    wtl__wheel_take_all(&wheel, &fired);
    cr_assert(wtl__wheel_is_empty(&wheel));
    while (take_fired() != NULL) {
    }
    cr_assert_eq(earliest(timers), WTL__WHEEL_NEVER);
}
