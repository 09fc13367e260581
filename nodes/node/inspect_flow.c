/*
 * inspect_flow.c - `flow ls` and `flow show`: the flow host's and a manager's answers as tables.
 *
 * A manager may live on another node, so its answer is read as what it is, foreign bytes.
 */
#include "node/inspect_job.h"

#include <stdio.h>

#include "flow/host.h"

static const struct wtl__column flows_columns[] = {
    {"FLOW", WTL__COLUMN_TEXT, false},
    {"EPOCH", WTL__COLUMN_COUNT, false},
    {"MANAGED", WTL__COLUMN_TEXT, false},
    {"UNITS", WTL__COLUMN_COUNT, true},
};

static const struct wtl__column stages_columns[] = {
    {"STAGE", WTL__COLUMN_TEXT, false},       {"NODE", WTL__COLUMN_TEXT, false},
    {"PID", WTL__COLUMN_TEXT, false},         {"STATE", WTL__COLUMN_TEXT, false},
    {"IN", WTL__COLUMN_COUNT, true},          {"OUT", WTL__COLUMN_COUNT, true},
    {"ACKED", WTL__COLUMN_COUNT, true},       {"DROPPED", WTL__COLUMN_COUNT, true},
    {"RESTARTS", WTL__COLUMN_COUNT, true},    {"WAITING", WTL__COLUMN_COUNT, true},
    {"REDELIVERED", WTL__COLUMN_COUNT, true}, {"LOST", WTL__COLUMN_COUNT, true},
};

/* Numbers behind the state. */
#define STAGE_NUMBERS 8u

/* An answer may be empty, and has no bytes then. */
static struct wtl_reader reader_of(const struct wtl_answer *answer)
{
    static const uint8_t nothing[1];
    return answer->message.size > 0 ? wtl_read(&answer->message) : wtl_reader_over(nothing, 0);
}

static struct wtl__look_text get_text(struct wtl_reader *reader)
{
    struct wtl__look_text text = {0};
    text.text = wtl_get_str(reader, &text.size);
    text.size = text.size > WTL_NAME_MAX ? WTL_NAME_MAX : text.size;
    return text;
}

/* Passes over what a later version has put behind the fields that are known. */
static void skip_rest(struct wtl_reader *reader, uint32_t fields, uint32_t known)
{
    for (uint32_t i = known; i < fields && !reader->failed; i++) {
        wtl_skip(reader);
    }
}

/* Replies with the rows, or says that they could not be read. Owns: takes `rows`. */
static void reply_rows(struct wtl_ctx *x, struct wtl__inspect *self, struct wtl__inspect_job *job,
                       const struct wtl__column *columns, uint32_t columns_count,
                       struct wtl_writer *rows, uint32_t count, bool is_readable)
{
    struct wtl_writer reply;
    if (!is_readable || rows->failed) {
        wtl_message_drop(x, rows);
        wtl__job_refuse(x, self, job, WTL_BAD_PAYLOAD, "the answer about flows cannot be read");
        return;
    }
    (void)wtl_message_open(x, &reply, 512 + wtl_written(rows));
    wtl__reply_begin(&reply, WTL__SHAPE_TABLE, columns, columns_count, count, count);
    wtl_put_raw(&reply, rows->begin, wtl_written(rows));
    wtl_message_drop(x, rows);
    wtl__job_reply(x, self, job, &reply);
}

/* ---- flow.ls -----------------------------------------------------------------------------------
 */

static enum wtl_status on_list(struct wtl_ctx *x, void *state, const struct wtl_answer *answer,
                               void *context)
{
    struct wtl__inspect *self = state;
    struct wtl__inspect_job *job = wtl__job_of(self, context);
    struct wtl_writer rows;
    if (job == NULL) {
        return WTL_OK;
    }
    if (answer->status != WTL_OK) {
        wtl__job_failed(x, self, job, answer->status, "the flow host");
        return WTL_OK;
    }
    struct wtl_reader reader = reader_of(answer);
    uint32_t count = wtl_get_array(&reader);
    (void)wtl_message_open(x, &rows, 1024);
    for (uint32_t i = 0; i < count && !reader.failed; i++) {
        uint32_t fields = wtl_get_array(&reader);
        wtl_put_array(&rows, WTL_COUNT(flows_columns));
        wtl__put_look_text(&rows, get_text(&reader));
        wtl_put_u64(&rows, wtl_get_u64(&reader));
        wtl_put_strz(&rows, wtl_get_bool(&reader) ? "here" : "elsewhere");
        wtl_put_u64(&rows, wtl_get_u64(&reader));
        skip_rest(&reader, fields, 4);
    }
    reply_rows(x, self, job, flows_columns, WTL_COUNT(flows_columns), &rows, count, !reader.failed);
    return WTL_OK;
}

void wtl__inspect_flows(struct wtl_ctx *x, struct wtl__inspect *self, struct wtl__inspect_job *job)
{
    struct wtl_call_options options = {.deadline_ms = job->request.timeout_ms,
                                       .on_answer = on_list,
                                       .context = &job->id,
                                       .context_size = sizeof job->id};
    struct wtl_pid host = wtl_whereis_local(x, WTL_HOST_NAME);
    if (wtl_pid_is_none(host)) {
        wtl__job_refuse(x, self, job, WTL_UNSUPPORTED, "node %s runs no flows", self->config->name);
        return;
    }
    (void)wtl_call(x, host, WTL_TAG("flow.list"), NULL, &options);
}

/* ---- flow.show ----------------------------------------------------------------------------------
 */

static void put_stage(struct wtl_writer *rows, struct wtl_reader *reader)
{
    char node[WTL_NAME_MAX + 1];
    char pid[WTL__PID_TEXT];
    uint32_t fields = wtl_get_array(reader);
    struct wtl__look_text name = get_text(reader);
    struct wtl__look_text place = get_text(reader);
    (void)wtl_get_array(reader);
    (void)wtl_get_u64(reader);
    uint64_t local = wtl_get_u64(reader);
    struct wtl__look_text state = get_text(reader);
    if (reader->failed) {
        return;
    }
    (void)snprintf(node, sizeof node, "%.*s", (int)place.size, place.text);
    wtl_put_array(rows, WTL_COUNT(stages_columns));
    wtl__put_look_text(rows, name);
    wtl__put_look_text(rows, place);
    if (local == 0) {
        wtl_put_nil(rows);
    } else {
        wtl_put_strz(rows, wtl__pid_text(node, local, pid));
    }
    wtl__put_look_text(rows, state);
    for (uint32_t i = 0; i < STAGE_NUMBERS; i++) {
        wtl_put_u64(rows, wtl_get_u64(reader));
    }
    skip_rest(reader, fields, 4 + STAGE_NUMBERS);
}

static enum wtl_status on_show(struct wtl_ctx *x, void *state, const struct wtl_answer *answer,
                               void *context)
{
    struct wtl__inspect *self = state;
    struct wtl__inspect_job *job = wtl__job_of(self, context);
    struct wtl_writer rows;
    uint32_t count = 0;
    if (job == NULL) {
        return WTL_OK;
    }
    if (answer->status == WTL_NOT_FOUND || answer->status == WTL_NO_PROCESS) {
        wtl__job_refuse(x, self, job, WTL_NOT_FOUND, "no flow \"%s\" runs, as node %s sees it",
                        job->request.args[0], self->config->name);
        return WTL_OK;
    }
    if (answer->status != WTL_OK) {
        wtl__job_failed(x, self, job, answer->status, "the flow's manager");
        return WTL_OK;
    }
    struct wtl_reader reader = reader_of(answer);
    (void)wtl_message_open(x, &rows, 1024);
    uint32_t left = wtl_get_map(&reader);
    while (left-- > 0 && !reader.failed) {
        if (count == 0 && WTL_GET_KEY(&reader, "stages")) {
            count = wtl_get_array(&reader);
            for (uint32_t i = 0; i < count && !reader.failed; i++) {
                put_stage(&rows, &reader);
            }
        } else {
            wtl_skip(&reader);
            wtl_skip(&reader);
        }
    }
    reply_rows(x, self, job, stages_columns, WTL_COUNT(stages_columns), &rows, count,
               !reader.failed);
    return WTL_OK;
}

void wtl__inspect_flow(struct wtl_ctx *x, struct wtl__inspect *self, struct wtl__inspect_job *job)
{
    struct wtl_call_options options = {.deadline_ms = job->request.timeout_ms,
                                       .on_answer = on_show,
                                       .context = &job->id,
                                       .context_size = sizeof job->id};
    char name[WTL_NAME_MAX + 1];
    int size = snprintf(name, sizeof name, "flow.%s", job->request.args[0]);
    if (size < 0 || (unsigned)size > WTL_NAME_MAX) {
        wtl__job_refuse(x, self, job, WTL_INVALID, "\"%s\" is no name of a flow",
                        job->request.args[0]);
        return;
    }
    (void)wtl_call_name(x, name, WTL_TAG("flow.show"), NULL, &options);
}
