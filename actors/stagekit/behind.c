/*
 * behind.c - an actor behind a stage under test, one for each port: takes what the stage emits, and
 * acknowledges it unless the test holds that back. See stage.h.
 */
#include "stagekit/stage.h"

struct behind {
    struct wtl_test_stage *stage;
    uint32_t port;
    struct wtl_in in;
};

static enum wtl_status init(struct wtl_ctx *x, void *self, const void *settings,
                            const struct wtl_msg *args)
{
    struct behind *behind = self;
    const struct wtl__test_neighbour *own = settings;
    (void)x;
    (void)args;
    behind->stage = own->stage;
    behind->port = own->port;
    return WTL_OK;
}

struct wtl__test_emitted *wtl__test_note_emit(struct wtl_test_stage *stage, uint32_t port,
                                              const struct wtl_msg *message)
{
    char line[WTL__TEST_LINE_BYTES];
    struct wtl__test_text text = wtl__test_text_over(line, sizeof line);
    struct wtl__test_emitted *place = wtl__test_grow(stage, &stage->emits, &stage->emits_count,
                                                     &stage->emits_capacity, sizeof *place);
    bool producer = stage->spec.kind == WTL_UNIT_PRODUCER;
    *place = (struct wtl__test_emitted){.port = port};
    place->emit.port = producer ? "" : stage->ports[port];
    place->emit.message = wtl__test_copy(stage, message->tag, message->bytes, message->size);
    wtl__test_put(&text, "emitted ");
    wtl__test_put_message(&text, message->tag, message->bytes, message->size);
    if (stage->ports_count > 1) {
        wtl__test_put(&text, " to %s", place->emit.port);
    }
    wtl_test_note(stage->t, "%s", line);
    return place;
}

static void on_data(struct wtl_ctx *x, struct behind *behind, const struct wtl_msg *message)
{
    struct wtl_test_stage *stage = behind->stage;
    struct wtl_flow_data data;
    if (wtl__in_data(&behind->in, message, &data) == WTL_IN_NONE) {
        return;
    }
    const struct wtl_msg emitted = {.tag = data.tag, .bytes = data.bytes, .size = data.size};
    struct wtl__test_emitted *place = wtl__test_note_emit(stage, behind->port, &emitted);
    place->emit.key = data.key;
    place->emit.redelivered = data.redelivered;
    place->link = data.link;
    place->n = data.n;
    place->is_held = stage->holds;
    if (data.key.seq >= 1 && data.key.seq <= stage->inputs_count) {
        stage->inputs[data.key.seq - 1].emits++;
    }
    if (!stage->holds) {
        wtl__in_settle(x, &behind->in, data.link, data.n);
    }
}

static void release(struct wtl_ctx *x, struct behind *behind)
{
    struct wtl_test_stage *stage = behind->stage;
    for (uint32_t i = 0; i < stage->emits_count; i++) {
        struct wtl__test_emitted *place = &stage->emits[i];
        if (place->is_held && place->port == behind->port) {
            place->is_held = false;
            wtl__in_settle(x, &behind->in, place->link, place->n);
        }
    }
}

static enum wtl_status handle(struct wtl_ctx *x, void *self, const struct wtl_msg *message)
{
    struct behind *behind = self;
    if (wtl_tag_equal(message->tag, WTL_FLOW_TAG_DATA)) {
        on_data(x, behind, message);
    } else if (wtl_tag_equal(message->tag, WTL_FLOW_TAG_FLUSH)) {
        behind->in.flushing = false;
        wtl__in_flush(x, &behind->in);
    } else if (wtl_tag_equal(message->tag, WTL_FLOW_TAG_OPEN)) {
        wtl__in_open(x, &behind->in, message);
    } else if (wtl_tag_equal(message->tag, WTL_FLOW_TAG_CLOSE)) {
        (void)wtl__in_close(x, &behind->in, message);
    } else if (wtl_tag_equal(message->tag, WTL__TEST_RELEASE)) {
        release(x, behind);
    }
    while (wtl__in_reset(x, &behind->in) != WTL_IN_NONE) {
        /* each link of which something was lost */
    }
    return WTL_OK;
}

static enum wtl_status down(struct wtl_ctx *x, void *self, const struct wtl_down *down)
{
    struct behind *behind = self;
    (void)wtl__in_down(x, &behind->in, down);
    return WTL_OK;
}

const struct wtl_actor wtl__test_behind = {.size = sizeof(struct wtl_actor),
                                           .name = "$behind",
                                           .state_size = sizeof(struct behind),
                                           .settings_size = sizeof(struct wtl__test_neighbour),
                                           .mailbox_max = WTL_MAILBOX_LIMIT,
                                           .init = init,
                                           .handle = handle,
                                           .down = down};
