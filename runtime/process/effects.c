/*
 * effects.c - what an actor has done in its process, done here, as that actor.
 *
 * Every frame was read field by field (pipe.h), and what a field means is checked here: numbers of
 * requests are of the child's block and go up, a body is one msgpack value, a reply answers a call
 * that this very actor owes. The rest is what any actor may do, with the same bounds.
 *
 * Thread: the holder of the actor's run token. See proxy.h.
 */
#include "actor/memory.h"
#include "actor/supervisor.h"
#include "base/log.h"
#include "base/scan.h"
#include "process/isolated.h"
#include "process/proxy.h"
#include "process/tree.h"

#define LOG_TEXT_MAX 400u

typedef enum wtl__effect (*effect_fn)(struct wtl_ctx *x, struct wtl__proxy *proxy,
                                      const struct wtl__pipe_frame *frame);

/* ---- what is checked ------------------------------------------------------------------------ */

static bool body_is_good(const struct wtl__pipe_frame *frame)
{
    return wtl_scan(frame->body, frame->size, &WTL_SCAN_BODY) == WTL_OK;
}

static bool name_is_good(const struct wtl__pipe_frame *frame)
{
    return frame->name[0] != '\0';
}

/* Is the number of the child's block? Others on this actor are the flow's, or a guess. */
static bool is_ref(const struct wtl__proxy *proxy, uint64_t ref)
{
    return ref - proxy->process->refs < WTL__PIPE_REFS;
}

/* Takes a number of the child's for what comes next: never one again. */
static bool take_ref(struct wtl__proxy *proxy, uint64_t ref)
{
    if (!is_ref(proxy, ref) || ref <= proxy->last_ref) {
        return false;
    }
    proxy->last_ref = ref;
    return true;
}

static bool has_room_for_a_tie(struct wtl_ctx *x)
{
    return wtl__ctx_of(x)->cell->ties.count < WTL__PIPE_TIES_MAX;
}

/* The numbers of this thread, while those of a child are used. */
struct lent {
    uint64_t next;
    uint64_t end;
};

/* The next number that a call takes is this one. */
static struct lent lend(struct wtl_ctx *x, uint64_t ref)
{
    struct wtl__ctx *own = wtl__ctx_of(x);
    struct lent lent = {.next = own->ref_next, .end = own->ref_end};
    own->ref_next = ref;
    own->ref_end = ref + 1;
    return lent;
}

static void give_back(struct wtl_ctx *x, struct lent lent)
{
    struct wtl__ctx *own = wtl__ctx_of(x);
    own->ref_next = lent.next;
    own->ref_end = lent.end;
}

/* The body as a message of ours; NULL for none. */
static struct wtl_writer *body_of(struct wtl_ctx *x, const struct wtl__pipe_frame *frame,
                                  struct wtl_writer *writer)
{
    if (frame->size == 0) {
        return NULL;
    }
    (void)wtl_message_open(x, writer, frame->size);
    wtl_put_raw(writer, frame->body, frame->size);
    return writer;
}

/* ---- runs ---------------------------------------------------------------------------------- */

static void run_is_over(struct wtl_ctx *x, struct wtl__proxy *proxy)
{
    proxy->seat.away--;
    wtl__process_ran(proxy->process);
    if (proxy->seat.away < WTL__PIPE_WINDOW) {
        wtl__ctx_of(x)->cell->flags &= ~WTL__CELL_AWAY;
    }
}

/* Ends the message of a flow as its handler has returned. */
static enum wtl_status close_input(struct wtl_ctx *x, const struct wtl__pipe_frame *frame)
{
    if (frame->key.seq == 0 || x->stage == NULL) {
        return frame->status;
    }
    if (frame->status == WTL_OK) {
        (void)x->stage->api->done(x, &frame->key); /* it may be open no more, and come again */
    }
    return frame->status == WTL_LATER ? WTL_OK : frame->status;
}

static enum wtl__effect on_ran(struct wtl_ctx *x, struct wtl__proxy *proxy,
                               const struct wtl__pipe_frame *frame, enum wtl_status *status_out)
{
    if (proxy->seat.away == 0) {
        return WTL__EFFECT_WRONG;
    }
    run_is_over(x, proxy);
    *status_out = close_input(x, frame);
    return WTL__EFFECT_DONE;
}

static enum wtl__effect on_ready(struct wtl_ctx *x, struct wtl__proxy *proxy,
                                 const struct wtl__pipe_frame *frame)
{
    (void)proxy;
    if ((wtl__ctx_of(x)->cell->flags & WTL__CELL_INITING) == 0) {
        return WTL__EFFECT_WRONG;
    }
    if (frame->status != WTL_LATER) {
        wtl_done(x, frame->status);
    }
    return WTL__EFFECT_DONE;
}

static enum wtl__effect on_stopped(struct wtl_ctx *x, struct wtl__proxy *proxy,
                                   const struct wtl__pipe_frame *frame)
{
    if (!proxy->stopping) {
        return WTL__EFFECT_WRONG;
    }
    if (frame->status != WTL_LATER) {
        wtl_done(x, frame->status);
    }
    return WTL__EFFECT_DONE;
}

static enum wtl__effect on_done(struct wtl_ctx *x, struct wtl__proxy *proxy,
                                const struct wtl__pipe_frame *frame)
{
    (void)proxy;
    wtl_done(x, frame->status);
    return WTL__EFFECT_DONE;
}

static enum wtl__effect on_log(struct wtl_ctx *x, struct wtl__proxy *proxy,
                               const struct wtl__pipe_frame *frame)
{
    char text[LOG_TEXT_MAX + 1];
    size_t size = frame->size < LOG_TEXT_MAX ? frame->size : LOG_TEXT_MAX;
    (void)proxy;
    if (size > 0) {
        memcpy(text, frame->body, size);
    }
    text[size] = '\0';
    wtl_log(x, frame->count <= WTL_LOG_ERROR ? (enum wtl_log_level)frame->count : WTL_LOG_INFO,
            text);
    return WTL__EFFECT_DONE;
}

/* ---- messages ------------------------------------------------------------------------------ */

static enum wtl__effect on_tell(struct wtl_ctx *x, struct wtl__proxy *proxy,
                                const struct wtl__pipe_frame *frame)
{
    struct wtl_writer writer;
    (void)proxy;
    if (!body_is_good(frame)) {
        return WTL__EFFECT_WRONG;
    }
    wtl_tell(x, frame->pid, frame->tag, body_of(x, frame, &writer));
    return WTL__EFFECT_DONE;
}

static enum wtl__effect on_tell_name(struct wtl_ctx *x, struct wtl__proxy *proxy,
                                     const struct wtl__pipe_frame *frame)
{
    struct wtl_writer writer;
    (void)proxy;
    if (!body_is_good(frame)) {
        return WTL__EFFECT_WRONG;
    }
    (void)!wtl_tell_name(x, frame->name, frame->tag, body_of(x, frame, &writer));
    return WTL__EFFECT_DONE;
}

static enum wtl_status answered(struct wtl_ctx *x, void *self, const struct wtl_answer *answer,
                                void *context)
{
    struct wtl__proxy *proxy = self;
    struct wtl__pipe_frame frame = {.kind = WTL__PIPE_ANSWER,
                                    .pid = answer->pid,
                                    .request = answer->request,
                                    .status = answer->status,
                                    .reason = answer->reason,
                                    .body = answer->message.bytes,
                                    .size = answer->message.size};
    (void)context;
    proxy->calls--;
    wtl__proxy_send(x, proxy, &frame);
    return WTL_OK;
}

/* What a request of the child's is asked with. False: it may not ask. */
static bool ask_with(struct wtl__proxy *proxy, const struct wtl__pipe_frame *frame,
                     struct wtl_call_options *options_out)
{
    if (!take_ref(proxy, frame->request) || proxy->calls >= WTL__PIPE_CALLS_MAX ||
        frame->count > UINT32_MAX) {
        return false;
    }
    proxy->calls++;
    *options_out = (struct wtl_call_options){.deadline_ms = (uint32_t)frame->count,
                                             .hold = (frame->flags & WTL__PIPE_HOLD) != 0,
                                             .on_answer = answered};
    return true;
}

static enum wtl__effect on_call(struct wtl_ctx *x, struct wtl__proxy *proxy,
                                const struct wtl__pipe_frame *frame)
{
    struct wtl_writer writer;
    struct wtl_call_options options;
    if (!body_is_good(frame) || !ask_with(proxy, frame, &options)) {
        return WTL__EFFECT_WRONG;
    }
    struct wtl_writer *body = body_of(x, frame, &writer);
    struct lent lent = lend(x, frame->request);
    if (frame->kind == WTL__PIPE_CALL) {
        (void)wtl_call(x, frame->pid, frame->tag, body, &options);
    } else {
        (void)wtl_call_name(x, frame->name, frame->tag, body, &options);
    }
    give_back(x, lent);
    return WTL__EFFECT_DONE;
}

static enum wtl__effect on_cancel(struct wtl_ctx *x, struct wtl__proxy *proxy,
                                  const struct wtl__pipe_frame *frame)
{
    if (!is_ref(proxy, frame->request)) {
        return WTL__EFFECT_WRONG;
    }
    if (wtl_call_cancel(x, frame->request)) {
        proxy->calls--;
    }
    return WTL__EFFECT_DONE;
}

static enum wtl__effect on_reply(struct wtl_ctx *x, struct wtl__proxy *proxy,
                                 const struct wtl__pipe_frame *frame)
{
    struct wtl_writer writer;
    struct wtl_from from = {.caller = frame->pid, .request = frame->request, .callee = wtl_self(x)};
    (void)proxy;
    if (!body_is_good(frame)) {
        return WTL__EFFECT_WRONG;
    }
    struct wtl_writer *body = body_of(x, frame, &writer);
    if (frame->status == WTL_OK) {
        wtl_reply_to(x, from, body);
    } else {
        wtl_reply_error_to(x, from, frame->status, body);
    }
    return WTL__EFFECT_DONE;
}

/* ---- others -------------------------------------------------------------------------------- */

static struct wtl_spawn_options options_of(const struct wtl__pipe_frame *frame)
{
    return (struct wtl_spawn_options){.name = (frame->flags & WTL__PIPE_NAMED) != 0 ? frame->name
                                                                                    : NULL,
                                      .link = (frame->flags & WTL__PIPE_LINK_TOO) != 0,
                                      .monitor = (frame->flags & WTL__PIPE_MONITOR_TOO) != 0,
                                      .ack = (frame->flags & WTL__PIPE_ACK) != 0};
}

static enum wtl__effect on_bear(struct wtl_ctx *x, struct wtl__proxy *proxy,
                                const struct wtl__pipe_frame *frame)
{
    struct wtl__process *process = proxy->process;
    struct wtl__isolated *module = proxy->type->module;
    struct wtl_spawn_options options = options_of(frame);
    if (frame->count >= wtl__isolated_module(module)->actors_count || !has_room_for_a_tie(x) ||
        (options.monitor && !take_ref(proxy, frame->request))) {
        return WTL__EFFECT_WRONG;
    }
    struct wtl__cell *cell = wtl__process_bear(process, frame->other.local);
    if (cell == NULL) {
        return WTL__EFFECT_WRONG;
    }
    struct lent lent = lend(x, frame->request);
    (void)wtl__spawn_at(wtl__ctx_of(x)->runtime, wtl__ctx_of(x), cell,
                        &module->types->list[frame->count].born, &options, 0);
    give_back(x, lent);
    wtl__process_reserve(process, wtl__ctx_of(x), 1);
    return WTL__EFFECT_DONE;
}

static enum wtl__effect on_exit_signal(struct wtl_ctx *x, struct wtl__proxy *proxy,
                                       const struct wtl__pipe_frame *frame)
{
    (void)proxy;
    wtl_exit(x, frame->pid, frame->reason);
    return WTL__EFFECT_DONE;
}

static enum wtl__effect on_end(struct wtl_ctx *x, struct wtl__proxy *proxy,
                               const struct wtl__pipe_frame *frame)
{
    (void)proxy;
    wtl_stop(x, frame->reason);
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
    if (!has_room_for_a_tie(x)) {
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
    if (!has_room_for_a_tie(x) || !take_ref(proxy, frame->request)) {
        return WTL__EFFECT_WRONG;
    }
    struct lent lent = lend(x, frame->request);
    (void)wtl_monitor(x, frame->pid);
    give_back(x, lent);
    return WTL__EFFECT_DONE;
}

static enum wtl__effect on_monitor_name(struct wtl_ctx *x, struct wtl__proxy *proxy,
                                        const struct wtl__pipe_frame *frame)
{
    if (!has_room_for_a_tie(x) || !take_ref(proxy, frame->request)) {
        return WTL__EFFECT_WRONG;
    }
    struct lent lent = lend(x, frame->request); /* asking for the name takes another, of its own */
    (void)wtl_monitor_name(x, frame->name);
    give_back(x, lent);
    return WTL__EFFECT_DONE;
}

static enum wtl__effect on_demonitor(struct wtl_ctx *x, struct wtl__proxy *proxy,
                                     const struct wtl__pipe_frame *frame)
{
    if (!is_ref(proxy, frame->request)) {
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
    if (!has_room_for_a_tie(x) || !ask_with(proxy, frame, &options)) {
        return WTL__EFFECT_WRONG;
    }
    struct lent lent = lend(x, frame->request);
    if (frame->kind == WTL__PIPE_REGISTER) {
        wtl_register(x, frame->name, scope_of(frame), &options);
    } else {
        wtl_whereis(x, frame->name, &options);
    }
    give_back(x, lent);
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
    if (verb > WTL_CHILD_SHOW || !ask_with(proxy, frame, &options)) {
        return WTL__EFFECT_WRONG;
    }
    struct lent lent = lend(x, frame->request);
    (void)wtl_supervisor_ask(x, frame->pid, (enum wtl_supervisor_verb)verb,
                             name_is_good(frame) ? frame->name : NULL, frame->other, &options);
    give_back(x, lent);
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
    bool good = tree != NULL && has_room_for_a_tie(x) &&
                (!options.monitor || take_ref(proxy, frame->request));
    struct wtl__cell *cell = good ? wtl__process_spend(process, frame->other.local) : NULL;
    if (cell != NULL) {
        struct lent lent = lend(x, frame->request);
        (void)wtl__supervise_at(wtl__ctx_of(x), cell, tree, &options);
        give_back(x, lent);
        wtl__process_reserve(process, wtl__ctx_of(x), 1);
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
    bool good = (child != NULL || frame->size == 0) && ask_with(proxy, frame, &options);
    if (good) {
        struct lent lent = lend(x, frame->request);
        (void)wtl_supervisor_add(x, frame->pid, child, &options);
        give_back(x, lent);
    }
    wtl__arena_free(&arena);
    return good ? WTL__EFFECT_DONE : WTL__EFFECT_WRONG;
}

/* ---- flows --------------------------------------------------------------------------------- */

/* The frame is about a message that was left open, or about none. False: that is open no more. */
static bool turn_to(struct wtl_ctx *x, const struct wtl__pipe_frame *frame)
{
    return frame->key.seq == 0 || x->stage->api->about(x, &frame->key) == WTL_OK;
}

static void log_refused(struct wtl_ctx *x, const char *what, enum wtl_status status)
{
    wtl__log(wtl__log_process(), WTL__LOG_WARN, "stage_refused",
             WTL__LOG_TEXT("type", wtl__ctx_of(x)->cell->type->name), WTL__LOG_TEXT("what", what),
             WTL__LOG_TEXT("status", wtl_status_word(status)));
}

static enum wtl__effect on_emit(struct wtl_ctx *x, struct wtl__proxy *proxy,
                                const struct wtl__pipe_frame *frame)
{
    struct wtl_writer writer;
    bool producer = proxy->type->actor.kind == WTL_PRODUCER;
    const char *port = (frame->flags & WTL__PIPE_NAMED) != 0 ? frame->name : NULL;
    if (!body_is_good(frame)) {
        return WTL__EFFECT_WRONG;
    }
    if (!turn_to(x, frame)) {
        return WTL__EFFECT_DONE; /* it will be delivered again, and this be made of it again */
    }
    enum wtl_status status =
        x->stage->api->emit(x, NULL, port, frame->tag, body_of(x, frame, &writer));
    bool waits = producer && (status == WTL_BUSY || status == WTL_FULL || status == WTL_NO_MEMORY ||
                              status == WTL_NO_CONNECTION);
    if (waits && !proxy->doomed) {
        /* the child was told that it is accepted: so it waits here for flow_ready */
        proxy->stalled = true;
        return WTL__EFFECT_WAITS;
    }
    if (status != WTL_OK) {
        log_refused(x, "emit", status);
    }
    proxy->emitted += producer;
    return WTL__EFFECT_DONE;
}

static enum wtl__effect on_send_back(struct wtl_ctx *x, struct wtl__proxy *proxy,
                                     const struct wtl__pipe_frame *frame)
{
    struct wtl_writer writer;
    (void)proxy;
    if (!body_is_good(frame)) {
        return WTL__EFFECT_WRONG;
    }
    if (turn_to(x, frame)) {
        enum wtl_status status = wtl_back_as(x, frame->tag, body_of(x, frame, &writer));
        if (status != WTL_OK) {
            log_refused(x, "back", status);
        }
    }
    return WTL__EFFECT_DONE;
}

static enum wtl__effect on_drop(struct wtl_ctx *x, struct wtl__proxy *proxy,
                                const struct wtl__pipe_frame *frame)
{
    char why[LOG_TEXT_MAX + 1];
    size_t size = frame->size < LOG_TEXT_MAX ? frame->size : LOG_TEXT_MAX;
    (void)proxy;
    if (size > 0) {
        memcpy(why, frame->body, size);
    }
    why[size] = '\0';
    if (turn_to(x, frame)) {
        wtl_drop(x, why);
    }
    return WTL__EFFECT_DONE;
}

static enum wtl__effect on_close(struct wtl_ctx *x, struct wtl__proxy *proxy,
                                 const struct wtl__pipe_frame *frame)
{
    (void)proxy;
    (void)!wtl_done_key(x, &frame->key);
    return WTL__EFFECT_DONE;
}

static enum wtl__effect on_ask(struct wtl_ctx *x, struct wtl__proxy *proxy,
                               const struct wtl__pipe_frame *frame)
{
    (void)proxy;
    if (frame->count > WTL_FLOW_ASK_MAX) {
        return WTL__EFFECT_WRONG;
    }
    enum wtl_status status = wtl_ask(x, (uint32_t)frame->count);
    if (status != WTL_OK) {
        log_refused(x, "ask", status);
    }
    return WTL__EFFECT_DONE;
}

static enum wtl__effect on_want_room(struct wtl_ctx *x, struct wtl__proxy *proxy,
                                     const struct wtl__pipe_frame *frame)
{
    (void)frame;
    wtl__proxy_room(x, proxy, true);
    return WTL__EFFECT_DONE;
}

/* ---- which does what ------------------------------------------------------------------------ */

static const effect_fn effects[WTL__PIPE_LAST + 1] = {
    [WTL__PIPE_READY] = on_ready,
    [WTL__PIPE_STOPPED] = on_stopped,
    [WTL__PIPE_LOG] = on_log,
    [WTL__PIPE_TELL] = on_tell,
    [WTL__PIPE_TELL_NAME] = on_tell_name,
    [WTL__PIPE_CALL] = on_call,
    [WTL__PIPE_CALL_NAME] = on_call,
    [WTL__PIPE_CANCEL] = on_cancel,
    [WTL__PIPE_REPLY] = on_reply,
    [WTL__PIPE_BEAR] = on_bear,
    [WTL__PIPE_EXIT] = on_exit_signal,
    [WTL__PIPE_END] = on_end,
    [WTL__PIPE_OVER] = on_over,
    [WTL__PIPE_TRAP] = on_trap,
    [WTL__PIPE_LINK] = on_link,
    [WTL__PIPE_UNLINK] = on_unlink,
    [WTL__PIPE_MONITOR] = on_monitor,
    [WTL__PIPE_MONITOR_NAME] = on_monitor_name,
    [WTL__PIPE_DEMONITOR] = on_demonitor,
    [WTL__PIPE_REGISTER] = on_register,
    [WTL__PIPE_WHEREIS] = on_register,
    [WTL__PIPE_UNREGISTER] = on_unregister,
    [WTL__PIPE_NODES] = on_nodes,
    [WTL__PIPE_DONE] = on_done,
    [WTL__PIPE_SUPERVISOR] = on_supervisor,
    [WTL__PIPE_SUPERVISE] = on_supervise,
    [WTL__PIPE_ADD] = on_add,
};

static const effect_fn stage_effects[WTL__PIPE_LAST + 1] = {
    [WTL__PIPE_EMIT] = on_emit, [WTL__PIPE_SEND_BACK] = on_send_back,
    [WTL__PIPE_DROP] = on_drop, [WTL__PIPE_CLOSE] = on_close,
    [WTL__PIPE_ASK] = on_ask,   [WTL__PIPE_WANT_ROOM] = on_want_room,
};

enum wtl__effect wtl__effect_do(struct wtl_ctx *x, struct wtl__proxy *proxy,
                                const struct wtl__pipe_frame *frame, enum wtl_status *status_out)
{
    if (frame->kind == WTL__PIPE_RAN) {
        return on_ran(x, proxy, frame, status_out);
    }
    effect_fn effect = effects[frame->kind];
    if (effect != NULL) {
        return effect(x, proxy, frame);
    }
    effect = stage_effects[frame->kind];
    if (effect == NULL || x->stage == NULL) {
        return WTL__EFFECT_WRONG;
    }
    enum wtl__effect done = effect(x, proxy, frame);
    (void)x->stage->api->about(x, NULL);
    return done;
}
