/*
 * bear.c - an actor spawns another one of its module, in the same process, or has the node start a
 * supervisor of such.
 *
 * The pid is one of those that the node has reserved here, so that it is known at once. Its init
 * runs when the node has said that it is there: a name may be taken.
 */
#include <stdlib.h>

#include "actor/settings.h"
#include "process/host/host.h"
#include "process/tree.h"

static bool has_spare(const struct wtl__host *host, uint64_t what)
{
    (void)what;
    return host->spares_count > 0;
}

/* Which of the module's types it is; the count of them for none. */
static uint32_t index_of(const struct wtl__host *host, const struct wtl_actor *type)
{
    uint32_t index = 0;
    while (index < host->module->actors_count && host->module->actors[index] != type) {
        index++;
    }
    return index;
}

static bool take_settings(struct wtl__guest *guest, const void *settings)
{
    const struct wtl_actor *type = guest->type;
    if (type->settings_size == 0) {
        return true;
    }
    guest->settings = calloc(1, wtl__settings_size(type, settings));
    if (guest->settings == NULL) {
        return false;
    }
    if (settings != NULL) {
        wtl__settings_copy(type, settings, guest->settings);
        return true;
    }
    return wtl__settings_default(type, guest->settings, NULL) == WTL_OK;
}

static bool take_args(struct wtl__guest *guest, struct wtl_writer *args)
{
    if (args == NULL) {
        return true;
    }
    if (!args->failed) {
        guest->args = wtl__item_new(WTL__ITEM_OWN, args->begin, (uint32_t)wtl_written(args));
    }
    if (guest->args != NULL) {
        guest->args->msg.tag = WTL_TAG("args");
    }
    return guest->args != NULL;
}

/* The monitor's own half; its number is in the frame. */
static bool watch(struct wtl__host_ctx *x, struct wtl_pid pid, uint64_t ref, uint64_t *ref_out)
{
    struct wtl__envelope *tie = wtl__envelope_new(WTL__MONITOR);
    if (tie == NULL) {
        return false;
    }
    tie->msg.from = pid;
    tie->msg.request = ref;
    wtl__ties_add(&x->guest->ties, WTL__TIE_MONITOR, tie);
    if (ref_out != NULL) {
        *ref_out = ref;
    }
    return true;
}

static uint32_t flags_of(const struct wtl_spawn_options *options)
{
    return (options->name != NULL ? WTL__PIPE_NAMED : 0) |
           (options->link ? WTL__PIPE_LINK_TOO : 0) |
           (options->monitor ? WTL__PIPE_MONITOR_TOO : 0) | (options->ack ? WTL__PIPE_ACK : 0);
}

static struct wtl_pid refuse(struct wtl_ctx *x, const struct wtl_spawn_options *options,
                             const char *why)
{
    wtl_log(x, WTL_LOG_ERROR, why);
    wtl__message_drop(options->args);
    return WTL_PID_NONE;
}

/* The pid of what is spawned, taken from the reserve; none, which is logged, when there is none. */
static struct wtl_pid take_spare(struct wtl_ctx *pub, const struct wtl_spawn_options *options)
{
    struct wtl__host *host = wtl__host_ctx_of(pub)->host;
    if (options->name != NULL && strnlen(options->name, WTL_NAME_MAX + 1) > WTL_NAME_MAX) {
        return refuse(pub, options, "the name of an actor to be spawned is too long");
    }
    if (!wtl__host_await(host, has_spare, 0, host->orders.budget_ms / 4)) {
        return refuse(pub, options, "the node has no room for one more actor");
    }
    struct wtl_pid pid = {.node = host->orders.node, .local = host->spares[host->spares_begin]};
    host->spares_begin = (host->spares_begin + 1) % WTL__PIPE_SPARES;
    host->spares_count--;
    return pid;
}

/* What both kinds of frames say of the options. */
static void put_options(struct wtl__host *host, struct wtl__pipe_frame *frame,
                        const struct wtl_spawn_options *options)
{
    frame->flags = flags_of(options);
    frame->request = options->monitor ? wtl__host_ref(host) : 0;
    if (options->name != NULL) {
        memcpy(frame->name, options->name, strlen(options->name) + 1);
    }
}

static const struct wtl_spawn_options nothing;

struct wtl_pid wtl__host_spawn(struct wtl_ctx *pub, const struct wtl_actor *type,
                               const struct wtl_spawn_options *options)
{
    struct wtl__host_ctx *x = wtl__host_ctx_of(pub);
    struct wtl__host *host = x->host;
    options = options != NULL ? options : &nothing;
    struct wtl__pipe_frame frame = {.kind = WTL__PIPE_BEAR, .count = index_of(host, type)};
    if (frame.count == host->module->actors_count) {
        return refuse(pub, options,
                      "wtl_spawn: the actor's type is not in WTL_MODULE: in a process of its own "
                      "a module spawns the actors that it lists");
    }
    frame.other = take_spare(pub, options);
    if (wtl_pid_is_none(frame.other)) {
        return frame.other;
    }
    struct wtl__guest *guest = wtl__guest_new(host, frame.other.local, type);
    if (guest == NULL) {
        abort(); /* the failed allocation is on the board */
    }
    guest->parent = x->guest->self;
    put_options(host, &frame, options);
    bool good = take_settings(guest, options->settings) && take_args(guest, options->args) &&
                (!options->monitor || watch(x, guest->self, frame.request, options->ref_out));
    wtl__message_drop(options->args);
    guest->failed = good ? WTL_OK : WTL_NO_MEMORY;
    wtl__guest_send(host, x->guest, &frame);
    return guest->self;
}

/* ---- supervisors --------------------------------------------------------------------------- */

struct wtl_pid wtl__host_supervise(struct wtl_ctx *pub, const struct wtl_tree *tree,
                                   const struct wtl_spawn_options *options)
{
    struct wtl__host_ctx *x = wtl__host_ctx_of(pub);
    struct wtl__host *host = x->host;
    struct wtl__pipe_frame frame = {.kind = WTL__PIPE_SUPERVISE};
    struct wtl_writer body;
    options = options != NULL ? options : &nothing;
    (void)wtl__message_open(&body, 1024);
    if (!wtl__tree_put(&body, host->module, tree) || body.failed) {
        wtl__message_drop(&body);
        return refuse(pub, options,
                      "wtl_supervise: the tree is too large, or has a type of actors that is not "
                      "in WTL_MODULE");
    }
    frame.other = take_spare(pub, options);
    if (!wtl_pid_is_none(frame.other)) {
        frame.body = body.begin;
        frame.size = (uint32_t)wtl_written(&body);
        put_options(host, &frame, options);
        if (options->monitor && !watch(x, frame.other, frame.request, options->ref_out)) {
            wtl_stop(pub, wtl_reason_of(WTL_NO_MEMORY));
        }
        wtl__guest_send(host, x->guest, &frame);
        wtl__message_drop(options->args);
    }
    wtl__message_drop(&body);
    return frame.other;
}
