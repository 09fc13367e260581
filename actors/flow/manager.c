/*
 * manager.c - the manager's own functions: what it learns, and from whom. See manager.h.
 *
 * It begins by asking: its host for the nodes, and each node's host for what runs there. Nothing is
 * placed before all have answered or cannot, so that what runs already is left where it is. From
 * then on everything that changes ends in a message to itself, and one of those plans anew.
 */
#include "flow/manager_private.h"
#include "flow/pack.h"

#include <stdio.h>

/* ---- small things --------------------------------------------------------------------------- */

void wtl__manager_replan_later(struct wtl_ctx *x, struct wtl_manager *manager)
{
    if (!manager->replanning) {
        manager->replanning = true;
        wtl_tell(x, wtl_self(x), WTL_MANAGER_TAG_REPLAN, NULL);
    }
}

void wtl__manager_retry_later(struct wtl_ctx *x, struct wtl_manager *manager)
{
    if (!manager->retrying) {
        manager->retrying = wtl_after(x, WTL_MANAGER_RETRY_MS, WTL_MANAGER_TAG_RETRY, NULL) != 0;
    }
}

struct wtl_managed *wtl__manager_find(struct wtl_manager *manager, uint64_t unit, uint64_t copy,
                                      uint32_t node)
{
    if (unit >= manager->units->count) {
        return NULL;
    }
    for (uint32_t i = manager->first[unit]; i < manager->first[unit + 1]; i++) {
        struct wtl_managed *one = &manager->instances[i];
        if (one->place.node == node && one->place.copy == copy) {
            return one;
        }
    }
    return NULL;
}

/* Which node a call went to. */
struct asked {
    uint32_t node;
    uint64_t id;
};

void wtl__manager_call(struct wtl_ctx *x, struct wtl_manager *manager, uint32_t node,
                       struct wtl_tag tag, struct wtl_writer *body, wtl_on_answer on_answer)
{
    struct asked asked = {.node = node, .id = manager->nodes[node].id};
    struct wtl_call_options options = {.deadline_ms = WTL_MANAGER_DEADLINE_MS,
                                       .on_answer = on_answer,
                                       .context = &asked,
                                       .context_size = sizeof asked};
    (void)wtl_call(x, wtl_flow_host_pid(asked.id), tag, body, &options);
}

uint32_t wtl__manager_node_of(const struct wtl_manager *manager, const void *context)
{
    struct asked asked;
    memcpy(&asked, context, sizeof asked);
    bool same = asked.node < manager->node_count && manager->nodes[asked.node].id == asked.id;
    return same ? asked.node : WTL_PLAN_NONE;
}

static void tell_host(struct wtl_ctx *x, const struct wtl_manager *manager, struct wtl_tag tag)
{
    wtl__flow_send_numbers(x, manager->source->host, tag, &manager->source->number, 1);
}

/* ---- what runs already ----------------------------------------------------------------------- */

/* A stage of one place runs where it runs, whatever would be chosen now. */
static void take_over(struct wtl_manager *manager, uint64_t unit, uint32_t node)
{
    if (unit < manager->units->count && manager->chosen[unit] == WTL_PLAN_NONE) {
        manager->chosen[unit] = node;
    }
}

static void read_state(struct wtl_manager *manager, const struct wtl_msg *message, uint32_t node)
{
    struct wtl_reader reader = wtl_read(message);
    bool shape = wtl_get_array(&reader) == 2;
    uint64_t epoch = wtl_get_u64(&reader);
    if (shape && !reader.failed && epoch >= manager->epoch) {
        manager->epoch = epoch + 1;
    }
    for (uint32_t left = wtl_get_array(&reader); left > 0 && !reader.failed; left--) {
        if (wtl_get_array(&reader) != 4) {
            return;
        }
        uint64_t unit = wtl_get_u64(&reader);
        (void)wtl_get_u64(&reader); /* the pids come with the answer to the first order */
        (void)wtl_get_u64(&reader);
        (void)wtl_get_u64(&reader);
        if (!reader.failed) {
            manager->managed_nodes[node].has = true;
            take_over(manager, unit, node);
        }
    }
}

static enum wtl_status on_state(struct wtl_ctx *x, void *self, const struct wtl_answer *answer,
                                void *context)
{
    struct wtl_manager *manager = self;
    uint32_t node = wtl__manager_node_of(manager, context);
    if (node == WTL_PLAN_NONE) {
        return WTL_OK;
    }
    manager->managed_nodes[node].asking = false;
    if (answer->status == WTL_OK) {
        manager->managed_nodes[node].asked = true;
        read_state(manager, &answer->message, node);
    } else if (manager->nodes[node].up) {
        wtl__manager_retry_later(x, manager);
    }
    wtl__manager_replan_later(x, manager);
    return WTL_OK;
}

static void ask_state(struct wtl_ctx *x, struct wtl_manager *manager, uint32_t node)
{
    struct wtl_writer body;
    struct wtl_managed_node *managed = &manager->managed_nodes[node];
    if (managed->asked || managed->asking || !manager->nodes[node].up) {
        return;
    }
    managed->asking = true;
    (void)wtl_message_open(x, &body, 96);
    wtl_put_array(&body, 1);
    wtl_put_strz(&body, manager->source->name);
    wtl__manager_call(x, manager, node, WTL_HOST_TAG_STATE, &body, on_state);
}

/* ---- nodes ----------------------------------------------------------------------------------- */

/* What is known of nodes grows with the table of nodes. */
static bool put_node(struct wtl_ctx *x, struct wtl_manager *manager,
                     const struct wtl_plan_node *node)
{
    uint32_t capacity = manager->node_capacity;
    uint32_t before = manager->node_count;
    uint32_t at =
        wtl__nodes_put(x, &manager->nodes, &manager->node_count, &manager->node_capacity, node);
    if (at == WTL_PLAN_NONE) {
        return false;
    }
    if (manager->node_capacity != capacity) {
        size_t size = manager->node_capacity * sizeof *manager->managed_nodes;
        struct wtl_managed_node *grown = wtl_alloc(x, size);
        if (grown == NULL) {
            return false;
        }
        memset(grown, 0, size);
        if (capacity > 0) {
            memcpy(grown, manager->managed_nodes, capacity * sizeof *grown);
        }
        wtl_free(x, manager->managed_nodes);
        manager->managed_nodes = grown;
    }
    if (at < before) { /* seen before: what is known of it may be of another life */
        manager->managed_nodes[at] = (struct wtl_managed_node){0};
    }
    ask_state(x, manager, at);
    return true;
}

/* Everything that has to do with a node is told anew. */
static void forget_node(struct wtl_manager *manager, const char *name)
{
    for (uint32_t i = 0; i < manager->count; i++) {
        struct wtl_managed *one = &manager->instances[i];
        one->wired = 0;
        if (strcmp(manager->nodes[one->place.node].name, name) == 0) {
            one->pid = WTL_PID_NONE;
        }
    }
}

static enum wtl_status on_node(struct wtl_ctx *x, struct wtl_manager *manager,
                               const struct wtl_msg *message, bool up)
{
    struct wtl_plan_node node;
    if (message->from.node != wtl_self(x).node && !wtl_pid_is_none(message->from)) {
        return WTL_OK; /* the node itself says so */
    }
    if (!wtl__nodes_read(message, &node)) {
        return WTL_OK;
    }
    node.up = up;
    forget_node(manager, node.name);
    if (!put_node(x, manager, &node)) {
        return WTL_NO_MEMORY;
    }
    wtl__manager_replan_later(x, manager);
    return WTL_OK;
}

static enum wtl_status on_nodes(struct wtl_ctx *x, void *self, const struct wtl_answer *answer,
                                void *context)
{
    struct wtl_manager *manager = self;
    struct wtl_reader reader = wtl_read(&answer->message);
    (void)context;
    if (answer->status != WTL_OK) {
        return answer->status; /* its own host: it cannot do without */
    }
    for (uint32_t left = wtl_get_array(&reader); left > 0 && !reader.failed; left--) {
        struct wtl_plan_node node = {0};
        size_t size = 0;
        bool shape = wtl_get_array(&reader) == 4;
        node.id = wtl_get_u64(&reader);
        const char *name = wtl_get_str(&reader, &size);
        node.layer = (enum wtl_flow_layer)wtl_get_u64(&reader);
        node.up = wtl_get_bool(&reader);
        if (!shape || reader.failed || size > WTL_FLOW_NAME_MAX) {
            return WTL_BAD_PAYLOAD;
        }
        memcpy(node.name, name, size);
        if (!put_node(x, manager, &node)) {
            return WTL_NO_MEMORY;
        }
    }
    manager->introduced = true;
    wtl__manager_replan_later(x, manager);
    return WTL_OK;
}

/* ---- the name -------------------------------------------------------------------------------- */

static void hold_name(struct wtl_ctx *x, const struct wtl_manager *manager, enum wtl_scope scope,
                      wtl_on_answer on_answer)
{
    char name[WTL_NAME_MAX + 1];
    struct wtl_call_options options = {.on_answer = on_answer};
    (void)snprintf(name, sizeof name, "flow.%.*s", WTL_HOST_FLOW_NAME_MAX, manager->source->name);
    wtl_register(x, name, scope, &options);
}

static enum wtl_status on_name(struct wtl_ctx *x, void *self, const struct wtl_answer *answer,
                               void *context)
{
    struct wtl_manager *manager = self;
    struct wtl_call_options options = {.on_answer = on_nodes};
    (void)context;
    if (answer->status == WTL_NO_CONNECTION) {
        hold_name(x, manager, WTL_LOCAL, on_name); /* there is no mesh to be unique in */
        return WTL_OK;
    }
    if (answer->status == WTL_EXISTS) {
        tell_host(x, manager, WTL_HOST_TAG_TAKEN);
        return WTL_OK;
    }
    if (answer->status != WTL_OK) {
        return answer->status;
    }
    manager->held = true;
    tell_host(x, manager, WTL_HOST_TAG_HELD);
    (void)wtl_call(x, manager->source->host, WTL_HOST_TAG_NODES, NULL, &options);
    return WTL_OK;
}

/* ---- the actor ------------------------------------------------------------------------------- */

static enum wtl_status init(struct wtl_ctx *x, void *self, const void *settings,
                            const struct wtl_msg *args)
{
    struct wtl_manager *manager = self;
    (void)args;
    manager->source = ((const struct wtl_flow_manager_settings *)settings)->source;
    manager->epoch = 1;
    memset(manager->chosen, 0xff, sizeof manager->chosen);
    manager->ast = wtl_alloc(x, sizeof *manager->ast);
    manager->units = wtl_alloc(x, sizeof *manager->units);
    manager->places = wtl_alloc(x, WTL_PLAN_INSTANCES_MAX * sizeof *manager->places);
    if (manager->ast == NULL || manager->units == NULL || manager->places == NULL) {
        return WTL_NO_MEMORY;
    }
    struct wtl_reader packed =
        wtl_reader_over(manager->source->bytes, manager->source->packed_size);
    enum wtl_status status = wtl_flow_from_pack(manager->ast, &packed, NULL);
    status = status == WTL_OK ? wtl_units_of(manager->ast, manager->units, NULL) : status;
    if (status == WTL_OK) {
        wtl_watch_nodes(x, true);
        hold_name(x, manager, WTL_GLOBAL, on_name);
    }
    return status;
}

/* $flow.up: a host says who runs an instance, or that nobody does now. */
static void on_up(struct wtl_ctx *x, struct wtl_manager *manager, const struct wtl_msg *message)
{
    struct wtl_reader reader = wtl_read(message);
    struct wtl_pid pid;
    bool shape = wtl_get_array(&reader) == 5;
    wtl_skip(&reader); /* the flow: this one's host sends here for no other */
    uint64_t unit = wtl_get_u64(&reader);
    uint64_t copy = wtl_get_u64(&reader);
    pid.node = wtl_get_u64(&reader);
    pid.local = wtl_get_u64(&reader);
    if (!shape || reader.failed ||
        !wtl_pid_equal(message->from, wtl_flow_host_pid(message->from.node))) {
        return;
    }
    for (uint32_t node = 0; node < manager->node_count; node++) {
        struct wtl_managed *one = manager->nodes[node].id == message->from.node
                                      ? wtl__manager_find(manager, unit, copy, node)
                                      : NULL;
        if (one != NULL) {
            one->pid = pid;
            one->wired = 0;
        }
    }
    wtl__manager_replan_later(x, manager);
}

static void on_retry(struct wtl_ctx *x, struct wtl_manager *manager)
{
    manager->retrying = false;
    for (uint32_t node = 0; node < manager->node_count; node++) {
        ask_state(x, manager, node);
    }
    wtl__manager_replan_later(x, manager);
}

/* While a node's answer is awaited, nothing is placed. */
static bool all_known(const struct wtl_manager *manager)
{
    bool known = manager->introduced;
    for (uint32_t node = 0; node < manager->node_count && known; node++) {
        known = !manager->managed_nodes[node].asking;
    }
    return known;
}

static enum wtl_status handle(struct wtl_ctx *x, void *self, const struct wtl_msg *message)
{
    struct wtl_manager *manager = self;
    if (wtl_tag_equal(message->tag, WTL_MANAGER_TAG_REPLAN)) {
        manager->replanning = false;
        return all_known(manager) ? wtl__manager_replan(x, manager) : WTL_OK;
    }
    if (wtl_tag_equal(message->tag, WTL_HOST_TAG_UP)) {
        on_up(x, manager, message);
    } else if (wtl_tag_equal(message->tag, WTL_MANAGER_TAG_RETRY)) {
        on_retry(x, manager);
    } else if (wtl_is(message, "node_up") || wtl_is(message, "node_down")) {
        return on_node(x, manager, message, wtl_is(message, "node_up"));
    } else if (wtl_tag_equal(message->tag, WTL_HOST_TAG_END)) {
        manager->ending = wtl_pid_equal(message->from, manager->source->host);
        wtl__manager_replan_later(x, manager);
    } else if (wtl_is(message, "flow.show")) {
        wtl__manager_show(x, manager, message);
    } else if (message->request != 0) {
        wtl__host_refuse(x, message, WTL_UNSUPPORTED, "a flow's manager answers flow.show");
    }
    return WTL_OK;
}

const struct wtl_actor wtl_flow_manager = {
    .size = sizeof(struct wtl_actor),
    .name = "flow_manager",
    .summary = "Places the stages of one flow and joins them.",
    .state_size = sizeof(struct wtl_manager),
    .settings_size = sizeof(struct wtl_flow_manager_settings),
    .mailbox_max = WTL_MAILBOX_LIMIT,
    .init = init,
    .handle = handle,
};
