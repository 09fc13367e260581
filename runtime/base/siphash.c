/* siphash.c - see siphash.h. */
#include "base/siphash.h"

#include <string.h>

struct state {
    uint64_t v0;
    uint64_t v1;
    uint64_t v2;
    uint64_t v3;
};

static inline uint64_t rotate(uint64_t word, unsigned bits)
{
    return word << bits | word >> (64 - bits);
}

static inline uint64_t load_little(const uint8_t *at)
{
    uint64_t word;
    memcpy(&word, at, sizeof word);
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
    return word;
#else
    return __builtin_bswap64(word);
#endif
}

static inline void sip_round(struct state *s)
{
    s->v0 += s->v1;
    s->v1 = rotate(s->v1, 13) ^ s->v0;
    s->v0 = rotate(s->v0, 32);
    s->v2 += s->v3;
    s->v3 = rotate(s->v3, 16) ^ s->v2;
    s->v0 += s->v3;
    s->v3 = rotate(s->v3, 21) ^ s->v0;
    s->v2 += s->v1;
    s->v1 = rotate(s->v1, 17) ^ s->v2;
    s->v2 = rotate(s->v2, 32);
}

static inline void take_word(struct state *s, uint64_t word)
{
    s->v3 ^= word;
    sip_round(s);
    s->v0 ^= word;
}

uint64_t wtl__siphash(const struct wtl__siphash_key *key, const void *bytes, size_t size)
{
    const uint8_t *at = bytes;
    uint8_t last[8] = {0};
    struct state s = {.v0 = key->word[0] ^ UINT64_C(0x736f6d6570736575),
                      .v1 = key->word[1] ^ UINT64_C(0x646f72616e646f6d),
                      .v2 = key->word[0] ^ UINT64_C(0x6c7967656e657261),
                      .v3 = key->word[1] ^ UINT64_C(0x7465646279746573)};
    for (size_t left = size / 8; left > 0; left--) {
        take_word(&s, load_little(at));
        at += 8;
    }
    for (size_t i = 0; i < size % 8; i++) {
        last[i] = at[i];
    }
    last[7] = (uint8_t)size;
    take_word(&s, load_little(last));
    s.v2 ^= 0xff;
    sip_round(&s);
    sip_round(&s);
    sip_round(&s);
    return s.v0 ^ s.v1 ^ s.v2 ^ s.v3;
}
