/* inspect_actors.c - `actor ls` and `actor kill`, and what the verbs about one actor share. */
#include "node/inspect_job.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "actor/names.h"
#include "base/log.h"
#include "flow/host.h"
#include "node/root.h"
#include "node/snapshot.h"

/* ---- ls
 * --------------------------------------------------------------------------------------------- */

static const struct wtl__column ls_columns[] = {
    {"PID", WTL__COLUMN_TEXT, false},      {"NAME", WTL__COLUMN_TEXT, false},
    {"TYPE", WTL__COLUMN_TEXT, false},     {"STATE", WTL__COLUMN_TEXT, false},
    {"MAILBOX", WTL__COLUMN_COUNT, true},  {"HANDLED", WTL__COLUMN_COUNT, true},
    {"MEMORY", WTL__COLUMN_BYTES, true},   {"LINKS", WTL__COLUMN_COUNT, true},
    {"RESTARTS", WTL__COLUMN_COUNT, true}, {"PROCESS", WTL__COLUMN_PROCESS, false},
};

static void put_ls_row(struct wtl_writer *reply, const struct wtl__inspect *self,
                       const struct wtl__sight *sight, int64_t restarts)
{
    char pid[WTL__PID_TEXT];
    wtl_put_array(reply, WTL_COUNT(ls_columns));
    wtl_put_strz(reply, wtl__pid_text(self->config->name, sight->local, pid));
    wtl__put_look_text(reply, sight->name);
    wtl__put_look_text(reply, sight->type);
    wtl__put_look_text(reply, sight->state);
    wtl_put_u64(reply, sight->mailbox);
    wtl_put_u64(reply, sight->handled);
    wtl_put_u64(reply, sight->memory_bytes);
    wtl_put_u64(reply, sight->links);
    wtl__put_known(reply, restarts);
    wtl__put_process(reply, sight);
}

/* One whose handler has not returned: what can be known without it. */
static void put_busy_row(struct wtl_writer *reply, const struct wtl__inspect *self, uint64_t local,
                         int64_t restarts)
{
    char pid[WTL__PID_TEXT];
    wtl_put_array(reply, WTL_COUNT(ls_columns));
    wtl_put_strz(reply, wtl__pid_text(self->config->name, local, pid));
    wtl_put_nil(reply);
    wtl_put_nil(reply);
    wtl_put_strz(reply, "busy");
    for (size_t i = 4; i + 2 < WTL_COUNT(ls_columns); i++) {
        wtl_put_nil(reply);
    }
    wtl__put_known(reply, restarts);
    wtl_put_nil(reply);
}

/* Is there a row for it? Those that have ended meanwhile have none. */
static bool has_row(const struct wtl__inspect_job *job, uint32_t index, struct wtl__sight *sight)
{
    const struct wtl_msg *answer = job->gather.answers[index];
    memset(sight, 0, sizeof *sight);
    return answer == NULL || (wtl__sight_read(answer, sight) && sight->is_alive);
}

static void ls_done(struct wtl_ctx *x, struct wtl__inspect *self, struct wtl__inspect_job *job)
{
    struct wtl_writer reply;
    struct wtl__sight sight;
    struct wtl__restarts restarts = wtl__gather_restarts(x, job);
    uint32_t live = wtl__snapshot_live(wtl__ctx_of(x)->runtime);
    uint32_t rows = 0;
    for (uint32_t i = 0; i < job->gather.count; i++) {
        rows += has_row(job, i, &sight);
    }
    bool is_cut = job->gather.count == WTL__INSPECT_ROWS_MAX && live > rows;
    (void)wtl_message_open(x, &reply, 256 + (size_t)rows * 96);
    wtl__reply_begin(&reply, WTL__SHAPE_TABLE, ls_columns, WTL_COUNT(ls_columns), rows,
                     is_cut ? live : rows);
    for (uint32_t i = 0; i < job->gather.count; i++) {
        uint64_t local = job->gather.locals[i];
        if (!has_row(job, i, &sight)) {
            continue;
        }
        if (sight.is_alive) {
            put_ls_row(&reply, self, &sight, wtl__restarts_find(&restarts, local));
        } else {
            put_busy_row(&reply, self, local, wtl__restarts_find(&restarts, local));
        }
    }
    wtl_free(x, restarts.list);
    wtl__job_reply(x, self, job, &reply);
}

void wtl__inspect_ls(struct wtl_ctx *x, struct wtl__inspect *self, struct wtl__inspect_job *job)
{
    wtl__gather_all(x, self, job, ls_done);
}

/* ---- one actor
 * ------------------------------------------------------------------------------------ */

uint64_t wtl__job_actor(struct wtl_ctx *x, struct wtl__inspect *self, struct wtl__inspect_job *job)
{
    const char *text = job->request.args[0];
    char *end = NULL;
    if (*text >= '0' && *text <= '9') {
        unsigned long long slot = strtoull(text, &end, 10);
        if (*end == '.' && end[1] >= '0' && end[1] <= '9') {
            unsigned long long generation = strtoull(end + 1, &end, 10);
            if (*end == '\0' && slot <= WTL_PID_SLOT_MAX &&
                generation < UINT64_C(1) << WTL_PID_GEN_BITS && generation > 0) {
                return (uint64_t)slot | (uint64_t)generation << WTL_PID_SLOT_BITS;
            }
        }
    }
    struct wtl_pid pid = wtl__name_is_valid(text) ? wtl_whereis_local(x, text) : WTL_PID_NONE;
    if (wtl_pid_is_none(pid)) {
        wtl__job_refuse(x, self, job, WTL_NOT_FOUND,
                        "node %s has no actor \"%s\"; pids look like <%s:42.7>, and local names "
                        "are taken too",
                        self->config->name, text, self->config->name);
    }
    return pid.local;
}

void wtl__job_refuse_ended(struct wtl_ctx *x, struct wtl__inspect *self,
                           struct wtl__inspect_job *job, uint64_t local)
{
    char pid[WTL__PID_TEXT];
    wtl__job_refuse(x, self, job, WTL_NOT_FOUND, "%s has ended, or never was",
                    wtl__pid_text(self->config->name, local, pid));
}

void wtl__job_refuse_busy(struct wtl_ctx *x, struct wtl__inspect *self,
                          struct wtl__inspect_job *job, uint64_t local)
{
    char pid[WTL__PID_TEXT];
    wtl__job_refuse(x, self, job, WTL_TIMEOUT,
                    "%s does not answer: one of its handlers has not returned",
                    wtl__pid_text(self->config->name, local, pid));
}

bool wtl__job_is_reserved(struct wtl_ctx *x, const struct wtl__sight *sight, uint64_t local)
{
    return local == wtl_self(x).local || local == WTL__ROOT_LOCAL ||
           local == wtl_whereis_local(x, WTL_HOST_NAME).local ||
           (sight->name.size > 0 && sight->name.text[0] == '$');
}

void wtl__job_refuse_reserved(struct wtl_ctx *x, struct wtl__inspect *self,
                              struct wtl__inspect_job *job, uint64_t local)
{
    char pid[WTL__PID_TEXT];
    wtl__job_refuse(x, self, job, WTL_DENIED,
                    "%s is the node's own, which does not work without it; SIGTERM ends a node "
                    "in order",
                    wtl__pid_text(self->config->name, local, pid));
}

const char *wtl__any_pid_text(const struct wtl__inspect *self, struct wtl_pid here,
                              struct wtl_pid pid, char text_out[WTL__PID_TEXT])
{
    char node[WTL_NAME_MAX + 1];
    if (pid.node == here.node) {
        return wtl__pid_text(self->config->name, pid.local, text_out);
    }
    (void)snprintf(node, sizeof node, "#%016" PRIx64, pid.node);
    return wtl__pid_text(node, pid.local, text_out);
}

/* ---- kill ------------------------------------------------------------------------------------ */

static void say_killed(struct wtl_ctx *x, struct wtl__inspect *self, struct wtl__inspect_job *job)
{
    struct wtl_writer reply;
    char text[WTL__PID_TEXT];
    (void)wtl_message_open(x, &reply, 128);
    wtl__reply_text(&reply, WTL_OK, "killed %s",
                    wtl__pid_text(self->config->name, job->gather.locals[0], text));
    wtl__job_reply(x, self, job, &reply);
}

/* Its function was to be ended: then it has answered, by that end. */
static void interrupt_done(struct wtl_ctx *x, struct wtl__inspect *self,
                           struct wtl__inspect_job *job)
{
    char text[WTL__PID_TEXT];
    if (job->gather.answers[0] != NULL) {
        say_killed(x, self, job);
        return;
    }
    wtl__job_refuse(x, self, job, WTL_TIMEOUT,
                    "%s ends when its function returns, which it has not; until then one worker is "
                    "lost to it: find where it blocks, or start the node again",
                    wtl__pid_text(self->config->name, job->gather.locals[0], text));
}

/* Killed, it ends when its function returns; one that does not, in a loop of a module's code, is
 * ended by whoever stands around that. */
static void interrupt(struct wtl_ctx *x, struct wtl__inspect *self, struct wtl__inspect_job *job)
{
    uint64_t local = job->gather.locals[0];
    wtl__interrupt(wtl__ctx_of(x)->runtime, local, 0);
    wtl__gather_release(x, job);
    wtl__gather_one(x, self, job, local, interrupt_done);
}

static void kill_done(struct wtl_ctx *x, struct wtl__inspect *self, struct wtl__inspect_job *job)
{
    uint64_t local = job->gather.locals[0];
    struct wtl_pid pid = {.node = wtl_self(x).node, .local = local};
    struct wtl__sight sight = {0};
    char text[WTL__PID_TEXT];
    const struct wtl_msg *answer = job->gather.answers[0];
    (void)wtl__pid_text(self->config->name, local, text);
    /* one that does not answer is killed all the same: that is what it is for */
    if (answer != NULL && (!wtl__sight_read(answer, &sight) || !sight.is_alive)) {
        wtl__job_refuse_ended(x, self, job, local);
        return;
    }
    if (wtl__job_is_reserved(x, &sight, local)) {
        wtl__job_refuse_reserved(x, self, job, local);
        return;
    }
    wtl_exit(x, pid, WTL_REASON(WTL_EXIT_KILL, "kill"));
    wtl__log(wtl__log_process(), WTL__LOG_WARN, "actor_killed", WTL__LOG_TEXT("pid", text),
             WTL__LOG_TEXT("by", job->origin.is_control ? "control socket" : "another node"));
    if (answer == NULL) {
        interrupt(x, self, job);
    } else {
        say_killed(x, self, job);
    }
}

void wtl__inspect_kill(struct wtl_ctx *x, struct wtl__inspect *self, struct wtl__inspect_job *job)
{
    uint64_t local = wtl__job_actor(x, self, job);
    if (local != 0) {
        wtl__gather_one(x, self, job, local, kill_done);
    }
}
