/*
 * sys_private.h - what is remembered of an actor that somebody looks into; shared by sys.c,
 * sys_far.c and trace.c. It is made when it is first needed, and goes with the actor.
 *
 * Thread: the holder of the run token.
 */
#ifndef WTL_ACTOR_SYS_PRIVATE_H
#define WTL_ACTOR_SYS_PRIVATE_H

#include "actor/sys.h"

/* One thing that is asked, on its way and until it is answered. */
struct wtl__question {
    struct wtl__control control;
    struct wtl__question *next;
    enum wtl_sys_verb verb;
    bool is_far; /* asked where the actor's functions run, and not answered yet */
    struct wtl_pid asker;
    uint64_t request;
    struct wtl__envelope *argument;
};

struct wtl__sys {
    struct wtl__question *asked; /* oldest first */
    uint64_t sent;               /* since statistics were asked for */
    uint64_t asked_ns;           /* when they were last, 0: never; and what they were then */
    uint64_t handled_then;
    uint64_t sent_then;
    struct wtl_pid tracer; /* none: nobody */
    uint64_t trace_left;
};

/* NULL when memory is exhausted. */
struct wtl__sys *wtl__sys_of(struct wtl__cell *cell);

/* Answers it, and frees it. Owns: takes both. */
void wtl__question_answer(struct wtl__ctx *x, struct wtl__question *question,
                          enum wtl_status status, struct wtl__envelope *body);

/* Answers statistics; `away` messages of those that it was given are with its functions yet, which
 * have `memory` bytes. */
void wtl__sys_statistics(struct wtl__ctx *x, struct wtl__cell *cell, struct wtl__question *question,
                         uint32_t away, uint64_t memory);

enum wtl_status wtl__trace_set(struct wtl__ctx *x, struct wtl__cell *cell, struct wtl_pid tracer,
                               uint64_t count);
/* Tells the tracer that it is over, if there is one. */
void wtl__trace_end(struct wtl__ctx *x, struct wtl__cell *cell);

#endif
