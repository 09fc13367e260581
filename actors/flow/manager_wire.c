/*
 * manager_wire.c - which instances an instance's arrows lead to. See manager.h.
 *
 * A stage that runs on the same node is next, whatever else there is. Else one node of those that
 * are up is chosen by rendezvous: every instance for itself, and only those of a node that has gone
 * or come choose anew. Of a node all copies are taken.
 */
#include "flow/manager_private.h"

#include <stdlib.h>

static uint64_t mix(uint64_t hash, uint64_t value)
{
    hash = (hash ^ value) * UINT64_C(0x9fb21c651e98df25);
    hash = (hash ^ hash >> 32) * UINT64_C(0xd6e8feb86659fd93);
    return hash ^ hash >> 29;
}

/* The node of `unit` that an instance leads to, or WTL_PLAN_NONE. */
static uint32_t choose(const struct wtl_manager *manager, const struct wtl_plan_instance *from,
                       uint16_t unit)
{
    uint32_t best = WTL_PLAN_NONE;
    uint64_t best_weight = 0;
    bool best_up = false;
    uint64_t seed = mix(mix(from->unit, from->copy), manager->nodes[from->node].id);
    for (uint32_t i = manager->first[unit]; i < manager->first[unit + 1]; i++) {
        uint32_t node = manager->instances[i].place.node;
        bool up = manager->nodes[node].up;
        uint64_t weight = mix(seed, manager->nodes[node].id);
        if (node == from->node) {
            return node;
        }
        if (best == WTL_PLAN_NONE || (up && !best_up) || (up == best_up && weight > best_weight)) {
            best = node;
            best_weight = weight;
            best_up = up;
        }
    }
    return best;
}

static void put_pids(const struct wtl_manager *manager, const struct wtl_plan_instance *from,
                     uint16_t unit, struct wtl_writer *body)
{
    uint32_t node = choose(manager, from, unit);
    bool outbox = manager->units->list[unit].kind == WTL_UNIT_OUTBOX;
    uint32_t count = 0;
    for (int pass = 0; pass < 2; pass++) {
        for (uint32_t i = manager->first[unit]; i < manager->first[unit + 1]; i++) {
            const struct wtl_managed *to = &manager->instances[i];
            if (to->place.node != node || (outbox && to->place.copy != from->copy)) {
                continue; /* every copy of a producer has an outbox of its own */
            }
            if (pass == 0) {
                count++;
                continue;
            }
            wtl_put_u64(body, to->pid.node);
            wtl_put_u64(body, to->pid.local);
        }
        if (pass == 0) {
            wtl_put_array(body, 2 * count);
        }
    }
}

/* The wire of one instance; see protocol.h. */
static void put_wire(const struct wtl_manager *manager, const struct wtl_plan_instance *from,
                     struct wtl_writer *body)
{
    const struct wtl_units *units = manager->units;
    const struct wtl_unit *unit = &units->list[from->unit];
    wtl_put_array(body, 4);
    wtl_put_u64(body, manager->epoch);
    wtl_put_bool(body, unit->back);
    wtl_put_bool(body, unit->pulls);
    wtl_put_array(body, unit->arrow_count);
    for (uint16_t i = 0; i < unit->arrow_count; i++) {
        const struct wtl_arrow *arrow = &units->arrows[unit->first_arrow + i];
        const struct wtl_flow_stage *stage = &manager->ast->stages[units->list[arrow->to].stage];
        wtl_put_array(body, 3);
        wtl_put_strz(body, wtl_flow_str(manager->ast, stage->name));
        wtl_put_bool(body, arrow->member);
        put_pids(manager, from, arrow->to, body);
    }
}

static uint64_t hash_of(const struct wtl_writer *body, struct wtl_pid pid)
{
    uint64_t hash = mix(pid.node, pid.local);
    for (const uint8_t *at = body->begin; at < body->at; at++) {
        hash = (hash ^ *at) * UINT64_C(0x100000001b3);
    }
    return hash | 1; /* never 0 */
}

void wtl__manager_wire(struct wtl_ctx *x, struct wtl_manager *manager)
{
    for (uint32_t i = 0; i < manager->count; i++) {
        struct wtl_managed *one = &manager->instances[i];
        struct wtl_writer body;
        if (wtl_pid_is_none(one->pid) || !manager->nodes[one->place.node].up) {
            continue;
        }
        (void)wtl_message_open(x, &body, 256);
        wtl_put_array(&body, 4);
        wtl_put_strz(&body, manager->source->name);
        wtl_put_u64(&body, one->place.unit);
        wtl_put_u64(&body, one->place.copy);
        put_wire(manager, &one->place, &body);
        uint64_t hash = hash_of(&body, one->pid);
        if (body.failed || hash == one->wired) {
            wtl_message_drop(x, &body);
            continue;
        }
        one->wired = hash;
        wtl_tell(x, wtl_flow_host_pid(manager->nodes[one->place.node].id), WTL_HOST_TAG_WIRES,
                 &body);
    }
}
