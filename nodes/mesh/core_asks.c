/*
 * core_asks.c - what actors of this node, and leaves that are attached to it, want of names: each
 * question has a deadline, is asked again while it has no answer, and is answered once.
 *
 * A core node asks the owner of the name, in the view of the moment. A leaf asks its uplink, which
 * asks for it under a number of its own.
 *
 * Thread: as the core. Owns: the questions.
 */
#include "mesh/core_private.h"

#include <stdlib.h>

#include "base/attr.h"

struct wtl__core_ask *wtl__core_ask_new(struct wtl__core *core, enum wtl__ask_kind kind,
                                        struct wtl_pid pid, uint64_t request, uint64_t leaf,
                                        const char *name)
{
    struct wtl__core_ask *ask =
        core->asks_count >= WTL__ASKS_MAX ? NULL : calloc(1, sizeof *ask);
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

static void ask_free(struct wtl__core *core, struct wtl__core_ask *ask)
{
    (void)wtl__map_remove(&core->asks_map, 0, ask->serial);
    struct wtl__core_ask *last = core->asks[--core->asks_count];
    core->asks[ask->index] = last;
    last->index = ask->index;
    free(ask);
}

/* The ask may be answered, and gone, when this returns. */
void wtl__core_ask_send(struct wtl__core *core, struct wtl__core_ask *ask)
{
    struct wtl__names_frame frame = {
        .verb = ask->kind == WTL__ASK_REGISTER ? WTL__NAMES_REGISTER : WTL__NAMES_LOOKUP,
        .request = ask->serial,
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
        struct wtl__effect effect = {
            .kind = WTL__EFFECT_NAME_LOST, .pid = pid, .name = name->name};
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
    ask_free(core, ask);
    if (registered || (core->is_leaf && !wtl_pid_is_none(holder))) {
        const struct wtl__core_name *old = wtl__core_name_get(core, done.name);
        uint64_t birth = old != NULL && wtl_pid_equal(old->pid, holder) ? old->birth : epoch;
        struct wtl__core_name *name = old != NULL && old->epoch > epoch
                                          ? NULL
                                          : wtl__core_name_put(core, done.name, holder, epoch,
                                                               birth, granter);
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
    struct wtl__core_name *name =
        done.then_drop && registered ? wtl__core_name_get(core, done.name) : NULL;
    if (name != NULL && wtl_pid_equal(name->pid, done.pid)) {
        wtl__core_name_release(core, name);
    }
}

/* The owner says that one of ours has it, and it has not: it went a moment ago. */
static bool is_ghost(const struct wtl__core *core, const struct wtl__names_frame *result)
{
    const struct wtl__core_name *name = wtl__core_name_get(core, result->name);
    return result->pid.node == core->config.node &&
           (name == NULL || !wtl_pid_equal(name->pid, result->pid)) &&
           wtl__core_ask_of(core, result->pid, result->name) == NULL;
}

void wtl__core_ask_result(struct wtl__core *core, const struct wtl__names_frame *result)
{
    struct wtl__core_ask *ask = wtl__map_get(&core->asks_map, 0, result->request);
    if (ask == NULL || strcmp(ask->name, result->name) != 0) {
        return;
    }
    enum wtl_status status = result->status;
    bool wrong_view = status == WTL_WRONG_VIEW;
    /* the record of a leaf may be slower than its registration */
    bool too_early = status == WTL_NOT_OWNER && ask->leaf != 0;
    bool held = status == WTL_EXISTS || (status == WTL_OK && ask->kind == WTL__ASK_WHEREIS);
    bool ghost = held && is_ghost(core, result);
    if (ghost) {
        struct wtl__names_frame drop = {.destination = result->source,
                                        .verb = WTL__NAMES_DROP,
                                        .pid = result->pid,
                                        .epoch = result->epoch};
        wtl__core_copy(drop.name, result->name);
        (void)wtl__core_names_send(core, &drop);
    }
    if (wrong_view || too_early || ghost) {
        ask->retry_ms = core->now_ms + WTL__ASK_SOON_MS;
        wtl__core_wake(core, WTL__DUE_ASK, ask->retry_ms);
        return;
    }
    if (ask->kind == WTL__ASK_REGISTER && status == WTL_OK &&
        !wtl_pid_equal(result->pid, ask->pid)) {
        return; /* an answer to something else */
    }
    finish(core, ask, status, result->pid, result->epoch, result->source);
}

/* ---- time ---------------------------------------------------------------------------------- */

void wtl__core_asks_tick(struct wtl__core *core)
{
    for (uint32_t i = core->asks_count; i-- > 0;) {
        struct wtl__core_ask *ask = i < core->asks_count ? core->asks[i] : NULL;
        if (ask == NULL) {
            continue;
        }
        if (ask->deadline_ms <= core->now_ms && !ask->quiet) {
            finish(core, ask, WTL_NO_CONNECTION, WTL_PID_NONE, 0, 0);
        } else if (ask->retry_ms <= core->now_ms) {
            wtl__core_wake(core, WTL__DUE_ASK, ask->deadline_ms);
            wtl__core_ask_send(core, ask);
        } else {
            uint64_t due_ms = ask->retry_ms < ask->deadline_ms || ask->quiet ? ask->retry_ms
                                                                             : ask->deadline_ms;
            wtl__core_wake(core, WTL__DUE_ASK, due_ms);
        }
    }
}

void wtl__core_asks_again(struct wtl__core *core)
{
    for (uint32_t i = core->asks_count; i-- > 0;) {
        core->asks[i]->retry_ms = core->now_ms;
        wtl__core_wake(core, WTL__DUE_ASK, core->now_ms);
    }
}

void wtl__core_ask_cancel_leaf(struct wtl__core *core, uint64_t leaf)
{
    for (uint32_t i = core->asks_count; i-- > 0;) {
        if (core->asks[i]->leaf == leaf) {
            ask_free(core, core->asks[i]);
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

/* ---- from leaves --------------------------------------------------------------------------- */

void wtl__core_asks_renew(struct wtl__core *core)
{
    for (uint32_t i = core->names_count; i-- > 0;) {
        struct wtl__core_name *name = core->names[i];
        const struct wtl__core_link *uplink = wtl__core_link_find(core, core->uplink);
        if (uplink == NULL) {
            return;
        }
        if (name->pid.node == core->config.node &&
            wtl__core_ask_of(core, name->pid, name->name) == NULL) {
            struct wtl__core_ask *ask =
                wtl__core_ask_new(core, WTL__ASK_REGISTER, name->pid, 0, 0, name->name);
            if (ask != NULL) {
                ask->quiet = true;
            }
        } else if (wtl_pid_is_none(name->pid) && name->was.node == core->config.node) {
            struct wtl__names_frame drop = {.destination = uplink->node,
                                            .verb = WTL__NAMES_DROP,
                                            .pid = name->was,
                                            .epoch = name->epoch};
            wtl__core_copy(drop.name, name->name);
            (void)wtl__core_names_send(core, &drop);
        }
    }
    wtl__core_asks_again(core);
}

static void drop_for_leaf(struct wtl__core *core, const struct wtl__names_frame *frame)
{
    struct wtl__core_ask *ask = wtl__core_ask_of(core, frame->pid, frame->name);
    struct wtl__core_name *name = wtl__core_name_get(core, frame->name);
    if (ask != NULL) {
        ask->then_drop = true;
    } else if (name != NULL && wtl_pid_equal(name->pid, frame->pid)) {
        wtl__core_name_release(core, name);
    } else {
        /* it is not known here, but its owner may know it */
        struct wtl__names_frame drop = {
            .destination =
                wtl__core_owner_in(&core->view, wtl__core_hash(frame->name, 0)),
            .verb = WTL__NAMES_DROP,
            .pid = frame->pid,
            .epoch = frame->epoch};
        wtl__core_copy(drop.name, frame->name);
        (void)wtl__core_names_send(core, &drop);
    }
}

void wtl__core_ask_from_leaf(struct wtl__core *core, const struct wtl__names_frame *frame)
{
    if (core->is_leaf) {
        return;
    }
    if (frame->verb == WTL__NAMES_DROP) {
        drop_for_leaf(core, frame);
        return;
    }
    for (uint32_t i = 0; i < core->asks_count; i++) {
        if (core->asks[i]->leaf == frame->source && core->asks[i]->request == frame->request) {
            return; /* the leaf asks again, and this node does so too */
        }
    }
    enum wtl_status status = WTL_OK;
    struct wtl__core_ask *ask = NULL;
    if (frame->pid.node != frame->source) {
        status = WTL_NOT_OWNER;
    } else if (wtl__core_names_held(core, frame->source) >= WTL__LEAF_NAMES_MAX) {
        status = WTL_FULL;
    } else {
        ask = wtl__core_ask_new(core, WTL__ASK_REGISTER, frame->pid, frame->request,
                                frame->source, frame->name);
        status = ask == NULL ? WTL_FULL : WTL_OK;
    }
    if (ask != NULL) {
        wtl__core_ask_send(core, ask);
    } else {
        wtl__core_answer(core, frame->source, frame->pid, frame->request, status, frame->name,
                         WTL_PID_NONE, 0);
    }
}

void wtl__core_ask_lookup(struct wtl__core *core, const struct wtl__names_frame *frame)
{
    const struct wtl__core_name *name = wtl__core_name_get(core, frame->name);
    bool found = name != NULL && !wtl_pid_is_none(name->pid);
    wtl__core_answer(core, frame->source, frame->pid, frame->request,
                     found ? WTL_OK : WTL_NOT_FOUND, frame->name,
                     found ? name->pid : WTL_PID_NONE, found ? name->epoch : 0);
}

/* ---- from the actors of this node ---------------------------------------------------------- */

static enum wtl_status objection(const struct wtl__core *core, struct wtl_pid pid,
                                 const char *name)
{
    if (pid.node != core->config.node || pid.local == 0) {
        return WTL_NOT_OWNER;
    }
    return wtl_name_is_valid(name, strlen(name)) ? WTL_OK : WTL_INVALID;
}

static void ask(struct wtl__core *core, enum wtl__ask_kind kind, struct wtl_pid pid,
                uint64_t request, const char *name)
{
    struct wtl__core_ask *made = wtl__core_ask_new(core, kind, pid, request, 0, name);
    if (made == NULL) {
        wtl__core_answer(core, 0, pid, request, WTL_FULL, name, WTL_PID_NONE, 0);
    } else {
        wtl__core_wake(core, WTL__DUE_ASK, made->deadline_ms);
        wtl__core_ask_send(core, made);
    }
}

void wtl__core_name_register(struct wtl__core *core, struct wtl_pid pid, uint64_t request,
                             const char *name, uint64_t now_ms)
{
    wtl__core_begin(core, now_ms);
    enum wtl_status status = objection(core, pid, name);
    if (status != WTL_OK) {
        wtl__core_answer(core, 0, pid, request, status, name, WTL_PID_NONE, 0);
    } else {
        ask(core, WTL__ASK_REGISTER, pid, request, name);
    }
    wtl__core_finish(core);
}

void wtl__core_name_whereis(struct wtl__core *core, struct wtl_pid pid, uint64_t request,
                            const char *name, uint64_t now_ms)
{
    wtl__core_begin(core, now_ms);
    struct wtl_pid holder = wtl__core_name_find(core, name);
    if (!wtl_pid_is_none(holder)) {
        wtl__core_answer(core, 0, pid, request, WTL_OK, name, holder, 0);
    } else if (!wtl_name_is_valid(name, strlen(name))) {
        wtl__core_answer(core, 0, pid, request, WTL_INVALID, name, holder, 0);
    } else if (core->is_leaf) {
        ask(core, WTL__ASK_WHEREIS, pid, request, name);
    } else {
        wtl__core_answer(core, 0, pid, request, WTL_NOT_FOUND, name, holder, 0);
    }
    wtl__core_finish(core);
}

void wtl__core_name_unregister(struct wtl__core *core, struct wtl_pid pid, const char *text,
                               uint64_t now_ms)
{
    wtl__core_begin(core, now_ms);
    struct wtl__core_ask *waiting = wtl__core_ask_of(core, pid, text);
    struct wtl__core_name *name = wtl__core_name_get(core, text);
    if (waiting != NULL && waiting->quiet) {
        ask_free(core, waiting);
        waiting = NULL;
    }
    if (pid.node == core->config.node && waiting != NULL) {
        waiting->then_drop = true;
    } else if (pid.node == core->config.node && name != NULL && wtl_pid_equal(name->pid, pid)) {
        wtl__core_name_release(core, name);
    }
    wtl__core_finish(core);
}

void wtl__core_names_drop(struct wtl__core *core, struct wtl_pid pid, uint64_t now_ms)
{
    wtl__core_begin(core, now_ms);
    for (uint32_t i = core->asks_count; i-- > 0;) {
        if (core->asks[i]->leaf == 0 && wtl_pid_equal(core->asks[i]->pid, pid)) {
            ask_free(core, core->asks[i]);
        }
    }
    wtl__core_owner_forget(core, pid);
    struct wtl__core_holder *holder;
    while (pid.node == core->config.node && pid.local != 0 &&
           (holder = wtl__map_get(&core->holders, pid.node, pid.local)) != NULL) {
        struct wtl__link *first = wtl__list_first(&holder->names);
        wtl__core_name_release(core, WTL_LIST_ITEM(first, struct wtl__core_name, by_pid));
    }
    wtl__core_finish(core);
}
