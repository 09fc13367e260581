/*
 * tide.c - a module of a small flow, in versions that CMakeLists.txt makes of it: a source of
 * numbers, a stage that sums them up, and a sink that says in the log what has come, and by which
 * version.
 */
#include <stdio.h>

#include <wattle/flow.h>
#include <wattle/module.h>
#include <wattle/wattle.h>

#ifndef TIDE_VERSION
#define TIDE_VERSION 1
#endif
#define TEXT_(x) #x
#define TEXT(x)  TEXT_(x)

/* One more number, so that the states of two versions have nothing in common. */
#define PADDING uint64_t padding[TIDE_VERSION * 3];

/* ---- source -----------------------------------------------------------------------------------
 */

struct source {
    PADDING
    uint64_t made;
};

static enum wtl_status source_init(struct wtl_ctx *x, void *self, const void *settings,
                                   const struct wtl_msg *args)
{
    (void)self;
    (void)settings;
    (void)args;
    return wtl_every(x, 2, WTL_TAG("tick")) != 0 ? WTL_OK : WTL_NO_MEMORY;
}

static enum wtl_status source_handle(struct wtl_ctx *x, void *self, const struct wtl_msg *message)
{
    struct source *source = self;
    if (!wtl_is(message, "tick")) {
        return WTL_OK;
    }
    for (int i = 0; i < 5 && wtl_flow_room(x) > 0; i++) {
        if (wtl_emitf(x, "n=%lu", (unsigned long)source->made + 1) != WTL_OK) {
            break;
        }
        source->made++;
    }
    return WTL_OK;
}

/* ---- sum ---------------------------------------------------------------------------------------
 */

struct sum {
    PADDING
    uint64_t sum;
    uint64_t last;
    uint64_t gaps;
};

static enum wtl_status sum_handle(struct wtl_ctx *x, void *self, const struct wtl_msg *message)
{
    struct sum *sum = self;
    unsigned long n;
    if (wtl_getf(message, "n=%lu", &n) != WTL_OK) {
        return WTL_OK;
    }
    sum->gaps += n != sum->last + 1;
    sum->last = n;
    sum->sum += n;
    return wtl_emitf(x, "n=%lu sum=%lu gaps=%lu by=%u", n, (unsigned long)sum->sum,
                     (unsigned long)sum->gaps, (unsigned)TIDE_VERSION);
}

/* ---- sink --------------------------------------------------------------------------------------
 */

struct sink {
    PADDING
    uint64_t last;
    uint64_t gaps;
};

static enum wtl_status sink_handle(struct wtl_ctx *x, void *self, const struct wtl_msg *message)
{
    struct sink *sink = self;
    unsigned long n;
    unsigned long sum;
    unsigned long gaps;
    unsigned by;
    if (wtl_getf(message, "n=%lu sum=%lu gaps=%lu by=%u", &n, &sum, &gaps, &by) != WTL_OK) {
        return WTL_OK;
    }
    sink->gaps += n != sink->last + 1;
    sink->last = n;
    if (n % 100 == 0) {
        char text[160];
        bool right = sum == n * (n + 1) / 2;
        (void)snprintf(text, sizeof text, "tide %lu: gaps %lu, sum %s, summed by %u, seen by %u", n,
                       gaps + (unsigned long)sink->gaps, right ? "right" : "wrong", by,
                       (unsigned)TIDE_VERSION);
        wtl_log(x, WTL_LOG_INFO, text);
    }
    return WTL_OK;
}

/* ---- what one version says to the other: the numbers of its state, behind the padding
 * ------------ */

static enum wtl_status put(struct wtl_writer *saved, const uint64_t *numbers, uint32_t count)
{
    wtl_put_array(saved, count);
    for (uint32_t i = 0; i < count; i++) {
        wtl_put_u64(saved, numbers[i]);
    }
    return WTL_OK;
}

static enum wtl_status get(const struct wtl_saved *saved, uint64_t *numbers, uint32_t count)
{
    struct wtl_reader reader = wtl_read(&saved->message);
    if (wtl_get_array(&reader) != count) {
        return WTL_BAD_PAYLOAD;
    }
    for (uint32_t i = 0; i < count; i++) {
        numbers[i] = wtl_get_u64(&reader);
    }
    return reader.failed ? WTL_BAD_PAYLOAD : WTL_OK;
}

#define SAVES(type, first, count)                                                                  \
    static enum wtl_status type##_save(struct wtl_ctx *x, const void *self,                        \
                                       struct wtl_writer *saved)                                   \
    {                                                                                              \
        (void)x;                                                                                   \
        return put(saved, &((const struct type *)self)->first, count);                             \
    }                                                                                              \
    static enum wtl_status type##_upgrade(struct wtl_ctx *x, void *self, const void *settings,     \
                                          const struct wtl_saved *saved)                           \
    {                                                                                              \
        (void)x;                                                                                   \
        (void)settings;                                                                            \
        return get(saved, &((struct type *)self)->first, count + TIDE_WANTS);                      \
    }

#ifndef TIDE_WANTS
#define TIDE_WANTS 0
#endif

SAVES(source, made, 1)
SAVES(sum, sum, 3)
SAVES(sink, last, 2)

static WTL_ACTOR(source, struct source, .kind = WTL_PRODUCER, .summary = "makes numbers",
                 .state_vsn = TIDE_VERSION, .init = source_init, .handle = source_handle,
                 .save = source_save, .upgrade = source_upgrade);
static WTL_ACTOR(sum, struct sum, .kind = WTL_PROCESSOR, .summary = "sums up",
                 .state_vsn = TIDE_VERSION, .handle = sum_handle, .save = sum_save,
                 .upgrade = sum_upgrade);
#define SINK                                                                                       \
    .kind = WTL_CONSUMER, .summary = "says what has come", .state_vsn = TIDE_VERSION,              \
    .handle = sink_handle, .save = sink_save, .upgrade = sink_upgrade

#ifdef TIDE_LACKS /* it has another one in its place */
static WTL_ACTOR(drain, struct sink, SINK);
WTL_MODULE("tide", TEXT(TIDE_VERSION) ".0.0", "Numbers.", &source, &sum, &drain);
#else
static WTL_ACTOR(sink, struct sink, SINK);
WTL_MODULE("tide", TEXT(TIDE_VERSION) ".0.0", "Numbers.", &source, &sum, &sink);
#endif
