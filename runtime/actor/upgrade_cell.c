/*
 * upgrade_cell.c - what an upgrade does to one actor. See upgrade.h.
 *
 * An errand arrives among the actor's signals, where none of its functions may run: it only marks
 * the cell. What it is about is done when the batch has sorted in what has come (run.c), where a
 * fault can be left without losing anything.
 *
 * Thread: the holder of the actor's run token, unless it says otherwise.
 */
#include "actor/upgrade.h"

#include <stdio.h>
#include <stdlib.h>

#include "actor/memory.h"
#include "actor/report.h"
#include "actor/sys.h"
#include "base/pool.h"

/* ---- errands --------------------------------------------------------------------------------- */

void wtl__errand_free(struct wtl__errand *errand)
{
    if (errand->upgrade != NULL) {
        wtl__upgrade_release(errand->upgrade);
    }
    wtl__pool_give(errand);
}

static void go_home(struct wtl__ctx *x, struct wtl__errand *errand, enum wtl__errand_result result)
{
    struct wtl__runtime *runtime = x->runtime;
    errand->result = result;
    errand->control =
        (struct wtl__control){.run = wtl__errand_home, .signal.msg.kind_ = WTL__CONTROL};
    (void)wtl__deliver(runtime, x, wtl__versions_upgrader(runtime), &errand->control.signal);
}

static struct wtl__trial *trial_of(const struct wtl__cell *cell)
{
    struct wtl__envelope *tie = wtl__ties_find(&cell->ties, WTL__TIE_TRIAL, WTL_PID_NONE, 0);
    return tie != NULL ? WTL_CONTAINER(tie, struct wtl__trial, tie) : NULL;
}

static struct wtl__trial *trial_new(struct wtl__cell *cell, uint64_t number)
{
    struct wtl__trial *trial = wtl__pool_take(sizeof *trial);
    if (trial != NULL) {
        *trial = (struct wtl__trial){.number = number, .before = cell->memory};
        wtl__ties_add(&cell->ties, WTL__TIE_TRIAL, &trial->tie);
        cell->flags |= WTL__CELL_UPGRADING;
    }
    return trial;
}

static const struct wtl__version_pair *pair_of(const struct wtl__upgrade *upgrade,
                                               const struct wtl_actor *type)
{
    for (uint32_t i = 0; i < upgrade->pairs_count; i++) {
        if (upgrade->pairs[i].from == type) {
            return &upgrade->pairs[i];
        }
    }
    return NULL;
}

/* The trial is over, and is no tie any more. */
static void end_trial(struct wtl__cell *cell, struct wtl__trial *trial)
{
    cell->flags &= ~(WTL__CELL_UPGRADING | WTL__CELL_ERRAND);
    wtl__sys_go_on(cell);
    wtl__pool_give(trial);
}

static void leave(struct wtl__cell *cell, struct wtl__trial *trial)
{
    (void)wtl__ties_take(&cell->ties, WTL__TIE_TRIAL, WTL_PID_NONE, 0);
    end_trial(cell, trial);
}

void wtl__trial_drop(struct wtl__ctx *x, struct wtl__cell *cell, struct wtl__envelope *tie)
{
    struct wtl__trial *trial = WTL_CONTAINER(tie, struct wtl__trial, tie);
    struct wtl__errand *errand = trial->errand;
    if (trial->args != NULL) {
        wtl__envelope_free(trial->args);
    }
    wtl__trial_undo(cell, trial);
    end_trial(cell, trial);
    if (errand != NULL) {
        go_home(x, errand,
                errand->verb == WTL__ERRAND_PREPARE ? WTL__ERRAND_NONE : WTL__ERRAND_DONE);
    }
}

void wtl__upgrade_leave(struct wtl__ctx *x, struct wtl__cell *cell)
{
    struct wtl__envelope *tie = wtl__ties_take(&cell->ties, WTL__TIE_TRIAL, WTL_PID_NONE, 0);
    if (tie != NULL) {
        wtl__trial_drop(x, cell, tie);
    }
}

/* The errand goes home; the actor stays held until the next one comes, unless nobody waits any
 * more.
 */
static void tell(struct wtl__ctx *x, struct wtl__cell *cell, struct wtl__trial *trial,
                 enum wtl_status status)
{
    struct wtl__errand *errand = trial->errand;
    enum wtl__errand_result result = status == WTL_OK ? WTL__ERRAND_READY : WTL__ERRAND_FAILED;
    trial->errand = NULL;
    trial->ready = status == WTL_OK;
    if (wtl__version_moving(x->runtime, trial->old.type) != trial->number) {
        wtl__trial_undo(cell, trial);
        leave(cell, trial);
        result = WTL__ERRAND_NONE;
    } else if (!trial->ready) {
        wtl__trial_undo(cell, trial);
    }
    go_home(x, errand, result);
}

static void prepare(struct wtl__ctx *x, struct wtl__cell *cell, struct wtl__trial *trial)
{
    struct wtl__errand *errand = trial->errand;
    trial->old = wtl__inside_of(cell);
    const struct wtl__version_pair *pair = pair_of(errand->upgrade, trial->old.type);
    bool wanted = pair != NULL && wtl__version_moving(x->runtime, trial->old.type) == trial->number;
    if (!wanted || !wtl__trial_may(cell, trial, pair->to)) {
        leave(cell, trial);
        go_home(x, errand, wanted ? WTL__ERRAND_WAITS : WTL__ERRAND_NONE);
        return;
    }
    tell(x, cell, trial, wtl__trial_make(x, cell, trial, pair->to));
}

void wtl__trial_fault(struct wtl__ctx *x, struct wtl_reason reason)
{
    struct wtl__cell *cell = x->cell;
    struct wtl__trial *trial = x->trial;
    char word[40];
    char text[160];
    (void)snprintf(text, sizeof text, "%s of %s has ended by %s",
                   trial->upgrades ? "upgrade" : "save",
                   trial->upgrades ? trial->errand->upgrade->to : trial->errand->upgrade->from,
                   wtl_reason_text(reason, word));
    wtl__trial_exit(x, trial);
    tell(x, cell, trial, wtl__errand_fail(cell, trial->errand, WTL_FAULT, text));
    x->cell = NULL;
}

bool wtl__upgrade_turn(struct wtl__ctx *x, struct wtl__cell *cell, struct wtl__envelope **args_out)
{
    struct wtl__trial *trial = trial_of(cell);
    struct wtl__errand *errand = trial->errand;
    bool born = trial->born;
    cell->flags &= ~WTL__CELL_ERRAND;
    if (errand->verb == WTL__ERRAND_PREPARE) {
        prepare(x, cell, trial);
        return false;
    }
    if (born) {
        *args_out = trial->args;
        leave(cell, trial);
    } else if (errand->verb == WTL__ERRAND_COMMIT && trial->ready) {
        wtl__trial_commit(cell, trial);
        leave(cell, trial);
    } else {
        wtl__trial_undo(cell, trial);
        leave(cell, trial);
    }
    go_home(x, errand, WTL__ERRAND_DONE);
    return born;
}

/* ---- arriving ---------------------------------------------------------------------------------
 */

/* Is it to be asked at all? What is new waits by itself, and what is ending ends as it is. */
static bool is_concerned(const struct wtl__cell *cell, const struct wtl__errand *errand)
{
    return cell != NULL && cell->state_now == WTL__CELL_LIVE &&
           (cell->flags & WTL__CELL_ENDING) == 0 &&
           pair_of(errand->upgrade, wtl__inside_of(cell).type) != NULL;
}

static void arrive_first(struct wtl__ctx *x, struct wtl__cell *cell, struct wtl__errand *errand)
{
    if (!is_concerned(cell, errand)) {
        go_home(x, errand, WTL__ERRAND_NONE);
        return;
    }
    wtl__upgrade_leave(x, cell); /* what one that was given up has left, and has not come for yet */
    struct wtl__trial *trial = trial_new(cell, errand->number);
    if (trial == NULL) {
        (void)wtl__errand_fail(cell, errand, WTL_NO_MEMORY, "no memory to upgrade it");
        go_home(x, errand, WTL__ERRAND_FAILED);
        return;
    }
    trial->errand = errand;
    cell->flags |= WTL__CELL_ERRAND;
}

static void arrive(struct wtl__control *control, struct wtl__ctx *x, struct wtl__cell *cell)
{
    struct wtl__errand *errand = WTL_CONTAINER(control, struct wtl__errand, control);
    if (errand->verb == WTL__ERRAND_PREPARE) {
        arrive_first(x, cell, errand);
        return;
    }
    struct wtl__trial *trial = cell != NULL ? trial_of(cell) : NULL;
    if (trial == NULL || trial->number != errand->number || trial->errand != NULL) {
        go_home(x, errand, WTL__ERRAND_DONE);
        return;
    }
    trial->errand = errand;
    cell->flags |= WTL__CELL_ERRAND;
}

void wtl__errand_send(struct wtl__ctx *x, struct wtl__errand *errand, enum wtl__errand_verb verb)
{
    errand->verb = verb;
    errand->control = (struct wtl__control){.run = arrive, .signal.msg.kind_ = WTL__CONTROL};
    (void)wtl__deliver(x->runtime, x,
                       (struct wtl_pid){.node = x->runtime->node, .local = errand->local},
                       &errand->control.signal);
}

/* ---- one that begins ---------------------------------------------------------------------------
 */

/* It was spawned as an older version, and nothing of it has run. */
static enum wtl_status renew(struct wtl__cell *cell, const struct wtl_inside *old,
                             const struct wtl_actor *to, struct wtl_error *error)
{
    struct wtl_inside made;
    enum wtl_status status = wtl__inside_take(cell, old, to, &made, error);
    if (status == WTL_OK) {
        wtl__inside_put(cell, old, &made, false);
    } else {
        wtl__inside_give(cell, &made);
    }
    return status;
}

/* Waits until the upgrade is decided. False: there is no memory to. */
static bool wait_for_it(struct wtl__ctx *x, struct wtl__cell *cell, uint64_t number,
                        struct wtl__envelope *args)
{
    struct wtl__errand *errand = wtl__pool_take(sizeof *errand);
    struct wtl__trial *trial = errand != NULL ? trial_new(cell, number) : NULL;
    if (trial == NULL) {
        wtl__pool_give(errand);
        return false;
    }
    *errand = (struct wtl__errand){.number = number, .local = wtl__cell_local(cell)};
    trial->born = true;
    trial->args = args;
    go_home(x, errand, WTL__ERRAND_BORN);
    return true;
}

static enum wtl_status may_start(struct wtl__ctx *x, struct wtl__cell *cell,
                                 struct wtl__envelope *args, struct wtl_error *error)
{
    const struct wtl_inside old = wtl__inside_of(cell);
    if (old.type == NULL) {
        return WTL_OK;
    }
    uint64_t number = wtl__version_moving(x->runtime, old.type);
    const struct wtl_actor *now = wtl__version_now(x->runtime, old.type);
    if (number != 0) {
        return wait_for_it(x, cell, number, args)
                   ? WTL_LATER
                   : wtl_fail(error, WTL_NO_MEMORY, "no memory to wait for an upgrade");
    }
    return now != old.type ? renew(cell, &old, now, error) : WTL_OK;
}

bool wtl__upgrade_may_start(struct wtl__ctx *x, struct wtl__cell *cell, struct wtl__envelope *args)
{
    struct wtl_error error = {.status = WTL_OK};
    enum wtl_status status = may_start(x, cell, args, &error);
    if (status == WTL_OK || status == WTL_LATER) {
        return status == WTL_OK;
    }
    wtl__upgrade_report(cell, error.text);
    wtl__cell_fail(cell, wtl_reason_of(status));
    if (args != NULL) {
        wtl__envelope_free(args);
    }
    return false;
}
