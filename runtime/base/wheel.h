/*
 * wheel.h - deadlines of a millisecond's resolution: eleven wheels of 64 slots, one per six bits.
 *
 * A timer is in the slot of the highest six-bit digit in which its deadline differs from the
 * wheel's own time, so that any 64-bit deadline has a place and nothing ever wraps. Adding and
 * removing are O(1); a timer moves down at most ten times in its life. Timers of one millisecond
 * come out in the order they were added, as long as no batch limit cut between them.
 *
 * Thread: one at a time; a worker has its own wheel.
 * Owns:   nothing. A timer lives in its user's memory, which must not go while the timer is added.
 * Bounds: wtl__wheel_expire does at most `max` steps (a timer fired or moved down) per call.
 */
#ifndef WTL_BASE_WHEEL_H
#define WTL_BASE_WHEEL_H

#include <stdbool.h>
#include <stdint.h>

#include "base/clock.h"
#include "base/list.h"

enum {
    WTL__WHEEL_BITS = 6,
    WTL__WHEEL_SLOTS = 1 << WTL__WHEEL_BITS,
    WTL__WHEEL_LEVELS = 11, /* 66 bits: all of a 64-bit time */
};

#define WTL__WHEEL_NEVER UINT64_MAX

/* All zero is a timer that is not added. Timers are embedded in what they belong to. */
struct wtl__timer {
    struct wtl__link link; /* in a slot, or in the list that wtl__wheel_expire filled */
    uint64_t deadline_ms;
};

struct wtl__wheel {
    uint64_t now_ms; /* never goes back; each timer in a slot is due later than this */
    uint64_t occupied[WTL__WHEEL_LEVELS];
    struct wtl__list due;    /* to be handed out */
    struct wtl__list moving; /* a slot whose time has come, on its way down */
    struct wtl__list slots[WTL__WHEEL_LEVELS][WTL__WHEEL_SLOTS];
};

void wtl__wheel_init(struct wtl__wheel *wheel, uint64_t now_ms);

/* Adds a timer that is not added. A deadline that has passed is due at the next wtl__wheel_expire,
 * once. */
void wtl__wheel_add(struct wtl__wheel *wheel, struct wtl__timer *timer, uint64_t deadline_ms);

/* Removes a timer, also from the list that wtl__wheel_expire filled; one that is not added stays as
 * it is. True when it was added. */
bool wtl__wheel_remove(struct wtl__wheel *wheel, struct wtl__timer *timer);

static inline bool wtl__timer_is_added(const struct wtl__timer *timer)
{
    return wtl__link_is_in(&timer->link);
}

/* Moves the time on to `now_ms` and appends timers whose deadline is `now_ms` or earlier to
 * `fired_out`, oldest first; take each out of that list before it is used again. A time before the
 * one of the last call changes nothing.
 * Bounds: at most `max` steps, 1 or more. True: more is due, call again with the next turn. */
bool wtl__wheel_expire(struct wtl__wheel *wheel, uint64_t now_ms, uint32_t max,
                       struct wtl__list *fired_out);

/* When wtl__wheel_expire should be called next: never after the first deadline, and at times before
 * it, because a slot of many timers is not searched. 0 when something is due already,
 * WTL__WHEEL_NEVER when there is no timer. */
uint64_t wtl__wheel_next_ms(const struct wtl__wheel *wheel);

bool wtl__wheel_is_empty(const struct wtl__wheel *wheel);

/* Empties the wheel into `left_out`, for whoever ends it. O(slots + 1). */
void wtl__wheel_take_all(struct wtl__wheel *wheel, struct wtl__list *left_out);

/* The first millisecond that is not before now_ns + delay_ms: a timer of that deadline is never
 * early. Saturates at WTL__WHEEL_NEVER. */
static inline uint64_t wtl__deadline_ms(uint64_t now_ns, uint64_t delay_ms)
{
    uint64_t now_ms = now_ns / WTL__NS_PER_MS + (now_ns % WTL__NS_PER_MS != 0);
    return delay_ms < WTL__WHEEL_NEVER - now_ms ? now_ms + delay_ms : WTL__WHEEL_NEVER;
}

#endif
