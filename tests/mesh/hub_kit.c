/* hub_kit.c - see hub_kit.h. */
#include "hub_kit.h"

#include <stdio.h>
#include <stdlib.h>

static uint32_t index_of(const struct hub_node *node)
{
    return (uint32_t)(node - node->net->nodes);
}

/* ---- what a hub tells ---------------------------------------------------------------------- */

static void say(struct hub_node *node, enum said_kind kind, uint64_t of, uint64_t number,
                enum wtl_status why)
{
    cr_assert_lt(node->said_count, HUB_SAID_MAX);
    node->said[node->said_count++] =
        (struct said){.kind = kind, .node = of, .number = number, .why = why};
}

static uint64_t number_in(struct wtl__envelope *envelope)
{
    struct wtl_reader reader = wtl_read(&envelope->msg);
    uint64_t number = wtl_get_u64(&reader);
    wtl__envelope_free(envelope);
    return number;
}

static void on_deliver(void *context, uint64_t to_local, struct wtl__envelope *envelope)
{
    uint64_t from = envelope->msg.from.node;
    (void)to_local;
    say(context, SAID_MAIL, from, number_in(envelope), WTL_OK);
}

static void on_refuse(void *context, struct wtl_pid to, struct wtl__envelope *envelope)
{
    say(context, SAID_REFUSED, to.node, number_in(envelope), WTL_OK);
}

static void on_node_up(void *context, uint64_t id, const char *name, uint8_t layer)
{
    (void)name;
    (void)layer;
    say(context, SAID_UP, id, 0, WTL_OK);
}

static void on_node_down(void *context, uint64_t id, enum wtl_status why)
{
    say(context, SAID_DOWN, id, 0, why);
}

static void on_name_answer(void *context, struct wtl_pid asker, uint64_t request,
                           enum wtl_status status, struct wtl_pid holder)
{
    (void)context;
    (void)asker;
    (void)request;
    (void)status;
    (void)holder;
}

static void on_name_lost(void *context, struct wtl_pid pid, const char *name)
{
    (void)context;
    (void)pid;
    (void)name;
}

static void on_waiting(void *context, uint64_t node, uint64_t bytes)
{
    (void)context;
    (void)node;
    (void)bytes;
}

static void on_writable(void *context, uint32_t link)
{
    (void)context;
    (void)link; /* all are asked all the time */
}

static struct hub_wire *free_wire(struct hub_net *net)
{
    for (uint32_t i = 0; i < HUB_WIRES; i++) {
        if (!net->wires[i].used) {
            net->wires[i] = (struct hub_wire){.used = true};
            return &net->wires[i];
        }
    }
    cr_assert_fail("more wires than there are");
    return NULL;
}

static void on_dial(void *context, const char *address, const char *expected)
{
    struct hub_node *node = context;
    struct hub_net *net = node->net;
    struct hub_wire *wire = free_wire(net);
    (void)expected;
    node->dials++;
    wire->ends[0] = index_of(node);
    wire->ends[1] = UINT32_MAX;
    wire->due_ms = net->now_ms + HUB_DELAY_MS;
    for (uint32_t i = 0; i < net->count; i++) {
        if (strcmp(net->nodes[i].config.name, address) == 0) {
            wire->ends[1] = i;
        }
    }
}

static void on_close(void *context, uint32_t link, enum wtl_status why, const char *text)
{
    struct hub_node *node = context;
    (void)text;
    say(node, SAID_CLOSED, link, 0, why);
    for (uint32_t i = 0; i < HUB_WIRES; i++) {
        struct hub_wire *wire = &node->net->wires[i];
        for (int end = 0; end < 2; end++) {
            if (wire->used && wire->ends[end] == index_of(node) && wire->numbers[end] == link) {
                wire->closing[end] = true;
            }
        }
    }
}

static size_t sign(void *context, const struct wtl__attach *attach, uint8_t *proof_out)
{
    (void)context;
    (void)attach;
    memcpy(proof_out, "proof", 5);
    return 5;
}

static bool check(void *context, const struct wtl__attach *attach, int64_t now_s)
{
    (void)context;
    (void)now_s;
    return attach->proof_size == 5;
}

/* ---- nodes --------------------------------------------------------------------------------- */

struct hub_net *hub_net_create(void)
{
    struct hub_net *net = calloc(1, sizeof *net);
    cr_assert_not_null(net);
    net->now_ms = 1000;
    return net;
}

void hub_net_kill(struct hub_net *net, uint32_t index)
{
    struct hub_node *node = &net->nodes[index];
    wtl__hub_destroy(node->hub);
    node->hub = NULL;
    if (node->puppet != NULL) {
        wtl__session_deinit(node->puppet);
        free(node->puppet);
        node->puppet = NULL;
    }
    for (uint32_t i = 0; i < HUB_WIRES; i++) {
        struct hub_wire *wire = &net->wires[i];
        if (wire->used && (wire->ends[0] == index || wire->ends[1] == index)) {
            hub_wire_break(net, wire);
        }
    }
}

void hub_net_destroy(struct hub_net *net)
{
    for (uint32_t i = 0; i < net->count; i++) {
        hub_net_kill(net, i);
    }
    free(net);
}

uint32_t hub_net_add(struct hub_net *net, const char *name, enum wtl_layer layer, const char *joins,
                     bool hidden)
{
    cr_assert_lt(net->count, HUBS_MAX);
    struct hub_node *node = &net->nodes[net->count];
    struct wtl__core_config *config = &node->config;
    node->net = net;
    node->identity.layer = layer;
    (void)snprintf(node->identity.mesh, sizeof node->identity.mesh, "net");
    (void)snprintf(node->identity.tenant, sizeof node->identity.tenant, "default");
    (void)snprintf(node->identity.name, sizeof node->identity.name, "%s", name);
    *config = (struct wtl__core_config){.node = wtl_identity_node_bits(&node->identity) << 24,
                                        .layer = (uint8_t)layer,
                                        .link_class = WTL__CLASS_LAN,
                                        .sign = sign,
                                        .check = check};
    (void)snprintf(config->name, sizeof config->name, "%s", name);
    if (layer != WTL_LAYER_DEVICE && !hidden) {
        (void)snprintf(config->address, sizeof config->address, "%s", name);
    }
    while (joins != NULL && *joins != '\0') {
        size_t size = strcspn(joins, " ");
        (void)snprintf(config->joins[config->joins_count++], WTL_NAME_MAX, "%.*s", (int)size,
                       joins);
        joins += size + (joins[size] == ' ' ? 1 : 0);
    }
    return net->count++;
}

void hub_net_start(struct hub_net *net, uint32_t index)
{
    struct hub_node *node = &net->nodes[index];
    struct wtl__hub_port port = {.context = node,
                                 .deliver = on_deliver,
                                 .refuse = on_refuse,
                                 .node_up = on_node_up,
                                 .node_down = on_node_down,
                                 .name_answer = on_name_answer,
                                 .name_lost = on_name_lost,
                                 .dial = on_dial,
                                 .writable = on_writable,
                                 .close = on_close,
                                 .waiting = on_waiting};
    node->config.node++;
    node->config.seed = node->config.node;
    cr_assert_eq(wtl__hub_create(&node->config, &port, net->now_ms, &node->hub), WTL_OK);
}

static void step(struct hub_net *net)
{
    bool some = true;
    while (some) {
        some = false;
        for (uint32_t i = 0; i < net->count; i++) {
            struct hub_node *node = &net->nodes[i];
            if (node->hub != NULL && wtl__hub_deadline_ms(node->hub) <= net->now_ms) {
                wtl__hub_tick(node->hub, net->now_ms, hub_net_wall_s(net));
                some = true;
            }
        }
        for (uint32_t i = 0; i < HUB_WIRES; i++) {
            some = hub_wire_run(net, &net->wires[i]) || some;
        }
    }
}

void hub_net_run(struct hub_net *net, uint64_t ms)
{
    for (uint64_t end_ms = net->now_ms + ms; net->now_ms < end_ms;) {
        net->now_ms++;
        step(net);
    }
}

/* ---- puppets ------------------------------------------------------------------------------- */

uint32_t hub_net_puppet(struct hub_net *net, const char *name, enum wtl_layer layer,
                        uint32_t incarnation, uint32_t to)
{
    uint32_t index = hub_net_add(net, name, layer, NULL, true);
    struct hub_node *node = &net->nodes[index];
    struct hub_wire *wire = free_wire(net);
    uint8_t binding[32] = {99};
    node->config.node += incarnation;
    node->puppet = calloc(1, sizeof *node->puppet);
    cr_assert_not_null(node->puppet);
    struct wtl__session_config config = {.hello = {.version_min = WTL__PROTOCOL_MIN,
                                                   .version_max = WTL__PROTOCOL_MAX,
                                                   .node = node->config.node,
                                                   .layer = (uint8_t)layer,
                                                   .link_class = WTL__CLASS_LAN,
                                                   .beat_ms = 500},
                                         .dialled = true,
                                         .peer = net->nodes[to].identity};
    (void)snprintf(config.hello.name, sizeof config.hello.name, "%s", name);
    memcpy(config.hello.binding, binding, sizeof binding);
    wtl__session_init(node->puppet, &config, net->now_ms);
    wire->ends[0] = index;
    wire->ends[1] = to;
    wire->numbers[1] =
        wtl__hub_link_open(net->nodes[to].hub, &node->identity, binding, false, NULL, net->now_ms);
    hub_net_until(net, 100, node->puppet->state == WTL__SESSION_UP);
    return index;
}

void hub_net_say(struct hub_net *net, uint32_t puppet, uint32_t to, const uint8_t *frame,
                 size_t size)
{
    struct hub_wire *wire = hub_net_wire(net, puppet, to);
    cr_assert_gt(size, 0);
    hub_wire_put(net, wire, wire->ends[0] == puppet ? 0 : 1, frame, size);
}
