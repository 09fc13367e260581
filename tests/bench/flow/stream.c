/*
 * flow/stream.c - the module `stream`: a producer, a processor and a consumer that only measure.
 *
 * A message is a record of four fields, 64 bytes packed; each stage reads all of it and packs what
 * it hands on. The consumer prints lines of bench<TAB>wattle<TAB>metric<TAB>value<TAB>unit: how
 * many it has had per second from the first to the last, and how long they took from the producer's
 * emit, by the clock that all processes of one machine share.
 */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include <wattle/flow.h>
#include <wattle/module.h>
#include <wattle/wattle.h>

struct settings {
    int64_t count;
    int64_t every_ms;
};

static const struct wtl_field fields[] = {
    WTL_FIELD(struct settings, count, I64, "1000000", NULL, "Messages in all."),
    WTL_FIELD(struct settings, every_ms, DURATION_MS, "0ms", "ms",
              "One message in so long; 0: as fast as the flow takes them."),
    {0},
};

static uint64_t now_ns(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

struct record {
    uint64_t id;
    uint64_t at_ns;
    char kind[16];
    double value;
};

/* 64 bytes packed, as the other benches' record. */
static enum wtl_status emit(struct wtl_ctx *x, const struct record *record)
{
    return wtl_emitf(x, "id=%ju at=%ju kind=%s value=%lf sum=%lf", record->id, record->at_ns,
                     record->kind, record->value, record->value + 1);
}

static enum wtl_status take(const struct wtl_msg *message, struct record *record)
{
    double sum;
    return wtl_getf(message, "id=%ju at=%ju kind=%15s value=%lf sum=%lf", &record->id,
                    &record->at_ns, record->kind, &record->value, &sum);
}

/* ---- producer ------------------------------------------------------------------------------- */

struct source {
    const struct settings *settings;
    uint64_t id;
};

static enum wtl_status source_init(struct wtl_ctx *x, void *self, const void *settings,
                                   const struct wtl_msg *args)
{
    struct source *source = self;
    (void)args;
    source->settings = settings;
    if (source->settings->every_ms > 0 &&
        wtl_every(x, (uint64_t)source->settings->every_ms, WTL_TAG("tick")) == 0) {
        return WTL_NO_MEMORY;
    }
    return WTL_OK;
}

static enum wtl_status source_handle(struct wtl_ctx *x, void *self, const struct wtl_msg *message)
{
    struct source *source = self;
    bool paced = source->settings->every_ms > 0;
    if (paced ? !wtl_is(message, "tick") : !wtl_is(message, "flow_ready")) {
        return WTL_OK;
    }
    while (source->id < (uint64_t)source->settings->count) {
        struct record record = {
            .id = source->id + 1, .at_ns = now_ns(), .kind = "temperature", .value = 21.5};
        enum wtl_status status = emit(x, &record);
        if (status != WTL_OK) {
            return status == WTL_BUSY ? WTL_OK : status;
        }
        source->id++;
        if (paced) {
            break;
        }
    }
    return WTL_OK;
}

static const struct wtl_actor source = {.size = sizeof(struct wtl_actor),
                                        .name = "source",
                                        .summary = "Emits records, as fast as it may.",
                                        .kind = WTL_PRODUCER,
                                        .state_size = sizeof(struct source),
                                        .settings_size = sizeof(struct settings),
                                        .fields = fields,
                                        .init = source_init,
                                        .handle = source_handle};

/* ---- processor ------------------------------------------------------------------------------ */

static enum wtl_status relay_handle(struct wtl_ctx *x, void *self, const struct wtl_msg *message)
{
    struct record record;
    (void)self;
    if (wtl_flow_key(x, message).seq == 0) {
        return WTL_OK;
    }
    enum wtl_status status = take(message, &record);
    record.value *= 2;
    return status == WTL_OK ? emit(x, &record) : status;
}

static const struct wtl_actor relay = {.size = sizeof(struct wtl_actor),
                                       .name = "relay",
                                       .summary = "Reads a record and emits one.",
                                       .kind = WTL_PROCESSOR,
                                       .handle = relay_handle};

/* ---- consumer ------------------------------------------------------------------------------- */

struct sink {
    const struct settings *settings;
    uint64_t first_ns;
    uint64_t count;
    uint64_t *took_ns; /* of each; the actor's */
};

static enum wtl_status sink_init(struct wtl_ctx *x, void *self, const void *settings,
                                 const struct wtl_msg *args)
{
    struct sink *sink = self;
    (void)args;
    sink->settings = settings;
    sink->took_ns = wtl_alloc(x, (size_t)sink->settings->count * sizeof *sink->took_ns);
    return sink->took_ns != NULL ? WTL_OK : WTL_NO_MEMORY;
}

static int compare(const void *left, const void *right)
{
    uint64_t a = *(const uint64_t *)left;
    uint64_t b = *(const uint64_t *)right;
    return a < b ? -1 : a > b;
}

static void report(const struct sink *sink, uint64_t end_ns)
{
    double seconds = (double)(end_ns - sink->first_ns) / 1e9;
    const char *name = sink->settings->every_ms > 0 ? "flow_lone" : "flow";
    qsort(sink->took_ns, sink->count, sizeof *sink->took_ns, compare);
    (void)printf("%s\twattle\tmessages\t%.0f\t/s\n", name, (double)(sink->count - 1) / seconds);
    uint64_t middle = sink->count / 2;
    uint64_t late = sink->count * 99 / 100;
    (void)printf("%s\twattle\tp50\t%.1f\tus\n", name, (double)sink->took_ns[middle] / 1e3);
    (void)printf("%s\twattle\tp99\t%.1f\tus\n", name, (double)sink->took_ns[late] / 1e3);
    (void)fflush(stdout);
}

static enum wtl_status sink_handle(struct wtl_ctx *x, void *self, const struct wtl_msg *message)
{
    struct sink *sink = self;
    struct record record;
    if (wtl_flow_key(x, message).seq == 0 || sink->count == (uint64_t)sink->settings->count) {
        return WTL_OK;
    }
    enum wtl_status status = take(message, &record);
    if (status != WTL_OK) {
        return status;
    }
    uint64_t now = now_ns();
    sink->first_ns = sink->count == 0 ? now : sink->first_ns;
    sink->took_ns[sink->count++] = now - record.at_ns;
    if (sink->count == (uint64_t)sink->settings->count) {
        report(sink, now);
    }
    return WTL_OK;
}

static const struct wtl_actor sink = {.size = sizeof(struct wtl_actor),
                                      .name = "sink",
                                      .summary = "Counts records and says how fast they came.",
                                      .kind = WTL_CONSUMER,
                                      .state_size = sizeof(struct sink),
                                      .settings_size = sizeof(struct settings),
                                      .fields = fields,
                                      .init = sink_init,
                                      .handle = sink_handle};

WTL_MODULE("stream", "1.0.0", "Stages that measure a flow.", &source, &relay, &sink);
