/*
 * core_redial.c - whom to dial, and when.
 *
 * A core node dials every address it joins by and every core node it has heard of, until it has a
 * link to the node behind it. A device dials its join addresses one after the other, and stays with
 * the first that answers. Pauses are decorrelated jitter, so that what broke together does not come
 * back together. Which node is behind an address is known once a link has come up; an address that
 * was joined by may get another node later, so no name is demanded there. Who has said goodbye is
 * not dialled by what was heard of it until it is heard of again (core_leave.c).
 *
 * Thread: as the core. Owns: the targets, inside the core.
 */
#include "mesh/core_private.h"

static uint32_t pause_after(struct wtl__core *core, uint32_t last_ms)
{
    uint64_t high = last_ms == 0 ? WTL__REDIAL_MIN_MS : (uint64_t)last_ms * 3;
    uint64_t pause = wtl__prng_between(&core->prng, WTL__REDIAL_MIN_MS, high);
    return pause > WTL__REDIAL_MAX_MS ? WTL__REDIAL_MAX_MS : (uint32_t)pause;
}

/* A refusal that the next try will not change costs the longest pause at once, less some jitter. */
static uint32_t pause_for(struct wtl__core *core, uint32_t last_ms, enum wtl_status status)
{
    if (status == WTL_SHUTDOWN) { /* it has gone on purpose: it needs a while, or stays away */
        return (uint32_t)wtl__prng_between(&core->prng, WTL__REDIAL_LEFT_MS,
                                           3 * WTL__REDIAL_LEFT_MS);
    }
    if (status == WTL_VERSION || status == WTL_IDENTITY || status == WTL_DENIED ||
        status == WTL_DUPLICATE || status == WTL_PROTOCOL || status == WTL_FORGED) {
        return (uint32_t)wtl__prng_between(&core->prng, WTL__REDIAL_MAX_MS / 2, WTL__REDIAL_MAX_MS);
    }
    return pause_after(core, last_ms);
}

static void again(struct wtl__core *core, struct wtl__core_target *target, enum wtl_status status)
{
    target->dialling = false;
    target->wait_ms = pause_for(core, target->wait_ms, status);
    target->due_ms = core->now_ms + target->wait_ms;
    wtl__core_wake(core, WTL__DUE_DIAL, target->due_ms);
}

void wtl__core_redial_init(struct wtl__core *core)
{
    for (uint32_t i = 0; i < core->config.joins_count; i++) {
        const char *address = core->config.joins[i];
        if (address[0] == '\0' || strcmp(address, core->config.address) == 0) {
            continue;
        }
        struct wtl__core_target *target = &core->targets[core->targets_count++];
        *target = (struct wtl__core_target){.due_ms = core->now_ms};
        wtl__core_copy(target->address, address);
    }
    wtl__core_wake(core, WTL__DUE_DIAL, core->now_ms);
}

/* A device goes on to its next address. */
static void next_join(struct wtl__core *core)
{
    if (core->is_leaf) {
        core->join_at++;
        wtl__core_wake(core, WTL__DUE_DIAL, core->now_ms);
    }
}

/* The higher id lets the lower one dial first, if it can: then links hardly ever cross. */
static uint64_t turn_ms(const struct wtl__core *core, uint64_t node)
{
    return node < core->config.node && core->config.address[0] != '\0' ? WTL__DIAL_TURN_MS : 0;
}

static struct wtl__core_target *target_of(struct wtl__core *core, uint64_t bits)
{
    for (uint32_t i = 0; i < core->targets_count; i++) {
        if (core->targets[i].bits == bits) {
            return &core->targets[i];
        }
    }
    return NULL;
}

static struct wtl__core_target *target_at(struct wtl__core *core, const char *address)
{
    for (uint32_t i = 0; i < core->targets_count; i++) {
        if (strcmp(core->targets[i].address, address) == 0) {
            return &core->targets[i];
        }
    }
    return NULL;
}

/* Which dial has led to that peer? Its identity tells, or its address; where it advertises another
 * one than was dialled, it is the dial that has waited longest. */
static struct wtl__core_target *dialled_for(struct wtl__core *core, const struct wtl__hello *peer)
{
    struct wtl__core_target *best = NULL;
    int best_rank = 0;
    for (uint32_t i = 0; i < core->targets_count; i++) {
        struct wtl__core_target *target = &core->targets[i];
        if (!target->dialling) {
            continue;
        }
        bool unknown = target->name[0] == '\0' || strcmp(target->name, peer->name) == 0;
        bool same = target->bits != 0 && target->bits == WTL__NODE_BITS(peer->node);
        int rank = same ? 3 : strcmp(target->address, peer->address) == 0 ? 2 : unknown ? 1 : 0;
        if (rank > best_rank ||
            (rank == best_rank && rank > 0 && target->dialled_ms < best->dialled_ms)) {
            best = target;
            best_rank = rank;
        }
    }
    return best;
}

void wtl__core_redial_linked(struct wtl__core *core, const struct wtl__hello *peer, bool dialled)
{
    struct wtl__core_target *target =
        dialled ? dialled_for(core, peer) : target_at(core, peer->address);
    if (target == NULL || peer->layer == WTL_LAYER_DEVICE) {
        return;
    }
    target->bits = WTL__NODE_BITS(peer->node);
    if (dialled) {
        target->dialling = false;
        target->due_ms = core->now_ms;
    }
}

void wtl__core_redial_lost(struct wtl__core *core, const struct wtl__core_link *link,
                           enum wtl_status status)
{
    const struct wtl__core_node *node = wtl__core_node_named(core, link->node);
    if (node != NULL && node->link != 0 && node->link != link->number) {
        return; /* it was one too many */
    }
    for (uint32_t i = 0; i < core->targets_count; i++) {
        struct wtl__core_target *target = &core->targets[i];
        if (target->bits != WTL__NODE_BITS(link->node) || target->dialling) {
            continue;
        }
        if (core->now_ms - link->up_ms >= WTL__REDIAL_STABLE_MS) {
            target->wait_ms = 0;
        }
        again(core, target, status);
        target->due_ms += core->is_leaf ? 0 : turn_ms(core, link->node);
    }
    next_join(core);
}

void wtl__core_dial_failed(struct wtl__core *core, const char *address, enum wtl_status status,
                           uint64_t now_ms)
{
    wtl__core_begin(core, now_ms);
    struct wtl__core_target *target = target_at(core, address);
    if (target != NULL && !target->dialling && target->bits != 0) {
        /* Another dial's success was taken for this one's: the node belongs to that. */
        uint64_t bits = target->bits;
        for (uint32_t i = 0; i < core->targets_count; i++) {
            struct wtl__core_target *other = &core->targets[i];
            if (other->dialling && other->bits == 0) {
                other->dialling = false;
                other->bits = bits;
                target->bits = 0;
                break;
            }
        }
    }
    if (target != NULL) {
        again(core, target, status);
        next_join(core);
    }
    wtl__core_finish(core);
}

void wtl__core_dial_refused(struct wtl__core *core, const char *name, uint64_t node_bits,
                            enum wtl_status status, uint64_t now_ms)
{
    struct wtl__hello peer = {.node = node_bits << 24};
    wtl__core_begin(core, now_ms);
    wtl__core_copy(peer.name, name);
    struct wtl__core_target *target = dialled_for(core, &peer);
    if (target != NULL) {
        again(core, target, status);
        next_join(core);
    }
    wtl__core_finish(core);
}

void wtl__core_redial_learn(struct wtl__core *core, const struct wtl__core_node *node)
{
    uint64_t bits = WTL__NODE_BITS(node->id);
    if (core->is_leaf || node->layer == WTL_LAYER_DEVICE || node->address[0] == '\0' ||
        strcmp(node->address, core->config.address) == 0) {
        return;
    }
    struct wtl__core_target *target = target_of(core, bits);
    if (target == NULL) {
        target = target_at(core, node->address);
    }
    if (target == NULL) {
        if (core->targets_count >= WTL__TARGETS_MAX) {
            return;
        }
        target = &core->targets[core->targets_count++];
        *target = (struct wtl__core_target){.due_ms = core->now_ms + turn_ms(core, node->id)};
        wtl__core_copy(target->address, node->address);
        wtl__core_copy(target->name, node->name);
    } else if (target->name[0] != '\0' && !target->dialling) {
        wtl__core_copy(target->address, node->address); /* it has moved */
    }
    target->bits = bits;
    wtl__core_wake(core, WTL__DUE_DIAL, target->due_ms);
}

void wtl__core_redial_forget(struct wtl__core *core, uint64_t bits)
{
    for (uint32_t i = core->targets_count; i-- > 0;) {
        struct wtl__core_target *target = &core->targets[i];
        if (target->bits != bits) {
            continue;
        }
        if (target->name[0] == '\0') {
            target->bits = 0; /* a join address stays */
        } else if (!target->dialling) {
            *target = core->targets[--core->targets_count];
        }
    }
}

static void dial(struct wtl__core *core, struct wtl__core_target *target)
{
    struct wtl__effect effect = {
        .kind = WTL__EFFECT_DIAL, .address = target->address, .name = target->name};
    target->dialling = true;
    target->dialled_ms = core->now_ms;
    wtl__core_push(core, &effect);
}

/* Has it said goodbye, and is nothing but hearsay what it would be dialled by? */
static bool has_left(const struct wtl__core *core, const struct wtl__core_target *target)
{
    const struct wtl__core_node *node = target->bits == 0 || target->name[0] == '\0'
                                            ? NULL
                                            : wtl__core_node_named(core, target->bits << 24);
    return node != NULL && node->gone == node->id;
}

static bool is_linked(const struct wtl__core *core, const struct wtl__core_target *target)
{
    const struct wtl__core_node *node =
        target->bits == 0 ? NULL : wtl__core_node_named(core, target->bits << 24);
    return node != NULL && node->link != 0;
}

/* Is the same node being dialled at another of its addresses? */
static bool is_dialled(const struct wtl__core *core, const struct wtl__core_target *target)
{
    for (uint32_t i = 0; target->bits != 0 && i < core->targets_count; i++) {
        if (core->targets[i].dialling && core->targets[i].bits == target->bits) {
            return true;
        }
    }
    return false;
}

/* A device: the next of its addresses, if it has no uplink and dials none. */
static void dial_uplink(struct wtl__core *core)
{
    if (core->links_count > 0 || core->targets_count == 0) {
        return;
    }
    struct wtl__core_target *next = &core->targets[core->join_at % core->targets_count];
    for (uint32_t i = 0; i < core->targets_count; i++) {
        if (core->targets[i].dialling) {
            next = &core->targets[i];
        }
    }
    uint64_t due_ms = next->dialling ? next->dialled_ms + WTL__DIAL_TIMEOUT_MS : next->due_ms;
    if (due_ms > core->now_ms) {
        wtl__core_wake(core, WTL__DUE_DIAL, due_ms);
    } else if (next->dialling) {
        again(core, next, WTL_TIMEOUT);
        next_join(core);
    } else {
        dial(core, next);
        wtl__core_wake(core, WTL__DUE_DIAL, core->now_ms + WTL__DIAL_TIMEOUT_MS);
    }
}

void wtl__core_redial_tick(struct wtl__core *core)
{
    uint32_t under_way = 0;
    if (core->leaving) {
        return;
    }
    if (core->is_leaf) {
        dial_uplink(core);
        return;
    }
    for (uint32_t i = 0; i < core->targets_count; i++) {
        under_way += core->targets[i].dialling ? 1 : 0;
    }
    for (uint32_t i = 0; i < core->targets_count; i++) {
        struct wtl__core_target *target = &core->targets[i];
        if (target->dialling) {
            uint64_t due_ms = target->dialled_ms + WTL__DIAL_TIMEOUT_MS;
            if (due_ms <= core->now_ms) {
                again(core, target, WTL_TIMEOUT);
            } else {
                wtl__core_wake(core, WTL__DUE_DIAL, due_ms);
            }
        } else if (is_linked(core, target) || has_left(core, target)) {
            continue; /* its end, or what is heard of it, makes it due */
        } else if (target->due_ms > core->now_ms) {
            wtl__core_wake(core, WTL__DUE_DIAL, target->due_ms);
        } else if (under_way < WTL__DIALS_MAX && !is_dialled(core, target)) {
            dial(core, target);
            under_way++;
            wtl__core_wake(core, WTL__DUE_DIAL, core->now_ms + WTL__DIAL_TIMEOUT_MS);
        } else {
            wtl__core_wake(core, WTL__DUE_DIAL, core->now_ms + WTL__REDIAL_MIN_MS);
        }
    }
}
