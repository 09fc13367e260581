/* door.c - a state machine in a module: the example of <wattle/states.h> and of docs/ACTORS.md. */
#include <wattle/module.h>
#include <wattle/wattle.h>

struct door {
    struct wtl_states states; /* first: the machine's */
    uint64_t visitors;
};

static const struct wtl_state closed;
static const struct wtl_state open;

/* Who knocks waits until the door is open. */
static enum wtl_status closed_event(struct wtl_ctx *x, void *self, const struct wtl_event *event)
{
    struct door *door = self;
    if (event->kind == WTL_EVENT_MESSAGE && wtl_is(event->message, "open")) {
        wtl_states_go(x, &door->states, &open);
        wtl_reply(x, event->message, NULL);
    } else {
        wtl_states_postpone(x, &door->states);
    }
    return WTL_OK;
}

static enum wtl_status open_enter(struct wtl_ctx *x, void *self, const struct wtl_state *from)
{
    struct door *door = self;
    (void)from;
    wtl_states_timeout(x, &door->states, 3000);
    return WTL_OK;
}

static enum wtl_status open_event(struct wtl_ctx *x, void *self, const struct wtl_event *event)
{
    struct door *door = self;
    if (event->kind == WTL_EVENT_STATE_TIMEOUT) {
        wtl_states_go(x, &door->states, &closed);
    } else if (event->kind == WTL_EVENT_MESSAGE && wtl_is(event->message, "knock")) {
        struct wtl_writer body;
        (void)wtl_message_open(x, &body, 16);
        wtl_put_u64(&body, ++door->visitors);
        wtl_reply(x, event->message, &body);
    }
    return WTL_OK;
}

static const struct wtl_state closed = {.name = "closed", .event = closed_event};
static const struct wtl_state open = {.name = "open", .enter = open_enter, .event = open_event};

static enum wtl_status door_init(struct wtl_ctx *x, void *self, const void *settings,
                                 const struct wtl_msg *args)
{
    (void)settings;
    (void)args;
    return wtl_states_begin(x, self, &closed);
}

static WTL_STATES_ACTOR(door, struct door, .summary = "a door that closes by itself",
                        .init = door_init);

WTL_MODULE("house", "1.0.0", "A house with a door.", &door);
