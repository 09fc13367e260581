/*
 * report.c - consumer `newmodule.report`: counts readings, and logs those that are too warm.
 *
 * To return WTL_OK is to acknowledge a reading: its source forgets it. The call "count" is answered
 * with {count, warm}.
 */
#include <stdio.h>

#include "newmodule.h"

struct settings {
    double warm;
};

struct state {
    const struct settings *settings;
    unsigned count;
    unsigned warm;
};

static const struct wtl_field fields[] = {
    WTL_FIELD(struct settings, warm, F64, "30", "celsius", "From here on it is too warm."),
    {0},
};

static enum wtl_status init(struct wtl_ctx *x, void *self, const void *settings,
                            const struct wtl_msg *args)
{
    struct state *state = self;
    (void)x;
    (void)args;
    state->settings = settings;
    return WTL_OK;
}

static enum wtl_status handle(struct wtl_ctx *x, void *self, const struct wtl_msg *message)
{
    struct state *state = self;
    struct wtl_error error;
    char line[80];
    uintmax_t seq;
    double celsius;
    if (wtl_is(message, "count")) {
        wtl_replyf(x, message, "count=%u warm=%u", state->count, state->warm);
        return WTL_OK;
    }
    if (wtl_getf_error(message, &error, "seq=%ju celsius=%lf", &seq, &celsius) != WTL_OK) {
        wtl_drop(x, error.text);
        return WTL_OK;
    }
    state->count++;
    if (celsius >= state->settings->warm) {
        state->warm++;
        (void)snprintf(line, sizeof line, "reading %ju: too warm, %.1f", seq, celsius);
        wtl_log(x, WTL_LOG_WARN, line);
    }
    return WTL_OK;
}

WTL_ACTOR(report, struct state, .summary = "Counts readings, and logs those that are too warm.",
          .kind = WTL_CONSUMER, .fields = fields, .settings_size = sizeof(struct settings),
          .init = init, .handle = handle);
