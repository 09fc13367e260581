/*
 * flow.h - writing stages of flows: producers, processors and consumers.
 *
 * A stage is an ordinary actor whose description says what it is: .kind = WTL_PRODUCER,
 * WTL_PROCESSOR or WTL_CONSUMER. A flow starts it, supervises it and joins it to the stages before
 * and behind it; the stage itself only handles messages and emits some:
 *
 *     static enum wtl_status handle(struct wtl_ctx *x, void *self, const struct wtl_msg *m)
 *     {
 *         double celsius;
 *         if (wtl_getf(m, "celsius=%lf", &celsius) != WTL_OK) {
 *             wtl_drop(x, "no celsius");
 *             return WTL_OK;
 *         }
 *         return wtl_emitf(x, "kelvin=%lf", celsius + 273.15);
 *     }
 *
 * What each kind gets by its `handle`:
 *   producer   its own messages (timers, fds, ...); "flow_ready" when wtl_emit takes messages after
 *              it had refused one, "flow_demand" with the body {count} when that many were asked
 *              for, and what stages behind it sent by wtl_back.
 *   processor  the messages of the flow, with the tag that they were emitted with ("data" unless
 *              wtl_emit_as gave another). What it emits while it handles one derives from that one.
 *              WTL_OK without any emit: dropped on purpose. WTL_LATER: it goes on with wtl_emit_for
 *              and ends with wtl_done_key, before or behind other messages.
 *   consumer   the same. WTL_OK is its acknowledgement: the message is done, and forgotten by its
 *              source. WTL_LATER: wtl_done_key acknowledges it.
 * Any other result ends the actor with that reason, as everywhere. Its supervisor starts it again,
 * and what it had not finished is sent to it once more: at least once, the same key.
 *
 * Accepted means that wtl_emit returned WTL_OK in a producer. From then on the message is kept on
 * the producer's node, outside of the producer, until it is acknowledged from the far end; only the
 * end of that node can lose it.
 *
 * A message that a flow delivers can be kept and forwarded like any other.
 *
 * Thread: all of this is called from within the stage's own functions. Outside of a flow, x->stage
 * is NULL, and every call here answers WTL_UNSUPPORTED and consumes its body.
 */
#ifndef WATTLE_FLOW_H
#define WATTLE_FLOW_H

#include <wattle/actor.h>

/* Which message it is: the same at every delivery of the same message, and of no other one. Stores
 * use it as UNIQUE. */
struct wtl_key {
    uint64_t epoch;        /* of the flow, when the source accepted it */
    struct wtl_pid source; /* who keeps it until it is done; one per producer instance */
    uint64_t seq;          /* its number there, from 1; 0: not a message of a flow */
    uint64_t child;        /* 0 as long as each stage makes one of one; else a number that is the
                            * same whenever the stages make the same out of it */
};

static inline bool wtl_key_equal(struct wtl_key a, struct wtl_key b)
{
    return a.epoch == b.epoch && wtl_pid_equal(a.source, b.source) && a.seq == b.seq &&
           a.child == b.child;
}

/* Outputs that may be made of one input. */
#define WTL_FLOW_CHILDREN_MAX 1024u
/* Arrays and maps within each other in the body of a flow's message; one less than elsewhere. */
#define WTL_FLOW_DEPTH_MAX 15u
/* What an outbox holds: messages, and bytes of their bodies. */
#define WTL_FLOW_OUTBOX_MESSAGES 4096u
#define WTL_FLOW_OUTBOX_BYTES    (16u * 1024 * 1024)

/* The table that the calls below go through. It grows at the end only. */
struct wtl_stage_api {
    uint32_t size;
    enum wtl_status (*emit)(struct wtl_ctx *x, const struct wtl_key *key, const char *port,
                            struct wtl_tag tag, struct wtl_writer *body);
    enum wtl_status (*back)(struct wtl_ctx *x, struct wtl_tag tag, struct wtl_writer *body);
    enum wtl_status (*drop)(struct wtl_ctx *x, const char *reason);
    enum wtl_status (*done)(struct wtl_ctx *x, const struct wtl_key *key);
    enum wtl_status (*ask)(struct wtl_ctx *x, uint32_t count);
    uint32_t (*room)(struct wtl_ctx *x);
    struct wtl_key (*key)(struct wtl_ctx *x, const struct wtl_msg *message);
    bool (*redelivered)(struct wtl_ctx *x, const struct wtl_msg *message);
    /* For what runs the stage's code elsewhere, in a process of its own: what is done from here to
     * the end of the running function is about that message, which was left open, as if it were
     * being handled. NULL: about none again. WTL_NOT_FOUND: it is not open any more. */
    enum wtl_status (*about)(struct wtl_ctx *x, const struct wtl_key *key);
};

/* What a stage shows of itself; the rest belongs to the flow. */
struct wtl_stage {
    const struct wtl_stage_api *api;
    const struct wtl_actor *type; /* whose functions are run */
};

static inline enum wtl_status wtl__not_a_stage(struct wtl_ctx *x, struct wtl_writer *body)
{
    wtl_message_drop(x, body);
    return WTL_UNSUPPORTED;
}

/* ---- emitting ----------------------------------------------------------------------------- */

/* Emits along every arrow that leads on from this stage. The body is one msgpack value, or empty.
 *
 * In a producer: WTL_OK: accepted. WTL_BUSY: not accepted, there is no credit: hold back, the
 * message "flow_ready" (or "flow_demand") comes when there is some. WTL_FULL: not accepted, the
 * outbox cannot take more than it has.
 * In a processor: WTL_OK; WTL_FULL over WTL_FLOW_CHILDREN_MAX outputs of one input.
 * Anywhere: WTL_INVALID where nothing can be emitted: in a processor that handles no message of the
 * flow, in a consumer. WTL_BAD_PAYLOAD when the body is not one value, or too deep. WTL_TOO_LARGE,
 * WTL_NO_MEMORY. What is not accepted is gone: the body is consumed in every case. */
static inline enum wtl_status WTL_MUST_USE wtl_emit(struct wtl_ctx *x, struct wtl_writer *body)
{
    return x->stage == NULL ? wtl__not_a_stage(x, body)
                            : x->stage->api->emit(x, NULL, NULL, WTL_TAG("data"), body);
}

/* The same under a tag of one's own; WTL_INVALID for one that begins with `$`. */
static inline enum wtl_status WTL_MUST_USE wtl_emit_as(struct wtl_ctx *x, struct wtl_tag tag,
                                                       struct wtl_writer *body)
{
    return x->stage == NULL ? wtl__not_a_stage(x, body)
                            : x->stage->api->emit(x, NULL, NULL, tag, body);
}

/* Emits along one arrow alone: a port has the name of the stage that the arrow leads to. In a
 * processor whose arrows lead to several stages. WTL_NOT_FOUND: there is no such arrow. */
static inline enum wtl_status WTL_MUST_USE wtl_emit_to(struct wtl_ctx *x, const char *port,
                                                       struct wtl_writer *body)
{
    return x->stage == NULL ? wtl__not_a_stage(x, body)
                            : x->stage->api->emit(x, NULL, port, WTL_TAG("data"), body);
}

/* Emits what derives from a message that was left open with WTL_LATER. WTL_NOT_FOUND: it is not
 * open any more, because it will be delivered again. */
static inline enum wtl_status WTL_MUST_USE wtl_emit_for(struct wtl_ctx *x,
                                                        const struct wtl_key *key,
                                                        struct wtl_writer *body)
{
    return x->stage == NULL ? wtl__not_a_stage(x, body)
                            : x->stage->api->emit(x, key, NULL, WTL_TAG("data"), body);
}

/* wtl_emitf(x, "celsius=%lf", celsius): see pack_shape.h. */
#define wtl_emitf(x, ...)                                                                          \
    __extension__({                                                                                \
        struct wtl_writer wtl_writer_;                                                             \
        (void)wtl_message_open((x), &wtl_writer_, 64);                                             \
        wtl_putf(&wtl_writer_, __VA_ARGS__);                                                       \
        wtl_emit((x), &wtl_writer_);                                                               \
    })

/* In a producer: how many messages wtl_emit would accept now, if they are small: their bytes are
 * bounded as well. 0: "flow_ready" comes when there is room, as after a refused one. */
static inline uint32_t wtl_flow_room(struct wtl_ctx *x)
{
    return x->stage == NULL ? 0 : x->stage->api->room(x);
}

/* ---- about the message that is being handled ----------------------------------------------- */

/* Its key; seq 0 for a message that is none of the flow's. */
static inline struct wtl_key wtl_flow_key(struct wtl_ctx *x, const struct wtl_msg *message)
{
    return x->stage == NULL ? (struct wtl_key){0} : x->stage->api->key(x, message);
}

/* Has it perhaps been here before? False is certain, true is not. */
static inline bool wtl_flow_redelivered(struct wtl_ctx *x, const struct wtl_msg *message)
{
    return x->stage != NULL && x->stage->api->redelivered(x, message);
}

/* Says that the message being handled is dropped, and why: counted, and logged for debugging.
 * Returning WTL_OK without an emit drops it as well, without a word. */
static inline void wtl_drop(struct wtl_ctx *x, const char *reason)
{
    if (x->stage != NULL) {
        (void)x->stage->api->drop(x, reason);
    }
}

/* Ends a message that was left open with WTL_LATER: it is acknowledged when all that was emitted
 * for it is. WTL_NOT_FOUND: it is not open any more, and will be delivered again. */
static inline enum wtl_status WTL_MUST_USE wtl_done_key(struct wtl_ctx *x,
                                                        const struct wtl_key *key)
{
    return x->stage == NULL ? WTL_UNSUPPORTED : x->stage->api->done(x, key);
}

/* ---- backward ------------------------------------------------------------------------------ */

/* Sends backward along `<~>`, to the producer of the message that is being handled, or, when none
 * is, to every producer that leads here; it gets a message with the tag "back". At most once: it is
 * lost when something on its way ends. WTL_DENIED: a `~>` stands between. */
static inline enum wtl_status WTL_MUST_USE wtl_back(struct wtl_ctx *x, struct wtl_writer *body)
{
    return x->stage == NULL ? wtl__not_a_stage(x, body)
                            : x->stage->api->back(x, WTL_TAG("back"), body);
}

static inline enum wtl_status WTL_MUST_USE wtl_back_as(struct wtl_ctx *x, struct wtl_tag tag,
                                                       struct wtl_writer *body)
{
    return x->stage == NULL ? wtl__not_a_stage(x, body) : x->stage->api->back(x, tag, body);
}

/* In the last stage of a `pull` chain: asks for `count` more messages. They are asked of the
 * producers in turn. What a stage on the way had been asked for when it ended is asked for again.
 * WTL_DENIED: the chain does not pull. WTL_FULL: over WTL_FLOW_ASK_MAX are waited for. */
#define WTL_FLOW_ASK_MAX 1000000u
static inline enum wtl_status WTL_MUST_USE wtl_ask(struct wtl_ctx *x, uint32_t count)
{
    return x->stage == NULL ? WTL_UNSUPPORTED : x->stage->api->ask(x, count);
}

#endif
