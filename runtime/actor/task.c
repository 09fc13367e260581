/*
 * task.c - wtl_tasks_run: a pool of temporary children, and who asks it for one at a time.
 *
 * Everything here runs on the actor that called, through the very calls that any actor has (so that
 * it works in a stage of a flow as well), in answers:
 *
 *   add -> ADDED -> next -> call -> ANSWERED -> result -> terminate -> GONE
 *
 * One task is being added at a time, and its input is asked for when it is there: at the end one at
 * most was started for nothing. A task has its place until it is gone, so there never are more than
 * at_once. In order, results that have come too early wait in a ring.
 *
 * Thread: the holder of the caller's run token. Owns: the stream is memory of the caller's.
 */
#include <wattle/task.h>

#include "actor/supervisor.h"
#include "base/log.h"

/* A result that has come before its turn. */
struct early {
    bool is_there;
    struct wtl_answer answer; /* its body is memory of its own */
};

struct stream {
    struct wtl_tasks tasks;
    struct wtl_pid pool;
    uint64_t started;   /* inputs so far */
    uint64_t delivered; /* results so far; in order, the number of the next one */
    uint32_t places;    /* taken */
    uint32_t ring_size; /* of `early`, in order */
    bool adding;
    bool exhausted; /* there are no more inputs, or nobody wants them */
    struct early *early;
    _Alignas(16) uint8_t context[WTL_CONTEXT_MAX];
};

/* The context of each call. */
struct task {
    struct stream *stream;
    uint64_t index;
    struct wtl_pid pid;
};

static enum wtl_status go_on(struct wtl_ctx *x, void *self, struct stream *stream);

static struct wtl_call_options options_of(const struct task *task, wtl_on_answer on_answer,
                                          uint32_t deadline_ms)
{
    return (struct wtl_call_options){.deadline_ms = deadline_ms,
                                     .on_answer = on_answer,
                                     .context = task,
                                     .context_size = sizeof *task};
}

/* ---- results ------------------------------------------------------------------------------- */

static enum wtl_status hand_over(struct wtl_ctx *x, void *self, struct stream *stream,
                                 uint64_t index, const struct wtl_answer *answer)
{
    stream->delivered++;
    return stream->tasks.result(x, self, index, answer, stream->context);
}

/* Keeps what has come too early; without memory, that is its result. */
static void keep(struct wtl_ctx *x, struct stream *stream, uint64_t index,
                 const struct wtl_answer *answer)
{
    struct early *early = &stream->early[index % stream->ring_size];
    uint32_t size = answer->message.size;
    uint8_t *bytes = size > 0 ? wtl_alloc(x, size) : NULL;
    *early = (struct early){.is_there = true, .answer = *answer};
    early->answer.message.bytes = bytes;
    if (bytes != NULL) {
        memcpy(bytes, answer->message.bytes, size);
    } else if (size > 0) {
        early->answer.status = WTL_NO_MEMORY;
        early->answer.message.size = 0;
    }
}

static enum wtl_status deliver(struct wtl_ctx *x, void *self, struct stream *stream, uint64_t index,
                               const struct wtl_answer *answer)
{
    if (!stream->tasks.unordered && index != stream->delivered) {
        keep(x, stream, index, answer);
        return WTL_OK;
    }
    enum wtl_status status = hand_over(x, self, stream, index, answer);
    while (status == WTL_OK && !stream->tasks.unordered) {
        struct early *early = &stream->early[stream->delivered % stream->ring_size];
        if (!early->is_there) {
            break;
        }
        struct wtl_answer kept = early->answer;
        early->is_there = false;
        status = hand_over(x, self, stream, stream->delivered, &kept);
        wtl_free(x, (void *)(uintptr_t)kept.message.bytes);
    }
    return status;
}

/* ---- one task ------------------------------------------------------------------------------ */

static enum wtl_status on_gone(struct wtl_ctx *x, void *self, const struct wtl_answer *answer,
                               void *context)
{
    struct stream *stream = ((struct task *)context)->stream;
    (void)answer; /* whatever it says: there is no such child any more */
    stream->places--;
    return go_on(x, self, stream);
}

static void end(struct wtl_ctx *x, const struct task *task)
{
    struct wtl_call_options options = options_of(task, on_gone, WTL_CALL_FOREVER);
    (void)wtl_supervisor_ask(x, task->stream->pool, WTL_CHILD_TERMINATE, NULL, task->pid, &options);
}

static enum wtl_status on_answered(struct wtl_ctx *x, void *self, const struct wtl_answer *answer,
                                   void *context)
{
    struct task *task = context;
    if (answer->status == WTL_TIMEOUT) {
        wtl_exit(x, task->pid, WTL_REASON(WTL_EXIT_KILL, "kill"));
    }
    end(x, task);
    return deliver(x, self, task->stream, task->index, answer);
}

/* Is it the pool itself that is gone, or going? What has become of a start is said about that one.
 */
static bool is_over(const struct stream *stream, const struct wtl_answer *answer)
{
    enum wtl_status status = answer->status;
    return wtl_pid_equal(answer->pid, stream->pool) &&
           (status == WTL_NO_PROCESS || status == WTL_CLOSED || status == WTL_SHUTDOWN);
}

/* It could not be started: the input that it would have had is told so. */
static enum wtl_status on_not_started(struct wtl_ctx *x, void *self, struct stream *stream,
                                      const struct wtl_answer *answer)
{
    struct wtl_writer input;
    struct wtl_answer why = *answer;
    enum wtl_status status = WTL_OK;
    why.status = why.status == WTL_OK ? WTL_IGNORE : why.status;
    stream->places--;
    if (is_over(stream, answer)) {
        stream->exhausted = true;
        return go_on(x, self, stream);
    }
    (void)wtl_message_open(x, &input, 64);
    stream->exhausted = !stream->tasks.next(x, self, stream->started, &input, stream->context);
    wtl_message_drop(x, &input);
    if (!stream->exhausted) {
        status = deliver(x, self, stream, stream->started++, &why);
    }
    return status == WTL_OK ? go_on(x, self, stream) : status;
}

static enum wtl_status on_added(struct wtl_ctx *x, void *self, const struct wtl_answer *answer,
                                void *context)
{
    struct task *task = context;
    struct stream *stream = task->stream;
    struct wtl_writer input;
    stream->adding = false;
    if (answer->status != WTL_OK || wtl_pid_is_none(answer->pid)) {
        return on_not_started(x, self, stream, answer);
    }
    task->pid = answer->pid;
    task->index = stream->started;
    (void)wtl_message_open(x, &input, 64);
    if (stream->tasks.next(x, self, task->index, &input, stream->context)) {
        struct wtl_call_options options = options_of(task, on_answered, stream->tasks.deadline_ms);
        stream->started++;
        (void)wtl_call(x, task->pid, stream->tasks.tag, &input, &options);
    } else {
        wtl_message_drop(x, &input);
        stream->exhausted = true;
        end(x, task);
    }
    return go_on(x, self, stream);
}

/* ---- the stream ---------------------------------------------------------------------------- */

static enum wtl_status finish(struct wtl_ctx *x, void *self, struct stream *stream)
{
    wtl_tasks_cancel(x, stream->pool);
    enum wtl_status status = stream->tasks.done != NULL
                                 ? stream->tasks.done(x, self, stream->delivered, stream->context)
                                 : WTL_OK;
    wtl_free(x, stream->early);
    wtl_free(x, stream);
    return status;
}

static enum wtl_status go_on(struct wtl_ctx *x, void *self, struct stream *stream)
{
    bool room =
        stream->places < stream->tasks.at_once &&
        (stream->tasks.unordered || stream->started - stream->delivered < stream->ring_size);
    if (!stream->adding && !stream->exhausted && room) {
        struct task task = {.stream = stream};
        struct wtl_call_options options = options_of(&task, on_added, WTL_CALL_FOREVER);
        stream->adding = true;
        stream->places++;
        (void)wtl_supervisor_add(x, stream->pool, NULL, &options);
    }
    return stream->exhausted && stream->places == 0 ? finish(x, self, stream) : WTL_OK;
}

static const char *what_is_wrong(const struct wtl_tasks *tasks)
{
    if (tasks->type == NULL || tasks->next == NULL || tasks->result == NULL) {
        return "expected a type, next and result";
    }
    if (tasks->at_once > WTL_TASKS_AT_ONCE_MAX) {
        return "at_once: expected at most WTL_TASKS_AT_ONCE_MAX (4096)";
    }
    return tasks->context_size > WTL_CONTEXT_MAX
               ? "context_size: expected at most WTL_CONTEXT_MAX (256)"
               : NULL;
}

static struct stream *stream_new(struct wtl_ctx *x, const struct wtl_tasks *tasks)
{
    uint32_t at_once = tasks->at_once != 0 ? tasks->at_once : WTL_TASKS_AT_ONCE;
    uint32_t ring_size = tasks->unordered ? 0 : at_once * WTL_TASKS_AHEAD;
    struct stream *stream = wtl_alloc(x, sizeof *stream);
    struct early *early = wtl_alloc(x, ring_size * sizeof *early);
    if (stream == NULL || early == NULL) {
        wtl_free(x, stream);
        wtl_free(x, early);
        return NULL;
    }
    memset(stream, 0, sizeof *stream);
    memset(early, 0, ring_size * sizeof *early);
    stream->tasks = *tasks;
    stream->tasks.at_once = at_once;
    stream->early = early;
    stream->ring_size = ring_size;
    if (wtl_tag_equal(tasks->tag, (struct wtl_tag){0})) {
        stream->tasks.tag = WTL_TAG("task");
    }
    if (tasks->context_size > 0) {
        memcpy(stream->context, tasks->context, tasks->context_size);
    }
    return stream;
}

struct wtl_pid wtl__tasks_run(struct wtl_ctx *x, const struct wtl_tasks *tasks)
{
    const char *wrong = what_is_wrong(tasks);
    if (wrong != NULL) {
        wtl__log(wtl__log_process(), WTL__LOG_ERROR, "tasks_refused",
                 WTL__LOG_TEXT("error", wrong));
        return WTL_PID_NONE;
    }
    struct stream *stream = stream_new(x, tasks);
    if (stream == NULL) {
        return WTL_PID_NONE;
    }
    const struct wtl_child child = {
        .type = tasks->type, .settings = tasks->settings, .restart = WTL_TEMPORARY};
    const struct wtl_tree tree = {.strategy = WTL_SIMPLE_ONE_FOR_ONE,
                                  .children = &child,
                                  .children_count = 1,
                                  .children_max = stream->tasks.at_once};
    stream->pool = wtl_supervise(x, &tree, &(struct wtl_spawn_options){.link = true});
    struct wtl_pid pool = stream->pool;
    if (wtl_pid_is_none(pool)) {
        wtl_free(x, stream->early);
        wtl_free(x, stream);
        return pool;
    }
    (void)go_on(x, NULL, stream); /* only asks for the first one: nothing is over yet */
    return pool;
}
