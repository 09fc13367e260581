/* host.c - the host's own functions: its flows, its nodes, and who gets which message. See host.h.
 */
#include "flow/host_private.h"

/* ---- flows ---------------------------------------------------------------------------------- */

struct wtl_host_flow *wtl__host_flow(struct wtl_host *host, const char *name, size_t size)
{
    struct wtl_host_flow *flow = host->flows;
    while (flow != NULL && (strlen(flow->name) != size || memcmp(flow->name, name, size) != 0)) {
        flow = flow->next;
    }
    return flow;
}

struct wtl_host_flow *wtl__host_flow_new(struct wtl_ctx *x, struct wtl_host *host, const char *name,
                                         size_t size)
{
    if (host->flow_count == WTL_HOST_FLOWS_MAX || size == 0 || size > WTL_HOST_FLOW_NAME_MAX ||
        !wtl__flow_name_valid(name, size)) {
        return NULL;
    }
    struct wtl_host_flow *flow = wtl_alloc(x, sizeof *flow);
    if (flow != NULL) {
        *flow = (struct wtl_host_flow){.next = host->flows};
        memcpy(flow->name, name, size);
        host->flows = flow;
        host->flow_count++;
    }
    return flow;
}

void wtl__host_flow_end(struct wtl_ctx *x, struct wtl_host *host, struct wtl_host_flow *flow)
{
    for (const struct wtl_hosted *hosted = host->hosted; hosted != NULL; hosted = hosted->next) {
        if (hosted->flow == flow) {
            return;
        }
    }
    struct wtl_host_flow **slot = &host->flows;
    while (*slot != flow) {
        slot = &(*slot)->next;
    }
    *slot = flow->next;
    host->flow_count--;
    wtl_free(x, flow);
}

void wtl__host_refuse(struct wtl_ctx *x, const struct wtl_msg *message, enum wtl_status status,
                      const char *text)
{
    struct wtl_writer body;
    (void)wtl_message_open(x, &body, strlen(text) + 8);
    wtl_put_strz(&body, text);
    wtl_reply_error(x, message, status, &body);
}

/* ---- nodes ---------------------------------------------------------------------------------- */

static void on_node(struct wtl_ctx *x, struct wtl_host *host, const struct wtl_msg *message,
                    bool up)
{
    struct wtl_plan_node node;
    bool own = wtl_pid_is_none(message->from) || message->from.node == wtl_self(x).node;
    if (!own || !wtl__nodes_read(message, &node)) {
        return; /* only the node itself says so */
    }
    node.up = up;
    if (wtl__nodes_put(x, &host->nodes, &host->node_count, &host->node_capacity, &node) ==
        WTL_PLAN_NONE) {
        wtl_log(x, WTL_LOG_ERROR, "flow: too many nodes: one more is not seen by flows");
    }
    if (up) {
        wtl__host_back(x, host, node.id);
    }
}

static void on_nodes(struct wtl_ctx *x, const struct wtl_host *host, const struct wtl_msg *message)
{
    struct wtl_writer body;
    (void)wtl_message_open(x, &body, 64 * (size_t)host->node_count + 8);
    wtl_put_array(&body, host->node_count);
    for (uint32_t i = 0; i < host->node_count; i++) {
        const struct wtl_plan_node *node = &host->nodes[i];
        wtl_put_array(&body, 4);
        wtl_put_u64(&body, node->id);
        wtl_put_strz(&body, node->name);
        wtl_put_u64(&body, node->layer);
        wtl_put_bool(&body, node->up);
    }
    wtl_reply(x, message, &body);
}

/* ---- the actor ------------------------------------------------------------------------------ */

static enum wtl_status init(struct wtl_ctx *x, void *self, const void *settings,
                            const struct wtl_msg *args)
{
    static const struct wtl_call_options quiet;
    struct wtl_host *host = self;
    const struct wtl_flow_host_settings *own = settings;
    struct wtl_plan_node node = {.id = wtl_self(x).node, .up = true};
    (void)args;
    if (own->name == NULL || own->layer == NULL || strlen(own->name) > WTL_FLOW_NAME_MAX) {
        return WTL_INVALID;
    }
    if (own->state != NULL && strlen(own->state) > WTL_HOST_STATE_MAX) {
        wtl_log(x, WTL_LOG_WARN, "flow: the path of the state folder is too long to count losses");
    } else if (own->state != NULL) {
        memcpy(host->state, own->state, strlen(own->state));
    }
    memcpy(node.name, own->name, strlen(own->name));
    memcpy(host->name, node.name, sizeof host->name);
    node.layer = wtl_flow_layer_of(own->layer, strlen(own->layer));
    if (node.layer == WTL_FLOW_NO_LAYER) {
        return WTL_INVALID;
    }
    wtl_trap_exits(x, true);
    wtl_register(x, WTL_HOST_NAME, WTL_LOCAL, &quiet);
    wtl_watch_nodes(x, true);
    return wtl__nodes_put(x, &host->nodes, &host->node_count, &host->node_capacity, &node) ==
                   WTL_PLAN_NONE
               ? WTL_NO_MEMORY
               : WTL_OK;
}

typedef void (*host_fn)(struct wtl_ctx *x, struct wtl_host *host, const struct wtl_msg *message);

/* What comes from actors of this node alone. */
static host_fn find_local(const struct wtl_msg *message)
{
    if (wtl_tag_equal(message->tag, WTL_FLOW_TAG_REPORT)) {
        return wtl__hosted_report;
    }
    if (wtl_tag_equal(message->tag, WTL_HOST_TAG_AGAIN)) {
        return wtl__hosted_again;
    }
    if (wtl_tag_equal(message->tag, WTL_HOST_TAG_FREE)) {
        return wtl__hosted_free;
    }
    if (wtl_tag_equal(message->tag, WTL_HOST_TAG_HELD) ||
        wtl_tag_equal(message->tag, WTL_HOST_TAG_ENDED) ||
        wtl_tag_equal(message->tag, WTL_HOST_TAG_TAKEN)) {
        return wtl__host_held;
    }
    return NULL;
}

static host_fn find(const struct wtl_msg *message)
{
    if (wtl_tag_equal(message->tag, WTL_HOST_TAG_RUN)) {
        return wtl__host_run;
    }
    if (wtl_tag_equal(message->tag, WTL_HOST_TAG_WIRES)) {
        return wtl__host_wires;
    }
    if (wtl_tag_equal(message->tag, WTL_HOST_TAG_STATE)) {
        return wtl__host_state;
    }
    if (wtl_tag_equal(message->tag, WTL_HOST_TAG_STATS)) {
        return wtl__host_stats;
    }
    if (wtl_tag_equal(message->tag, WTL_HOST_TAG_MANAGED)) {
        return wtl__host_managed;
    }
    if (wtl_is(message, "flow.start")) {
        return wtl__host_start;
    }
    if (wtl_is(message, "flow.stop")) {
        return wtl__host_stop;
    }
    return wtl_is(message, "flow.list") ? wtl__host_list : NULL;
}

static enum wtl_status handle(struct wtl_ctx *x, void *self, const struct wtl_msg *message)
{
    struct wtl_host *host = self;
    host_fn fn = find_local(message);
    if (host->ending) {
        return WTL_OK;
    }
    if (fn != NULL) {
        if (message->from.node == wtl_self(x).node) {
            fn(x, host, message);
        }
        return WTL_OK;
    }
    fn = find(message);
    if (fn != NULL) {
        fn(x, host, message);
    } else if (wtl_tag_equal(message->tag, WTL_HOST_TAG_NODES)) {
        on_nodes(x, host, message);
    } else if (wtl_is(message, "node_up") || wtl_is(message, "node_down")) {
        on_node(x, host, message, wtl_is(message, "node_up"));
    } else if (message->request != 0) {
        wtl__host_refuse(x, message, WTL_UNSUPPORTED,
                         "the host of flows answers flow.start, flow.stop and flow.list");
    }
    return WTL_OK;
}

static enum wtl_status exited(struct wtl_ctx *x, void *self, const struct wtl_exit *exit)
{
    const struct wtl_host *host = self;
    if (wtl_pid_equal(exit->from, wtl_parent(x))) {
        return host->ending ? WTL_OK : WTL_SHUTDOWN; /* its supervisor's order */
    }
    wtl__hosted_exited(x, self, exit);
    return WTL_OK;
}

/* What it keeps ends first: units look at what the host holds for them. */
static enum wtl_status stop(struct wtl_ctx *x, void *self, struct wtl_reason reason)
{
    (void)reason;
    return wtl__hosted_end(x, self) ? WTL_OK : WTL_LATER;
}

static enum wtl_status down(struct wtl_ctx *x, void *self, const struct wtl_down *down)
{
    wtl__hosted_down(x, self, down);
    return WTL_OK;
}

static const struct wtl_field fields[] = {
    WTL_FIELD(struct wtl_flow_host_settings, name, STR, NULL, NULL, "The name of this node."),
    WTL_FIELD(struct wtl_flow_host_settings, layer, STR, NULL, NULL, "Its layer."),
    WTL_FIELD(struct wtl_flow_host_settings, state, STR, "", NULL,
              "A folder that it may write in."),
    {0},
};

const struct wtl_actor wtl_flow_host = {
    .size = sizeof(struct wtl_actor),
    .name = "flow_host",
    .summary = "Runs the units of flows on this node.",
    .state_size = sizeof(struct wtl_host),
    .settings_size = sizeof(struct wtl_flow_host_settings),
    .fields = fields,
    .mailbox_max = WTL_MAILBOX_LIMIT,
    .init = init,
    .handle = handle,
    .exited = exited,
    .down = down,
    .stop = stop,
};
