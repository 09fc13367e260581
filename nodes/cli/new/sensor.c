/*
 * sensor.c - producer `newmodule.sensor`: emits a temperature every period.
 *
 * The temperature is made up; measure() is where a device would be read. While the flow takes no
 * more, the last reading waits here and no new one is made.
 */
#include "newmodule.h"

struct settings {
    int64_t period_ms;
    double celsius;
};

struct state {
    uint64_t seq;
    double celsius;
    bool waits; /* the flow has refused this reading */
};

static const struct wtl_field fields[] = {
    WTL_FIELD(struct settings, period_ms, DURATION_MS, "1s", "ms", "How often it measures."),
    WTL_FIELD(struct settings, celsius, F64, "20", "celsius", "Where the temperature begins."),
    {0},
};

/* Up or down by a tenth. */
static void measure(struct wtl_ctx *x, struct state *state)
{
    state->celsius += wtl_random(x) % 2 == 0 ? 0.1 : -0.1;
    state->seq++;
}

static enum wtl_status emit(struct wtl_ctx *x, struct state *state)
{
    enum wtl_status status =
        wtl_emitf(x, "seq=%ju celsius=%lf", (uintmax_t)state->seq, state->celsius);
    state->waits = status == WTL_BUSY || status == WTL_FULL;
    return state->waits ? WTL_OK : status;
}

static enum wtl_status init(struct wtl_ctx *x, void *self, const void *settings,
                            const struct wtl_msg *args)
{
    struct state *state = self;
    const struct settings *own = settings;
    (void)args;
    if (own->period_ms < 1) {
        wtl_log(x, WTL_LOG_ERROR, "settings: expected a period_ms of 1ms or more");
        return WTL_CONFIG;
    }
    state->celsius = own->celsius;
    return wtl_every(x, (uint64_t)own->period_ms, WTL_TAG("tick")) != 0 ? WTL_OK : WTL_NO_MEMORY;
}

static enum wtl_status handle(struct wtl_ctx *x, void *self, const struct wtl_msg *message)
{
    struct state *state = self;
    if (wtl_is(message, "tick") && !state->waits) {
        measure(x, state);
        return emit(x, state);
    }
    if (wtl_is(message, "flow_ready") && state->waits) {
        return emit(x, state);
    }
    return WTL_OK;
}

WTL_ACTOR(sensor, struct state, .summary = "Emits a temperature every period.",
          .kind = WTL_PRODUCER, .fields = fields, .settings_size = sizeof(struct settings),
          .init = init, .handle = handle);
