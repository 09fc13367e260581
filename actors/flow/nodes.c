/* nodes.c - the nodes that a host or a manager knows. See host_private.h. */
#include "flow/host_private.h"

uint32_t wtl__nodes_put(struct wtl_ctx *x, struct wtl_plan_node **nodes, uint32_t *count,
                        uint32_t *capacity, const struct wtl_plan_node *node)
{
    for (uint32_t i = 0; i < *count; i++) {
        if (strcmp((*nodes)[i].name, node->name) == 0) {
            (*nodes)[i] = *node;
            return i;
        }
    }
    if (*count == *capacity) {
        uint32_t larger = *capacity == 0 ? 8 : *capacity * 2;
        struct wtl_plan_node *grown =
            larger <= WTL_PLAN_NODES_MAX ? wtl_alloc(x, larger * sizeof *grown) : NULL;
        if (grown == NULL) {
            return WTL_PLAN_NONE;
        }
        if (*count > 0) {
            memcpy(grown, *nodes, *count * sizeof *grown);
        }
        wtl_free(x, *nodes);
        *nodes = grown;
        *capacity = larger;
    }
    (*nodes)[*count] = *node;
    return (*count)++;
}

static void read_layer(struct wtl_reader *reader, struct wtl_plan_node *node)
{
    size_t size = 0;
    if (wtl_peek(reader) == WTL_PACK_STR) {
        const char *text = wtl_get_str(reader, &size);
        node->layer = wtl_flow_layer_of(text, size);
        return;
    }
    uint64_t layer = wtl_get_u64(reader);
    node->layer = layer <= WTL_FLOW_CLOUD ? (enum wtl_flow_layer)layer : WTL_FLOW_NO_LAYER;
}

bool wtl__nodes_read(const struct wtl_msg *message, struct wtl_plan_node *node_out)
{
    struct wtl_reader reader = wtl_read(message);
    *node_out = (struct wtl_plan_node){0};
    for (uint32_t left = wtl_get_map(&reader); left > 0 && !reader.failed; left--) {
        if (WTL_GET_KEY(&reader, "node")) {
            node_out->id = wtl_get_u64(&reader);
        } else if (WTL_GET_KEY(&reader, "name")) {
            size_t size = 0;
            const char *name = wtl_get_str(&reader, &size);
            if (name != NULL && size <= WTL_FLOW_NAME_MAX) {
                memcpy(node_out->name, name, size);
            }
        } else if (WTL_GET_KEY(&reader, "layer")) {
            read_layer(&reader, node_out);
        } else {
            wtl_skip(&reader);
            wtl_skip(&reader);
        }
    }
    return !reader.failed && node_out->id != 0 && node_out->name[0] != '\0';
}
