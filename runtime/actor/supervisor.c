/*
 * supervisor.c - the supervisor's behaviour: which message goes where, and how one is spawned.
 *
 * It is an actor like any other and uses what any other uses, but for two things: it is spawned
 * with its own cell flags, and it asks the table of cells whether a child that is said to have
 * ended really has. An exit signal can be sent by anybody (wtl_exit); a second child beside a
 * living one must not come of it.
 *
 * Thread: the holder of the run token.
 */
#include "actor/supervisor_private.h"

/* ---- spawning ------------------------------------------------------------------------------ */

#define SUPERVISOR_FLAGS (WTL__CELL_SYSTEM | WTL__CELL_SUPERVISOR)

/* What the supervisor is spawned with: a copy of the tree as its arguments, in `args`. */
static struct wtl_spawn_options with_tree(const struct wtl_spawn_options *options,
                                          const struct wtl_tree *tree, struct wtl_writer *args)
{
    static const struct wtl_spawn_options none;
    struct wtl_spawn_options own = options != NULL ? *options : none;
    wtl__message_drop(own.args);
    own.args = NULL;
    own.settings = NULL;
    if (tree != NULL) {
        size_t size = wtl__tree_size(tree);
        if (wtl__message_open(args, size)) {
            wtl__tree_copy(tree, args->begin);
            args->at = args->begin + size;
        }
        own.args = args;
    }
    return own;
}

struct wtl_pid wtl__supervisor_spawn(struct wtl__runtime *runtime, struct wtl__ctx *x,
                                     const struct wtl_tree *tree,
                                     const struct wtl_spawn_options *options)
{
    struct wtl_writer args;
    struct wtl_spawn_options own = with_tree(options, tree, &args);
    return wtl__spawn(runtime, x, &wtl__supervisor, &own, SUPERVISOR_FLAGS);
}

/* The tree; NULL when it is refused: its init fails, and the spawner hears of it like of any failed
 * start. */
static const struct wtl_tree *checked(const struct wtl_tree *tree)
{
    struct wtl_error error;
    if (wtl__tree_check(tree, &error) != WTL_OK) {
        wtl__supervisor_refused("tree_refused", &error);
        return NULL;
    }
    return tree;
}

struct wtl_pid wtl__supervise_in(struct wtl__runtime *runtime, struct wtl__ctx *x,
                                 const struct wtl_tree *tree,
                                 const struct wtl_spawn_options *options)
{
    return wtl__supervisor_spawn(runtime, x, checked(tree), options);
}

struct wtl_pid wtl__supervise_at(struct wtl__ctx *x, struct wtl__cell *cell,
                                 const struct wtl_tree *tree,
                                 const struct wtl_spawn_options *options)
{
    struct wtl_writer args;
    struct wtl_spawn_options own = with_tree(options, checked(tree), &args);
    return wtl__spawn_at(x->runtime, x, cell, &wtl__supervisor, &own, SUPERVISOR_FLAGS);
}

struct wtl_pid wtl__supervise(struct wtl_ctx *pub, const struct wtl_tree *tree,
                              const struct wtl_spawn_options *options)
{
    struct wtl__ctx *x = wtl__ctx_of(pub);
    return wtl__supervise_in(x->runtime, x, tree, options);
}

enum wtl_status wtl__supervisor_check(struct wtl_ctx *x, const struct wtl_tree *tree,
                                      struct wtl_error *error)
{
    (void)x;
    return wtl__tree_check(tree, error);
}

/* ---- begin and end ------------------------------------------------------------------------- */

static enum wtl_status copy_children(struct wtl_ctx *x, struct wtl__supervisor *sup,
                                     const struct wtl_tree *tree)
{
    for (uint32_t i = 0; i < tree->children_count; i++) {
        const struct wtl_child *child = &tree->children[i];
        struct wtl_child *spec = wtl_alloc(x, wtl__child_size(child));
        if (spec == NULL) {
            return WTL_NO_MEMORY;
        }
        wtl__child_copy(child, spec);
        if (tree->strategy == WTL_SIMPLE_ONE_FOR_ONE) {
            sup->pool = spec;
        } else if (wtl__member_new(x, sup, spec) == NULL) {
            return WTL_NO_MEMORY;
        }
    }
    return WTL_OK;
}

static enum wtl_status supervisor_init(struct wtl_ctx *x, void *self, const void *settings,
                                       const struct wtl_msg *args)
{
    struct wtl__supervisor *sup = self;
    (void)settings;
    wtl__list_init(&sup->order);
    wtl__list_init(&sup->leaving);
    wtl__list_init(&sup->retries);
    wtl__list_init(&sup->waiting);
    /* Only wtl__supervisor_spawn sets the flag; whoever else spawned this, the bytes are no tree.
     */
    if ((wtl__ctx_of(x)->cell->flags & WTL__CELL_SUPERVISOR) == 0 ||
        args->size < sizeof(struct wtl_tree)) {
        return WTL_INVALID;
    }
    const struct wtl_tree *tree = (const struct wtl_tree *)(const void *)args->bytes;
    sup->strategy = tree->strategy;
    sup->auto_shutdown = tree->auto_shutdown;
    sup->members_max =
        tree->children_max != 0 ? tree->children_max : wtl__children_limit(tree->strategy);
    sup->intensity = wtl__intensity_of(tree->intensity, WTL_INTENSITY_DEFAULT);
    sup->period_ms = tree->period_ms != 0 ? tree->period_ms : WTL_PERIOD_MS_DEFAULT;
    wtl_trap_exits(x, true);
    enum wtl_status status = copy_children(x, sup, tree);
    if (status != WTL_OK) {
        return status;
    }
    wtl__task_begin(sup, WTL__TASK_INIT, NULL, false);
    wtl__supervisor_run(x, sup);
    return WTL_LATER;
}

static void stop_again(struct wtl_ctx *x, const struct wtl__supervisor *sup,
                       const struct wtl__list *list)
{
    WTL_LIST_EACH (link, list) {
        wtl__member_stop_again(x, sup, WTL_LIST_ITEM(link, struct wtl__member, order));
    }
}

/* It may end because there was no memory for an order, which somebody is waited for to follow. When
 * there is none now either, it ends without waiting, and its links, which need none, are heard. */
static enum wtl_status supervisor_stop(struct wtl_ctx *x, void *self, struct wtl_reason reason)
{
    struct wtl__supervisor *sup = self;
    sup->in_stop = true;
    stop_again(x, sup, &sup->order);
    stop_again(x, sup, &sup->leaving);
    if (sup->task.kind == WTL__TASK_END && sup->pool != NULL) {
        wtl__pool_end(x, sup);
    }
    wtl__supervisor_end(x, sup, reason);
    wtl__supervisor_run(x, sup);
    return sup->ended_all ? WTL_OK : WTL_LATER;
}

/* ---- messages ------------------------------------------------------------------------------ */

void wtl__supervisor_later(struct wtl_ctx *pub, struct wtl_tag tag)
{
    struct wtl__ctx *x = wtl__ctx_of(pub);
    struct wtl__envelope *envelope = wtl__envelope_new(WTL__LOCAL);
    if (envelope == NULL) {
        wtl_stop(pub, wtl_reason_of(WTL_NO_MEMORY));
        return;
    }
    envelope->msg.tag = tag;
    envelope->msg.from = wtl_self(pub);
    (void)wtl__deliver(x->runtime, x, wtl_self(pub), envelope);
}

static void on_timer(struct wtl_ctx *x, struct wtl__supervisor *sup, const struct wtl_msg *message)
{
    struct wtl_reader reader = wtl_read(message);
    uint64_t local = wtl_get_u64(&reader);
    struct wtl__member *member = wtl__member_by_pid(sup, local);
    if (local == 0) {
        wtl__pool_kill(x, sup);
    } else if (member != NULL && member->state == wtl_get_u64(&reader)) {
        wtl__member_timer(x, member);
    }
}

/* What it has sent to itself, and what its runtime says. */
static void on_local(struct wtl_ctx *x, struct wtl__supervisor *sup, const struct wtl_msg *message)
{
    if (!wtl_pid_equal(message->from, wtl_self(x))) {
        struct wtl__member *member = wtl__member_by_pid(sup, message->from.local);
        if (member != NULL && wtl_is(message, "started")) {
            wtl__member_started(x, sup, member);
        } else if (member != NULL && wtl_tag_equal(message->tag, WTL__TAG_PROBE)) {
            wtl__watch_answered(sup, member, message->request);
        }
    } else if (wtl_tag_equal(message->tag, WTL__TAG_TIMER)) {
        on_timer(x, sup, message);
    } else if (wtl_tag_equal(message->tag, WTL__TAG_RETRY)) {
        wtl__retry_due(x, sup);
    } else if (wtl_tag_equal(message->tag, WTL__TAG_MORE)) {
        wtl__pool_end(x, sup);
    } else if (wtl_tag_equal(message->tag, WTL__TAG_WATCH)) {
        wtl__watch_look(x, sup);
    }
}

static enum wtl_status supervisor_handle(struct wtl_ctx *x, void *self,
                                         const struct wtl_msg *message)
{
    struct wtl__supervisor *sup = self;
    if (message->kind_ == WTL__LOCAL) {
        on_local(x, sup, message);
    } else if (wtl_tag_equal(message->tag, WTL__TAG_ADD) ||
               wtl_tag_equal(message->tag, WTL__TAG_ASK)) {
        wtl__supervisor_asked(x, sup, message);
    } else {
        wtl_reply_error(x, message, WTL_UNSUPPORTED, NULL);
    }
    wtl__supervisor_run(x, sup);
    return WTL_OK;
}

/* A child of that pid that really has ended, or NULL. Its cell gives up its number before anybody
 * is told, so whoever is still there has only said so. */
static struct wtl__member *ended_child(struct wtl_ctx *pub, const struct wtl__supervisor *sup,
                                       struct wtl_pid pid)
{
    struct wtl__ctx *x = wtl__ctx_of(pub);
    if (pid.node != x->runtime->node || wtl__cells_find(&x->runtime->cells, pid.local) != NULL) {
        return NULL;
    }
    return wtl__member_by_pid(sup, pid.local);
}

static enum wtl_status supervisor_exited(struct wtl_ctx *x, void *self, const struct wtl_exit *exit)
{
    struct wtl__supervisor *sup = self;
    struct wtl__member *member = ended_child(x, sup, exit->from);
    if (member != NULL) {
        wtl__member_exited(x, sup, member, exit->reason);
    } else if (wtl_pid_equal(exit->from, wtl_parent(x))) {
        wtl__supervisor_end(x, sup, exit->reason);
    }
    wtl__supervisor_run(x, sup);
    return WTL_OK;
}

static enum wtl_status supervisor_down(struct wtl_ctx *x, void *self, const struct wtl_down *down)
{
    struct wtl__supervisor *sup = self;
    struct wtl__member *member = ended_child(x, sup, down->pid);
    if (member != NULL) {
        wtl__member_exited(x, sup, member, down->reason);
        wtl__supervisor_run(x, sup);
    }
    return WTL_OK;
}

const struct wtl_actor wtl__supervisor = {
    .size = sizeof(struct wtl_actor),
    .name = "supervisor",
    .summary = "starts, watches, restarts and stops its children",
    .kind = WTL_SUPERVISOR,
    .state_size = sizeof(struct wtl__supervisor),
    .mailbox_max = WTL_MAILBOX_LIMIT,
    .init = supervisor_init,
    .handle = supervisor_handle,
    .exited = supervisor_exited,
    .down = supervisor_down,
    .stop = supervisor_stop,
};
