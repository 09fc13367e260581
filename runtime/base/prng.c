/*
 * prng.c - xoshiro256** 1.0 and splitmix64, by their published definitions (Blackman and Vigna).
 */
#include "base/prng.h"

#include "base/attr.h"
#include "base/wide.h"

static uint64_t splitmix(uint64_t *state)
{
    uint64_t z = *state += UINT64_C(0x9e3779b97f4a7c15);
    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
}

static uint64_t rotate(uint64_t x, int bits)
{
    return (x << bits) | (x >> (64 - bits));
}

void wtl__prng_init(struct wtl__prng *prng, uint64_t seed)
{
    for (int i = 0; i < 4; i++) {
        prng->state[i] = splitmix(&seed);
    }
}

uint64_t wtl__prng_next(struct wtl__prng *prng)
{
    uint64_t *s = prng->state;
    uint64_t result = rotate(s[1] * 5, 7) * 9;
    uint64_t shifted = s[1] << 17;
    s[2] ^= s[0];
    s[3] ^= s[1];
    s[1] ^= s[2];
    s[0] ^= s[3];
    s[2] ^= shifted;
    s[3] = rotate(s[3], 45);
    return result;
}

uint64_t wtl__prng_below(struct wtl__prng *prng, uint64_t bound)
{
    WTL_ASSERT(bound >= 1);
    /* The high word of bound * x is the draw. A low word under 2^64 mod bound belongs to the draws
     * that would come once too often; such an x is drawn again, half the time at the very worst. */
    struct wtl__wide product = wtl__wide_product(wtl__prng_next(prng), bound);
    if (product.low < bound) {
        uint64_t excess = (0 - bound) % bound;
        while (product.low < excess) {
            product = wtl__wide_product(wtl__prng_next(prng), bound);
        }
    }
    return product.high;
}

uint64_t wtl__prng_between(struct wtl__prng *prng, uint64_t low, uint64_t high)
{
    WTL_ASSERT(low <= high);
    if (high - low == UINT64_MAX) {
        return wtl__prng_next(prng);
    }
    return low + wtl__prng_below(prng, high - low + 1);
}
