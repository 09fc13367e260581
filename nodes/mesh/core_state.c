/*
 * core_state.c - what a node makes of the word of a name's owner: STATE, and what it answers when
 * one of its own actors is said to have a name, or to have lost one.
 *
 * The replica takes over what is newer. Only the word of the owner in the same view, addressed to
 * the loser's node, makes that node let go of a name: on anything else it claims again.
 *
 * Thread: as the core. Owns: nothing.
 */
#include "mesh/core_private.h"

static void send_drop(struct wtl__core *core, const struct wtl__names_frame *state)
{
    struct wtl__names_frame drop = {.destination = state->source,
                                    .verb = WTL__NAMES_DROP,
                                    .pid = state->pid,
                                    .epoch = state->epoch};
    wtl__core_copy(drop.name, state->name);
    (void)wtl__core_names_send(core, &drop);
}

/* The owner has decided against one of ours. */
static void lose(struct wtl__core *core, const struct wtl__names_frame *frame)
{
    struct wtl__core_name *name = wtl__core_name_get(core, frame->name);
    if (name == NULL || !wtl_pid_equal(name->pid, frame->pid) ||
        !wtl__core_is_ours(core, frame->pid)) {
        return; /* it was told before */
    }
    if (frame->pid.node == core->config.node) {
        struct wtl__effect effect = {
            .kind = WTL__EFFECT_NAME_LOST, .pid = frame->pid, .name = name->name};
        wtl__core_push(core, &effect);
    } else {
        struct wtl__names_frame lost = *frame;
        lost.destination = frame->pid.node;
        (void)wtl__core_names_send(core, &lost);
    }
    wtl__core_name_bury(core, name, name->epoch);
    name->was = WTL_PID_NONE;
}

static bool is_newer(const struct wtl__core_name *name, const struct wtl__names_frame *frame,
                     bool by_owner)
{
    if (name != NULL && wtl_pid_is_none(name->pid) && by_owner && frame->request != name->birth) {
        return true; /* another registration than the one that was dropped */
    }
    if (name == NULL || frame->epoch != name->epoch) {
        return name == NULL || frame->epoch > name->epoch;
    }
    if (wtl_pid_is_none(name->pid)) {
        return true; /* of a node that was down for a while: it has its names again */
    }
    return frame->source < name->granter;
}

static bool is_same(const struct wtl__core_name *name, const struct wtl__names_frame *frame)
{
    return name != NULL && wtl_pid_equal(name->pid, frame->pid) && name->epoch == frame->epoch;
}

/* STATE for a pid that this node speaks for, and that has not got the name here. While it is asked
 * for, the answer to that will say so: whoever gives up asking has then not got it. True: that was
 * all. */
static bool state_of_ours(struct wtl__core *core, const struct wtl__core_name *name,
                          const struct wtl__names_frame *frame)
{
    bool held = name != NULL && wtl_pid_equal(name->pid, frame->pid);
    if (held || !wtl__core_is_ours(core, frame->pid)) {
        return false;
    }
    if (wtl__core_ask_of(core, frame->pid, frame->name) != NULL) {
        return true;
    }
    if (frame->pid.node == core->config.node) {
        send_drop(core, frame); /* that actor has gone, or has let go */
        return true;
    }
    return false;
}

/* A leaf that is linked here is told what it got: if its actor has gone meanwhile, it says so. */
static void ask_leaf(struct wtl__core *core, const struct wtl__names_frame *frame)
{
    const struct wtl__core_node *leaf = wtl__core_node_find(core, frame->pid.node);
    if (leaf != NULL && leaf->layer == WTL_LAYER_DEVICE && leaf->link != 0) {
        struct wtl__names_frame state = *frame;
        state.destination = leaf->id;
        (void)wtl__core_names_send(core, &state);
    }
}

void wtl__core_state(struct wtl__core *core, const struct wtl__names_frame *frame)
{
    struct wtl__core_name *name = wtl__core_name_get(core, frame->name);
    uint64_t owner = wtl__core_owner_in(&core->view, wtl__core_hash(frame->name, 0));
    bool by_owner = core->is_leaf || (frame->view == core->view.hash && owner == frame->source);
    if (frame->status == WTL_EXISTS) {
        if (by_owner) {
            lose(core, frame);
        }
        return;
    }
    bool stranger = !core->is_leaf && frame->view == core->view.hash && owner != frame->source;
    if (stranger || state_of_ours(core, name, frame) || core->is_leaf) {
        return;
    }
    bool ours = name != NULL && !wtl_pid_is_none(name->pid) && wtl__core_is_ours(core, name->pid) &&
                !wtl_pid_equal(name->pid, frame->pid);
    if (ours) {
        if (by_owner) {
            wtl__core_sync_claim(core, name, frame->source);
        }
        return;
    }
    if (wtl__core_is_over(core, frame->pid.node) && !wtl__core_is_meeting(core, frame->pid.node)) {
        return; /* the owner will see that as well */
    }
    struct wtl__core_node *source = wtl__core_node_find(core, frame->source);
    uint64_t mark = source == NULL || source->sync == NULL ? 0 : source->sync->mark;
    if (mark != 0) {
        source->sync->asked_ms = core->now_ms; /* it is under way */
    }
    /* while the owner sends all it has, because there was a difference, what it says is so */
    if (!is_same(name, frame) && (mark != 0 || is_newer(name, frame, by_owner))) {
        ask_leaf(core, frame);
        name = wtl__core_name_put(core, frame->name, frame->pid, frame->epoch, frame->request,
                                  frame->source);
        if (name != NULL && wtl_pid_is_none(frame->pid)) {
            name->dropped = frame->status != WTL_NO_CONNECTION;
        }
    }
    if (is_same(name, frame)) {
        name->mark = mark;
    }
}
