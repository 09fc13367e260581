/*
 * upgrader.c - the actor that decides an upgrade: all go over, or none. See upgrade.h.
 *
 *   IDLE        begin -> PREPARING
 *   PREPARING   each actor is sent an errand; those that cannot be saved yet are asked again.
 *               all ready -> COMMITTING; an error, or the time is over -> ABORTING; some cannot be
 *               saved for a while -> RELENTING
 *   RELENTING   those that were held go on, because what the others wait for may be their answer;
 *               a while later -> PREPARING, from the beginning. an error, ... -> ABORTING
 *   COMMITTING  what is started is the new version; those that were held are told. all -> IDLE
 *   ABORTING    those that were held are told. all -> IDLE
 *
 * An errand may stay away for as long as a handler, or a save that was given up, does not return:
 * it is for an upgrade that is over then, and whoever it has held is told so.
 *
 * Thread: the upgrader's own.
 */
#include <stdio.h>

#include "actor/report.h"
#include "actor/upgrader_private.h"
#include "base/log.h"
#include "base/pool.h"

static struct wtl__upgrader *upgrader_of(struct wtl__cell *cell)
{
    return cell->state;
}

/* ---- errands --------------------------------------------------------------------------------- */

void wtl__upgrader_send(struct wtl__ctx *x, struct wtl__upgrader *self, struct wtl__errand *errand,
                        enum wtl__errand_verb verb)
{
    wtl__list_push_last(&self->out, &errand->link);
    errand->awaited = self->now != NULL && errand->number == self->now->number;
    self->out_now += errand->awaited;
    wtl__errand_send(x, errand, verb);
}

/* Ends the functions that are over their time, where that can be. */
static void interrupt(struct wtl__ctx *x, struct wtl__upgrader *self)
{
    bool some = false;
    WTL_LIST_EACH (link, &self->out) {
        struct wtl__errand *errand = WTL_LIST_ITEM(link, struct wtl__errand, link);
        if (!errand->awaited && wtl__errand_runs(errand)) {
            some = true;
            wtl__interrupt(x->runtime, errand->local, errand->number);
        }
    }
    if (some && self->interrupts++ < WTL__UPGRADE_INTERRUPTS_MAX) {
        (void)wtl_after(&x->pub, WTL__UPGRADE_INTERRUPT_MS, WTL__UPGRADER_INTERRUPT, NULL);
    }
}

/* ---- the end ----------------------------------------------------------------------------------
 */

static void report(const struct wtl__upgrade *upgrade)
{
    bool ok = upgrade->error.status == WTL_OK;
    wtl__log(wtl__log_process(), ok ? WTL__LOG_INFO : WTL__LOG_ERROR,
             ok ? "upgraded" : "upgrade_failed", WTL__LOG_TEXT("from", upgrade->from),
             WTL__LOG_TEXT("to", upgrade->to), WTL__LOG_NUMBER("actors", upgrade->actors),
             WTL__LOG_TEXT("error", ok ? "" : upgrade->error.text));
}

static void finish(struct wtl__ctx *x, struct wtl__upgrader *self)
{
    struct wtl__upgrade *upgrade = self->now;
    self->now = NULL;
    self->phase = WTL__UPGRADER_IDLE;
    report(upgrade);
    upgrade->done(upgrade, x);
    wtl__upgrade_release(upgrade);
}

void wtl__upgrader_tell_held(struct wtl__ctx *x, struct wtl__upgrader *self,
                             enum wtl__errand_verb verb)
{
    struct wtl__errand *errand;
    while ((errand = wtl__errand_take(&self->held)) != NULL) {
        wtl__upgrader_send(x, self, errand, verb);
    }
}

static void stop_timer(struct wtl__ctx *x, struct wtl__upgrader *self)
{
    if (self->deadline != 0) {
        (void)wtl_timer_cancel(&x->pub, self->deadline);
        self->deadline = 0;
    }
}

static void commit(struct wtl__ctx *x, struct wtl__upgrader *self)
{
    struct wtl__upgrade *upgrade = self->now;
    stop_timer(x, self);
    self->phase = WTL__UPGRADER_COMMITTING;
    wtl__versions_flip(x->runtime, upgrade->pairs, upgrade->pairs_count);
    if (upgrade->flipped != NULL) {
        upgrade->flipped(upgrade);
    }
    wtl__versions_end(x->runtime, upgrade->number);
    WTL_LIST_EACH (link, &self->held) {
        upgrade->actors += WTL_LIST_ITEM(link, struct wtl__errand, link)->upgrade != NULL;
    }
    wtl__upgrader_tell_held(x, self, WTL__ERRAND_COMMIT);
}

void wtl__upgrader_forget_waits(struct wtl__upgrader *self)
{
    struct wtl__errand *errand;
    while ((errand = wtl__errand_take(&self->waits)) != NULL) {
        wtl__errand_free(errand);
    }
}

/* Those that are away may stay away for long: they are not waited for. */
static void abort_(struct wtl__ctx *x, struct wtl__upgrader *self)
{
    stop_timer(x, self);
    self->phase = WTL__UPGRADER_ABORTING;
    WTL_LIST_EACH (link, &self->out) {
        WTL_LIST_ITEM(link, struct wtl__errand, link)->awaited = false;
    }
    self->out_now = 0;
    self->interrupts = 0;
    interrupt(x, self);
    wtl__versions_end(x->runtime, self->now->number);
    wtl__upgrader_forget_waits(self);
    wtl__upgrader_tell_held(x, self, WTL__ERRAND_ABORT);
}

static bool is_undecided(const struct wtl__upgrader *self)
{
    return self->phase == WTL__UPGRADER_PREPARING || self->phase == WTL__UPGRADER_RELENTING;
}

/* What is to be done now that something has come, or a time is over. */
static void advance(struct wtl__ctx *x, struct wtl__upgrader *self)
{
    if (self->phase == WTL__UPGRADER_PREPARING && self->now->error.status == WTL_OK) {
        wtl__upgrader_visit(x, self);
    }
    if (is_undecided(self) && self->now->error.status != WTL_OK) {
        abort_(x, self);
    } else if (self->phase == WTL__UPGRADER_PREPARING && self->out_now == 0 &&
               self->cursor == self->slots) {
        if (wtl__list_is_empty(&self->waits)) {
            commit(x, self);
        } else {
            wtl__upgrader_retry_later(x, self);
        }
    }
    if ((self->phase == WTL__UPGRADER_COMMITTING && self->out_now == 0) ||
        (self->phase == WTL__UPGRADER_ABORTING && self->out_now == 0)) {
        finish(x, self);
    }
}

/* ---- errands come home ------------------------------------------------------------------------
 */

/* Of an upgrade that is over, or of one that was born when it was. */
static void came_late(struct wtl__ctx *x, struct wtl__upgrader *self, struct wtl__errand *errand)
{
    switch (errand->result) {
    case WTL__ERRAND_READY:
    case WTL__ERRAND_FAILED:
    case WTL__ERRAND_BORN:
        wtl__upgrader_send(x, self, errand, WTL__ERRAND_ABORT);
        return;
    default:
        wtl__errand_free(errand);
    }
}

static void came_in_time(struct wtl__upgrader *self, struct wtl__errand *errand)
{
    switch (errand->result) {
    case WTL__ERRAND_FAILED:
        if (self->now->error.status == WTL_OK) {
            self->now->error = errand->error;
        }
        wtl__list_push_last(&self->held, &errand->link);
        return;
    case WTL__ERRAND_READY:
    case WTL__ERRAND_BORN:
        wtl__list_push_last(&self->held, &errand->link);
        return;
    case WTL__ERRAND_WAITS:
        wtl__list_push_last(&self->waits, &errand->link);
        return;
    default:
        wtl__errand_free(errand);
    }
}

void wtl__errand_home(struct wtl__control *control, struct wtl__ctx *x, struct wtl__cell *cell)
{
    struct wtl__errand *errand = WTL_CONTAINER(control, struct wtl__errand, control);
    if (cell == NULL) { /* there is no upgrader any more: the runtime stops */
        wtl__errand_free(errand);
        return;
    }
    struct wtl__upgrader *self = upgrader_of(cell);
    bool is_now = self->now != NULL && errand->number == self->now->number;
    if (errand->result != WTL__ERRAND_BORN) {
        wtl__link_remove(&errand->link);
        self->out_now -= errand->awaited;
    }
    if (is_now && self->phase == WTL__UPGRADER_PREPARING) {
        came_in_time(self, errand);
    } else if (is_now && errand->result == WTL__ERRAND_BORN) {
        wtl__upgrader_send(x, self, errand, WTL__ERRAND_COMMIT);
    } else {
        came_late(x, self, errand);
    }
    advance(x, self);
}

/* ---- time -------------------------------------------------------------------------------------
 */

static void on_deadline(struct wtl__ctx *x, struct wtl__upgrader *self, uint64_t number)
{
    if (!is_undecided(self) || self->now->number != number) {
        return;
    }
    self->deadline = 0;
    wtl__upgrader_time_is_over(self);
    advance(x, self);
}

static enum wtl_status upgrader_handle(struct wtl_ctx *pub, void *state,
                                       const struct wtl_msg *message)
{
    struct wtl__ctx *x = wtl__ctx_of(pub);
    struct wtl__upgrader *self = state;
    struct wtl_reader reader = wtl_read(message);
    if (!wtl_pid_equal(message->from, wtl_self(pub))) {
        if (message->request != 0) {
            wtl_reply_error(pub, message, WTL_UNSUPPORTED, NULL);
        }
        return WTL_OK;
    }
    if (wtl_tag_equal(message->tag, WTL__UPGRADER_DEADLINE)) {
        on_deadline(x, self, wtl_get_u64(&reader));
    } else if (wtl_tag_equal(message->tag, WTL__UPGRADER_INTERRUPT)) {
        interrupt(x, self);
    } else if (wtl_tag_equal(message->tag, WTL__UPGRADER_AGAIN)) {
        self->retries = false;
        if (is_undecided(self)) {
            wtl__upgrader_again(x, self);
            advance(x, self);
        }
    }
    return WTL_OK;
}

/* ---- begin and end ----------------------------------------------------------------------------
 */

/* Was one of them replaced since the upgrade was made? */
static bool is_outdated(const struct wtl__runtime *runtime, const struct wtl__upgrade *upgrade)
{
    for (uint32_t i = 0; i < upgrade->pairs_count; i++) {
        if (wtl__version_now(runtime, upgrade->pairs[i].from) != upgrade->pairs[i].from) {
            return true;
        }
    }
    return false;
}

static void begin(struct wtl__control *control, struct wtl__ctx *x, struct wtl__cell *cell)
{
    struct wtl__upgrade *upgrade = WTL_CONTAINER(control, struct wtl__upgrade, control);
    struct wtl__upgrader *self = cell != NULL ? upgrader_of(cell) : NULL;
    bool ends = self == NULL || (cell->flags & WTL__CELL_ENDING) != 0;
    if (ends || self->phase != WTL__UPGRADER_IDLE || is_outdated(x->runtime, upgrade)) {
        (void)wtl_fail(&upgrade->error, ends ? WTL_SHUTDOWN : WTL_BUSY, "%s",
                       ends ? "the node is stopping" : "another upgrade goes on: try again");
        upgrade->done(upgrade, x);
        wtl__upgrade_release(upgrade);
        return;
    }
    uint32_t within_ms = upgrade->within_ms != 0 ? upgrade->within_ms : WTL__UPGRADE_MS;
    struct wtl_writer body;
    upgrade->number = ++self->numbers;
    self->now = upgrade;
    self->out_now = 0;
    self->patience_ms = WTL__UPGRADE_PATIENCE_MS;
    wtl__upgrader_begin_visit(x, self);
    (void)wtl_message_open(&x->pub, &body, 16);
    wtl_put_u64(&body, upgrade->number);
    self->deadline =
        wtl_after(&x->pub, within_ms < WTL__UPGRADE_MS_MAX ? within_ms : WTL__UPGRADE_MS_MAX,
                  WTL__UPGRADER_DEADLINE, &body);
    if (self->deadline == 0) {
        (void)wtl_fail(&upgrade->error, WTL_NO_MEMORY, "no memory to begin an upgrade");
    }
    advance(x, self);
}

void wtl__upgrade_begin(struct wtl__runtime *runtime, struct wtl__ctx *x, struct wtl_pid upgrader,
                        struct wtl__upgrade *upgrade)
{
    upgrade->control = (struct wtl__control){.run = begin, .signal.msg.kind_ = WTL__CONTROL};
    wtl__upgrade_retain(upgrade);
    (void)wtl__deliver(runtime, x, upgrader, &upgrade->control.signal);
}

/* It has ended, perhaps without its stop function. Errands that are away free themselves. */
static void ended(struct wtl__ending *ending, struct wtl__ctx *x, struct wtl__cell *cell)
{
    struct wtl__upgrader *self = WTL_CONTAINER(ending, struct wtl__upgrader, ending);
    struct wtl__errand *errand;
    (void)cell;
    while ((errand = wtl__errand_take(&self->held)) != NULL ||
           (errand = wtl__errand_take(&self->waits)) != NULL) {
        wtl__errand_free(errand);
    }
    if (self->now != NULL) {
        (void)wtl_fail(&self->now->error, WTL_SHUTDOWN, "the node is stopping");
        finish(x, self);
    }
}

static enum wtl_status upgrader_init(struct wtl_ctx *x, void *state, const void *settings,
                                     const struct wtl_msg *args)
{
    struct wtl__upgrader *self = state;
    self->ending.run = ended;
    wtl__ties_add(&wtl__ctx_of(x)->cell->ties, WTL__TIE_END, &self->ending.tie);
    (void)settings;
    (void)args;
    wtl__list_init(&self->out);
    wtl__list_init(&self->waits);
    wtl__list_init(&self->held);
    return WTL_OK;
}

/* Nobody stays held: all go on as they were, and end when their turn comes. */
static enum wtl_status upgrader_stop(struct wtl_ctx *pub, void *state, struct wtl_reason reason)
{
    struct wtl__ctx *x = wtl__ctx_of(pub);
    struct wtl__upgrader *self = state;
    (void)reason;
    if (is_undecided(self)) {
        (void)wtl_fail(&self->now->error, WTL_SHUTDOWN, "the node is stopping");
        abort_(x, self);
    }
    if (self->phase != WTL__UPGRADER_IDLE) {
        finish(x, self);
    }
    return WTL_OK;
}

static const struct wtl_actor upgrader_type = {
    .size = sizeof(struct wtl_actor),
    .name = "upgrader",
    .summary = "lets actors go over to another version, all or none",
    .state_size = sizeof(struct wtl__upgrader),
    .init = upgrader_init,
    .handle = upgrader_handle,
    .stop = upgrader_stop,
};

struct wtl_pid wtl__upgrader_spawn(struct wtl__runtime *runtime)
{
    struct wtl_spawn_options options = {.name = "$upgrader"};
    return wtl__spawn(runtime, NULL, &upgrader_type, &options, WTL__CELL_SYSTEM);
}
