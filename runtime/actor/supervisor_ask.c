/*
 * supervisor_ask.c - asking a supervisor: what the caller sends, and what the supervisor does.
 *
 * A child travels as a copy in the body of a native message, which only code of this process can
 * make; everything else is msgpack. What changes children waits until the task is over, as in OTP,
 * where the supervisor is blocked; list and count are answered at once. Actors of other nodes are
 * refused: a right to change a tree is not a right to send a message.
 *
 * Thread: the callers' half on the caller, the rest by the holder of the supervisor's run token.
 */
#include "actor/supervisor_private.h"

#include "actor/ask.h"
#include "actor/deadline.h"

/* ---- the caller's half --------------------------------------------------------------------- */

/* A call whose body holds pointers. Owns: takes `body`. */
static uint64_t call_native(struct wtl__ctx *x, struct wtl_pid to, struct wtl_writer *body,
                            const struct wtl_call_options *options)
{
    struct wtl__envelope *envelope = wtl__message_take(body, WTL__CALL);
    if (envelope == NULL) {
        return wtl__ask_now(x, options, WTL_NO_MEMORY, to);
    }
    struct wtl__pending *pending = wtl__pending_new(x, to, options);
    if (pending == NULL) {
        wtl__envelope_free(envelope);
        return 0;
    }
    uint64_t request = pending->tie.msg.request;
    envelope->msg.tag = WTL__TAG_ADD;
    envelope->msg.flags_ |= WTL__FLAG_NATIVE;
    envelope->msg.from = wtl__pid_of(x->runtime, x->cell);
    envelope->msg.request = request;
    wtl__deadline_put(envelope, pending);
    (void)wtl__deliver(x->runtime, x, to, envelope);
    return request;
}

/* Can it be copied? Of a pool's child nothing counts but its settings, so an id is not asked for
 * here, where nobody knows what the supervisor is. */
static enum wtl_status check_to_send(const struct wtl_child *child, struct wtl_error *error)
{
    if (child->type == NULL && child->tree == NULL) {
        return child->settings == NULL
                   ? WTL_OK
                   : wtl_fail(error, WTL_INVALID, "settings: expected the type that they are for");
    }
    struct wtl_child named = *child;
    named.id = child->id != NULL ? child->id : "-";
    return wtl__child_check(&named, NULL, error);
}

uint64_t wtl__supervisor_add(struct wtl_ctx *pub, struct wtl_pid supervisor,
                             const struct wtl_child *child, const struct wtl_call_options *options)
{
    static const struct wtl_child none;
    struct wtl__ctx *x = wtl__ctx_of(pub);
    struct wtl_error error;
    struct wtl_writer body;
    child = child != NULL ? child : &none;
    if (supervisor.node != x->runtime->node) {
        return wtl__ask_now(x, options, WTL_UNSUPPORTED, supervisor);
    }
    enum wtl_status status = check_to_send(child, &error);
    if (status != WTL_OK) {
        wtl__supervisor_refused("child_refused", &error);
        return wtl__ask_now(x, options, status, supervisor);
    }
    size_t size = wtl__child_size(child);
    if (wtl_message_open(pub, &body, size)) {
        wtl__child_copy(child, body.begin);
        body.at = body.begin + size;
    }
    return call_native(x, supervisor, &body, options);
}

uint64_t wtl__supervisor_ask(struct wtl_ctx *x, struct wtl_pid supervisor, int verb, const char *id,
                             struct wtl_pid pid, const struct wtl_call_options *options)
{
    struct wtl_writer body;
    (void)wtl_message_open(x, &body, 128);
    wtl_put_array(&body, 4);
    wtl_put_i64(&body, verb);
    wtl_put_strz(&body, id != NULL ? id : "");
    wtl_put_u64(&body, pid.node);
    wtl_put_u64(&body, pid.local);
    /* not through x->api: in a stage that is the flow's, which has called this */
    return wtl__call(x, supervisor, WTL__TAG_ASK, &body, options);
}

/* ---- add ----------------------------------------------------------------------------------- */

/* The pid that its supervisor knows: of one that has ended meanwhile, the one it had. */
static struct wtl_pid pid_of(struct wtl_ctx *x, const struct wtl__member *member)
{
    uint64_t local = wtl__member_has_actor(member) ? member->local : member->was;
    return (struct wtl_pid){.node = wtl_self(x).node, .local = local};
}

static bool is_running(const struct wtl__member *member)
{
    return wtl__member_has_actor(member) || member->state == WTL__MEMBER_ENDED;
}

/* The child's spec as the supervisor's own memory, or NULL. */
static void *spec_copy(struct wtl_ctx *x, const struct wtl_child *child)
{
    void *spec = wtl_alloc(x, wtl__child_size(child));
    if (spec != NULL) {
        wtl__child_copy(child, spec);
    }
    return spec;
}

static void add(struct wtl_ctx *x, struct wtl__supervisor *sup, const struct wtl_child *child,
                struct wtl_from from)
{
    const struct wtl_tree flags = {.strategy = sup->strategy, .auto_shutdown = sup->auto_shutdown};
    struct wtl_error error;
    enum wtl_status status = wtl__child_check(child, &flags, &error);
    if (status != WTL_OK) {
        wtl__supervisor_refused("child_refused", &error);
        wtl_reply_error_to(x, from, status, NULL);
        return;
    }
    struct wtl__member *member = wtl__member_by_id(sup, child->id, strlen(child->id));
    if (member != NULL) {
        bool running = is_running(member);
        (void)wtl__reply_about(x, from, running ? WTL_STARTED : WTL_PRESENT,
                               running ? pid_of(x, member) : WTL_PID_NONE, NULL);
        return;
    }
    if (sup->members >= sup->members_max) {
        wtl_reply_error_to(x, from, WTL_FULL, NULL);
        return;
    }
    void *spec = spec_copy(x, child);
    member = spec != NULL ? wtl__member_new(x, sup, spec) : NULL;
    if (member == NULL) {
        wtl_reply_error_to(x, from, WTL_NO_MEMORY, NULL);
        return;
    }
    member->flags = WTL__MEMBER_FRESH;
    if (!wtl__member_ask(x, member, from)) {
        wtl__member_free(x, sup, member);
        return;
    }
    wtl__task_begin(sup, WTL__TASK_START, member, true);
}

/* ---- terminate, restart, delete ------------------------------------------------------------ */

struct question {
    int64_t verb;
    const char *id;
    size_t id_size;
    struct wtl_pid pid;
};

static bool read_question(const struct wtl_msg *message, struct question *question_out)
{
    struct wtl_reader reader = wtl_read(message);
    bool shape = wtl_get_array(&reader) == 4;
    question_out->verb = wtl_get_i64(&reader);
    question_out->id = wtl_get_str(&reader, &question_out->id_size);
    question_out->pid.node = wtl_get_u64(&reader);
    question_out->pid.local = wtl_get_u64(&reader);
    return shape && !reader.failed && question_out->verb >= WTL_CHILD_TERMINATE &&
           question_out->verb <= WTL_CHILD_SHOW;
}

static void terminate(struct wtl_ctx *x, struct wtl__supervisor *sup, struct wtl__member *member,
                      struct wtl_from from)
{
    if (wtl__member_has_actor(member)) {
        /* whoever waits for its start is answered by the stop, before this asker joins */
        if (sup->pool == NULL) {
            if (wtl__member_ask(x, member, from)) {
                wtl__task_begin(sup, WTL__TASK_STOP, member, true);
            }
            return;
        }
        if (member->state != WTL__MEMBER_STOPPING) {
            wtl__member_stop(x, sup, member, true);
        }
        (void)wtl__member_ask(x, member, from);
        return;
    }
    if (member->state == WTL__MEMBER_ENDED) {
        wtl__member_ended_meanwhile(x, sup, member);
    }
    wtl__member_down(member);
    wtl_reply_error_to(x, from, WTL_OK, NULL);
    if (sup->pool != NULL || wtl__member_spec(sup, member)->restart == WTL_TEMPORARY) {
        wtl__member_free(x, sup, member);
    }
}

static void restart(struct wtl_ctx *x, struct wtl__supervisor *sup, struct wtl__member *member,
                    struct wtl_from from)
{
    if (is_running(member) || member->state == WTL__MEMBER_RESTARTING) {
        wtl_reply_error_to(x, from, is_running(member) ? WTL_RUNNING : WTL_RESTARTING, NULL);
        return;
    }
    if (wtl__member_ask(x, member, from)) {
        wtl__task_begin(sup, WTL__TASK_START, member, true);
    }
}

static void delete (struct wtl_ctx *x, struct wtl__supervisor *sup, struct wtl__member *member,
                    struct wtl_from from)
{
    enum wtl_status status = WTL_OK;
    if (is_running(member)) {
        status = WTL_RUNNING;
    } else if (member->state == WTL__MEMBER_RESTARTING) {
        status = WTL_RESTARTING;
    } else {
        wtl__member_free(x, sup, member);
    }
    wtl_reply_error_to(x, from, status, NULL);
}

/* The child that is meant, or NULL. Children of a pool are known by their pids alone: of one that
 * is being restarted, the pid that it had. */
static struct wtl__member *find(struct wtl_ctx *x, const struct wtl__supervisor *sup,
                                const struct question *question)
{
    if (sup->pool == NULL) {
        return wtl__member_by_id(sup, question->id, question->id_size);
    }
    if (question->pid.node != wtl_self(x).node) {
        return NULL;
    }
    struct wtl__member *member = wtl__member_by_pid(sup, question->pid.local);
    return member != NULL ? member : wtl__retry_find(sup, question->pid.local);
}

/* Children of a pool can only be terminated; what is dead is, so that is an answer too. */
static void change_pool(struct wtl_ctx *x, struct wtl__supervisor *sup,
                        const struct question *question, struct wtl_from from)
{
    if (question->verb != WTL_CHILD_TERMINATE || wtl_pid_is_none(question->pid)) {
        wtl_reply_error_to(x, from, WTL_UNSUPPORTED, NULL);
        return;
    }
    struct wtl__member *member = find(x, sup, question);
    if (member != NULL) {
        terminate(x, sup, member, from);
        return;
    }
    const struct wtl__cells *cells = &wtl__ctx_of(x)->runtime->cells;
    bool is_dead = question->pid.node == wtl_self(x).node &&
                   wtl__cells_find(cells, question->pid.local) == NULL;
    wtl_reply_error_to(x, from, is_dead ? WTL_OK : WTL_NOT_FOUND, NULL);
}

static void change(struct wtl_ctx *x, struct wtl__supervisor *sup, const struct question *question,
                   struct wtl_from from)
{
    if (sup->pool != NULL) {
        change_pool(x, sup, question, from);
        return;
    }
    struct wtl__member *member = find(x, sup, question);
    if (member == NULL) {
        wtl_reply_error_to(x, from, WTL_NOT_FOUND, NULL);
    } else if (question->verb == WTL_CHILD_TERMINATE) {
        terminate(x, sup, member, from);
    } else if (question->verb == WTL_CHILD_RESTART) {
        restart(x, sup, member, from);
    } else {
        delete (x, sup, member, from);
    }
}

/* ---- the supervisor's half ----------------------------------------------------------------- */

/* Does what the message asks for, which changes children. */
static void perform(struct wtl_ctx *x, struct wtl__supervisor *sup, const struct wtl_msg *message)
{
    struct wtl_from from = wtl_defer(x, message);
    struct question question;
    if (wtl_tag_equal(message->tag, WTL__TAG_ADD)) {
        const struct wtl_child *child = (const struct wtl_child *)(const void *)message->bytes;
        if (sup->pool != NULL) {
            wtl__pool_add(x, sup, child, from);
        } else {
            add(x, sup, child, from);
        }
    } else if (read_question(message, &question)) {
        change(x, sup, &question, from);
    }
}

static void keep_for_later(struct wtl_ctx *x, struct wtl__supervisor *sup,
                           const struct wtl_msg *message)
{
    if (sup->asks_count >= WTL__ASKS_MAX) {
        wtl_reply_error(x, message, WTL_BUSY, NULL);
        return;
    }
    struct wtl__queued *queued = wtl_alloc(x, sizeof *queued);
    if (queued != NULL) {
        queued->message = wtl_keep(x, message);
    }
    if (queued == NULL || queued->message == NULL) {
        wtl_free(x, queued);
        wtl_reply_error(x, message, WTL_NO_MEMORY, NULL);
        return;
    }
    queued->when = ++sup->arrivals;
    wtl__fifo_push(&sup->asks, &queued->link);
    sup->asks_count++;
}

static void show(struct wtl_ctx *x, const struct wtl__supervisor *sup,
                 const struct wtl_msg *message, const struct question *question)
{
    struct wtl_writer body;
    uint64_t node = wtl_self(x).node;
    const struct wtl__member *member =
        question->verb == WTL_CHILD_SHOW ? find(x, sup, question) : NULL;
    if (question->verb == WTL_CHILD_SHOW && member == NULL) {
        wtl_reply_error(x, message, WTL_NOT_FOUND, NULL);
        return;
    }
    (void)wtl_message_open(x, &body, 256);
    if (member != NULL) {
        wtl__supervisor_put_child(sup, member, node, &body);
    } else if (question->verb == WTL_CHILDREN_COUNT) {
        wtl__supervisor_put_count(sup, &body);
    } else {
        wtl__supervisor_put_list(sup, node, &body);
    }
    if (body.failed && wtl_written(&body) > 0) {
        wtl_message_drop(x, &body);
        wtl_reply_error(x, message, WTL_TOO_LARGE, NULL);
        return;
    }
    wtl_reply(x, message, &body);
}

void wtl__supervisor_asked(struct wtl_ctx *x, struct wtl__supervisor *sup,
                           const struct wtl_msg *message)
{
    struct question question = {0};
    bool is_add = wtl_tag_equal(message->tag, WTL__TAG_ADD);
    if (message->from.node != wtl_self(x).node) {
        wtl_reply_error(x, message, WTL_DENIED, NULL);
        return;
    }
    if (is_add ? (message->flags_ & WTL__FLAG_NATIVE) == 0 : !read_question(message, &question)) {
        wtl_reply_error(x, message, WTL_BAD_PAYLOAD, NULL);
        return;
    }
    if (!is_add && question.verb >= WTL_CHILDREN_LIST) {
        show(x, sup, message, &question);
    } else if (sup->task.kind == WTL__TASK_END) {
        wtl_reply_error(x, message, WTL_SHUTDOWN, NULL);
    } else if (sup->task.kind != WTL__TASK_NONE) {
        keep_for_later(x, sup, message);
    } else {
        perform(x, sup, message);
    }
}

uint64_t wtl__supervisor_asked_when(const struct wtl__supervisor *sup)
{
    const struct wtl__fifo_link *first = sup->asks.first;
    return first != NULL ? WTL_CONTAINER(first, struct wtl__queued, link)->when : UINT64_MAX;
}

void wtl__supervisor_asked_before(struct wtl_ctx *x, struct wtl__supervisor *sup)
{
    struct wtl__fifo_link *link = wtl__fifo_take(&sup->asks);
    struct wtl__queued *queued = WTL_CONTAINER(link, struct wtl__queued, link);
    sup->asks_count--;
    perform(x, sup, queued->message);
    wtl_release(x, queued->message);
    wtl_free(x, queued);
}
