/*
 * store.c - consumer `machine.store`: keeps readings in a SQLite file, and acknowledges each when
 * it is in there.
 *
 * One transaction is under way at a time, on the work pool. What comes meanwhile is the next one,
 * so that a burst costs few transactions and a single reading waits for nobody. A full disk or a
 * lock acknowledges nothing: the same rows are tried again, and the flow holds the rest back.
 */
#include <stdio.h>

#include "database.h"

/* Rows of one transaction, and those that wait for the next: more than a flow has under way. */
#define ROWS_MAX   4096u
#define ROWS_FIRST 64u
#define RETRY_MS   1000u

struct settings {
    const char *path;
};

/* Goes to the work pool as a copy. */
struct batch {
    struct database *database;
    uint32_t count;
    uint32_t capacity;
    struct row rows[];
};

struct state {
    struct database *database;
    const char *path;
    struct batch *next;    /* what has come */
    struct batch *current; /* what is written, and tried again until it is */
    bool working;
    bool waiting; /* for the time of the next try */
    bool opened;
    bool stopping;
    int cause; /* SQLite's code of the failure that was logged; 0: it works */
};

static const struct wtl_field fields[] = {
    WTL_FIELD(struct settings, path, STR, NULL, NULL,
              "The SQLite file, made when it is not there."),
    {0},
};

/* ---- rows ---------------------------------------------------------------------------------- */

static struct batch *batch_new(struct wtl_ctx *x, struct database *database, uint32_t capacity)
{
    struct batch *batch = wtl_alloc(x, sizeof *batch + capacity * sizeof batch->rows[0]);
    if (batch != NULL) {
        *batch = (struct batch){.database = database, .capacity = capacity};
    }
    return batch;
}

/* Room for one more row; NULL over the bound, or without memory. */
static struct row *batch_add(struct wtl_ctx *x, struct state *state)
{
    struct batch *batch = state->next;
    if (batch->count == batch->capacity) {
        if (batch->capacity == ROWS_MAX) {
            return NULL;
        }
        struct batch *larger = batch_new(x, state->database, 2 * batch->capacity);
        if (larger == NULL) {
            return NULL;
        }
        larger->count = batch->count;
        memcpy(larger->rows, batch->rows, batch->count * sizeof batch->rows[0]);
        wtl_free(x, batch);
        state->next = batch = larger;
    }
    return &batch->rows[batch->count++];
}

/* ---- writing ------------------------------------------------------------------------------- */

/* On the work pool. The answer's body is the cause of a failure: {code, text}. */
static enum wtl_status write_rows(void *argument, struct wtl_writer *result)
{
    const struct batch *batch = argument;
    struct sql_error error = {0};
    enum wtl_status status = database_write(batch->database, batch->rows, batch->count, &error);
    wtl_putf(result, "code=%d text=%s", error.code, error.text);
    return status;
}

static enum wtl_status close_file(void *argument, struct wtl_writer *result)
{
    struct database *database;
    (void)result;
    memcpy(&database, argument, sizeof database);
    database_destroy(database);
    return WTL_OK;
}

static enum wtl_status closed(struct wtl_ctx *x, void *self, const struct wtl_answer *answer,
                              void *context)
{
    struct state *state = self;
    (void)context;
    if (answer->status != WTL_OK) { /* it was not run: there is no pool, or no memory */
        database_destroy(state->database);
    }
    state->database = NULL;
    wtl_done(x, WTL_OK);
    return WTL_OK;
}

/* False: there was no memory to ask for it, and it is closed. */
static bool close_later(struct wtl_ctx *x, struct state *state)
{
    uint64_t asked =
        wtl_work(x, close_file, &state->database, sizeof state->database,
                 &(struct wtl_call_options){.on_answer = closed, .deadline_ms = WTL_CALL_FOREVER});
    if (asked == 0) {
        database_destroy(state->database);
        state->database = NULL;
    }
    return asked != 0;
}

static void write_some(struct wtl_ctx *x, struct state *state);

static void acknowledge(struct wtl_ctx *x, struct state *state)
{
    struct batch *batch = state->current;
    for (uint32_t i = 0; i < batch->count; i++) {
        /* one that is not open any more comes again, and is found to be there */
        enum wtl_status ignored = wtl_done_key(x, &batch->rows[i].key);
        (void)ignored;
    }
    batch->count = 0;
    if (state->cause != 0) {
        state->cause = 0;
        wtl_log(x, WTL_LOG_INFO, "storage works again");
    }
}

/* Once for each cause: the next lines about it would say the same. */
static void complain(struct wtl_ctx *x, struct state *state, const struct wtl_answer *answer)
{
    char line[512];
    char text[240] = "no cause given";
    int code = -1;
    enum wtl_status read = wtl_getf(&answer->message, "code=%d text=%239s", &code, text);
    if (read == WTL_OK && code == state->cause) {
        return;
    }
    state->cause = code;
    (void)snprintf(line, sizeof line,
                   "%s: %.150s: %s (SQLite code %d); nothing is acknowledged, %u readings wait%s",
                   wtl_status_word(answer->status), state->path, text, code,
                   state->current->count + state->next->count,
                   answer->status == WTL_STORAGE ? ", tried again every second" : "");
    wtl_log(x, WTL_LOG_ERROR, line);
}

static enum wtl_status written(struct wtl_ctx *x, void *self, const struct wtl_answer *answer,
                               void *context)
{
    struct state *state = self;
    (void)context;
    state->working = false;
    if (answer->status == WTL_OK) {
        if (!state->opened) {
            state->opened = true;
            wtl_done(x, WTL_OK);
        }
        acknowledge(x, state);
    } else {
        complain(x, state, answer);
        if (answer->status != WTL_STORAGE && answer->status != WTL_NO_MEMORY) {
            if (!state->opened) { /* an actor that never was ready has no stop */
                database_destroy(state->database);
            }
            return answer->status;
        }
        state->waiting = wtl_after(x, RETRY_MS, WTL_TAG("retry"), NULL) != 0;
    }
    if (!state->stopping) {
        write_some(x, state);
    } else if (!close_later(x, state)) {
        wtl_done(x, WTL_OK);
    }
    if (!state->opened && !state->working && !state->waiting) { /* no memory to try it again */
        database_destroy(state->database);
        return WTL_NO_MEMORY;
    }
    return WTL_OK;
}

/* Starts the next transaction, if there is one to be made and none under way. */
static void write_some(struct wtl_ctx *x, struct state *state)
{
    if (state->working || state->waiting || state->stopping) {
        return;
    }
    if (state->current->count == 0) {
        struct batch *empty = state->current;
        state->current = state->next;
        state->next = empty;
    }
    struct batch *batch = state->current;
    if (batch->count == 0 && state->opened) {
        return;
    }
    uint64_t asked =
        wtl_work(x, write_rows, batch, sizeof *batch + batch->count * sizeof batch->rows[0],
                 &(struct wtl_call_options){.on_answer = written, .deadline_ms = WTL_CALL_FOREVER});
    state->working = asked != 0; /* without memory this actor is ending */
}

/* ---- the actor ----------------------------------------------------------------------------- */

/* Ready when the file is open. */
static enum wtl_status init(struct wtl_ctx *x, void *self, const void *settings,
                            const struct wtl_msg *args)
{
    struct state *state = self;
    (void)args;
    state->path = ((const struct settings *)settings)->path;
    if (state->path[0] == '\0' || strlen(state->path) > SQL_PATH_MAX) {
        wtl_log(x, WTL_LOG_ERROR, "settings: expected a path of 1 to 1023 bytes");
        return WTL_CONFIG;
    }
    state->database = database_create(state->path);
    state->next = batch_new(x, state->database, ROWS_FIRST);
    state->current = batch_new(x, state->database, ROWS_FIRST);
    if (state->database == NULL || state->next == NULL || state->current == NULL) {
        database_destroy(state->database);
        return WTL_NO_MEMORY;
    }
    write_some(x, state);
    if (!state->working) {
        database_destroy(state->database);
        return WTL_NO_MEMORY;
    }
    return WTL_LATER;
}

static enum wtl_status keep(struct wtl_ctx *x, struct state *state, const struct wtl_msg *message)
{
    struct wtl_error error;
    struct row read = {.key = wtl_flow_key(x, message)};
    if (wtl_getf_error(message, &error,
                       "seq=%ju at_ms=%ju host=" MACHINE_HOST_READ " kind=" MACHINE_KIND_READ
                       " value=%lf unit=" MACHINE_UNIT_READ " delta=%lf",
                       &read.seq, &read.at_ms, read.host, read.kind, &read.value, read.unit,
                       &read.delta) != WTL_OK) {
        wtl_drop(x, error.text);
        return WTL_OK;
    }
    struct row *row = batch_add(x, state);
    if (row == NULL) {
        return WTL_FULL;
    }
    *row = read;
    write_some(x, state);
    return WTL_LATER;
}

static enum wtl_status handle(struct wtl_ctx *x, void *self, const struct wtl_msg *message)
{
    struct state *state = self;
    if (wtl_flow_key(x, message).seq != 0) {
        return keep(x, state, message);
    }
    if (wtl_is(message, "retry")) {
        state->waiting = false;
        write_some(x, state);
    }
    return WTL_OK;
}

/* What is being written is finished first: it is acknowledged, and the file is not in use. */
static enum wtl_status stop(struct wtl_ctx *x, void *self, struct wtl_reason reason)
{
    struct state *state = self;
    (void)reason;
    state->stopping = true;
    return state->working || close_later(x, state) ? WTL_LATER : WTL_OK;
}

static const struct wtl_answerer answers[] = {WTL_ANSWERER(written), WTL_ANSWERER(closed), {0}};

WTL_ACTOR(store, struct state, .summary = "Keeps readings in a SQLite file.", .kind = WTL_CONSUMER,
          .fields = fields, .settings_size = sizeof(struct settings), .init = init,
          .handle = handle, .stop = stop, .answers = answers);
