/*
 * every_end.h - the actors of every_end.c, and what a test sees of them.
 *
 * Thread: the test's. Owns: one kit, and the actors in it.
 */
#ifndef WTL_TESTS_ACTOR_EVERY_END_H
#define WTL_TESTS_ACTOR_EVERY_END_H

#include "base/prng.h"
#include "kit.h"

enum { EVERY_ACTORS = 7, EVERY_TYPES = 5, EVERY_ASKS_MAX = 4096 };

/* One question of one of them. */
struct every_ask {
    uint64_t life; /* of the asker */
    uint64_t request;
    uint32_t who;
    uint32_t answers;
    bool given_up;
    bool for_ever;
};

struct every_settings {
    uint32_t who;
};

extern struct wtl__prng every_prng;
extern struct every_ask every_asks[EVERY_ASKS_MAX];
extern uint32_t every_asks_count;
extern struct wtl_pid every_pids[EVERY_ACTORS];
extern bool every_is_over; /* nothing more is begun */
extern const struct wtl_actor *const every_types[EVERY_TYPES];

uint32_t every_below(uint32_t bound);
bool every_once_in(uint32_t n);
struct wtl_reason every_reason(void);
/* Nobody has asked anything. */
void every_begin(uint64_t seed);

#endif
