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
#include "actor/version.h"

/* Settings of `from` are settings of `to` from now on. */
static enum wtl_status carry(struct wtl_ctx *x, const struct wtl_actor *from,
                             const struct wtl_actor *to, const void *settings, void **carried_out)
{
    struct wtl_error error = {.status = WTL_OK};
    enum wtl_status status =
        wtl__settings_carry(wtl__ctx_of(x)->cell, from, settings, to, carried_out, &error);
    if (status != WTL_OK) {
        wtl__supervisor_refused("child_refused", &error);
    }
    return status;
}

/* The pool's children are of a newer version of its type: its settings become that one's. */
static enum wtl_status renew(struct wtl_ctx *x, struct wtl__supervisor *sup,
                             const struct wtl_actor *now)
{
    void *settings = NULL;
    enum wtl_status status = WTL_OK;
    if (sup->pool->settings != NULL) {
        status = carry(x, sup->pool->type, now, sup->pool->settings, &settings);
    }
    if (status != WTL_OK) {
        return status;
    }
    WTL_LIST_EACH (link, &sup->order) {
        struct wtl__member *member = WTL_LIST_ITEM(link, struct wtl__member, order);
        void *own = NULL;
        if (member->own.settings != NULL &&
            carry(x, sup->pool->type, now, member->own.settings, &own) == WTL_OK) {
            wtl_free(x, member->own.settings);
            member->own.settings = own;
        } else if (member->own.settings != NULL) { /* it has none of its own from now on */
            wtl_free(x, member->own.settings);
            member->own.settings = NULL;
        }
    }
    wtl_free(x, sup->pool_settings);
    sup->pool_settings = settings;
    sup->pool->settings = settings;
    sup->pool->type = now;
    return WTL_OK;
}

/* Settings of one child. False: refused, and answered. */
static bool own_settings(struct wtl_ctx *x, struct wtl__supervisor *sup,
                         const struct wtl_child *child, struct wtl_from from, void **settings_out)
{
    *settings_out = NULL;
    if (child->settings == NULL) {
        return true;
    }
    const struct wtl__runtime *runtime = wtl__ctx_of(x)->runtime;
    const struct wtl_actor *now = wtl__version_now(runtime, sup->pool->type);
    enum wtl_status status = WTL_OK;
    if (child->type == NULL || wtl__version_now(runtime, child->type) != now) {
        wtl_reply_error_to(x, from, WTL_INVALID, NULL);
        return false;
    }
    if (WTL_UNLIKELY(sup->pool->type != now || child->type != now)) {
        status = sup->pool->type != now ? renew(x, sup, now) : WTL_OK;
        if (status == WTL_OK) {
            status = carry(x, child->type, now, child->settings, settings_out);
        }
        if (status != WTL_OK) {
            wtl_reply_error_to(x, from, status, NULL);
        }
        return status == WTL_OK;
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
