/*
 * supervisor_pool.c - simple_one_for_one: many children of one spec, known by their pids.
 *
 * Its children have nothing to do with each other, so they start, stop and restart beside each
 * other, and an end tells all of them at once, WTL__POOL_STOP_BATCH between two looks into the
 * mailbox, under one timer. A child that is `ignore`d or cannot be started is forgotten, as is any
 * that has ended and is not restarted.
 *
 * Thread: the holder of the run token.
 */
#include "actor/supervisor_private.h"

#include "actor/settings.h"

/* Settings of one child. False: refused, and answered. */
static bool own_settings(struct wtl_ctx *x, const struct wtl__supervisor *sup,
                         const struct wtl_child *child, struct wtl_from from, void **settings_out)
{
    *settings_out = NULL;
    if (child->settings == NULL) {
        return true;
    }
    if (child->type == NULL || child->type != sup->pool->type) {
        wtl_reply_error_to(x, from, WTL_INVALID, NULL);
        return false;
    }
    *settings_out = wtl_alloc(x, wtl__settings_size(child->type, child->settings));
    if (*settings_out == NULL) {
        wtl_reply_error_to(x, from, WTL_NO_MEMORY, NULL);
        return false;
    }
    wtl__settings_copy(child->type, child->settings, *settings_out);
    return true;
}

void wtl__pool_add(struct wtl_ctx *x, struct wtl__supervisor *sup, const struct wtl_child *child,
                   struct wtl_from from)
{
    void *settings;
    if (sup->members >= sup->members_max) {
        wtl_reply_error_to(x, from, WTL_FULL, NULL);
        return;
    }
    if (!own_settings(x, sup, child, from, &settings)) {
        return;
    }
    struct wtl__member *member = wtl__member_new(x, sup, settings);
    if (member == NULL) {
        wtl_reply_error_to(x, from, WTL_NO_MEMORY, NULL);
        return;
    }
    member->flags = WTL__MEMBER_FRESH;
    if (!wtl__member_ask(x, member, from)) {
        wtl__member_free(x, sup, member);
        return;
    }
    wtl__member_start(x, sup, member);
}

void wtl__pool_failed(struct wtl_ctx *x, struct wtl__supervisor *sup, struct wtl__member *member)
{
    char text[40];
    if ((member->flags & WTL__MEMBER_FRESH) != 0) { /* whoever asked has been told why */
        wtl__member_free(x, sup, member);
        return;
    }
    wtl__supervisor_report(x, sup, "start_error", member,
                           wtl_reason_text(wtl__member_reason(member), text));
    wtl__restart_failed(x, sup, member);
}

/* Tells one child to stop; what has no actor is forgotten. */
static void tell(struct wtl_ctx *x, struct wtl__supervisor *sup, struct wtl__member *member)
{
    switch ((enum wtl__member_state)member->state) {
    case WTL__MEMBER_STARTING:
    case WTL__MEMBER_RUNNING:
        wtl__member_stop(x, sup, member, false);
        break;
    case WTL__MEMBER_STOPPING:
        break;
    case WTL__MEMBER_ENDED:
        wtl__member_ended_meanwhile(x, sup, member);
        wtl__member_free(x, sup, member);
        return;
    case WTL__MEMBER_DOWN:
    case WTL__MEMBER_RESTARTING:
        wtl__member_free(x, sup, member);
        return;
    }
    wtl__link_remove(&member->order);
    wtl__list_push_last(&sup->leaving, &member->order);
}

/* One timer for all, from when the last one was told. */
static void arm(struct wtl_ctx *x, const struct wtl__supervisor *sup)
{
    uint32_t ms = wtl__shutdown_ms(sup->pool);
    struct wtl_writer body;
    if (ms == WTL_SHUTDOWN_BRUTAL || ms == WTL_SHUTDOWN_INFINITY) {
        return;
    }
    (void)wtl_message_open(x, &body, 16);
    wtl_put_u64(&body, 0); /* no child's, but the timer of all */
    if (wtl_after(x, ms, WTL__TAG_TIMER, &body) == 0) {
        wtl_stop(x, wtl_reason_of(WTL_NO_MEMORY));
    }
}

void wtl__pool_end(struct wtl_ctx *x, struct wtl__supervisor *sup)
{
    for (uint32_t i = 0; i < WTL__POOL_STOP_BATCH; i++) {
        struct wtl__link *link = wtl__list_first(&sup->order);
        if (link == NULL) {
            arm(x, sup);
            return;
        }
        tell(x, sup, WTL_LIST_ITEM(link, struct wtl__member, order));
    }
    wtl__supervisor_later(x, WTL__TAG_MORE);
}

void wtl__pool_kill(struct wtl_ctx *x, struct wtl__supervisor *sup)
{
    WTL_LIST_EACH (link, &sup->leaving) {
        wtl__member_timer(x, WTL_LIST_ITEM(link, struct wtl__member, order));
    }
}
