/* port.c - messages out of and into the runtime. See port.h; names are in port_names.c. */
#include "node/port.h"

#include <stdlib.h>

#include "base/log.h"
#include "node/events.h"
#include "sched/system.h"

/* ---- out: from the workers ------------------------------------------------------------------ */

static struct wtl_reason noconnection(void)
{
    return WTL_REASON(WTL_EXIT_NOCONNECTION, "noconnection");
}

/* Over the hard cap: a call is answered `busy`, as a full mailbox does. */
static enum wtl_status refuse_full(struct wtl__port *port, struct wtl__ctx *x, struct wtl_pid to,
                                   struct wtl__envelope *envelope)
{
    struct wtl_pid sender = envelope->msg.from;
    wtl__count(port->runtime, WTL__COUNT_DROPPED_FULL);
    if (envelope->msg.kind_ != WTL__CALL || wtl_pid_is_none(sender)) {
        wtl__refuse(port->runtime, x, to, envelope, WTL_REASON(WTL_EXIT_ERROR, "full"));
        return WTL_FULL;
    }
    wtl__body_release(envelope);
    envelope->msg.bytes = NULL;
    envelope->msg.size = 0;
    envelope->msg.kind_ = WTL__REPLY;
    envelope->msg.from = to;
    wtl__set_status(envelope, WTL_BUSY);
    (void)wtl__deliver(port->runtime, x, sender, envelope);
    return WTL_FULL;
}

static enum wtl_status push(struct wtl__port *port, struct wtl__ctx *x, struct wtl_pid to,
                            struct wtl__envelope *envelope)
{
    bool over = false;
    bool counted = envelope->msg.kind_ <= WTL__KIND_LAST_COUNTED;
    enum wtl__outbox_push pushed = wtl__outbox_push(port->outboxes, to, envelope, &over);
    if (pushed == WTL__OUTBOX_REFUSED) {
        return refuse_full(port, x, to, envelope);
    }
    if (pushed == WTL__OUTBOX_WAKE) {
        wtl__loop_wake(port->loop);
    }
    if (WTL_UNLIKELY(over && counted) && x != NULL && x->cell != NULL) {
        x->overdraft++; /* the run of this actor ends with a WTL__WAIT, see actor/run.c */
        x->blocked_on = to;
        return WTL_BUSY;
    }
    return WTL_OK;
}

static enum wtl_status port_send(void *context, struct wtl__ctx *x, struct wtl_pid to,
                                 struct wtl__envelope *envelope)
{
    struct wtl__port *port = context;
    bool travels = envelope->msg.kind_ <= WTL__KIND_LAST_WIRE || envelope->msg.kind_ == WTL__WAIT;
    if (WTL_UNLIKELY(to.node == 0)) { /* a cancel or reply to nobody */
        wtl__refuse(port->runtime, x, to, envelope, WTL_REASON(WTL_EXIT_NOPROC, "noproc"));
        return WTL_NO_PROCESS;
    }
    if (WTL_UNLIKELY(!travels || (envelope->msg.flags_ & WTL__FLAG_NATIVE) != 0)) {
        wtl__count(port->runtime, WTL__COUNT_DROPPED_REMOTE);
        wtl__refuse(port->runtime, x, to, envelope, WTL_REASON(WTL_EXIT_ERROR, "unsupported"));
        return WTL_UNSUPPORTED;
    }
    if (WTL_UNLIKELY(wtl__outboxes_is_closed(port->outboxes))) {
        wtl__count(port->runtime, WTL__COUNT_DROPPED_REMOTE);
        wtl__refuse(port->runtime, x, to, envelope, noconnection());
        return WTL_NO_CONNECTION;
    }
    return push(port, x, to, envelope);
}

const struct wtl__port_ops wtl__port_ops = {
    .send = port_send,
    .send_name = wtl__port_send_name,
    .name_register = wtl__port_name_register,
    .name_unregister = wtl__port_name_unregister,
    .name_whereis = wtl__port_name_whereis,
    .names_drop = wtl__port_names_drop,
};

void wtl__port_close(struct wtl__port *port)
{
    wtl__outboxes_close(port->outboxes);
}

/* ---- out: on the net loop ------------------------------------------------------------------- */

static void outbox_send(void *context, struct wtl_pid to, struct wtl__envelope *envelope)
{
    struct wtl__port *port = context;
    wtl__hub_send(wtl__net_hub(port->net), to, envelope, wtl__loop_now_ms(port->loop));
}

/* Answers the sender of what did not reach its node. */
static void port_refuse(void *context, struct wtl_pid to, struct wtl__envelope *envelope)
{
    struct wtl__port *port = context;
    port->refused++;
    /* whatever is in `from.node` is the hub's; nobody has local id 0 */
    envelope->msg.from.node = envelope->msg.from.local != 0 ? port->runtime->node : 0;
    if (envelope->msg.kind_ <= WTL__KIND_LAST_COUNTED) {
        wtl__count(port->runtime, WTL__COUNT_DROPPED_REMOTE);
    }
    wtl__refuse(port->runtime, wtl__loop_leader(port->loop), to, envelope, noconnection());
}

static void outbox_resume(void *context, struct wtl_pid to, struct wtl__envelope *wait)
{
    struct wtl__port *port = context;
    /* turns it into WTL__RESUME */
    wtl__refuse(port->runtime, wtl__loop_leader(port->loop), to, wait, noconnection());
}

static bool outbox_is_gone(void *context, uint64_t node)
{
    struct wtl__port *port = context;
    uint8_t layer;
    struct wtl__core *core = wtl__hub_core(wtl__net_hub(port->net));
    return !wtl__core_node_is_known(core, node, &layer) && wtl__core_route(core, node) == 0;
}

static void collect(void *context)
{
    struct wtl__port *port = context;
    wtl__outboxes_collect(port->outboxes);
}

static bool finish(void *context)
{
    struct wtl__port *port = context;
    wtl__outboxes_send(port->outboxes, &port->outbox_ops);
    return wtl__net_finish(port->net);
}

static bool is_pending(void *context)
{
    struct wtl__port *port = context;
    return wtl__outboxes_is_pending(port->outboxes);
}

static void offer(void *context)
{
    struct wtl__port *port = context;
    wtl__runtime_call_worker(port->runtime);
}

struct wtl__loop_source wtl__port_source(struct wtl__port *port)
{
    return (struct wtl__loop_source){.context = port,
                                     .collect = collect,
                                     .finish = finish,
                                     .is_pending = is_pending,
                                     .offer = offer};
}

/* ---- in: from the hub ----------------------------------------------------------------------- */

static void port_deliver(void *context, uint64_t to_local, struct wtl__envelope *envelope)
{
    struct wtl__port *port = context;
    struct wtl_pid to = {.node = port->runtime->node, .local = to_local};
    if (WTL_UNLIKELY(envelope->msg.kind_ == WTL__DOWN || envelope->msg.kind_ == WTL__EXIT)) {
        /* whoever has ended holds no name any more */
        wtl__known_forget_pid(port->known, envelope->msg.from);
    }
    wtl__deliver_arrived(port->runtime, wtl__loop_leader(port->loop), to, envelope);
}

static void port_node_up(void *context, uint64_t node, const char *name, uint8_t layer)
{
    struct wtl__port *port = context;
    struct wtl__up_node *up = wtl__map_get(&port->up, node, 0);
    if (up == NULL && (up = calloc(1, sizeof *up)) != NULL &&
        wtl__map_put(&port->up, node, 0, up) != WTL_OK) {
        free(up);
        up = NULL;
    }
    if (up != NULL) {
        up->layer = layer;
        memcpy(up->name, name, strnlen(name, WTL_NAME_MAX));
    }
    wtl__log(wtl__log_process(), WTL__LOG_INFO, "node_up", WTL__LOG_TEXT("node", name),
             WTL__LOG_TEXT("layer", wtl_layer_name((enum wtl_layer)layer)));
    wtl__events_node(port->runtime, true, node, name, layer, WTL_OK);
}

static void port_node_down(void *context, uint64_t node, enum wtl_status why)
{
    struct wtl__port *port = context;
    struct wtl__up_node *up = wtl__map_remove(&port->up, node, 0);
    const char *name = up != NULL ? up->name : "";
    uint8_t layer = up != NULL ? up->layer : 0;
    wtl__log(wtl__log_process(), WTL__LOG_WARN, "node_down", WTL__LOG_TEXT("node", name),
             WTL__LOG_TEXT("layer", wtl_layer_name((enum wtl_layer)layer)),
             WTL__LOG_TEXT("reason", wtl_status_word(why)));
    wtl__known_forget_node(port->known, node);
    wtl__outbox_forget(port->outboxes, node, &port->outbox_ops);
    wtl__node_down(port->runtime, node);
    wtl__events_node(port->runtime, false, node, name, layer, why);
    free(up);
}

static void port_waiting(void *context, uint64_t node, uint64_t bytes)
{
    struct wtl__port *port = context;
    wtl__outbox_waiting(port->outboxes, node, bytes, &port->outbox_ops);
}

struct wtl__hub_port wtl__port_for_hub(struct wtl__port *port)
{
    return (struct wtl__hub_port){.context = port,
                                  .deliver = port_deliver,
                                  .refuse = port_refuse,
                                  .node_up = port_node_up,
                                  .node_down = port_node_down,
                                  .name_answer = wtl__port_name_answer,
                                  .name_lost = wtl__port_name_lost,
                                  .waiting = port_waiting};
}

/* ---- life ----------------------------------------------------------------------------------- */

enum wtl_status wtl__port_init(struct wtl__port *port, struct wtl__runtime *runtime,
                               struct wtl__loop *loop, uint64_t seed)
{
    memset(port, 0, sizeof *port);
    port->runtime = runtime;
    port->loop = loop;
    port->outboxes = wtl__outboxes_create(runtime->node, seed);
    port->known = wtl__known_create(seed);
    port->outbox_ops = (struct wtl__outbox_ops){.context = port,
                                                .send = outbox_send,
                                                .stale = port_refuse,
                                                .resume = outbox_resume,
                                                .is_gone = outbox_is_gone};
    wtl__map_init(&port->asks, WTL__NAME_ASKS_MAX, seed);
    wtl__map_init(&port->up, WTL__NODES_MAX, seed);
    if (port->outboxes == NULL || port->known == NULL) {
        wtl__port_deinit(port);
        return WTL_NO_MEMORY;
    }
    return WTL_OK;
}

void wtl__port_bind(struct wtl__port *port, struct wtl__net *net)
{
    port->net = net;
}

void wtl__port_deinit(struct wtl__port *port)
{
    struct wtl__map_entry entry;
    uint32_t cursor = 0;
    while (wtl__map_take_any(&port->up, &cursor, &entry)) {
        free(entry.value);
    }
    wtl__port_asks_deinit(port);
    wtl__map_deinit(&port->up);
    wtl__known_destroy(port->known);
    wtl__outboxes_destroy(port->outboxes);
    port->known = NULL;
    port->outboxes = NULL;
}
