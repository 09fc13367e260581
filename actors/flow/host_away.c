/*
 * host_away.c - flows whose manager could not be reached for a while.
 *
 * A node keeps running its part of a flow when the manager's node is away. If the flow is ended
 * meanwhile, nobody can tell this node; so its host asks when that node, in the same life, is back.
 * A manager's node that has died is another matter: the flow goes on, and its next manager takes it
 * over. See host_private.h.
 */
#include "flow/host_private.h"

#define ASK_MS 5000u

struct asked {
    char flow[WTL_FLOW_NAME_MAX + 1];
    uint64_t epoch;
};

static enum wtl_status on_managed(struct wtl_ctx *x, void *self, const struct wtl_answer *answer,
                                  void *context)
{
    struct wtl_host *host = self;
    struct wtl_reader reader = wtl_read(&answer->message);
    struct asked asked;
    memcpy(&asked, context, sizeof asked);
    struct wtl_host_flow *flow = wtl__host_flow(host, asked.flow, strlen(asked.flow));
    if (answer->status != WTL_OK || wtl_get_array(&reader) != 1 || wtl_get_bool(&reader) ||
        reader.failed || flow == NULL || flow->epoch != asked.epoch || host->ending) {
        return WTL_OK;
    }
    wtl_log(x, WTL_LOG_INFO, "flow: it was ended while its manager could not be reached");
    wtl__host_clear(x, host, flow);
    return WTL_OK;
}

void wtl__host_back(struct wtl_ctx *x, struct wtl_host *host, uint64_t node)
{
    for (const struct wtl_host_flow *flow = host->flows; flow != NULL; flow = flow->next) {
        struct asked asked = {.epoch = flow->epoch};
        struct wtl_call_options options = {.deadline_ms = ASK_MS,
                                           .on_answer = on_managed,
                                           .context = &asked,
                                           .context_size = sizeof asked};
        struct wtl_writer body;
        if (flow->manager.node != node) {
            continue;
        }
        memcpy(asked.flow, flow->name, sizeof asked.flow);
        (void)wtl_message_open(x, &body, 96);
        wtl_put_array(&body, 1);
        wtl_put_strz(&body, flow->name);
        (void)wtl_call(x, wtl_flow_host_pid(node), WTL_HOST_TAG_MANAGED, &body, &options);
    }
}

void wtl__host_managed(struct wtl_ctx *x, struct wtl_host *host, const struct wtl_msg *message)
{
    struct wtl_reader reader = wtl_read(message);
    size_t size = 0;
    bool shape = wtl_get_array(&reader) == 1;
    const char *name = wtl_get_str(&reader, &size);
    if (!shape || reader.failed) {
        wtl__host_refuse(x, message, WTL_BAD_PAYLOAD, "expected [flow]");
        return;
    }
    const struct wtl_host_flow *flow = wtl__host_flow(host, name, size);
    bool managed = false;
    for (const struct wtl_hosted *one = host->hosted; flow != NULL && one != NULL;
         one = one->next) {
        managed |= one->flow == flow && one->manager && !one->ending;
    }
    struct wtl_writer body;
    (void)wtl_message_open(x, &body, 8);
    wtl_put_array(&body, 1);
    wtl_put_bool(&body, managed);
    wtl_reply(x, message, &body);
}
