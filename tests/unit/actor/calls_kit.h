/*
 * calls_kit.h - a caller, a callee that does with a call what its mode says, and a third actor.
 *
 * Thread: the test's. Owns: the one kit and the three puppets, until calls_end.
 */
#ifndef WTL_TESTS_ACTOR_CALLS_KIT_H
#define WTL_TESTS_ACTOR_CALLS_KIT_H

#include "kit.h"

enum { SEEDS = 100 };

/* What a callee does with a call. */
enum mode { REPLY, REPLY_TWICE, REPLY_ERROR, DEFER, HAND_ON, STOP, NOTHING };

extern struct kit kit;
extern struct kit_puppet caller;
extern struct kit_puppet callee;
extern struct kit_puppet third; /* answers what was handed on */
extern enum mode mode;
extern uint64_t request; /* of the last call */

#define CRASH WTL_REASON(WTL_EXIT_ERROR, "crash")

void calls_begin(uint64_t seed, enum mode with);
/* Ends the kit; everything that a call has made must be gone by then. */
void calls_end(void);

/* The caller calls `to`; 0 is the default deadline. Held: it handles nothing else meanwhile. */
void calls_call(struct wtl_pid to, uint32_t deadline_ms);
void calls_call_held(struct wtl_pid to, uint32_t deadline_ms);
/* The callee answers what it has deferred. */
void calls_reply(uint64_t number);

/* The one answer that has come; it must have that status. */
const struct kit_event *calls_answered(enum wtl_status status);

#endif
