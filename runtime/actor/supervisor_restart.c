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

/* Is one more restart of this child one too many? Then why; otherwise NULL. */
static const char *too_many(struct wtl_ctx *x, struct wtl__supervisor *sup,
                            struct wtl__member *member, uint64_t now_ms)
{
    const struct wtl_child *spec = wtl__member_spec(sup, member);
    if (!wtl__window_allows(x, &sup->window, sup->intensity, sup->period_ms, now_ms)) {
        return "reached_max_restart_intensity";
    }
    struct wtl__care *care = spec->intensity != 0 ? wtl__member_care(sup, member) : NULL;
    uint32_t period_ms = spec->period_ms != 0 ? spec->period_ms : WTL_PERIOD_MS_DEFAULT;
    if (care != NULL && !wtl__window_allows(x, &care->window, wtl__intensity_of(spec->intensity, 0),
                                            period_ms, now_ms)) {
        return "reached_max_restart_intensity_of_child";
    }
    return NULL;
}

static void attempt(struct wtl_ctx *x, struct wtl__supervisor *sup, struct wtl__member *member,
                    uint64_t now_ms)
{
    wtl__member_down(member);
    const char *why_not = too_many(x, sup, member, now_ms);
    if (why_not != NULL) {
        wtl__supervisor_report(x, sup, "shutdown", member, why_not);
        wtl__member_free(x, sup, member);
        wtl__supervisor_end(x, sup, WTL_REASON(WTL_EXIT_SHUTDOWN, "shutdown"));
        return;
    }
    wtl__count(wtl__ctx_of(x)->runtime, WTL__COUNT_RESTARTS);
    remember(x, sup, member, now_ms);
    member->restarts++;
    begin(x, sup, member);
}

/* It is to be restarted: at once, or when its backoff says. */
static void restart(struct wtl_ctx *x, struct wtl__supervisor *sup, struct wtl__member *member)
{
    uint64_t now_ms = wtl_now_ns(x) / 1000000;
    uint32_t ms = wtl__backoff_ms(x, sup, member, now_ms);
    if (ms == 0) {
        attempt(x, sup, member, now_ms);
    } else {
        wtl__retry_after(x, sup, member, ms, now_ms);
    }
}

void wtl__restart_failed(struct wtl_ctx *x, struct wtl__supervisor *sup, struct wtl__member *member)
{
    uint64_t now_ms = wtl_now_ns(x) / 1000000;
    uint32_t ms = wtl__backoff_ms(x, sup, member, now_ms);
    wtl__retry_after(x, sup, member, ms, now_ms);
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
    enum wtl_restart type = wtl__member_spec(sup, member)->restart;
    bool significant = wtl__member_spec(sup, member)->significant;
    bool quiet = wtl_reason_is_quiet(reason);
    if (!quiet || type == WTL_PERMANENT) {
        char text[40];
        wtl__supervisor_report(x, sup, "child_terminated", member, wtl_reason_text(reason, text));
    }
    if (type == WTL_PERMANENT || (type == WTL_TRANSIENT && !quiet)) {
        restart(x, sup, member);
        return;
    }
    wtl__member_down(member);
    if (type == WTL_TEMPORARY || sup->pool != NULL) {
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
        attempt(x, sup, member, wtl_now_ns(x) / 1000000);
    }
}
