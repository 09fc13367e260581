/* plan.c - see plan.h. Pure functions; owns nothing. */
#include "flow/plan.h"

#include <string.h>

struct placing {
    const struct wtl_flow_ast *ast;
    const struct wtl_units *units;
    const struct wtl_plan_node *nodes;
    uint32_t node_count;
    uint32_t *chosen;
    struct wtl_plan_instance *out;
    uint32_t max;
    uint32_t count;
    bool full;
};

/* The unit whose place counts: @with and what stands beside others are followed to their end, which
 * the checker has made sure of. */
static uint16_t placed_by(const struct wtl_units *units, uint16_t unit)
{
    for (uint32_t i = 0; i < WTL_UNITS_MAX && units->list[unit].beside != WTL_FLOW_NONE; i++) {
        unit = units->list[unit].beside;
    }
    return unit;
}

/* The node of the layer with the lowest name that is up. */
static uint32_t lowest(const struct placing *p, enum wtl_flow_layer layer)
{
    uint32_t best = WTL_PLAN_NONE;
    for (uint32_t i = 0; i < p->node_count; i++) {
        const struct wtl_plan_node *node = &p->nodes[i];
        if (node->layer == layer && node->up &&
            (best == WTL_PLAN_NONE || strcmp(node->name, p->nodes[best].name) < 0)) {
            best = i;
        }
    }
    return best;
}

static uint32_t named(const struct placing *p, const struct wtl_flow_place *place)
{
    const char *name = wtl_flow_str(p->ast, place->name);
    for (uint32_t i = 0; i < p->node_count; i++) {
        if (p->nodes[i].layer == place->layer && strcmp(p->nodes[i].name, name) == 0) {
            return i;
        }
    }
    return WTL_PLAN_NONE;
}

/* The one node of a place that is no @each. */
static uint32_t choose(const struct placing *p, uint16_t unit, const struct wtl_flow_place *place)
{
    uint32_t before = p->chosen[unit] < p->node_count ? p->chosen[unit] : WTL_PLAN_NONE;
    uint32_t now = WTL_PLAN_NONE;
    switch (place->kind) {
    case WTL_FLOW_ON_NODE:
        return named(p, place);
    case WTL_FLOW_ON_LAYER:
        return before != WTL_PLAN_NONE ? before : lowest(p, place->layer);
    case WTL_FLOW_ON_ANY:
        if (before != WTL_PLAN_NONE && p->nodes[before].up) {
            return before;
        }
        now = lowest(p, place->layer);
        return now != WTL_PLAN_NONE ? now : before;
    default:
        return WTL_PLAN_NONE;
    }
}

static void add(struct placing *p, uint16_t unit, uint32_t node)
{
    for (uint16_t copy = 0; copy < p->units->list[unit].copies; copy++) {
        if (p->count == p->max) {
            p->full = true;
            return;
        }
        p->out[p->count++] = (struct wtl_plan_instance){.unit = unit, .copy = copy, .node = node};
    }
}

enum wtl_status wtl_plan_place(const struct wtl_flow_ast *ast, const struct wtl_units *units,
                               const struct wtl_plan_node *nodes, uint32_t node_count,
                               uint32_t chosen[WTL_UNITS_MAX],
                               struct wtl_plan_instance *instances_out, uint32_t max,
                               uint32_t *count_out)
{
    struct placing p = {.ast = ast,
                        .units = units,
                        .nodes = nodes,
                        .node_count = node_count,
                        .chosen = chosen,
                        .out = instances_out,
                        .max = max};
    for (uint16_t unit = 0; unit < units->count; unit++) {
        uint16_t by = placed_by(units, unit);
        const struct wtl_flow_place *place = &ast->stages[units->list[by].stage].place;
        if (place->kind == WTL_FLOW_ON_EACH) {
            for (uint32_t i = 0; i < node_count; i++) {
                if (nodes[i].layer == place->layer) {
                    add(&p, unit, i);
                }
            }
            continue;
        }
        chosen[by] = choose(&p, by, place);
        if (chosen[by] != WTL_PLAN_NONE) {
            add(&p, unit, chosen[by]);
        }
    }
    *count_out = p.count;
    return p.full ? WTL_FULL : WTL_OK;
}

void wtl_plan_put(const struct wtl_flow_ast *ast, const struct wtl_units *units,
                  const struct wtl_plan_node *nodes, const struct wtl_plan_instance *instances,
                  uint32_t count, struct wtl_writer *writer)
{
    char name[WTL_UNIT_NAME_MAX];
    char place[WTL_FLOW_PLACE_TEXT_MAX];
    uint32_t at = 0;
    wtl_put_array(writer, units->count);
    for (uint16_t unit = 0; unit < units->count; unit++) {
        uint32_t end = at;
        uint16_t by = placed_by(units, unit);
        while (end < count && instances[end].unit == unit) {
            end++;
        }
        wtl_put_array(writer, 3);
        wtl_put_strz(writer, wtl_unit_name(ast, &units->list[unit], name));
        wtl_put_strz(writer,
                     wtl_flow_place_text(ast, &ast->stages[units->list[by].stage].place, place));
        wtl_put_array(writer, end - at);
        for (; at < end; at++) {
            wtl_put_strz(writer, nodes[instances[at].node].name);
        }
    }
}
