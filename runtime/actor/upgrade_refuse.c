/*
 * upgrade_refuse.c - the table that save and upgrade call through: what upgrade_trial.c offers, and
 * refusals for all that would be seen by somebody else.
 *
 * Thread: the holder of the run token.
 */
#include <wattle/supervisor.h>
#include <wattle/table.h>
#include <wattle/task.h>

#include "actor/upgrade.h"
#include "actor/upgrade_trial.h"

#pragma GCC diagnostic ignored "-Wunused-parameter"

static enum wtl_status no_tell(struct wtl_ctx *x, struct wtl_pid to, struct wtl_tag tag,
                               struct wtl_writer *body)
{
    wtl__trial_refuse(x, "wtl_tell");
    wtl__message_drop(body);
    return WTL_DENIED;
}

static enum wtl_status no_tell_name(struct wtl_ctx *x, const char *name, struct wtl_tag tag,
                                    struct wtl_writer *body)
{
    wtl__trial_refuse(x, "wtl_tell_name");
    wtl__message_drop(body);
    return WTL_DENIED;
}

static enum wtl_status no_forward(struct wtl_ctx *x, struct wtl_pid to, struct wtl_tag tag,
                                  const struct wtl_msg *message)
{
    wtl__trial_refuse(x, "wtl_forward");
    return WTL_DENIED;
}

static const struct wtl_msg *no_keep(struct wtl_ctx *x, const struct wtl_msg *message)
{
    wtl__trial_refuse(x, "wtl_keep");
    return NULL;
}

static uint64_t no_sys(struct wtl_ctx *x, struct wtl_pid to, int verb, struct wtl_writer *argument,
                       const struct wtl_call_options *options)
{
    wtl__trial_refuse(x, "wtl_sys");
    wtl__message_drop(argument);
    return 0;
}

static uint32_t no_deadline_left_ms(struct wtl_ctx *x)
{
    wtl__trial_refuse(x, "wtl_deadline_left_ms");
    return WTL_CALL_FOREVER;
}

static void no_deadline_set_ms(struct wtl_ctx *x, uint32_t ms)
{
    wtl__trial_refuse(x, "wtl_deadline_set_ms");
}

static uint64_t no_call(struct wtl_ctx *x, struct wtl_pid to, struct wtl_tag tag,
                        struct wtl_writer *body, const struct wtl_call_options *options)
{
    wtl__trial_refuse(x, "wtl_call");
    wtl__message_drop(body);
    return 0;
}

static uint64_t no_call_name(struct wtl_ctx *x, const char *name, struct wtl_tag tag,
                             struct wtl_writer *body, const struct wtl_call_options *options)
{
    wtl__trial_refuse(x, "wtl_call_name");
    wtl__message_drop(body);
    return 0;
}

static bool no_call_cancel(struct wtl_ctx *x, uint64_t request)
{
    wtl__trial_refuse(x, "wtl_call_cancel");
    return false;
}

static enum wtl_status no_reply(struct wtl_ctx *x, struct wtl_from from, enum wtl_status status,
                                struct wtl_writer *body)
{
    wtl__trial_refuse(x, "wtl_reply");
    wtl__message_drop(body);
    return WTL_DENIED;
}

static struct wtl_pid no_spawn(struct wtl_ctx *x, const struct wtl_actor *type,
                               const struct wtl_spawn_options *options)
{
    wtl__trial_refuse(x, "wtl_spawn");
    wtl__message_drop(options != NULL ? options->args : NULL);
    return WTL_PID_NONE;
}

static void no_exit(struct wtl_ctx *x, struct wtl_pid to, struct wtl_reason reason)
{
    wtl__trial_refuse(x, "wtl_exit");
}

static void no_stop(struct wtl_ctx *x, struct wtl_reason reason)
{
    wtl__trial_refuse(x, "wtl_stop");
}

static void no_trap_exits(struct wtl_ctx *x, bool on)
{
    wtl__trial_refuse(x, "wtl_trap_exits");
}

static void no_link(struct wtl_ctx *x, struct wtl_pid to)
{
    wtl__trial_refuse(x, "wtl_link");
}

static void no_unlink(struct wtl_ctx *x, struct wtl_pid to)
{
    wtl__trial_refuse(x, "wtl_unlink");
}

static uint64_t no_monitor(struct wtl_ctx *x, struct wtl_pid to)
{
    wtl__trial_refuse(x, "wtl_monitor");
    return 0;
}

static bool no_demonitor(struct wtl_ctx *x, uint64_t ref)
{
    wtl__trial_refuse(x, "wtl_demonitor");
    return false;
}

static void no_register_(struct wtl_ctx *x, const char *name, enum wtl_scope scope,
                         const struct wtl_call_options *options)
{
    wtl__trial_refuse(x, "wtl_register");
}

static void no_unregister(struct wtl_ctx *x, const char *name, enum wtl_scope scope)
{
    wtl__trial_refuse(x, "wtl_unregister");
}

static void no_whereis(struct wtl_ctx *x, const char *name, const struct wtl_call_options *options)
{
    wtl__trial_refuse(x, "wtl_whereis");
}

static uint64_t no_timer(struct wtl_ctx *x, struct wtl_pid to, const char *name, uint64_t after_ms,
                         uint64_t every_ms, struct wtl_tag tag, struct wtl_writer *body)
{
    wtl__trial_refuse(x, "wtl_timer");
    wtl__message_drop(body);
    return 0;
}

static int64_t no_timer_cancel(struct wtl_ctx *x, uint64_t timer)
{
    wtl__trial_refuse(x, "wtl_timer_cancel");
    return -1;
}

static void no_done(struct wtl_ctx *x, enum wtl_status status)
{
    wtl__trial_refuse(x, "wtl_done");
}

static enum wtl_status no_fd_watch(struct wtl_ctx *x, int fd, unsigned events)
{
    wtl__trial_refuse(x, "wtl_fd_watch");
    return WTL_DENIED;
}

static void no_fd_unwatch(struct wtl_ctx *x, int fd)
{
    wtl__trial_refuse(x, "wtl_fd_unwatch");
}

static uint64_t no_work(struct wtl_ctx *x, wtl_work_fn fn, const void *argument, size_t size,
                        const struct wtl_call_options *options)
{
    wtl__trial_refuse(x, "wtl_work");
    return 0;
}

static void no_watch_nodes(struct wtl_ctx *x, bool on)
{
    wtl__trial_refuse(x, "wtl_watch_nodes");
}

static struct wtl_pid no_supervise(struct wtl_ctx *x, const struct wtl_tree *tree,
                                   const struct wtl_spawn_options *options)
{
    wtl__trial_refuse(x, "wtl_supervise");
    wtl__message_drop(options != NULL ? options->args : NULL);
    return WTL_PID_NONE;
}

static uint64_t no_supervisor_add(struct wtl_ctx *x, struct wtl_pid supervisor,
                                  const struct wtl_child *child,
                                  const struct wtl_call_options *options)
{
    wtl__trial_refuse(x, "wtl_supervisor_add");
    return 0;
}

static uint64_t no_supervisor_ask(struct wtl_ctx *x, struct wtl_pid supervisor, int verb,
                                  const char *id, struct wtl_pid pid,
                                  const struct wtl_call_options *options)
{
    wtl__trial_refuse(x, "wtl_supervisor_ask");
    return 0;
}

static enum wtl_status no_tree_check(struct wtl_ctx *x, const struct wtl_tree *tree,
                                     struct wtl_error *error)
{
    wtl__trial_refuse(x, "wtl_tree_check");
    return WTL_DENIED;
}

static struct wtl_pid no_tasks_run(struct wtl_ctx *x, const struct wtl_tasks *tasks)
{
    wtl__trial_refuse(x, "wtl_tasks_run");
    return WTL_PID_NONE;
}

static uint64_t no_monitor_name(struct wtl_ctx *x, const char *name)
{
    wtl__trial_refuse(x, "wtl_monitor_name");
    return 0;
}

static enum wtl_status no_table_create(struct wtl_ctx *x, const struct wtl_table_options *options,
                                       struct wtl_table *table_out)
{
    wtl__trial_refuse(x, "wtl_table_create");
    return WTL_DENIED;
}

static enum wtl_status no_table_destroy(struct wtl_ctx *x, struct wtl_table table)
{
    wtl__trial_refuse(x, "wtl_table_destroy");
    return WTL_DENIED;
}

static struct wtl_table no_table_find(struct wtl_ctx *x, const char *name)
{
    wtl__trial_refuse(x, "wtl_table_find");
    return (struct wtl_table){.id = 0};
}

static enum wtl_status no_table_give(struct wtl_ctx *x, struct wtl_table table, struct wtl_pid to,
                                     struct wtl_bytes data)
{
    wtl__trial_refuse(x, "wtl_table_give");
    return WTL_DENIED;
}

static enum wtl_status no_table_set_heir(struct wtl_ctx *x, struct wtl_table table,
                                         struct wtl_pid heir, struct wtl_bytes data)
{
    wtl__trial_refuse(x, "wtl_table_set_heir");
    return WTL_DENIED;
}

static enum wtl_status no_table_info(struct wtl_ctx *x, struct wtl_table table,
                                     struct wtl_table_info *info_out)
{
    wtl__trial_refuse(x, "wtl_table_info");
    return WTL_DENIED;
}

static enum wtl_status no_table_insert(struct wtl_ctx *x, struct wtl_table table,
                                       struct wtl_bytes key, struct wtl_bytes value,
                                       uint64_t ttl_ms, bool only_new)
{
    wtl__trial_refuse(x, "wtl_table_insert");
    return WTL_DENIED;
}

static enum wtl_status no_table_remove(struct wtl_ctx *x, struct wtl_table table,
                                       struct wtl_bytes key)
{
    wtl__trial_refuse(x, "wtl_table_remove");
    return WTL_DENIED;
}

static enum wtl_status no_table_remove_value(struct wtl_ctx *x, struct wtl_table table,
                                             struct wtl_bytes key, struct wtl_bytes value)
{
    wtl__trial_refuse(x, "wtl_table_remove_value");
    return WTL_DENIED;
}

static enum wtl_status no_table_clear(struct wtl_ctx *x, struct wtl_table table)
{
    wtl__trial_refuse(x, "wtl_table_clear");
    return WTL_DENIED;
}

static enum wtl_status no_table_add(struct wtl_ctx *x, struct wtl_table table, struct wtl_bytes key,
                                    int64_t delta, int64_t initial, int64_t *value_out)
{
    wtl__trial_refuse(x, "wtl_table_add");
    return WTL_DENIED;
}

static enum wtl_status no_table_swap(struct wtl_ctx *x, struct wtl_table table,
                                     struct wtl_bytes key, struct wtl_bytes expected,
                                     struct wtl_bytes value)
{
    wtl__trial_refuse(x, "wtl_table_swap");
    return WTL_DENIED;
}

static enum wtl_status no_table_lookup(struct wtl_ctx *x, struct wtl_table table,
                                       struct wtl_bytes key, struct wtl_writer *into)
{
    wtl__trial_refuse(x, "wtl_table_lookup");
    return WTL_DENIED;
}

static enum wtl_status no_table_take(struct wtl_ctx *x, struct wtl_table table,
                                     struct wtl_bytes key, struct wtl_writer *into)
{
    wtl__trial_refuse(x, "wtl_table_take");
    return WTL_DENIED;
}

static enum wtl_status no_table_borrow(struct wtl_ctx *x, struct wtl_table table,
                                       struct wtl_bytes key, struct wtl_reader *value_out)
{
    wtl__trial_refuse(x, "wtl_table_borrow");
    *value_out = wtl_reader_over(NULL, 0);
    return WTL_DENIED;
}

static enum wtl_status no_table_step(struct wtl_ctx *x, struct wtl_table table,
                                     struct wtl_table_cursor *cursor, bool backwards)
{
    wtl__trial_refuse(x, "wtl_table_step");
    return WTL_DENIED;
}

static enum wtl_status no_table_select(struct wtl_ctx *x, struct wtl_table table,
                                       const struct wtl_table_match *match,
                                       struct wtl_table_cursor *cursor, wtl_table_visit visit,
                                       void *context)
{
    wtl__trial_refuse(x, "wtl_table_select");
    return WTL_DENIED;
}

static const struct wtl_table_api no_tables = {
    .size = sizeof(struct wtl_table_api),
    .create = no_table_create,
    .destroy = no_table_destroy,
    .find = no_table_find,
    .give = no_table_give,
    .set_heir = no_table_set_heir,
    .info = no_table_info,
    .insert = no_table_insert,
    .remove = no_table_remove,
    .remove_value = no_table_remove_value,
    .clear = no_table_clear,
    .add = no_table_add,
    .swap = no_table_swap,
    .lookup = no_table_lookup,
    .take = no_table_take,
    .borrow = no_table_borrow,
    .step = no_table_step,
    .select = no_table_select,
};

const struct wtl_api wtl__trial_api = {
    .size = sizeof(struct wtl_api),
    .major = WTL_ABI_MAJOR,
    .minor = WTL_ABI_MINOR,
    .self = wtl__trial_self,
    .parent = wtl__trial_parent,
    .now_ns = wtl__trial_now_ns,
    .random = wtl__trial_random,
    .log = wtl__trial_log,
    .message_open = wtl__trial_message_open,
    .message_drop = wtl__trial_message_drop,
    .tell = no_tell,
    .tell_name = no_tell_name,
    .forward = no_forward,
    .keep = no_keep,
    .release = wtl__trial_release,
    .call = no_call,
    .call_name = no_call_name,
    .call_cancel = no_call_cancel,
    .reply = no_reply,
    .spawn = no_spawn,
    .exit = no_exit,
    .stop = no_stop,
    .trap_exits = no_trap_exits,
    .link = no_link,
    .unlink = no_unlink,
    .monitor = no_monitor,
    .demonitor = no_demonitor,
    .register_ = no_register_,
    .unregister = no_unregister,
    .whereis_local = wtl__trial_whereis_local,
    .whereis = no_whereis,
    .timer = no_timer,
    .timer_cancel = no_timer_cancel,
    .continue_ = wtl__trial_continue,
    .done = no_done,
    .alloc = wtl__trial_alloc,
    .free = wtl__trial_free,
    .fd_watch = no_fd_watch,
    .fd_unwatch = no_fd_unwatch,
    .work = no_work,
    .watch_nodes = no_watch_nodes,
    .supervise = no_supervise,
    .supervisor_add = no_supervisor_add,
    .supervisor_ask = no_supervisor_ask,
    .tree_check = no_tree_check,
    .tasks_run = no_tasks_run,
    .monitor_name = no_monitor_name,
    .tables = &no_tables,
    .sys = no_sys,
    .deadline_left_ms = no_deadline_left_ms,
    .deadline_set_ms = no_deadline_set_ms,
};
