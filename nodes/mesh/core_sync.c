/*
 * core_sync.c - how the tables of all core nodes come to be the same.
 *
 * After a change of view each node sends its claims to the names' owners, and CLAIMED when it has
 * sent all; the owner answers that, with WRONG_VIEW while it sees another one, or did when some of
 * them came, and it is done again. Each owner then, and every WTL__DIGEST_MS, sends a digest of the
 * names it owns. Who has something else asks for all of them (LOOKUP, status MORE), takes them
 * over, and when the stream has ended (CLAIMED, status STOP) claims again what is its own and
 * forgets what the owner has not got.
 *
 * All of it goes out in small portions, because the control lane's queue is bounded. Tables are
 * walked from the end: a removal moves the last entry into the gap, which is behind the walk.
 *
 * Thread: as the core. Owns: nothing.
 */
#include "mesh/core_private.h"

/* ---- claims -------------------------------------------------------------------------------- */

void wtl__core_sync_begin(struct wtl__core *core)
{
    for (uint32_t i = 0; i < core->cores_count; i++) {
        struct wtl__core_node *node = core->cores[i];
        struct wtl__core_sync *sync = node->sync;
        if (node->state != WTL__NODE_UP) {
            continue;
        }
        /* What it owned before, and has acknowledged, it has. */
        bool all = sync->claims != WTL__CLAIMS_DONE;
        *sync = (struct wtl__core_sync){.claims = WTL__CLAIMS_SENDING,
                                        .all = all,
                                        .claims_at = core->names_count,
                                        .due_ms = core->now_ms};
    }
    wtl__core_wake(core, WTL__DUE_SYNC, core->now_ms);
}

void wtl__core_sync_settled(struct wtl__core *core)
{
    for (uint32_t i = 0; i < core->cores_count; i++) {
        struct wtl__core_sync *sync = core->cores[i]->sync;
        sync->all |= sync->claims == WTL__CLAIMS_SENDING;
    }
}

void wtl__core_sync_claim(struct wtl__core *core, const struct wtl__core_name *name, uint64_t owner)
{
    struct wtl__names_frame claim = {.destination = owner,
                                     .verb = WTL__NAMES_CLAIM,
                                     .pid = name->pid,
                                     .epoch = name->epoch,
                                     .request = name->birth};
    wtl__core_copy(claim.name, name->name);
    (void)wtl__core_names_send(core, &claim);
}

#define FRAME_ABOUT 128u /* bytes of one NAMES frame, for pacing */

/* Have the records of leaves gone out on the way to that node? Whose record it has not, for him it
 * takes no claim. Behind another node it may be without one even so: then it wants the claims again
 * (core_owner.c). */
static bool knows_leaves(const struct wtl__core *core, const struct wtl__core_node *node)
{
    const struct wtl__core_link *link = wtl__core_link_find(core, wtl__core_node_link(core, node));
    return link == NULL || (link->greeted && link->attach_at == 0);
}

/* A leaf that goes on without a record, because its last one has expired, has no home for others:
 * they would wait for one. */
static bool may_claim(const struct wtl__core *core, struct wtl_pid pid)
{
    const struct wtl__core_node *leaf = wtl__core_node_find(core, pid.node);
    return pid.node == core->config.node || (leaf != NULL && leaf->uplink == core->config.node);
}

static void send_claims(struct wtl__core *core, struct wtl__core_node *node)
{
    struct wtl__core_sync *sync = node->sync;
    if (!knows_leaves(core, node)) {
        sync->due_ms = core->now_ms + WTL__SYNC_MS;
        return;
    }
    uint32_t room = WTL__SYNC_BYTES / FRAME_ABOUT;
    sync->claims_at = sync->claims_at > core->names_count ? core->names_count : sync->claims_at;
    while (sync->claims_at > 0 && room > 0) {
        struct wtl__core_name *name = core->names[--sync->claims_at];
        if (wtl_pid_is_none(name->pid) || !may_claim(core, name->pid) ||
            wtl__core_owner(core, name) != node->id ||
            (!sync->all && wtl__core_owner_in(&core->before, name->hash) == node->id)) {
            continue;
        }
        wtl__core_sync_claim(core, name, node->id);
        room--;
    }
    if (sync->claims_at > 0) {
        sync->due_ms = core->now_ms + WTL__SYNC_MS;
        return;
    }
    struct wtl__names_frame claimed = {
        .destination = node->id, .verb = WTL__NAMES_CLAIMED, .epoch = core->epoch};
    (void)wtl__core_names_send(core, &claimed);
    sync->claims = WTL__CLAIMS_SENT;
    sync->claims_due_ms = core->now_ms + WTL__CLAIMS_RETRY_MS;
}

void wtl__core_sync_answered(struct wtl__core *core, const struct wtl__names_frame *frame)
{
    struct wtl__core_node *node = wtl__core_node_find(core, frame->source);
    if (node == NULL || node->sync == NULL || node->sync->claims != WTL__CLAIMS_SENT ||
        frame->request != core->view.hash) {
        return;
    }
    if (frame->status == WTL_OK) {
        node->sync->claims = WTL__CLAIMS_DONE;
    } else {
        node->sync->claims_due_ms = core->now_ms + WTL__CLAIMS_SOON_MS;
        wtl__core_wake(core, WTL__DUE_SYNC, node->sync->claims_due_ms);
    }
}

/* ---- digests ------------------------------------------------------------------------------- */

struct digest {
    uint64_t sum;
    uint64_t count;
};

static struct digest digest_of(struct wtl__core *core, uint64_t owner)
{
    struct digest digest = {0};
    for (uint32_t i = 0; i < core->names_count; i++) {
        struct wtl__core_name *name = core->names[i];
        if (wtl_pid_is_none(name->pid) || wtl__core_owner(core, name) != owner) {
            continue;
        }
        uint64_t part = wtl__core_mix(name->hash ^ wtl__core_mix(name->epoch));
        part = wtl__core_mix(part ^ name->pid.node);
        digest.sum += wtl__core_mix(part ^ name->pid.local);
        digest.count++;
    }
    return digest;
}

void wtl__core_sync_digests(struct wtl__core *core)
{
    struct digest digest = digest_of(core, core->config.node);
    struct wtl__names_frame frame = {.verb = WTL__NAMES_CLAIMED,
                                     .status = WTL_MORE,
                                     .request = digest.count,
                                     .epoch = digest.sum};
    wtl__core_names_all(core, &frame);
}

static void on_digest(struct wtl__core *core, struct wtl__core_node *node,
                      const struct wtl__names_frame *frame)
{
    struct wtl__core_sync *sync = node->sync;
    struct digest digest = digest_of(core, node->id);
    bool asked = sync->asked_ms != 0 && core->now_ms - sync->asked_ms < WTL__RESYNC_MS;
    if (frame->view != core->view.hash || asked ||
        (digest.sum == frame->epoch && digest.count == frame->request)) {
        return;
    }
    struct wtl__names_frame ask = {.destination = node->id,
                                   .verb = WTL__NAMES_LOOKUP,
                                   .status = WTL_MORE,
                                   .request = ++core->serial};
    sync->mark = ask.request;
    sync->asked_ms = core->now_ms == 0 ? 1 : core->now_ms;
    (void)wtl__core_names_send(core, &ask);
}

/* A leaf with a new uplink wants to hear what is said to be its own. At most
 * WTL__LEAF_NAMES_MAX names: they fit the control lane's queue. */
static void tell_leaf(struct wtl__core *core, const struct wtl__core_node *leaf)
{
    struct wtl__core_holder *holder = wtl__map_get(&core->holders, leaf->id, 0);
    if (holder == NULL) {
        return;
    }
    WTL_LIST_EACH (link, &holder->names) {
        const struct wtl__core_name *name = WTL_LIST_ITEM(link, struct wtl__core_name, by_node);
        struct wtl__names_frame state = wtl__core_state_of(name);
        state.destination = leaf->id;
        (void)wtl__core_names_send(core, &state);
    }
}

void wtl__core_sync_asked(struct wtl__core *core, const struct wtl__names_frame *frame)
{
    struct wtl__core_node *node = wtl__core_node_find(core, frame->source);
    if (node != NULL && node->layer == WTL_LAYER_DEVICE && !core->is_leaf) {
        tell_leaf(core, node);
        return;
    }
    if (node == NULL || node->sync == NULL || frame->view != core->view.hash) {
        return;
    }
    node->sync->streaming = true;
    node->sync->stream_at = core->names_count;
    node->sync->stream_mark = frame->request;
    node->sync->due_ms = core->now_ms;
    wtl__core_wake(core, WTL__DUE_SYNC, core->now_ms);
}

static void send_stream(struct wtl__core *core, struct wtl__core_node *node)
{
    struct wtl__core_sync *sync = node->sync;
    uint32_t room = WTL__SYNC_BYTES / FRAME_ABOUT;
    sync->stream_at = sync->stream_at > core->names_count ? core->names_count : sync->stream_at;
    while (sync->stream_at > 0 && room > 0) {
        struct wtl__core_name *name = core->names[--sync->stream_at];
        if (wtl__core_owner(core, name) != core->config.node) {
            continue;
        }
        struct wtl__names_frame state = wtl__core_state_of(name);
        state.destination = node->id;
        (void)wtl__core_names_send(core, &state);
        room--;
    }
    if (sync->stream_at > 0) {
        sync->due_ms = core->now_ms + WTL__SYNC_MS;
        return;
    }
    struct wtl__names_frame end = {.destination = node->id,
                                   .verb = WTL__NAMES_CLAIMED,
                                   .status = WTL_STOP,
                                   .request = sync->stream_mark};
    (void)wtl__core_names_send(core, &end);
    sync->streaming = false;
}

/* The owner has sent all it has: what it has not sent, it has not got. */
static void on_stream_end(struct wtl__core *core, struct wtl__core_node *node,
                          const struct wtl__names_frame *frame)
{
    uint64_t mark = frame->request;
    if (mark == 0 || node->sync->mark != mark || frame->view != core->view.hash) {
        return;
    }
    node->sync->mark = 0;
    for (uint32_t i = core->names_count; i-- > 0;) {
        struct wtl__core_name *name = core->names[i];
        if (wtl_pid_is_none(name->pid) || name->mark == mark ||
            wtl__core_owner(core, name) != node->id) {
            continue;
        }
        if (wtl__core_is_ours(core, name->pid)) {
            wtl__core_sync_claim(core, name, node->id);
        } else {
            wtl__core_name_remove(core, name);
        }
    }
}

void wtl__core_sync_claimed(struct wtl__core *core, const struct wtl__names_frame *frame)
{
    struct wtl__core_node *node = wtl__core_node_find(core, frame->source);
    if (node == NULL || node->sync == NULL || node->state != WTL__NODE_UP) {
        return;
    }
    if (frame->status == WTL_MORE) {
        on_digest(core, node, frame);
        return;
    }
    if (frame->status == WTL_STOP) {
        on_stream_end(core, node, frame);
        return;
    }
    if (wtl__core_epoch_is_sound(core, frame->epoch)) {
        wtl__core_epoch_seen(core, frame->epoch); /* what is given out here comes after all that */
    }
    bool same = frame->view == core->view.hash && node->missed != frame->view;
    node->missed = 0;
    struct wtl__names_frame answer = {.destination = node->id,
                                      .verb = WTL__NAMES_RESULT,
                                      .status = same ? WTL_OK : WTL_WRONG_VIEW,
                                      .request = frame->view,
                                      .epoch = 1};
    (void)wtl__core_names_send(core, &answer);
    if (same) {
        node->claimed = frame->view;
        wtl__core_view_check(core);
    }
}

/* ---- time ---------------------------------------------------------------------------------- */

static void work_for(struct wtl__core *core, struct wtl__core_node *node)
{
    struct wtl__core_sync *sync = node->sync;
    if (sync->claims == WTL__CLAIMS_SENT && sync->claims_due_ms <= core->now_ms) {
        sync->claims = WTL__CLAIMS_SENDING;
        sync->all = true;
        sync->claims_at = core->names_count;
    }
    if (sync->due_ms <= core->now_ms && sync->claims == WTL__CLAIMS_SENDING) {
        send_claims(core, node);
    } else if (sync->due_ms <= core->now_ms && sync->streaming) {
        send_stream(core, node);
    }
    if (sync->claims == WTL__CLAIMS_SENDING || sync->streaming) {
        wtl__core_wake(core, WTL__DUE_SYNC, sync->due_ms);
    }
    if (sync->claims == WTL__CLAIMS_SENT) {
        wtl__core_wake(core, WTL__DUE_SYNC, sync->claims_due_ms);
    }
}

void wtl__core_sync_tick(struct wtl__core *core)
{
    for (uint32_t i = core->links_count; i-- > 0;) {
        struct wtl__core_link *link = i < core->links_count ? core->links[i] : NULL;
        if (link != NULL && link->state == WTL__LINK_ON && link->greeted && link->attach_at > 0 &&
            wtl__core_attach_sync(core, link)) {
            wtl__core_wake(core, WTL__DUE_SYNC, core->now_ms + WTL__SYNC_MS);
        }
    }
    for (uint32_t i = 0; i < core->cores_count; i++) {
        if (core->cores[i]->state == WTL__NODE_UP) {
            work_for(core, core->cores[i]);
        }
    }
}
