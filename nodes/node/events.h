/*
 * events.h - messages about the mesh to actors of this node.
 *
 * Thread: the net loop, which also delivers what comes from other nodes: so `node_up` is before the
 * first message of a node in every mailbox, and `node_down` after its last.
 */
#ifndef WTL_NODE_EVENTS_H
#define WTL_NODE_EVENTS_H

#include "actor/runtime.h"

/* "node_up" or "node_down" {node, name, layer, reason} to every actor that watches nodes. */
void wtl__events_node(struct wtl__runtime *runtime, bool up, uint64_t node, const char *name,
                      uint8_t layer, enum wtl_status why);

/* "name_lost" {name} to the actor that held it: after a split, another one keeps it. */
void wtl__events_name_lost(struct wtl__runtime *runtime, struct wtl_pid pid, const char *name);

#endif
