/*
 * core_nodes.c - the table of nodes, one entry per identity: which incarnation it is, whether it is
 * up, and over which link it is reached.
 *
 *   KNOWN  heard of, never reached
 *   UP     announced; `lost_ms` runs while it has no route
 *   DOWN   announced as gone: its window has passed, it has said goodbye, or another incarnation of
 *          it is here
 *
 * Thread: as the core. Owns: the entries, their records and what is under way with them.
 */
#include "mesh/core_private.h"

#include <stdlib.h>

struct wtl__core_node *wtl__core_node_named(const struct wtl__core *core, uint64_t id)
{
    return wtl__map_get(&core->nodes_map, 0, WTL__NODE_BITS(id));
}

struct wtl__core_node *wtl__core_node_find(const struct wtl__core *core, uint64_t id)
{
    struct wtl__core_node *node = wtl__core_node_named(core, id);
    return node != NULL && node->id == id ? node : NULL;
}

/* Core nodes have an entry in `cores` and what is under way with them; leaves have neither. */
static bool set_layer(struct wtl__core *core, struct wtl__core_node *node, uint8_t layer)
{
    bool was_core = node->sync != NULL;
    bool is_core = layer != WTL_LAYER_DEVICE;
    if (is_core && !was_core) {
        if (core->cores_count >= WTL__CORES_MAX) {
            return false;
        }
        node->sync = calloc(1, sizeof *node->sync);
        if (node->sync == NULL) {
            return false;
        }
        core->cores[core->cores_count++] = node;
    } else if (!is_core && was_core) {
        for (uint32_t i = 0; i < core->cores_count; i++) {
            if (core->cores[i] == node) {
                core->cores[i] = core->cores[--core->cores_count];
                break;
            }
        }
        free(node->sync);
        node->sync = NULL;
        node->via = 0;
    }
    node->layer = layer;
    return true;
}

static void forget(struct wtl__core *core, struct wtl__core_node *node)
{
    wtl__core_redial_forget(core, WTL__NODE_BITS(node->id));
    (void)set_layer(core, node, WTL_LAYER_DEVICE);
    (void)wtl__map_remove(&core->nodes_map, 0, WTL__NODE_BITS(node->id));
    struct wtl__core_node *last = core->nodes[--core->nodes_count];
    core->nodes[node->index] = last;
    last->index = node->index;
    free(node->proof);
    free(node);
}

/* Makes room by forgetting the node that has been down the longest. */
static bool forget_one(struct wtl__core *core, bool is_core)
{
    struct wtl__core_node *oldest = NULL;
    for (uint32_t i = 0; i < core->nodes_count; i++) {
        struct wtl__core_node *node = core->nodes[i];
        if (node->state != WTL__NODE_UP && node->link == 0 && node->uplink == 0 &&
            (node->sync != NULL) == is_core &&
            (oldest == NULL || node->since_ms < oldest->since_ms)) {
            oldest = node;
        }
    }
    if (oldest != NULL) {
        forget(core, oldest);
    }
    return oldest != NULL;
}

static struct wtl__core_node *make(struct wtl__core *core, uint64_t id, uint8_t layer)
{
    bool is_core = layer != WTL_LAYER_DEVICE;
    bool full = is_core ? core->cores_count >= WTL__CORES_MAX
                        : core->nodes_count >= WTL__NODES_MAX - WTL__CORES_MAX;
    if (full && !forget_one(core, is_core)) {
        return NULL;
    }
    struct wtl__core_node *node = calloc(1, sizeof *node);
    if (node == NULL ||
        !wtl__core_room((void ***)&core->nodes, core->nodes_count, &core->nodes_capacity) ||
        wtl__map_put(&core->nodes_map, 0, WTL__NODE_BITS(id), node) != WTL_OK) {
        free(node);
        return NULL;
    }
    node->id = id;
    node->layer = WTL_LAYER_DEVICE;
    node->state = WTL__NODE_KNOWN;
    node->since_ms = core->now_ms;
    node->index = core->nodes_count;
    core->nodes[core->nodes_count++] = node;
    return node;
}

struct wtl__core_node *wtl__core_node_intern(struct wtl__core *core, uint64_t id, uint8_t layer)
{
    struct wtl__core_node *node = wtl__core_node_named(core, id);
    bool made = node == NULL;
    if (made) {
        node = make(core, id, layer);
    }
    if (node == NULL || (node->layer == layer && !made)) {
        return node;
    }
    if ((node->state == WTL__NODE_UP && node->layer != layer) || !set_layer(core, node, layer)) {
        if (made) {
            forget(core, node);
        }
        return NULL;
    }
    return node;
}

uint32_t wtl__core_up_count(const struct wtl__core *core)
{
    uint32_t count = 1;
    for (uint32_t i = 0; i < core->cores_count; i++) {
        count += core->cores[i]->state == WTL__NODE_UP ? 1 : 0;
    }
    return count;
}

/* ---- up and down --------------------------------------------------------------------------- */

void wtl__core_node_up(struct wtl__core *core, struct wtl__core_node *node)
{
    struct wtl__effect effect = {
        .kind = WTL__EFFECT_NODE_UP, .node = node->id, .name = node->name, .layer = node->layer};
    if (!wtl__core_parted_met(core, node)) {
        return;
    }
    node->state = WTL__NODE_UP;
    node->since_ms = core->now_ms;
    node->lost_ms = 0;
    if (node->sync != NULL) {
        *node->sync = (struct wtl__core_sync){.all = true};
        node->claimed = node->missed = 0;
        core->view_dirty = true;
        core->members_dirty = true;
    }
    core->routes_changed = true; /* what it has sent already is wanted now */
    wtl__core_push(core, &effect);
}

void wtl__core_node_down(struct wtl__core *core, struct wtl__core_node *node,
                         enum wtl_status status)
{
    struct wtl__effect effect = {.kind = WTL__EFFECT_NODE_DOWN, .node = node->id, .status = status};
    if (node->state != WTL__NODE_UP) {
        return;
    }
    node->state = WTL__NODE_DOWN;
    node->since_ms = core->now_ms;
    node->lost_ms = 0;
    node->parted += node->parted < WTL__PARTED_MAX ? 1 : 0;
    wtl__core_wake(core, WTL__DUE_NODE, core->now_ms + WTL__FORGET_MS);
    if (node->sync != NULL) {
        *node->sync = (struct wtl__core_sync){.all = true};
        node->claimed = 0;
        core->view_dirty = true;
    } else if (!core->is_leaf) {
        wtl__core_ask_cancel_leaf(core, node->id);
        wtl__core_attach_end(core, node);
    }
    core->members_dirty = true;
    /* names go before anybody hears that the node is down */
    wtl__core_names_of_node(core, node->id);
    wtl__core_push(core, &effect);
}

void wtl__core_node_become(struct wtl__core *core, struct wtl__core_node *node, uint64_t id)
{
    struct wtl__core_link *link = node->link == 0 ? NULL : wtl__core_link_find(core, node->link);
    uint64_t old = node->id;
    wtl__core_node_down(core, node, WTL_NO_CONNECTION);
    wtl__core_names_of_node(core, old); /* also of one that was never up here */
    node->link = 0;
    node->via = 0;
    node->gone = old;
    node->id = id;
    node->parted = node->met = node->meet_by_ms = 0;
    node->state = WTL__NODE_KNOWN;
    node->number = 0;
    node->detached = 0;
    node->uplink = 0;
    core->routes_dirty = true;
    core->routes_changed = true;
    if (link != NULL && link->node == old) {
        wtl__core_link_close(core, link, WTL_CLOSED, "a new incarnation of that node is here");
    }
}

static uint64_t window_ms(const struct wtl__core *core, const struct wtl__core_node *node)
{
    uint8_t class_ = node->link_class != 0 ? node->link_class : core->config.link_class;
    return class_ == WTL__CLASS_SLEEPY ? WTL__DOWN_WINDOW_SLEEPY_MS
           : class_ == WTL__CLASS_WAN  ? WTL__DOWN_WINDOW_WAN_MS
                                       : WTL__DOWN_WINDOW_LAN_MS;
}

uint32_t wtl__core_node_link(const struct wtl__core *core, const struct wtl__core_node *node)
{
    if (core->is_leaf) {
        return core->uplink;
    }
    if (node->link != 0) {
        return node->link;
    }
    if (node->sync != NULL) {
        return node->via;
    }
    const struct wtl__core_node *uplink =
        node->uplink == 0 ? NULL : wtl__core_node_find(core, node->uplink);
    return uplink == NULL || uplink->state != WTL__NODE_UP ? 0 : uplink->via;
}

/* What a leaf hears of others, the roster says (core_roster.c); without an uplink nothing has a
 * route. */
void wtl__core_node_check(struct wtl__core *core, struct wtl__core_node *node)
{
    if (wtl__core_node_link(core, node) != 0) {
        if (node->state != WTL__NODE_UP && (!core->is_leaf || node->link != 0)) {
            wtl__core_node_up(core, node);
        }
        node->lost_ms = core->is_leaf && node->link == 0 ? node->lost_ms : 0;
        return;
    }
    wtl__core_link_let_in(core, node->id);
    if (node->state == WTL__NODE_UP && wtl__core_node_link(core, node) == 0) {
        if (node->lost_ms == 0) {
            node->lost_ms = core->now_ms == 0 ? 1 : core->now_ms;
        }
        wtl__core_wake(core, WTL__DUE_NODE, node->lost_ms + window_ms(core, node));
    }
}

void wtl__core_nodes_tick(struct wtl__core *core)
{
    for (uint32_t i = core->nodes_count; i-- > 0;) {
        struct wtl__core_node *node = core->nodes[i];
        wtl__core_parted_tick(core, node);
        if (node->state == WTL__NODE_UP && node->lost_ms != 0) {
            uint64_t due_ms = node->lost_ms + window_ms(core, node);
            if (due_ms <= core->now_ms) {
                wtl__core_node_down(core, node, WTL_NO_CONNECTION);
            } else {
                wtl__core_wake(core, WTL__DUE_NODE, due_ms);
            }
        } else if (node->state == WTL__NODE_DOWN && node->link == 0) {
            uint64_t due_ms = node->since_ms + WTL__FORGET_MS;
            if (due_ms <= core->now_ms) {
                forget(core, node);
            } else {
                wtl__core_wake(core, WTL__DUE_NODE, due_ms);
            }
        }
    }
}

/* ---- questions ----------------------------------------------------------------------------- */

uint32_t wtl__core_route(const struct wtl__core *core, uint64_t id)
{
    const struct wtl__core_node *node = wtl__core_node_find(core, id);
    if (core->is_leaf) {
        return id == core->config.node ? 0 : core->uplink;
    }
    return node == NULL ? 0 : wtl__core_node_link(core, node);
}

enum wtl_status wtl__core_speaks(const struct wtl__core *core, uint32_t number, uint64_t id)
{
    const struct wtl__core_link *link = wtl__core_link_find(core, number);
    if (link == NULL) {
        return WTL_LATER;
    }
    if (link->layer == WTL_LAYER_DEVICE && id != link->node) {
        return WTL_FORGED;
    }
    if (link->state != WTL__LINK_ON || id == core->config.node) {
        return WTL_LATER;
    }
    if (id == link->node || core->is_leaf) {
        return WTL_OK; /* a leaf's uplink has checked, and a leaf knows no better */
    }
    const struct wtl__core_node *node = wtl__core_node_find(core, id);
    uint8_t hops;
    if (node == NULL || node->layer != WTL_LAYER_DEVICE) {
        /* the core trusts the core; an incarnation may be listed that did not win here yet */
        return node != NULL || wtl__core_reaches(link, id, &hops) ? WTL_OK : WTL_LATER;
    }
    /* A leaf that has signed that it is attached elsewhere. What it had sent before its record
     * ended may come after that. */
    bool elsewhere = node->link == 0 && node->number != 0 && node->uplink != core->config.node;
    return elsewhere ? WTL_OK : WTL_LATER;
}

bool wtl__core_may_speak(const struct wtl__core *core, uint32_t link, uint64_t node)
{
    return wtl__core_speaks(core, link, node) == WTL_OK;
}

bool wtl__core_node_is_known(const struct wtl__core *core, uint64_t id, uint8_t *layer_out)
{
    const struct wtl__core_node *node = wtl__core_node_find(core, id);
    if (node == NULL || node->state != WTL__NODE_UP) {
        return false;
    }
    *layer_out = node->layer;
    return true;
}

bool wtl__core_is_gone(const struct wtl__core *core, uint64_t id)
{
    const struct wtl__core_node *node = wtl__core_node_named(core, id);
    return node != NULL && (node->gone == id || (node->id != id && node->state == WTL__NODE_UP));
}

bool wtl__core_is_over(const struct wtl__core *core, uint64_t id)
{
    const struct wtl__core_node *node = wtl__core_node_find(core, id);
    return (node != NULL && node->state == WTL__NODE_DOWN) || wtl__core_is_gone(core, id);
}

static void row_of(const struct wtl__core *core, const struct wtl__core_node *node,
                   struct wtl__node_row *row)
{
    *row = (struct wtl__node_row){.node = node->id,
                                  .layer = node->layer,
                                  .state = node->state,
                                  .link = wtl__core_node_link(core, node),
                                  .since_ms = node->since_ms};
    wtl__core_copy(row->name, node->name);
    wtl__core_copy(row->address, node->address);
    const struct wtl__core_link *link = wtl__core_link_find(core, row->link);
    if (link == NULL) {
        return;
    }
    row->hops = node->hops;
    if (link->node == node->id) {
        row->hops = 1;
        return;
    }
    wtl__core_copy(row->via, link->name);
    if (node->sync == NULL) {
        const struct wtl__core_node *uplink = wtl__core_node_find(core, node->uplink);
        row->hops = uplink == NULL ? 2 : uplink->hops + 1u;
    }
}

uint32_t wtl__core_nodes(const struct wtl__core *core, struct wtl__node_row *rows, uint32_t max)
{
    if (max > 0) {
        rows[0] = (struct wtl__node_row){
            .node = core->config.node, .layer = core->config.layer, .state = WTL__NODE_UP};
        wtl__core_copy(rows[0].name, core->config.name);
        wtl__core_copy(rows[0].address, core->config.address);
    }
    for (uint32_t i = 0; i < core->nodes_count && i + 1 < max; i++) {
        row_of(core, core->nodes[i], &rows[i + 1]);
    }
    return core->nodes_count + 1;
}
