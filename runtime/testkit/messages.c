/*
 * messages.c - the test's own actor and its probes: what they send, and what has come. See world.h.
 *
 * They copy what comes into the world's list, in the order in which it has come to any of them, and
 * answer nothing: a call stays owed until the test replies.
 */
#include "testkit/world.h"

#include <stdio.h>
#include <stdlib.h>

/* Messages that wait and are shown in a failure. */
#define WAITING_SHOWN 6u

/* ---- what comes ------------------------------------------------------------------------------ */

static void note_message(struct wtl_test *t, const char *verb, const char *word, struct wtl_pid pid,
                         const struct wtl_msg *message)
{
    char line[WTL__TEST_LINE_BYTES];
    struct wtl__test_text text = wtl__test_text_over(line, sizeof line);
    wtl__test_put(&text, "%s ", verb);
    wtl__test_put_message(&text, message->tag, message->bytes, message->size);
    wtl__test_put(&text, " %s ", word);
    wtl__test_put_pid(t, &text, pid);
    wtl_test_note(t, "%s", line);
}

static enum wtl_status own_handle(struct wtl_ctx *x, void *self, const struct wtl_msg *message)
{
    struct wtl_test *t = wtl__test_of(wtl__ctx_of(x)->runtime);
    (void)self;
    if (wtl_is(message, "$poke")) {
        return WTL_OK;
    }
    WTL_ASSERT(t->letters_count < WTL__TEST_LETTERS_MAX);
    struct wtl__test_letter *letter = malloc(sizeof *letter + message->size);
    WTL_ASSERT(letter != NULL);
    *letter = (struct wtl__test_letter){
        .msg = *message, .from = wtl_defer(x, message), .to = wtl_self(x)};
    letter->msg.bytes = message->size > 0 ? letter->bytes : NULL;
    if (message->size > 0) {
        memcpy(letter->bytes, message->bytes, message->size);
    }
    *t->letters_end = letter;
    t->letters_end = &letter->next;
    t->letters_count++;
    note_message(t, message->request != 0 ? "came, as a call," : "came", "from", message->from,
                 message);
    return WTL_OK;
}

static enum wtl_status own_exited(struct wtl_ctx *x, void *self, const struct wtl_exit *exit)
{
    (void)x;
    (void)self;
    (void)exit;
    return WTL_OK; /* the end itself has been noted */
}

const struct wtl_actor wtl__test_own = {.size = sizeof(struct wtl_actor),
                                        .name = "$test",
                                        .mailbox_max = WTL_MAILBOX_LIMIT,
                                        .handle = own_handle,
                                        .exited = own_exited};

struct wtl_pid wtl__test_spawn_own(struct wtl_test *t, const struct wtl_actor *type,
                                   const struct wtl_spawn_options *options)
{
    t->own_count++;
    return wtl__spawn(&t->step.runtime, NULL, type, options, WTL__CELL_SYSTEM | WTL__CELL_TRAPS);
}

struct wtl_pid wtl__test_probe(struct wtl_test *t, const char *name)
{
    if (t->is_over) {
        return WTL_PID_NONE;
    }
    struct wtl_spawn_options options = {.name = name};
    struct wtl_pid pid = wtl__test_spawn_own(t, &wtl__test_own, &options);
    if (wtl__test_settle(t) && wtl__cells_find(&t->step.runtime.cells, pid.local) == NULL) {
        wtl__test_fail(t, "a probe cannot have the name \"%s\": it is taken, or is none", name);
    }
    return pid;
}

/* ---- taking ---------------------------------------------------------------------------------- */

void wtl__test_letters_free(struct wtl_test *t)
{
    while (t->letters != NULL) {
        struct wtl__test_letter *letter = t->letters;
        t->letters = letter->next;
        free(letter);
    }
    t->letters_end = &t->letters;
    free(t->last);
    t->last = NULL;
    free(t->answer_bytes);
    t->answer_bytes = NULL;
}

static struct wtl__test_letter *take(struct wtl_test *t, struct wtl_pid at)
{
    struct wtl__test_letter **slot = &t->letters;
    while (*slot != NULL && !wtl_pid_equal((*slot)->to, at)) {
        slot = &(*slot)->next;
    }
    struct wtl__test_letter *letter = *slot;
    if (letter != NULL) {
        *slot = letter->next;
        t->letters_end = letter->next == NULL ? slot : t->letters_end;
        t->letters_count--;
        free(t->last);
        t->last = letter;
    }
    return letter;
}

const struct wtl_msg *wtl_test_take(struct wtl_test *t, struct wtl_pid self_or_probe)
{
    const struct wtl__test_letter *letter =
        !t->is_over && wtl__test_settle(t) ? take(t, self_or_probe) : NULL;
    return letter != NULL ? &letter->msg : NULL;
}

const struct wtl_msg *wtl_test_last(const struct wtl_test *t)
{
    static const struct wtl_msg none;
    return t->last != NULL ? &t->last->msg : &none;
}

void wtl_test_reply(struct wtl_test *t, enum wtl_status status, struct wtl_writer *body)
{
    if (t->is_over || t->last == NULL || t->last->msg.request == 0) {
        wtl_message_drop(wtl_test_ctx(t), body);
        t->file = NULL;
        wtl__test_fail(t, "a reply was given, and the message that came last is no call");
        return;
    }
    wtl_reply_error_to(wtl_test_ctx(t), t->last->from, status, body);
}

/* ---- expecting ------------------------------------------------------------------------------- */

bool wtl__test_body_is(struct wtl_test *t, const struct wtl_msg *came, struct wtl_writer *expected,
                       char why_out[WTL__TEST_LINE_BYTES])
{
    struct wtl__test_text why = wtl__test_text_over(why_out, WTL__TEST_LINE_BYTES);
    WTL_ASSERT(!expected->failed);
    bool same = wtl__test_match(wtl_reader_over(expected->begin, wtl_written(expected)),
                                wtl_read(came), &why);
    wtl_message_drop(wtl_test_ctx(t), expected);
    return same;
}

static void put_waiting(const struct wtl_test *t, struct wtl__test_text *text, struct wtl_pid at)
{
    unsigned shown = 0;
    for (const struct wtl__test_letter *letter = t->letters; letter != NULL;
         letter = letter->next) {
        if (wtl_pid_equal(letter->to, at) && shown++ < WAITING_SHOWN) {
            wtl__test_put(text, "\n    then came ");
            wtl__test_put_message(text, letter->msg.tag, letter->msg.bytes, letter->msg.size);
        }
    }
}

/* Why nothing has come, as far as that can be seen. */
static void put_nothing(const struct wtl_test *t, struct wtl__test_text *text)
{
    uint64_t next_ms = wtl__step_deadline(&t->step);
    wtl__test_put(text, ", and nothing came");
    if (next_ms != WTL__WHEEL_NEVER) {
        wtl__test_put(text, "; the next timer is due in %ju ms",
                      (uintmax_t)(next_ms - t->step.now_ns / WTL__NS_PER_MS));
    }
}

bool wtl__test_expect(struct wtl_test *t, struct wtl_pid at, struct wtl_tag tag, bool with_body,
                      struct wtl_writer *body)
{
    char lines[3 * WTL__TEST_LINE_BYTES];
    char why[WTL__TEST_LINE_BYTES] = "";
    struct wtl__test_text text = wtl__test_text_over(lines, sizeof lines);
    if (t->is_over || !wtl__test_settle(t)) {
        wtl_message_drop(wtl_test_ctx(t), body);
        return false;
    }
    const struct wtl__test_letter *letter = take(t, at);
    wtl__test_put(&text, "expected ");
    wtl__test_put_message(&text, tag, with_body ? body->begin : NULL,
                          with_body ? wtl_written(body) : 0);
    if (letter == NULL) {
        wtl_message_drop(wtl_test_ctx(t), body);
        put_nothing(t, &text);
    } else {
        bool same = wtl_tag_equal(letter->msg.tag, tag);
        if (!with_body || !same) {
            wtl_message_drop(wtl_test_ctx(t), body);
        } else {
            same = wtl__test_body_is(t, &letter->msg, body, why);
        }
        if (same) {
            return true;
        }
        wtl__test_put(&text, "\n    but came ");
        wtl__test_put_message(&text, letter->msg.tag, letter->msg.bytes, letter->msg.size);
        wtl__test_put(&text, "%s%s", why[0] != '\0' ? "\n    " : "", why);
        put_waiting(t, &text, at);
    }
    wtl__test_fail(t, "%s", lines);
    return false;
}

bool wtl__test_expect_nothing(struct wtl_test *t)
{
    char lines[3 * WTL__TEST_LINE_BYTES];
    if (t->is_over || !wtl__test_settle(t)) {
        return false;
    }
    if (t->letters != NULL) {
        struct wtl__test_text text = wtl__test_text_over(lines, sizeof lines);
        wtl__test_put(&text, "expected no message");
        put_waiting(t, &text, t->letters->to);
        wtl__test_fail(t, "%s", lines);
        return false;
    }
    return true;
}

/* ---- sending --------------------------------------------------------------------------------- */

void wtl_test_tell(struct wtl_test *t, struct wtl_pid to, struct wtl_tag tag,
                   struct wtl_writer *body)
{
    struct wtl_msg message = {.tag = tag};
    if (t->is_over) {
        wtl_message_drop(wtl_test_ctx(t), body);
        return;
    }
    if (body != NULL) {
        message.bytes = body->begin;
        message.size = (uint32_t)wtl_written(body);
    }
    note_message(t, "told", "to", to, &message);
    wtl_tell(wtl_test_ctx(t), to, tag, body);
}
