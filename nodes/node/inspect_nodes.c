/*
 * inspect_nodes.c - `mesh nodes`: what the net loop knows of each node, and what each node that is
 * up says about itself.
 */
#include "node/inspect_job.h"

#include "node/root.h"

static const struct wtl__column columns[] = {
    {"NODE", WTL__COLUMN_TEXT, false},   {"LAYER", WTL__COLUMN_TEXT, false},
    {"STATE", WTL__COLUMN_TEXT, false},  {"PEERS", WTL__COLUMN_COUNT, false},
    {"ACTORS", WTL__COLUMN_COUNT, true}, {"VIA", WTL__COLUMN_TEXT, false},
    {"RTT", WTL__COLUMN_US, false},      {"SINCE", WTL__COLUMN_AGE, false},
    {"CERT", WTL__COLUMN_DAYS, false},
};

/* A row of WTL__MESH_NODES. */
struct row {
    uint64_t node;
    struct wtl__look_text name;
    struct wtl__look_text layer;
    struct wtl__look_text state;
    struct wtl__look_text via;
    uint64_t rtt_us;
    uint64_t age_ms;
};

static struct wtl__look_text get_text(struct wtl_reader *reader)
{
    struct wtl__look_text text = {0};
    if (reader->at < reader->end && *reader->at == 0xc0) {
        wtl_get_nil(reader);
    } else {
        text.text = wtl_get_str(reader, &text.size);
    }
    return text;
}

static struct row get_row(struct wtl_reader *reader)
{
    struct row row = {0};
    (void)wtl_get_array(reader);
    row.node = wtl_get_u64(reader);
    row.name = get_text(reader);
    row.layer = get_text(reader);
    row.state = get_text(reader);
    row.via = get_text(reader);
    row.rtt_us = wtl_get_u64(reader);
    row.age_ms = wtl_get_u64(reader);
    return row;
}

/* Keeps what a node says about itself: PEERS, ACTORS, CERT. It may say anything. */
static void keep_brief(struct wtl__node_answer *asked, const struct wtl_msg *message)
{
    struct wtl__reply reply;
    if (wtl__reply_read(message->bytes, message->size, &reply) != WTL_OK || reply.rows != 1 ||
        reply.columns_count < WTL_COUNT(asked->own)) {
        return;
    }
    for (uint32_t i = 0; i < WTL_COUNT(asked->own); i++) {
        asked->own[i] = wtl__reply_cell(&reply, i == 0);
    }
}

static void put_number(struct wtl_writer *reply, const struct wtl__value *value)
{
    if (value->kind == WTL__VALUE_NUMBER) {
        wtl_put_i64(reply, value->number);
    } else {
        wtl_put_nil(reply);
    }
}

static const struct wtl__node_answer *asked_of(const struct wtl__inspect_job *job, uint64_t node)
{
    for (uint32_t i = 0; i < job->asked_count; i++) {
        if (job->asked[i].node == node) {
            return &job->asked[i];
        }
    }
    return NULL;
}

static void put_row(struct wtl_writer *reply, const struct wtl__inspect_job *job,
                    const struct row *row, bool is_self)
{
    static const struct wtl__node_answer none;
    const struct wtl__node_answer *asked = asked_of(job, row->node);
    const struct wtl__value *own = asked != NULL ? asked->own : none.own;
    wtl_put_array(reply, WTL_COUNT(columns));
    wtl__put_look_text(reply, row->name);
    wtl__put_look_text(reply, row->layer);
    wtl__put_look_text(reply, row->state);
    put_number(reply, &own[0]);
    put_number(reply, &own[1]);
    wtl__put_look_text(reply, row->via);
    if (is_self || row->rtt_us == 0) {
        wtl_put_nil(reply);
    } else {
        wtl_put_u64(reply, row->rtt_us);
    }
    wtl_put_u64(reply, row->age_ms);
    put_number(reply, &own[2]);
}

static void nodes_done(struct wtl_ctx *x, struct wtl__inspect *self, struct wtl__inspect_job *job)
{
    struct wtl_reader reader = wtl_reader_over(job->nodes, job->nodes_size);
    struct wtl_writer reply;
    (void)wtl_get_array(&reader);
    uint64_t total = wtl_get_u64(&reader);
    uint32_t count = wtl_get_array(&reader);
    (void)wtl_message_open(x, &reply, 256 + (size_t)count * 80);
    wtl__reply_begin(&reply, WTL__SHAPE_TABLE, columns, WTL_COUNT(columns), count, total);
    for (uint32_t i = 0; i < count; i++) {
        struct row row = get_row(&reader);
        put_row(&reply, job, &row, i == 0);
    }
    wtl__job_reply(x, self, job, &reply);
}

/* ---- asking the nodes ------------------------------------------------------------------------ */

struct brief_context {
    uint64_t job;
    uint64_t node;
};

static enum wtl_status on_brief(struct wtl_ctx *x, void *state, const struct wtl_answer *answer,
                                void *memory)
{
    struct wtl__inspect *self = state;
    struct brief_context context;
    memcpy(&context, memory, sizeof context);
    struct wtl__inspect_job *job = wtl__job_find(self, context.job);
    for (uint32_t i = 0; job != NULL && i < job->asked_count; i++) {
        struct wtl__node_answer *asked = &job->asked[i];
        if (asked->node == context.node && !asked->has_answered) {
            asked->has_answered = true;
            if (answer->status == WTL_OK) {
                keep_brief(asked, &answer->message);
            }
            job->asked_missing--;
            if (job->asked_missing == 0) {
                nodes_done(x, self, job);
            }
            break;
        }
    }
    return WTL_OK;
}

static void ask_node(struct wtl_ctx *x, struct wtl__inspect_job *job, uint64_t node)
{
    struct brief_context context = {.job = job->id, .node = node};
    struct wtl_call_options options = {.deadline_ms = job->request.timeout_ms,
                                       .on_answer = on_brief,
                                       .context = &context,
                                       .context_size = sizeof context};
    struct wtl__request request = {.verb = "mesh.brief", .timeout_ms = job->request.timeout_ms};
    struct wtl_pid to = {.node = node, .local = WTL__ROOT_LOCAL};
    struct wtl_writer body;
    (void)wtl_message_open(x, &body, 64);
    wtl__request_put(&body, &request);
    (void)wtl_call(x, to, WTL__INSPECT_TAG, &body, &options);
}

/* Asks those that are up, this one too: `$node` is on every node. */
static void ask_nodes(struct wtl_ctx *x, struct wtl__inspect *self, struct wtl__inspect_job *job)
{
    struct wtl_reader reader = wtl_reader_over(job->nodes, job->nodes_size);
    (void)wtl_get_array(&reader);
    (void)wtl_get_u64(&reader);
    uint32_t count = wtl_get_array(&reader);
    uint32_t room = count < WTL__INSPECT_ASKED_MAX ? count : WTL__INSPECT_ASKED_MAX;
    job->asked = room > 0 ? wtl_alloc(x, room * sizeof *job->asked) : NULL;
    for (uint32_t i = 0; job->asked != NULL && i < count && job->asked_count < room; i++) {
        struct row row = get_row(&reader);
        if (row.state.size == 2 && memcmp(row.state.text, "up", 2) == 0) {
            job->asked[job->asked_count++] = (struct wtl__node_answer){.node = row.node};
        }
    }
    job->asked_missing = job->asked_count;
    if (job->asked_count == 0) {
        nodes_done(x, self, job);
        return;
    }
    wtl__job_limit(x, job, nodes_done);
    for (uint32_t i = 0; i < job->asked_count; i++) {
        ask_node(x, job, job->asked[i].node);
    }
}

static enum wtl_status on_nodes(struct wtl_ctx *x, void *state, const struct wtl_answer *answer,
                                void *context)
{
    struct wtl__inspect *self = state;
    uint64_t id;
    memcpy(&id, context, sizeof id);
    struct wtl__inspect_job *job = wtl__job_find(self, id);
    if (job == NULL) {
        return WTL_OK;
    }
    size_t size = answer->status == WTL_OK ? answer->message.size : 0;
    job->nodes = size > 0 ? wtl_alloc(x, size) : NULL;
    job->nodes_size = size;
    if (job->nodes == NULL) {
        wtl__job_refuse(x, self, job, answer->status != WTL_OK ? answer->status : WTL_NO_MEMORY,
                        "the net loop does not answer: %s", wtl_status_text(answer->status));
    } else {
        memcpy(job->nodes, answer->message.bytes, size);
        ask_nodes(x, self, job);
    }
    return WTL_OK;
}

void wtl__inspect_nodes(struct wtl_ctx *x, struct wtl__inspect *self, struct wtl__inspect_job *job)
{
    wtl__job_ask_mesh(x, self, job, WTL__MESH_NODES, 0, on_nodes);
}
