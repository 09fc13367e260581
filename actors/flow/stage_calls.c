/*
 * stage_calls.c - the table that a stage's functions call through instead of the node's.
 *
 * It is the node's own, but for three things: answers come back to a function that was named in the
 * call, so that one is put in front which finds the stage's state and sets x->stage; a message of
 * the flow is a part of another one, which is what is kept or copied; and a deferred init that is
 * over lets the messages of the flow in.
 */
#include "flow/stage.h"

static struct wtl_running *running(struct wtl_ctx *x)
{
    return (struct wtl_running *)x->stage;
}

/* ---- answers ------------------------------------------------------------------------------- */

/* What goes along with a call in place of the user's context. */
struct carried {
    wtl_on_answer on_answer;
    void *heap; /* the user's context, when it does not fit here */
    _Alignas(16) uint8_t context[WTL_CONTEXT_MAX - 32];
};

_Static_assert(sizeof(struct carried) <= WTL_CONTEXT_MAX, "it goes as a context itself");

static enum wtl_status on_answer(struct wtl_ctx *x, void *self, const struct wtl_answer *answer,
                                 void *context)
{
    struct wtl_running *stage = self;
    struct carried *carried = context;
    wtl__stage_enter(x, stage);
    enum wtl_status status =
        carried->on_answer(x, wtl__stage_user(stage), answer,
                           carried->heap != NULL ? carried->heap : carried->context);
    wtl__stage_leave(x, stage);
    wtl_free(x, carried->heap);
    return status == WTL_OK ? wtl__stage_pump(x, stage) : status;
}

wtl_on_answer *wtl__stage_answer(wtl_on_answer function, void *context)
{
    return function == on_answer ? &((struct carried *)context)->on_answer : NULL;
}

/* The options as they go to the node; NULL when there is nothing to put in front. */
static const struct wtl_call_options *carry(struct wtl_ctx *x,
                                            const struct wtl_call_options *options,
                                            struct carried *carried, struct wtl_call_options *own)
{
    if (options == NULL || options->on_answer == NULL) {
        return options;
    }
    carried->on_answer = options->on_answer;
    carried->heap = NULL;
    void *to = carried->context;
    if (options->context_size > sizeof carried->context) {
        to = running(x)->base->alloc(x, options->context_size);
        carried->heap = to;
    }
    if (to == NULL) { /* as where the runtime has no memory for a call */
        wtl_stop(x, wtl_reason_of(WTL_NO_MEMORY));
        return NULL;
    }
    if (options->context_size > 0) {
        memcpy(to, options->context, options->context_size);
    }
    *own = *options;
    own->on_answer = on_answer;
    own->context = carried;
    own->context_size = sizeof *carried;
    return own;
}

static uint64_t call(struct wtl_ctx *x, struct wtl_pid to, struct wtl_tag tag,
                     struct wtl_writer *body, const struct wtl_call_options *options)
{
    struct carried carried;
    struct wtl_call_options own;
    return running(x)->base->call(x, to, tag, body, carry(x, options, &carried, &own));
}

static uint64_t call_name(struct wtl_ctx *x, const char *name, struct wtl_tag tag,
                          struct wtl_writer *body, const struct wtl_call_options *options)
{
    struct carried carried;
    struct wtl_call_options own;
    return running(x)->base->call_name(x, name, tag, body, carry(x, options, &carried, &own));
}

static void register_(struct wtl_ctx *x, const char *name, enum wtl_scope scope,
                      const struct wtl_call_options *options)
{
    struct carried carried;
    struct wtl_call_options own;
    running(x)->base->register_(x, name, scope, carry(x, options, &carried, &own));
}

static void whereis(struct wtl_ctx *x, const char *name, const struct wtl_call_options *options)
{
    struct carried carried;
    struct wtl_call_options own;
    running(x)->base->whereis(x, name, carry(x, options, &carried, &own));
}

static uint64_t work(struct wtl_ctx *x, wtl_work_fn fn, const void *argument, size_t size,
                     const struct wtl_call_options *options)
{
    struct carried carried;
    struct wtl_call_options own;
    return running(x)->base->work(x, fn, argument, size, carry(x, options, &carried, &own));
}

static uint64_t supervisor_add(struct wtl_ctx *x, struct wtl_pid supervisor,
                               const struct wtl_child *child,
                               const struct wtl_call_options *options)
{
    struct carried carried;
    struct wtl_call_options own;
    return running(x)->base->supervisor_add(x, supervisor, child,
                                            carry(x, options, &carried, &own));
}

static uint64_t supervisor_ask(struct wtl_ctx *x, struct wtl_pid supervisor, int verb,
                               const char *id, struct wtl_pid pid,
                               const struct wtl_call_options *options)
{
    struct carried carried;
    struct wtl_call_options own;
    return running(x)->base->supervisor_ask(x, supervisor, verb, id, pid,
                                            carry(x, options, &carried, &own));
}

/* ---- messages ------------------------------------------------------------------------------ */

static struct wtl_kept *find_kept(struct wtl_running *stage, const struct wtl_msg *message)
{
    struct wtl_kept *kept = stage->kept;
    while (kept != NULL && &kept->view != message) {
        kept = kept->next;
    }
    return kept;
}

static const struct wtl_msg *keep(struct wtl_ctx *x, const struct wtl_msg *message)
{
    struct wtl_running *stage = running(x);
    struct wtl_input *input = stage->current;
    if (input == NULL || message != &stage->view) {
        return stage->base->keep(x, message);
    }
    struct wtl_kept *kept = input->user_keeps ? NULL : wtl_alloc(x, sizeof *kept);
    if (kept == NULL) {
        return NULL;
    }
    kept->view = *message;
    kept->whole = input->message != NULL ? input->message : stage->base->keep(x, stage->whole);
    if (kept->whole == NULL) {
        wtl_free(x, kept);
        return NULL;
    }
    input->user_keeps = true;
    kept->next = stage->kept;
    stage->kept = kept;
    return &kept->view;
}

static void release(struct wtl_ctx *x, const struct wtl_msg *message)
{
    struct wtl_running *stage = running(x);
    struct wtl_kept *kept = find_kept(stage, message);
    if (kept == NULL) {
        stage->base->release(x, message);
        return;
    }
    struct wtl_kept **slot = &stage->kept;
    while (*slot != kept) {
        slot = &(*slot)->next;
    }
    *slot = kept->next;
    stage->base->release(x, kept->whole);
    wtl_free(x, kept);
}

static enum wtl_status forward(struct wtl_ctx *x, struct wtl_pid to, struct wtl_tag tag,
                               const struct wtl_msg *message)
{
    struct wtl_running *stage = running(x);
    struct wtl_writer body;
    if (message != &stage->view && find_kept(stage, message) == NULL) {
        return stage->base->forward(x, to, tag, message);
    }
    (void)wtl_message_open(x, &body, message->size);
    wtl_put_raw(&body, message->bytes, message->size);
    return stage->base->tell(x, to, tag, &body);
}

/* ---- a deferred init ----------------------------------------------------------------------- */

static void done(struct wtl_ctx *x, enum wtl_status status)
{
    struct wtl_running *stage = running(x);
    stage->ready = stage->ready || status == WTL_OK;
    stage->base->done(x, status);
}

void wtl__stage_table(struct wtl_ctx *x, struct wtl_running *stage)
{
    stage->base = x->api;
    stage->table = *x->api;
    stage->table.size = sizeof stage->table;
    stage->table.call = call;
    stage->table.call_name = call_name;
    stage->table.register_ = register_;
    stage->table.whereis = whereis;
    stage->table.work = work;
    stage->table.supervisor_add = supervisor_add;
    stage->table.supervisor_ask = supervisor_ask;
    stage->table.keep = keep;
    stage->table.release = release;
    stage->table.forward = forward;
    stage->table.done = done;
}
