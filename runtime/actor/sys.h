/*
 * sys.h - what the runtime's own files need of <wattle/sys.h>: asking, and the places in an actor's
 * life where something of it happens.
 *
 * Thread: the holder of the run token, of the asker and then of the actor.
 */
#ifndef WTL_ACTOR_SYS_H
#define WTL_ACTOR_SYS_H

#include <wattle/sys.h>

#include "actor/runtime.h"

/* wtl_api.sys. `argument`: of REPLACE the state, of TRACE the count; consumed. */
uint64_t wtl__sys_ask(struct wtl_ctx *x, struct wtl_pid to, int verb, struct wtl_writer *argument,
                      const struct wtl_call_options *options);

/* ---- for run.c, deliver.c and life.c --------------------------------------------------------- */

/* Answers what has to run in the actor's own functions (flag WTL__CELL_ASKED). */
void wtl__sys_serve(struct wtl__ctx *x, struct wtl__cell *cell);
/* An upgrade holds it no more, while which none of its functions runs: what was asked meanwhile is
 * answered now. */
void wtl__sys_go_on(struct wtl__cell *cell);
/* An actor is going to handle the head of its queue, and is traced perhaps; a traced one sends. */
void wtl__trace_in(struct wtl__ctx *x, struct wtl__cell *cell);
void wtl__trace_out(struct wtl__ctx *x, struct wtl_pid to, const struct wtl__envelope *envelope);
/* Of an actor whose statistics somebody has asked for: it has sent so many. */
void wtl__sys_sent(struct wtl__cell *cell, uint32_t count);
/* The actor has ended: whoever waits hears of it. */
void wtl__sys_end(struct wtl__ctx *x, struct wtl__cell *cell);

/* ---- actors whose functions run elsewhere: sys_far.c ----------------------------------------- */

/* A tie (WTL__TIE_FAR) of such an actor. What its functions must see of a question is asked there,
 * one question at a time, and answered by wtl__sys_answered; the others wait here. Whoever made the
 * tie owns it; it goes with the actor. */
struct wtl__far {
    struct wtl__envelope tie;
    /* Asks it. `argument` is of REPLACE and TRACE, NULL otherwise. */
    void (*ask)(struct wtl__far *far, struct wtl__ctx *x, enum wtl_sys_verb verb,
                const struct wtl_msg *argument);
};

/* NULL: its functions run here. */
struct wtl__far *wtl__far_of(const struct wtl__cell *cell);

struct wtl__far_answer {
    enum wtl_status status;
    uint32_t away;   /* of the messages that it was given, so many are not handled yet */
    uint64_t memory; /* bytes that it has there */
    const struct wtl_msg *body;
};

/* A function of the actor begins to handle that there: a trace says so, if somebody traces it. */
void wtl__trace_far(struct wtl__ctx *x, struct wtl__cell *cell, enum wtl_trace_kind kind,
                    const struct wtl_msg *message);

/* The answer to what was asked last. It must be one value of msgpack, or nothing. */
void wtl__sys_answered(struct wtl__ctx *x, struct wtl__cell *cell,
                       const struct wtl__far_answer *answer);

#endif
