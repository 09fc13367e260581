/* model_nodes.c - nodes and links as the nodes themselves see them. See model.h. */
#include "base/attr.h"
#include "model_private.h"

void model_started(struct sim_node *node)
{
    memset(node->world->model->views[world_index(node)], 0, sizeof(struct view) * NODES_MAX);
    node->world->model->changed_ms = node->world->now_ms;
}

static struct view *view_of(const struct sim_node *node, const struct sim_node *other)
{
    return &node->world->model->views[world_index(node)][world_index(other)];
}

void model_node_up(struct sim_node *node, uint64_t id)
{
    struct world *world = node->world;
    const struct sim_node *other = world_node(world, id);
    if (other == NULL) {
        violation(world, INV_AUTHENTICATED, node, NULL,
                  "expected a node of this mesh to come up; came %lx", (unsigned long)id);
        return;
    }
    struct view *view = view_of(node, other);
    world->model->changed_ms = world->now_ms;
    if (view->up) {
        violation(world, INV_DOWN_SOUND, node, other,
                  "expected incarnation %lu to be told down before %lu is told up",
                  (unsigned long)(view->id & 0xffffff), (unsigned long)(id & 0xffffff));
    }
    if (view->id > id) {
        violation(world, INV_FENCE, node, other,
                  "expected no incarnation before %lu any more; %lu was told up",
                  (unsigned long)(view->id & 0xffffff), (unsigned long)(id & 0xffffff));
    }
    view->id = id;
    view->up = true;
    view->up_ms = world->now_ms;
    view->routed_ms = world->now_ms;
}

/* Has the other node, which lives, taken this incarnation for down since this view came up? Then
 * their ties are cut there, and have to be cut here. */
static bool was_given_up(const struct sim_node *node, const struct sim_node *other,
                         const struct view *view)
{
    const struct view *back = view_of(other, node);
    return back->id == node->id && back->down_ms >= view->up_ms && back->down_ms > 0;
}

void model_node_down(struct sim_node *node, uint64_t id, enum wtl_status why)
{
    struct world *world = node->world;
    const struct sim_node *other = world_node(world, id);
    struct view *view = other != NULL ? view_of(node, other) : NULL;
    if (view == NULL || !view->up || view->id != id) {
        violation(world, INV_DOWN_SOUND, node, other,
                  "expected a node that is up to go down; came %lx", (unsigned long)id);
        return;
    }
    view->up = false;
    view->down_ms = world->now_ms;
    world->model->changed_ms = world->now_ms;
    if (!other->alive || other->id != id || why == WTL_SHUTDOWN || other->intruder != NULL ||
        was_given_up(node, other, view)) {
        return;
    }
    if (world->loss_ms + HEARSAY_MS < view->up_ms) {
        violation(world, INV_DOWN_SOUND, node, other,
                  "expected a node that lives to stay up while no link is lost; it was told down "
                  "(%s)",
                  wtl_status_word(why));
    } else if (node->layer != WTL_LAYER_DEVICE && other->layer != WTL_LAYER_DEVICE &&
               world->now_ms - view->routed_ms < WTL__DOWN_WINDOW_LAN_MS) {
        violation(
            world, INV_DOWN_SOUND, node, other,
            "expected a node that lives to stay up for %u ms without a way to it; it was told "
            "down (%s) after %lu ms",
            WTL__DOWN_WINDOW_LAN_MS, wtl_status_word(why),
            (unsigned long)(world->now_ms - view->routed_ms));
    }
}

uint64_t model_down_ms(const struct sim_node *node, uint64_t id)
{
    const struct sim_node *other = world_node(node->world, id);
    const struct view *view = other != NULL ? view_of(node, other) : NULL;
    /* told of a later incarnation, it has been told that this one is over */
    return view == NULL ? 0 : view->id > id ? view->up_ms : view->down_ms;
}

void model_attached(const struct sim_node *device, uint64_t uplink)
{
    struct world *world = device->world;
    const struct sim_node *to = world_node(world, uplink);
    if (to != NULL) {
        world->model->attached[world_index(device)][world_index(to)] = true;
    }
}

/* ---- who may speak for whom ----------------------------------------------------------------- */

/* Why the node at the other end may not bring mail of `source` to this one; NULL: it may. The rule
 * is that of the design: its certificate's own; what a leaf has signed; the core for the core. */
static const char *objection(const struct sim_node *node, const struct sim_node *peer,
                             const struct sim_node *source)
{
    if (peer == source) {
        return NULL;
    }
    if (source == node) {
        return "expected nobody to speak for this node itself";
    }
    if (peer->layer == WTL_LAYER_DEVICE) {
        return "expected a device to speak for itself only";
    }
    if (node->layer == WTL_LAYER_DEVICE || source->layer != WTL_LAYER_DEVICE) {
        return NULL;
    }
    for (unsigned i = 0; i < node->world->nodes_count; i++) {
        if (i != world_index(node) && node->world->model->attached[world_index(source)][i]) {
            return NULL;
        }
    }
    return "expected mail of a device over others only where it has signed that it is attached";
}

void model_check_speaker(struct sim_node *node, uint64_t source_id)
{
    struct world *world = node->world;
    const struct sim_node *source = world_node(world, source_id);
    const struct pipe *pipe = world->bringing;
    if (pipe == NULL || pipe->ends[world->bringing_to] != node) {
        violation(world, INV_AUTHENTICATED, node, source,
                  "expected mail to come with the bytes of a link; it came without");
        return;
    }
    unsigned side = world->bringing_to;
    const struct sim_node *peer = pipe->ends[1 - side];
    const char *why = objection(node, peer, source);
    if (why != NULL) {
        violation(world, INV_AUTHENTICATED, node, source, "%s; it came over a link of %s", why,
                  peer->name);
    }
    if (!wire_carries(pipe, side)) {
        violation(world, INV_AUTHENTICATED, node, source,
                  "expected mail over a link that carries its node; that of %s does not",
                  peer->name);
    }
    const struct view *view = view_of(node, source);
    if (view->id > source_id) {
        violation(world, INV_FENCE, node, source,
                  "expected nothing of incarnation %lu, because %lu was told up; mail came",
                  (unsigned long)(source_id & 0xffffff), (unsigned long)(view->id & 0xffffff));
    } else if (!view->up) {
        violation(world, INV_DOWN_SOUND, node, source,
                  "expected nothing of a node that is not up; mail came");
    }
}

/* ---- after each event ----------------------------------------------------------------------- */

void model_event(struct sim_node *node)
{
    struct world *world = node->world;
    unsigned carry[NODES_MAX] = {0};
    if (node->hub == NULL) {
        return;
    }
    for (unsigned i = 0; i < world->pipes_top; i++) {
        const struct pipe *pipe = &world->pipes[i];
        for (unsigned side = 0; pipe->used && side < 2; side++) {
            if (pipe->ends[side] == node && wire_carries(pipe, side) &&
                ++carry[world_index(pipe->ends[1 - side])] == 2) {
                violation(world, INV_ONE_LINK, node, pipe->ends[1 - side],
                          "expected one link that carries data; there are two, the later one is "
                          "connection %lu",
                          (unsigned long)pipe->generation);
            }
        }
    }
    for (unsigned i = 0; i < world->nodes_count; i++) {
        struct view *view = &world->model->views[world_index(node)][i];
        if (view->up && wtl__core_route(wtl__hub_core(node->hub), view->id) != 0) {
            view->routed_ms = world->now_ms;
        }
    }
}

static uint64_t mix(uint64_t hash, uint64_t value)
{
    hash = (hash ^ value) * UINT64_C(0x9e3779b97f4a7c15);
    return hash ^ hash >> 29;
}

uint64_t model_state(const struct sim_node *node)
{
    struct wtl__name_row names[256];
    struct wtl__node_row nodes[32];
    const struct wtl__core *core = wtl__hub_core(node->hub);
    const struct wtl__hub_counters *count = wtl__hub_count(node->hub);
    uint32_t rows = wtl__core_names(core, names, 256);
    uint64_t hash = rows;
    for (uint32_t i = 0; i < rows && i < 256; i++) {
        hash = mix(mix(mix(hash, names[i].pid.node), names[i].pid.local), names[i].epoch);
    }
    rows = wtl__core_nodes(core, nodes, 32);
    for (uint32_t i = 0; i < rows && i < 32; i++) {
        hash = mix(mix(mix(hash, nodes[i].node), nodes[i].state), nodes[i].link);
    }
    const uint64_t counters[] = {
        count->delivered, count->sent, count->resent,  count->duplicates, count->forged,
        count->denied,    count->gaps, count->relayed, count->reset,      count->stale_handles};
    for (uint32_t i = 0; i < WTL_COUNT(counters); i++) {
        hash = mix(hash, counters[i]);
    }
    return hash;
}
