/*
 * before.c - the actor before a stage under test. See stage.h.
 *
 * It is the stage's host, which supervises it and says where its arrows lead; its source, which
 * sends it what the test feeds, and again what was not acknowledged; and, of a producer, the outbox
 * that takes what it emits, as far as the test gives room.
 */
#include "stagekit/stage.h"

/* Bytes of a wire with all its ports. */
#define WIRE_BYTES_MAX (64u + WTL_TEST_PORTS_MAX * 96u)

struct before {
    struct wtl_test_stage *stage;
    struct wtl_out out; /* to a processor or consumer */
    uint32_t cursor;    /* below it every delivery has been sent */
    /* of a producer: its link, and what it has sent and may send by it */
    struct wtl_pid producer;
    uint64_t link;
    uint64_t sent;
    uint64_t sent_bytes;
    uint64_t told;
};

/* ---- the host -------------------------------------------------------------------------------- */

static void put_arrow(struct wtl_writer *body, const char *name, struct wtl_pid to)
{
    wtl_put_array(body, 3);
    wtl_put_strz(body, name);
    wtl_put_bool(body, false);
    wtl_put_array(body, 2);
    wtl_put_u64(body, to.node);
    wtl_put_u64(body, to.local);
}

static void put_wire(struct wtl_writer *body, const struct wtl_test_stage *stage, uint32_t arrows)
{
    wtl_put_array(body, 4);
    wtl_put_u64(body, 1); /* the flow's epoch */
    wtl_put_bool(body, !stage->one_way);
    wtl_put_bool(body, stage->pace == WTL_TEST_PULL);
    wtl_put_array(body, arrows);
}

/* Where the stage's own arrows lead. */
static void wire_stage(struct wtl_ctx *x, const struct wtl_test_stage *stage)
{
    bool producer = stage->spec.kind == WTL_UNIT_PRODUCER;
    struct wtl_writer body;
    (void)wtl_message_open(x, &body, WIRE_BYTES_MAX);
    put_wire(&body, stage, producer ? 1 : stage->ports_count);
    if (producer) {
        put_arrow(&body, "outbox", wtl_self(x));
    }
    for (uint32_t i = 0; i < stage->ports_count; i++) {
        put_arrow(&body, stage->ports[i], stage->behind[i]);
    }
    wtl_tell(x, stage->pid, WTL_FLOW_TAG_WIRE, &body);
}

/* The stage has started, for the first time or again. */
static enum wtl_status on_report(struct wtl_ctx *x, struct before *before,
                                 const struct wtl_msg *message)
{
    struct wtl_test_stage *stage = before->stage;
    uint8_t bytes[WIRE_BYTES_MAX];
    struct wtl_writer writer = wtl_writer_over(bytes, sizeof bytes);
    stage->pid = message->from;
    wire_stage(x, stage);
    if (stage->spec.kind == WTL_UNIT_PRODUCER) {
        return WTL_OK;
    }
    put_wire(&writer, stage, 1);
    put_arrow(&writer, stage->spec.name, stage->pid);
    const struct wtl_msg wire = {.bytes = bytes, .size = (uint32_t)wtl_written(&writer)};
    return wtl__out_wire(x, &before->out, &wire);
}

static void supervise(struct wtl_ctx *x, struct wtl_test_stage *stage)
{
    const struct wtl_stage_settings settings = {.spec = &stage->spec};
    const struct wtl_child child = {
        .id = stage->spec.name, .type = &stage->spec.type, .settings = &settings};
    const struct wtl_tree tree = {.children = &child, .children_count = 1};
    stage->spec.host = wtl_self(x);
    stage->supervisor = wtl_supervise(x, &tree, &(struct wtl_spawn_options){.link = true});
}

/* ---- the source ------------------------------------------------------------------------------ */

static void settled(struct wtl_ctx *x, void *unit, uint16_t arrow, uint64_t cookie, bool ok)
{
    struct before *before = unit;
    struct wtl_test_stage *stage = before->stage;
    struct wtl__test_delivery *delivery = &stage->deliveries[cookie];
    struct wtl__test_input *input = &stage->inputs[delivery->seq - 1];
    (void)x;
    (void)arrow;
    if (!ok) {
        delivery->is_sent = false;
        delivery->is_redelivered = true;
        before->cursor = cookie < before->cursor ? (uint32_t)cookie : before->cursor;
        return;
    }
    delivery->is_done = true;
    input->is_acked = true;
    stage->acks++;
    wtl_test_note(stage->t, "acked   message %ju", (uintmax_t)delivery->seq);
}

static void pump(struct wtl_ctx *x, struct before *before)
{
    struct wtl_test_stage *stage = before->stage;
    for (; before->cursor < stage->deliveries_count; before->cursor++) {
        struct wtl__test_delivery *delivery = &stage->deliveries[before->cursor];
        const struct wtl__test_input *input = &stage->inputs[delivery->seq - 1];
        struct wtl_flow_data data = {
            .key = {.epoch = 1, .source = wtl_self(x), .seq = delivery->seq},
            .redelivered = delivery->is_redelivered,
            .tag = input->tag,
            .bytes = input->bytes,
            .size = input->size,
        };
        uint32_t cookie = before->cursor;
        if (delivery->is_sent || delivery->is_done) {
            continue;
        }
        if (!wtl__out_ready(&before->out, 0, delivery->seq) ||
            !wtl__out_send(x, &before->out, 0, &data, cookie)) {
            return;
        }
        delivery->is_sent = true;
    }
}

/* ---- the outbox of a producer ---------------------------------------------------------------- */

static void tell_room(struct wtl_ctx *x, struct before *before)
{
    struct wtl_test_stage *stage = before->stage;
    uint64_t messages = before->sent + stage->room;
    if (wtl_pid_is_none(before->producer) || messages <= before->told) {
        return;
    }
    before->told = messages;
    const uint64_t numbers[] = {before->link, messages, before->sent_bytes + WTL_FLOW_OUTBOX_BYTES};
    wtl__flow_send_numbers(x, before->producer, WTL_FLOW_TAG_ROOM, numbers, 3);
}

static void on_open(struct wtl_ctx *x, struct before *before, const struct wtl_msg *message)
{
    uint64_t numbers[3];
    if (wtl__flow_get_numbers(message, numbers, 3)) {
        before->producer = message->from;
        before->link = numbers[0];
        before->sent = 0;
        before->sent_bytes = 0;
        before->told = 0;
        tell_room(x, before);
    }
}

/* What wtl_emit has accepted. */
static void accept(struct wtl_ctx *x, struct before *before, const struct wtl_msg *message)
{
    struct wtl_test_stage *stage = before->stage;
    before->sent++;
    before->sent_bytes += message->size;
    stage->room -= stage->room_is_bounded;
    (void)wtl__test_note_emit(stage, 0, message);
    if (!stage->room_is_bounded && before->told - before->sent < WTL_FLOW_OUTBOX_MESSAGES / 2) {
        tell_room(x, before);
    }
}

/* ---- backward -------------------------------------------------------------------------------- */

static void on_back(struct before *before, const struct wtl_msg *message)
{
    struct wtl_test_stage *stage = before->stage;
    struct wtl_flow_back back;
    if (wtl__flow_get_back(message, &back)) {
        struct wtl_msg *place = wtl__test_grow(stage, &stage->backs, &stage->backs_count,
                                               &stage->backs_capacity, sizeof *place);
        *place = wtl__test_copy(stage, back.tag, back.bytes, back.size);
    }
}

static void send_back(struct wtl_ctx *x, struct wtl_test_stage *stage,
                      const struct wtl_msg *message)
{
    const struct wtl_flow_back back = {.origin = wtl_self(x),
                                       .number = ++stage->back_number,
                                       .tag = WTL_TAG("back"),
                                       .bytes = message->bytes,
                                       .size = message->size};
    enum wtl_status sent = wtl__joint_back_to(x, stage->pid, &back);
    (void)sent;
}

/* ---- the actor ------------------------------------------------------------------------------- */

static enum wtl_status init(struct wtl_ctx *x, void *self, const void *settings,
                            const struct wtl_msg *args)
{
    struct before *before = self;
    (void)args;
    before->stage = ((const struct wtl__test_neighbour *)settings)->stage;
    before->out.unit = before;
    before->out.settled = settled;
    before->out.counts = &before->stage->before_counts;
    supervise(x, before->stage);
    return WTL_OK;
}

/* What the test has told it. */
static bool of_the_test(struct wtl_ctx *x, struct before *before, const struct wtl_msg *message)
{
    if (wtl_tag_equal(message->tag, WTL__TEST_ROOM)) {
        tell_room(x, before);
    } else if (wtl_tag_equal(message->tag, WTL__TEST_BACK)) {
        send_back(x, before->stage, message);
    } else if (wtl_tag_equal(message->tag, WTL__TEST_STOP)) {
        before->stage->has_stopped = true;
        wtl_exit(x, before->stage->supervisor, WTL_REASON(WTL_EXIT_SHUTDOWN, "shutdown"));
    } else {
        return wtl_tag_equal(message->tag, WTL__TEST_PUMP);
    }
    return true;
}

static enum wtl_status handle(struct wtl_ctx *x, void *self, const struct wtl_msg *message)
{
    struct before *before = self;
    enum wtl_status status = WTL_OK;
    uint64_t numbers[2];
    if (!wtl__flow_tag_reserved(message->tag)) {
        accept(x, before, message);
    } else if (wtl_tag_equal(message->tag, WTL_FLOW_TAG_REPORT)) {
        status = on_report(x, before, message);
    } else if (wtl_tag_equal(message->tag, WTL_FLOW_TAG_OPEN)) {
        on_open(x, before, message);
    } else if (wtl_tag_equal(message->tag, WTL_FLOW_TAG_CREDIT)) {
        wtl__out_credit(&before->out, message);
    } else if (wtl_tag_equal(message->tag, WTL_FLOW_TAG_ACK)) {
        wtl__out_ack(x, &before->out, message);
    } else if (wtl_tag_equal(message->tag, WTL_FLOW_TAG_RESET)) {
        wtl__out_reset(x, &before->out, message);
    } else if (wtl_tag_equal(message->tag, WTL_FLOW_TAG_RETRY)) {
        wtl__out_retry(x, &before->out);
    } else if (wtl_tag_equal(message->tag, WTL_FLOW_TAG_ASK)) {
        before->stage->asked += wtl__flow_get_numbers(message, numbers, 2) ? numbers[1] : 0;
    } else if (wtl_tag_equal(message->tag, WTL_FLOW_TAG_BACK)) {
        on_back(before, message);
    } else {
        (void)of_the_test(x, before, message);
    }
    pump(x, before);
    return status;
}

static enum wtl_status down(struct wtl_ctx *x, void *self, const struct wtl_down *down)
{
    struct before *before = self;
    (void)wtl__out_down(x, &before->out, down);
    return WTL_OK;
}

/* The supervisor has given up, or was told to end. */
static enum wtl_status exited(struct wtl_ctx *x, void *self, const struct wtl_exit *exit)
{
    struct before *before = self;
    (void)x;
    if (wtl_pid_equal(exit->from, before->stage->supervisor) && !before->stage->has_stopped) {
        before->stage->has_given_up = true;
        wtl_test_note(before->stage->t, "the supervisor of stage %s has given up",
                      before->stage->spec.name);
    }
    return WTL_OK;
}

const struct wtl_actor wtl__test_before = {.size = sizeof(struct wtl_actor),
                                           .name = "$before",
                                           .state_size = sizeof(struct before),
                                           .settings_size = sizeof(struct wtl__test_neighbour),
                                           .mailbox_max = WTL_MAILBOX_LIMIT,
                                           .init = init,
                                           .handle = handle,
                                           .down = down,
                                           .exited = exited};
