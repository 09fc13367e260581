/*
 * inspect_mesh.h - what the net loop knows, as answers for the inspection actor: nodes, links,
 * global names.
 *
 * Thread: the net loop, whose hub is read. Owns: nothing; the body goes into the caller's writer.
 * Bounds: WTL__INSPECT_ROWS_MAX rows, and as many nodes whose names are looked up.
 */
#ifndef WTL_NODE_INSPECT_MESH_H
#define WTL_NODE_INSPECT_MESH_H

#include "mesh/hub.h"
#include "node/inspect.h"

struct wtl__mesh_view {
    const struct wtl__hub *hub;
    const struct wtl__core *core;
    uint32_t actors;   /* that live on this node */
    uint64_t now_ms;   /* of the hub's clock */
    uint64_t since_ms; /* when this node was started */
    int64_t cert_days;
};

/* Puts the answer that enum wtl__mesh_question promises; nothing when memory is exhausted. */
void wtl__mesh_answer(const struct wtl__mesh_view *view, enum wtl__mesh_question question,
                      uint64_t node, struct wtl_writer *body);

/* The node of that name: its id, and whether it can be reached. 0: there is none. */
uint64_t wtl__mesh_find(const struct wtl__mesh_view *view, const char *name, bool *is_up_out);

#endif
