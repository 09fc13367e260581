/*
 * core_parted.c - two nodes of which perhaps only one saw the other go down.
 *
 * Each node measures its own window, from when it found out. After a split of about that length one
 * side may have given the other up, with all links and monitors between them, while the other one
 * saw nothing. So each counts how often the two were parted, and one that comes up again is first
 * told. Who has counted less, and has had the other one up since before that was given up, gives up
 * its half of the ties; then both go on. Until the answer is here the node stays down, so that
 * nothing of before and after is mixed up; one that does not answer for WTL__PROBE_MS is up
 * without.
 *
 * Thread: as the core. Owns: nothing.
 */
#include "mesh/core_private.h"

/* The count travels in `request`, how many milliseconds ago the other one was given up in `epoch`,
 * and in `status` whether it is to answer. */
static void tell(struct wtl__core *core, const struct wtl__core_node *node, bool asks)
{
    struct wtl__names_frame parted = {
        .destination = node->id,
        .verb = WTL__NAMES_PARTED,
        .status = asks ? WTL_MORE : WTL_OK,
        .request = node->parted,
        .epoch = node->state == WTL__NODE_UP ? 0 : core->now_ms - node->since_ms};
    (void)wtl__core_names_send(core, &parted);
}

bool wtl__core_parted_met(struct wtl__core *core, struct wtl__core_node *node)
{
    if (node->parted > node->met && node->meet_by_ms == 0) {
        node->meet_by_ms = core->now_ms + WTL__PROBE_MS;
        node->meet_ms = core->now_ms;
    }
    if (node->parted <= node->met || node->meet_by_ms <= core->now_ms) {
        node->met = node->parted;
        node->meet_by_ms = 0;
        return true;
    }
    if (node->meet_ms <= core->now_ms) {
        node->meet_ms = core->now_ms + WTL__ASK_RETRY_MS;
        tell(core, node, true);
    }
    wtl__core_wake(core, WTL__DUE_NODE, node->meet_ms);
    wtl__core_wake(core, WTL__DUE_NODE, node->meet_by_ms);
    return false;
}

void wtl__core_parted_heard(struct wtl__core *core, const struct wtl__names_frame *frame)
{
    struct wtl__core_node *node = wtl__core_node_find(core, frame->source);
    if (node == NULL) {
        return;
    }
    uint64_t ago_ms = frame->epoch;
    bool before = ago_ms <= core->now_ms && node->since_ms <= core->now_ms - ago_ms;
    if (frame->request > node->parted && node->state == WTL__NODE_UP && before) {
        /* its names and its record are as good as before: only the ties are cut */
        struct wtl__effect down = {
            .kind = WTL__EFFECT_NODE_DOWN, .node = node->id, .status = WTL_NO_CONNECTION};
        struct wtl__effect up = {.kind = WTL__EFFECT_NODE_UP,
                                 .node = node->id,
                                 .name = node->name,
                                 .layer = node->layer};
        wtl__core_push(core, &down);
        wtl__core_push(core, &up);
        core->routes_changed = true;
        node->since_ms = core->now_ms;
    }
    node->parted = frame->request > node->parted ? frame->request : node->parted;
    node->met = frame->request > node->met ? frame->request : node->met;
    if (frame->status == WTL_MORE) {
        tell(core, node, false);
    }
    wtl__core_parted_tick(core, node);
}

void wtl__core_parted_tick(struct wtl__core *core, struct wtl__core_node *node)
{
    if (node->meet_by_ms == 0 || node->state == WTL__NODE_UP) {
        return;
    }
    if (wtl__core_node_link(core, node) == 0) {
        node->meet_by_ms = 0; /* it has gone again */
    } else if (wtl__core_parted_met(core, node)) {
        wtl__core_node_up(core, node);
        core->routes_dirty = true; /* leaves that are attached to it come up with it */
    }
}

bool wtl__core_is_meeting(const struct wtl__core *core, uint64_t id)
{
    const struct wtl__core_node *node = wtl__core_node_find(core, id);
    return node != NULL && node->meet_by_ms != 0;
}
