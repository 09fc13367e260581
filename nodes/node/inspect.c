/* inspect.c - the inspection actor. See inspect.h and inspect_job.h. */
#include "node/inspect.h"

#include <stdarg.h>
#include <stdio.h>

#include <wattle/sys.h>

#include "base/log.h"
#include "node/inspect_job.h"
#include "node/root.h"

#define TAG_QUESTION WTL_TAG("$question")
#define TAG_LIMIT    WTL_TAG("$limit")
#define TAG_HANDED   WTL_TAG("$handed")

char *wtl__pid_text(const char *node, uint64_t local, char text_out[WTL__PID_TEXT])
{
    (void)snprintf(text_out, WTL__PID_TEXT, "<%s:%llu.%llu>", node,
                   (unsigned long long)(local & WTL_PID_SLOT_MAX),
                   (unsigned long long)(local >> WTL_PID_SLOT_BITS));
    return text_out;
}

/* ---- jobs ------------------------------------------------------------------------------------ */

struct wtl__inspect_job *wtl__job_find(struct wtl__inspect *self, uint64_t id)
{
    WTL_LIST_EACH (link, &self->jobs) {
        struct wtl__inspect_job *job = WTL_LIST_ITEM(link, struct wtl__inspect_job, link);
        if (job->id == id) {
            return job;
        }
    }
    return NULL;
}

static void job_free(struct wtl_ctx *x, struct wtl__inspect *self, struct wtl__inspect_job *job)
{
    wtl__link_remove(&job->link);
    self->jobs_count--;
    if (job->timer != 0) {
        (void)wtl_timer_cancel(x, job->timer);
    }
    wtl__gather_release(x, job);
    wtl_free(x, job->nodes);
    wtl_free(x, job->asked);
    wtl_free(x, job->trace);
    wtl_free(x, job->body);
    wtl_free(x, job);
}

static void send_reply(struct wtl_ctx *x, struct wtl__inspect *self,
                       const struct wtl__inspect_origin *origin, struct wtl_writer *reply)
{
    if (wtl_written(reply) > WTL__CONTROL_REPLY_MAX) {
        wtl_message_drop(x, reply);
        (void)wtl_message_open(x, reply, 128);
        wtl__reply_text(reply, WTL_TOO_LARGE, "the answer is larger than %u bytes",
                        WTL__CONTROL_REPLY_MAX);
    }
    if (origin->is_control) {
        const struct wtl__inspect_source *source = &self->config->source;
        source->reply(source->context, origin->connection, wtl__message_take(reply, WTL__LOCAL));
    } else {
        wtl_reply_to(x, origin->from, reply);
    }
}

void wtl__job_reply(struct wtl_ctx *x, struct wtl__inspect *self, struct wtl__inspect_job *job,
                    struct wtl_writer *reply)
{
    send_reply(x, self, &job->origin, reply);
    job_free(x, self, job);
}

void wtl__job_refuse(struct wtl_ctx *x, struct wtl__inspect *self, struct wtl__inspect_job *job,
                     enum wtl_status status, const char *format, ...)
{
    char text[320];
    struct wtl_writer reply;
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    (void)wtl_message_open(x, &reply, sizeof text);
    wtl__reply_text(&reply, status, "%s", text);
    wtl__job_reply(x, self, job, &reply);
}

uint32_t wtl__job_part_ms(const struct wtl__inspect_job *job)
{
    uint32_t ms = job->request.timeout_ms * 3 / 4;
    return ms > WTL__INSPECT_PART_MS ? WTL__INSPECT_PART_MS : ms;
}

void wtl__job_limit(struct wtl_ctx *x, struct wtl__inspect_job *job,
                    void (*expired)(struct wtl_ctx *x, struct wtl__inspect *self,
                                    struct wtl__inspect_job *job))
{
    wtl__job_limit_ms(x, job, wtl__job_part_ms(job), expired);
}

void wtl__job_limit_ms(struct wtl_ctx *x, struct wtl__inspect_job *job, uint64_t after_ms,
                       void (*expired)(struct wtl_ctx *x, struct wtl__inspect *self,
                                       struct wtl__inspect_job *job))
{
    struct wtl_writer body;
    job->expired = expired;
    (void)wtl_message_open(x, &body, 16);
    wtl_put_u64(&body, job->id);
    job->timer = wtl_after(x, after_ms, TAG_LIMIT, &body);
}

static void on_limit(struct wtl_ctx *x, struct wtl__inspect *self, const struct wtl_msg *message)
{
    struct wtl_reader reader = wtl_read(message);
    struct wtl__inspect_job *job = wtl__job_find(self, wtl_get_u64(&reader));
    if (job != NULL && job->expired != NULL) {
        job->timer = 0;
        job->expired(x, self, job);
    }
}

void wtl__job_ask_mesh(struct wtl_ctx *x, struct wtl__inspect *self, struct wtl__inspect_job *job,
                       enum wtl__mesh_question question, uint64_t node, wtl_on_answer on_answer)
{
    struct wtl_call_options options = {.deadline_ms = job->request.timeout_ms,
                                       .on_answer = on_answer,
                                       .context = &job->id,
                                       .context_size = sizeof job->id};
    const struct wtl__inspect_source *source = &self->config->source;
    struct wtl__pending *pending = wtl__pending_new(wtl__ctx_of(x), WTL_PID_NONE, &options);
    if (pending != NULL) {
        source->ask(source->context, wtl_self(x), pending->tie.msg.request, question, node);
    }
}

/* ---- questions ----------------------------------------------------------------------------------
 */

/* What a question needs: to see what there is, or to change it. */
enum right { INSPECT = 1, ADMIN = 2 };

/* Nodes of which layer may ask what of this one; its own control socket may all. */
static const unsigned rights[WTL_LAYER_CLOUD + 1] = {
    [WTL_LAYER_DEVICE] = 0,
    [WTL_LAYER_EDGE] = INSPECT | ADMIN,
    [WTL_LAYER_CLOUD] = INSPECT | ADMIN,
};

static const struct verb {
    const char *name;
    uint32_t args;
    enum right right;
    void (*begin)(struct wtl_ctx *x, struct wtl__inspect *self, struct wtl__inspect_job *job);
} verbs[] = {
    {"actor.ls", 0, INSPECT, wtl__inspect_ls},
    {"actor.tree", 0, INSPECT, wtl__inspect_tree},
    {"actor.show", 1, INSPECT, wtl__inspect_show},
    {"actor.state", 1, INSPECT, wtl__inspect_sys},
    {"actor.stats", 1, INSPECT, wtl__inspect_sys},
    {"actor.trace", 1, INSPECT, wtl__inspect_trace},
    {"actor.kill", 1, ADMIN, wtl__inspect_kill},
    {"actor.suspend", 1, ADMIN, wtl__inspect_sys},
    {"actor.resume", 1, ADMIN, wtl__inspect_sys},
    {"actor.replace", 1, ADMIN, wtl__inspect_sys},
    {"mesh.nodes", 0, INSPECT, wtl__inspect_nodes},
    {"mesh.links", 0, INSPECT, wtl__inspect_links},
    {"mesh.names", 0, INSPECT, wtl__inspect_names},
    {"mesh.brief", 0, INSPECT, wtl__inspect_brief},
    {"flow.ls", 0, INSPECT, wtl__inspect_flows},
    {"flow.show", 1, INSPECT, wtl__inspect_flow},
    {"module.ls", 0, INSPECT, wtl__inspect_modules},
    {"module.upgrade", 2, ADMIN, wtl__inspect_upgrade},
    {"node.show", 0, INSPECT, wtl__inspect_node},
};

static const struct verb *verb_of(const struct wtl__inspect_job *job)
{
    for (size_t i = 0; i < WTL_COUNT(verbs); i++) {
        if (strcmp(verbs[i].name, job->request.verb) == 0) {
            return &verbs[i];
        }
    }
    return NULL;
}

/* May a node of that layer, 0 when it is not known, ask this? */
static bool may_ask(const struct wtl__inspect_job *job, uint64_t layer)
{
    const struct verb *verb = verb_of(job);
    unsigned needed = verb != NULL ? verb->right : INSPECT;
    return layer < WTL_COUNT(rights) && (rights[layer] & needed) != 0;
}

static void begin(struct wtl_ctx *x, struct wtl__inspect *self, struct wtl__inspect_job *job)
{
    const struct verb *verb = verb_of(job);
    if (verb == NULL) {
        wtl__job_refuse(x, self, job, WTL_UNSUPPORTED, "node %s does not know the question \"%s\"",
                        self->config->name, job->request.verb);
    } else if (job->request.args_count < verb->args) {
        wtl__job_refuse(x, self, job, WTL_INVALID, "%s wants %u words, and %u came", verb->name,
                        (unsigned)verb->args, (unsigned)job->request.args_count);
    } else {
        verb->begin(x, self, job);
    }
}

/* The body points into the message, which goes. */
static enum wtl_status keep_body(struct wtl_ctx *x, struct wtl__inspect_job *job)
{
    if (job->request.body_size == 0) {
        return WTL_OK;
    }
    job->body = wtl_alloc(x, job->request.body_size);
    if (job->body == NULL) {
        return WTL_NO_MEMORY;
    }
    memcpy(job->body, job->request.body, job->request.body_size);
    job->request.body = job->body;
    return WTL_OK;
}

/* A job for the question, or NULL after it has been refused. */
static struct wtl__inspect_job *job_new(struct wtl_ctx *x, struct wtl__inspect *self,
                                        const struct wtl__inspect_origin *origin, const void *bytes,
                                        size_t size)
{
    struct wtl__inspect_job *job =
        self->jobs_count < WTL__INSPECT_JOBS_MAX ? wtl_alloc(x, sizeof *job) : NULL;
    struct wtl_writer reply;
    if (job == NULL) {
        (void)wtl_message_open(x, &reply, 128);
        wtl__reply_text(&reply, WTL_BUSY, "node %s answers %u questions already",
                        self->config->name, (unsigned)self->jobs_count);
        send_reply(x, self, origin, &reply);
        return NULL;
    }
    memset(job, 0, sizeof *job);
    job->id = ++self->next_id;
    job->origin = *origin;
    wtl__list_push_last(&self->jobs, &job->link);
    self->jobs_count++;
    enum wtl_status status = wtl__request_read(bytes, size, &job->request);
    if (status == WTL_OK) {
        status = keep_body(x, job);
    }
    if (status != WTL_OK) {
        wtl__job_refuse(x, self, job, status, "that is no question: %s", wtl_status_text(status));
        return NULL;
    }
    return job;
}

/* The net loop knows who asks. */
static enum wtl_status on_who(struct wtl_ctx *x, void *state, const struct wtl_answer *answer,
                              void *context)
{
    struct wtl__inspect *self = state;
    struct wtl__inspect_job *job = wtl__job_of(self, context);
    if (job == NULL) {
        return WTL_OK;
    }
    char name[WTL_NAME_MAX + 1] = "?";
    uint64_t layer = 0;
    if (answer->status == WTL_OK && answer->message.size > 0) {
        struct wtl_reader reader = wtl_read(&answer->message);
        size_t size = 0;
        (void)wtl_get_array(&reader);
        const char *text = wtl_get_str(&reader, &size);
        layer = wtl_get_u64(&reader);
        (void)snprintf(name, sizeof name, "%.*s", (int)(text != NULL ? size : 0),
                       text != NULL ? text : "");
    }
    if (may_ask(job, layer)) {
        begin(x, self, job);
        return WTL_OK;
    }
    wtl__log(wtl__log_process(), WTL__LOG_WARN, "inspect_refused", WTL__LOG_TEXT("peer", name),
             WTL__LOG_TEXT("verb", job->request.verb));
    wtl__job_refuse(x, self, job, WTL_DENIED, "node %s answers edge and cloud nodes; %s is %s",
                    self->config->name, name,
                    layer == WTL_LAYER_DEVICE ? "a device" : "not known to it");
    return WTL_OK;
}

/* A question of an actor, here or on another node. */
static void on_asked(struct wtl_ctx *x, struct wtl__inspect *self, struct wtl_from from,
                     const void *bytes, size_t size)
{
    struct wtl__inspect_origin origin = {.from = from};
    struct wtl__inspect_job *job = job_new(x, self, &origin, bytes, size);
    if (job == NULL) {
        return;
    }
    if (from.caller.node == wtl_self(x).node) {
        begin(x, self, job);
    } else {
        wtl__job_ask_mesh(x, self, job, WTL__MESH_WHO, from.caller.node, on_who);
    }
}

enum wtl_status wtl__inspect_hand_on(struct wtl_ctx *x, void *pid, const struct wtl_msg *message)
{
    struct wtl_writer body;
    struct wtl_from from = wtl_defer(x, message);
    if (message->request == 0 || message->size == 0 || message->size > WTL__CONTROL_REQUEST_MAX) {
        wtl_reply_error(x, message, WTL_BAD_PAYLOAD, NULL);
        return WTL_OK;
    }
    (void)wtl_message_open(x, &body, message->size + 64);
    const uint64_t numbers[] = {from.caller.node, from.caller.local, from.callee.node,
                                from.callee.local, from.request};
    for (size_t i = 0; i < WTL_COUNT(numbers); i++) {
        wtl_put_u64(&body, numbers[i]);
    }
    wtl_put_raw(&body, message->bytes, message->size);
    /* an ordinary message, so that the mailbox's bound holds against whoever asks too much */
    struct wtl__envelope *handed = wtl__message_take(&body, WTL__MESSAGE);
    if (handed == NULL) {
        wtl_reply_error(x, message, WTL_NO_MEMORY, NULL);
        return WTL_OK;
    }
    handed->msg.tag = TAG_HANDED;
    handed->msg.from = wtl_self(x);
    enum wtl_status status =
        wtl__deliver(wtl__ctx_of(x)->runtime, wtl__ctx_of(x), *(const struct wtl_pid *)pid, handed);
    if (status != WTL_OK) {
        wtl_reply_error(x, message, status == WTL_FULL ? WTL_BUSY : WTL_UNSUPPORTED, NULL);
    }
    return WTL_OK;
}

/* Only `$node` of this node hands questions on. */
static bool is_from_root(struct wtl_ctx *x, const struct wtl_msg *message)
{
    return message->from.node == wtl_self(x).node && message->from.local == WTL__ROOT_LOCAL;
}

static void on_handed(struct wtl_ctx *x, struct wtl__inspect *self, const struct wtl_msg *message)
{
    struct wtl_reader reader = wtl_read(message);
    struct wtl_from from;
    from.caller.node = wtl_get_u64(&reader);
    from.caller.local = wtl_get_u64(&reader);
    from.callee.node = wtl_get_u64(&reader);
    from.callee.local = wtl_get_u64(&reader);
    from.request = wtl_get_u64(&reader);
    on_asked(x, self, from, reader.at, wtl_left(&reader));
}

struct wtl__envelope *wtl__inspect_question(uint64_t connection, uint64_t node,
                                            const struct wtl__request *request)
{
    struct wtl_writer body;
    (void)wtl__message_open(&body, 256);
    wtl_put_u64(&body, connection);
    wtl_put_u64(&body, node);
    wtl__request_put(&body, request);
    struct wtl__envelope *envelope = wtl__message_take(&body, WTL__LOCAL);
    if (envelope != NULL) {
        envelope->msg.tag = TAG_QUESTION;
    }
    return envelope;
}

static void on_question(struct wtl_ctx *x, struct wtl__inspect *self, const struct wtl_msg *message)
{
    struct wtl_reader reader = wtl_read(message);
    struct wtl__inspect_origin origin = {.is_control = true};
    origin.connection = wtl_get_u64(&reader);
    uint64_t node = wtl_get_u64(&reader);
    struct wtl__inspect_job *job = job_new(x, self, &origin, reader.at, wtl_left(&reader));
    if (job == NULL) {
        return;
    }
    if (node == 0 || node == wtl_self(x).node) {
        begin(x, self, job);
    } else {
        wtl__inspect_pass_on(x, job, node);
    }
}

/* ---- the actor
 * ------------------------------------------------------------------------------------ */

static enum wtl_status inspect_init(struct wtl_ctx *x, void *state, const void *settings,
                                    const struct wtl_msg *args)
{
    struct wtl__inspect *self = state;
    (void)x;
    (void)args;
    self->config = settings;
    wtl__list_init(&self->jobs);
    return WTL_OK;
}

static enum wtl_status inspect_handle(struct wtl_ctx *x, void *state, const struct wtl_msg *message)
{
    struct wtl__inspect *self = state;
    bool is_own = message->kind_ == WTL__LOCAL; /* never from another machine, nor from a module */
    if (is_own && wtl_tag_equal(message->tag, WTL__TAG_LOOK)) {
        wtl__gather_answer(x, self, message);
    } else if (is_own && wtl_tag_equal(message->tag, WTL_TAG_TRACE)) {
        wtl__inspect_traced(x, self, message);
    } else if (is_own && wtl_tag_equal(message->tag, TAG_QUESTION)) {
        on_question(x, self, message);
    } else if (wtl_tag_equal(message->tag, TAG_LIMIT) &&
               wtl_pid_equal(message->from, wtl_self(x))) {
        on_limit(x, self, message);
    } else if (wtl_tag_equal(message->tag, TAG_HANDED) && is_from_root(x, message)) {
        on_handed(x, self, message);
    } else if (message->request != 0 && wtl_tag_equal(message->tag, WTL__INSPECT_TAG)) {
        on_asked(x, self, wtl_defer(x, message), message->bytes, message->size);
    } else if (message->request != 0) {
        wtl_reply_error(x, message, WTL_UNSUPPORTED, NULL);
    }
    return WTL_OK;
}

static const struct wtl_actor inspect = {
    .size = sizeof(struct wtl_actor),
    .name = "inspect",
    .summary = "answers questions about this node",
    .state_size = sizeof(struct wtl__inspect),
    .settings_size = sizeof(struct wtl__inspect_config),
    .init = inspect_init,
    .handle = inspect_handle,
};

struct wtl_pid wtl__inspect_spawn(struct wtl__runtime *runtime,
                                  const struct wtl__inspect_config *config)
{
    struct wtl_spawn_options options = {.name = WTL__INSPECT_NAME, .settings = config};
    return wtl__spawn(runtime, NULL, &inspect, &options, WTL__CELL_SYSTEM);
}
