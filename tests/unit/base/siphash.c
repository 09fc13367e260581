/* siphash.c - the numbers that others' SipHash-1-3 gives, for a key of zeros. */
#include "base/siphash.h"

#include <criterion/criterion.h>
#include <string.h>

Test(siphash, gives_what_others_give)
{
    /* CPython 3.11 with PYTHONHASHSEED=0: hash(bytes(range(size))) */
    static const struct {
        size_t size;
        uint64_t hash;
    } known[] = {
        {1, UINT64_C(0x68a914128e01e473)},  {3, UINT64_C(0x4d4c9a4a8ef6e0ad)},
        {7, UINT64_C(0x2f098ab0c751325a)},  {8, UINT64_C(0xead411e67ebe2eea)},
        {9, UINT64_C(0x75927f9d95124362)},  {15, UINT64_C(0xf30eb725bb91c9ea)},
        {16, UINT64_C(0x8972188433a5c5b7)}, {17, UINT64_C(0x4883c49a2c009c1d)},
        {63, UINT64_C(0x385d3e39e5f37359)},
    };
    static const struct wtl__siphash_key zeros;
    uint8_t bytes[64];
    for (size_t i = 0; i < sizeof bytes; i++) {
        bytes[i] = (uint8_t)i;
    }
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
        cr_assert_eq(wtl__siphash(&zeros, bytes, known[i].size), known[i].hash);
    }
}

/* Ids that begin alike, as those of one second do, and ids that are counted. */
Test(siphash, OW07_ids_that_look_alike_are_spread)
{
    enum { IDS = 65536, SHARDS = 256 };
    static unsigned counts[SHARDS];
    struct wtl__siphash_key key = {{1, 2}};
    uint8_t id[16] = {0x01, 0x93, 0x4f, 0x2a, 0x77, 0x00, 0x70, 0x00};
    memset(counts, 0, sizeof counts);
    for (uint32_t i = 0; i < IDS; i++) {
        memcpy(id + 12, &i, sizeof i);
        counts[wtl__siphash(&key, id, sizeof id) % SHARDS]++;
    }
    for (unsigned i = 0; i < SHARDS; i++) { /* 256 each, give or take six standard deviations */
        cr_assert(counts[i] > 160 && counts[i] < 352, "%u in one of them", counts[i]);
    }
}

Test(siphash, depends_on_each_bit_of_the_key)
{
    for (unsigned bit = 0; bit < 128; bit++) {
        struct wtl__siphash_key key = {{0, 0}};
        uint64_t without = wtl__siphash(&key, "abc", 3);
        key.word[bit / 64] ^= UINT64_C(1) << bit % 64;
        cr_assert_neq(wtl__siphash(&key, "abc", 3), without);
    }
}
