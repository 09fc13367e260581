/*
 * file.c - actor `disk.file`: owns the SQLite file of the disk.table that has started it, and does
 * on the work pool what that one asks for.
 *
 * It is an actor of its own so that the connection is closed whatever becomes of the table's owner,
 * also when that is killed: it hears of its end, finishes what is under way, and ends after it.
 */
#include "file.h"

#include "database.h"

enum verb { OPEN, READ, WRITE, CLOSE };

struct state {
    struct wtl_pid owner;
    struct database *database;
    struct wtl_from from;  /* who is answered when the work is done */
    struct wtl_from close; /* the same, for a "close" */
    bool working;
    bool closing;  /* the owner has ended, or this one is told to */
    bool stopping; /* and waits for that */
};

/* Goes to the work pool as a copy. */
struct job {
    struct database *database;
    enum verb verb;
    bool flush;
    uint32_t suspects;
    uint32_t size;
    uint8_t changes[];
};

/* ---- on the work pool ---------------------------------------------------------------------- */

static enum wtl_status open_file(struct database *database, struct wtl_writer *result,
                                 struct sql_error *error)
{
    struct database_facts facts;
    enum wtl_status status = database_open(database, &facts, error);
    if (status == WTL_OK) {
        wtl_put_array(result, 2);
        wtl_put_u64(result, facts.rows);
        wtl_put_u64(result, facts.next_ms);
    }
    return status;
}

/* What was put before a failure is taken back. */
static enum wtl_status read_rows(struct database *database, struct wtl_writer *result,
                                 struct sql_error *error)
{
    wtl_put_array(result, 1);
    size_t begin = file_bin_begin(result);
    enum wtl_status status = database_read(database, result, error);
    file_bin_end(result, begin);
    if (status != WTL_OK) {
        result->at = result->begin;
    }
    return status;
}

static enum wtl_status write_changes(const struct job *job, struct wtl_writer *result,
                                     struct sql_error *error)
{
    struct database_facts facts;
    struct wtl_reader changes = wtl_reader_over(job->changes, job->size);
    enum wtl_status status = database_write(job->database, changes, &facts, error);
    if (status != WTL_OK) {
        return status;
    }
    enum wtl_status flushed = job->flush ? database_flush(job->database, error) : WTL_OK;
    wtl_put_array(result, 4);
    wtl_put_u64(result, facts.rows);
    wtl_put_u64(result, facts.next_ms);
    wtl_put_u64(result, flushed);
    size_t begin = file_bin_begin(result);
    database_suspects(job->database, job->suspects, result);
    file_bin_end(result, begin);
    return WTL_OK;
}

static enum wtl_status work(void *argument, struct wtl_writer *result)
{
    const struct job *job = argument;
    struct sql_error error = {0};
    enum wtl_status status = WTL_OK;
    switch (job->verb) {
    case OPEN:
        status = open_file(job->database, result, &error);
        break;
    case READ:
        status = read_rows(job->database, result, &error);
        break;
    case WRITE:
        status = write_changes(job, result, &error);
        break;
    case CLOSE:
        database_destroy(job->database);
        break;
    }
    if (status != WTL_OK) {
        wtl_putf(result, "code=%d text=%s", error.code, error.text);
    }
    return status;
}

/* ---- the actor ----------------------------------------------------------------------------- */

static enum wtl_status worked(struct wtl_ctx *x, void *self, const struct wtl_answer *answer,
                              void *context);
static enum wtl_status closed(struct wtl_ctx *x, void *self, const struct wtl_answer *answer,
                              void *context);

/* The file is closed: this one goes on to its end. */
static enum wtl_status is_closed(struct wtl_ctx *x, struct state *state)
{
    state->database = NULL;
    wtl_reply_to(x, state->close, NULL);
    if (state->stopping) {
        wtl_done(x, WTL_OK);
        return WTL_OK;
    }
    return WTL_STOP;
}

/* Closes it on the pool; here, when there is no memory to ask for that. */
static enum wtl_status close_file(struct wtl_ctx *x, struct state *state)
{
    struct job job = {.database = state->database, .verb = CLOSE};
    uint64_t asked =
        wtl_work(x, work, &job, sizeof job,
                 &(struct wtl_call_options){.on_answer = closed, .deadline_ms = WTL_CALL_FOREVER});
    state->working = asked != 0;
    if (asked != 0) {
        return WTL_OK;
    }
    database_destroy(state->database);
    return is_closed(x, state);
}

static enum wtl_status closed(struct wtl_ctx *x, void *self, const struct wtl_answer *answer,
                              void *context)
{
    struct state *state = self;
    (void)context;
    if (answer->status != WTL_OK) { /* it was not run: there is no pool, or no memory */
        database_destroy(state->database);
    }
    return is_closed(x, state);
}

static enum wtl_status worked(struct wtl_ctx *x, void *self, const struct wtl_answer *answer,
                              void *context)
{
    struct state *state = self;
    struct wtl_writer body;
    (void)context;
    state->working = false;
    (void)wtl_message_open(x, &body, answer->message.size);
    wtl_put_raw(&body, answer->message.bytes, answer->message.size);
    wtl_reply_error_to(x, state->from, answer->status, &body);
    return state->closing ? close_file(x, state) : WTL_OK;
}

/* Starts the work; false when memory is exhausted. */
static bool begin(struct wtl_ctx *x, struct state *state, enum verb verb,
                  const struct wtl_msg *message)
{
    struct job head = {.database = state->database, .verb = verb};
    struct wtl_reader reader = wtl_read(message);
    const void *changes = NULL;
    size_t size = 0;
    if (verb == WRITE) {
        (void)wtl_get_array(&reader);
        head.flush = wtl_get_bool(&reader);
        head.suspects = (uint32_t)wtl_get_u64(&reader);
        changes = wtl_get_bin(&reader, &size);
        head.size = (uint32_t)size;
    }
    struct job *job = wtl_alloc(x, sizeof *job + size);
    if (job == NULL) {
        return false;
    }
    *job = head;
    if (size > 0) {
        memcpy(job->changes, changes, size);
    }
    state->working = wtl_work(x, work, job, sizeof *job + size,
                              &(struct wtl_call_options){.on_answer = worked,
                                                         .deadline_ms = WTL_CALL_FOREVER}) != 0;
    wtl_free(x, job);
    return state->working;
}

static enum wtl_status init(struct wtl_ctx *x, void *self, const void *settings,
                            const struct wtl_msg *args)
{
    struct state *state = self;
    char path[SQL_PATH_MAX + 1];
    unsigned sync = 0;
    (void)settings;
    if (wtl_getf(args, "path=%1023s sync=%u", path, &sync) != WTL_OK || sync > DISK_SYNC_FULL) {
        wtl_log(x, WTL_LOG_ERROR, "disk.file is started by disk.table alone");
        return WTL_INVALID;
    }
    state->owner = wtl_parent(x);
    state->database = database_create(path, (enum disk_sync)sync);
    if (state->database == NULL) {
        return WTL_NO_MEMORY;
    }
    (void)wtl_monitor(x, state->owner);
    return WTL_OK;
}

static enum wtl_status handle(struct wtl_ctx *x, void *self, const struct wtl_msg *message)
{
    struct state *state = self;
    enum verb verb = OPEN;
    if (!wtl_pid_equal(message->from, state->owner) || message->request == 0 || state->closing) {
        wtl_reply_error(x, message, WTL_DENIED, NULL);
        return WTL_OK;
    }
    if (wtl_is(message, "close")) {
        state->close = wtl_defer(x, message);
        state->closing = true;
        return state->working ? WTL_OK : close_file(x, state);
    }
    if (wtl_is(message, "read")) {
        verb = READ;
    } else if (wtl_is(message, "write")) {
        verb = WRITE;
    }
    if (state->working || (verb == OPEN && !wtl_is(message, "open"))) {
        wtl_reply_error(x, message, WTL_UNSUPPORTED, NULL);
        return WTL_OK;
    }
    state->from = wtl_defer(x, message);
    if (!begin(x, state, verb, message)) {
        wtl_reply_error(x, message, WTL_NO_MEMORY, NULL);
    }
    return WTL_OK;
}

static enum wtl_status down(struct wtl_ctx *x, void *self, const struct wtl_down *down)
{
    struct state *state = self;
    (void)down;
    bool closes = state->closing;
    state->closing = true;
    return state->working || closes ? WTL_OK : close_file(x, state);
}

static enum wtl_status stop(struct wtl_ctx *x, void *self, struct wtl_reason reason)
{
    struct state *state = self;
    (void)reason;
    if (state->database == NULL) {
        return WTL_OK;
    }
    bool closes = state->closing;
    state->closing = true;
    if (!state->working && !closes) {
        (void)close_file(x, state);
    }
    state->stopping = true;
    return state->database != NULL ? WTL_LATER : WTL_OK;
}

static const struct wtl_answerer answers[] = {WTL_ANSWERER(worked), WTL_ANSWERER(closed), {0}};

WTL_ACTOR(file, struct state, .summary = "Owns the file of one disk.table, which starts it.",
          .state_vsn = 1, .init = init, .handle = handle, .down = down, .stop = stop,
          .answers = answers);
