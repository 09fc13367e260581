/*
 * supervisor_restart.c - whether a child that has ended is started again, and when that is too
 * often.
 *
 * OTP's rules (supervisor, restart/2 and add_restart), with times in milliseconds where OTP has
 * seconds: every attempt counts, those that fail too; the window is inclusive; a restart of a whole
 * group counts once. More than `intensity` attempts in the window end the supervisor.
 *
 * Thread: the holder of the run token.
 */
#include "actor/supervisor_private.h"

#include <stdio.h>

/* ---- intensity ----------------------------------------------------------------------------- */

/* Room for one more time. The ring grows up to the intensity. */
static bool window_room(struct wtl_ctx *x, struct wtl__supervisor *sup)
{
    if (sup->window_count < sup->window_capacity) {
        return true;
    }
    uint32_t capacity = sup->window_capacity == 0 ? 8 : sup->window_capacity * 2;
    capacity = capacity > sup->intensity ? sup->intensity : capacity;
    uint64_t *ring = wtl_alloc(x, capacity * sizeof *ring);
    if (ring == NULL) {
        return false;
    }
    for (uint32_t i = 0; i < sup->window_count; i++) {
        ring[i] = sup->window[(sup->window_first + i) % sup->window_capacity];
    }
    wtl_free(x, sup->window);
    sup->window = ring;
    sup->window_capacity = capacity;
    sup->window_first = 0;
    return true;
}

/* Counts an attempt; false when it is one too many. Without memory to count, it is too many. */
static bool intensity_allows(struct wtl_ctx *x, struct wtl__supervisor *sup, uint64_t now_ms)
{
    while (sup->window_count > 0 && now_ms - sup->window[sup->window_first] > sup->period_ms) {
        sup->window_first = (sup->window_first + 1) % sup->window_capacity;
        sup->window_count--;
    }
    if (sup->window_count >= sup->intensity || !window_room(x, sup)) {
        return false;
    }
    sup->window[(sup->window_first + sup->window_count) % sup->window_capacity] = now_ms;
    sup->window_count++;
    return true;
}

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
        (void)snprintf(slot->id, sizeof slot->id, "%s", wtl__member_id(member));
    }
    sup->restarts++;
}

/* ---- restarting ---------------------------------------------------------------------------- */

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

void wtl__restart_try(struct wtl_ctx *x, struct wtl__supervisor *sup, struct wtl__member *member)
{
    uint64_t now_ms = wtl_now_ns(x) / 1000000;
    wtl__member_down(member);
    if (!intensity_allows(x, sup, now_ms)) {
        wtl__supervisor_report(x, "shutdown", member, "reached_max_restart_intensity");
        wtl__member_free(x, sup, member);
        wtl__supervisor_end(x, sup, WTL_REASON(WTL_EXIT_SHUTDOWN, "shutdown"));
        return;
    }
    wtl__count(wtl__ctx_of(x)->runtime, WTL__COUNT_RESTARTS);
    remember(x, sup, member, now_ms);
    member->restarts++;
    begin(x, sup, member);
}

void wtl__restart_decide(struct wtl_ctx *x, struct wtl__supervisor *sup, struct wtl__member *member)
{
    struct wtl_reason reason = wtl__member_reason(member);
    enum wtl_restart restart = member->spec->restart;
    bool quiet = wtl_reason_is_quiet(reason);
    if (!quiet || restart == WTL_PERMANENT) {
        char text[40];
        wtl__supervisor_report(x, "child_terminated", member, wtl_reason_text(reason, text));
    }
    if (restart == WTL_PERMANENT || (restart == WTL_TRANSIENT && !quiet)) {
        wtl__restart_try(x, sup, member);
        return;
    }
    wtl__member_down(member);
    if (restart == WTL_TEMPORARY || sup->pool != NULL) {
        wtl__member_free(x, sup, member);
    }
}

void wtl__restart_later(struct wtl_ctx *x, struct wtl__supervisor *sup, struct wtl__member *member)
{
    member->state = WTL__MEMBER_RESTARTING;
    wtl__list_push_last(&sup->retries, &member->queue);
    wtl__supervisor_later(x, WTL__TAG_RETRY);
}

struct wtl__member *wtl__restart_next(struct wtl__supervisor *sup)
{
    if (sup->retries_due == 0) {
        return NULL;
    }
    struct wtl__link *link = wtl__list_take_first(&sup->retries);
    /* a message whose child was terminated meanwhile is for nobody */
    sup->retries_due = link != NULL ? sup->retries_due - 1 : 0;
    return link != NULL ? WTL_LIST_ITEM(link, struct wtl__member, queue) : NULL;
}
