/*
 * equip.h - what a node is given besides its mesh: modules, the guard around them, the flow host,
 * and the flows that it starts.
 *
 * The flow host is the second actor of every node (flow/host.h), so create comes right after
 * wtl__node_create, before anything else is spawned. Flows are started when the node is: each is
 * given to the flow host, and what becomes of it is logged; one that runs in the mesh already is no
 * error.
 *
 * Thread: the owner's, see node.h: create after wtl__node_create and before wtl__node_start, start
 * after it, detach before wtl__node_destroy, free behind it.
 * Owns: the table of modules, whose code stays for ever; the packed flows.
 * Bounds: WTL__MODULES_MAX modules, WTL__EQUIP_FLOWS_MAX flows.
 */
#ifndef WTL_NODE_EQUIP_H
#define WTL_NODE_EQUIP_H

#include <wattle/node.h>

#include "node/node.h"
#include "node/trust.h"

#define WTL__EQUIP_FLOWS_MAX 64u
/* How long the flow host has for a flow, in ms. */
#define WTL__EQUIP_FLOW_MS 30000u

struct wtl__equipment;

struct wtl__equip_config {
    const wtl_module_entry_fn *linked; /* into the program; they come first */
    size_t linked_count;
    const char *const *modules; /* each as module_option.h reads it */
    uint32_t modules_count;
    struct wtl__trust_config trust; /* which of them may run; its `state` is the node's folder */
};

/* Adds the modules, here or in processes of their own, and spawns the flow host. Fails: as
 * wtl__module_add, wtl__trust_open, wtl__module_load_image and wtl__isolated_open; WTL_CONFIG,
 * WTL_NO_MEMORY, WTL_SYSTEM. The caller frees it in every case. */
enum wtl_status wtl__equip_create(struct wtl__node *node, const struct wtl__equip_config *config,
                                  struct wtl__equipment **equipment_out,
                                  struct wtl_error *error) WTL_MUST_USE;

/* The module of that name, in the version that runs, here or in a process of its own; NULL: this
 * node has none. */
const struct wtl_module *wtl__equip_module(const struct wtl__equipment *equipment,
                                           const char *name);

/* Adds a flow, packed as flow/pack.h does, with its source; both are copied.
 * Fails: WTL_FULL, WTL_NO_MEMORY; WTL_UNSUPPORTED when the flow host of this node is not where
 * other nodes look for it. */
enum wtl_status wtl__equip_flow(struct wtl__equipment *equipment, const char *name,
                                const void *packed, size_t packed_size, const char *source,
                                size_t source_size, struct wtl_error *error) WTL_MUST_USE;

/* Starts the flows. Fails: WTL_NO_MEMORY. */
enum wtl_status wtl__equip_start(struct wtl__equipment *equipment,
                                 struct wtl_error *error) WTL_MUST_USE;

/* NULL is nothing, for both. */
void wtl__equip_detach(struct wtl__equipment *equipment);
void wtl__equip_free(struct wtl__equipment *equipment);

#endif
