/*
 * core_links.c - links by identity: one of them carries a node, whatever else comes up.
 *
 * Same node, crossing directions, at the same time: both sides keep the link that the lower id has
 * dialled. Same node, same direction: the dialler knows whether the old link lives and closes the
 * new one if it does; the other side goes over to the new one and keeps the old one for a while.
 * Another incarnation of a node that is up: the old one is probed through the mesh, wherever it is
 * linked, and the newcomer waits; what it sends meanwhile is kept.
 *
 * Thread: as the core. Owns: the links; a closed one is freed when the next event begins.
 */
#include "mesh/core_private.h"

#include <stdlib.h>

#include "base/attr.h"

struct wtl__core_link *wtl__core_link_find(const struct wtl__core *core, uint32_t number)
{
    return number == 0 ? NULL : wtl__map_get(&core->links_map, 0, number);
}

static void refuse(struct wtl__core *core, uint32_t number, enum wtl_status status,
                   const char *text)
{
    struct wtl__effect effect = {
        .kind = WTL__EFFECT_CLOSE, .link = number, .status = status, .text = text};
    wtl__core_push(core, &effect);
}

/* The other link of that node which waits in that state. */
static struct wtl__core_link *waiting_of(const struct wtl__core *core, uint64_t node,
                                         enum wtl__core_link_state state)
{
    for (uint32_t i = 0; core->waiting_count > 0 && i < core->links_count; i++) {
        struct wtl__core_link *link = core->links[i];
        if (link->state == (uint8_t)state && WTL__NODE_BITS(link->node) == WTL__NODE_BITS(node)) {
            return link;
        }
    }
    return NULL;
}

/* ---- becoming ON --------------------------------------------------------------------------- */

static void replay_held(struct wtl__core *core, struct wtl__core_link *link)
{
    uint8_t *held = link->held;
    size_t at = 0;
    size_t size = link->held_size;
    link->held = NULL;
    link->held_size = 0;
    while (at < size && link->state == WTL__LINK_ON) {
        struct wtl__frame frame;
        size_t used = 0;
        enum wtl_status whole = wtl__frame_next(held + at, size - at, &frame, &used);
        WTL_ASSERT(whole == WTL_OK);
        enum wtl_status status = wtl__core_dispatch(core, link, &frame);
        if (status != WTL_OK) {
            wtl__core_link_close(core, link, status, "a frame that is not allowed");
        }
        at += used;
    }
    free(held);
}

static void activate(struct wtl__core *core, struct wtl__core_link *link)
{
    struct wtl__core_node *node = wtl__core_node_intern(core, link->node, link->layer);
    if (node == NULL) {
        wtl__core_link_close(core, link, WTL_FULL, "no room for another node");
        return;
    }
    if (link->state != WTL__LINK_ON) {
        core->waiting_count--;
        link->state = WTL__LINK_ON;
    }
    if (node->id != link->node) {
        wtl__core_node_become(core, node, link->node);
    }
    node->gone = 0; /* it speaks for itself */
    node->link = link->number;
    node->link_class = link->link_class;
    wtl__core_copy(node->name, link->name);
    wtl__core_copy(node->address, link->address);
    if (core->is_leaf) {
        core->uplink = link->number;
        core->attached = false;
        wtl__core_wake(core, WTL__DUE_ATTACH, core->now_ms);
    }
    core->routes_dirty = true;
    core->routes_changed = true;
    wtl__core_node_check(core, node);
    wtl__core_redial_learn(core, node);
    wtl__core_roster_send(core, link);
    replay_held(core, link);
}

/* ---- ending -------------------------------------------------------------------------------- */

static void forget(struct wtl__core *core, struct wtl__core_link *link)
{
    if (link->state != WTL__LINK_ON) {
        core->waiting_count--;
    }
    (void)wtl__map_remove(&core->links_map, 0, link->number);
    struct wtl__core_link *last = core->links[--core->links_count];
    core->links[link->index] = last;
    last->index = link->index;
    link->state = WTL__LINK_CLOSED;
    link->next_dead = core->dead;
    core->dead = link;
}

/* The link is over, from whichever side. */
static void end(struct wtl__core *core, struct wtl__core_link *link, enum wtl_status status)
{
    bool was_on = link->state == WTL__LINK_ON;
    forget(core, link);
    struct wtl__core_node *node = wtl__core_node_find(core, link->node);
    wtl__core_redial_lost(core, link, status);
    if (!was_on || node == NULL || node->link != link->number) {
        return;
    }
    node->link = 0;
    if (core->uplink == link->number) {
        core->uplink = 0;
        core->attached = false;
    }
    core->routes_dirty = true;
    core->routes_changed = true;
    struct wtl__core_link *older = waiting_of(core, link->node, WTL__LINK_OLDER);
    if (core->leaving) {
        return;
    }
    if (status == WTL_SHUTDOWN) {
        wtl__core_left(core, node);
    }
    if (older != NULL && status == WTL_SHUTDOWN) {
        wtl__core_link_close(core, older, WTL_CLOSED, "its node has said goodbye");
    } else if (older != NULL) {
        activate(core, older);
    } else if (node->layer == WTL_LAYER_DEVICE) {
        wtl__core_link_rival_in(core, link);
        wtl__core_node_check(core, node);
    }
}

void wtl__core_link_close(struct wtl__core *core, struct wtl__core_link *link,
                          enum wtl_status status, const char *text)
{
    if (link->state == WTL__LINK_CLOSED) {
        return;
    }
    refuse(core, link->number, status, text);
    end(core, link, status == WTL_SHUTDOWN ? WTL_CLOSED : status);
}

void wtl__core_link_down(struct wtl__core *core, uint32_t number, enum wtl_status status,
                         uint64_t now_ms)
{
    wtl__core_begin(core, now_ms);
    struct wtl__core_link *link = wtl__core_link_find(core, number);
    if (link != NULL) {
        end(core, link, status);
    }
    wtl__core_finish(core);
}

/* ---- coming up ----------------------------------------------------------------------------- */

static void wait_as(struct wtl__core *core, struct wtl__core_link *link,
                    enum wtl__core_link_state state)
{
    if (link->state == WTL__LINK_ON) {
        core->waiting_count++;
    }
    link->state = (uint8_t)state;
    link->until_ms = core->now_ms + WTL__PROBE_MS;
    wtl__core_wake(core, WTL__DUE_LINK, link->until_ms);
}

static void decide_same(struct wtl__core *core, struct wtl__core_link *old,
                        struct wtl__core_link *link)
{
    uint64_t self = core->config.node;
    uint64_t lower = self < link->node ? self : link->node;
    bool crossed = old->dialled != link->dialled && core->now_ms - old->up_ms < WTL__DIAL_CROSS_MS;
    if (crossed && (link->dialled ? self : link->node) == lower) {
        struct wtl__core_node *node = wtl__core_node_find(core, link->node);
        node->link = link->number; /* nobody sees the node without a link */
        wtl__core_link_close(core, old, WTL_DUPLICATE,
                             "both sides have dialled: the link of the lower node id stays");
        activate(core, link);
    } else if (crossed) {
        wtl__core_link_close(core, link, WTL_DUPLICATE,
                             "both sides have dialled: the link of the lower node id stays");
    } else if (old->dialled && link->dialled) {
        wtl__core_link_close(core, link, WTL_DUPLICATE, "there is a link to that node already");
    } else {
        wait_as(core, old, WTL__LINK_OLDER);
        activate(core, link);
    }
}

static void decide(struct wtl__core *core, struct wtl__core_link *link)
{
    struct wtl__core_node *node = wtl__core_node_named(core, link->node);
    struct wtl__core_link *old = node == NULL ? NULL : wtl__core_link_find(core, node->link);
    if (core->is_leaf && core->uplink != 0 && old == NULL) {
        wtl__core_link_close(core, link, WTL_DUPLICATE, "a device has one uplink");
    } else if (node == NULL || (node->state != WTL__NODE_UP && old == NULL)) {
        activate(core, link);
    } else if (node->id == link->node) {
        if (old == NULL) {
            activate(core, link);
        } else {
            decide_same(core, old, link);
        }
    } else if (waiting_of(core, link->node, WTL__LINK_NEWCOMER) != NULL) {
        wtl__core_link_close(core, link, WTL_DUPLICATE,
                             "another node of that name waits to be let in");
    } else if (wtl__core_node_link(core, node) == 0) {
        activate(core, link);
    } else {
        wait_as(core, link, WTL__LINK_NEWCOMER);
        wtl__core_probe(core, link, node->id);
    }
}

/* Why that peer may not have a link, or NULL. */
static const char *objection(const struct wtl__core *core, const struct wtl__hello *peer,
                             bool dialled, enum wtl_status *status_out)
{
    const struct wtl__core_node *node = wtl__core_node_named(core, peer->node);
    bool peer_is_leaf = peer->layer == WTL_LAYER_DEVICE;
    *status_out = WTL_SHUTDOWN;
    if (core->leaving) {
        return "this node is stopping";
    }
    *status_out = WTL_DUPLICATE;
    if (WTL__NODE_BITS(peer->node) == WTL__NODE_BITS(core->config.node)) {
        return "the peer has this node's own name";
    }
    if (node != NULL && node->name[0] != '\0' && strcmp(node->name, peer->name) != 0) {
        return "another node has that id: choose another name";
    }
    if (node != NULL && node->layer != peer->layer &&
        (node->state == WTL__NODE_UP || node->link != 0)) {
        return "that name is up in another layer";
    }
    *status_out = WTL_DENIED;
    if (core->is_leaf && (!dialled || peer_is_leaf)) {
        return "a device links only with the edge or cloud node that it dials";
    }
    if (dialled && peer_is_leaf) {
        return "a device was dialled: it has to dial itself";
    }
    *status_out = WTL_FULL;
    if (core->links_count >= WTL__LINKS_MAX) {
        return "too many links";
    }
    if (!peer_is_leaf && (node == NULL || node->state != WTL__NODE_UP) &&
        wtl__core_up_count(core) >= WTL__CORE_MAX) {
        return "the mesh has as many edge and cloud nodes as it can have";
    }
    return NULL;
}

void wtl__core_link_up(struct wtl__core *core, uint32_t number, const struct wtl__hello *peer,
                       bool dialled, uint64_t now_ms)
{
    enum wtl_status status;
    wtl__core_begin(core, now_ms);
    WTL_ASSERT(number != 0 && wtl__core_link_find(core, number) == NULL);
    wtl__core_redial_linked(core, peer, dialled);
    const char *text = objection(core, peer, dialled, &status);
    struct wtl__core_link *link = text == NULL ? calloc(1, sizeof *link) : NULL;
    if (text == NULL &&
        (link == NULL ||
         !wtl__core_room((void ***)&core->links, core->links_count, &core->links_capacity) ||
         wtl__map_put(&core->links_map, 0, number, link) != WTL_OK)) {
        free(link);
        text = "no memory for another link";
        status = WTL_NO_MEMORY;
    }
    if (text != NULL) {
        refuse(core, number, status, text);
        wtl__core_finish(core);
        return;
    }
    *link = (struct wtl__core_link){.number = number,
                                    .index = core->links_count,
                                    .state = WTL__LINK_ON,
                                    .layer = peer->layer,
                                    .link_class = peer->link_class,
                                    .dialled = dialled,
                                    .node = peer->node,
                                    .up_ms = core->now_ms};
    core->links[core->links_count++] = link;
    wtl__core_copy(link->name, peer->name);
    wtl__core_copy(link->address, peer->address);
    decide(core, link);
    wtl__core_finish(core);
}

enum wtl_status wtl__core_link_hold(struct wtl__core *core, struct wtl__core_link *link,
                                    const struct wtl__frame *frame)
{
    size_t size = WTL__FRAME_HEAD + frame->size;
    (void)core;
    if (link->held_size + size > WTL__HELD_BYTES) {
        return WTL_FULL;
    }
    uint8_t *held = realloc(link->held, link->held_size + size);
    if (held == NULL) {
        return WTL_NO_MEMORY;
    }
    link->held = held;
    uint8_t *at = held + link->held_size;
    uint32_t length = frame->size + 2;
    for (int i = 0; i < 4; i++) {
        at[i] = (uint8_t)(length >> (24 - 8 * i));
    }
    at[4] = frame->type;
    at[5] = frame->flags;
    memcpy(at + WTL__FRAME_HEAD, frame->payload, frame->size);
    link->held_size += (uint32_t)size;
    return WTL_OK;
}

void wtl__core_link_let_in(struct wtl__core *core, uint64_t node)
{
    struct wtl__core_link *link = waiting_of(core, node, WTL__LINK_NEWCOMER);
    if (link != NULL) {
        activate(core, link);
    }
}
