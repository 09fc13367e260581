/* convert.c - processor `newmodule.convert`: adds kelvin to a reading, and drops what cannot be. */
#include "newmodule.h"

struct settings {
    double max;
};

struct state {
    const struct settings *settings;
};

static const struct wtl_field fields[] = {
    WTL_FIELD(struct settings, max, F64, "125", "celsius", "What the sensor measures at most."),
    {0},
};

static enum wtl_status init(struct wtl_ctx *x, void *self, const void *settings,
                            const struct wtl_msg *args)
{
    struct state *state = self;
    (void)x;
    (void)args;
    state->settings = settings; /* they live as long as the actor */
    return WTL_OK;
}

static enum wtl_status handle(struct wtl_ctx *x, void *self, const struct wtl_msg *message)
{
    const struct state *state = self;
    struct wtl_error error;
    uintmax_t seq;
    double celsius;
    if (wtl_getf_error(message, &error, "seq=%ju celsius=%lf", &seq, &celsius) != WTL_OK) {
        wtl_drop(x, error.text);
        return WTL_OK;
    }
    if (celsius < -273.15 || celsius > state->settings->max) {
        wtl_drop(x, "out of the sensor's range");
        return WTL_OK;
    }
    return wtl_emitf(x, "seq=%ju celsius=%lf kelvin=%lf", seq, celsius, celsius + 273.15);
}

WTL_ACTOR(convert, struct state, .summary = "Adds kelvin, and drops what cannot be.",
          .kind = WTL_PROCESSOR, .fields = fields, .settings_size = sizeof(struct settings),
          .init = init, .handle = handle);
