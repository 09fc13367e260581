/*
 * wide.h - the 128-bit product of two 64-bit numbers, by 32-bit arithmetic: not every target has a
 * type of 128 bits. Pure. Thread: any.
 */
#ifndef WTL_BASE_WIDE_H
#define WTL_BASE_WIDE_H

#include <stdint.h>

struct wtl__wide {
    uint64_t high;
    uint64_t low;
};

static inline struct wtl__wide wtl__wide_product(uint64_t x, uint64_t y)
{
    uint64_t x_low = (uint32_t)x;
    uint64_t x_high = x >> 32;
    uint64_t y_low = (uint32_t)y;
    uint64_t y_high = y >> 32;
    uint64_t lows = x_low * y_low;
    uint64_t cross = x_high * y_low;
    /* at most (2^32 - 1)^2 + 2 * (2^32 - 1), which is 2^64 - 1: no carry is lost */
    uint64_t middle = x_low * y_high + (uint32_t)cross + (lows >> 32);
    return (struct wtl__wide){.high = x_high * y_high + (cross >> 32) + (middle >> 32),
                              .low = middle << 32 | (uint32_t)lows};
}

#endif
