/*
 * host_private.h - what the files of the host share, and what hosts and managers say to each other.
 *
 *   $flow.nodes  manager -> its host (call)  nil -> [[id, name, layer, up], ...]
 *   $flow.state  manager -> host (call)      [flow] -> [epoch, [[unit, copy, node, local], ...]];
 *                epoch 0: never heard of it
 *   $flow.run    manager -> host (call)      [flow, epoch, packed, [unit, copy, ...]] -> nil
 *                runs these instances and no others of that flow. WTL_VERSION with [epoch]: a newer
 *                manager was here
 *   $flow.wires  manager -> host             [flow, unit, copy, wire]: for that instance
 *   $flow.up     host -> manager             [flow, unit, copy, node, local]; pid 0 0: it has ended
 *   $flow.stats  manager -> host (call)      [flow] -> [[unit, copy, node, local, state, count of
 *                each of enum wtl_flow_count ...], ...]
 *   $flow.managed  host -> host (call)       [flow] -> [bool]: is it managed there, and not being
 * ended? $flow.held, $flow.taken  manager -> its host [number]: it holds its name; another one does
 *   $flow.end    host -> its manager         end the flow everywhere
 *   $flow.ended  manager -> its host         [number]: that is done
 */
#ifndef WTL_FLOW_HOST_PRIVATE_H
#define WTL_FLOW_HOST_PRIVATE_H

#include "flow/host.h"
#include "flow/joint.h"
#include "flow/manager.h"
#include "flow/plan.h"

#include <wattle/supervisor.h>

#define WTL_HOST_TAG_NODES   WTL_TAG("$flow.nodes")
#define WTL_HOST_TAG_STATE   WTL_TAG("$flow.state")
#define WTL_HOST_TAG_RUN     WTL_TAG("$flow.run")
#define WTL_HOST_TAG_WIRES   WTL_TAG("$flow.wires")
#define WTL_HOST_TAG_UP      WTL_TAG("$flow.up")
#define WTL_HOST_TAG_STATS   WTL_TAG("$flow.stats")
#define WTL_HOST_TAG_MANAGED WTL_TAG("$flow.managed")
#define WTL_HOST_TAG_HELD    WTL_TAG("$flow.held")
#define WTL_HOST_TAG_TAKEN   WTL_TAG("$flow.taken")
#define WTL_HOST_TAG_END     WTL_TAG("$flow.end")
#define WTL_HOST_TAG_ENDED   WTL_TAG("$flow.ended")
#define WTL_HOST_TAG_AGAIN   WTL_TAG("$flow.again")
#define WTL_HOST_TAG_FREE    WTL_TAG("$flow.free")

/* How long the spec of something that has ended is kept: its last run may still look at it. */
#define WTL_HOST_GRACE_MS 10000u

enum wtl_hosted_state {
    WTL_HOSTED_STARTING = 0,
    WTL_HOSTED_RUNNING,
    WTL_HOSTED_DOWN,    /* its supervisor starts it again */
    WTL_HOSTED_WAITING, /* its supervisor has given up: it is started again later */
    WTL_HOSTED_BROKEN,  /* it cannot be started: no such actor, or its settings do not fit */
    WTL_HOSTED_STOPPING,
    WTL_HOSTED_GONE, /* only its memory is left */
};

/* One thing that the host keeps alive: a unit of a flow, or the manager of one. */
struct wtl_hosted {
    struct wtl_hosted *next;
    struct wtl_host_flow *flow; /* NULL when it is gone */
    uint64_t number;
    bool manager;
    bool ending; /* of a manager: it was told to end the flow */
    uint16_t unit;
    uint16_t copy;
    enum wtl_hosted_state state;
    struct wtl_pid supervisor;
    struct wtl_pid pid;
    uint64_t monitor; /* of pid */
    uint64_t started_ns;
    uint32_t failures;                      /* in a row */
    bool wanted;                            /* by the run that is being read */
    struct wtl_stage_spec *spec;            /* of a unit; settings and their strings behind it */
    struct wtl_flow_manager_source *source; /* of a manager */
    uint8_t *wire;
    uint32_t wire_size;
};

struct wtl_host_flow {
    struct wtl_host_flow *next;
    char name[WTL_FLOW_NAME_MAX + 1];
    uint64_t epoch;
    struct wtl_pid manager;  /* whoever has that epoch */
    uint64_t packed_hash;    /* of the flow that runs */
    struct wtl_from starter; /* waits for the manager to hold its name */
};

struct wtl_host {
    char name[WTL_FLOW_NAME_MAX + 1];
    char state[WTL_HOST_STATE_MAX + 1]; /* "": no folder */
    struct wtl_host_flow *flows;
    struct wtl_hosted *hosted;
    uint32_t flow_count;
    uint32_t hosted_count;
    uint64_t numbers;
    bool ending; /* its own end waits for that of all that it keeps */
    uint32_t node_count;
    uint32_t node_capacity;
    struct wtl_plan_node *nodes;
};

/* ---- host.c -------------------------------------------------------------------------------- */

struct wtl_host_flow *wtl__host_flow(struct wtl_host *host, const char *name, size_t size);
struct wtl_host_flow *wtl__host_flow_new(struct wtl_ctx *x, struct wtl_host *host, const char *name,
                                         size_t size);
/* Forgets a flow of which nothing runs here any more. */
void wtl__host_flow_end(struct wtl_ctx *x, struct wtl_host *host, struct wtl_host_flow *flow);
void wtl__host_refuse(struct wtl_ctx *x, const struct wtl_msg *message, enum wtl_status status,
                      const char *text);

/* ---- host_spec.c: what a unit is started with -------------------------------------------------
 */

/* Makes the spec of a unit; its state is BROKEN when that cannot be done. */
void wtl__hosted_make(struct wtl_ctx *x, const struct wtl_host *host, struct wtl_hosted *hosted,
                      const struct wtl_flow_ast *ast, const struct wtl_unit *unit);
/* NULL is nothing. */
void wtl__spec_free(struct wtl_stage_spec *spec);

/* ---- host_keep.c: keeping things alive ------------------------------------------------------ */

/* A new entry; NULL when there are too many or memory is exhausted. */
struct wtl_hosted *wtl__hosted_new(struct wtl_ctx *x, struct wtl_host *host,
                                   struct wtl_host_flow *flow);
/* Starts it under a supervisor of its own. */
void wtl__hosted_start(struct wtl_ctx *x, struct wtl_hosted *hosted);
void wtl__hosted_stop(struct wtl_ctx *x, struct wtl_hosted *hosted);
/* Stops everything; true when nothing has to be waited for, else wtl_done comes later. */
bool wtl__hosted_end(struct wtl_ctx *x, struct wtl_host *host);
/* A linked actor has ended; a timer is due; an actor has said who it is; it has ended. */
void wtl__hosted_exited(struct wtl_ctx *x, struct wtl_host *host, const struct wtl_exit *exit);
void wtl__hosted_again(struct wtl_ctx *x, struct wtl_host *host, const struct wtl_msg *message);
void wtl__hosted_free(struct wtl_ctx *x, struct wtl_host *host, const struct wtl_msg *message);
void wtl__hosted_report(struct wtl_ctx *x, struct wtl_host *host, const struct wtl_msg *message);
void wtl__hosted_down(struct wtl_ctx *x, struct wtl_host *host, const struct wtl_down *down);
/* Tells a unit where its arrows lead. */
void wtl__hosted_wire(struct wtl_ctx *x, const struct wtl_hosted *hosted);
const char *wtl__hosted_word(const struct wtl_hosted *hosted);

/* ---- host_run.c: what managers ask for ------------------------------------------------------ */

void wtl__host_state(struct wtl_ctx *x, struct wtl_host *host, const struct wtl_msg *message);
void wtl__host_run(struct wtl_ctx *x, struct wtl_host *host, const struct wtl_msg *message);
void wtl__host_wires(struct wtl_ctx *x, struct wtl_host *host, const struct wtl_msg *message);
void wtl__host_stats(struct wtl_ctx *x, struct wtl_host *host, const struct wtl_msg *message);
void wtl__host_tell_up(struct wtl_ctx *x, const struct wtl_hosted *hosted);
/* Stops all that runs of a flow, and forgets it; it may be gone on return. */
void wtl__host_clear(struct wtl_ctx *x, struct wtl_host *host, struct wtl_host_flow *flow);

/* ---- host_flows.c: flows that are managed here ---------------------------------------------- */

void wtl__host_start(struct wtl_ctx *x, struct wtl_host *host, const struct wtl_msg *message);
void wtl__host_stop(struct wtl_ctx *x, struct wtl_host *host, const struct wtl_msg *message);
void wtl__host_list(struct wtl_ctx *x, struct wtl_host *host, const struct wtl_msg *message);
void wtl__host_held(struct wtl_ctx *x, struct wtl_host *host, const struct wtl_msg *message);

/* ---- host_away.c: flows whose manager could not be reached ----------------------------------- */

/* That node can be reached again: is what is managed there still to run here? */
void wtl__host_back(struct wtl_ctx *x, struct wtl_host *host, uint64_t node);
/* Another host asks that. */
void wtl__host_managed(struct wtl_ctx *x, struct wtl_host *host, const struct wtl_msg *message);

/* ---- nodes.c: shared with the manager ------------------------------------------------------- */

/* A table of nodes, by name: a node that comes again has a new id. The index of the node, or
 * WTL_PLAN_NONE when there is no room. */
uint32_t wtl__nodes_put(struct wtl_ctx *x, struct wtl_plan_node **nodes, uint32_t *count,
                        uint32_t *capacity, const struct wtl_plan_node *node);
/* Reads the body of node_up and node_down: {node, name, layer, reason}. */
bool wtl__nodes_read(const struct wtl_msg *message, struct wtl_plan_node *node_out);

#endif
