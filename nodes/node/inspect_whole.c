/*
 * inspect_whole.c - questions whose answer is made elsewhere as a whole: on the net loop (links,
 * names, brief), or by another node, to which the question is passed on.
 */
#include "node/inspect_job.h"

#include <stdio.h>

#include "node/root.h"

/* Of a question that is passed on: what is left of its time for the way back. */
#define WAY_BACK_MS 50u

struct wtl__inspect_job *wtl__job_of(struct wtl__inspect *self, const void *context)
{
    uint64_t id;
    memcpy(&id, context, sizeof id);
    return wtl__job_find(self, id);
}

void wtl__job_failed(struct wtl_ctx *x, struct wtl__inspect *self, struct wtl__inspect_job *job,
                     enum wtl_status status, const char *who)
{
    switch (status) {
    case WTL_NO_CONNECTION:
        wtl__job_refuse(x, self, job, status, "%s cannot be reached", who);
        break;
    case WTL_TIMEOUT:
        wtl__job_refuse(x, self, job, status, "%s has not answered in %u ms", who,
                        (unsigned)job->request.timeout_ms);
        break;
    case WTL_NO_PROCESS:
    case WTL_UNSUPPORTED:
        wtl__job_refuse(x, self, job, WTL_UNSUPPORTED, "%s does not answer such questions", who);
        break;
    default:
        wtl__job_refuse(x, self, job, status, "%s: %s", who, wtl_status_text(status));
        break;
    }
}

/* The body of the answer is the reply. */
static enum wtl_status on_whole(struct wtl_ctx *x, struct wtl__inspect *self,
                                const struct wtl_answer *answer, const void *context,
                                const char *who)
{
    struct wtl__inspect_job *job = wtl__job_of(self, context);
    if (job == NULL) {
        return WTL_OK;
    }
    if (answer->status != WTL_OK) {
        wtl__job_failed(x, self, job, answer->status, who);
    } else if (answer->message.size == 0 || answer->message.size > WTL__CONTROL_REPLY_MAX) {
        wtl__job_refuse(x, self, job, WTL_BAD_PAYLOAD, "%s has sent an answer of %u bytes", who,
                        (unsigned)answer->message.size);
    } else {
        struct wtl_writer reply;
        (void)wtl_message_open(x, &reply, answer->message.size);
        wtl_put_raw(&reply, answer->message.bytes, answer->message.size);
        wtl__job_reply(x, self, job, &reply);
    }
    return WTL_OK;
}

static enum wtl_status on_mesh(struct wtl_ctx *x, void *self, const struct wtl_answer *answer,
                               void *context)
{
    return on_whole(x, self, answer, context, "the net loop");
}

static enum wtl_status on_node(struct wtl_ctx *x, void *self, const struct wtl_answer *answer,
                               void *context)
{
    const struct wtl__inspect_job *job = wtl__job_of(self, context);
    char who[WTL_NAME_MAX + 8];
    (void)snprintf(who, sizeof who, "node %s", job != NULL ? job->request.node : "");
    return on_whole(x, self, answer, context, who);
}

void wtl__inspect_links(struct wtl_ctx *x, struct wtl__inspect *self, struct wtl__inspect_job *job)
{
    wtl__job_ask_mesh(x, self, job, WTL__MESH_LINKS, 0, on_mesh);
}

void wtl__inspect_names(struct wtl_ctx *x, struct wtl__inspect *self, struct wtl__inspect_job *job)
{
    wtl__job_ask_mesh(x, self, job, WTL__MESH_NAMES, 0, on_mesh);
}

void wtl__inspect_brief(struct wtl_ctx *x, struct wtl__inspect *self, struct wtl__inspect_job *job)
{
    wtl__job_ask_mesh(x, self, job, WTL__MESH_BRIEF, 0, on_mesh);
}

void wtl__inspect_pass_on(struct wtl_ctx *x, struct wtl__inspect_job *job, uint64_t node)
{
    struct wtl_writer body;
    uint32_t timeout_ms = job->request.timeout_ms;
    struct wtl_call_options options = {
        .deadline_ms = timeout_ms > 2 * WAY_BACK_MS ? timeout_ms - WAY_BACK_MS : timeout_ms,
        .on_answer = on_node,
        .context = &job->id,
        .context_size = sizeof job->id};
    struct wtl__request request = job->request;
    request.node[0] = '\0';
    request.timeout_ms = options.deadline_ms > 2 * WAY_BACK_MS ? options.deadline_ms - WAY_BACK_MS
                                                               : options.deadline_ms;
    (void)wtl_message_open(x, &body, 256);
    wtl__request_put(&body, &request);
    struct wtl_pid to = {.node = node, .local = WTL__ROOT_LOCAL};
    (void)wtl_call(x, to, WTL__INSPECT_TAG, &body, &options);
}
