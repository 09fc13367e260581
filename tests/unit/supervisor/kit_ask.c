/* kit_ask.c - asking a supervisor, and looking at it; see kit.h. */
#include "kit.h"

#include <stdio.h>

/* ---- asking -------------------------------------------------------------------------------- */

struct asking {
    struct answer *answer;
    struct wtl_pid supervisor;
    enum wtl_supervisor_verb verb;
    const char *id;
    struct wtl_pid pid;
    const struct wtl_child *child;
    bool add;
};

static enum wtl_status on_answer(struct wtl_ctx *x, void *self, const struct wtl_answer *answer,
                                 void *context)
{
    struct answer *to = *(struct answer **)context;
    (void)x;
    (void)self;
    cr_assert_not(to->came, "answered twice");
    to->came = true;
    to->status = answer->status;
    to->pid = answer->pid;
    to->size = answer->message.size;
    cr_assert_leq(to->size, sizeof to->bytes);
    if (to->size > 0) {
        memcpy(to->bytes, answer->message.bytes, to->size);
    }
    return WTL_OK;
}

static void ask(struct wtl_ctx *x, void *argument)
{
    struct asking *asking = argument;
    struct wtl_call_options options = {.deadline_ms = WTL_CALL_FOREVER,
                                       .on_answer = on_answer,
                                       .context = &asking->answer,
                                       .context_size = sizeof asking->answer};
    if (asking->add) {
        (void)wtl_supervisor_add(x, asking->supervisor, asking->child, &options);
    } else {
        (void)wtl_supervisor_ask(x, asking->supervisor, asking->verb, asking->id, asking->pid,
                                 &options);
    }
}

void kit_ask(struct answer *answer, struct wtl_pid supervisor, enum wtl_supervisor_verb verb,
             const char *id, struct wtl_pid pid)
{
    struct asking asking = {
        .answer = answer, .supervisor = supervisor, .verb = verb, .id = id, .pid = pid};
    memset(answer, 0, sizeof *answer);
    kit_run(ask, &asking);
}

void kit_add(struct answer *answer, struct wtl_pid supervisor, const struct wtl_child *child)
{
    struct asking asking = {
        .answer = answer, .supervisor = supervisor, .child = child, .add = true};
    memset(answer, 0, sizeof *answer);
    kit_run(ask, &asking);
}

enum wtl_status kit_asked(struct wtl_pid supervisor, enum wtl_supervisor_verb verb, const char *id)
{
    struct answer answer;
    kit_ask(&answer, supervisor, verb, id, WTL_PID_NONE);
    kit_settle();
    cr_assert(answer.came, "not answered");
    return answer.status;
}

struct wtl_pid kit_added(struct wtl_pid supervisor, const struct wtl_child *child,
                         enum wtl_status status)
{
    struct answer answer;
    kit_add(&answer, supervisor, child);
    kit_settle();
    cr_assert(answer.came, "not answered");
    cr_assert_eq(answer.status, status, "expected %s, got %s", wtl_status_word(status),
                 wtl_status_word(answer.status));
    return answer.pid;
}

/* ---- looking ------------------------------------------------------------------------------- */

const char *kit_list(struct wtl_pid supervisor)
{
    static char text[1024];
    uint8_t bytes[4096];
    struct wtl_writer body = wtl_writer_over(bytes, sizeof bytes);
    struct wtl__cell *cell = wtl__cells_find(&kit.step.runtime.cells, supervisor.local);
    text[0] = '\0';
    if (cell == NULL || wtl__supervisor_tree(&kit.step.runtime, cell, &body) != WTL_OK) {
        return "none";
    }
    struct wtl_reader reader = wtl_reader_over(bytes, wtl_written(&body));
    for (uint32_t left = wtl_get_array(&reader); left > 0; left--) {
        size_t id_size;
        size_t word_size;
        cr_assert_eq(wtl_get_array(&reader), 5);
        const char *id = wtl_get_str(&reader, &id_size);
        uint64_t node = wtl_get_u64(&reader);
        uint64_t local = wtl_get_u64(&reader);
        const char *word = wtl_get_str(&reader, &word_size);
        (void)wtl_get_u64(&reader);
        cr_assert_not(reader.failed);
        cr_assert_eq(node != 0, local != 0);
        size_t size = strlen(text);
        (void)snprintf(text + size, sizeof text - size, "%s%.*s %.*s", size == 0 ? "" : ", ",
                       (int)id_size, id, (int)word_size, word);
    }
    return text;
}

uint64_t kit_count(struct wtl_pid supervisor, const char *key)
{
    struct answer answer;
    kit_ask(&answer, supervisor, WTL_CHILDREN_COUNT, NULL, WTL_PID_NONE);
    kit_settle();
    cr_assert(answer.came);
    cr_assert_eq(answer.status, WTL_OK);
    struct wtl_reader reader = wtl_reader_over(answer.bytes, answer.size);
    for (uint32_t left = wtl_get_map(&reader); left > 0; left--) {
        size_t size;
        const char *name = wtl_get_str(&reader, &size);
        uint64_t value = wtl_get_u64(&reader);
        if (size == strlen(key) && memcmp(name, key, size) == 0) {
            return value;
        }
    }
    cr_assert_fail("no count %s", key);
    return 0;
}
