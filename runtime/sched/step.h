/*
 * step.h - a host that runs everything on the calling thread, from a seed, in virtual time.
 *
 * Each step runs one runnable actor for a few messages; which one and how many is drawn from the
 * seed. When nothing is runnable, time moves to the next deadline. The same seed gives the same
 * run. Blocking work is run when it is drawn, file descriptors cannot be watched.
 *
 * Thread: one. Owns: the runtime that it hosts.
 */
#ifndef WTL_SCHED_STEP_H
#define WTL_SCHED_STEP_H

#include "actor/runtime.h"

struct wtl__step {
    struct wtl__runtime runtime;
    struct wtl__ctx x;
    struct wtl__prng choice; /* who runs next; apart from the actors' own numbers */
    struct wtl__wheel wheel;
    uint64_t now_ns;
    struct wtl__cell **ready;
    uint32_t ready_count;
    uint32_t ready_capacity;
    struct wtl__work **works;
    uint32_t works_count;
    uint32_t works_capacity;
    uint64_t steps;
    uint64_t trace; /* a hash of who ran: equal for equal seeds */
};

enum wtl_status wtl__step_init(struct wtl__step *step, uint64_t node, uint64_t seed) WTL_MUST_USE;
/* Kills every actor that is left, runs until all have ended, and frees everything. */
void wtl__step_deinit(struct wtl__step *step);

/* Runs one actor or piece of work. False: nothing is runnable now. */
bool wtl__step_one(struct wtl__step *step);

/* Runs until nothing is runnable now; time stands still. Asserts after `steps_max` steps. */
#define WTL__STEP_MANY 10000000u
void wtl__step_settle(struct wtl__step *step);

/* Settles, and then moves time on by `ms`, settling at each deadline on the way. */
void wtl__step_advance(struct wtl__step *step, uint64_t ms);

/* Moves time to the earliest deadline, unless that is after `end_ns`, and fires what is due then;
 * runs nothing. False: there is none so soon. */
bool wtl__step_fire(struct wtl__step *step, uint64_t end_ns);

/* The earliest deadline in milliseconds; WTL__WHEEL_NEVER without one. */
uint64_t wtl__step_deadline(const struct wtl__step *step);

/* Actors that live. */
uint32_t wtl__step_live(const struct wtl__step *step);

#endif
