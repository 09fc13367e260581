/*
 * turns.h - several threads of which one runs at a time; a seed says which, at each point.
 *
 * The runtime's real code runs on real threads, but each waits for its turn. A turn may end at each
 * atomic access and each lock (hook.h), and wherever a thread would sleep (seams.c). Time is a
 * number here: each look at the clock moves it on a little, in half of the seeds it leaps at times,
 * as if a thread had not been run for long, and when everybody sleeps it jumps to the first
 * deadline.
 *
 * Who is next is drawn in one of two ways, by the seed. Walk: at random, on average each so many
 * points. Ranks (PCT: Burckhardt and others, "A randomized scheduler with probabilistic guarantees
 * of finding bugs"): each thread has a random rank, the highest that can run does, and at a few
 * random points who runs falls behind all others. A bug that takes d switches at certain places
 * is found by the second with a probability that does not fall with the number of threads or points
 * as steeply as by the first; the first is better at what takes many switches.
 *
 * What it finds by itself: that everybody sleeps for ever, or that time must move on although an
 * actor waits in a queue (a lost wake-up, whatever would repair it later), and a run without end.
 *
 * Thread: any that has a turn; turns_begin and turns_end the one that becomes and was the first.
 */
#ifndef WTL_TESTS_EXPLORE_TURNS_H
#define WTL_TESTS_EXPLORE_TURNS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/attr.h"

enum turns_way { TURNS_WALK, TURNS_RANKS };

/* The calling thread has the first turn. `what` is for reports. */
void turns_begin(uint64_t seed, enum turns_way way, const char *what);
/* All other threads have ended. Returns a hash of all turns: equal seeds give equal ones. */
uint64_t turns_end(void);

/* Another thread may have its turn. */
void turns_point(void);
/* The same with certainty, when anyone else can run. */
void turns_yield(void);
/* A number below `bound`, from the seed. */
uint64_t turns_draw(uint64_t bound);

/* A new thread, and the end of one. */
void turns_thread(unsigned *id_out, void *(*body)(void *argument), void *argument);
void turns_join(unsigned id);

/* Waits until turns_wake with that token, or until the virtual time; UINT64_MAX: no time. */
void turns_wait(const void *token, uint64_t until_ns, const char *what);
void turns_wake(const void *token);
/* Waits until the condition is true. */
void turns_until(bool (*is_true)(void *context), void *context, const char *what);

/* Virtual time; each look moves it on. */
uint64_t turns_now_ns(void);

/* What must never be true when all sleep: NULL, or a text that says what is wrong. */
void turns_when_idle(const char *(*check)(void *context), void *context);

/* Prints what was found, and how to see it again; ends the process with 1. */
__attribute__((noreturn, format(printf, 1, 2))) void turns_fail(const char *format, ...);

/* What the test expects. */
#define TURNS_EXPECT(condition, ...)                                                               \
    do {                                                                                           \
        if (!(condition)) {                                                                        \
            turns_fail(__VA_ARGS__);                                                               \
        }                                                                                          \
    } while (0)

/* Points of the last run, for statistics. */
uint64_t turns_points(void);

#endif
