/* ports.c - between the runtime of a simulated node and its hub, both ways. See world.h. */
#include <stdlib.h>

#include "model.h"
#include "seekers.h"

/* ---- the port of a simulated node ----------------------------------------------------------- */

static enum wtl_status port_send(void *port, struct wtl__ctx *x, struct wtl_pid to,
                                 struct wtl__envelope *envelope)
{
    struct sim_node *node = port;
    (void)x;
    if (node->outbox_count == node->outbox_capacity) {
        node->outbox_capacity = node->outbox_capacity == 0 ? 64 : node->outbox_capacity * 2;
        node->outbox = realloc(node->outbox, node->outbox_capacity * sizeof *node->outbox);
        WTL_ASSERT(node->outbox != NULL);
    }
    node->outbox[node->outbox_count++] = (struct pending_send){.to = to, .envelope = envelope};
    return WTL_OK;
}

static enum wtl_status port_send_name(void *port, struct wtl__ctx *x, const char *name,
                                      struct wtl__envelope *envelope)
{
    struct sim_node *node = port;
    struct wtl_pid to = wtl__core_name_find(wtl__hub_core(node->hub), name);
    if (wtl_pid_is_none(to)) {
        wtl__envelope_free(envelope);
        return WTL_NOT_FOUND;
    }
    return wtl__deliver_named(&node->step.runtime, x, to, envelope);
}

static void port_register(void *port, struct wtl_pid self, uint64_t request, const char *name)
{
    struct sim_node *node = port;
    world_say(node->world, node, "%lx registers %s (%lx)", (unsigned long)self.local, name,
              (unsigned long)request);
    wtl__core_name_register(wtl__hub_core(node->hub), self, request, name, node->world->now_ms);
    wtl__hub_pump(node->hub, node->world->now_ms);
}

static void port_unregister(void *port, struct wtl_pid self, const char *name)
{
    struct sim_node *node = port;
    world_say(node->world, node, "%lx unregisters %s", (unsigned long)self.local, name);
    wtl__core_name_unregister(wtl__hub_core(node->hub), self, name, node->world->now_ms);
    wtl__hub_pump(node->hub, node->world->now_ms);
}

static void port_whereis(void *port, struct wtl_pid self, uint64_t request, const char *name)
{
    struct sim_node *node = port;
    wtl__core_name_whereis(wtl__hub_core(node->hub), self, request, name, node->world->now_ms);
    wtl__hub_pump(node->hub, node->world->now_ms);
}

static void port_names_drop(void *port, struct wtl_pid self)
{
    struct sim_node *node = port;
    if (node->hub != NULL) {
        wtl__core_names_drop(wtl__hub_core(node->hub), self, node->world->now_ms);
        wtl__hub_pump(node->hub, node->world->now_ms);
    }
}

static const struct wtl__port_ops port_ops = {.send = port_send,
                                              .send_name = port_send_name,
                                              .name_register = port_register,
                                              .name_unregister = port_unregister,
                                              .name_whereis = port_whereis,
                                              .names_drop = port_names_drop};

void port_plug(struct sim_node *node)
{
    node->step.runtime.port = &port_ops;
    node->step.runtime.port_self = node;
}

/* ---- what the hub tells --------------------------------------------------------------------- */

static void on_deliver(void *context, uint64_t to_local, struct wtl__envelope *envelope)
{
    struct sim_node *node = context;
    struct wtl_pid to = {.node = node->step.runtime.node, .local = to_local};
    model_delivered(node, to_local, envelope);
    wtl__deliver_arrived(&node->step.runtime, NULL, to, envelope);
}

static void on_refuse(void *context, struct wtl_pid to, struct wtl__envelope *envelope)
{
    struct sim_node *node = context;
    model_refused(node, to, envelope);
    wtl__refuse(&node->step.runtime, NULL, to, envelope,
                WTL_REASON(WTL_EXIT_NOCONNECTION, "noconnection"));
}

static void on_node_up(void *context, uint64_t id, const char *name, uint8_t layer)
{
    const struct sim_node *node = context;
    (void)layer;
    world_say(node->world, node, "sees %s %lx up", name, (unsigned long)id);
    model_node_up(context, id);
}

static void on_node_down(void *context, uint64_t id, enum wtl_status why)
{
    struct sim_node *node = context;
    world_say(node->world, node, "sees %lx down (%s)", (unsigned long)id, wtl_status_word(why));
    model_node_down(node, id, why);
    wtl__node_down(&node->step.runtime, id);
}

static void on_name_answer(void *context, struct wtl_pid asker, uint64_t request,
                           enum wtl_status status, struct wtl_pid holder)
{
    struct sim_node *node = context;
    if (seek_answer(node, request, status, holder)) {
        return;
    }
    world_say(node->world, node, "%lx is answered (%lx): %s, %lx.%lx", (unsigned long)asker.local,
              (unsigned long)request, wtl_status_word(status), (unsigned long)holder.node,
              (unsigned long)holder.local);
    wtl__answer(&node->step.runtime, NULL, asker, request, status, holder, NULL);
}

static void on_name_lost(void *context, struct wtl_pid pid, const char *name)
{
    struct sim_node *node = context;
    struct wtl_writer body;
    world_say(node->world, node, "%lx loses %s", (unsigned long)pid.local, name);
    model_name_lost(node, pid, name);
    (void)wtl__message_open(&body, 80);
    wtl_put_strz(&body, name);
    struct wtl__envelope *message = wtl__message_take(&body, WTL__LOCAL);
    WTL_ASSERT(message != NULL);
    message->msg.tag = WTL_TAG("name_lost");
    (void)wtl__deliver(&node->step.runtime, NULL, pid, message);
}

static void on_dial(void *context, const char *address, const char *expected)
{
    (void)expected;
    wire_dial(context, address);
}

static void on_writable(void *context, uint32_t link)
{
    wire_writable(context, link);
}

static void on_close(void *context, uint32_t link, enum wtl_status why, const char *text)
{
    (void)why;
    (void)text;
    wire_close(context, link);
}

static void on_waiting(void *context, uint64_t id, uint64_t bytes)
{
    struct sim_node *node = context;
    const struct sim_node *to = world_node(node->world, id);
    if (to != NULL) {
        node->waiting[world_index(to)] = bytes;
    }
}

struct wtl__hub_port port_of_hub(struct sim_node *node)
{
    return (struct wtl__hub_port){.context = node,
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
}
