/*
 * control_answer.c - between the control socket, the inspection actor and the hub.
 *
 * Thread: wtl__control_ask and the jobs on the net loop; ask and reply, which post the jobs, any.
 */
#include <stdio.h>
#include <stdlib.h>

#include "node/control_private.h"
#include "node/inspect_mesh.h"
#include "node/snapshot.h"

/* ---- questions of the socket ------------------------------------------------------------------
 */

static struct wtl__mesh_view view_of(const struct wtl__control_socket *control)
{
    struct wtl__hub *hub = wtl__net_hub(wtl__node_net(control->node));
    struct wtl_bundle dates = {.identity = *wtl__node_identity(control->node)};
    return (struct wtl__mesh_view){
        .hub = hub,
        .core = wtl__hub_core(hub),
        .actors = wtl__snapshot_live(control->runtime),
        .now_ms = wtl__loop_now_ms(control->loop),
        .since_ms = control->since_ms,
        .cert_days = wtl_bundle_days_left(&dates, wtl__loop_wall_s()),
    };
}

/* The node that is to answer; 0 for this one. False: it has been refused. */
static bool find_node(struct wtl__connection *connection, const struct wtl__request *request,
                      uint64_t *node_out)
{
    const struct wtl__control_socket *control = connection->control;
    struct wtl__mesh_view view = view_of(control);
    char text[256];
    bool is_up = false;
    *node_out = 0;
    if (request->node[0] == '\0' ||
        strcmp(request->node, wtl__node_identity(control->node)->name) == 0) {
        return true;
    }
    uint64_t node = wtl__mesh_find(&view, request->node, &is_up);
    if (node == 0) {
        (void)snprintf(text, sizeof text, "node %s knows no node \"%s\"",
                       wtl__node_identity(control->node)->name, request->node);
        wtl__connection_refuse(connection, WTL_NOT_FOUND, text);
        return false;
    }
    if (!is_up) {
        (void)snprintf(text, sizeof text, "node %s is down, as %s sees it", request->node,
                       wtl__node_identity(control->node)->name);
        wtl__connection_refuse(connection, WTL_NO_CONNECTION, text);
        return false;
    }
    *node_out = node;
    return true;
}

void wtl__control_ask(struct wtl__connection *connection, const uint8_t *bytes, size_t size)
{
    struct wtl__control_socket *control = connection->control;
    struct wtl__request request;
    uint64_t node = 0;
    enum wtl_status status = wtl__request_read(bytes, size, &request);
    if (status != WTL_OK) {
        wtl__connection_refuse(connection, status, "that is no question of a wattle command");
        return;
    }
    if (!find_node(connection, &request, &node)) {
        return;
    }
    wtl__loop_timer_set(control->loop, &connection->deadline,
                        wtl__loop_now_ms(control->loop) + request.timeout_ms);
    struct wtl__envelope *question = wtl__inspect_question(connection->id, node, &request);
    if (question == NULL) {
        wtl__connection_refuse(connection, WTL_NO_MEMORY, "no memory for the question");
    } else if (wtl__deliver(control->runtime, NULL, control->inspect, question) != WTL_OK) {
        wtl__connection_refuse(connection, WTL_SHUTDOWN, "the node is stopping");
    }
}

/* ---- what the inspection actor wants -----------------------------------------------------------
 */

struct mesh_job {
    struct wtl__job job;
    struct wtl__control_socket *control;
    struct wtl_pid asker;
    uint64_t request;
    enum wtl__mesh_question question;
    uint64_t node;
};

static void run_mesh_job(struct wtl__job *job)
{
    struct mesh_job *ask = WTL_CONTAINER(job, struct mesh_job, job);
    struct wtl__mesh_view view = view_of(ask->control);
    struct wtl_writer body;
    (void)wtl__message_open(&body, 1024);
    wtl__mesh_answer(&view, ask->question, ask->node, &body);
    struct wtl__envelope *answer = wtl__message_take(&body, WTL__ANSWER);
    wtl__answer(ask->control->runtime, NULL, ask->asker, ask->request,
                answer != NULL ? WTL_OK : WTL_NO_MEMORY, ask->asker, answer);
    free(ask);
}

static void source_ask(void *context, struct wtl_pid asker, uint64_t request,
                       enum wtl__mesh_question question, uint64_t node)
{
    struct wtl__control_socket *control = context;
    struct mesh_job *ask = malloc(sizeof *ask);
    if (ask == NULL) {
        wtl__answer(control->runtime, NULL, asker, request, WTL_NO_MEMORY, asker, NULL);
        return;
    }
    *ask = (struct mesh_job){.job.run = run_mesh_job,
                             .control = control,
                             .asker = asker,
                             .request = request,
                             .question = question,
                             .node = node};
    wtl__loop_post(control->loop, &ask->job);
}

struct reply_job {
    struct wtl__job job;
    struct wtl__control_socket *control;
    uint64_t connection;
    struct wtl__envelope *reply; /* NULL: there was no memory */
};

static void run_reply_job(struct wtl__job *job)
{
    struct reply_job *done = WTL_CONTAINER(job, struct reply_job, job);
    struct wtl__connection *connection = wtl__connection_find(done->control, done->connection);
    if (connection != NULL && done->reply != NULL) {
        wtl__connection_reply(connection, done->reply->msg.bytes, done->reply->msg.size);
    } else if (connection != NULL) {
        wtl__connection_refuse(connection, WTL_NO_MEMORY, "no memory for the answer");
    }
    if (done->reply != NULL) {
        wtl__envelope_free(done->reply);
    }
    free(done);
}

static void source_reply(void *context, uint64_t connection, struct wtl__envelope *reply)
{
    struct wtl__control_socket *control = context;
    struct reply_job *done = malloc(sizeof *done);
    if (done == NULL) { /* the connection's deadline ends it */
        if (reply != NULL) {
            wtl__envelope_free(reply);
        }
        return;
    }
    *done = (struct reply_job){
        .job.run = run_reply_job, .control = control, .connection = connection, .reply = reply};
    wtl__loop_post(control->loop, &done->job);
}

struct wtl__inspect_source wtl__control_source(struct wtl__control_socket *control)
{
    return (struct wtl__inspect_source){
        .context = control, .ask = source_ask, .reply = source_reply};
}
