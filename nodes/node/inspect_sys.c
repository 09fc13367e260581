/*
 * inspect_sys.c - `actor suspend`, `resume`, `state`, `replace` and `stats`: what <wattle/sys.h>
 * asks of an actor, for an operator.
 *
 * The actor is looked at first: to say what is wrong in the words of `actor show`, and because the
 * node's own actors are not held back.
 */
#include "node/inspect_job.h"

#include <wattle/sys.h>

#include "base/log.h"
#include "base/scan.h"

static const struct wtl__column state_columns[] = {
    {"PID", WTL__COLUMN_TEXT, false},
    {"STATE", WTL__COLUMN_VALUE, false},
};

static const struct wtl__column stats_columns[] = {
    {"PID", WTL__COLUMN_TEXT, false},
    {"HANDLED", WTL__COLUMN_COUNT, false},
    {"SENT", WTL__COLUMN_COUNT, false},
    {"MAILBOX", WTL__COLUMN_COUNT, false},
    {"MEMORY", WTL__COLUMN_BYTES, false},
    {"SINCE", WTL__COLUMN_AGE, false},
    {"HANDLED-SINCE", WTL__COLUMN_COUNT, false},
    {"SENT-SINCE", WTL__COLUMN_COUNT, false},
};

/* What a verb asks, and what is said when it was done. */
static const struct asked {
    const char *verb;
    enum wtl_sys_verb sys;
    const char *done; /* NULL: it answers with something to see, and changes nothing */
} all[] = {
    {"actor.suspend", WTL_SYS_SUSPEND, "suspended"},
    {"actor.resume", WTL_SYS_RESUME, "resumed"},
    {"actor.state", WTL_SYS_STATE, NULL},
    {"actor.replace", WTL_SYS_REPLACE, "replaced"},
    {"actor.stats", WTL_SYS_STATISTICS, NULL},
};

static const struct asked *asked_of(const struct wtl__inspect_job *job)
{
    for (size_t i = 0; i + 1 < WTL_COUNT(all); i++) {
        if (strcmp(all[i].verb, job->request.verb) == 0) {
            return &all[i];
        }
    }
    return &all[WTL_COUNT(all) - 1];
}

/* ---- the answer ------------------------------------------------------------------------------ */

/* What `show` has put is nothing to show. */
static void refuse_shown(struct wtl_ctx *x, struct wtl__inspect *self, struct wtl__inspect_job *job,
                         enum wtl_status status, const char *pid)
{
    if (status == WTL_BAD_PAYLOAD) {
        wtl__job_refuse(x, self, job, status,
                        "what `show` of %s has put is not one value of msgpack", pid);
    } else {
        wtl__job_refuse(x, self, job, status, "the state of %s cannot be shown: %s", pid,
                        wtl_status_text(status));
    }
}

static void refuse(struct wtl_ctx *x, struct wtl__inspect *self, struct wtl__inspect_job *job,
                   const struct asked *asked, enum wtl_status status)
{
    char pid[WTL__PID_TEXT];
    (void)wtl__pid_text(self->config->name, job->gather.locals[0], pid);
    switch (status) {
    case WTL_NO_PROCESS:
    case WTL_CLOSED:
        wtl__job_refuse_ended(x, self, job, job->gather.locals[0]);
        return;
    case WTL_TIMEOUT:
        wtl__job_refuse_busy(x, self, job, job->gather.locals[0]);
        return;
    case WTL_UNSUPPORTED:
        wtl__job_refuse(x, self, job, status, "%s has no function `%s`: its state is its own", pid,
                        asked->sys == WTL_SYS_STATE ? "show" : "replace");
        return;
    case WTL_BUSY:
        wtl__job_refuse(x, self, job, status, "%s is still starting", pid);
        return;
    default:
        if (asked->sys == WTL_SYS_STATE) {
            refuse_shown(x, self, job, status, pid);
            return;
        }
        wtl__job_refuse(x, self, job, WTL_INVALID, "%s does not take that state: %s", pid,
                        wtl_status_text(status));
        return;
    }
}

static void reply_state(struct wtl_ctx *x, struct wtl__inspect *self, struct wtl__inspect_job *job,
                        const struct wtl_msg *state)
{
    char pid[WTL__PID_TEXT];
    struct wtl_writer reply;
    (void)wtl__pid_text(self->config->name, job->gather.locals[0], pid);
    if (state->size == 0) { /* else it is one value, see sys.h */
        refuse_shown(x, self, job, WTL_BAD_PAYLOAD, pid);
        return;
    }
    (void)wtl_message_open(x, &reply, 256 + state->size);
    wtl__reply_begin(&reply, WTL__SHAPE_RECORD, state_columns, WTL_COUNT(state_columns), 1, 1);
    wtl_put_array(&reply, WTL_COUNT(state_columns));
    wtl_put_strz(&reply, pid);
    wtl_put_bin(&reply, state->bytes, state->size);
    wtl__job_reply(x, self, job, &reply);
}

static void reply_stats(struct wtl_ctx *x, struct wtl__inspect *self, struct wtl__inspect_job *job,
                        const struct wtl_msg *statistics)
{
    char pid[WTL__PID_TEXT];
    uintmax_t numbers[WTL_COUNT(stats_columns) - 1] = {0};
    struct wtl_writer reply;
    enum wtl_status status = wtl_getf(
        statistics,
        "handled=%ju sent=%ju waiting=%ju memory_bytes=%ju since_ms=%ju "
        "handled_since=%ju sent_since=%ju",
        &numbers[0], &numbers[1], &numbers[2], &numbers[3], &numbers[4], &numbers[5], &numbers[6]);
    WTL_ASSERT(status == WTL_OK);     /* this node has put it */
    bool was_asked = numbers[4] != 0; /* before; what it has sent is counted since then */
    (void)wtl_message_open(x, &reply, 512);
    wtl__reply_begin(&reply, WTL__SHAPE_RECORD, stats_columns, WTL_COUNT(stats_columns), 1, 1);
    wtl_put_array(&reply, WTL_COUNT(stats_columns));
    wtl_put_strz(&reply, wtl__pid_text(self->config->name, job->gather.locals[0], pid));
    for (size_t i = 0; i < WTL_COUNT(numbers); i++) {
        bool is_known = was_asked || (i < 4 && i != 1);
        wtl__put_known(&reply, is_known ? (int64_t)numbers[i] : -1);
    }
    wtl__job_reply(x, self, job, &reply);
}

static void reply_done(struct wtl_ctx *x, struct wtl__inspect *self, struct wtl__inspect_job *job,
                       const struct asked *asked)
{
    char pid[WTL__PID_TEXT];
    struct wtl_writer reply;
    (void)wtl__pid_text(self->config->name, job->gather.locals[0], pid);
    wtl__log(wtl__log_process(), WTL__LOG_WARN, "actor_held", WTL__LOG_TEXT("pid", pid),
             WTL__LOG_TEXT("what", asked->done),
             WTL__LOG_TEXT("by", job->origin.is_control ? "control socket" : "another node"));
    (void)wtl_message_open(x, &reply, 128);
    if (asked->sys == WTL_SYS_REPLACE) {
        wtl__reply_text(&reply, WTL_OK, "replaced the state of %s", pid);
    } else {
        wtl__reply_text(&reply, WTL_OK, "%s %s", asked->done, pid);
    }
    wtl__job_reply(x, self, job, &reply);
}

static enum wtl_status on_answer(struct wtl_ctx *x, void *state, const struct wtl_answer *answer,
                                 void *context)
{
    struct wtl__inspect *self = state;
    struct wtl__inspect_job *job = wtl__job_of(self, context);
    if (job == NULL) {
        return WTL_OK;
    }
    const struct asked *asked = asked_of(job);
    if (answer->status != WTL_OK) {
        refuse(x, self, job, asked, answer->status);
    } else if (asked->done != NULL) {
        reply_done(x, self, job, asked);
    } else if (asked->sys == WTL_SYS_STATE) {
        reply_state(x, self, job, &answer->message);
    } else {
        reply_stats(x, self, job, &answer->message);
    }
    return WTL_OK;
}

/* ---- the question ---------------------------------------------------------------------------- */

static void ask(struct wtl_ctx *x, struct wtl__inspect *self, struct wtl__inspect_job *job,
                const struct asked *asked)
{
    struct wtl_pid to = {.node = wtl_self(x).node, .local = job->gather.locals[0]};
    struct wtl_scan_limits limits = WTL_SCAN_BODY;
    struct wtl_writer body;
    struct wtl_call_options options = {.deadline_ms = wtl__job_part_ms(job),
                                       .on_answer = on_answer,
                                       .context = &job->id,
                                       .context_size = sizeof job->id};
    if (asked->sys != WTL_SYS_REPLACE) {
        (void)x->api->sys(x, to, (int)asked->sys, NULL, &options);
        return;
    }
    if (job->request.body_size == 0 ||
        wtl_scan(job->request.body, job->request.body_size, &limits) != WTL_OK) {
        wtl__job_refuse(x, self, job, WTL_BAD_PAYLOAD, "the state is not one value of msgpack");
        return;
    }
    (void)wtl_message_open(x, &body, job->request.body_size);
    wtl_put_raw(&body, job->request.body, job->request.body_size);
    (void)wtl_sys_replace(x, to, &body, &options);
}

static void looked(struct wtl_ctx *x, struct wtl__inspect *self, struct wtl__inspect_job *job)
{
    const struct asked *asked = asked_of(job);
    uint64_t local = job->gather.locals[0];
    struct wtl__sight sight;
    job->expired = NULL; /* what follows has a deadline of its own */
    if (job->gather.answers[0] == NULL) {
        wtl__job_refuse_busy(x, self, job, local);
    } else if (!wtl__sight_read(job->gather.answers[0], &sight) || !sight.is_alive) {
        wtl__job_refuse_ended(x, self, job, local);
    } else if (asked->done != NULL && wtl__job_is_reserved(x, &sight, local)) {
        wtl__job_refuse_reserved(x, self, job, local);
    } else {
        ask(x, self, job, asked);
    }
}

void wtl__inspect_sys(struct wtl_ctx *x, struct wtl__inspect *self, struct wtl__inspect_job *job)
{
    uint64_t local = wtl__job_actor(x, self, job);
    if (local != 0) {
        wtl__gather_one(x, self, job, local, looked);
    }
}
