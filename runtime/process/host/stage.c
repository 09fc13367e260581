/*
 * stage.c - what a stage of a flow does through flow.h, when its code is here.
 *
 * The node keeps the flow's protocol; here is what must be known at once: whether a producer may
 * emit (the node says how much, and takes no less than it has said), and whether there is a message
 * that an output derives from. What only the node can know, it refuses and logs.
 */
#include "base/scan.h"
#include "process/host/host.h"

#define TEXT_MAX 400u

static bool is_producer(const struct wtl__guest *guest)
{
    return guest->type->kind == WTL_PRODUCER;
}

static enum wtl_status refuse(struct wtl_writer *body, enum wtl_status status)
{
    wtl__message_drop(body);
    return status;
}

static bool is_reserved(struct wtl_tag tag)
{
    char text[16];
    return wtl_tag_text(tag, text) > 0 && text[0] == '$';
}

/* The key of the flow's message that is being handled; seq 0: none is. */
static struct wtl_key current_key(const struct wtl__host_ctx *x)
{
    return x->current != NULL ? x->current->key : (struct wtl_key){0};
}

static uint64_t room_of(const struct wtl__guest *guest)
{
    return guest->room > guest->emitted ? guest->room - guest->emitted : 0;
}

static void want_room(struct wtl__host_ctx *x)
{
    struct wtl__pipe_frame frame = {.kind = WTL__PIPE_WANT_ROOM};
    if (!x->guest->room_asked) {
        x->guest->room_asked = true;
        wtl__guest_send(x->host, x->guest, &frame);
    }
}

/* ---- emitting ------------------------------------------------------------------------------ */

static enum wtl_status check_body(const struct wtl_writer *body)
{
    struct wtl_scan_limits limits = WTL_SCAN_BODY;
    limits.depth_max = WTL_FLOW_DEPTH_MAX;
    if (body == NULL) {
        return WTL_OK;
    }
    if (body->failed) {
        return wtl__message_fault(body);
    }
    return wtl_scan(body->begin, wtl_written(body), &limits) == WTL_OK ? WTL_OK : WTL_BAD_PAYLOAD;
}

/* May it, as far as is known here? */
static enum wtl_status check_emit(struct wtl__host_ctx *x, const struct wtl_key *key,
                                  const char *port, struct wtl_tag tag)
{
    const struct wtl__guest *guest = x->guest;
    bool producer = is_producer(guest);
    if (is_reserved(tag) || guest->type->kind == WTL_CONSUMER || (producer && key != NULL)) {
        return WTL_INVALID;
    }
    if (port != NULL && (producer || port[0] == '\0' || strlen(port) > WTL_NAME_MAX)) {
        return WTL_NOT_FOUND;
    }
    if (producer) {
        return room_of(guest) > 0 ? WTL_OK : WTL_BUSY;
    }
    if (key == NULL && current_key(x).seq == 0) {
        return WTL_INVALID;
    }
    return key == NULL && guest->outputs >= WTL_FLOW_CHILDREN_MAX ? WTL_FULL : WTL_OK;
}

static enum wtl_status emit(struct wtl_ctx *pub, const struct wtl_key *key, const char *port,
                            struct wtl_tag tag, struct wtl_writer *body)
{
    struct wtl__host_ctx *x = wtl__host_ctx_of(pub);
    struct wtl__guest *guest = x->guest;
    struct wtl__pipe_frame frame = {.kind = WTL__PIPE_EMIT, .tag = tag};
    enum wtl_status status = check_emit(x, key, port, tag);
    if (status == WTL_BUSY) {
        guest->room_refused = true;
        want_room(x);
    }
    status = status == WTL_OK ? check_body(body) : status;
    if (status != WTL_OK) {
        return refuse(body, status);
    }
    frame.key = key != NULL ? *key : current_key(x);
    if (body != NULL) {
        frame.body = body->begin;
        frame.size = (uint32_t)wtl_written(body);
    }
    if (port != NULL) {
        frame.flags = WTL__PIPE_NAMED;
        memcpy(frame.name, port, strlen(port) + 1);
    }
    if (!wtl__guest_may_send(x->host, guest, frame.size)) {
        return refuse(body, WTL_FULL);
    }
    wtl__guest_send(x->host, guest, &frame);
    guest->outputs++;
    if (is_producer(guest)) {
        guest->emitted++;
        if (room_of(guest) == 0) {
            want_room(x); /* before it is needed, if it comes in time */
        }
    }
    return refuse(body, WTL_OK); /* it was copied */
}

/* ---- the rest ------------------------------------------------------------------------------ */

static enum wtl_status back(struct wtl_ctx *pub, struct wtl_tag tag, struct wtl_writer *body)
{
    struct wtl__host_ctx *x = wtl__host_ctx_of(pub);
    struct wtl__pipe_frame frame = {.kind = WTL__PIPE_SEND_BACK, .tag = tag, .key = current_key(x)};
    enum wtl_status status =
        is_producer(x->guest) || is_reserved(tag) ? WTL_INVALID : check_body(body);
    if (status == WTL_OK && body != NULL) {
        frame.body = body->begin;
        frame.size = (uint32_t)wtl_written(body);
    }
    if (status == WTL_OK && !wtl__guest_may_send(x->host, x->guest, frame.size)) {
        status = WTL_FULL;
    }
    if (status == WTL_OK) {
        wtl__guest_send(x->host, x->guest, &frame);
    }
    return refuse(body, status);
}

static enum wtl_status drop(struct wtl_ctx *pub, const char *reason)
{
    struct wtl__host_ctx *x = wtl__host_ctx_of(pub);
    struct wtl__pipe_frame frame = {.kind = WTL__PIPE_DROP,
                                    .key = current_key(x),
                                    .body = (const uint8_t *)reason,
                                    .size = (uint32_t)strnlen(reason, TEXT_MAX)};
    if (frame.key.seq == 0) {
        return WTL_INVALID;
    }
    wtl__guest_send(x->host, x->guest, &frame);
    return WTL_OK;
}

static enum wtl_status done(struct wtl_ctx *pub, const struct wtl_key *key)
{
    struct wtl__host_ctx *x = wtl__host_ctx_of(pub);
    struct wtl__pipe_frame frame = {.kind = WTL__PIPE_CLOSE, .key = *key};
    if (key->seq == 0) {
        return WTL_NOT_FOUND;
    }
    wtl__guest_send(x->host, x->guest, &frame);
    return WTL_OK;
}

static enum wtl_status ask(struct wtl_ctx *pub, uint32_t count)
{
    struct wtl__host_ctx *x = wtl__host_ctx_of(pub);
    struct wtl__pipe_frame frame = {.kind = WTL__PIPE_ASK, .count = count};
    if (is_producer(x->guest)) {
        return WTL_DENIED;
    }
    if (count > WTL_FLOW_ASK_MAX) {
        return WTL_FULL;
    }
    wtl__guest_send(x->host, x->guest, &frame);
    return WTL_OK;
}

static uint32_t room(struct wtl_ctx *pub)
{
    struct wtl__host_ctx *x = wtl__host_ctx_of(pub);
    uint64_t left = room_of(x->guest);
    if (left == 0 && is_producer(x->guest)) {
        x->guest->room_refused = true;
        want_room(x);
    }
    return left < UINT32_MAX ? (uint32_t)left : UINT32_MAX;
}

static bool is_current(const struct wtl__host_ctx *x, const struct wtl_msg *message)
{
    return x->current != NULL && message == &x->current->msg;
}

static struct wtl_key key_of(struct wtl_ctx *pub, const struct wtl_msg *message)
{
    struct wtl__host_ctx *x = wtl__host_ctx_of(pub);
    return is_current(x, message) ? current_key(x) : (struct wtl_key){0};
}

static bool redelivered(struct wtl_ctx *pub, const struct wtl_msg *message)
{
    struct wtl__host_ctx *x = wtl__host_ctx_of(pub);
    return is_current(x, message) && x->current->again;
}

/* Not for modules, see flow.h. */
static enum wtl_status about(struct wtl_ctx *x, const struct wtl_key *key)
{
    (void)x;
    (void)key;
    return WTL_UNSUPPORTED;
}

const struct wtl_stage_api wtl__host_stage_api = {
    .size = sizeof(struct wtl_stage_api),
    .emit = emit,
    .back = back,
    .drop = drop,
    .done = done,
    .ask = ask,
    .room = room,
    .key = key_of,
    .redelivered = redelivered,
    .about = about,
};
