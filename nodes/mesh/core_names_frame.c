/*
 * core_names_frame.c - NAMES frames: who may send which, relay, and who handles it.
 *
 * What a frame claims is checked against the link that it came on; docs/PROTOCOL.md, 5, has the
 * table of who may say which verb about whom. A frame of a core node that came over another one is
 * dropped when it makes no sense, instead of closing the link of the relay, who is not to blame. A
 * source that is not known yet may be known in a moment: that is no forgery.
 *
 * Thread: as the core. Owns: nothing.
 */
#include "mesh/core_private.h"

static void deliver(struct wtl__core *core, const struct wtl__names_frame *frame);

/* ---- sending ------------------------------------------------------------------------------- */

bool wtl__core_names_send(struct wtl__core *core, struct wtl__names_frame *frame)
{
    uint8_t out[512];
    frame->source = core->config.node;
    frame->hops_left = WTL__HOPS_MAX;
    frame->view = core->view.hash;
    if (frame->destination == core->config.node) {
        deliver(core, frame);
        return true;
    }
    uint32_t link = wtl__core_route(core, frame->destination);
    if (link == 0) {
        return false;
    }
    wtl__core_send(core, link, out, wtl__put_names(out, sizeof out, frame));
    return true;
}

void wtl__core_names_all(struct wtl__core *core, struct wtl__names_frame *frame)
{
    for (uint32_t i = 0; i < core->cores_count; i++) {
        if (core->cores[i]->state == WTL__NODE_UP) {
            frame->destination = core->cores[i]->id;
            (void)wtl__core_names_send(core, frame);
        }
    }
}

/* ---- handling ------------------------------------------------------------------------------ */

static void answer_probe(struct wtl__core *core, const struct wtl__names_frame *frame)
{
    struct wtl__names_frame answer = {
        .destination = frame->source, .verb = WTL__NAMES_RESULT, .request = frame->request};
    (void)wtl__core_names_send(core, &answer);
}

static void on_lookup(struct wtl__core *core, const struct wtl__names_frame *frame, bool of_leaf)
{
    if (frame->name[0] != '\0' && of_leaf) {
        wtl__core_ask_lookup(core, frame);
    } else if (frame->name[0] != '\0') {
        wtl__core_owner_lookup(core, frame);
    } else if (frame->status == WTL_MORE) {
        wtl__core_sync_asked(core, frame);
    } else if (frame->pid.node != 0) {
        wtl__core_roster_tell(core, frame->source, frame->pid.node);
    } else {
        answer_probe(core, frame);
    }
}

static void on_result(struct wtl__core *core, const struct wtl__names_frame *frame)
{
    if (frame->name[0] != '\0') {
        if (!wtl__core_lookup_result(core, frame)) {
            wtl__core_ask_result(core, frame);
        }
    } else if (frame->epoch != 0) {
        wtl__core_sync_answered(core, frame);
    } else {
        wtl__core_probe_answered(core, frame->source, frame->request);
    }
}

/* From a leaf that is attached here, or on a leaf, from its uplink. */
static void deliver_leaf(struct wtl__core *core, const struct wtl__names_frame *frame)
{
    switch (frame->verb) {
    case WTL__NAMES_REGISTER:
    case WTL__NAMES_DROP:
        wtl__core_ask_from_leaf(core, frame);
        return;
    case WTL__NAMES_STATE:
        wtl__core_state(core, frame);
        return;
    case WTL__NAMES_LOOKUP:
        on_lookup(core, frame, true);
        return;
    case WTL__NAMES_RESULT:
        on_result(core, frame);
        return;
    case WTL__NAMES_FAREWELL:
        wtl__core_farewell(core, frame);
        return;
    case WTL__NAMES_PARTED:
        wtl__core_parted_heard(core, frame);
        return;
    default:
        return;
    }
}

/* A leaf's uplink alone speaks of names with it; anybody may ask it for a sign of life, or say that
 * the two were parted. */
static bool leaf_heeds(const struct wtl__core *core, const struct wtl__names_frame *frame)
{
    const struct wtl__core_link *uplink = wtl__core_link_find(core, core->uplink);
    bool probe = frame->verb == WTL__NAMES_LOOKUP && frame->name[0] == '\0' &&
                 frame->status == WTL_OK && frame->pid.node == 0;
    return probe || frame->verb == WTL__NAMES_PARTED ||
           (uplink != NULL && frame->source == uplink->node);
}

static void deliver(struct wtl__core *core, const struct wtl__names_frame *frame)
{
    const struct wtl__core_node *source = wtl__core_node_find(core, frame->source);
    bool of_leaf = source != NULL && source->layer == WTL_LAYER_DEVICE;
    if (core->is_leaf ? leaf_heeds(core, frame) : of_leaf) {
        deliver_leaf(core, frame);
        return;
    }
    if (core->is_leaf) {
        return;
    }
    switch (frame->verb) {
    case WTL__NAMES_REGISTER:
        wtl__core_owner_register(core, frame);
        return;
    case WTL__NAMES_DROP:
        wtl__core_owner_drop(core, frame);
        return;
    case WTL__NAMES_RESULT:
        on_result(core, frame);
        return;
    case WTL__NAMES_STATE:
        wtl__core_state(core, frame);
        return;
    case WTL__NAMES_CLAIM:
        wtl__core_owner_claim(core, frame);
        return;
    case WTL__NAMES_CLAIMED:
        wtl__core_sync_claimed(core, frame);
        return;
    case WTL__NAMES_LOOKUP:
        on_lookup(core, frame, false);
        return;
    case WTL__NAMES_FAREWELL:
        wtl__core_farewell(core, frame);
        return;
    case WTL__NAMES_PARTED:
        wtl__core_parted_heard(core, frame);
        return;
    default:
        return;
    }
}

/* ---- receiving ----------------------------------------------------------------------------- */

/* Does the frame name a name and an actor, as its verb has it? */
static bool is_complete(const struct wtl__names_frame *frame)
{
    bool named = frame->name[0] != '\0';
    bool nobody = wtl_pid_is_none(frame->pid);
    bool actor = frame->pid.node != 0 && frame->pid.local != 0;
    switch (frame->verb) {
    case WTL__NAMES_REGISTER:
    case WTL__NAMES_DROP:
    case WTL__NAMES_CLAIM:
        return named && actor;
    case WTL__NAMES_STATE:
        return named && (actor || nobody);
    case WTL__NAMES_RESULT:
        return nobody || (named && actor);
    case WTL__NAMES_FAREWELL:
        return !named && frame->pid.node != 0 && frame->pid.local == 0;
    case WTL__NAMES_PARTED:
        return !named && nobody;
    default: /* with and without */
        return true;
    }
}

/* Are epochs and counts such that some node might have come to them? */
static bool is_credible(const struct wtl__core *core, const struct wtl__names_frame *frame)
{
    switch (frame->verb) {
    case WTL__NAMES_STATE:
        return wtl__core_epoch_is_sound(core, frame->epoch);
    case WTL__NAMES_CLAIM:
        return wtl__core_epoch_is_sound(core, frame->epoch) && frame->request <= frame->epoch;
    case WTL__NAMES_RESULT:
        return frame->name[0] == '\0' || core->is_leaf ||
               wtl__core_epoch_is_sound(core, frame->epoch);
    case WTL__NAMES_PARTED:
        return frame->request <= WTL__PARTED_MAX;
    default:
        return true;
    }
}

/* Is every field one that some node might send? */
static bool is_sound(const struct wtl__core *core, const struct wtl__names_frame *frame)
{
    return frame->hops_left <= WTL__HOPS_MAX && frame->hops_left > 0 && frame->destination != 0 &&
           (frame->name[0] == '\0' || wtl_name_is_valid(frame->name, strlen(frame->name))) &&
           is_complete(frame) && is_credible(core, frame);
}

/* What a leaf may say to anybody: that it lives, and that the two were parted. */
static bool is_of_oneself(const struct wtl__names_frame *frame)
{
    bool alive = frame->verb == WTL__NAMES_RESULT && frame->name[0] == '\0' && frame->epoch == 0;
    return alive || frame->verb == WTL__NAMES_PARTED;
}

/* What a leaf may send: about its own actors to its uplink, and of itself to anybody. It says its
 * goodbye on its link, and others' goodbyes are not its business. */
static enum wtl_status judge_leaf(const struct wtl__core *core, const struct wtl__core_link *link,
                                  const struct wtl__names_frame *frame)
{
    if (frame->source != link->node) {
        return WTL_FORGED;
    }
    switch (frame->verb) {
    case WTL__NAMES_RESULT: /* of a name, or of claims, it has nothing to say */
    case WTL__NAMES_PARTED:
        return is_of_oneself(frame) ? WTL_OK : WTL_DENIED;
    case WTL__NAMES_LOOKUP:
    case WTL__NAMES_REGISTER:
        return frame->destination == core->config.node ? WTL_OK : WTL_DENIED;
    case WTL__NAMES_DROP:
        return frame->destination != core->config.node ? WTL_DENIED
               : frame->pid.node != link->node         ? WTL_FORGED
                                                       : WTL_OK;
    default:
        return WTL_DENIED;
    }
}

/* Nobody else may speak for a leaf that is linked here, nor tell this node what it says itself. A
 * frame of this node's own that is for another one has gone round, while routes change. */
static bool is_forged(const struct wtl__core *core, const struct wtl__names_frame *frame)
{
    const struct wtl__core_node *node = wtl__core_node_find(core, frame->source);
    if (frame->source == core->config.node) {
        return frame->destination == core->config.node;
    }
    /* what it says of itself may be overtaken by the leaf, which has come here meanwhile */
    return node != NULL && node->layer == WTL_LAYER_DEVICE && node->link != 0 &&
           !is_of_oneself(frame);
}

static void relay(struct wtl__core *core, const struct wtl__core_link *from,
                  struct wtl__names_frame *frame)
{
    uint8_t out[512];
    uint32_t link = wtl__core_route(core, frame->destination);
    if (link == 0 || link == from->number || frame->hops_left <= 1) {
        return; /* who asked asks again */
    }
    frame->hops_left--;
    wtl__core_send(core, link, out, wtl__put_names(out, sizeof out, frame));
}

enum wtl_status wtl__core_names_frame(struct wtl__core *core, struct wtl__core_link *link,
                                      const struct wtl__frame *in)
{
    struct wtl__names_frame frame;
    if (wtl__get_names(in, &frame) != WTL_OK || !is_sound(core, &frame)) {
        return WTL_PROTOCOL;
    }
    if (link->layer == WTL_LAYER_DEVICE) {
        enum wtl_status status = judge_leaf(core, link, &frame);
        if (status != WTL_OK) {
            return status;
        }
    } else if (!wtl__core_may_speak(core, link->number, frame.source)) {
        return is_forged(core, &frame) ? WTL_FORGED : WTL_OK;
    }
    if (frame.destination != core->config.node) {
        if (core->is_leaf) {
            return WTL_PROTOCOL;
        }
        relay(core, link, &frame);
        return WTL_OK;
    }
    /* Over others a leaf has nothing to say but of itself. */
    const struct wtl__core_node *source = wtl__core_node_find(core, frame.source);
    if (source != NULL && source->layer == WTL_LAYER_DEVICE && frame.source != link->node &&
        !is_of_oneself(&frame)) {
        return WTL_DENIED;
    }
    deliver(core, &frame);
    return WTL_OK;
}
