/* server.c - the actors of the other node: one that counts, one that sends back. See mesh.h. */
#include "mesh.h"

static enum wtl_status on_registered(struct wtl_ctx *x, void *self, const struct wtl_answer *answer,
                                     void *context)
{
    (void)x;
    (void)self;
    (void)context;
    if (answer->status != WTL_OK) {
        bench_fail("a name was not registered: %s", wtl_status_word(answer->status));
    }
    return WTL_OK;
}

static void take_name(struct wtl_ctx *x, const char *name)
{
    const struct wtl_call_options options = {.on_answer = on_registered};
    wtl_register(x, name, WTL_GLOBAL, &options);
}

/* ---- sink ------------------------------------------------------------------------------------ */

/* Of one sender at a time, or of several with the same group. */
struct sink {
    uint64_t group; /* messages that are acknowledged together */
    uint64_t size;  /* of the binary that each of them must have */
    uint64_t got;
};

static enum wtl_status sink_init(struct wtl_ctx *x, void *self, const void *settings,
                                 const struct wtl_msg *args)
{
    (void)self;
    (void)settings;
    (void)args;
    take_name(x, BENCH_SINK);
    return WTL_OK;
}

static void sink_begin(struct wtl_ctx *x, struct sink *sink, const struct wtl_msg *message)
{
    *sink = (struct sink){0};
    if (wtl_getf(message, "group=%lu size=%lu", &sink->group, &sink->size) != WTL_OK ||
        sink->group == 0) {
        bench_fail("expected a group and a size to begin with");
    }
    wtl_tell(x, message->from, WTL_TAG("ready"), NULL);
}

static enum wtl_status sink_handle(struct wtl_ctx *x, void *self, const struct wtl_msg *message)
{
    struct sink *sink = self;
    if (!wtl_is(message, "put")) {
        sink_begin(x, sink, message);
        return WTL_OK;
    }
    size_t size;
    uint64_t number = bench_read(message, &size);
    if (number != sink->got || size != sink->size) {
        bench_fail("expected message %lu of %lu bytes, got message %lu of %lu bytes",
                   (unsigned long)sink->got, (unsigned long)sink->size, (unsigned long)number,
                   (unsigned long)size);
    }
    sink->got++;
    if (sink->got % sink->group == 0) {
        wtl_tell(x, message->from, WTL_TAG("ack"), NULL);
    }
    return WTL_OK;
}

static WTL_ACTOR(sink, struct sink, .init = sink_init, .handle = sink_handle,
                 .mailbox_max = WTL_MAILBOX_LIMIT);

/* ---- echo ------------------------------------------------------------------------------------ */

struct echo {
    char unused;
};

static enum wtl_status echo_init(struct wtl_ctx *x, void *self, const void *settings,
                                 const struct wtl_msg *args)
{
    (void)self;
    (void)settings;
    (void)args;
    take_name(x, BENCH_ECHO);
    return WTL_OK;
}

static enum wtl_status echo_handle(struct wtl_ctx *x, void *self, const struct wtl_msg *message)
{
    (void)self;
    (void)bench_sent(wtl_forward(x, message->from, WTL_TAG("echo"), message));
    return WTL_OK;
}

static WTL_ACTOR(echo, struct echo, .init = echo_init, .handle = echo_handle,
                 .mailbox_max = WTL_MAILBOX_LIMIT);

void bench_server_spawn(struct wtl_runtime *runtime)
{
    if (wtl_pid_is_none(wtl_runtime_spawn(runtime, &sink, NULL)) ||
        wtl_pid_is_none(wtl_runtime_spawn(runtime, &echo, NULL))) {
        bench_fail("cannot spawn the actors of the other node");
    }
}
