/*
 * readings.c - producer `machine.readings`: looks at the machine every period and emits what it
 * sees, one message for each reading.
 *
 * The files are read on the work pool. When the flow takes no more, the rest of a look waits here
 * and no new look is taken: a slow store makes fewer looks, not a longer queue.
 */
#include <stdio.h>

#include "sensors.h"

/* The longest path in front of /proc. */
#define ROOT_MAX 256u

struct settings {
    int64_t period_ms;
    const char *root;
};

struct state {
    const struct settings *settings;
    uint64_t seq;
    uint32_t next;     /* of the look, the reading to be emitted next */
    bool looking;      /* the work pool does */
    bool held;         /* the flow has refused one */
    bool said_nothing; /* that there is nothing to read was logged */
    struct sensors look;
};

struct look_argument {
    char root[ROOT_MAX];
};

static const struct wtl_field fields[] = {
    WTL_FIELD(struct settings, period_ms, DURATION_MS, "200ms", "ms",
              "How often it looks at the machine."),
    WTL_FIELD(struct settings, root, STR, "", NULL,
              "A folder to find proc and sys in, instead of the root."),
    {0},
};

/* On the work pool. The answer is the struct itself: it goes to this actor of this build alone. */
static enum wtl_status look(void *argument, struct wtl_writer *result)
{
    const struct look_argument *own = argument;
    struct sensors sensors;
    sensors_look(own->root, &sensors);
    wtl_put_bin(result, &sensors, sizeof sensors);
    return WTL_OK;
}

/* Emits until all is out, or the flow takes no more. */
static enum wtl_status emit(struct wtl_ctx *x, struct state *state)
{
    const struct sensors *seen = &state->look;
    while (state->next < seen->count) {
        const struct sensor *sensor = &seen->list[state->next];
        enum wtl_status status =
            wtl_emitf(x, "seq=%ju at_ms=%ju host=%s kind=%s value=%lf unit=%s", state->seq + 1,
                      seen->at_ms, seen->host, sensor->kind, sensor->value, sensor->unit);
        state->held = status == WTL_BUSY || status == WTL_FULL;
        if (status != WTL_OK) {
            return state->held ? WTL_OK : status;
        }
        state->seq++;
        state->next++;
    }
    return WTL_OK;
}

static enum wtl_status looked(struct wtl_ctx *x, void *self, const struct wtl_answer *answer,
                              void *context)
{
    struct state *state = self;
    struct wtl_reader reader = wtl_read(&answer->message);
    size_t size = 0;
    (void)context;
    state->looking = false;
    if (answer->status != WTL_OK) {
        wtl_log(x, WTL_LOG_WARN, "the machine could not be looked at; the next period tries again");
        return WTL_OK;
    }
    const void *bytes = wtl_get_bin(&reader, &size);
    if (reader.failed || size != sizeof state->look) {
        return WTL_BAD_PAYLOAD;
    }
    memcpy(&state->look, bytes, size);
    state->next = 0;
    if (state->look.count == 0 && !state->said_nothing) {
        state->said_nothing = true;
        wtl_log(x, WTL_LOG_WARN, "nothing can be read: is /proc mounted, and `root` right?");
    }
    return emit(x, state);
}

static void tick(struct wtl_ctx *x, struct state *state)
{
    struct look_argument argument;
    if (state->looking || state->held || state->next < state->look.count) {
        return;
    }
    state->looking = true;
    (void)snprintf(argument.root, sizeof argument.root, "%s", state->settings->root);
    (void)wtl_work(
        x, look, &argument, sizeof argument,
        &(struct wtl_call_options){.on_answer = looked, .deadline_ms = WTL_CALL_FOREVER});
}

static enum wtl_status init(struct wtl_ctx *x, void *self, const void *settings,
                            const struct wtl_msg *args)
{
    struct state *state = self;
    (void)args;
    state->settings = settings;
    if (state->settings->period_ms < 1 || strlen(state->settings->root) >= ROOT_MAX) {
        wtl_log(x, WTL_LOG_ERROR,
                "settings: expected period_ms of 1ms or more, and a root of 255 "
                "bytes at most");
        return WTL_CONFIG;
    }
    return wtl_every(x, (uint64_t)state->settings->period_ms, WTL_TAG("tick")) != 0 ? WTL_OK
                                                                                    : WTL_NO_MEMORY;
}

static enum wtl_status handle(struct wtl_ctx *x, void *self, const struct wtl_msg *message)
{
    struct state *state = self;
    if (wtl_is(message, "tick")) {
        tick(x, state);
    } else if (wtl_is(message, "flow_ready") || wtl_is(message, "flow_demand")) {
        state->held = false;
        return emit(x, state);
    }
    return WTL_OK;
}

WTL_ACTOR(readings, struct state, .summary = "Emits readings of this machine.",
          .kind = WTL_PRODUCER, .fields = fields, .settings_size = sizeof(struct settings),
          .init = init, .handle = handle);
