/*
 * manager.h - one actor per flow: decides which unit runs where, has it run there by the hosts, and
 * tells each where its arrows lead.
 *
 * It holds the name "flow.NAME": global where there is a mesh, local where there is none. What it
 * knows can all be had again: the flow from its settings, the nodes from its host, what runs where
 * from the hosts of all nodes. So after a restart it asks them all first, takes over what runs, and
 * goes on with an epoch that is higher than any that it heard of; stages do not notice. Nodes keep
 * running their stages without it.
 *
 * Calls by that name:
 *   "flow.show" -> {name, epoch, source, stages: [[name, node, [node id, local], state, in, out,
 *               acked, dropped, restarts, waiting, redelivered, lost], ...],
 *               edges: [[from, to, two_way], ...]}
 *
 * Outboxes and forks are among the stages, as "co2.outbox" and "alarm.fork". Of a producer, what
 * was accepted is `in` of its outbox, what is done is `acked`, and `lost` what an outbox has taken
 * with it. States: starting, running, down (its supervisor starts it again), waiting (its
 * supervisor has given up, it is tried again later), broken (it cannot be started, that node's log
 * says why), away (its node is down, it waits for it).
 *
 * Thread: its own. Owns: the tables of one flow. Bounds: those of plan.h.
 */
#ifndef WTL_FLOW_MANAGER_H
#define WTL_FLOW_MANAGER_H

#include "flow/ast.h"

#include <wattle/actor.h>

/* What a manager is started with; belongs to its host and outlives it. */
struct wtl_flow_manager_source {
    struct wtl_pid host;
    uint64_t number; /* the host's of it */
    char name[WTL_FLOW_NAME_MAX + 1];
    uint32_t packed_size;
    uint32_t source_size;
    uint8_t bytes[]; /* the packed flow, then its source */
};

struct wtl_flow_manager_settings {
    struct wtl_flow_manager_source *source;
};

extern const struct wtl_actor wtl_flow_manager;

#endif
