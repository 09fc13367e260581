/*
 * core_asks.c - what actors of this node, and leaves that are attached to it, want of names: each
 * question has a deadline, is asked again while it has no answer, and is answered once.
 *
 * A core node asks the owner of the name, in the view of the moment, and where a name is together
 * with all who want to know that (core_lookup.c). A leaf asks its uplink, which asks for it under a
 * number of its own.
 *
 * Thread: as the core. Owns: the questions.
 */
#include "mesh/core_private.h"

#include <stdlib.h>

#include "base/attr.h"

/* A place in the table; its bound is the caller's. */
static struct wtl__core_ask *make(struct wtl__core *core, enum wtl__ask_kind kind,
                                  struct wtl_pid pid, uint64_t request, uint64_t leaf,
                                  const char *name)
{
    struct wtl__core_ask *ask = calloc(1, sizeof *ask);
    uint64_t serial = ++core->serial;
    if (ask == NULL || wtl__map_put(&core->asks_map, 0, serial, ask) != WTL_OK) {
        free(ask);
        return NULL;
    }
    *ask = (struct wtl__core_ask){.serial = serial,
                                  .index = core->asks_count,
                                  .kind = (uint8_t)kind,
                                  .pid = pid,
                                  .request = request,
                                  .leaf = leaf,
                                  .deadline_ms = core->now_ms + WTL__ASK_MS,
                                  .retry_ms = core->now_ms};
    wtl__core_copy(ask->name, name);
    core->asks[core->asks_count++] = ask;
    return ask;
}

struct wtl__core_ask *wtl__core_ask_new(struct wtl__core *core, enum wtl__ask_kind kind,
                                        struct wtl_pid pid, uint64_t request, uint64_t leaf,
                                        const char *name)
{
    /* registrations have half of the places for themselves */
    uint32_t max = kind == WTL__ASK_REGISTER ? WTL__ASKS_MAX : WTL__LOOKUPS_MAX;
    bool full = core->asks_count - core->asks_quiet >= max;
    return full ? NULL : make(core, kind, pid, request, leaf, name);
}

/* What a leaf holds has places of its own, so that questions which wait for an uplink do not keep
 * it from being registered there. */
void wtl__core_ask_renew(struct wtl__core *core, struct wtl_pid pid, const char *name)
{
    bool full = core->asks_quiet >= WTL__LEAF_NAMES_MAX;
    struct wtl__core_ask *ask = full ? NULL : make(core, WTL__ASK_REGISTER, pid, 0, 0, name);
    if (ask != NULL) {
        ask->quiet = true;
        core->asks_quiet++;
    }
}

void wtl__core_ask_free(struct wtl__core *core, struct wtl__core_ask *ask)
{
    (void)wtl__map_remove(&core->asks_map, 0, ask->serial);
    core->asks_quiet -= ask->quiet ? 1 : 0;
    wtl__core_lookup_leave(core, ask);
    struct wtl__core_ask *last = core->asks[--core->asks_count];
    core->asks[ask->index] = last;
    last->index = ask->index;
    free(ask);
}

/* The ask may be answered, and gone, when this returns. */
void wtl__core_ask_send(struct wtl__core *core, struct wtl__core_ask *ask)
{
    struct wtl__names_frame frame = {.verb = ask->kind == WTL__ASK_REGISTER ? WTL__NAMES_REGISTER
                                                                            : WTL__NAMES_LOOKUP,
                                     .request = ask->serial,
                                     .epoch = ask->quiet ? 1 : 0, /* it is held already */
                                     .pid = ask->pid};
    const struct wtl__core_link *uplink = wtl__core_link_find(core, core->uplink);
    wtl__core_copy(frame.name, ask->name);
    ask->retry_ms = core->now_ms + WTL__ASK_RETRY_MS;
    wtl__core_wake(core, WTL__DUE_ASK, ask->retry_ms);
    if (!core->is_leaf) {
        frame.destination = wtl__core_owner_in(&core->view, wtl__core_hash(ask->name, 0));
        (void)wtl__core_names_send(core, &frame);
    } else if (uplink != NULL && core->attached) {
        frame.destination = uplink->node;
        (void)wtl__core_names_send(core, &frame);
    }
}

/* ---- answers ------------------------------------------------------------------------------- */

void wtl__core_answer(struct wtl__core *core, uint64_t leaf, struct wtl_pid pid, uint64_t request,
                      enum wtl_status status, const char *name, struct wtl_pid holder,
                      uint64_t epoch)
{
    if (leaf == 0) {
        struct wtl__effect effect = {.kind = WTL__EFFECT_NAME_ANSWER,
                                     .pid = pid,
                                     .request = request,
                                     .status = status,
                                     .holder = holder};
        wtl__core_push(core, &effect);
        return;
    }
    struct wtl__names_frame result = {.destination = leaf,
                                      .verb = WTL__NAMES_RESULT,
                                      .request = request,
                                      .status = status,
                                      .pid = holder,
                                      .epoch = epoch};
    wtl__core_copy(result.name, name);
    wtl__core_roster_tell(core, leaf, holder.node);
    (void)wtl__core_names_send(core, &result);
}

/* The leaf's own name was given to somebody else while it was away. */
static void lose(struct wtl__core *core, const char *text, struct wtl_pid pid, uint64_t epoch)
{
    struct wtl__core_name *name = wtl__core_name_get(core, text);
    if (name != NULL && wtl_pid_equal(name->pid, pid)) {
        struct wtl__effect effect = {.kind = WTL__EFFECT_NAME_LOST, .pid = pid, .name = name->name};
        wtl__core_push(core, &effect);
        wtl__core_name_bury(core, name, epoch);
        name->was = WTL_PID_NONE; /* the uplink knows */
    }
}

static void finish(struct wtl__core *core, struct wtl__core_ask *ask, enum wtl_status status,
                   struct wtl_pid holder, uint64_t epoch, uint64_t granter)
{
    struct wtl__core_ask done = *ask;
    bool registered = done.kind == WTL__ASK_REGISTER && status == WTL_OK;
    wtl__core_ask_free(core, ask);
    const struct wtl__core_name *old = wtl__core_name_get(core, done.name);
    bool own = old != NULL && old->pid.node == core->config.node;
    if (registered || (core->is_leaf && !own && !wtl_pid_is_none(holder))) {
        /* also over a tombstone of a higher epoch: that was another owner's */
        uint64_t birth = old != NULL && wtl_pid_equal(old->pid, holder) ? old->birth : epoch;
        struct wtl__core_name *name =
            wtl__core_name_put(core, done.name, holder, epoch, birth, granter);
        if (name != NULL && core->is_leaf && holder.node != core->config.node) {
            wtl__core_name_cache(core, name);
        }
    }
    if (done.quiet && status == WTL_EXISTS) {
        lose(core, done.name, done.pid, epoch);
    }
    if (!done.quiet) {
        wtl__core_answer(core, done.leaf, done.pid, done.request, status, done.name, holder, epoch);
    }
    /* also when it could not be asked for again: it may have held the name before */
    struct wtl__core_name *name = done.then_drop ? wtl__core_name_get(core, done.name) : NULL;
    if (name != NULL && wtl_pid_equal(name->pid, done.pid)) {
        wtl__core_name_release(core, name);
    }
}

static bool holds(const struct wtl__core *core, struct wtl_pid pid, const char *text)
{
    const struct wtl__core_name *name = wtl__core_name_get(core, text);
    return name != NULL && wtl_pid_equal(name->pid, pid);
}

/* The owner says that one of ours has it, and it has not: it went a moment ago, or wants it again
 * and has no answer yet. */
static bool is_unheld(const struct wtl__core *core, const struct wtl__names_frame *result)
{
    return result->pid.node == core->config.node && !holds(core, result->pid, result->name);
}

static void send_drop(struct wtl__core *core, const struct wtl__names_frame *result)
{
    struct wtl__names_frame drop = {.destination = result->source,
                                    .verb = WTL__NAMES_DROP,
                                    .pid = result->pid,
                                    .epoch = result->epoch};
    wtl__core_copy(drop.name, result->name);
    (void)wtl__core_names_send(core, &drop);
}

bool wtl__core_ask_disowns(struct wtl__core *core, const struct wtl__names_frame *result)
{
    if (!is_unheld(core, result)) {
        return false;
    }
    if (wtl__core_ask_of(core, result->pid, result->name) == NULL) {
        send_drop(core, result);
    }
    return true;
}

/* It was given out while another one of ours has it, whose claim is not there yet: that one is the
 * older one, and keeps it. */
static bool decline(struct wtl__core *core, struct wtl__core_ask *ask,
                    const struct wtl__names_frame *result)
{
    const struct wtl__core_name *name = wtl__core_name_get(core, result->name);
    if (name == NULL || wtl_pid_is_none(name->pid) || wtl_pid_equal(name->pid, result->pid) ||
        !wtl__core_is_ours(core, name->pid)) {
        return false;
    }
    send_drop(core, result);
    if (!core->is_leaf) {
        wtl__core_sync_claim(core, name, result->source);
    }
    finish(core, ask, WTL_EXISTS, name->pid, name->epoch, name->granter);
    return true;
}

/* Its owner has given it out in a view that is over here: what this node has claimed of the owner
 * of this view went out before it had it. */
static void claim_anew(struct wtl__core *core, const struct wtl__names_frame *result)
{
    struct wtl__core_name *name = wtl__core_name_get(core, result->name);
    if (name != NULL && wtl_pid_equal(name->pid, result->pid) &&
        wtl__core_owner(core, name) != core->config.node) {
        wtl__core_sync_claim(core, name, name->owner);
    }
}

void wtl__core_ask_result(struct wtl__core *core, const struct wtl__names_frame *result)
{
    struct wtl__core_ask *ask = wtl__map_get(&core->asks_map, 0, result->request);
    if (ask == NULL || strcmp(ask->name, result->name) != 0) {
        if (core->is_leaf && result->status == WTL_OK) {
            (void)wtl__core_ask_disowns(core, result); /* its actor may have gone meanwhile */
        }
        return;
    }
    enum wtl_status status = result->status;
    bool wrong_view = status == WTL_WRONG_VIEW;
    /* the record of a leaf may be slower than its registration */
    bool too_early = status == WTL_NOT_OWNER && ask->leaf != 0;
    bool held = status == WTL_EXISTS || (status == WTL_OK && ask->kind == WTL__ASK_WHEREIS);
    bool unheld = held && wtl__core_ask_disowns(core, result);
    /* what is held is held until somebody else has it: an uplink that could not ask is asked again
     */
    bool unsettled = ask->quiet && status != WTL_OK && status != WTL_EXISTS;
    if (wrong_view || too_early || unheld || unsettled) {
        bool refused = unsettled && status != WTL_NO_CONNECTION;
        ask->retry_ms = core->now_ms + (refused ? WTL__ASK_MS : WTL__ASK_SOON_MS);
        wtl__core_wake(core, WTL__DUE_ASK, ask->retry_ms);
        return;
    }
    if (ask->kind == WTL__ASK_REGISTER && status == WTL_OK &&
        !wtl_pid_equal(result->pid, ask->pid)) {
        return; /* an answer to something else */
    }
    if (ask->kind == WTL__ASK_REGISTER && status == WTL_OK && decline(core, ask, result)) {
        return;
    }
    bool granted = ask->kind == WTL__ASK_REGISTER && status == WTL_OK;
    finish(core, ask, status, result->pid, result->epoch, result->source);
    if (granted && !core->is_leaf && result->view != core->view.hash) {
        claim_anew(core, result);
    }
}

/* ---- time ---------------------------------------------------------------------------------- */

/* The owner, who may have it by now or still holds it back, is told that it is not wanted any more;
 * a leaf that holds it goes on wanting it. */
static void give_up(struct wtl__core *core, struct wtl__core_ask *ask)
{
    struct wtl__names_frame drop = {
        .destination =
            core->is_leaf ? 0 : wtl__core_owner_in(&core->view, wtl__core_hash(ask->name, 0)),
        .verb = WTL__NAMES_DROP,
        .pid = ask->pid};
    bool wanted = ask->renews && !ask->then_drop;
    bool tell = ask->kind == WTL__ASK_REGISTER && !core->is_leaf && !wanted;
    wtl__core_copy(drop.name, ask->name);
    /* a core node says what its table says of a name whose owner does not answer */
    finish(core, ask, ask->lookup != NULL ? WTL_NOT_FOUND : WTL_NO_CONNECTION, WTL_PID_NONE, 0, 0);
    if (tell && !holds(core, drop.pid, drop.name)) {
        (void)wtl__core_names_send(core, &drop);
    }
}

void wtl__core_asks_tick(struct wtl__core *core)
{
    for (uint32_t i = core->asks_count; i-- > 0;) {
        struct wtl__core_ask *ask = i < core->asks_count ? core->asks[i] : NULL;
        if (ask == NULL) {
            continue;
        }
        if (ask->deadline_ms <= core->now_ms && !ask->quiet) {
            give_up(core, ask);
            continue;
        }
        if (!ask->quiet) {
            wtl__core_wake(core, WTL__DUE_ASK, ask->deadline_ms);
        }
        if (ask->lookup != NULL) {
            wtl__core_lookup_tick(core, ask->lookup);
        } else if (ask->retry_ms <= core->now_ms) {
            wtl__core_ask_send(core, ask);
        } else {
            wtl__core_wake(core, WTL__DUE_ASK, ask->retry_ms);
        }
    }
}

void wtl__core_asks_again(struct wtl__core *core)
{
    for (uint32_t i = core->asks_count; i-- > 0;) {
        core->asks[i]->retry_ms = core->now_ms;
        if (core->asks[i]->lookup != NULL) {
            wtl__core_lookup_again(core, core->asks[i]->lookup);
        }
        wtl__core_wake(core, WTL__DUE_ASK, core->now_ms);
    }
}

void wtl__core_ask_cancel_leaf(struct wtl__core *core, uint64_t leaf)
{
    for (uint32_t i = core->asks_count; i-- > 0;) {
        if (core->asks[i]->leaf == leaf) {
            wtl__core_ask_free(core, core->asks[i]);
        }
    }
}

void wtl__core_ask_keep(struct wtl__core *core, struct wtl_pid pid, const char *name)
{
    for (uint32_t i = 0; i < core->asks_count; i++) {
        struct wtl__core_ask *ask = core->asks[i];
        if (wtl_pid_equal(ask->pid, pid) && strcmp(ask->name, name) == 0) {
            ask->then_drop = false;
        }
    }
}

struct wtl__core_ask *wtl__core_ask_of(const struct wtl__core *core, struct wtl_pid pid,
                                       const char *name)
{
    for (uint32_t i = 0; i < core->asks_count; i++) {
        struct wtl__core_ask *ask = core->asks[i];
        if (ask->kind == WTL__ASK_REGISTER && wtl_pid_equal(ask->pid, pid) &&
            strcmp(ask->name, name) == 0) {
            return ask;
        }
    }
    return NULL;
}
