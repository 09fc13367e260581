/* effects_ties.c - whom an actor spawns, ends, is tied to and is known to. See effects.c. */
#include "process/effects_private.h"

#include "actor/memory.h"
#include "actor/supervisor.h"
#include "base/pool.h"
#include "process/tree.h"

/* ---- others -------------------------------------------------------------------------------- */

static struct wtl_spawn_options options_of(const struct wtl__pipe_frame *frame)
{
    return (struct wtl_spawn_options){.name = (frame->flags & WTL__PIPE_NAMED) != 0 ? frame->name
                                                                                    : NULL,
                                      .link = (frame->flags & WTL__PIPE_LINK_TOO) != 0,
                                      .monitor = (frame->flags & WTL__PIPE_MONITOR_TOO) != 0,
                                      .ack = (frame->flags & WTL__PIPE_ACK) != 0};
}

/* What comes to an actor behind its birth. */
struct birth {
    struct wtl__control control;
    struct wtl__process *process;
    uint64_t local;
};

/* It has begun by now; or it never will, because it could not have its name, say. */
static void birth_run(struct wtl__control *control, struct wtl__ctx *x, struct wtl__cell *cell)
{
    struct birth *birth = WTL_CONTAINER(control, struct birth, control);
    bool ends = cell == NULL || (cell->flags & WTL__CELL_ENDING) != 0;
    if (ends && wtl__process_is_born(birth->process, birth->local)) {
        wtl__process_forget(birth->process, x, birth->local);
    }
    wtl__process_let_go(birth->process);
    wtl__pool_give(birth);
}

/* NULL when memory is exhausted. */
static struct birth *birth_new(struct wtl__process *process, uint64_t local)
{
    struct birth *birth = wtl__pool_take(sizeof *birth);
    if (birth != NULL) {
        *birth = (struct birth){.control.run = birth_run,
                                .control.signal.msg.kind_ = WTL__CONTROL,
                                .process = process,
                                .local = local};
        wtl__process_hold(process);
    }
    return birth;
}

static enum wtl__effect on_bear(struct wtl_ctx *x, struct wtl__proxy *proxy,
                                const struct wtl__pipe_frame *frame)
{
    struct wtl__process *process = proxy->process;
    struct wtl__isolated *module = proxy->type->module;
    struct wtl_spawn_options options = options_of(frame);
    if (frame->count >= wtl__isolated_module(module)->actors_count || !wtl__proxy_may_tie(x) ||
        (options.monitor && !wtl__proxy_take_ref(proxy, frame->request))) {
        return WTL__EFFECT_WRONG;
    }
    struct wtl__cell *cell = wtl__process_bear(process, frame->other.local);
    if (cell == NULL) {
        return WTL__EFFECT_WRONG;
    }
    struct wtl__lent lent = wtl__ref_lend(x, frame->request);
    struct wtl_pid pid = wtl__spawn_at(wtl__ctx_of(x)->runtime, wtl__ctx_of(x), cell,
                                       &module->types->list[frame->count].born, &options, 0);
    wtl__ref_return(x, lent);
    struct birth *birth = birth_new(process, pid.local);
    if (birth != NULL) {
        (void)wtl__deliver(wtl__ctx_of(x)->runtime, wtl__ctx_of(x), pid, &birth->control.signal);
    }
    wtl__process_reserve(process, wtl__ctx_of(x));
    return WTL__EFFECT_DONE;
}

static enum wtl__effect on_exit_signal(struct wtl_ctx *x, struct wtl__proxy *proxy,
                                       const struct wtl__pipe_frame *frame)
{
    (void)proxy;
    wtl_exit(x, frame->pid, frame->reason);
    return WTL__EFFECT_DONE;
}

/* Its cap counts what it has allocated there, and what waits for it here, each by itself. */
static enum wtl__effect on_over(struct wtl_ctx *x, struct wtl__proxy *proxy,
                                const struct wtl__pipe_frame *frame)
{
    if (proxy->type->described->memory_max == 0) {
        return WTL__EFFECT_WRONG;
    }
    wtl__memory_over(wtl__ctx_of(x)->cell, frame->count);
    return WTL__EFFECT_DONE;
}

static enum wtl__effect on_trap(struct wtl_ctx *x, struct wtl__proxy *proxy,
                                const struct wtl__pipe_frame *frame)
{
    (void)proxy;
    wtl_trap_exits(x, (frame->flags & WTL__PIPE_ON) != 0);
    return WTL__EFFECT_DONE;
}

static enum wtl__effect on_link(struct wtl_ctx *x, struct wtl__proxy *proxy,
                                const struct wtl__pipe_frame *frame)
{
    (void)proxy;
    if (!wtl__proxy_may_tie(x)) {
        return WTL__EFFECT_WRONG;
    }
    wtl_link(x, frame->pid);
    return WTL__EFFECT_DONE;
}

static enum wtl__effect on_unlink(struct wtl_ctx *x, struct wtl__proxy *proxy,
                                  const struct wtl__pipe_frame *frame)
{
    struct wtl__pipe_frame unlinked = {.kind = WTL__PIPE_UNLINKED, .pid = frame->pid};
    wtl_unlink(x, frame->pid);
    wtl__proxy_send(x, proxy, &unlinked);
    return WTL__EFFECT_DONE;
}

static enum wtl__effect on_monitor(struct wtl_ctx *x, struct wtl__proxy *proxy,
                                   const struct wtl__pipe_frame *frame)
{
    if (!wtl__proxy_may_tie(x) || !wtl__proxy_take_ref(proxy, frame->request)) {
        return WTL__EFFECT_WRONG;
    }
    struct wtl__lent lent = wtl__ref_lend(x, frame->request);
    (void)wtl_monitor(x, frame->pid);
    wtl__ref_return(x, lent);
    return WTL__EFFECT_DONE;
}

static enum wtl__effect on_monitor_name(struct wtl_ctx *x, struct wtl__proxy *proxy,
                                        const struct wtl__pipe_frame *frame)
{
    if (!wtl__proxy_may_tie(x) || !wtl__proxy_take_ref(proxy, frame->request)) {
        return WTL__EFFECT_WRONG;
    }
    struct wtl__lent lent =
        wtl__ref_lend(x, frame->request); /* asking for the name takes another, of its own */
    (void)wtl_monitor_name(x, frame->name);
    wtl__ref_return(x, lent);
    return WTL__EFFECT_DONE;
}

static enum wtl__effect on_demonitor(struct wtl_ctx *x, struct wtl__proxy *proxy,
                                     const struct wtl__pipe_frame *frame)
{
    if (!wtl__proxy_has_ref(proxy, frame->request)) {
        return WTL__EFFECT_WRONG;
    }
    (void)wtl_demonitor(x, frame->request);
    return WTL__EFFECT_DONE;
}

/* ---- names --------------------------------------------------------------------------------- */

static enum wtl_scope scope_of(const struct wtl__pipe_frame *frame)
{
    return (frame->flags & WTL__PIPE_GLOBAL) != 0 ? WTL_GLOBAL : WTL_LOCAL;
}

static enum wtl__effect on_register(struct wtl_ctx *x, struct wtl__proxy *proxy,
                                    const struct wtl__pipe_frame *frame)
{
    struct wtl_call_options options;
    if (!wtl__proxy_may_tie(x) || !wtl__proxy_asks(proxy, frame, &options)) {
        return WTL__EFFECT_WRONG;
    }
    struct wtl__lent lent = wtl__ref_lend(x, frame->request);
    if (frame->kind == WTL__PIPE_REGISTER) {
        wtl_register(x, frame->name, scope_of(frame), &options);
    } else {
        wtl_whereis(x, frame->name, &options);
    }
    wtl__ref_return(x, lent);
    return WTL__EFFECT_DONE;
}

static enum wtl__effect on_unregister(struct wtl_ctx *x, struct wtl__proxy *proxy,
                                      const struct wtl__pipe_frame *frame)
{
    (void)proxy;
    wtl_unregister(x, frame->name, scope_of(frame));
    return WTL__EFFECT_DONE;
}

static enum wtl__effect on_nodes(struct wtl_ctx *x, struct wtl__proxy *proxy,
                                 const struct wtl__pipe_frame *frame)
{
    (void)proxy;
    wtl_watch_nodes(x, (frame->flags & WTL__PIPE_ON) != 0);
    return WTL__EFFECT_DONE;
}

static enum wtl__effect on_supervisor(struct wtl_ctx *x, struct wtl__proxy *proxy,
                                      const struct wtl__pipe_frame *frame)
{
    uint32_t verb = frame->flags >> WTL__PIPE_VERB_SHIFT;
    struct wtl_call_options options;
    if (verb > WTL_CHILD_SHOW || !wtl__proxy_asks(proxy, frame, &options)) {
        return WTL__EFFECT_WRONG;
    }
    struct wtl__lent lent = wtl__ref_lend(x, frame->request);
    (void)wtl_supervisor_ask(x, frame->pid, (enum wtl_supervisor_verb)verb,
                             wtl__frame_is_named(frame) ? frame->name : NULL, frame->other,
                             &options);
    wtl__ref_return(x, lent);
    return WTL__EFFECT_DONE;
}

static enum wtl__effect on_supervise(struct wtl_ctx *x, struct wtl__proxy *proxy,
                                     const struct wtl__pipe_frame *frame)
{
    struct wtl__process *process = proxy->process;
    struct wtl__arena arena = {0};
    struct wtl_spawn_options options = options_of(frame);
    const struct wtl_tree *tree =
        wtl__tree_get(frame->body, frame->size, wtl__isolated_module(process->module), &arena);
    bool good = tree != NULL && wtl__proxy_may_tie(x) &&
                (!options.monitor || wtl__proxy_take_ref(proxy, frame->request));
    struct wtl__cell *cell = good ? wtl__process_spend(process, frame->other.local) : NULL;
    if (cell != NULL) {
        struct wtl__lent lent = wtl__ref_lend(x, frame->request);
        (void)wtl__supervise_at(wtl__ctx_of(x), cell, tree, &options);
        wtl__ref_return(x, lent);
        wtl__process_reserve(process, wtl__ctx_of(x));
    }
    wtl__arena_free(&arena);
    return cell != NULL ? WTL__EFFECT_DONE : WTL__EFFECT_WRONG;
}

static enum wtl__effect on_add(struct wtl_ctx *x, struct wtl__proxy *proxy,
                               const struct wtl__pipe_frame *frame)
{
    struct wtl__arena arena = {0};
    struct wtl_call_options options;
    const struct wtl_child *child =
        wtl__child_get(frame->body, frame->size, wtl__isolated_module(proxy->type->module), &arena);
    bool good = (child != NULL || frame->size == 0) && wtl__proxy_asks(proxy, frame, &options);
    if (good) {
        struct wtl__lent lent = wtl__ref_lend(x, frame->request);
        (void)wtl_supervisor_add(x, frame->pid, child, &options);
        wtl__ref_return(x, lent);
    }
    wtl__arena_free(&arena);
    return good ? WTL__EFFECT_DONE : WTL__EFFECT_WRONG;
}

const wtl__effect_fn wtl__tie_effects[WTL__PIPE_LAST + 1] = {
    [WTL__PIPE_BEAR] = on_bear,           [WTL__PIPE_EXIT] = on_exit_signal,
    [WTL__PIPE_OVER] = on_over,           [WTL__PIPE_TRAP] = on_trap,
    [WTL__PIPE_LINK] = on_link,           [WTL__PIPE_UNLINK] = on_unlink,
    [WTL__PIPE_MONITOR] = on_monitor,     [WTL__PIPE_MONITOR_NAME] = on_monitor_name,
    [WTL__PIPE_DEMONITOR] = on_demonitor, [WTL__PIPE_REGISTER] = on_register,
    [WTL__PIPE_WHEREIS] = on_register,    [WTL__PIPE_UNREGISTER] = on_unregister,
    [WTL__PIPE_NODES] = on_nodes,         [WTL__PIPE_SUPERVISOR] = on_supervisor,
    [WTL__PIPE_SUPERVISE] = on_supervise, [WTL__PIPE_ADD] = on_add,
};
