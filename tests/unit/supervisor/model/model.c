/*
 * model.c - the rules, see model.h. The supervisor is written as if it blocked: where it would,
 * beyond the present, the run is over (model_block), and what was done so far is what is seen.
 */
#include "model_private.h"

#include <stdio.h>
#include <string.h>

struct model model;

static bool is_pool(void)
{
    return model.plan->strategy == SIMPLE;
}

static void forget(struct child *child)
{
    unsigned at = (unsigned)(child - model.children);
    memmove(child, child + 1, (--model.count - at) * sizeof *child);
}

static void stop(struct child *child)
{
    if (child->state == RUNNING && !model_stop(child)) {
        model.reports[SHUTDOWN_ERROR]++;
    }
    child->state = DOWN;
}

/* Termination: reverse order, one after the other; temporary ones are dropped. */
static void stop_down_to(unsigned first)
{
    for (unsigned i = model.count; i-- > first;) {
        stop(&model.children[i]);
        if (model.children[i].spec.restart == TEMPORARY) {
            forget(&model.children[i]);
        }
    }
}

static void end(const char *reason)
{
    model.is_ending = true;
    model.end_begun = model.clock;
    stop_down_to(0);
    (void)snprintf(model.end, sizeof model.end, "%s", reason);
    model.has_ended = true;
    longjmp(model.blocked, 1);
}

/* Starts all that have no actor, from one on. The child that could not be started, or NULL. */
static struct child *start_from(unsigned first)
{
    for (unsigned i = first; i < model.count; i++) {
        struct child *child = &model.children[i];
        if (child->state == RUNNING) {
            continue;
        }
        if (model_start(child) != NULL) {
            model.reports[START_ERROR]++;
            return child;
        }
        if (child->state == DOWN && child->spec.restart == TEMPORARY) { /* ignored */
            forget(child);
            i--;
        }
    }
    return NULL;
}

/* ---- restarts ------------------------------------------------------------------------------ */

/* Every attempt counts; the window is [now - period, now]. */
static bool add_restart(void)
{
    unsigned in_window = 1;
    for (unsigned i = 0; i < model.restarts; i++) {
        in_window += model.restarts_ms[i] + model.plan->period_ms >= model.clock.ms;
    }
    if (in_window <= model.plan->intensity) {
        model.restarts_ms[model.restarts++] = model.clock.ms;
        return true;
    }
    return false;
}

static struct child *apply_strategy(struct child *child)
{
    unsigned at = (unsigned)(child - model.children);
    if (model.plan->strategy == ONE_FOR_ALL || model.plan->strategy == REST_FOR_ONE) {
        unsigned first = model.plan->strategy == ONE_FOR_ALL ? 0 : at;
        stop_down_to(first);
        return start_from(first);
    }
    if (model_start(child) != NULL) {
        model.reports[START_ERROR]++;
        return child;
    }
    if (child->state == DOWN && is_pool()) {
        forget(child); /* ignored: Elixir's rule */
    }
    return NULL;
}

static void restart(struct child *child)
{
    child->state = DOWN;
    child->actor = NULL;
    if (!add_restart()) {
        model.reports[REACHED_MAX]++;
        forget(child);
        end("shutdown");
    }
    struct child *failed = apply_strategy(child);
    if (failed != NULL) {
        failed->state = RESTARTING;
        failed->failure = ++model.again_count;
        model.again[failed->failure - 1] =
            (struct again){.posted = model.clock, .failure = failed->failure};
    }
}

static void try_again(struct again *again)
{
    again->is_done = true;
    for (unsigned i = 0; i < model.count; i++) {
        struct child *child = &model.children[i];
        if (child->state == RESTARTING && child->failure == again->failure) {
            restart(child);
            return;
        }
    }
}

/* auto_shutdown: a significant child has ended by itself, and is not to be restarted. */
static void shut_down_perhaps(void)
{
    bool some = false;
    for (unsigned i = 0; i < model.count; i++) {
        const struct child *child = &model.children[i];
        some = some || ((child->spec.significant || is_pool()) && child->state != DOWN);
    }
    if (model.plan->auto_shutdown == SHUTDOWN_ANY ||
        (model.plan->auto_shutdown == SHUTDOWN_ALL && !some)) {
        end("shutdown");
    }
}

static void exited(struct actor *actor)
{
    struct child *child = model.children;
    while (child->actor != actor) {
        child++;
    }
    model_end_itself(actor);
    bool permanent = child->spec.restart == PERMANENT;
    bool crashed = actor->how == CRASH || actor->how == KILL;
    bool significant = child->spec.significant;
    model.reports[CHILD_TERMINATED] += permanent || crashed;
    child->known_as = is_pool() ? actor->start : 0;
    if (permanent || (child->spec.restart == TRANSIENT && crashed)) {
        restart(child);
        return;
    }
    child->state = DOWN;
    child->actor = NULL;
    if (child->spec.restart == TEMPORARY || is_pool()) {
        forget(child);
    }
    if (significant) {
        shut_down_perhaps();
    }
}

/* ---- asks ---------------------------------------------------------------------------------- */

static struct child *find(const struct op *op)
{
    for (unsigned i = 0; i < model.count; i++) {
        struct child *child = &model.children[i];
        unsigned known_as = child->actor != NULL ? child->actor->start : child->known_as;
        if (is_pool() ? known_as == op->start : child->spec.letter == op->spec.letter) {
            return child;
        }
    }
    return NULL;
}

/* Starts a child because somebody asks for it. Fresh: it goes when it cannot be. */
static const char *start_asked(struct child *child, bool fresh)
{
    bool drops = child->spec.restart == TEMPORARY || is_pool();
    const char *error = model_start(child);
    if ((error != NULL && fresh) || (error == NULL && child->state == DOWN && drops)) {
        forget(child);
    }
    return error != NULL ? error : "ok";
}

static const char *add(const struct op *op)
{
    struct child *child = is_pool() ? NULL : find(op);
    if (child != NULL) {
        return child->state == RUNNING ? "already_started" : "already_present";
    }
    if (model.count >= model.plan->children_max) {
        return "full";
    }
    child = &model.children[model.count++];
    *child = (struct child){.spec = op->spec};
    return start_asked(child, true);
}

static const char *terminate(struct child *child)
{
    stop(child);
    if (child->spec.restart == TEMPORARY || is_pool()) {
        forget(child);
    }
    return "ok";
}

static const char *ask(const struct op *op)
{
    if (op->kind == ADD) {
        return add(op);
    }
    if (is_pool() && op->kind != TERMINATE) {
        return "unsupported";
    }
    struct child *child = find(op);
    if (child == NULL) {
        return is_pool() ? "ok" : "not_found"; /* a pid that is dead */
    }
    if (op->kind == TERMINATE) {
        return terminate(child);
    }
    if (child->state != DOWN) {
        return child->state == RUNNING ? "running" : "restarting";
    }
    if (op->kind == RESTART) {
        return start_asked(child, false);
    }
    forget(child);
    return "ok";
}

/* ---- its life ------------------------------------------------------------------------------ */

void model_supervise(void)
{
    for (unsigned i = 0; !is_pool() && i < model.plan->count; i++) {
        model.children[model.count++] = (struct child){.spec = model.plan->specs[i]};
    }
    struct child *failed = start_from(0);
    if (failed != NULL) {
        char reason[32];
        (void)snprintf(reason, sizeof reason, "shutdown:%c", failed->spec.letter);
        end(reason);
    }
    for (;;) {
        struct received received = model_receive();
        if (received.what == EXITED) {
            exited(received.actor);
        } else if (received.what == TRY_AGAIN) {
            try_again(received.again);
        } else if (received.ask->kind == STOP) {
            end("shutdown");
        } else {
            model.answers[received.ask - model.ops] = ask(received.ask);
        }
    }
}
