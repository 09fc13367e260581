/*
 * core_attach.c - where leaves are attached: records that the leaf signs, its uplink checks and
 * passes on, and every core node checks again.
 *
 * A record counts when its number is the highest of its incarnation; another incarnation replaces
 * it when it expires later, by the leaf's own clock, or when nothing reaches the old one. A core
 * node passes a fresh record on to those neighbours whom its sender does not reach directly, so
 * that it goes everywhere and, in a full mesh, nowhere twice.
 *
 * Thread: as the core. Owns: the proofs, in the entries of their nodes.
 */
#include "mesh/core_private.h"

#include <stdlib.h>

/* ---- a leaf's own -------------------------------------------------------------------------- */

static void attach_self(struct wtl__core *core)
{
    uint8_t proof[WTL__ATTACH_PROOF_MAX];
    uint8_t frame[WTL__FRAME_MAX];
    struct wtl__core_link *link = wtl__core_link_find(core, core->uplink);
    if (link == NULL || core->wall_s == 0) {
        return;
    }
    struct wtl__attach attach = {.leaf = core->config.node,
                                 .uplink = link->node,
                                 .number = ++core->attach_number,
                                 .expiry_s = wtl__core_wall_s(core) + WTL__ATTACH_LIFE_S,
                                 .layer = core->config.layer,
                                 .proof = proof};
    wtl__core_copy(attach.name, core->config.name);
    size_t size = core->config.sign(core->config.context, &attach, proof);
    if (size == 0 || size > sizeof proof) {
        wtl__core_wake(core, WTL__DUE_ATTACH, core->now_ms + WTL__ATTACH_RETRY_MS);
        return;
    }
    attach.proof_size = (uint32_t)size;
    wtl__core_send(core, link->number, frame, wtl__put_attach(frame, sizeof frame, &attach));
    wtl__core_wake(core, WTL__DUE_ATTACH, core->now_ms + WTL__ATTACH_RENEW_MS);
    if (!core->attached) {
        core->attached = true;
        wtl__core_asks_renew(core);
    }
}

/* ---- passing on ---------------------------------------------------------------------------- */

static size_t put_record(const struct wtl__core_node *leaf, uint8_t frame[WTL__FRAME_MAX])
{
    struct wtl__attach attach = {.leaf = leaf->id,
                                 .uplink = leaf->uplink,
                                 .number = leaf->number,
                                 .expiry_s = leaf->expiry_s,
                                 .layer = leaf->layer,
                                 .proof = leaf->proof,
                                 .proof_size = leaf->proof_size};
    wtl__core_copy(attach.name, leaf->name);
    return wtl__put_attach(frame, WTL__FRAME_MAX, &attach);
}

/* To every neighbour but the one that it came from and those that that one reaches itself. */
static void pass_on(struct wtl__core *core, const struct wtl__core_link *from, const uint8_t *frame,
                    size_t size)
{
    for (uint32_t i = core->links_count; i-- > 0;) {
        struct wtl__core_link *link = i < core->links_count ? core->links[i] : NULL;
        uint8_t hops;
        if (link == NULL || link == from || link->state != WTL__LINK_ON ||
            link->layer == WTL_LAYER_DEVICE) {
            continue;
        }
        if (from != NULL && from->layer != WTL_LAYER_DEVICE &&
            wtl__core_reaches(from, link->node, &hops) && hops == 1) {
            continue;
        }
        wtl__core_send(core, link->number, frame, size);
    }
}

bool wtl__core_attach_sync(struct wtl__core *core, struct wtl__core_link *link)
{
    uint8_t frame[WTL__FRAME_MAX];
    size_t sent = 0;
    if (link->attach_at > core->nodes_count) {
        link->attach_at = core->nodes_count;
    }
    while (link->attach_at > 0 && sent < WTL__SYNC_BYTES && link->state == WTL__LINK_ON) {
        const struct wtl__core_node *leaf = core->nodes[--link->attach_at];
        uint8_t hops;
        if (leaf->proof == NULL || leaf->uplink == 0 || leaf->uplink == link->node ||
            (leaf->uplink != core->config.node && wtl__core_reaches(link, leaf->uplink, &hops) &&
             hops == 1)) {
            continue;
        }
        size_t size = put_record(leaf, frame);
        wtl__core_send(core, link->number, frame, size);
        sent += size;
    }
    return link->attach_at > 0 && link->state == WTL__LINK_ON;
}

/* ---- records of others --------------------------------------------------------------------- */

/* The highest number counts. The same one again counts when it was given up only because nothing
 * led to its uplink for a while. */
static bool is_news(const struct wtl__core_node *leaf, const struct wtl__attach *attach)
{
    return attach->number > leaf->number || (attach->number == leaf->number && leaf->uplink == 0 &&
                                             leaf->detached != attach->number);
}

/* Another incarnation: the one whose record expires later is the one that is. While a device's
 * clock goes back, that is wrong until its old record has expired. */
static bool is_later(const struct wtl__core *core, const struct wtl__core_node *leaf,
                     const struct wtl__attach *attach)
{
    return leaf->expiry_s <= wtl__core_wall_s(core) || attach->expiry_s > leaf->expiry_s ||
           (attach->expiry_s == leaf->expiry_s && attach->leaf > leaf->id);
}

/* WTL_OK: to be taken. WTL_EXISTS: true or old, but nothing new. WTL_LATER: another incarnation has
 * a link to this node, which must be probed first. Else why the link has to go. */
static enum wtl_status judge(const struct wtl__core *core, const struct wtl__core_link *link,
                             const struct wtl__attach *attach)
{
    bool own = link->layer == WTL_LAYER_DEVICE;
    if (core->is_leaf) {
        return WTL_DENIED;
    }
    if (attach->layer != WTL_LAYER_DEVICE || WTL__NODE_BITS(attach->leaf) == 0 ||
        !wtl_name_is_valid(attach->name, strlen(attach->name))) {
        return WTL_PROTOCOL;
    }
    if (own && (attach->leaf != link->node || attach->uplink != core->config.node ||
                strcmp(attach->name, link->name) != 0)) {
        return WTL_FORGED;
    }
    if (!own && attach->uplink == core->config.node) {
        return WTL_EXISTS; /* it knows best itself who is attached to it */
    }
    if (attach->expiry_s + WTL__CLOCK_SKEW_S <= wtl__core_wall_s(core)) {
        return own ? WTL_DENIED : WTL_EXISTS;
    }
    const struct wtl__core_node *leaf = wtl__core_node_named(core, attach->leaf);
    if (leaf != NULL && leaf->layer == WTL_LAYER_DEVICE) {
        bool has_left = leaf->gone == leaf->id && !own; /* it says itself when it is back */
        if (leaf->id == attach->leaf && (has_left || !is_news(leaf, attach))) {
            return WTL_EXISTS;
        }
        if (leaf->id != attach->leaf && !is_later(core, leaf, attach)) {
            return WTL_EXISTS;
        }
    } else if (leaf != NULL && leaf->state == WTL__NODE_UP) {
        return WTL_EXISTS;
    }
    if (!core->config.check(core->config.context, attach, wtl__core_wall_s(core))) {
        return WTL_FORGED;
    }
    return leaf != NULL && leaf->id != attach->leaf && leaf->link != 0 ? WTL_LATER : WTL_OK;
}

static void take(struct wtl__core *core, const struct wtl__attach *attach)
{
    uint8_t *proof = malloc(attach->proof_size > 0 ? attach->proof_size : 1);
    struct wtl__core_node *leaf =
        proof == NULL ? NULL : wtl__core_node_intern(core, attach->leaf, WTL_LAYER_DEVICE);
    if (leaf == NULL) {
        free(proof);
        return;
    }
    if (leaf->id != attach->leaf) {
        wtl__core_node_become(core, leaf, attach->leaf);
    }
    memcpy(proof, attach->proof, attach->proof_size);
    free(leaf->proof);
    leaf->proof = proof;
    leaf->proof_size = attach->proof_size;
    leaf->uplink = attach->uplink;
    leaf->number = attach->number;
    leaf->expiry_s = attach->expiry_s;
    wtl__core_copy(leaf->name, attach->name);
    int64_t left_s = attach->expiry_s - wtl__core_wall_s(core) + WTL__CLOCK_SKEW_S;
    int64_t most_s = WTL__ATTACH_LIFE_S + 2 * WTL__CLOCK_SKEW_S;
    left_s = left_s > most_s ? most_s : left_s;
    leaf->expires_ms = core->now_ms + (uint64_t)left_s * 1000;
    wtl__core_wake(core, WTL__DUE_ATTACH, leaf->expires_ms);
    struct wtl__core_link *old = wtl__core_link_find(core, leaf->link);
    if (old != NULL && attach->uplink != core->config.node) {
        wtl__core_link_close(core, old, WTL_CLOSED, "the device is attached elsewhere now");
    }
    core->routes_changed = true;
    wtl__core_node_check(core, leaf);
}

enum wtl_status wtl__core_attach_frame(struct wtl__core *core, struct wtl__core_link *link,
                                       const struct wtl__frame *frame)
{
    uint8_t out[WTL__FRAME_MAX];
    struct wtl__attach attach;
    if (wtl__get_attach(frame, &attach) != WTL_OK) {
        return WTL_PROTOCOL;
    }
    enum wtl_status status = judge(core, link, &attach);
    if (status == WTL_OK) {
        take(core, &attach);
        pass_on(core, link, out, wtl__put_attach(out, sizeof out, &attach));
    }
    if (status == WTL_LATER) {
        const struct wtl__core_node *leaf = wtl__core_node_named(core, attach.leaf);
        struct wtl__core_link *old = wtl__core_link_find(core, leaf->link);
        if (old != NULL) {
            wtl__core_link_contest_leaf(core, old, attach.leaf, link, frame);
        }
    }
    return status == WTL_EXISTS || status == WTL_LATER ? WTL_OK : status;
}

/* ---- the end of one ------------------------------------------------------------------------ */

static void send_detach(struct wtl__core *core, const struct wtl__core_link *from,
                        const struct wtl__detach *detach)
{
    uint8_t frame[64];
    pass_on(core, from, frame, wtl__put_detach(frame, sizeof frame, detach));
}

void wtl__core_attach_end(struct wtl__core *core, struct wtl__core_node *leaf)
{
    if (leaf->uplink == core->config.node) {
        struct wtl__detach detach = {
            .leaf = leaf->id, .uplink = leaf->uplink, .number = leaf->number};
        leaf->detached = leaf->number;
        send_detach(core, NULL, &detach);
    }
    free(leaf->proof);
    leaf->proof = NULL;
    leaf->proof_size = 0;
    leaf->uplink = 0; /* the number stays: what is older does not come back */
}

enum wtl_status wtl__core_detach_frame(struct wtl__core *core, struct wtl__core_link *link,
                                       const struct wtl__frame *frame)
{
    struct wtl__detach detach;
    if (core->is_leaf || link->layer == WTL_LAYER_DEVICE) {
        return WTL_DENIED;
    }
    if (wtl__get_detach(frame, &detach) != WTL_OK) {
        return WTL_PROTOCOL;
    }
    struct wtl__core_node *leaf = wtl__core_node_find(core, detach.leaf);
    if (leaf == NULL || leaf->layer != WTL_LAYER_DEVICE || leaf->link != 0 ||
        detach.uplink == core->config.node || detach.number < leaf->number ||
        detach.number == leaf->detached || (leaf->uplink != 0 && leaf->uplink != detach.uplink)) {
        return WTL_OK;
    }
    leaf->uplink = 0;
    leaf->number = leaf->detached = detach.number;
    send_detach(core, link, &detach);
    wtl__core_node_down(core, leaf, WTL_NO_CONNECTION);
    wtl__core_attach_end(core, leaf);
    return WTL_OK;
}

void wtl__core_attach_tick(struct wtl__core *core)
{
    if (core->is_leaf) {
        attach_self(core);
        return;
    }
    for (uint32_t i = core->nodes_count; i-- > 0;) {
        struct wtl__core_node *leaf = core->nodes[i];
        if (leaf->uplink == 0) {
            continue;
        }
        if (leaf->expires_ms > core->now_ms) {
            wtl__core_wake(core, WTL__DUE_ATTACH, leaf->expires_ms);
            continue;
        }
        wtl__core_attach_end(core, leaf);
        core->routes_changed = true;
        wtl__core_node_check(core, leaf);
    }
}
