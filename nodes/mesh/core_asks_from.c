/*
 * core_asks_from.c - what is wanted of names: by leaves that are attached here, and by the actors
 * of this node.
 *
 * A leaf may register and drop names of its own pids only, and at most WTL__LEAF_NAMES_MAX. With a
 * new uplink it registers again what it holds, and drops what it has let go of meanwhile.
 *
 * Thread: as the core. Owns: nothing.
 */
#include "mesh/core_private.h"

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
            wtl__core_ask_renew(core, name->pid, name->name);
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
    const struct wtl__core_link *link = wtl__core_link_find(core, core->uplink);
    struct wtl__names_frame all = {.verb = WTL__NAMES_LOOKUP,
                                   .status = WTL_MORE,
                                   .destination = link == NULL ? 0 : link->node,
                                   .request = ++core->serial};
    if (link != NULL) {
        (void)wtl__core_names_send(core, &all);
    }
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
            .destination = wtl__core_owner_in(&core->view, wtl__core_hash(frame->name, 0)),
            .verb = WTL__NAMES_DROP,
            .pid = frame->pid,
            .epoch = frame->epoch};
        wtl__core_copy(drop.name, frame->name);
        (void)wtl__core_names_send(core, &drop);
    }
}

/* Has that leaf as many questions under way as it may have? *again_out: this one is under way. */
static bool is_full(const struct wtl__core *core, const struct wtl__names_frame *frame,
                    bool *again_out)
{
    uint32_t waiting = 0;
    *again_out = false;
    for (uint32_t i = 0; i < core->asks_count; i++) {
        bool same = core->asks[i]->leaf == frame->source;
        waiting += same ? 1 : 0;
        *again_out |= same && core->asks[i]->request == frame->request;
    }
    return waiting >= WTL__LEAF_ASKS_MAX;
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
    bool again;
    bool full = is_full(core, frame, &again);
    /* a DROP that came before it, maybe of what the leaf had long ago, is not the last word */
    wtl__core_ask_keep(core, frame->pid, frame->name);
    if (again) {
        return;
    }
    enum wtl_status status = WTL_OK;
    struct wtl__core_ask *ask = NULL;
    const struct wtl__core_name *name = wtl__core_name_get(core, frame->name);
    bool held = name != NULL && wtl_pid_equal(name->pid, frame->pid);
    if (frame->pid.node != frame->source) {
        status = WTL_NOT_OWNER;
    } else if (full ||
               (!held && wtl__core_names_held(core, frame->source) >= WTL__LEAF_NAMES_MAX)) {
        status = WTL_FULL;
    } else {
        ask = wtl__core_ask_new(core, WTL__ASK_REGISTER, frame->pid, frame->request, frame->source,
                                frame->name);
        status = ask == NULL ? WTL_FULL : WTL_OK;
    }
    if (ask != NULL) {
        ask->renews = frame->epoch != 0;
        wtl__core_ask_send(core, ask);
    } else {
        wtl__core_answer(core, frame->source, frame->pid, frame->request, status, frame->name,
                         WTL_PID_NONE, 0);
    }
}

void wtl__core_ask_lookup(struct wtl__core *core, const struct wtl__names_frame *frame)
{
    const struct wtl__core_name *name = wtl__core_name_get(core, frame->name);
    struct wtl__core_ask *ask = NULL;
    bool again = false;
    if (core->is_leaf) {
        return;
    }
    if (name != NULL && !wtl_pid_is_none(name->pid)) {
        wtl__core_answer(core, frame->source, frame->pid, frame->request, WTL_OK, frame->name,
                         name->pid, name->epoch);
        return;
    }
    if (!is_full(core, frame, &again) && !again) {
        ask = wtl__core_ask_new(core, WTL__ASK_WHEREIS, frame->pid, frame->request, frame->source,
                                frame->name);
    }
    if (ask != NULL) {
        wtl__core_lookup_join(core, ask);
    } else if (!again) {
        wtl__core_answer(core, frame->source, frame->pid, frame->request, WTL_FULL, frame->name,
                         WTL_PID_NONE, 0);
    }
}

/* ---- from the actors of this node ---------------------------------------------------------- */

static enum wtl_status objection(const struct wtl__core *core, struct wtl_pid pid, const char *name)
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
    } else if (kind == WTL__ASK_WHEREIS && !core->is_leaf) {
        wtl__core_lookup_join(core, made);
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
        wtl__core_ask_keep(core, pid, name);
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
    } else {
        ask(core, WTL__ASK_WHEREIS, pid, request, name);
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
        wtl__core_ask_free(core, waiting);
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
            wtl__core_ask_free(core, core->asks[i]);
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
