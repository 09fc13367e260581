/*
 * supervisor_retry.c - when a child is tried again: at once but behind what waits in the mailbox
 * (OTP: try_again_restart), or after its backoff.
 *
 * Children that wait are in one list, by when they are due. One timer runs, for the first of them;
 * those that are due at once have a message each, so that what came before it is seen to first.
 *
 * Thread: the holder of the run token.
 */
#include "actor/supervisor_private.h"

static uint32_t max_ms(const struct wtl_backoff *backoff)
{
    if (backoff->max_ms != 0) {
        return backoff->max_ms;
    }
    return backoff->first_ms > WTL_BACKOFF_MAX_MS ? backoff->first_ms : WTL_BACKOFF_MAX_MS;
}

uint32_t wtl__backoff_ms(struct wtl_ctx *x, const struct wtl__supervisor *sup,
                         struct wtl__member *member, uint64_t now_ms)
{
    const struct wtl_backoff *backoff = &wtl__member_spec(sup, member)->backoff;
    struct wtl__care *care = wtl__member_care(sup, member);
    if (backoff->first_ms == 0) {
        return 0;
    }
    uint32_t stable_ms = backoff->stable_ms != 0 ? backoff->stable_ms : max_ms(backoff);
    if (care->ready_ms != 0 && now_ms - care->ready_ms >= stable_ms) {
        care->failures = 0;
    }
    care->ready_ms = 0;
    uint64_t ms = (uint64_t)backoff->first_ms << care->failures;
    if (ms >= max_ms(backoff)) {
        ms = max_ms(backoff);
    } else {
        care->failures++; /* never so many that the shift is too wide */
    }
    return (uint32_t)(ms - wtl_random(x) % (ms / 2 + 1));
}

static void arm(struct wtl_ctx *x, struct wtl__supervisor *sup, uint64_t due_ms, uint64_t now_ms)
{
    if (sup->retry_timer != 0) {
        (void)wtl_timer_cancel(x, sup->retry_timer);
    }
    sup->retry_ms = due_ms;
    sup->retry_timer = wtl_after(x, due_ms - now_ms, WTL__TAG_RETRY, NULL);
    if (sup->retry_timer == 0) {
        wtl_stop(x, wtl_reason_of(WTL_NO_MEMORY));
    }
}

void wtl__retry_after(struct wtl_ctx *x, struct wtl__supervisor *sup, struct wtl__member *member,
                      uint32_t ms, uint64_t now_ms)
{
    struct wtl__link *place = sup->retries.head.prev;
    member->state = WTL__MEMBER_RESTARTING;
    member->when = now_ms + ms;
    while (place != &sup->retries.head &&
           WTL_LIST_ITEM(place, struct wtl__member, queue)->when > member->when) {
        place = place->prev;
    }
    wtl__link_put_behind(place, &member->queue);
    if (ms == 0) {
        wtl__supervisor_later(x, WTL__TAG_RETRY);
    } else if (sup->retry_timer == 0 || member->when < sup->retry_ms) {
        arm(x, sup, member->when, now_ms);
    }
}

void wtl__retry_due(struct wtl_ctx *x, struct wtl__supervisor *sup)
{
    uint64_t now_ms = wtl_now_ns(x) / 1000000;
    struct wtl__link *link;
    if (sup->retry_timer != 0 && sup->retry_ms <= now_ms) {
        sup->retry_timer = 0; /* this is its message, or that comes and finds nothing to do */
    }
    while ((link = wtl__list_first(&sup->retries)) != NULL) {
        struct wtl__member *member = WTL_LIST_ITEM(link, struct wtl__member, queue);
        if (member->when > now_ms) {
            if (sup->retry_timer == 0) {
                arm(x, sup, member->when, now_ms);
            }
            return;
        }
        wtl__link_remove(link);
        wtl__task_wait(sup, member);
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

struct wtl__member *wtl__retry_find(const struct wtl__supervisor *sup, uint64_t was)
{
    struct wtl__member *member = find(&sup->retries, was);
    return member != NULL ? member : find(&sup->waiting, was);
}
