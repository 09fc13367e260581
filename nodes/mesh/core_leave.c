/*
 * core_leave.c - a node leaves in order: what it says, and what others make of it.
 *
 * GOODBYE on a link is its node's own word, and the end of it for the node at the other end. Who
 * has no link with it is told by a FAREWELL, which travels as all NAMES frames do: a core node
 * sends one for itself to every core node that it is not linked with, the uplink of a leaf one for
 * the leaf to all core nodes, and a core node one for whoever has gone to those of its own leaves
 * that know it. It names an incarnation, and of a leaf the number of its attachment record, so that
 * one which comes late ends nothing that has begun since. A link that merely breaks is no goodbye.
 *
 * Who has left is dialled no more by the address that others told of it, until it, or somebody who
 * is linked with its next incarnation, is heard again. An address that this node was configured to
 * join by is tried again, calmly: behind it may be the one node that all others come by.
 *
 * Thread: as the core. Owns: nothing.
 */
#include "mesh/core_private.h"

static void send_farewell(struct wtl__core *core, uint64_t to, uint64_t who, uint64_t number)
{
    struct wtl__names_frame farewell = {.destination = to,
                                        .verb = WTL__NAMES_FAREWELL,
                                        .epoch = number,
                                        .pid = {.node = who, .local = 0}};
    (void)wtl__core_names_send(core, &farewell);
}

/* ---- this node ----------------------------------------------------------------------------- */

void wtl__core_leave(struct wtl__core *core, uint64_t now_ms)
{
    wtl__core_begin(core, now_ms);
    core->leaving = true;
    for (uint32_t i = 0; i < core->cores_count && !core->is_leaf; i++) {
        const struct wtl__core_node *node = core->cores[i];
        if (node->state == WTL__NODE_UP && node->link == 0) {
            send_farewell(core, node->id, core->config.node, 0);
        }
    }
    for (uint32_t i = core->links_count; i-- > 0;) {
        if (i < core->links_count) {
            wtl__core_link_close(core, core->links[i], WTL_SHUTDOWN, "this node is stopping");
        }
    }
    wtl__core_finish(core);
}

/* ---- others -------------------------------------------------------------------------------- */

/* A leaf knows all core nodes, and those other leaves that it was told of. */
static bool was_told(const struct wtl__core_link *link, const struct wtl__core_node *node)
{
    uint8_t hops;
    return link->state == WTL__LINK_ON && link->layer == WTL_LAYER_DEVICE &&
           (node->sync != NULL || wtl__core_reaches(link, node->id, &hops));
}

void wtl__core_left(struct wtl__core *core, struct wtl__core_node *node)
{
    bool was_up = node->state == WTL__NODE_UP;
    node->gone = node->id;
    /* before its names and its record go, so that everybody hears why */
    if (was_up && node->sync == NULL && node->uplink == core->config.node) {
        for (uint32_t i = 0; i < core->cores_count; i++) {
            if (core->cores[i]->state == WTL__NODE_UP) {
                send_farewell(core, core->cores[i]->id, node->id, node->number);
            }
        }
    }
    for (uint32_t i = core->links_count; was_up && !core->is_leaf && i-- > 0;) {
        const struct wtl__core_link *link = i < core->links_count ? core->links[i] : NULL;
        if (link != NULL && link->node != node->id && was_told(link, node)) {
            send_farewell(core, link->node, node->id, 0);
        }
    }
    core->routes_dirty = true;
    core->routes_changed = true;
    wtl__core_node_down(core, node, WTL_SHUTDOWN);
}

void wtl__core_farewell(struct wtl__core *core, const struct wtl__names_frame *frame)
{
    struct wtl__core_node *node = wtl__core_node_find(core, frame->pid.node);
    if (node == NULL || node->link != 0) {
        return; /* of another incarnation; who is linked here says goodbye here */
    }
    bool itself = frame->source == node->id && node->sync != NULL;
    bool of_leaf = node->sync == NULL && frame->source == node->uplink &&
                   frame->epoch == node->number && node->uplink != 0;
    if (core->is_leaf || itself || of_leaf) {
        wtl__core_left(core, node);
    }
}
