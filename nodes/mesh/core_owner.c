/*
 * core_owner.c - what the owner of a name does: gives it out, says who has it, takes it back,
 * decides clashes, and tells all core nodes (core_state.c is what they make of that).
 *
 * Each decision gets an epoch above all that this node has seen. A pid keeps the epoch at which it
 * got a name, its `birth`, through all later ones: when two live pids claim one name (after a
 * split, or because claims came late), the one with the lower (birth, node, local) keeps it. That
 * is the older one, and the same whoever decides and however often.
 *
 * Thread: as the core. Owns: registrations and lookups that wait for claims.
 */
#include "mesh/core_private.h"

#include <stdlib.h>

static void reply(struct wtl__core *core, const struct wtl__names_frame *to, enum wtl_status status,
                  struct wtl_pid pid, uint64_t epoch)
{
    struct wtl__names_frame result = {.destination = to->source,
                                      .verb = WTL__NAMES_RESULT,
                                      .request = to->request,
                                      .status = status,
                                      .pid = pid,
                                      .epoch = epoch};
    wtl__core_copy(result.name, to->name);
    (void)wtl__core_names_send(core, &result);
}

struct wtl__names_frame wtl__core_state_of(const struct wtl__core_name *name)
{
    struct wtl__names_frame state = {
        .verb = WTL__NAMES_STATE, .pid = name->pid, .epoch = name->epoch, .request = name->birth};
    bool unreached = wtl_pid_is_none(name->pid) && !name->dropped;
    state.status = unreached ? WTL_NO_CONNECTION : WTL_OK;
    wtl__core_copy(state.name, name->name);
    return state;
}

static void tell_all(struct wtl__core *core, const struct wtl__core_name *name)
{
    struct wtl__names_frame state = wtl__core_state_of(name);
    wtl__core_names_all(core, &state);
}

/* The core node that speaks for that pid; 0: none that is known. A leaf that comes up again, and is
 * told first that it was parted from this node, has its names. */
static uint64_t home_of(const struct wtl__core *core, struct wtl_pid pid)
{
    const struct wtl__core_node *node = wtl__core_node_find(core, pid.node);
    if (wtl__core_is_ours(core, pid)) {
        return core->config.node;
    }
    if (node == NULL || (node->state != WTL__NODE_UP && !wtl__core_is_meeting(core, node->id))) {
        return 0;
    }
    return node->layer == WTL_LAYER_DEVICE ? node->uplink : node->id;
}

/* ---- giving out ---------------------------------------------------------------------------- */

/* Until claims have come: what this node does not know by then, nobody has. */
static bool hold_back(struct wtl__core *core, const struct wtl__names_frame *frame, uint32_t max)
{
    for (uint32_t i = 0; i < core->held_count; i++) {
        if (core->held[i].source == frame->source && core->held[i].request == frame->request) {
            return true;
        }
    }
    if (core->held == NULL) {
        core->held = calloc(WTL__HELD_MAX, sizeof *core->held);
    }
    if (core->held == NULL || core->held_count >= max) {
        return false;
    }
    core->held[core->held_count++] = *frame;
    return true;
}

void wtl__core_owner_register(struct wtl__core *core, const struct wtl__names_frame *frame)
{
    uint64_t hash = wtl__core_hash(frame->name, 0);
    struct wtl__core_name *name = wtl__core_name_get(core, frame->name);
    if (frame->view != core->view.hash ||
        wtl__core_owner_in(&core->view, hash) != core->config.node) {
        reply(core, frame, WTL_WRONG_VIEW, WTL_PID_NONE, 0);
    } else if (home_of(core, frame->pid) != frame->source) {
        reply(core, frame, WTL_NOT_OWNER, WTL_PID_NONE, 0);
    } else if (!wtl__core_view_grants(core, hash)) {
        if (!hold_back(core, frame, WTL__HELD_MAX)) {
            reply(core, frame, WTL_FULL, WTL_PID_NONE, 0);
        }
    } else if (name != NULL && wtl_pid_equal(name->pid, frame->pid)) {
        reply(core, frame, WTL_OK, name->pid, name->epoch);
    } else if (name != NULL && !wtl_pid_is_none(name->pid)) {
        reply(core, frame, WTL_EXISTS, name->pid, name->epoch);
    } else {
        uint64_t epoch = wtl__core_epoch_next(core);
        name = wtl__core_name_put(core, frame->name, frame->pid, epoch, epoch, core->config.node);
        if (name == NULL) {
            reply(core, frame, WTL_FULL, WTL_PID_NONE, 0);
            return;
        }
        tell_all(core, name);
        reply(core, frame, WTL_OK, frame->pid, epoch);
    }
}

void wtl__core_owner_lookup(struct wtl__core *core, const struct wtl__names_frame *frame)
{
    uint64_t hash = wtl__core_hash(frame->name, 0);
    const struct wtl__core_name *name = wtl__core_name_get(core, frame->name);
    if (name != NULL && !wtl_pid_is_none(name->pid)) {
        reply(core, frame, WTL_OK, name->pid, name->epoch);
    } else if (frame->view != core->view.hash ||
               wtl__core_owner_in(&core->view, hash) != core->config.node) {
        reply(core, frame, WTL_WRONG_VIEW, WTL_PID_NONE, 0);
    } else if (wtl__core_view_grants(core, hash)) {
        reply(core, frame, WTL_NOT_FOUND, WTL_PID_NONE, 0);
    } else {
        /* registrations have half of the room for themselves; who asks asks again */
        (void)hold_back(core, frame, WTL__HELD_MAX / 2);
    }
}

void wtl__core_owner_release(struct wtl__core *core)
{
    struct wtl__names_frame *held = core->held;
    uint32_t count = core->held_count;
    core->held = NULL;
    core->held_count = 0;
    /* What a leaf has held for long it registers anew with a new uplink: who looks for it may have
     * come before that. */
    for (uint32_t i = 0; i < count; i++) {
        if (held[i].verb == WTL__NAMES_REGISTER) {
            wtl__core_owner_register(core, &held[i]);
        }
    }
    for (uint32_t i = 0; i < count; i++) {
        if (held[i].verb == WTL__NAMES_LOOKUP) {
            wtl__core_owner_lookup(core, &held[i]);
        }
    }
    free(held);
}

void wtl__core_owner_forget(struct wtl__core *core, struct wtl_pid pid)
{
    for (uint32_t i = core->held_count; i-- > 0;) {
        const struct wtl_pid *held = &core->held[i].pid;
        if (held->node == pid.node && (pid.local == 0 || held->local == pid.local)) {
            core->held[i] = core->held[--core->held_count];
        }
    }
}

/* ---- taking back --------------------------------------------------------------------------- */

void wtl__core_owner_drop(struct wtl__core *core, const struct wtl__names_frame *frame)
{
    struct wtl__core_name *name = wtl__core_name_get(core, frame->name);
    uint64_t home = home_of(core, frame->pid);
    for (uint32_t i = core->held_count; i-- > 0;) {
        if (wtl_pid_equal(core->held[i].pid, frame->pid) &&
            strcmp(core->held[i].name, frame->name) == 0 && home == frame->source) {
            core->held[i] = core->held[--core->held_count];
        }
    }
    if (name == NULL || !wtl_pid_equal(name->pid, frame->pid) || home != frame->source) {
        return;
    }
    name->granter = core->config.node;
    wtl__core_name_bury(core, name, wtl__core_epoch_next(core));
    tell_all(core, name);
}

/* ---- claims -------------------------------------------------------------------------------- */

static bool is_older(uint64_t birth_a, struct wtl_pid a, uint64_t birth_b, struct wtl_pid b)
{
    if (birth_a != birth_b) {
        return birth_a < birth_b;
    }
    return a.node != b.node ? a.node < b.node : a.local < b.local;
}

/* Tells the node of that pid that it has lost the name, and then who has it. */
static void tell_loser(struct wtl__core *core, const struct wtl__core_name *name,
                       struct wtl_pid loser, uint64_t home)
{
    struct wtl__names_frame lost = wtl__core_state_of(name);
    struct wtl__names_frame now = lost;
    lost.destination = now.destination = home;
    lost.status = WTL_EXISTS;
    lost.pid = loser;
    if (home != 0) {
        (void)wtl__core_names_send(core, &lost);
    }
    if (home != 0 && home != core->config.node) {
        (void)wtl__core_names_send(core, &now);
    }
}

/* Two live pids: `frame` claims what `name` has already. */
static void decide_clash(struct wtl__core *core, struct wtl__core_name *name,
                         const struct wtl__names_frame *frame)
{
    struct wtl_pid loser = frame->pid;
    bool first = frame->epoch >= name->epoch;
    if (is_older(frame->request, frame->pid, name->birth, name->pid)) {
        loser = name->pid;
        first = true;
    }
    uint64_t home = home_of(core, loser);
    if (first && wtl_pid_equal(loser, name->pid)) {
        if (home == core->config.node) {
            /* ours: what is said to others, it is told before its entry changes */
            struct wtl__names_frame lost = wtl__core_state_of(name);
            lost.destination = lost.source = home;
            lost.view = core->view.hash;
            lost.status = WTL_EXISTS;
            wtl__core_state(core, &lost);
        }
        wtl__core_epoch_seen(core, frame->epoch);
        name = wtl__core_name_put(core, frame->name, frame->pid, wtl__core_epoch_next(core),
                                  frame->request, core->config.node);
        if (name == NULL) {
            return;
        }
    } else if (first) {
        wtl__core_epoch_seen(core, frame->epoch);
        name->epoch = wtl__core_epoch_next(core);
        name->granter = core->config.node;
    }
    if (home != core->config.node) {
        tell_loser(core, name, loser, home);
    }
    if (first) {
        tell_all(core, name);
    }
}

/* A claim of what is buried in a higher epoch. Dropped was that very registration: it stays so.
 * Dropped was another one, on the other side of a split, or nobody has dropped it and its node was
 * away: this one lives on. */
static void claim_buried(struct wtl__core *core, const struct wtl__core_name *buried,
                         const struct wtl__names_frame *frame)
{
    if (buried->dropped && buried->birth == frame->request) {
        tell_loser(core, buried, frame->pid, frame->source);
        return;
    }
    const struct wtl__core_name *name =
        wtl__core_name_put(core, frame->name, frame->pid, wtl__core_epoch_next(core),
                           frame->request, core->config.node);
    if (name != NULL) {
        tell_all(core, name);
    }
}

/* It was not taken: the answer to CLAIMED is that all has to come again. */
static void miss(struct wtl__core *core, const struct wtl__names_frame *claim)
{
    struct wtl__core_node *source = wtl__core_node_find(core, claim->source);
    if (source != NULL) {
        source->missed = claim->view;
    }
}

void wtl__core_owner_claim(struct wtl__core *core, const struct wtl__names_frame *frame)
{
    struct wtl__core_name *name = wtl__core_name_get(core, frame->name);
    if (frame->view != core->view.hash) {
        miss(core, frame);
        return;
    }
    if (wtl__core_owner_in(&core->view, wtl__core_hash(frame->name, 0)) != core->config.node) {
        return;
    }
    if (home_of(core, frame->pid) != frame->source) {
        /* the record of a leaf may be slower than what is claimed for it, when both come over other
         * nodes; one that does not come until this view is settled is not waited for */
        if (!core->settled) {
            miss(core, frame);
        }
        return;
    }
    if (name != NULL && wtl_pid_is_none(name->pid) && name->epoch > frame->epoch) {
        claim_buried(core, name, frame);
        return;
    }
    bool held =
        name != NULL && !wtl_pid_is_none(name->pid) && !wtl_pid_equal(name->pid, frame->pid);
    if (held && home_of(core, name->pid) != 0) {
        decide_clash(core, name, frame);
        return;
    }
    uint64_t epoch = frame->epoch;
    if (name != NULL && wtl_pid_equal(name->pid, frame->pid) && name->epoch > epoch) {
        epoch = name->epoch;
    }
    (void)wtl__core_name_put(core, frame->name, frame->pid, epoch, frame->request,
                             core->config.node);
}
