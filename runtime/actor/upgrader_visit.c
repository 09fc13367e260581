/*
 * upgrader_visit.c - the first phase, as the upgrader sees it: all actors are asked, and those that
 * cannot be saved yet are asked again. See upgrader_private.h.
 *
 * Thread: the upgrader's own.
 */
#include "actor/report.h"
#include "actor/upgrader_private.h"
#include "base/pool.h"

static struct wtl__errand *errand_new(struct wtl__upgrader *self, uint64_t local)
{
    struct wtl__errand *errand = wtl__pool_take(sizeof *errand);
    if (errand != NULL) {
        *errand =
            (struct wtl__errand){.upgrade = self->now, .number = self->now->number, .local = local};
        wtl__upgrade_retain(self->now);
    }
    return errand;
}

void wtl__upgrader_begin_visit(struct wtl__ctx *x, struct wtl__upgrader *self)
{
    struct wtl__upgrade *upgrade = self->now;
    self->phase = WTL__UPGRADER_PREPARING;
    self->cursor = 0;
    self->retry_ms = WTL__UPGRADE_RETRY_MS;
    self->since_ns = wtl_now_ns(&x->pub);
    if (wtl__versions_begin(x->runtime, wtl__pid_of(x->runtime, x->cell), upgrade->pairs,
                            upgrade->pairs_count, upgrade->number) != WTL_OK) {
        (void)wtl_fail(&upgrade->error, WTL_NO_MEMORY, "no memory to begin an upgrade");
    }
    self->slots = wtl__cells_used(&x->runtime->cells);
}

void wtl__upgrader_visit(struct wtl__ctx *x, struct wtl__upgrader *self)
{
    uint64_t own = wtl__cell_local(x->cell);
    while (self->cursor < self->slots && self->out_now < WTL__ERRANDS_MAX) {
        const struct wtl__cell *cell = wtl__cells_at(&x->runtime->cells, self->cursor++);
        uint64_t local = cell != NULL ? wtl__cell_now(cell) : 0;
        if (local == 0 || local == own) {
            continue;
        }
        struct wtl__errand *errand = errand_new(self, local);
        if (errand == NULL) {
            (void)wtl_fail(&self->now->error, WTL_NO_MEMORY, "no memory to look at all actors");
            return;
        }
        wtl__upgrader_send(x, self, errand, WTL__ERRAND_PREPARE);
    }
}

static void ask_again(struct wtl__ctx *x, struct wtl__upgrader *self)
{
    struct wtl__list waits;
    struct wtl__errand *errand;
    wtl__list_init(&waits);
    while ((errand = wtl__errand_take(&self->waits)) != NULL) {
        wtl__list_push_last(&waits, &errand->link);
    }
    while ((errand = wtl__errand_take(&waits)) != NULL) {
        errand->error.status = WTL_OK;
        wtl__upgrader_send(x, self, errand, WTL__ERRAND_PREPARE);
    }
}

void wtl__upgrader_retry_later(struct wtl__ctx *x, struct wtl__upgrader *self)
{
    if (!self->retries) {
        /* without memory for a timer, what comes next tries again, or the deadline ends it */
        self->retries = wtl_after(&x->pub, self->retry_ms, WTL__UPGRADER_AGAIN, NULL) != 0;
        self->retry_ms = self->retry_ms * 2 > WTL__UPGRADE_RETRY_MS_MAX ? WTL__UPGRADE_RETRY_MS_MAX
                                                                        : self->retry_ms * 2;
    }
}

/* Two of them may wait for each other: one for an answer, and the one who is to give it for the
 * decision. */
static bool may_relent(struct wtl__ctx *x, const struct wtl__upgrader *self)
{
    uint64_t held_ns = wtl_now_ns(&x->pub) - self->since_ns;
    return !wtl__list_is_empty(&self->held) && !wtl__list_is_empty(&self->waits) &&
           self->out_now == 0 && held_ns / WTL__NS_PER_MS >= self->patience_ms;
}

static void relent(struct wtl__ctx *x, struct wtl__upgrader *self)
{
    self->phase = WTL__UPGRADER_RELENTING;
    self->patience_ms *= 2;
    self->wait = WTL_LIST_ITEM(wtl__list_first(&self->waits), struct wtl__errand, link)->error;
    wtl__upgrader_forget_waits(self);
    wtl__versions_end(x->runtime, self->now->number);
    wtl__upgrader_tell_held(x, self, WTL__ERRAND_ABORT);
    wtl__upgrader_retry_later(x, self);
}

void wtl__upgrader_again(struct wtl__ctx *x, struct wtl__upgrader *self)
{
    if (self->phase == WTL__UPGRADER_RELENTING && self->out_now > 0) {
        wtl__upgrader_retry_later(x, self);
    } else if (self->phase == WTL__UPGRADER_RELENTING) {
        wtl__upgrader_begin_visit(x, self);
    } else if (may_relent(x, self)) {
        relent(x, self);
    } else {
        ask_again(x, self);
    }
}

void wtl__upgrader_time_is_over(struct wtl__upgrader *self)
{
    const struct wtl__link *link = wtl__list_first(&self->waits);
    struct wtl_error *error = &self->now->error;
    if (link != NULL) {
        *error = WTL_LIST_ITEM(link, struct wtl__errand, link)->error;
    } else if (self->phase == WTL__UPGRADER_RELENTING) {
        *error = self->wait;
    } else {
        link = wtl__list_first(&self->out);
        const struct wtl__errand *errand =
            link != NULL ? WTL_LIST_ITEM(link, struct wtl__errand, link) : NULL;
        char pid[40];
        bool runs = errand != NULL && wtl__errand_runs(errand);
        (void)wtl_fail(error, WTL_TIMEOUT, "actor %s: %s",
                       wtl__local_text(errand != NULL ? errand->local : 0, pid),
                       runs ? "its save and upgrade were not over in time"
                            : "the function that it runs has not returned in time");
    }
    if (error->status == WTL_OK) {
        error->status = WTL_TIMEOUT;
    }
}
