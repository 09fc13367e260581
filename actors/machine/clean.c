/*
 * clean.c - processor `machine.clean`: drops what cannot be, and adds how much a value has changed.
 *
 * `delta` is the difference to the value of the same kind of the same host that was seen before it;
 * 0 for the first one, and where a clock has gone back. A message that comes again has the delta
 * that it had.
 */
#include <math.h>

#include "machine.h"

/* Kinds of hosts whose last value is known; the one that was not seen for longest is forgotten. */
#define KNOWN_MAX 256u

struct reading {
    uint64_t seq;
    uint64_t at_ms;
    char host[MACHINE_HOST_MAX + 1];
    char kind[MACHINE_KIND_MAX + 1];
    char unit[MACHINE_UNIT_MAX + 1];
    double value;
};

struct known {
    char host[MACHINE_HOST_MAX + 1];
    char kind[MACHINE_KIND_MAX + 1];
    uint64_t at_ms;
    uint64_t seen; /* counts up; 0: unused */
    double value;
    double delta;
};

struct state {
    uint64_t seen;
    int64_t fault_after; /* readings until it faults; 0: never */
    struct known known[KNOWN_MAX];
};

struct settings {
    int64_t fault_after;
};

static const struct wtl_field fields[] = {
    WTL_FIELD(
        struct settings, fault_after, I64, "0", NULL,
        "After so many readings, dereferences a null pointer, to see it contained; 0: never."),
    {0},
};

/* What values of a kind can be. */
static const struct {
    const char *begin;
    double min;
    double max;
} ranges[] = {
    {"load.", 0, 1e6},
    {"memory.", 0, 0x1p60},
    {"cpu.", 0, 1e12},
    {"temp.", -273.15, 1000},
};

static const char *why_not(const struct reading *reading)
{
    if (!isfinite(reading->value)) {
        return "the value is not finite";
    }
    if (reading->host[0] == '\0' || reading->kind[0] == '\0') {
        return "host or kind is empty";
    }
    for (size_t i = 0; i < sizeof ranges / sizeof ranges[0]; i++) {
        if (strncmp(reading->kind, ranges[i].begin, strlen(ranges[i].begin)) == 0) {
            return reading->value < ranges[i].min || reading->value > ranges[i].max
                       ? "the value is out of the range of its kind"
                       : NULL;
        }
    }
    return NULL; /* a kind of a newer version */
}

/* The entry of that host and kind, or one to use for it. */
static struct known *find(struct state *state, const struct reading *reading)
{
    struct known *oldest = &state->known[0];
    for (size_t i = 0; i < KNOWN_MAX; i++) {
        struct known *known = &state->known[i];
        if (known->seen != 0 && strcmp(known->kind, reading->kind) == 0 &&
            strcmp(known->host, reading->host) == 0) {
            return known;
        }
        oldest = known->seen < oldest->seen ? known : oldest;
    }
    memset(oldest, 0, sizeof *oldest);
    memcpy(oldest->host, reading->host, sizeof oldest->host);
    memcpy(oldest->kind, reading->kind, sizeof oldest->kind);
    return oldest;
}

static double delta_of(struct state *state, const struct reading *reading)
{
    struct known *known = find(state, reading);
    if (known->seen == 0 || reading->at_ms < known->at_ms) {
        known->delta = 0;
    } else if (reading->at_ms > known->at_ms) {
        known->delta = reading->value - known->value;
    } /* else it has come again */
    known->at_ms = reading->at_ms;
    known->value = reading->value;
    known->seen = ++state->seen;
    return known->delta;
}

static enum wtl_status init(struct wtl_ctx *x, void *self, const void *settings,
                            const struct wtl_msg *args)
{
    struct state *state = self;
    (void)x;
    (void)args;
    state->fault_after = ((const struct settings *)settings)->fault_after;
    return WTL_OK;
}

/* What a user's mistake looks like to the machine. */
static void fault(void)
{
    volatile int *volatile nothing = NULL;
    *nothing = 1; /* NOLINT(clang-analyzer-core.NullDereference): that is what it is for */
}

static enum wtl_status handle(struct wtl_ctx *x, void *self, const struct wtl_msg *message)
{
    struct state *state = self;
    struct reading reading;
    struct wtl_error error;
    if (state->fault_after > 0 && --state->fault_after == 0) {
        fault();
    }
    if (wtl_getf_error(message, &error,
                       "seq=%ju at_ms=%ju host=" MACHINE_HOST_READ " kind=" MACHINE_KIND_READ
                       " value=%lf unit=" MACHINE_UNIT_READ,
                       &reading.seq, &reading.at_ms, reading.host, reading.kind, &reading.value,
                       reading.unit) != WTL_OK) {
        wtl_drop(x, error.text);
        return WTL_OK;
    }
    const char *why = why_not(&reading);
    if (why != NULL) {
        wtl_drop(x, why);
        return WTL_OK;
    }
    return wtl_emitf(x, "seq=%ju at_ms=%ju host=%s kind=%s value=%lf unit=%s delta=%lf",
                     reading.seq, reading.at_ms, reading.host, reading.kind, reading.value,
                     reading.unit, delta_of(self, &reading));
}

static void show(struct wtl_ctx *x, const void *self, struct wtl_writer *out)
{
    const struct state *state = self;
    uint32_t count = 0;
    (void)x;
    for (size_t i = 0; i < KNOWN_MAX; i++) {
        count += state->known[i].seen != 0;
    }
    wtl_put_map(out, 3);
    WTL_PUT_KEY(out, "seen");
    wtl_put_u64(out, state->seen);
    WTL_PUT_KEY(out, "fault_after");
    wtl_put_i64(out, state->fault_after);
    WTL_PUT_KEY(out, "known");
    wtl_put_array(out, count);
    for (size_t i = 0; i < KNOWN_MAX; i++) {
        const struct known *known = &state->known[i];
        if (known->seen != 0) {
            wtl_put_map(out, 3);
            WTL_PUT_KEY(out, "host");
            wtl_put_strz(out, known->host);
            WTL_PUT_KEY(out, "kind");
            wtl_put_strz(out, known->kind);
            WTL_PUT_KEY(out, "value");
            wtl_put_f64(out, known->value);
        }
    }
}

/* Of what it shows, when it is to fault can be changed. */
static enum wtl_status replace(struct wtl_ctx *x, void *self, const struct wtl_msg *message)
{
    struct state *state = self;
    long fault_after = 0;
    (void)x;
    enum wtl_status status = wtl_getf(message, "fault_after=%ld", &fault_after);
    if (status == WTL_OK) {
        state->fault_after = fault_after;
    }
    return status;
}

WTL_ACTOR(clean, struct state, .summary = "Drops readings that cannot be, and adds their change.",
          .kind = WTL_PROCESSOR, .fields = fields, .settings_size = sizeof(struct settings),
          .init = init, .handle = handle, .show = show, .replace = replace);
