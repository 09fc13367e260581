/*
 * table.c - actor `disk.table`: owns a table that everybody on its node reads, keeps it in a SQLite
 * file, and changes it for those who ask. See table.h.
 *
 * One batch is under way at a time. What is asked meanwhile is the next one, so that a burst costs
 * few transactions, and a single request waits for nobody.
 */
#include "table.h"

#include <stdio.h>
#include <time.h>

/* How long what failed and has to be done all the same waits: writes to the file, and to a table
 * that takes nothing for want of memory. */
#define RETRY_MS       1000u
#define APPLY_RETRY_MS 10u
/* When rows that are not in the table any more are looked for: behind the first end of one, and
 * while there are some. */
#define TICK_MS 1000u

uint64_t wall_ms(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_REALTIME, &now);
    return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

const struct wtl_call_options *table_answered_by(struct wtl_call_options *options,
                                                 wtl_on_answer on_answer)
{
    *options = (struct wtl_call_options){.on_answer = on_answer, .deadline_ms = WTL_CALL_FOREVER};
    return options;
}

/* ---- failures ------------------------------------------------------------------------------ */

const char *table_complain(struct wtl_ctx *x, struct state *state, enum wtl_status status,
                           const struct wtl_msg *message)
{
    char line[512];
    char text[240] = "";
    int code = 0;
    if (wtl_getf(message, "code=%d text=%239s", &code, text) != WTL_OK || text[0] == '\0') {
        (void)snprintf(text, sizeof text, "%s", wtl_status_text(status));
    }
    if (strcmp(text, state->cause) != 0) {
        (void)snprintf(state->cause, sizeof state->cause, "%s", text);
        (void)snprintf(line, sizeof line, "%s: %.200s: %s (SQLite code %d)",
                       wtl_status_word(status), state->settings->path, text, code);
        wtl_log(x, WTL_LOG_ERROR, line);
    }
    return state->cause;
}

/* ---- looking for what only the file has ---------------------------------------------------- */

/* How many rows the file has that the table has not, and perhaps a few more are to be looked at. */
static uint32_t suspects_wanted(struct wtl_ctx *x, const struct state *state)
{
    struct wtl_table_info info;
    if (wtl_table_info(x, state->table, &info) != WTL_OK || state->rows <= info.entries) {
        return 0;
    }
    uint64_t wanted = 2 * (state->rows - info.entries) + 16;
    return wanted < DISK_SUSPECTS_MAX ? (uint32_t)wanted : DISK_SUSPECTS_MAX;
}

/* Sets the timer for the next look. The memory of what has expired is taken back about a second
 * later, and counted until then. */
static void arm_tick(struct wtl_ctx *x, struct state *state)
{
    uint64_t time_ms = now_ms(x);
    uint64_t delay = TICK_MS;
    if (suspects_wanted(x, state) == 0) {
        if (state->next_due_ms == 0) {
            return;
        }
        delay = state->next_due_ms > time_ms ? state->next_due_ms - time_ms + 2 * TICK_MS : TICK_MS;
    }
    if (state->tick != 0) {
        if (state->tick_due_ms <= time_ms + delay) {
            return;
        }
        (void)wtl_timer_cancel(x, state->tick);
    }
    state->tick = wtl_after(x, delay, WTL_TAG("tick"), NULL);
    state->tick_due_ms = time_ms + delay;
}

/* ---- writing ------------------------------------------------------------------------------- */

static enum wtl_status written(struct wtl_ctx *x, void *self, const struct wtl_answer *answer,
                               void *context);
static enum wtl_status closed(struct wtl_ctx *x, void *self, const struct wtl_answer *answer,
                              void *context);

static void close_file(struct wtl_ctx *x, struct state *state)
{
    struct wtl_call_options options;
    state->phase = CLOSING; /* not asked, for want of memory, this one is going to end at once */
    (void)wtl_call(x, state->file, WTL_TAG("close"), NULL, table_answered_by(&options, closed));
}

static void send_batch(struct wtl_ctx *x, struct state *state, uint32_t suspects)
{
    struct wtl_writer *changes = &state->batch.changes;
    struct wtl_call_options options;
    struct wtl_writer body;
    (void)wtl_message_open(x, &body, wtl_written(changes) + 16);
    wtl_put_array(&body, 3);
    wtl_put_bool(&body, state->batch.flush);
    wtl_put_u64(&body, suspects);
    wtl_put_bin(&body, changes->begin, wtl_written(changes));
    /* not asked, for want of memory, this one is going to end, and waits for no answer */
    bool asked = wtl_call(x, state->file, WTL_TAG("write"), &body,
                          table_answered_by(&options, written)) != 0;
    state->phase = asked ? WRITING : IDLE;
}

/* What stays of the batch is tried again a while later. */
static void stay(struct wtl_ctx *x, struct state *state, uint32_t count)
{
    if (count > 0 && !state->waiting) {
        state->waiting = wtl_after(x, RETRY_MS, WTL_TAG("retry"), NULL) != 0;
    }
}

void table_go_on(struct wtl_ctx *x, struct state *state, bool looks)
{
    if (state->phase == IDLE && state->stopping) {
        close_file(x, state);
    }
    if (state->phase != IDLE || (state->waiting && state->asks.calls == 0)) {
        return;
    }
    batch_begin(x, state);
    uint32_t suspects = suspects_wanted(x, state);
    if (wtl_written(&state->batch.changes) > 0 || state->batch.flush || (looks && suspects > 0)) {
        send_batch(x, state, suspects);
        return;
    }
    batch_end(x, state); /* nothing to be written, perhaps something to be answered */
    stay(x, state, asks_answer(x, state, WTL_OK, NULL));
    arm_tick(x, state);
    if (state->asks.calls > 0 || (state->asks.count > 0 && !state->waiting)) {
        wtl_continue(x, WTL_TAG("go"), NULL); /* what this run could not look at */
    }
}

/* The batch is committed and in the table. */
static void finish(struct wtl_ctx *x, struct state *state)
{
    bool looks = state->batch.removed > 0;
    state->commits++;
    batch_end(x, state);
    stay(x, state, asks_answer(x, state, WTL_OK, NULL));
    if (state->cause[0] != '\0') {
        state->cause[0] = '\0';
        wtl_log(x, WTL_LOG_INFO, "storage works again");
    }
    state->phase = IDLE;
    table_go_on(x, state, looks);
}

enum wtl_status table_apply_later(struct wtl_ctx *x)
{
    return wtl_after(x, APPLY_RETRY_MS, WTL_TAG("apply"), NULL) != 0 ? WTL_OK : WTL_NO_MEMORY;
}

/* What is committed has to come into the table, now or later: nothing is answered before. */
static enum wtl_status apply_batch(struct wtl_ctx *x, struct state *state)
{
    struct batch *batch = &state->batch;
    struct wtl_reader changes = wtl_reader_over(batch->changes.begin, wtl_written(&batch->changes));
    enum wtl_status status = batch_apply(x, state, changes, &batch->applied);
    if (status == WTL_BUSY && !state->stopping) {
        return table_apply_later(x);
    }
    if (status == WTL_OK || state->stopping) { /* what stops takes its table along */
        finish(x, state);
        return WTL_OK;
    }
    return status;
}

enum wtl_status table_take_facts(struct wtl_ctx *x, struct state *state,
                                 const struct wtl_msg *message)
{
    struct wtl_reader reader = wtl_read(message);
    uint32_t count = wtl_get_array(&reader);
    size_t size = 0;
    state->rows = wtl_get_u64(&reader);
    uint64_t next_ms = wtl_get_u64(&reader);
    uint64_t wall = wall_ms();
    state->next_due_ms = next_ms == 0 ? 0 : now_ms(x) + (next_ms > wall ? next_ms - wall : 0);
    if (count == 4) {
        state->flushed = (enum wtl_status)wtl_get_u64(&reader);
        const void *suspects = wtl_get_bin(&reader, &size);
        state->found = size > 0 ? wtl_alloc(x, size) : NULL;
        if (state->found != NULL) { /* without memory they come again */
            memcpy(state->found, suspects, size);
            state->found_size = (uint32_t)size;
        }
    }
    return reader.failed ? WTL_BAD_PAYLOAD : WTL_OK;
}

static enum wtl_status written(struct wtl_ctx *x, void *self, const struct wtl_answer *answer,
                               void *context)
{
    struct state *state = self;
    enum wtl_status status = answer->status;
    (void)context;
    if (status == WTL_OK) {
        state->phase = APPLYING;
        status = table_take_facts(x, state, &answer->message);
        return status == WTL_OK ? apply_batch(x, state) : status;
    }
    const char *text = table_complain(x, state, status, &answer->message);
    batch_end(x, state);
    stay(x, state, asks_answer(x, state, WTL_STORAGE, text));
    state->phase = IDLE;
    if (status != WTL_STORAGE && status != WTL_NO_MEMORY && !state->stopping) {
        return status; /* it will not be better: a new start says so, or repairs it */
    }
    table_go_on(x, state, false);
    return WTL_OK;
}

static enum wtl_status closed(struct wtl_ctx *x, void *self, const struct wtl_answer *answer,
                              void *context)
{
    (void)self;
    (void)answer;
    (void)context;
    wtl_done(x, WTL_OK);
    return WTL_OK;
}

/* ---- the actor ----------------------------------------------------------------------------- */

static enum wtl_status handle(struct wtl_ctx *x, void *self, const struct wtl_msg *message)
{
    struct state *state = self;
    if (wtl_pid_equal(message->from, wtl_self(x))) {
        bool ticks = wtl_is(message, "tick");
        if (wtl_is(message, "apply")) {
            return state->phase == OPENING    ? start_fill(x, state)
                   : state->phase == APPLYING ? apply_batch(x, state)
                                              : WTL_OK; /* its end was not to wait for memory */
        }
        state->tick = ticks ? 0 : state->tick;
        state->waiting = state->waiting && !wtl_is(message, "retry");
        table_go_on(x, state, ticks);
        return WTL_OK;
    }
    bool of_flow = wtl_flow_key(x, message).seq != 0;
    enum wtl_status status = asks_take(x, state, message);
    if (status != WTL_LATER) {
        return status;
    }
    if (of_flow) { /* which is not done with it before this function returns */
        wtl_continue(x, WTL_TAG("go"), NULL);
        return WTL_LATER;
    }
    table_go_on(x, state, false);
    return WTL_OK;
}

/* Its file has ended, and nobody but this one ends it. */
static enum wtl_status down(struct wtl_ctx *x, void *self, const struct wtl_down *down)
{
    const struct state *state = self;
    (void)x;
    return wtl_pid_equal(down->pid, state->file) && state->phase != CLOSING ? WTL_CLOSED : WTL_OK;
}

/* What is being written is finished first: it is answered, and the file is not in use. */
static enum wtl_status stop(struct wtl_ctx *x, void *self, struct wtl_reason reason)
{
    struct state *state = self;
    (void)reason;
    state->stopping = true;
    if (state->phase == OPENING || state->phase == IDLE) {
        close_file(x, state);
    } else if (state->phase == APPLYING) {
        finish(x, state);
    }
    return WTL_LATER;
}

static void show(struct wtl_ctx *x, const void *self, struct wtl_writer *out)
{
    static const char *const phases[] = {"opening", "idle", "writing", "applying", "closing"};
    const struct state *state = self;
    (void)x;
    wtl_putf(out, "path=%s phase=%s waiting=%u rows=%ju commits=%ju refused=%ju failure=%s",
             state->settings->path, phases[state->phase], state->asks.count, (uintmax_t)state->rows,
             (uintmax_t)state->commits, (uintmax_t)state->refused, state->cause);
}

static const struct wtl_answerer answers[] = {
    WTL_ANSWERER(written),      WTL_ANSWERER(closed),      WTL_ANSWERER(start_opened),
    WTL_ANSWERER(start_loaded), WTL_ANSWERER(start_named), {0}};

WTL_ACTOR(table, struct state, .summary = "A table that outlives its node, in a SQLite file.",
          .state_vsn = 1, .kind = WTL_CONSUMER, .fields = table_fields,
          .settings_size = sizeof(struct settings), .init = start_init, .handle = handle,
          .down = down, .stop = stop, .show = show, .answers = answers);
