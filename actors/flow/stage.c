/* stage.c - the wrapper's own functions: what comes, and to whom it goes. See stage.h. */
#include "flow/stage.h"

void wtl__stage_enter(struct wtl_ctx *x, struct wtl_running *stage)
{
    x->stage = &stage->pub;
    x->api = &stage->table;
}

void wtl__stage_leave(struct wtl_ctx *x, struct wtl_running *stage)
{
    x->stage = NULL;
    x->api = stage->base;
    stage->current = NULL;
}

/* ---- what is inside ------------------------------------------------------------------------- */

static struct wtl_inside look(void *self, const void *settings)
{
    struct wtl_running *stage = self;
    const struct wtl_stage_spec *spec = ((const struct wtl_stage_settings *)settings)->spec;
    if (stage != NULL && stage->user.type != NULL) {
        return stage->user;
    }
    return (struct wtl_inside){.type = spec->user,
                               .state = stage != NULL ? (char *)stage + WTL_STAGE_STATE_AT : NULL,
                               .settings = spec->settings};
}

static void put(void *self, const struct wtl_inside *inside)
{
    struct wtl_running *stage = self;
    stage->user = *inside;
    stage->pub.type = inside->type;
}

static const struct wtl_around around = {.look = look, .put = put, .answer = wtl__stage_answer};

static enum wtl_status init(struct wtl_ctx *x, void *self, const void *settings,
                            const struct wtl_msg *args)
{
    struct wtl_running *stage = self;
    enum wtl_status status = WTL_OK;
    wtl__stage_table(x, stage);
    wtl__joint_init(x, &stage->joint, settings, stage, wtl__stage_settled);
    stage->user = look(self, settings);
    stage->pub = (struct wtl_stage){.api = &wtl__stage_api, .type = stage->user.type};
    stage->room.refused = stage->joint.spec->kind == WTL_UNIT_PRODUCER;
    const struct wtl_inside *user = &stage->user;
    if (user->type->init != NULL) {
        wtl__stage_enter(x, stage);
        status = user->type->init(x, user->state, user->settings, args);
        wtl__stage_leave(x, stage);
    }
    stage->ready = stage->ready || status == WTL_OK;
    return status;
}

static enum wtl_status user_handle(struct wtl_ctx *x, struct wtl_running *stage,
                                   const struct wtl_msg *message)
{
    const struct wtl_actor *user = stage->user.type;
    if (user->handle == NULL) {
        return WTL_OK;
    }
    wtl__stage_enter(x, stage);
    enum wtl_status status = user->handle(x, wtl__stage_user(stage), message);
    wtl__stage_leave(x, stage);
    return status;
}

/* ---- of producers -------------------------------------------------------------------------- */

/* A message that the flow makes for the user: a tag and perhaps a body. */
static enum wtl_status tell_user(struct wtl_ctx *x, struct wtl_running *stage, struct wtl_tag tag,
                                 const struct wtl_writer *body)
{
    struct wtl_msg message = {.tag = tag, .from = wtl_self(x)};
    if (body != NULL) {
        message.bytes = body->begin;
        message.size = (uint32_t)wtl_written(body);
    }
    stage->view = message;
    enum wtl_status status = user_handle(x, stage, &stage->view);
    stage->view = (struct wtl_msg){0};
    return status;
}

/* $flow.room: the outbox says how much it takes by this link, in all. */
static enum wtl_status on_room(struct wtl_ctx *x, struct wtl_running *stage,
                               const struct wtl_msg *message)
{
    uint64_t numbers[3];
    const struct wtl_out *out = &stage->joint.out;
    struct wtl_room *room = &stage->room;
    if (out->link_count != 1 || !wtl_pid_equal(message->from, out->links[0].pid) ||
        !wtl__flow_get_numbers(message, numbers, 3) || numbers[0] != out->links[0].id) {
        return WTL_OK;
    }
    if (room->link != numbers[0]) {
        *room = (struct wtl_room){.link = numbers[0], .refused = room->refused};
    }
    uint64_t more = numbers[1] > room->messages ? numbers[1] - room->messages : 0;
    room->messages = numbers[1];
    room->bytes = numbers[2];
    if (more > 0 && stage->joint.spec->mode != WTL_FLOW_PUSH) {
        uint8_t bytes[16];
        struct wtl_writer body = wtl_writer_over(bytes, sizeof bytes);
        wtl_put_map(&body, 1);
        WTL_PUT_KEY(&body, "count");
        wtl_put_u64(&body, more);
        enum wtl_status status = tell_user(x, stage, WTL_TAG("flow_demand"), &body);
        if (status != WTL_OK) {
            return status;
        }
    }
    if (room->refused && room->messages > room->sent && room->bytes > room->sent_bytes) {
        room->refused = false;
        return tell_user(x, stage, WTL_TAG("flow_ready"), NULL);
    }
    return WTL_OK;
}

/* $flow.back, at its end: what somebody behind has sent. */
static enum wtl_status on_back(struct wtl_ctx *x, struct wtl_running *stage,
                               const struct wtl_msg *message)
{
    struct wtl_flow_back back;
    const struct wtl_out *out = &stage->joint.out;
    if (out->link_count != 1 || !wtl_pid_equal(message->from, out->links[0].pid) ||
        !wtl__flow_get_back(message, &back)) {
        return WTL_OK;
    }
    stage->view = (struct wtl_msg){
        .tag = back.tag, .from = back.origin, .bytes = back.bytes, .size = back.size};
    enum wtl_status status = user_handle(x, stage, &stage->view);
    stage->view = (struct wtl_msg){0};
    return status;
}

/* ---- what comes ---------------------------------------------------------------------------- */

static enum wtl_status protocol(struct wtl_ctx *x, struct wtl_running *stage,
                                const struct wtl_msg *message)
{
    struct wtl_joint *joint = &stage->joint;
    bool producer = joint->spec->kind == WTL_UNIT_PRODUCER;
    enum wtl_status status = WTL_OK;
    uint32_t gone;
    if (wtl_tag_equal(message->tag, WTL_FLOW_TAG_DATA)) {
        status = producer ? WTL_OK : wtl__stage_data(x, stage, message);
    } else if (wtl_tag_equal(message->tag, WTL_FLOW_TAG_ROOM)) {
        return producer ? on_room(x, stage, message) : WTL_OK;
    } else if (wtl_tag_equal(message->tag, WTL_FLOW_TAG_BACK)) {
        if (producer) {
            return on_back(x, stage, message);
        }
        wtl__joint_relay(x, joint, message);
    } else if (wtl_tag_equal(message->tag, WTL_FLOW_TAG_ASK)) {
        wtl__in_ask(x, &joint->in, wtl__joint_asked(joint, message, 0, joint->out.arrow_count));
    } else if (wtl__joint_handle(x, joint, message, &status, &gone)) {
        if (gone != WTL_IN_NONE) {
            wtl__inputs_forget(x, &stage->inputs, gone, &stage->waiting);
        }
    } else {
        return user_handle(x, stage, message);
    }
    return status == WTL_OK ? wtl__stage_pump(x, stage) : status;
}

static enum wtl_status handle(struct wtl_ctx *x, void *self, const struct wtl_msg *message)
{
    struct wtl_running *stage = self;
    if (wtl__flow_tag_reserved(message->tag)) {
        return protocol(x, stage, message);
    }
    enum wtl_status status = user_handle(x, stage, message);
    return status == WTL_OK ? wtl__stage_pump(x, stage) : status;
}

static enum wtl_status down(struct wtl_ctx *x, void *self, const struct wtl_down *down)
{
    struct wtl_running *stage = self;
    const struct wtl_actor *user = stage->user.type;
    enum wtl_status status = WTL_OK;
    uint32_t gone;
    if (wtl__joint_down(x, &stage->joint, down, &gone)) {
        if (gone != WTL_IN_NONE) {
            wtl__inputs_forget(x, &stage->inputs, gone, &stage->waiting);
        }
        if (stage->joint.spec->kind == WTL_UNIT_PRODUCER) {
            stage->room = (struct wtl_room){.refused = true};
        }
    } else if (user->down != NULL) {
        wtl__stage_enter(x, stage);
        status = user->down(x, wtl__stage_user(stage), down);
        wtl__stage_leave(x, stage);
    }
    return status == WTL_OK ? wtl__stage_pump(x, stage) : status;
}

static enum wtl_status exited(struct wtl_ctx *x, void *self, const struct wtl_exit *exit)
{
    struct wtl_running *stage = self;
    const struct wtl_actor *user = stage->user.type;
    if (user->exited == NULL) {
        return WTL_OK;
    }
    wtl__stage_enter(x, stage);
    enum wtl_status status = user->exited(x, wtl__stage_user(stage), exit);
    wtl__stage_leave(x, stage);
    return status == WTL_OK ? wtl__stage_pump(x, stage) : status;
}

static enum wtl_status stop(struct wtl_ctx *x, void *self, struct wtl_reason reason)
{
    struct wtl_running *stage = self;
    const struct wtl_actor *user = stage->user.type;
    if (user->stop == NULL) {
        return WTL_OK;
    }
    wtl__stage_enter(x, stage);
    enum wtl_status status = user->stop(x, wtl__stage_user(stage), reason);
    wtl__stage_leave(x, stage);
    return status;
}

/* Not as in a flow: who looks at a stage gets nothing out of it but what it shows. */
static bool has_show(const struct wtl_actor *type)
{
    return WTL_HAS(type, show) && type->show != NULL;
}

static bool has_replace(const struct wtl_actor *type)
{
    return WTL_HAS(type, replace) && type->replace != NULL;
}

static void show(struct wtl_ctx *x, const void *self, struct wtl_writer *out)
{
    const struct wtl_running *stage = self;
    if (has_show(stage->user.type)) { /* another version may have none */
        stage->user.type->show(x, stage->user.state, out);
    }
}

static enum wtl_status replace(struct wtl_ctx *x, void *self, const struct wtl_msg *state)
{
    struct wtl_running *stage = self;
    const struct wtl_actor *user = stage->user.type;
    return has_replace(user) ? user->replace(x, wtl__stage_user(stage), state) : WTL_UNSUPPORTED;
}

enum wtl_status wtl_stage_type(struct wtl_stage_spec *spec)
{
    if (spec->kind == WTL_UNIT_OUTBOX || spec->kind == WTL_UNIT_FORK) {
        spec->type = spec->kind == WTL_UNIT_OUTBOX ? wtl__outbox_type : wtl__fork_type;
        spec->type.name = spec->name;
        return WTL_OK;
    }
    const struct wtl_actor *user = spec->user;
    bool producer = spec->kind == WTL_UNIT_PRODUCER;
    bool fits = producer ? user->kind == WTL_PRODUCER
                         : user->kind == WTL_PROCESSOR || user->kind == WTL_CONSUMER;
    if (!fits || user->state_size > UINT32_MAX / 2) {
        return WTL_INVALID;
    }
    spec->type = (struct wtl_actor){
        .size = sizeof(struct wtl_actor),
        .name = spec->name,
        .summary = user->summary,
        .kind = user->kind,
        .state_size = (uint32_t)(WTL_STAGE_STATE_AT + user->state_size),
        .state_vsn = user->state_vsn,
        .settings_size = sizeof(struct wtl_stage_settings),
        /* what the flow sends is held back by credit; a bound of the user's is for the rest */
        .mailbox_max = WTL_MAILBOX_LIMIT,
        .memory_max = user->memory_max,
        .init = init,
        .handle = handle,
        .down = down,
        .exited = exited,
        .stop = stop,
        .show = has_show(user) ? show : NULL,
        .replace = has_replace(user) ? replace : NULL,
        .around = &around,
    };
    return WTL_OK;
}
