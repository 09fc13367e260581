/* feed.c - what the test does to a stage. See stage.h. */
#include "stagekit/stage.h"

static void tell(struct wtl_test_stage *stage, struct wtl_pid to, struct wtl_tag tag)
{
    wtl_tell(wtl_test_ctx(stage->t), to, tag, NULL);
}

static void deliver(struct wtl_test_stage *stage, uint64_t seq, bool again)
{
    struct wtl__test_delivery *delivery =
        wtl__test_grow(stage, &stage->deliveries, &stage->deliveries_count,
                       &stage->deliveries_capacity, sizeof *delivery);
    *delivery = (struct wtl__test_delivery){.seq = seq, .is_redelivered = again};
    tell(stage, stage->before, WTL__TEST_PUMP);
}

static bool is_fed(struct wtl_test_stage *stage)
{
    if (stage->spec.kind == WTL_UNIT_PRODUCER) {
        wtl__test_fail(stage->t, "nothing can be fed to %s, which is a producer", stage->spec.name);
    }
    return !stage->t->is_over;
}

uint64_t wtl_test_feed(struct wtl_test_stage *stage, struct wtl_tag tag, struct wtl_writer *body)
{
    char line[WTL__TEST_LINE_BYTES];
    struct wtl__test_text text = wtl__test_text_over(line, sizeof line);
    if (!is_fed(stage)) {
        wtl_message_drop(wtl_test_ctx(stage->t), body);
        return 0;
    }
    const struct wtl_msg copy = wtl__test_copy(stage, tag, body != NULL ? body->begin : NULL,
                                               body != NULL ? wtl_written(body) : 0);
    wtl_message_drop(wtl_test_ctx(stage->t), body);
    struct wtl__test_input *input = wtl__test_grow(stage, &stage->inputs, &stage->inputs_count,
                                                   &stage->inputs_capacity, sizeof *input);
    *input = (struct wtl__test_input){.tag = tag, .bytes = copy.bytes, .size = copy.size};
    wtl__test_put_message(&text, tag, copy.bytes, copy.size);
    wtl_test_note(stage->t, "fed     message %u, %s", stage->inputs_count, line);
    deliver(stage, stage->inputs_count, false);
    return stage->inputs_count;
}

void wtl_test_feed_again(struct wtl_test_stage *stage, uint64_t seq)
{
    if (is_fed(stage)) {
        if (seq == 0 || seq > stage->inputs_count) {
            wtl__test_fail(stage->t, "there is no message %ju to be fed again", (uintmax_t)seq);
            return;
        }
        wtl_test_note(stage->t, "fed     message %ju again", (uintmax_t)seq);
        deliver(stage, seq, true);
    }
}

void wtl_test_room(struct wtl_test_stage *stage, uint32_t more)
{
    if (!stage->t->is_over) {
        stage->room += more;
        wtl_test_note(stage->t, "room    for %u more", more);
        tell(stage, stage->before, WTL__TEST_ROOM);
    }
}

void wtl_test_back(struct wtl_test_stage *stage, struct wtl_writer *body)
{
    if (stage->t->is_over) {
        wtl_message_drop(wtl_test_ctx(stage->t), body);
    } else {
        wtl_tell(wtl_test_ctx(stage->t), stage->before, WTL__TEST_BACK, body);
    }
}

void wtl_test_hold(struct wtl_test_stage *stage, bool on)
{
    if (!stage->t->is_over && wtl__test_settle(stage->t)) {
        stage->holds = on;
        for (uint32_t i = 0; !on && i < stage->ports_count; i++) {
            tell(stage, stage->behind[i], WTL__TEST_RELEASE);
        }
    }
}
