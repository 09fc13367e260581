/*
 * port.h - between the actors of this node and its mesh: the runtime's way to other machines
 * (struct wtl__port_ops) on one side, what the hub tells (struct wtl__hub_port) on the other.
 *
 * Out: a worker pushes into the destination's outbox; the net loop takes all outboxes in each turn
 * and gives them to the hub. A sender over the soft cap is parked by the runtime's own WTL__WAIT,
 * which travels through the outbox behind what it sent and is answered when there is room.
 * In: the hub's messages go straight into the mailboxes.
 * Names: questions to the net loop, and a table of those that were answered (node/known.h).
 *
 * Thread: the functions of wtl__port_ops from any; everything else on the net loop, or from anyone
 *         while it does not run.
 * Owns:   what is on its way between the two.
 */
#ifndef WTL_NODE_PORT_H
#define WTL_NODE_PORT_H

#include "actor/runtime.h"
#include "base/map.h"
#include "net/net.h"
#include "node/known.h"
#include "node/outbox.h"

/* Questions about names that have not been answered. */
#define WTL__NAME_ASKS_MAX 65536u

struct wtl__port {
    /* written before it is used, read by all */
    struct wtl__runtime *runtime;
    struct wtl__loop *loop;
    struct wtl__outboxes *outboxes;
    struct wtl__known *known;

    /* the net loop's own */
    struct wtl__net *net; /* NULL before wtl__port_bind */
    struct wtl__outbox_ops outbox_ops;
    struct wtl__map asks; /* number -> struct ask, see port_names.c */
    uint64_t ask_next;
    struct wtl__map up; /* node -> struct wtl__up_node */
    uint64_t refused;   /* messages that did not reach their node */
};

/* A node that is up, for node_down's message. */
struct wtl__up_node {
    char name[WTL_NAME_MAX + 1];
    uint8_t layer;
};

/* Fails: WTL_NO_MEMORY. */
enum wtl_status wtl__port_init(struct wtl__port *port, struct wtl__runtime *runtime,
                               struct wtl__loop *loop, uint64_t seed) WTL_MUST_USE;
/* No actor may be left. */
void wtl__port_deinit(struct wtl__port *port);

/* The hub's functions, for wtl__net_config; the net, once it is made; and what the loop looks at.
 */
struct wtl__hub_port wtl__port_for_hub(struct wtl__port *port);
void wtl__port_bind(struct wtl__port *port, struct wtl__net *net);
struct wtl__loop_source wtl__port_source(struct wtl__port *port);

/* Nothing goes out any more: what is sent from now on is answered `noconnection`. Thread: any. */
void wtl__port_close(struct wtl__port *port);

extern const struct wtl__port_ops wtl__port_ops;

/* ---- shared by the files of the port --------------------------------------------------------- */

/* port_names.c */
enum wtl_status wtl__port_send_name(void *context, struct wtl__ctx *x, const char *name,
                                    struct wtl__envelope *envelope);
void wtl__port_name_register(void *context, struct wtl_pid self, uint64_t request,
                             const char *name);
void wtl__port_name_unregister(void *context, struct wtl_pid self, const char *name);
void wtl__port_name_whereis(void *context, struct wtl_pid self, uint64_t request, const char *name);
void wtl__port_names_drop(void *context, struct wtl_pid self);
void wtl__port_name_answer(void *context, struct wtl_pid asker, uint64_t request,
                           enum wtl_status status, struct wtl_pid holder);
void wtl__port_name_lost(void *context, struct wtl_pid pid, const char *name);
void wtl__port_asks_deinit(struct wtl__port *port);

#endif
