/*
 * core_names_frame.c - NAMES frames: who may send which, relay, and who handles it.
 *
 * What a frame claims is checked against the link that it came on. A frame of a core node that came
 * over another one is dropped when it makes no sense, instead of closing the link of the relay, who
 * is not to blame. A source that is not known yet may be known in a moment: that is no forgery.
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

static void on_lookup(struct wtl__core *core, const struct wtl__names_frame *frame)
{
    if (frame->name[0] != '\0') {
        wtl__core_ask_lookup(core, frame);
    } else if (frame->status == WTL_MORE) {
        wtl__core_sync_asked(core, frame);
    } else if (frame->status == WTL_SHUTDOWN) {
        wtl__core_farewell(core, frame);
    } else if (frame->pid.node != 0) {
        wtl__core_roster_tell(core, frame->source, frame->pid.node);
    } else {
        answer_probe(core, frame);
    }
}

static void on_result(struct wtl__core *core, const struct wtl__names_frame *frame)
{
    if (frame->name[0] != '\0') {
        wtl__core_ask_result(core, frame);
    } else if (frame->status == WTL_NO_CONNECTION) {
        wtl__core_parted_heard(core, frame);
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
        on_lookup(core, frame);
        return;
    case WTL__NAMES_RESULT:
        on_result(core, frame);
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
    bool parted = frame->verb == WTL__NAMES_RESULT && frame->name[0] == '\0' &&
                  frame->status == WTL_NO_CONNECTION;
    return probe || parted || (uplink != NULL && frame->source == uplink->node);
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
        on_lookup(core, frame);
        return;
    default:
        return;
    }
}

/* ---- receiving ----------------------------------------------------------------------------- */

/* Is every field one that some node might send? */
static bool is_sound(const struct wtl__core *core, const struct wtl__names_frame *frame)
{
    bool named = frame->verb == WTL__NAMES_REGISTER || frame->verb == WTL__NAMES_DROP ||
                 frame->verb == WTL__NAMES_STATE || frame->verb == WTL__NAMES_CLAIM;
    bool with_pid = named && frame->verb != WTL__NAMES_STATE;
    bool half = (frame->pid.node == 0) != (frame->pid.local == 0);
    return frame->hops_left <= WTL__HOPS_MAX && frame->hops_left > 0 && frame->destination != 0 &&
           (frame->name[0] != '\0' || !named) &&
           (frame->name[0] == '\0' || wtl_name_is_valid(frame->name, strlen(frame->name))) &&
           !(with_pid && (frame->pid.node == 0 || half)) &&
           !(frame->verb == WTL__NAMES_STATE && half) &&
           (frame->verb != WTL__NAMES_STATE || wtl__core_epoch_is_sound(core, frame->epoch)) &&
           (frame->verb != WTL__NAMES_RESULT || frame->name[0] == '\0' || core->is_leaf ||
            wtl__core_epoch_is_sound(core, frame->epoch)) &&
           (frame->verb != WTL__NAMES_CLAIM ||
            (wtl__core_epoch_is_sound(core, frame->epoch) && frame->request <= frame->epoch));
}

/* What a leaf may send: about its own actors to its uplink, and signs of life to anybody. */
static enum wtl_status judge_leaf(const struct wtl__core *core, const struct wtl__core_link *link,
                                  const struct wtl__names_frame *frame)
{
    if (frame->source != link->node) {
        return WTL_FORGED;
    }
    switch (frame->verb) {
    case WTL__NAMES_RESULT: /* of a name, or of claims, it has nothing to say */
        return frame->name[0] == '\0' && frame->epoch == 0 ? WTL_OK : WTL_DENIED;
    case WTL__NAMES_LOOKUP: /* its own goodbye it says on its link, others' are not its business */
        return frame->destination == core->config.node && frame->status != WTL_SHUTDOWN
                   ? WTL_OK
                   : WTL_DENIED;
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
    /* a sign of life may be overtaken by the leaf, which has come here meanwhile */
    return node != NULL && node->layer == WTL_LAYER_DEVICE && node->link != 0 &&
           frame->verb != WTL__NAMES_RESULT;
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
    /* A leaf has nothing to say but to its uplink, and only signs of life to others. */
    const struct wtl__core_node *source = wtl__core_node_find(core, frame.source);
    if (source != NULL && source->layer == WTL_LAYER_DEVICE && frame.source != link->node &&
        frame.verb != WTL__NAMES_RESULT) {
        return WTL_DENIED;
    }
    deliver(core, &frame);
    return WTL_OK;
}
