/*
 * plan.h - which unit runs on which nodes. A pure function of the flow, the nodes and what was
 * chosen before.
 *
 *   @layer        one node of the layer: that of the lowest name when it was first placed, for good
 *   @layer/node   that node
 *   @each:layer   every node of the layer, also those that come later
 *   @any:layer    one node of the layer; another one when that is down and another is up
 *   @with:stage   the nodes of that stage
 * An instance on a node that is down waits for it. A unit for which there is no node yet has no
 * instances.
 *
 * Owns: nothing. Bounds: WTL_PLAN_NODES_MAX, WTL_PLAN_INSTANCES_MAX.
 */
#ifndef WTL_FLOW_PLAN_H
#define WTL_FLOW_PLAN_H

#include "flow/units.h"

#include <wattle/flow.h>

#define WTL_PLAN_NODES_MAX     8192u
#define WTL_PLAN_INSTANCES_MAX 32768u
#define WTL_PLAN_NONE          UINT32_MAX

struct wtl_plan_node {
    uint64_t id; /* of its present incarnation */
    char name[WTL_FLOW_NAME_MAX + 1];
    enum wtl_flow_layer layer;
    bool up;
};

struct wtl_plan_instance {
    uint16_t unit;
    uint16_t copy;
    uint32_t node; /* index */
};

/* Places every unit. The instances of one unit stand together, those of one node of it too, in the
 * order of their copies. `chosen` has a node for each unit that runs on one alone, or
 * WTL_PLAN_NONE; it is read and written, and carries the choice to the next time. Fails: WTL_FULL
 * when there are more than `max`; *count_out is then what there is room for. */
enum wtl_status wtl_plan_place(const struct wtl_flow_ast *ast, const struct wtl_units *units,
                               const struct wtl_plan_node *nodes, uint32_t node_count,
                               uint32_t chosen[WTL_UNITS_MAX],
                               struct wtl_plan_instance *instances_out, uint32_t max,
                               uint32_t *count_out) WTL_MUST_USE;

/* Writes [[name, place, [node name, ...]], ...] for every unit, as `plan` shows it before anything
 * starts. */
void wtl_plan_put(const struct wtl_flow_ast *ast, const struct wtl_units *units,
                  const struct wtl_plan_node *nodes, const struct wtl_plan_instance *instances,
                  uint32_t count, struct wtl_writer *writer);

#endif
