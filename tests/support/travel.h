/*
 * travel.h - between the nodes of a test whose wire passes on envelopes as they are: each node has
 * a clock of its own, so that the deadline of a call goes as the time that is left of it.
 */
#ifndef WTL_TESTS_SUPPORT_TRAVEL_H
#define WTL_TESTS_SUPPORT_TRAVEL_H

#include "sched/step.h"

static inline void test_travel(struct wtl__envelope *envelope, const struct wtl__step *from,
                               const struct wtl__step *to)
{
    if (envelope->msg.kind_ == WTL__CALL && wtl__has_until(envelope)) {
        uint64_t from_ms = from->now_ns / WTL__NS_PER_MS;
        uint64_t left_ms = wtl__until(envelope, from_ms) - from_ms;
        wtl__until_put(envelope, to->now_ns / WTL__NS_PER_MS + left_ms);
    }
}

#endif
