/* calls.c - what the test asks, and how it was answered. See world.h. */
#include "testkit/world.h"

#include <stdlib.h>

/* How long the test waits for an answer that has no deadline of its own, in virtual time. */
#define ANSWER_MS 60000u

static void put_answer(struct wtl__test_text *text, const struct wtl_answer *answer)
{
    char reason[40];
    struct wtl_reader reader = wtl_read(&answer->message);
    wtl__test_put(text, "%s", wtl_status_word(answer->status));
    if (answer->status == WTL_CLOSED) {
        wtl__test_put(text, " (%s)", wtl_reason_text(answer->reason, reason));
    }
    if (wtl_left(&reader) > 0) {
        wtl__test_put(text, " ");
        wtl__test_put_value(text, &reader);
    }
}

static enum wtl_status on_answer(struct wtl_ctx *x, void *self, const struct wtl_answer *answer,
                                 void *context)
{
    struct wtl_test *t = wtl__test_of(wtl__ctx_of(x)->runtime);
    char line[WTL__TEST_LINE_BYTES];
    struct wtl__test_text text = wtl__test_text_over(line, sizeof line);
    (void)self;
    (void)context;
    t->answer = *answer;
    t->answer.message.bytes = NULL;
    t->is_answered = true;
    if (answer->message.size > 0) {
        t->answer_bytes = malloc(answer->message.size);
        WTL_ASSERT(t->answer_bytes != NULL);
        memcpy(t->answer_bytes, answer->message.bytes, answer->message.size);
        t->answer.message.bytes = t->answer_bytes;
    }
    put_answer(&text, answer);
    wtl_test_note(t, "answer  %s", line);
    return WTL_OK;
}

static struct wtl_call_options begin(struct wtl_test *t)
{
    free(t->answer_bytes);
    t->answer_bytes = NULL;
    t->answer = (struct wtl_answer){.status = WTL_TIMEOUT};
    t->is_answered = false;
    return (struct wtl_call_options){.on_answer = on_answer};
}

static const struct wtl_answer *wait(struct wtl_test *t)
{
    uint64_t end_ns = t->step.now_ns + ANSWER_MS * WTL__NS_PER_MS;
    bool goes_on = wtl__test_settle(t);
    while (goes_on && !t->is_answered) {
        goes_on = wtl__test_to_timer(t, end_ns);
    }
    return &t->answer;
}

const struct wtl_answer *wtl_test_call(struct wtl_test *t, struct wtl_pid to, struct wtl_tag tag,
                                       struct wtl_writer *body)
{
    char line[WTL__TEST_LINE_BYTES];
    struct wtl__test_text text = wtl__test_text_over(line, sizeof line);
    struct wtl_call_options options = begin(t);
    if (t->is_over) {
        wtl_message_drop(wtl_test_ctx(t), body);
        return &t->answer;
    }
    wtl__test_put_message(&text, tag, body != NULL ? body->begin : NULL,
                          body != NULL ? wtl_written(body) : 0);
    wtl__test_put(&text, " of ");
    wtl__test_put_pid(t, &text, to);
    wtl_test_note(t, "asked %s", line);
    (void)wtl_call(wtl_test_ctx(t), to, tag, body, &options);
    return wait(t);
}

const struct wtl_answer *wtl__test_ask_children(struct wtl_test *t, struct wtl_pid supervisor)
{
    struct wtl_call_options options = begin(t);
    if (t->is_over) {
        return &t->answer;
    }
    (void)wtl_supervisor_ask(wtl_test_ctx(t), supervisor, WTL_CHILDREN_LIST, NULL, WTL_PID_NONE,
                             &options);
    return wait(t);
}

bool wtl__test_expect_reply(struct wtl_test *t, enum wtl_status status, bool with_body,
                            struct wtl_writer *body)
{
    char lines[2 * WTL__TEST_LINE_BYTES];
    char why[WTL__TEST_LINE_BYTES] = "";
    struct wtl__test_text text = wtl__test_text_over(lines, sizeof lines);
    bool same = t->answer.status == status;
    if (t->is_over) {
        wtl_message_drop(wtl_test_ctx(t), body);
        return false;
    }
    wtl__test_put(&text, "expected the answer %s", wtl_status_word(status));
    if (with_body) {
        struct wtl_reader reader = wtl_reader_over(body->begin, wtl_written(body));
        wtl__test_put(&text, " ");
        wtl__test_put_value(&text, &reader);
    }
    if (!with_body || !same) {
        wtl_message_drop(wtl_test_ctx(t), body);
    } else {
        same = wtl__test_body_is(t, &t->answer.message, body, why);
    }
    if (!same) {
        wtl__test_put(&text, "\n    but came ");
        put_answer(&text, &t->answer);
        wtl__test_fail(t, "%s%s%s", lines, why[0] != '\0' ? "\n    " : "", why);
    }
    return same;
}
