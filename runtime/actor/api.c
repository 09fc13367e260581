/*
 * api.c - the table that modules call through: each function finds the running actor in its context
 * and does what actor_calls.h promises.
 *
 * Thread: the holder of the running cell's token.
 */
#include "actor/ask.h"
#include "actor/bonds.h"
#include "actor/deadline.h"
#include "actor/deliver.h"
#include "actor/memory.h"
#include "actor/names.h"
#include "actor/supervisor.h"
#include "actor/sys.h"
#include "actor/tables.h"
#include "base/log.h"
#include "base/pool.h"

static struct wtl_pid self_of(struct wtl__ctx *x)
{
    return wtl__pid_of(x->runtime, x->cell);
}

static struct wtl_pid api_self(struct wtl_ctx *pub)
{
    return self_of(wtl__ctx_of(pub));
}

static struct wtl_pid api_parent(struct wtl_ctx *pub)
{
    return wtl__ctx_of(pub)->cell->parent;
}

static uint64_t api_now_ns(struct wtl_ctx *pub)
{
    struct wtl__ctx *x = wtl__ctx_of(pub);
    return x->runtime->host->now_ns(x->runtime);
}

static uint64_t api_random(struct wtl_ctx *pub)
{
    return wtl__prng_next(&wtl__ctx_of(pub)->prng);
}

static void api_log(struct wtl_ctx *pub, int level, const char *text)
{
    struct wtl__ctx *x = wtl__ctx_of(pub);
    const char *name = x->cell->name != NULL ? x->cell->name : x->cell->type->name;
    static const enum wtl__log_level levels[] = {WTL__LOG_DEBUG, WTL__LOG_INFO, WTL__LOG_WARN,
                                                 WTL__LOG_ERROR};
    level = level < WTL_LOG_DEBUG || level > WTL_LOG_ERROR ? WTL_LOG_INFO : level;
    wtl__log(wtl__log_process(), levels[level], "actor", WTL__LOG_TEXT("name", name),
             WTL__LOG_TEXT("text", text));
}

static bool api_message_open(struct wtl_ctx *pub, struct wtl_writer *writer, size_t size)
{
    return wtl__message_open_in(&wtl__ctx_of(pub)->drafts, writer, size);
}

static void api_message_drop(struct wtl_ctx *pub, struct wtl_writer *writer)
{
    (void)pub;
    wtl__message_drop(writer);
}

/* A message without a body, or none because its body could not be made. */
static __attribute__((noinline)) enum wtl_status
tell_bare(struct wtl__ctx *x, struct wtl_pid to, struct wtl_tag tag, struct wtl_writer *body)
{
    struct wtl__envelope *envelope = wtl__message_take(body, WTL__MESSAGE);
    if (envelope == NULL) {
        wtl__count(x->runtime, WTL__COUNT_DROPPED_MEMORY);
        return wtl__message_fault(body);
    }
    envelope->msg.tag = tag;
    envelope->msg.from = self_of(x);
    return wtl__deliver(x->runtime, x, to, envelope);
}

static enum wtl_status api_tell(struct wtl_ctx *pub, struct wtl_pid to, struct wtl_tag tag,
                                struct wtl_writer *body)
{
    struct wtl__ctx *x = wtl__ctx_of(pub);
    if (WTL_LIKELY(body != NULL && !body->failed)) {
        struct wtl__envelope *envelope = wtl__message_seal(body, WTL__MESSAGE, tag, self_of(x));
        return wtl__deliver_hot(x->runtime, x, to, envelope, WTL__MESSAGE);
    }
    return tell_bare(x, to, tag, body);
}

static enum wtl_status api_tell_name(struct wtl_ctx *pub, const char *name, struct wtl_tag tag,
                                     struct wtl_writer *body)
{
    struct wtl__ctx *x = wtl__ctx_of(pub);
    struct wtl_pid to = wtl__name_find(x->runtime, name);
    if (!wtl_pid_is_none(to)) {
        return api_tell(pub, to, tag, body);
    }
    if (x->runtime->port == NULL) {
        wtl__message_drop(body);
        return WTL_NOT_FOUND;
    }
    struct wtl__envelope *envelope = wtl__message_take(body, WTL__MESSAGE);
    if (envelope == NULL) {
        wtl__count(x->runtime, WTL__COUNT_DROPPED_MEMORY);
        return wtl__message_fault(body);
    }
    envelope->msg.tag = tag;
    envelope->msg.from = self_of(x);
    return x->runtime->port->send_name(x->runtime->port_self, x, name, envelope);
}

static enum wtl_status api_forward(struct wtl_ctx *pub, struct wtl_pid to, struct wtl_tag tag,
                                   const struct wtl_msg *message)
{
    struct wtl__ctx *x = wtl__ctx_of(pub);
    struct wtl__envelope *envelope = wtl__message_share(message);
    if (envelope == NULL) {
        wtl__count(x->runtime, WTL__COUNT_DROPPED_MEMORY);
        return WTL_NO_MEMORY;
    }
    envelope->msg.tag = tag;
    envelope->msg.from = self_of(x);
    return wtl__deliver(x->runtime, x, to, envelope);
}

static struct wtl_pid api_spawn(struct wtl_ctx *pub, const struct wtl_actor *type,
                                const struct wtl_spawn_options *options)
{
    struct wtl__ctx *x = wtl__ctx_of(pub);
    return wtl__spawn(x->runtime, x, type, options, 0);
}

static void api_exit(struct wtl_ctx *pub, struct wtl_pid to, struct wtl_reason reason)
{
    wtl__bond_signal(wtl__ctx_of(pub), to, WTL__EXIT_SEND, 0, &reason);
}

static void api_stop(struct wtl_ctx *pub, struct wtl_reason reason)
{
    wtl__cell_fail(wtl__ctx_of(pub)->cell, reason);
}

static void api_trap_exits(struct wtl_ctx *pub, bool on)
{
    struct wtl__cell *cell = wtl__ctx_of(pub)->cell;
    cell->flags = on ? cell->flags | WTL__CELL_TRAPS : cell->flags & ~WTL__CELL_TRAPS;
}

static void api_register(struct wtl_ctx *pub, const char *name, enum wtl_scope scope,
                         const struct wtl_call_options *options)
{
    struct wtl__ctx *x = wtl__ctx_of(pub);
    if (scope == WTL_LOCAL) {
        enum wtl_status status = wtl__name_hold(x->runtime, x->cell, self_of(x), name);
        struct wtl_pid holder =
            status == WTL_EXISTS ? wtl__name_find(x->runtime, name) : self_of(x);
        wtl__ask_now(x, options, status, holder);
        return;
    }
    if (x->runtime->port == NULL || !wtl__name_is_valid(name)) {
        wtl__ask_now(x, options, x->runtime->port == NULL ? WTL_NO_CONNECTION : WTL_INVALID,
                     WTL_PID_NONE);
        return;
    }
    struct wtl__pending *pending = wtl__pending_new(x, WTL_PID_NONE, options);
    if (pending != NULL) {
        x->cell->flags |= WTL__CELL_NAMES;
        x->runtime->port->name_register(x->runtime->port_self, self_of(x), pending->tie.msg.request,
                                        name);
    }
}

static void api_unregister(struct wtl_ctx *pub, const char *name, enum wtl_scope scope)
{
    struct wtl__ctx *x = wtl__ctx_of(pub);
    if (scope == WTL_LOCAL) {
        wtl__name_drop(x->runtime, x->cell, name);
    } else if (x->runtime->port != NULL) {
        x->runtime->port->name_unregister(x->runtime->port_self, self_of(x), name);
    }
}

static struct wtl_pid api_whereis_local(struct wtl_ctx *pub, const char *name)
{
    return wtl__name_find(wtl__ctx_of(pub)->runtime, name);
}

static void api_whereis(struct wtl_ctx *pub, const char *name,
                        const struct wtl_call_options *options)
{
    struct wtl__ctx *x = wtl__ctx_of(pub);
    struct wtl_pid pid = wtl__name_find(x->runtime, name);
    if (!wtl_pid_is_none(pid) || x->runtime->port == NULL || !wtl__name_is_valid(name)) {
        wtl__ask_now(x, options, wtl_pid_is_none(pid) ? WTL_NOT_FOUND : WTL_OK, pid);
        return;
    }
    struct wtl__pending *pending = wtl__pending_new(x, WTL_PID_NONE, options);
    if (pending != NULL) {
        x->runtime->port->name_whereis(x->runtime->port_self, self_of(x), pending->tie.msg.request,
                                       name);
    }
}

static void api_continue(struct wtl_ctx *pub, struct wtl_tag tag, struct wtl_writer *body)
{
    struct wtl__ctx *x = wtl__ctx_of(pub);
    struct wtl__envelope *envelope = wtl__message_take(body, WTL__LOCAL);
    if (envelope == NULL) {
        wtl__cell_fail(x->cell, wtl_reason_of(WTL_NO_MEMORY));
        return;
    }
    envelope->msg.tag = tag;
    envelope->msg.from = self_of(x);
    /* behind the answer that the actor is held for: nothing but that is handled now */
    struct wtl__envelope **slot =
        wtl__held_is_answered(x->cell) ? &x->cell->fifo->next : &x->cell->fifo;
    envelope->next = *slot;
    if (*slot == NULL) {
        x->cell->fifo_last = envelope;
    }
    *slot = envelope;
}

static void api_done(struct wtl_ctx *pub, enum wtl_status status)
{
    struct wtl__ctx *x = wtl__ctx_of(pub);
    struct wtl__cell *cell = x->cell;
    if (cell->state_now == WTL__CELL_STOPPING) {
        wtl__cell_returned(cell, status, x->current);
    } else if ((cell->flags & WTL__CELL_INITING) != 0) {
        wtl__started(x, cell, status);
    }
}

static void *api_alloc(struct wtl_ctx *pub, size_t size)
{
    return wtl__memory_take(wtl__ctx_of(pub)->cell, size);
}

static void api_free(struct wtl_ctx *pub, void *block)
{
    wtl__memory_give(wtl__ctx_of(pub)->cell, block);
}

static enum wtl_status api_fd_watch(struct wtl_ctx *pub, int fd, unsigned events)
{
    struct wtl__ctx *x = wtl__ctx_of(pub);
    if (fd < 0 || events == 0 || (events & ~(WTL_FD_READ | WTL_FD_WRITE)) != 0) {
        return WTL_INVALID;
    }
    if (wtl__ties_find(&x->cell->ties, WTL__TIE_FD, WTL_PID_NONE, (uint64_t)fd) != NULL) {
        return WTL_EXISTS;
    }
    struct wtl__watch *watch = wtl__pool_take(sizeof *watch);
    if (watch == NULL) {
        return WTL_NO_MEMORY;
    }
    *watch = (struct wtl__watch){
        .runtime = x->runtime, .owner = wtl__cell_local(x->cell), .fd = fd, .events = events};
    watch->tie.msg.request = (uint64_t)fd;
    watch->signal.msg.kind_ = WTL__FD;
    enum wtl_status status = x->runtime->host->fd_watch(x, watch);
    if (status != WTL_OK) {
        wtl__pool_give(watch);
        return status;
    }
    wtl__ties_add(&x->cell->ties, WTL__TIE_FD, &watch->tie);
    return WTL_OK;
}

static void api_fd_unwatch(struct wtl_ctx *pub, int fd)
{
    struct wtl__ctx *x = wtl__ctx_of(pub);
    struct wtl__envelope *tie =
        wtl__ties_take(&x->cell->ties, WTL__TIE_FD, WTL_PID_NONE, (uint64_t)fd);
    if (tie != NULL) {
        wtl__watch_stop(x, WTL_CONTAINER(tie, struct wtl__watch, tie));
        (void)wtl__notices_flush(x->cell, WTL__FD, WTL_PID_NONE, (uint64_t)fd);
    }
}

static void api_watch_nodes(struct wtl_ctx *pub, bool on)
{
    wtl__cell_set_remote(wtl__ctx_of(pub)->cell, WTL__REMOTE_WATCHES, on);
}

const struct wtl_api wtl__api = {
    .size = sizeof(struct wtl_api),
    .major = WTL_ABI_MAJOR,
    .minor = WTL_ABI_MINOR,
    .self = api_self,
    .parent = api_parent,
    .now_ns = api_now_ns,
    .random = api_random,
    .log = api_log,
    .message_open = api_message_open,
    .message_drop = api_message_drop,
    .tell = api_tell,
    .tell_name = api_tell_name,
    .forward = api_forward,
    .keep = wtl__keep,
    .release = wtl__release,
    .call = wtl__call,
    .call_name = wtl__call_name,
    .call_cancel = wtl__call_cancel,
    .reply = wtl__reply,
    .spawn = api_spawn,
    .exit = api_exit,
    .stop = api_stop,
    .trap_exits = api_trap_exits,
    .link = wtl__link,
    .unlink = wtl__unlink,
    .monitor = wtl__monitor,
    .demonitor = wtl__demonitor,
    .register_ = api_register,
    .unregister = api_unregister,
    .whereis_local = api_whereis_local,
    .whereis = api_whereis,
    .timer = wtl__timer_start,
    .timer_cancel = wtl__timer_cancel,
    .continue_ = api_continue,
    .done = api_done,
    .alloc = api_alloc,
    .free = api_free,
    .fd_watch = api_fd_watch,
    .fd_unwatch = api_fd_unwatch,
    .work = wtl__work_ask,
    .watch_nodes = api_watch_nodes,
    .supervise = wtl__supervise,
    .supervisor_add = wtl__supervisor_add,
    .supervisor_ask = wtl__supervisor_ask,
    .tree_check = wtl__supervisor_check,
    .tasks_run = wtl__tasks_run,
    .monitor_name = wtl__monitor_name,
    .tables = &wtl__table_api,
    .sys = wtl__sys_ask,
    .deadline_left_ms = wtl__deadline_left_ms,
    .deadline_set_ms = wtl__deadline_set_ms,
};
