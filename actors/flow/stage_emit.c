/*
 * stage_emit.c - what a stage does through flow.h: the table behind x->stage.
 *
 * A producer's outputs go to its outbox as they are, each under its own tag: from then on they are
 * accepted. A processor's go on at once where there is credit, else they wait here.
 */
#include "flow/stage.h"

static struct wtl_running *running(struct wtl_ctx *x)
{
    return (struct wtl_running *)x->stage;
}

static enum wtl_status refuse(struct wtl_ctx *x, struct wtl_writer *body, enum wtl_status status)
{
    wtl_message_drop(x, body);
    return status;
}

/* ---- producers ----------------------------------------------------------------------------- */

static enum wtl_status emit_source(struct wtl_ctx *x, struct wtl_running *stage, struct wtl_tag tag,
                                   struct wtl_writer *body)
{
    struct wtl_room *room = &stage->room;
    const struct wtl_out *out = &stage->joint.out;
    size_t size = body != NULL ? wtl_written(body) : 0;
    bool open = out->link_count == 1 && room->link == out->links[0].id;
    if (!open || room->sent >= room->messages || room->sent_bytes + size > room->bytes) {
        room->refused = true;
        return refuse(x, body, WTL_BUSY);
    }
    enum wtl_status status = wtl_try_tell(x, out->links[0].pid, tag, body);
    if (status == WTL_OK) {
        room->sent++;
        room->sent_bytes += size;
        wtl__count_add(stage->joint.spec->counts, WTL_FLOW_OUT, 1);
    } else {
        room->refused = true;
    }
    return status == WTL_NO_PROCESS ? WTL_BUSY : status;
}

/* ---- processors ---------------------------------------------------------------------------- */

static uint64_t mix(uint64_t value)
{
    value ^= value >> 32;
    value *= UINT64_C(0x9fb21c651e98df25);
    return value ^ value >> 28;
}

/* The same outputs of the same input get the same numbers. The first one along the first arrow
 * inherits its input's, so that all is 0 where nothing is split. */
static uint64_t child_of(const struct wtl_input *input, uint32_t arrow)
{
    uint64_t child = input->data.key.child;
    if (arrow == 0 && input->outputs == 0) {
        return child;
    }
    child = mix(mix(child + 1) ^ ((uint64_t)arrow << 32 | input->outputs));
    return child != 0 ? child : 1;
}

static bool wait_for_credit(struct wtl_ctx *x, struct wtl_running *stage, uint32_t arrow,
                            const struct wtl_flow_data *data, uint64_t input)
{
    struct wtl_output *output = wtl_alloc(x, sizeof *output + data->size);
    if (output == NULL) {
        return false;
    }
    *output = (struct wtl_output){.input = input, .arrow = arrow, .data = *data};
    if (data->size > 0) {
        memcpy(output->bytes, data->bytes, data->size);
    }
    output->data.bytes = output->bytes;
    if (stage->outputs == NULL) {
        stage->outputs = output;
    } else {
        stage->outputs_last->next = output;
    }
    stage->outputs_last = output;
    stage->outputs_count++;
    return true;
}

/* Along one arrow. What was sent to others of them before it failed is sent again with its input,
 * which is why that has failed then. */
static enum wtl_status emit_along(struct wtl_ctx *x, struct wtl_running *stage,
                                  struct wtl_input *input, uint32_t arrow,
                                  struct wtl_flow_data *data)
{
    data->key = input->data.key;
    data->key.child = child_of(input, arrow);
    data->redelivered = input->data.redelivered;
    if (stage->outputs == NULL && wtl__out_send(x, &stage->joint.out, arrow, data, input->id)) {
        wtl__count_add(stage->joint.spec->counts, WTL_FLOW_OUT, 1);
    } else if (!wait_for_credit(x, stage, arrow, data, input->id)) {
        return WTL_NO_MEMORY;
    }
    input->outstanding++;
    return WTL_OK;
}

static enum wtl_status emit_derived(struct wtl_ctx *x, struct wtl_running *stage,
                                    struct wtl_input *input, const char *port, struct wtl_tag tag,
                                    struct wtl_writer *body)
{
    const struct wtl_out *out = &stage->joint.out;
    struct wtl_flow_data data = {.tag = tag};
    enum wtl_status status = port == NULL ? WTL_OK : WTL_NOT_FOUND;
    if (input->member) {
        return refuse(x, body, WTL_OK); /* nobody is there for it */
    }
    if (input->outputs >= WTL_FLOW_CHILDREN_MAX) {
        return refuse(x, body, WTL_FULL);
    }
    if (body != NULL) {
        data.bytes = body->begin;
        data.size = (uint32_t)wtl_written(body);
    }
    for (uint32_t i = 0; i < out->arrow_count; i++) {
        if (port != NULL && strcmp(port, out->arrows[i].name) != 0) {
            continue;
        }
        status = emit_along(x, stage, input, i, &data);
        if (status != WTL_OK) {
            break;
        }
    }
    input->outputs += status == WTL_OK;
    return refuse(x, body, status); /* it was copied */
}

static enum wtl_status emit(struct wtl_ctx *x, const struct wtl_key *key, const char *port,
                            struct wtl_tag tag, struct wtl_writer *body)
{
    struct wtl_running *stage = running(x);
    const struct wtl_stage_spec *spec = stage->joint.spec;
    struct wtl_input *input = stage->current;
    bool producer = spec->kind == WTL_UNIT_PRODUCER;
    if (body != NULL && body->failed) {
        return refuse(x, body, WTL_NO_MEMORY);
    }
    if (wtl__flow_tag_reserved(tag) || stage->user.type->kind == WTL_CONSUMER ||
        (producer && key != NULL)) {
        return refuse(x, body, WTL_INVALID);
    }
    if (body != NULL && wtl_written(body) > WTL_FLOW_BODY_MAX) {
        return refuse(x, body, WTL_TOO_LARGE);
    }
    if (body != NULL && !wtl__flow_body_valid(body->begin, wtl_written(body))) {
        return refuse(x, body, WTL_BAD_PAYLOAD);
    }
    if (producer) {
        return port == NULL ? emit_source(x, stage, tag, body) : refuse(x, body, WTL_NOT_FOUND);
    }
    if (key != NULL) {
        input = wtl__input_of_key(&stage->inputs, key);
    }
    if (input == NULL) {
        return refuse(x, body, key != NULL ? WTL_NOT_FOUND : WTL_INVALID);
    }
    return emit_derived(x, stage, input, port, tag, body);
}

/* ---- the rest ------------------------------------------------------------------------------ */

static enum wtl_status back(struct wtl_ctx *x, struct wtl_tag tag, struct wtl_writer *body)
{
    struct wtl_running *stage = running(x);
    struct wtl_joint *joint = &stage->joint;
    struct wtl_flow_back message = {
        .origin = wtl_self(x), .number = ++joint->back_number, .tag = tag};
    enum wtl_status status = WTL_OK;
    if (body != NULL && body->failed) {
        return refuse(x, body, WTL_NO_MEMORY);
    }
    if (joint->spec->kind == WTL_UNIT_PRODUCER || wtl__flow_tag_reserved(tag) ||
        (body != NULL && !wtl__flow_body_valid(body->begin, wtl_written(body)))) {
        return refuse(x, body, WTL_INVALID);
    }
    if (!joint->out.wired || !joint->out.back) {
        return refuse(x, body, joint->out.wired ? WTL_DENIED : WTL_NO_CONNECTION);
    }
    if (body != NULL) {
        message.bytes = body->begin;
        message.size = (uint32_t)wtl_written(body);
    }
    if (stage->current != NULL) {
        status = wtl__joint_back_to(x, stage->current->data.key.source, &message);
    } else {
        wtl__joint_back_all(x, joint, &message);
    }
    return refuse(x, body, status); /* it was copied */
}

static enum wtl_status drop(struct wtl_ctx *x, const char *reason)
{
    struct wtl_running *stage = running(x);
    struct wtl_stage_spec *spec = stage->joint.spec;
    if (stage->current == NULL) {
        return WTL_INVALID;
    }
    if (spec->dropped != NULL) {
        spec->dropped(spec, &stage->current->data.key, reason);
    }
    wtl_log(x, WTL_LOG_DEBUG, reason);
    if (stage->user.type->kind == WTL_CONSUMER) { /* a processor's are counted anyway */
        wtl__count_add(spec->counts, WTL_FLOW_DROPPED, 1);
    }
    return WTL_OK;
}

static enum wtl_status done(struct wtl_ctx *x, const struct wtl_key *key)
{
    struct wtl_running *stage = running(x);
    struct wtl_input *input = wtl__input_of_key(&stage->inputs, key);
    if (input == NULL) {
        return WTL_NOT_FOUND;
    }
    while (input != NULL) { /* the same one may have come by two ways */
        input->later = false;
        wtl__stage_handled(x, stage, input);
        input = wtl__input_of_key(&stage->inputs, key);
    }
    return WTL_OK;
}

static enum wtl_status ask(struct wtl_ctx *x, uint32_t count)
{
    struct wtl_running *stage = running(x);
    struct wtl_joint *joint = &stage->joint;
    if (joint->spec->kind == WTL_UNIT_PRODUCER ||
        (joint->out.wired && (!joint->out.pulls || joint->out.arrow_count > 0))) {
        return WTL_DENIED;
    }
    if (count > WTL_FLOW_ASK_MAX || joint->in.to_ask + count > WTL_FLOW_ASK_MAX) {
        return WTL_FULL;
    }
    wtl__in_ask(x, &joint->in, count);
    return WTL_OK;
}

static uint32_t room(struct wtl_ctx *x)
{
    struct wtl_room *own = &running(x)->room;
    uint64_t left = own->messages > own->sent ? own->messages - own->sent : 0;
    left = own->bytes > own->sent_bytes ? left : 0;
    own->refused = own->refused || left == 0;
    return (uint32_t)left;
}

static struct wtl_key key_of(struct wtl_ctx *x, const struct wtl_msg *message)
{
    const struct wtl_running *stage = running(x);
    bool current = stage->current != NULL && message == &stage->view;
    return current ? stage->current->data.key : (struct wtl_key){0};
}

static bool redelivered(struct wtl_ctx *x, const struct wtl_msg *message)
{
    const struct wtl_running *stage = running(x);
    return stage->current != NULL && message == &stage->view && stage->current->data.redelivered;
}

static enum wtl_status about(struct wtl_ctx *x, const struct wtl_key *key)
{
    struct wtl_running *stage = running(x);
    stage->current = key != NULL ? wtl__input_of_key(&stage->inputs, key) : NULL;
    return key != NULL && stage->current == NULL ? WTL_NOT_FOUND : WTL_OK;
}

const struct wtl_stage_api wtl__stage_api = {
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
