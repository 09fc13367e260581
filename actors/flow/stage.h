/*
 * stage.h - a user's actor as a stage of a flow: the behaviour that is put around it.
 *
 * The wrapper is an actor like any other. What the flow's protocol sends it keeps for itself; what
 * a producer behind or before it has emitted it gives to the user's `handle` as a plain message;
 * and everything else goes to the user's functions as it is. While one of them runs, x->stage is
 * set, and x->api is a table of the wrapper's own: answers come to functions that the user's code
 * has named, around the wrapper, and so calls are made through it.
 *
 * Thread: the stage's. Owns: all of it is the actor's memory, and goes with it: what was not
 * acknowledged then is sent again by its source.
 * Bounds: inputs by the window of in.h; outputs that wait by WTL_FLOW_CHILDREN_MAX, because no
 * message is handled while any of them waits.
 */
#ifndef WTL_FLOW_STAGE_H
#define WTL_FLOW_STAGE_H

#include <wattle/around.h>

#include "flow/input.h"

/* An output that waits for credit. */
struct wtl_output {
    struct wtl_output *next;
    uint64_t input;
    uint32_t arrow;
    struct wtl_flow_data data;
    uint8_t bytes[];
};

/* A message of the flow that the user keeps: what it holds, and the one that this is a part of. */
struct wtl_kept {
    struct wtl_kept *next;
    struct wtl_msg view;
    const struct wtl_msg *whole;
};

/* Of a producer: what its outbox allows, and what was sent to it by this link. */
struct wtl_room {
    uint64_t link;
    uint64_t messages; /* allowed, in all */
    uint64_t bytes;
    uint64_t sent;
    uint64_t sent_bytes;
    bool refused; /* wtl_emit has refused one, or has never been possible: "flow_ready" is owed */
};

struct wtl_running {
    struct wtl_stage pub; /* first: x->stage points at it */
    struct wtl_joint joint;
    const struct wtl_api *base;
    struct wtl_api table;
    struct wtl_inside user; /* what runs inside, another version of the spec's perhaps */
    bool ready;             /* the user's init is over */
    struct wtl_inputs inputs;
    struct wtl_input_queue waiting;
    struct wtl_input *current;   /* whose handler runs */
    struct wtl_msg view;         /* what it was given, */
    const struct wtl_msg *whole; /* and the message that this is a part of */
    struct wtl_output *outputs;
    struct wtl_output *outputs_last;
    uint32_t outputs_count;
    struct wtl_room room;
    struct wtl_kept *kept;
};

/* Where the user's first state begins in the wrapper's. */
#define WTL_STAGE_STATE_AT ((sizeof(struct wtl_running) + 15) / 16 * 16)

static inline void *wtl__stage_user(struct wtl_running *stage)
{
    return stage->user.state;
}

/* Makes the behaviour of a unit in spec->type, for spec->kind and spec->user, which is NULL for
 * outboxes and forks. Fails: WTL_INVALID when the user's type does not fit the kind of unit. */
enum wtl_status wtl_stage_type(struct wtl_stage_spec *spec) WTL_MUST_USE;

/* ---- stage.c ------------------------------------------------------------------------------- */

/* Around each function of the user's. Leaving ends what it was about, stage->current. */
void wtl__stage_enter(struct wtl_ctx *x, struct wtl_running *stage);
void wtl__stage_leave(struct wtl_ctx *x, struct wtl_running *stage);

/* ---- stage_run.c --------------------------------------------------------------------------- */

/* A $flow.data message. */
enum wtl_status wtl__stage_data(struct wtl_ctx *x, struct wtl_running *stage,
                                const struct wtl_msg *message) WTL_MUST_USE;
/* Goes on with what waits, as far as there is credit. */
enum wtl_status wtl__stage_pump(struct wtl_ctx *x, struct wtl_running *stage) WTL_MUST_USE;
/* wtl_out_settled of a stage. */
void wtl__stage_settled(struct wtl_ctx *x, void *unit, uint16_t arrow, uint64_t cookie, bool ok);
/* Its handling is over. What a processor has made nothing of is counted as dropped. */
void wtl__stage_handled(struct wtl_ctx *x, struct wtl_running *stage, struct wtl_input *input);
/* One thing less is outstanding for that input; with the last it is done. */
void wtl__stage_less(struct wtl_ctx *x, struct wtl_running *stage, struct wtl_input *input);

/* ---- stage_emit.c -------------------------------------------------------------------------- */

extern const struct wtl_stage_api wtl__stage_api;

/* ---- stage_calls.c ------------------------------------------------------------------------- */

/* wtl_around.answer: the user's function in a call that was made through the table. */
wtl_on_answer *wtl__stage_answer(wtl_on_answer function, void *context);
/* Makes the table that the user's functions see. */
void wtl__stage_table(struct wtl_ctx *x, struct wtl_running *stage);

/* ---- fork.c, outbox.c ---------------------------------------------------------------------- */

extern const struct wtl_actor wtl__fork_type;
extern const struct wtl_actor wtl__outbox_type;

#endif
