/*
 * inspect_gather.c - looking at several actors and waiting for what they answer; and what
 * supervisors know of the restarts of their children.
 */
#include "node/inspect_job.h"

#include <stdlib.h>

#include "node/snapshot.h"

/* ---- gathering ---------------------------------------------------------------------------------
 */

void wtl__gather_release(struct wtl_ctx *x, struct wtl__inspect_job *job)
{
    struct wtl__gather *gather = &job->gather;
    for (uint32_t i = 0; i < gather->count; i++) {
        if (gather->answers[i] != NULL) {
            wtl_release(x, gather->answers[i]);
        }
    }
    wtl_free(x, gather->locals);
    wtl_free(x, gather->answers);
    *gather = (struct wtl__gather){0};
}

/* Room for that many looks. False: no memory, and the job has been refused. */
static bool gather_init(struct wtl_ctx *x, struct wtl__inspect *self, struct wtl__inspect_job *job,
                        uint32_t capacity)
{
    struct wtl__gather *gather = &job->gather;
    gather->locals = wtl_alloc(x, capacity * sizeof *gather->locals);
    gather->answers = wtl_alloc(x, capacity * sizeof *gather->answers);
    if (gather->locals == NULL || gather->answers == NULL) {
        wtl_free(x, gather->locals);
        wtl_free(x, gather->answers);
        *gather = (struct wtl__gather){0};
        wtl__job_refuse(x, self, job, WTL_NO_MEMORY, "no memory to look at %u actors",
                        (unsigned)capacity);
        return false;
    }
    memset(gather->answers, 0, capacity * sizeof *gather->answers);
    gather->capacity = capacity;
    return true;
}

void wtl__gather_add(struct wtl_ctx *x, struct wtl__inspect_job *job, uint64_t local, bool deep)
{
    struct wtl__gather *gather = &job->gather;
    WTL_ASSERT(gather->count < gather->capacity);
    gather->locals[gather->count] = local;
    if (wtl__look(wtl__ctx_of(x), local, job->id, gather->count, deep)) {
        gather->missing++;
    }
    gather->count++;
}

static void gather_expired(struct wtl_ctx *x, struct wtl__inspect *self,
                           struct wtl__inspect_job *job)
{
    job->gather.done(x, self, job);
}

void wtl__gather_all(struct wtl_ctx *x, struct wtl__inspect *self, struct wtl__inspect_job *job,
                     void (*done)(struct wtl_ctx *x, struct wtl__inspect *self,
                                  struct wtl__inspect_job *job))
{
    const struct wtl__runtime *runtime = wtl__ctx_of(x)->runtime;
    uint32_t live = wtl__snapshot_live(runtime);
    uint32_t capacity = live < WTL__INSPECT_ROWS_MAX ? live + 16 : WTL__INSPECT_ROWS_MAX;
    if (!gather_init(x, self, job, capacity)) {
        return;
    }
    uint32_t count = wtl__snapshot_locals(runtime, job->gather.locals, capacity);
    for (uint32_t i = 0; i < count; i++) {
        wtl__gather_add(x, job, job->gather.locals[i], false);
    }
    job->gather.done = done;
    wtl__job_limit(x, job, gather_expired);
}

void wtl__gather_answer(struct wtl_ctx *x, struct wtl__inspect *self, const struct wtl_msg *message)
{
    struct wtl__sight sight;
    if (!wtl__sight_read(message, &sight)) {
        return;
    }
    struct wtl__inspect_job *job = wtl__job_find(self, sight.job);
    if (job == NULL || sight.index >= job->gather.count ||
        job->gather.answers[sight.index] != NULL) {
        return; /* too late: it was answered without */
    }
    job->gather.answers[sight.index] = wtl_keep(x, message);
    job->gather.missing--;
    if (job->gather.missing == 0) {
        job->gather.done(x, self, job);
    }
}

/* ---- restarts, which supervisors know
 * ------------------------------------------------------------ */

static int compare_restarts(const void *left, const void *right)
{
    uint64_t a = ((const struct wtl__restarts_of *)left)->local;
    uint64_t b = ((const struct wtl__restarts_of *)right)->local;
    return (a > b) - (a < b);
}

struct wtl__restarts wtl__gather_restarts(struct wtl_ctx *x, const struct wtl__inspect_job *job)
{
    struct wtl__restarts restarts = {0};
    struct wtl__sight sight;
    uint32_t children = 0;
    for (uint32_t i = 0; i < job->gather.count; i++) {
        const struct wtl_msg *answer = job->gather.answers[i];
        children += answer != NULL && wtl__sight_read(answer, &sight) ? sight.children_count : 0;
    }
    restarts.list = children > 0 ? wtl_alloc(x, children * sizeof *restarts.list) : NULL;
    for (uint32_t i = 0; restarts.list != NULL && i < job->gather.count; i++) {
        const struct wtl_msg *answer = job->gather.answers[i];
        if (answer == NULL || !wtl__sight_read(answer, &sight)) {
            continue;
        }
        for (uint32_t j = 0; j < sight.children_count; j++) {
            struct wtl__sight_child child = wtl__sight_child(&sight.children);
            if (child.local != 0) {
                restarts.list[restarts.count++] =
                    (struct wtl__restarts_of){.local = child.local, .restarts = child.restarts};
            }
        }
    }
    if (restarts.count > 0) {
        qsort(restarts.list, restarts.count, sizeof *restarts.list, compare_restarts);
    }
    return restarts;
}

int64_t wtl__restarts_find(const struct wtl__restarts *restarts, uint64_t local)
{
    struct wtl__restarts_of wanted = {.local = local};
    const struct wtl__restarts_of *found = restarts->count == 0
                                               ? NULL
                                               : bsearch(&wanted, restarts->list, restarts->count,
                                                         sizeof *restarts->list, compare_restarts);
    return found != NULL ? (int64_t)found->restarts : -1;
}

/* ---- one actor ---- */

void wtl__gather_one(struct wtl_ctx *x, struct wtl__inspect *self, struct wtl__inspect_job *job,
                     uint64_t local,
                     void (*done)(struct wtl_ctx *x, struct wtl__inspect *self,
                                  struct wtl__inspect_job *job))
{
    if (gather_init(x, self, job, 2)) {
        job->gather.done = done;
        wtl__job_limit(x, job, gather_expired);
        wtl__gather_add(x, job, local, true);
    }
}
