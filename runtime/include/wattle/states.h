/*
 * states.h - an actor as a state machine (OTP gen_statem).
 *
 * A machine is in one state at a time; what an event does is that state's business. Its data is the
 * actor's state block, which begins with a struct wtl_states:
 *
 *     struct door {
 *         struct wtl_states states;
 *         uint64_t visitors;
 *     };
 *
 *     static enum wtl_status closed_event(struct wtl_ctx *x, void *self,
 *                                         const struct wtl_event *event)
 *     {
 *         struct door *door = self;
 *         if (event->kind == WTL_EVENT_MESSAGE && wtl_is(event->message, "open")) {
 *             wtl_states_go(x, &door->states, &open);
 *             wtl_reply(x, event->message, NULL);
 *         } else {
 *             wtl_states_postpone(x, &door->states);
 *         }
 *         return WTL_OK;
 *     }
 *
 *     static const struct wtl_state closed = {.name = "closed", .event = closed_event};
 *     static const struct wtl_state open = {
 *         .name = "open", .enter = open_enter, .event = open_event};
 *
 *     static WTL_STATES_ACTOR(door, struct door, .init = door_init);
 *
 * where door_init returns wtl_states_begin(x, self, &closed). The whole is
 * tests/unit/module/so/door.c.
 *
 * Events are the actor's messages and calls, its `exited` and `down`, timeouts, and what it tells
 * itself with wtl_states_next. Within a function of a state it asks for what follows: another
 * state, the event postponed, timeouts. That happens when the function has returned WTL_OK, in this
 * order (as in OTP): what was postponed comes back if the state is another one, the events for
 * itself go in front of that, `enter` is called, and timeouts that are due at once go behind all of
 * it. Nothing from the mailbox is handled before.
 *
 * Thread: within the actor's own functions. Owns: postponed messages are kept (wtl_keep) until they
 * come back; calls among them stay unanswered as long.
 * Bounds: WTL_STATES_WAITING_MAX events that are postponed or for itself, WTL_STATES_TIMERS_MAX
 * timeouts at a time; one more ends the actor, `full`.
 */
#ifndef WATTLE_STATES_H
#define WATTLE_STATES_H

#include <wattle/actor.h>

#define WTL_STATES_WAITING_MAX 4096u
#define WTL_STATES_TIMERS_MAX  16u
/* As a timeout: none, and one that runs is cancelled. */
#define WTL_STATES_NEVER UINT64_MAX

enum wtl_event_kind {
    WTL_EVENT_MESSAGE = 1, /* a message, or a call when its request is not 0 */
    WTL_EVENT_INTERNAL,    /* of wtl_states_next */
    WTL_EVENT_STATE_TIMEOUT,
    WTL_EVENT_IDLE_TIMEOUT,
    WTL_EVENT_TIMEOUT, /* a named one */
    WTL_EVENT_EXITED,
    WTL_EVENT_DOWN,
};

struct wtl_event {
    enum wtl_event_kind kind;
    struct wtl_tag name;           /* the message's tag, or the timeout's name */
    const struct wtl_msg *message; /* of MESSAGE and INTERNAL; otherwise an empty one */
    struct wtl_exit exit;          /* of EXITED */
    struct wtl_down down;          /* of DOWN */
};

struct wtl_state {
    const char *name;
    /* The machine comes from another state, from this one (wtl_states_again), or begins (NULL). May
     * set timeouts; what else a state asks for is not allowed here. NULL: nothing to do. */
    enum wtl_status (*enter)(struct wtl_ctx *x, void *self, const struct wtl_state *from);
    /* What it returns decides about the actor as with any of its functions. */
    enum wtl_status (*event)(struct wtl_ctx *x, void *self, const struct wtl_event *event);
};

/* Events that wait, oldest first. */
struct wtl_states_list {
    struct wtl_states_item *first;
    struct wtl_states_item *last;
};

/* The begin of the actor's state. Its fields are the machine's. */
struct wtl_states {
    const struct wtl_state *now;
    const struct wtl_state *next;
    struct wtl_states_list queue; /* handled before anything from the mailbox */
    struct wtl_states_list postponed;
    struct wtl_states_list own; /* of the function that runs: events for itself */
    uint32_t waiting;
    uint8_t inside; /* which function runs: 0 none, 1 event, 2 enter */
    bool again;
    bool postpones;
    bool continues; /* a wtl_continue is under way */
    enum wtl_status failed;
    uint32_t timers_count;
    uint64_t numbers;
    struct wtl_states_timer *timers; /* in the order in which they were set */
};

/* The actor's functions of a machine. */
enum wtl_status wtl_states_handle(struct wtl_ctx *x, void *self, const struct wtl_msg *message);
enum wtl_status wtl_states_exited(struct wtl_ctx *x, void *self, const struct wtl_exit *exit);
enum wtl_status wtl_states_down(struct wtl_ctx *x, void *self, const struct wtl_down *down);

/* As WTL_ACTOR; a struct that does not begin with `struct wtl_states states` does not compile. */
#define WTL_STATES_ACTOR(identifier, struct_type, ...)                                             \
    const struct wtl_actor identifier = {                                                          \
        .size = sizeof(struct wtl_actor),                                                          \
        .name = #identifier,                                                                       \
        .state_size =                                                                              \
            sizeof(struct_type) + 0 * sizeof(char[offsetof(struct_type, states) == 0 ? 1 : -1]),   \
        .handle = wtl_states_handle,                                                               \
        .exited = wtl_states_exited,                                                               \
        .down = wtl_states_down,                                                                   \
        __VA_ARGS__}

/* In init: the machine begins in that state. What `enter` returns. */
enum wtl_status wtl_states_begin(struct wtl_ctx *x, struct wtl_states *states,
                                 const struct wtl_state *state) WTL_MUST_USE;

/* ---- what a function of a state asks for ----------------------------------------------------- */

/* The next state. The present one: nothing changes. Outside of a function of a state, in an answer
 * say, it is changed at once. */
void wtl_states_go(struct wtl_ctx *x, struct wtl_states *states, const struct wtl_state *state);

/* Stays, but calls `enter` again (OTP: repeat_state). */
void wtl_states_again(struct wtl_ctx *x, struct wtl_states *states);

/* The event comes back when the state has changed, before anything newer. */
void wtl_states_postpone(struct wtl_ctx *x, struct wtl_states *states);

/* An event for itself, before anything that waits; several come in the order in which they were
 * asked for. Owns: takes the body; NULL: none. */
void wtl_states_next(struct wtl_ctx *x, struct wtl_states *states, struct wtl_tag tag,
                     struct wtl_writer *body);

/* An event when the machine is still in its (next) state after so long; setting it again replaces
 * it, another state cancels it. */
void wtl_states_timeout(struct wtl_ctx *x, struct wtl_states *states, uint64_t after_ms);

/* An event when none has come for so long; any event cancels it (OTP: event timeout). */
void wtl_states_idle(struct wtl_ctx *x, struct wtl_states *states, uint64_t after_ms);

/* An event after so long, whatever happens meanwhile; setting one of the same name replaces it. */
void wtl_states_timer(struct wtl_ctx *x, struct wtl_states *states, struct wtl_tag name,
                      uint64_t after_ms);

/* The state that it is in. */
static inline const struct wtl_state *wtl_states_now(const struct wtl_states *states)
{
    return states->now;
}

#endif
