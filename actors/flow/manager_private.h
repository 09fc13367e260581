/* manager_private.h - what the files of the manager share. See manager.h. */
#ifndef WTL_FLOW_MANAGER_PRIVATE_H
#define WTL_FLOW_MANAGER_PRIVATE_H

#include "flow/host_private.h"

/* How long a host may take to answer, and when one that did not is asked again. */
#define WTL_MANAGER_DEADLINE_MS 5000u
#define WTL_MANAGER_RETRY_MS    1000u
/* Who may wait for the same "flow.show" at once. */
#define WTL_MANAGER_SHOWN_MAX 16u

#define WTL_MANAGER_TAG_REPLAN WTL_TAG("$flow.replan")
#define WTL_MANAGER_TAG_RETRY  WTL_TAG("$flow.retry")

/* What is known of one instance beside its place. */
struct wtl_managed {
    struct wtl_plan_instance place;
    struct wtl_pid pid; /* none: it does not run */
    uint64_t wired;     /* a hash of what it was told last, and to whom; 0: nothing */
    char state[12];
    uint64_t counts[WTL_FLOW_COUNTS];
};

/* What is known of one node, beside its name. */
struct wtl_managed_node {
    bool asked; /* whether something of the flow runs there; the answer has come, or never will */
    bool asking;
    bool has;         /* it ran something of the flow when it was asked */
    bool running;     /* a $flow.run is under way */
    uint64_t ordered; /* a hash of what it was ordered last; 0: nothing */
};

struct wtl_manager {
    const struct wtl_flow_manager_source *source;
    struct wtl_flow_ast *ast;
    struct wtl_units *units;
    uint64_t epoch;
    bool held;       /* the name */
    bool introduced; /* the host has told its nodes */
    bool replanning; /* the message to oneself is under way */
    bool retrying;
    bool ending;
    uint32_t node_count;
    uint32_t node_capacity;
    struct wtl_plan_node *nodes;
    struct wtl_managed_node *managed_nodes; /* node_capacity of them */
    uint32_t chosen[WTL_UNITS_MAX];
    struct wtl_plan_instance *places; /* WTL_PLAN_INSTANCES_MAX; where a plan is made */
    struct wtl_managed *instances;
    uint32_t count;
    uint32_t first[WTL_UNITS_MAX + 1]; /* the first instance of each unit */
    uint32_t shown_pending;            /* hosts that have not answered */
    uint32_t shown_count;
    struct wtl_from shown[WTL_MANAGER_SHOWN_MAX];
};

/* ---- manager.c ------------------------------------------------------------------------------ */

void wtl__manager_replan_later(struct wtl_ctx *x, struct wtl_manager *manager);
void wtl__manager_retry_later(struct wtl_ctx *x, struct wtl_manager *manager);
struct wtl_managed *wtl__manager_find(struct wtl_manager *manager, uint64_t unit, uint64_t copy,
                                      uint32_t node);
/* A call to the host of a node; the context is the node's index. */
void wtl__manager_call(struct wtl_ctx *x, struct wtl_manager *manager, uint32_t node,
                       struct wtl_tag tag, struct wtl_writer *body, wtl_on_answer on_answer);
/* The index that an answer belongs to, when the node is still the same. */
uint32_t wtl__manager_node_of(const struct wtl_manager *manager, const void *context);

/* ---- manager_run.c: what runs where --------------------------------------------------------- */

/* Places everything anew and orders what has changed from the hosts. */
enum wtl_status wtl__manager_replan(struct wtl_ctx *x, struct wtl_manager *manager) WTL_MUST_USE;

/* ---- manager_wire.c: where arrows lead ------------------------------------------------------- */

/* Tells every instance that runs where its arrows lead, if that has changed. */
void wtl__manager_wire(struct wtl_ctx *x, struct wtl_manager *manager);

/* ---- manager_show.c ------------------------------------------------------------------------- */

void wtl__manager_show(struct wtl_ctx *x, struct wtl_manager *manager,
                       const struct wtl_msg *message);

#endif
