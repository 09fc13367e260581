/* expect.c - what the test expects of a stage. See stage.h. */
#include "stagekit/stage.h"

#include <stdio.h>

static bool settle(struct wtl_test_stage *stage)
{
    return !stage->t->is_over && wtl__test_settle(stage->t);
}

/* ---- inputs ---------------------------------------------------------------------------------- */

static void put_state(struct wtl__test_text *text, const struct wtl__test_input *input)
{
    if (!input->is_acked) {
        wtl__test_put(text, "open");
        if (input->emits > 0) {
            wtl__test_put(text, ", with %u emitted for it", input->emits);
        }
    } else if (input->is_dropped) {
        wtl__test_put(text, "dropped: %s", input->reason);
    } else {
        wtl__test_put(text, "acknowledged, with %u emitted for it", input->emits);
    }
}

static struct wtl__test_input *input_of(struct wtl_test_stage *stage, uint64_t seq)
{
    if (!settle(stage)) {
        return NULL;
    }
    if (seq == 0 || seq > stage->inputs_count) {
        wtl__test_fail(stage->t, "there is no message %ju: %s was fed with %u", (uintmax_t)seq,
                       stage->spec.name, stage->inputs_count);
        return NULL;
    }
    return &stage->inputs[seq - 1];
}

static bool expect_state(struct wtl_test_stage *stage, uint64_t seq, const char *what, bool holds,
                         const struct wtl__test_input *input)
{
    char line[2 * WTL__TEST_LINE_BYTES];
    struct wtl__test_text text = wtl__test_text_over(line, sizeof line);
    if (holds || input == NULL) {
        return input != NULL;
    }
    put_state(&text, input);
    wtl__test_fail(stage->t, "expected that message %ju is %s, and %s has it %s", (uintmax_t)seq,
                   what, stage->spec.name, line);
    return false;
}

bool wtl__test_expect_acked(struct wtl_test_stage *stage, uint64_t seq)
{
    const struct wtl__test_input *input = input_of(stage, seq);
    return expect_state(stage, seq, "acknowledged", input != NULL && input->is_acked, input);
}

bool wtl__test_expect_open(struct wtl_test_stage *stage, uint64_t seq)
{
    const struct wtl__test_input *input = input_of(stage, seq);
    return expect_state(stage, seq, "open", input != NULL && !input->is_acked, input);
}

bool wtl__test_expect_dropped(struct wtl_test_stage *stage, uint64_t seq, const char *words)
{
    char what[WTL__TEST_LINE_BYTES];
    const struct wtl__test_input *input = input_of(stage, seq);
    bool silent = stage->spec.user->kind == WTL_PROCESSOR; /* no emit is a drop as well */
    bool holds = input != NULL && input->is_acked && input->emits == 0 &&
                 (input->is_dropped || (silent && words == NULL)) &&
                 (words == NULL || strstr(input->reason, words) != NULL);
    (void)snprintf(what, sizeof what, "dropped%s%.200s", words != NULL ? ": " : "",
                   words != NULL ? words : "");
    return expect_state(stage, seq, what, holds, input);
}

uint32_t wtl_test_acks(struct wtl_test_stage *stage)
{
    (void)settle(stage);
    return stage->acks;
}

bool wtl__test_expect_given_up(struct wtl_test_stage *stage, const char *reason)
{
    struct wtl_test *t = stage->t;
    if (!settle(stage)) {
        return false;
    }
    if (!stage->has_given_up) {
        wtl__test_fail(t, "expected that the supervisor of %s has given up, and it has not",
                       stage->spec.name);
        return false;
    }
    for (uint32_t i = 0; i < t->actors_count; i++) {
        struct wtl__test_actor *actor = &t->actors[i];
        char came[40];
        if (!wtl_pid_equal(actor->parent, stage->supervisor)) {
            continue;
        }
        if (!actor->is_expected && strcmp(wtl_reason_text(actor->reason, came), reason) != 0) {
            wtl__test_fail(t, "%s has ended with %s, expected %s each time", actor->name, came,
                           reason);
            return false;
        }
        actor->is_expected = true;
    }
    return true;
}

/* ---- emits ----------------------------------------------------------------------------------- */

static void put_emit(struct wtl__test_text *text, const struct wtl_test_stage *stage,
                     const struct wtl_test_emit *emit)
{
    wtl__test_put_message(text, emit->message.tag, emit->message.bytes, emit->message.size);
    if (stage->ports_count > 1) {
        wtl__test_put(text, " to %s", emit->port);
    }
}

/* What became of the latest message, where nothing was emitted. */
static void put_latest(struct wtl__test_text *text, const struct wtl_test_stage *stage)
{
    wtl__test_put(text, ", and nothing was emitted");
    if (stage->inputs_count > 0) {
        wtl__test_put(text, "\n    message %u is ", stage->inputs_count);
        put_state(text, &stage->inputs[stage->inputs_count - 1]);
    } else if (stage->spec.kind == WTL_UNIT_PRODUCER && stage->room == 0) {
        wtl__test_put(text, "; there is no room for more: see wtl_test_room");
    }
}

bool wtl__test_expect_emit(struct wtl_test_stage *stage, const char *port, struct wtl_tag tag,
                           struct wtl_writer *body)
{
    char lines[4 * WTL__TEST_LINE_BYTES];
    char why[WTL__TEST_LINE_BYTES] = "";
    struct wtl__test_text text = wtl__test_text_over(lines, sizeof lines);
    if (!settle(stage)) {
        wtl_message_drop(wtl_test_ctx(stage->t), body);
        return false;
    }
    wtl__test_put(&text, "expected that %s emits ", stage->spec.name);
    wtl__test_put_message(&text, tag, body->begin, wtl_written(body));
    if (port != NULL) {
        wtl__test_put(&text, " to %s", port);
    }
    if (stage->emits_expected == stage->emits_count) {
        wtl_message_drop(wtl_test_ctx(stage->t), body);
        put_latest(&text, stage);
        wtl__test_fail(stage->t, "%s", lines);
        return false;
    }
    const struct wtl_test_emit *emit = &stage->emits[stage->emits_expected++].emit;
    bool same =
        wtl_tag_equal(emit->message.tag, tag) && (port == NULL || strcmp(port, emit->port) == 0);
    if (!same) {
        wtl_message_drop(wtl_test_ctx(stage->t), body);
    } else {
        same = wtl__test_body_is(stage->t, &emit->message, body, why);
    }
    if (!same) {
        wtl__test_put(&text, "\n    but it has emitted ");
        put_emit(&text, stage, emit);
        wtl__test_fail(stage->t, "%s%s%s", lines, why[0] != '\0' ? "\n    " : "", why);
    }
    return same;
}

bool wtl__test_expect_no_emit(struct wtl_test_stage *stage)
{
    char line[2 * WTL__TEST_LINE_BYTES];
    struct wtl__test_text text = wtl__test_text_over(line, sizeof line);
    if (!settle(stage)) {
        return false;
    }
    if (stage->emits_expected < stage->emits_count) {
        put_emit(&text, stage, &stage->emits[stage->emits_expected].emit);
        wtl__test_fail(stage->t, "expected that %s emits nothing, and it has emitted %s",
                       stage->spec.name, line);
        return false;
    }
    return true;
}

uint32_t wtl_test_emits(struct wtl_test_stage *stage)
{
    (void)settle(stage);
    return stage->emits_count;
}

const struct wtl_test_emit *wtl_test_emitted(struct wtl_test_stage *stage, uint32_t n)
{
    static const struct wtl_test_emit none = {.port = ""};
    (void)settle(stage);
    return n < stage->emits_count ? &stage->emits[n].emit : &none;
}

/* ---- backward -------------------------------------------------------------------------------- */

bool wtl__test_expect_back(struct wtl_test_stage *stage, struct wtl_writer *body)
{
    char lines[3 * WTL__TEST_LINE_BYTES];
    char why[WTL__TEST_LINE_BYTES] = "";
    struct wtl__test_text text = wtl__test_text_over(lines, sizeof lines);
    if (!settle(stage)) {
        wtl_message_drop(wtl_test_ctx(stage->t), body);
        return false;
    }
    struct wtl_reader expected = wtl_reader_over(body->begin, wtl_written(body));
    wtl__test_put(&text, "expected that %s sends backward ", stage->spec.name);
    wtl__test_put_value(&text, &expected);
    if (stage->backs_expected == stage->backs_count) {
        wtl_message_drop(wtl_test_ctx(stage->t), body);
        wtl__test_fail(stage->t, "%s, and nothing was sent", lines);
        return false;
    }
    const struct wtl_msg *came = &stage->backs[stage->backs_expected++];
    bool same = wtl__test_body_is(stage->t, came, body, why);
    if (!same) {
        wtl__test_put(&text, "\n    but it has sent ");
        wtl__test_put_message(&text, came->tag, came->bytes, came->size);
        wtl__test_fail(stage->t, "%s\n    %s", lines, why);
    }
    return same;
}

uint64_t wtl_test_asked(struct wtl_test_stage *stage)
{
    (void)settle(stage);
    return stage->asked;
}
