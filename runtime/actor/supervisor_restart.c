/*
 * supervisor_restart.c - what becomes of a child that has ended by itself.
 *
 * OTP's rules (supervisor, do_restart and restart/2): every attempt counts against the intensity,
 * those that fail too, and the restart of a whole group counts once. One attempt too many ends the
 * supervisor.
 *
 * Thread: the holder of the run token.
 */
#include "actor/supervisor_private.h"

#include <stdio.h>

/* The last few restarts are kept for whoever looks; without memory they are not. */
static void remember(struct wtl_ctx *x, struct wtl__supervisor *sup,
                     const struct wtl__member *member, uint64_t now_ms)
{
    if (sup->history == NULL) {
        sup->history = wtl_alloc(x, WTL__HISTORY_MAX * sizeof *sup->history);
    }
    if (sup->history != NULL) {
        struct wtl__restarted *slot = &sup->history[sup->restarts % WTL__HISTORY_MAX];
        *slot = (struct wtl__restarted){.at_ms = now_ms, .reason = wtl__member_reason(member)};
        (void)snprintf(slot->id, sizeof slot->id, "%s", wtl__member_id(sup, member));
    }
    sup->restarts++;
}

static void begin(struct wtl_ctx *x, struct wtl__supervisor *sup, struct wtl__member *member)
{
    switch (sup->strategy) {
    case WTL_ONE_FOR_ONE:
        wtl__task_begin(sup, WTL__TASK_RESTART, member, true);
        return;
    case WTL_ONE_FOR_ALL:
        wtl__task_begin(sup, WTL__TASK_RESTART, NULL, false);
        return;
    case WTL_REST_FOR_ONE:
        wtl__task_begin(sup, WTL__TASK_RESTART, member, false);
        return;
    case WTL_SIMPLE_ONE_FOR_ONE:
        wtl__member_start(x, sup, member);
        return;
    }
}

/* One attempt, if the intensity allows it. */
static void attempt(struct wtl_ctx *x, struct wtl__supervisor *sup, struct wtl__member *member)
{
    uint64_t now_ms = wtl_now_ns(x) / 1000000;
    wtl__member_down(member);
    if (!wtl__window_allows(x, &sup->window, sup->intensity, sup->period_ms, now_ms)) {
        wtl__supervisor_report(x, sup, "shutdown", member, "reached_max_restart_intensity");
        wtl__member_free(x, sup, member);
        wtl__supervisor_end(x, sup, WTL_REASON(WTL_EXIT_SHUTDOWN, "shutdown"));
        return;
    }
    wtl__count(wtl__ctx_of(x)->runtime, WTL__COUNT_RESTARTS);
    remember(x, sup, member, now_ms);
    member->restarts++;
    begin(x, sup, member);
}

/* A significant child has ended for good. Those that are to be restarted count as alive. */
static bool is_to_shut_down(const struct wtl__supervisor *sup)
{
    if (sup->auto_shutdown != WTL_AUTO_SHUTDOWN_ALL) {
        return sup->auto_shutdown == WTL_AUTO_SHUTDOWN_ANY;
    }
    if (sup->pool != NULL) {
        return sup->members == 0;
    }
    WTL_LIST_EACH (link, &sup->order) {
        const struct wtl__member *member = WTL_LIST_ITEM(link, struct wtl__member, order);
        if (wtl__member_spec(sup, member)->significant && member->state != WTL__MEMBER_DOWN) {
            return false;
        }
    }
    return true;
}

static void decide(struct wtl_ctx *x, struct wtl__supervisor *sup, struct wtl__member *member)
{
    struct wtl_reason reason = wtl__member_reason(member);
    enum wtl_restart restart = wtl__member_spec(sup, member)->restart;
    bool significant = wtl__member_spec(sup, member)->significant;
    bool quiet = wtl_reason_is_quiet(reason);
    if (!quiet || restart == WTL_PERMANENT) {
        char text[40];
        wtl__supervisor_report(x, sup, "child_terminated", member, wtl_reason_text(reason, text));
    }
    if (restart == WTL_PERMANENT || (restart == WTL_TRANSIENT && !quiet)) {
        attempt(x, sup, member);
        return;
    }
    wtl__member_down(member);
    if (restart == WTL_TEMPORARY || sup->pool != NULL) {
        wtl__member_free(x, sup, member);
    }
    if (significant && is_to_shut_down(sup)) {
        wtl__supervisor_end(x, sup, WTL_REASON(WTL_EXIT_SHUTDOWN, "shutdown"));
    }
}

void wtl__restart_decide(struct wtl_ctx *x, struct wtl__supervisor *sup, struct wtl__member *member)
{
    if (member->state == WTL__MEMBER_ENDED) {
        decide(x, sup, member);
    } else {
        attempt(x, sup, member);
    }
}

/* ---- trying again -------------------------------------------------------------------------- */

void wtl__restart_later(struct wtl_ctx *x, struct wtl__supervisor *sup, struct wtl__member *member)
{
    member->state = WTL__MEMBER_RESTARTING;
    wtl__list_push_last(&sup->retries, &member->queue);
    wtl__supervisor_later(x, WTL__TAG_RETRY);
}

void wtl__restart_due(struct wtl__supervisor *sup)
{
    struct wtl__link *link = wtl__list_take_first(&sup->retries);
    if (link != NULL) { /* or it was terminated meanwhile, and the message is for nobody */
        wtl__task_wait(sup, WTL_LIST_ITEM(link, struct wtl__member, queue));
    }
}

static struct wtl__member *find(const struct wtl__list *list, uint64_t was)
{
    WTL_LIST_EACH (link, list) {
        struct wtl__member *member = WTL_LIST_ITEM(link, struct wtl__member, queue);
        if (member->was == was && member->state == WTL__MEMBER_RESTARTING) {
            return member;
        }
    }
    return NULL;
}

struct wtl__member *wtl__restart_find(const struct wtl__supervisor *sup, uint64_t was)
{
    struct wtl__member *member = find(&sup->retries, was);
    return member != NULL ? member : find(&sup->waiting, was);
}
