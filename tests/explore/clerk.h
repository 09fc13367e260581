/*
 * clerk.h - the actor of the scene of upgrades, in two versions that do the same, and what its
 * clerks and the scene have in common.
 *
 * A clerk takes "n" (whose number, and the how-manieth, see clerk_number), "ask" (it asks another
 * one), "question" (mostly answered) and "end".
 *
 * Thread: the one that has the turn.
 */
#ifndef WTL_TESTS_EXPLORE_CLERK_H
#define WTL_TESTS_EXPLORE_CLERK_H

#include "scene.h"

enum {
    CLERKS = 12,
    CLERKS_STEADY = 2, /* the first ones, which live until the end, and are asked */
    CLERK_SOURCES = 3, /* of numbers */
};

struct clerk_office {
    uint64_t version; /* the one that was decided */
    struct wtl_pid clerks[CLERKS];
    bool inside[CLERKS];
    unsigned begun;
    unsigned came[CLERKS]; /* numbers */
    unsigned asked;
    unsigned answered;
    unsigned bad; /* the clerk that lets an upgrade fail: its number + 1 */
    bool bad_save;
};

extern struct clerk_office clerk_office;
extern const struct wtl_actor clerk_1;
extern const struct wtl_actor clerk_2;

static inline uint64_t clerk_number(unsigned source, uint64_t number)
{
    return (uint64_t)source << 32 | number;
}

#endif
