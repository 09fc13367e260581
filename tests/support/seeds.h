/*
 * seeds.h - how many seeds a test runs through: its usual number, or so many times that as the
 * environment says in WTL_SEEDS_TIMES, which --full does.
 */
#ifndef WTL_TESTS_SUPPORT_SEEDS_H
#define WTL_TESTS_SUPPORT_SEEDS_H

#include <stdint.h>
#include <stdlib.h>

static inline uint64_t test_seeds(uint64_t usual)
{
    static uint64_t times;
    if (times == 0) {
        const char *text = getenv("WTL_SEEDS_TIMES");
        times = text != NULL ? strtoull(text, NULL, 10) : 0;
        times = times == 0 ? 1 : times;
    }
    return usual * times;
}

#endif
