/*
 * input.h - the messages that a unit has taken and not settled, by number and by key.
 *
 * Thread: the unit's. Owns: each input, of the actor's memory, and the message that it keeps.
 * Bounds: what its links may send (in.h), so it needs no limit of its own.
 */
#ifndef WTL_FLOW_INPUT_H
#define WTL_FLOW_INPUT_H

#include "flow/joint.h"

enum wtl_input_state {
    WTL_INPUT_WAITING = 0, /* for credit of those behind */
    WTL_INPUT_OPEN,        /* handled, or being handled; what derives from it is under way */
    WTL_INPUT_READY,       /* of a fork: every member is done with it */
};

struct wtl_input {
    uint64_t id;            /* generation << 32 | slot; the cookie of what derives from it */
    struct wtl_input *next; /* of the queue that it waits in */
    enum wtl_input_state state;
    uint64_t link; /* id, of in.h */
    uint64_t n;
    struct wtl_flow_data data;     /* its bytes point into `message` */
    const struct wtl_msg *message; /* kept; NULL: it is the one that is being handled, or is gone */
    struct wtl_pid from;
    uint32_t outstanding; /* outputs that are not acknowledged, and one while it is handled */
    uint32_t outputs;     /* emits for it */
    uint64_t resend;      /* of a fork: members that it has to be sent to again, by arrow */
    bool member;
    bool later;      /* handled with WTL_LATER */
    bool user_keeps; /* the stage keeps the message itself */
};

struct wtl_inputs {
    struct wtl_input **slots;
    uint32_t *generations;
    uint32_t *free; /* free slots, a stack */
    uint32_t free_count;
    uint32_t capacity;
    uint32_t count;
};

/* NULL: memory is exhausted. */
struct wtl_input *wtl__input_new(struct wtl_ctx *x, struct wtl_inputs *inputs);

/* Frees it, and releases its message. */
void wtl__input_free(struct wtl_ctx *x, struct wtl_inputs *inputs, struct wtl_input *input);

struct wtl_input *wtl__input_find(const struct wtl_inputs *inputs, uint64_t id);
/* The open one with that key that was left for later. */
struct wtl_input *wtl__input_of_key(const struct wtl_inputs *inputs, const struct wtl_key *key);

/* Forgets what came by a link that is over: nobody waits for it, and it will come again by another.
 * The slot is that of in.h; `queue` may hold some of it. */
struct wtl_input_queue;
void wtl__inputs_forget(struct wtl_ctx *x, struct wtl_inputs *inputs, uint32_t slot,
                        struct wtl_input_queue *queue);

/* A queue of inputs, in the order in which they came. */
struct wtl_input_queue {
    struct wtl_input *first;
    struct wtl_input *last;
    uint32_t count;
};

void wtl__input_push(struct wtl_input_queue *queue, struct wtl_input *input);
/* Takes one out of the middle; nothing happens when it is not in it. */
void wtl__input_remove(struct wtl_input_queue *queue, const struct wtl_input *input);
struct wtl_input *wtl__input_pop(struct wtl_input_queue *queue);

#endif
