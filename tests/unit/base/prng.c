/* prng.c - the generator gives the published numbers, and the draws stay in their bounds. */
#include "base/prng.h"

#include <criterion/criterion.h>

Test(prng, gives_the_published_numbers)
{
    struct wtl__prng prng;
    wtl__prng_init(&prng, 0);
    cr_assert_eq(prng.state[0], UINT64_C(0xe220a8397b1dcdaf));
    cr_assert_eq(prng.state[1], UINT64_C(0x6e789e6aa1b965f4));
    cr_assert_eq(prng.state[2], UINT64_C(0x06c45d188009454f));
    cr_assert_eq(prng.state[3], UINT64_C(0xf88bb8a8724c81ec));
    prng = (struct wtl__prng){.state = {1, 2, 3, 4}};
    cr_assert_eq(wtl__prng_next(&prng), 11520);
    cr_assert_eq(wtl__prng_next(&prng), 0);
    cr_assert_eq(wtl__prng_next(&prng), 1509978240);
    cr_assert_eq(wtl__prng_next(&prng), UINT64_C(1215971899390074240));
}

Test(prng, draws_stay_in_their_bounds)
{
    struct wtl__prng prng;
    uint32_t hits[7] = {0};
    wtl__prng_init(&prng, 3);
    for (int i = 0; i < 70000; i++) {
        uint64_t draw = wtl__prng_below(&prng, 7);
        cr_assert_lt(draw, 7);
        hits[draw]++;
    }
    for (int i = 0; i < 7; i++) {
        cr_assert(hits[i] > 9500 && hits[i] < 10500, "%d came %u times", i, hits[i]);
    }
    uint64_t above_half = 0;
    const uint64_t bound = (UINT64_C(1) << 63) + 1; /* the worst case for drawing again */
    for (int i = 0; i < 10000; i++) {
        uint64_t draw = wtl__prng_below(&prng, bound);
        cr_assert_lt(draw, bound);
        above_half += draw > bound / 2;
        cr_assert_eq(wtl__prng_below(&prng, 1), 0);
        draw = wtl__prng_between(&prng, 10, 12);
        cr_assert(draw >= 10 && draw <= 12);
    }
    cr_assert(above_half > 4700 && above_half < 5300);
    (void)wtl__prng_between(&prng, 0, UINT64_MAX);
    cr_assert_eq(wtl__prng_between(&prng, UINT64_MAX, UINT64_MAX), UINT64_MAX);
}
