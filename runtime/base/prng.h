/*
 * prng.h - pseudo-random numbers from a seed: the same on every machine and compiler.
 *
 * xoshiro256**, seeded by splitmix64. For jitter, sampling and seeded schedules; never for keys,
 * tokens or anything that a peer must not guess.
 *
 * Thread: one at a time per generator.
 */
#ifndef WTL_BASE_PRNG_H
#define WTL_BASE_PRNG_H

#include <stdint.h>

struct wtl__prng {
    uint64_t state[4]; /* never all zero */
};

/* Any seed is good, 0 too. */
void wtl__prng_init(struct wtl__prng *prng, uint64_t seed);

/* 64 random bits. */
uint64_t wtl__prng_next(struct wtl__prng *prng);

/* A number from 0 to bound - 1, each as likely as the other. Bounds: bound is 1 or more. */
uint64_t wtl__prng_below(struct wtl__prng *prng, uint64_t bound);

/* A number from low to high, both included. Bounds: low <= high. */
uint64_t wtl__prng_between(struct wtl__prng *prng, uint64_t low, uint64_t high);

#endif
