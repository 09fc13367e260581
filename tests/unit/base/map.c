/* map.c - the hash map, beside a plain array that does the same slowly. */
#include "base/map.h"

#include <criterion/criterion.h>
#include <string.h>

#include "base/prng.h"

enum { KEYS = 600, STEPS = 200000 };

static int values[KEYS];

static uint64_t high_of(uint64_t key)
{
    return key % 7;
}

/* Takes all entries out one by one and counts them. */
static uint32_t empty(struct wtl__map *map)
{
    struct wtl__map_entry entry;
    uint32_t cursor = 0;
    uint32_t taken = 0;
    while (wtl__map_take_any(map, &cursor, &entry)) {
        taken++;
    }
    cr_assert_eq(map->count, 0);
    return taken;
}

Test(map, does_what_an_array_does)
{
    struct wtl__map map;
    struct wtl__prng prng;
    bool is_in[KEYS] = {false};
    uint32_t count = 0;
    wtl__map_init(&map, KEYS, 42);
    wtl__prng_init(&prng, 1);
    for (int step = 0; step < STEPS; step++) {
        uint64_t key = wtl__prng_below(&prng, KEYS);
        /* Phases of growth and of decay, so that the table is resized both ways. */
        if (wtl__prng_below(&prng, 100) < (step / 5000 % 2 == 0 ? 70U : 25U)) {
            enum wtl_status status = wtl__map_put(&map, high_of(key), key, &values[key]);
            cr_assert_eq(status, is_in[key] ? WTL_EXISTS : WTL_OK);
            count += !is_in[key];
            is_in[key] = true;
        } else {
            void *value = wtl__map_remove(&map, high_of(key), key);
            cr_assert_eq(value, is_in[key] ? &values[key] : NULL);
            count -= is_in[key];
            is_in[key] = false;
        }
        uint64_t other = wtl__prng_below(&prng, KEYS);
        cr_assert_eq(wtl__map_get(&map, high_of(other), other),
                     is_in[other] ? &values[other] : NULL);
        cr_assert_null(wtl__map_get(&map, high_of(other) + 1, other));
        if (is_in[other]) {
            wtl__map_replace(&map, high_of(other), other, &map);
            cr_assert_eq(wtl__map_get(&map, high_of(other), other), &map);
            wtl__map_replace(&map, high_of(other), other, &values[other]);
        }
        cr_assert_eq(map.count, count);
    }
    struct wtl__map_entry entry;
    uint32_t cursor = 0;
    uint32_t seen = 0;
    while (wtl__map_next(&map, &cursor, &entry)) {
        cr_assert(is_in[entry.low]);
        cr_assert_eq(entry.value, &values[entry.low]);
        cr_assert_eq(entry.high, high_of(entry.low));
        is_in[entry.low] = false;
        seen++;
    }
    cr_assert_eq(seen, count);
    cr_assert_eq(empty(&map), count);
    wtl__map_deinit(&map);
}

Test(map, is_bounded_and_says_so)
{
    struct wtl__map map;
    wtl__map_init(&map, 3, 1);
    cr_assert_null(wtl__map_get(&map, 1, 1));
    cr_assert_null(wtl__map_remove(&map, 1, 1));
    for (uint64_t i = 0; i < 3; i++) {
        cr_assert_eq(wtl__map_put(&map, 0, i, &values[i]), WTL_OK);
    }
    cr_assert_eq(wtl__map_put(&map, 0, 3, &values[3]), WTL_FULL);
    cr_assert_eq(wtl__map_put(&map, 0, 2, &values[3]), WTL_EXISTS);
    cr_assert_eq(wtl__map_get(&map, 0, 2), &values[2]);
    wtl__map_deinit(&map);
    cr_assert_eq(map.count, 0);
    cr_assert_eq(wtl__map_put(&map, 0, 3, &values[3]), WTL_OK);
    wtl__map_deinit(&map);
}

Test(map, grows_to_many_and_shrinks_again)
{
    enum { MANY = 100000 };
    struct wtl__map map;
    wtl__map_init(&map, MANY, 7);
    for (uint64_t i = 0; i < MANY; i++) {
        cr_assert_eq(wtl__map_put(&map, i << 40, i, &values[0]), WTL_OK);
    }
    uint32_t grown = map.capacity;
    cr_assert_leq(grown, 4 * MANY);
    for (uint64_t i = 0; i < MANY - 10; i++) {
        cr_assert_eq(wtl__map_remove(&map, i << 40, i), &values[0]);
    }
    cr_assert_leq(map.capacity, 128);
    for (uint64_t i = MANY - 10; i < MANY; i++) {
        cr_assert_eq(wtl__map_get(&map, i << 40, i), &values[0]);
    }
    cr_assert_eq(empty(&map), 10);
    wtl__map_deinit(&map);
}

Test(map, churn_leaves_no_tombstones)
{
    struct wtl__map map;
    wtl__map_init(&map, 100, 9);
    for (uint64_t i = 0; i < 300000; i++) {
        cr_assert_eq(wtl__map_put(&map, i, i * i, &values[0]), WTL_OK);
        if (i >= 20) {
            cr_assert_eq(wtl__map_remove(&map, i - 20, (i - 20) * (i - 20)), &values[0]);
        }
        cr_assert_leq(map.capacity, 64);
    }
    wtl__map_deinit(&map);
}
