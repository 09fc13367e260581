/*
 * states_private.h - what the files of the state machines share.
 *
 *   states.c  events, and what follows from them
 *   timers.c  timeouts
 *
 * Thread: the actor's own. Owns: items and timers are memory of the actor's.
 */
#ifndef WTL_STATES_PRIVATE_H
#define WTL_STATES_PRIVATE_H

#include <wattle/states.h>

/* A timeout is a message of the actor to itself; its body is the timeout's number. */
#define WTL__STATES_TIME WTL_TAG("$states.time")

/* An event that waits. */
struct wtl_states_item {
    struct wtl_states_item *next;
    struct wtl_event event;
    const struct wtl_msg *kept; /* a message of the mailbox, to be released */
    uint64_t number;            /* of a timeout that is due at once */
    struct wtl_msg own;         /* of an event for itself; its bytes follow */
    _Alignas(16) uint8_t bytes[];
};

/* A timeout that runs, or is due. */
struct wtl_states_timer {
    struct wtl_states_timer *next;
    enum wtl_event_kind kind;
    bool is_new; /* set by the function that runs */
    struct wtl_tag name;
    uint64_t timer;  /* 0: it is due at once */
    uint64_t number; /* of this setting of it */
};

/* ---- states.c -------------------------------------------------------------------------------- */

/* NULL: there is no room, and the actor is going to end. */
struct wtl_states_item *wtl__states_item_new(struct wtl_ctx *x, struct wtl_states *states,
                                             size_t size);
void wtl__states_append(struct wtl_states_list *list, struct wtl_states_item *item);

/* ---- timers.c ------------------------------------------------------------------------- */

/* Sets it, in the place of one of the same kind and name. */
void wtl__states_timer_set(struct wtl_ctx *x, struct wtl_states *states, enum wtl_event_kind kind,
                           struct wtl_tag name, uint64_t after_ms);

/* The state is another one: its timeout is over, unless it was set for the new one. */
void wtl__states_timer_left(struct wtl_ctx *x, struct wtl_states *states);

/* Those that are due at once go behind what waits already. */
void wtl__states_timers_due(struct wtl_ctx *x, struct wtl_states *states);

/* The timeout of that number, which is over with this. False: it was cancelled meanwhile. */
bool wtl__states_timer_take(struct wtl_ctx *x, struct wtl_states *states, uint64_t number,
                            struct wtl_event *event_out);

#endif
