/* calls.c - the table that the module calls through: what is sent, and what is one's own. */
#include <stdlib.h>

#include "actor/supervisor_private.h"
#include "base/clock.h"
#include "process/host/host.h"

#define LOG_TEXT_MAX 400u

uint64_t wtl__host_ref(struct wtl__host *host)
{
    return host->orders.refs + ++host->refs_used;
}

static void put(struct wtl__host_ctx *x, struct wtl__pipe_frame *frame)
{
    wtl__guest_send(x->host, x->guest, frame);
}

/* ---- about oneself ------------------------------------------------------------------------- */

static struct wtl_pid api_self(struct wtl_ctx *x)
{
    return wtl__host_ctx_of(x)->guest->self;
}

static struct wtl_pid api_parent(struct wtl_ctx *x)
{
    return wtl__host_ctx_of(x)->guest->parent;
}

static uint64_t api_now_ns(struct wtl_ctx *x)
{
    (void)x;
    return wtl__clock_now_ns(wtl__clock_system());
}

static uint64_t api_random(struct wtl_ctx *x)
{
    return wtl__prng_next(&wtl__host_ctx_of(x)->host->prng);
}

static void api_log(struct wtl_ctx *pub, int level, const char *text)
{
    struct wtl__host_ctx *x = wtl__host_ctx_of(pub);
    struct wtl__pipe_frame frame = {.kind = WTL__PIPE_LOG,
                                    .count = (uint64_t)(level < 0 ? WTL_LOG_INFO : level),
                                    .body = (const uint8_t *)text,
                                    .size = (uint32_t)strnlen(text, LOG_TEXT_MAX)};
    if (wtl__guest_may_send(x->host, x->guest, LOG_TEXT_MAX)) {
        put(x, &frame);
    }
}

/* ---- messages ------------------------------------------------------------------------------ */

static bool api_message_open(struct wtl_ctx *x, struct wtl_writer *writer, size_t size)
{
    (void)x;
    return wtl__message_open(writer, size);
}

static void api_message_drop(struct wtl_ctx *x, struct wtl_writer *writer)
{
    (void)x;
    wtl__message_drop(writer);
}

/* Sends a body on as the frame's, and lets go of it. What the node does with it is not known here:
 * OK is that this process has accepted it. */
static enum wtl_status send_body(struct wtl__host_ctx *x, struct wtl__pipe_frame *frame,
                                 struct wtl_writer *body)
{
    if (body != NULL && body->failed) {
        enum wtl_status status = wtl__message_fault(body);
        wtl__message_drop(body);
        return status;
    }
    if (body != NULL) {
        frame->body = body->begin;
        frame->size = (uint32_t)wtl_written(body);
    }
    bool may = wtl__guest_may_send(x->host, x->guest, frame->size);
    if (may) {
        put(x, frame);
    }
    wtl__message_drop(body);
    if (!may) {
        return WTL_FULL;
    }
    return x->guest->unpaid > WTL__PIPE_ACTOR_BYTES / 2 ? WTL_BUSY : WTL_OK;
}

static enum wtl_status api_tell(struct wtl_ctx *x, struct wtl_pid to, struct wtl_tag tag,
                                struct wtl_writer *body)
{
    struct wtl__pipe_frame frame = {.kind = WTL__PIPE_TELL, .pid = to, .tag = tag};
    return send_body(wtl__host_ctx_of(x), &frame, body);
}

/* A name that is too long is nobody's. */
static bool put_name(struct wtl__pipe_frame *frame, const char *name)
{
    size_t size = name != NULL ? strnlen(name, WTL_NAME_MAX + 1) : 0;
    if (size == 0 || size > WTL_NAME_MAX) {
        return false;
    }
    memcpy(frame->name, name, size + 1);
    return true;
}

static enum wtl_status api_tell_name(struct wtl_ctx *x, const char *name, struct wtl_tag tag,
                                     struct wtl_writer *body)
{
    struct wtl__pipe_frame frame = {.kind = WTL__PIPE_TELL_NAME, .tag = tag};
    if (!put_name(&frame, name)) {
        wtl__message_drop(body);
        return WTL_NOT_FOUND;
    }
    return send_body(wtl__host_ctx_of(x), &frame, body);
}

static enum wtl_status api_forward(struct wtl_ctx *pub, struct wtl_pid to, struct wtl_tag tag,
                                   const struct wtl_msg *message)
{
    struct wtl__host_ctx *x = wtl__host_ctx_of(pub);
    struct wtl__pipe_frame frame = {.kind = WTL__PIPE_TELL,
                                    .pid = to,
                                    .tag = tag,
                                    .body = message->bytes,
                                    .size = message->size};
    if (!wtl__guest_may_send(x->host, x->guest, frame.size)) {
        return WTL_FULL;
    }
    put(x, &frame);
    return WTL_OK;
}

static const struct wtl_msg *api_keep(struct wtl_ctx *pub, const struct wtl_msg *message)
{
    struct wtl__host_ctx *x = wtl__host_ctx_of(pub);
    struct wtl__item *item = x->current;
    if (item == NULL || &item->msg != message) {
        return NULL;
    }
    x->current = NULL;
    item->next = x->guest->kept;
    x->guest->kept = item;
    return message;
}

static void api_release(struct wtl_ctx *x, const struct wtl_msg *message)
{
    struct wtl__item **slot = &wtl__host_ctx_of(x)->guest->kept;
    if (message == NULL) {
        return;
    }
    while (*slot != NULL && &(*slot)->msg != message) {
        slot = &(*slot)->next;
    }
    struct wtl__item *item = *slot;
    WTL_ASSERT(item != NULL); /* released twice, or never kept */
    *slot = item->next;
    wtl__item_free(item);
}

/* Replies for an actor of this process alone: that another one has asked us to, nobody could
 * check. */
static enum wtl_status api_reply(struct wtl_ctx *pub, struct wtl_from from, enum wtl_status status,
                                 struct wtl_writer *body)
{
    struct wtl__host_ctx *x = wtl__host_ctx_of(pub);
    struct wtl__guest *callee = from.callee.node == x->guest->self.node
                                    ? wtl__guest_find(x->host, from.callee.local)
                                    : NULL;
    struct wtl__pipe_frame frame = {
        .kind = WTL__PIPE_REPLY, .pid = from.caller, .request = from.request, .status = status};
    if (from.request == 0 || wtl_pid_is_none(from.caller)) {
        wtl__message_drop(body);
        return WTL_OK;
    }
    if (callee == NULL) {
        api_log(pub, WTL_LOG_ERROR,
                "a reply for an actor outside of this module's process is refused");
        wtl__message_drop(body);
        return WTL_DENIED;
    }
    if (body != NULL && body->failed) {
        frame.status = wtl__message_fault(body);
    } else if (body != NULL && !wtl__guest_may_send(x->host, callee, wtl_written(body))) {
        frame.status = WTL_FULL; /* who waits hears that much */
    } else if (body != NULL) {
        frame.body = body->begin;
        frame.size = (uint32_t)wtl_written(body);
    }
    wtl__host_deadline_settled(x, callee, from);
    wtl__guest_send(x->host, callee, &frame);
    wtl__message_drop(body);
    return WTL_OK;
}

/* ---- others -------------------------------------------------------------------------------- */

static void api_exit(struct wtl_ctx *x, struct wtl_pid to, struct wtl_reason reason)
{
    struct wtl__pipe_frame frame = {.kind = WTL__PIPE_EXIT, .pid = to, .reason = reason};
    put(wtl__host_ctx_of(x), &frame);
}

static void api_stop(struct wtl_ctx *x, struct wtl_reason reason)
{
    wtl__guest_end(wtl__host_ctx_of(x)->guest, reason);
}

static void api_trap_exits(struct wtl_ctx *x, bool on)
{
    struct wtl__pipe_frame frame = {.kind = WTL__PIPE_TRAP, .flags = on ? WTL__PIPE_ON : 0};
    put(wtl__host_ctx_of(x), &frame);
}

static void api_link(struct wtl_ctx *x, struct wtl_pid to)
{
    struct wtl__pipe_frame frame = {.kind = WTL__PIPE_LINK, .pid = to};
    put(wtl__host_ctx_of(x), &frame);
}

/* Exits of the link that are under way are not seen: those that the node has sent before it knows
 * of this are told by its answer. */
static void api_unlink(struct wtl_ctx *pub, struct wtl_pid to)
{
    struct wtl__host_ctx *x = wtl__host_ctx_of(pub);
    struct wtl__pipe_frame frame = {.kind = WTL__PIPE_UNLINK, .pid = to};
    struct wtl__unlinking *unlinking = x->guest->unlinking;
    while (unlinking != NULL && !wtl_pid_equal(unlinking->pid, to)) {
        unlinking = unlinking->next;
    }
    if (unlinking == NULL) {
        unlinking = calloc(1, sizeof *unlinking);
        if (unlinking == NULL) {
            api_stop(pub, wtl_reason_of(WTL_NO_MEMORY));
            return;
        }
        unlinking->pid = to;
        unlinking->next = x->guest->unlinking;
        x->guest->unlinking = unlinking;
    }
    unlinking->count++;
    (void)wtl__guest_flush(x->guest, WTL__ITEM_EXITED, to, 0);
    put(x, &frame);
}

/* Sends what asks for a monitor, and remembers it. */
static uint64_t watch(struct wtl_ctx *pub, struct wtl__pipe_frame *frame)
{
    struct wtl__host_ctx *x = wtl__host_ctx_of(pub);
    struct wtl__envelope *tie = wtl__envelope_new(WTL__MONITOR);
    if (tie == NULL) {
        api_stop(pub, wtl_reason_of(WTL_NO_MEMORY));
        return 0;
    }
    frame->request = wtl__host_ref(x->host);
    tie->msg.from = frame->pid;
    tie->msg.request = frame->request;
    wtl__ties_add(&x->guest->ties, WTL__TIE_MONITOR, tie);
    put(x, frame);
    return frame->request;
}

static uint64_t api_monitor(struct wtl_ctx *x, struct wtl_pid to)
{
    struct wtl__pipe_frame frame = {.kind = WTL__PIPE_MONITOR, .pid = to};
    return watch(x, &frame);
}

static uint64_t api_monitor_name(struct wtl_ctx *pub, const char *name)
{
    struct wtl__pipe_frame frame = {.kind = WTL__PIPE_MONITOR_NAME};
    (void)put_name(&frame, name); /* else nobody has it, and the node says so */
    return watch(pub, &frame);
}

static bool api_demonitor(struct wtl_ctx *pub, uint64_t ref)
{
    struct wtl__host_ctx *x = wtl__host_ctx_of(pub);
    struct wtl__pipe_frame frame = {.kind = WTL__PIPE_DEMONITOR, .request = ref};
    struct wtl__envelope *tie =
        wtl__ties_take(&x->guest->ties, WTL__TIE_MONITOR, WTL_PID_NONE, ref);
    if (tie == NULL) {
        return wtl__guest_flush(x->guest, WTL__ITEM_DOWN, WTL_PID_NONE, ref);
    }
    wtl__envelope_free(tie);
    put(x, &frame);
    return true;
}

static void api_watch_nodes(struct wtl_ctx *x, bool on)
{
    struct wtl__pipe_frame frame = {.kind = WTL__PIPE_NODES, .flags = on ? WTL__PIPE_ON : 0};
    put(wtl__host_ctx_of(x), &frame);
}

static void api_done(struct wtl_ctx *x, enum wtl_status status)
{
    wtl__guest_done(wtl__host_ctx_of(x)->host, wtl__host_ctx_of(x)->guest, status);
}

static enum wtl_status api_tree_check(struct wtl_ctx *x, const struct wtl_tree *tree,
                                      struct wtl_error *error)
{
    (void)x;
    return wtl__tree_check(tree, error);
}

/* ---- to oneself, and one's own --------------------------------------------------------------- */

static void api_continue(struct wtl_ctx *pub, struct wtl_tag tag, struct wtl_writer *body)
{
    struct wtl__host_ctx *x = wtl__host_ctx_of(pub);
    bool good = body == NULL || !body->failed;
    struct wtl__item *item = good ? wtl__item_new(WTL__ITEM_OWN, body != NULL ? body->begin : NULL,
                                                  body != NULL ? (uint32_t)wtl_written(body) : 0)
                                  : NULL;
    wtl__message_drop(body);
    if (item == NULL) {
        api_stop(pub, wtl_reason_of(WTL_NO_MEMORY));
        return;
    }
    item->msg.tag = tag;
    item->msg.from = x->guest->self;
    wtl__guest_push(x->host, x->guest, item, true);
}

static void *api_alloc(struct wtl_ctx *x, size_t size)
{
    struct wtl__guest *guest = wtl__host_ctx_of(x)->guest;
    uint64_t cap = guest->type->memory_max;
    if (size > UINT32_MAX - sizeof(struct wtl__memory)) {
        return NULL;
    }
    if (cap > 0 && guest->memory_used + size > cap) {
        guest->over = true;
        return NULL;
    }
    struct wtl__memory *memory = malloc(sizeof *memory + size);
    if (memory == NULL) {
        return NULL;
    }
    guest->memory_used += size;
    return wtl__blocks_add(&guest->memory, memory, size);
}

static void api_free(struct wtl_ctx *x, void *block)
{
    struct wtl__guest *guest = wtl__host_ctx_of(x)->guest;
    if (block == NULL) {
        return;
    }
    struct wtl__memory *memory = wtl__blocks_remove(&guest->memory, block);
    guest->memory_used -= memory->size;
    free(memory);
}

const struct wtl_api wtl__host_api = {
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
    .keep = api_keep,
    .release = api_release,
    .call = wtl__host_call,
    .call_name = wtl__host_call_name,
    .call_cancel = wtl__host_call_cancel,
    .reply = api_reply,
    .spawn = wtl__host_spawn,
    .exit = api_exit,
    .stop = api_stop,
    .trap_exits = api_trap_exits,
    .link = api_link,
    .unlink = api_unlink,
    .monitor = api_monitor,
    .demonitor = api_demonitor,
    .register_ = wtl__host_register,
    .unregister = wtl__host_unregister,
    .whereis_local = wtl__host_whereis_local,
    .whereis = wtl__host_whereis,
    .timer = wtl__host_timer,
    .timer_cancel = wtl__host_timer_cancel,
    .continue_ = api_continue,
    .done = api_done,
    .alloc = api_alloc,
    .free = api_free,
    .fd_watch = wtl__host_fd_watch,
    .fd_unwatch = wtl__host_fd_unwatch,
    .work = wtl__host_work,
    .watch_nodes = api_watch_nodes,
    .supervise = wtl__host_supervise,
    .supervisor_add = wtl__host_supervisor_add,
    .supervisor_ask = wtl__host_supervisor_ask,
    .tree_check = api_tree_check,
    .tasks_run = wtl__tasks_run,
    .monitor_name = api_monitor_name,
    .tables = &wtl__host_tables,
    .sys = wtl__host_sys,
    .deadline_left_ms = wtl__host_deadline_left_ms,
    .deadline_set_ms = wtl__host_deadline_set_ms,
};
