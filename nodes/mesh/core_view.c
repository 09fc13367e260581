/*
 * core_view.c - the view: the set of core nodes that are up, as this node sees it, and who owns a
 * name in it.
 *
 * The owner is found by rendezvous hashing: each node gives each name a weight, the highest one
 * owns it, so that a node that comes or goes moves only its own share. All nodes that see the same
 * set agree, which is what the view's hash in requests is for. After a change an owner gives out
 * nothing that it did not own before until every other core node has sent its claims, or
 * WTL__CLAIMS_WAIT_MS have passed; where nodes have come, that holds for all names, because they
 * may have given out any.
 *
 * Thread: as the core. Owns: nothing.
 */
#include "mesh/core_private.h"

#include <stdlib.h>

uint64_t wtl__core_mix(uint64_t value)
{
    value ^= value >> 30;
    value *= UINT64_C(0xbf58476d1ce4e5b9);
    value ^= value >> 27;
    value *= UINT64_C(0x94d049bb133111eb);
    value ^= value >> 31;
    return value;
}

uint64_t wtl__core_hash(const char *name, uint64_t seed)
{
    size_t size = strlen(name);
    uint64_t hash = wtl__core_mix(seed ^ size ^ UINT64_C(0x9e3779b97f4a7c15));
    for (size_t at = 0; at < size; at += 8) {
        /* byte by byte, so that every machine gets the same */
        uint64_t word = 0;
        for (size_t i = 0; i < 8 && at + i < size; i++) {
            word |= (uint64_t)(uint8_t)name[at + i] << (8 * i);
        }
        hash = wtl__core_mix(hash ^ word) + seed;
    }
    return hash;
}

uint64_t wtl__core_owner_in(const struct wtl__core_view *view, uint64_t hash)
{
    uint64_t owner = 0;
    uint64_t most = 0;
    for (uint32_t i = 0; i < view->count; i++) {
        uint64_t weight = wtl__core_mix(hash ^ wtl__core_mix(view->nodes[i]));
        if (owner == 0 || weight > most) {
            most = weight;
            owner = view->nodes[i];
        }
    }
    return owner;
}

uint64_t wtl__core_owner(struct wtl__core *core, struct wtl__core_name *name)
{
    if (name->owner_view != core->view.hash) {
        name->owner = wtl__core_owner_in(&core->view, name->hash);
        name->owner_view = core->view.hash;
    }
    return name->owner;
}

static int ascending(const void *a, const void *b)
{
    const uint64_t *left = a;
    const uint64_t *right = b;
    return *left < *right ? -1 : *left > *right ? 1 : 0;
}

static bool has(const struct wtl__core_view *view, uint64_t node)
{
    for (uint32_t i = 0; i < view->count; i++) {
        if (view->nodes[i] == node) {
            return true;
        }
    }
    return false;
}

void wtl__core_view_update(struct wtl__core *core)
{
    struct wtl__core_view view = {.count = 1, .nodes = {core->config.node}};
    if (core->is_leaf) {
        return;
    }
    for (uint32_t i = 0; i < core->cores_count && view.count < WTL__CORE_MAX; i++) {
        if (core->cores[i]->state == WTL__NODE_UP) {
            view.nodes[view.count++] = core->cores[i]->id;
        }
    }
    qsort(view.nodes, view.count, sizeof view.nodes[0], ascending);
    for (uint32_t i = 0; i < view.count; i++) {
        view.hash = wtl__core_mix(view.hash ^ view.nodes[i]);
    }
    if (view.hash == core->view.hash) {
        return;
    }
    core->view = view;
    core->grown = false;
    for (uint32_t i = 0; i < view.count; i++) {
        core->grown = core->grown || !has(&core->before, view.nodes[i]);
    }
    core->settled = false;
    core->settle_ms = core->now_ms + WTL__CLAIMS_WAIT_MS;
    wtl__core_wake(core, WTL__DUE_VIEW, core->settle_ms);
    wtl__core_sync_begin(core);
    wtl__core_asks_again(core);
    wtl__core_view_check(core);
}

bool wtl__core_view_grants(const struct wtl__core *core, uint64_t hash)
{
    return core->settled ||
           (!core->grown && wtl__core_owner_in(&core->before, hash) == core->config.node);
}

void wtl__core_view_stir(struct wtl__core *core)
{
    core->digest_wait_ms = WTL__DIGEST_SOON_MS;
    core->digest_ms = core->now_ms + core->digest_wait_ms;
    if (core->settled && core->view.count > 1) {
        wtl__core_wake(core, WTL__DUE_VIEW, core->digest_ms);
    }
}

static void settle(struct wtl__core *core)
{
    core->settled = true;
    core->before = core->view;
    wtl__core_sync_settled(core);
    core->grown = false;
    wtl__core_view_stir(core);
    wtl__core_owner_release(core);
    wtl__core_sync_digests(core);
}

void wtl__core_view_check(struct wtl__core *core)
{
    if (core->settled || core->is_leaf ||
        (core->view.count == 1 && core->now_ms < core->alone_until_ms)) {
        return;
    }
    for (uint32_t i = 0; i < core->cores_count; i++) {
        const struct wtl__core_node *node = core->cores[i];
        if (node->state == WTL__NODE_UP && node->claimed != core->view.hash) {
            return;
        }
    }
    settle(core);
}

void wtl__core_view_tick(struct wtl__core *core)
{
    if (core->is_leaf) {
        return;
    }
    if (!core->settled) {
        if (core->settle_ms <= core->now_ms) {
            settle(core);
        } else {
            wtl__core_wake(core, WTL__DUE_VIEW, core->settle_ms);
        }
    } else if (core->view.count == 1) {
        return; /* who else would have it otherwise? */
    } else if (core->digest_ms <= core->now_ms) {
        core->digest_wait_ms =
            core->digest_wait_ms * 4 < WTL__DIGEST_MS ? core->digest_wait_ms * 4 : WTL__DIGEST_MS;
        core->digest_ms = core->now_ms + core->digest_wait_ms;
        wtl__core_sync_digests(core);
        wtl__core_wake(core, WTL__DUE_VIEW, core->digest_ms);
    } else {
        wtl__core_wake(core, WTL__DUE_VIEW, core->digest_ms);
    }
}
