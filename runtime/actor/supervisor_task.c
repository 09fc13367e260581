/*
 * supervisor_task.c - the task that a supervisor is busy with, and what is done between two tasks.
 *
 * A task walks the children with a cursor: stopping goes from the last to the first, one at a time,
 * starting from the first to the last, each after the one before is ready. It halts at a child that
 * is on its way and goes on when that child's message has come. In between: what has come
 * meanwhile, in the order in which it came, as from OTP's mailbox.
 *
 * Thread: the holder of the run token.
 */
#include "actor/supervisor_private.h"

static struct wtl__member *item(struct wtl__link *link)
{
    return link != NULL ? WTL_LIST_ITEM(link, struct wtl__member, order) : NULL;
}

/* The one started after, or NULL. */
static struct wtl__member *following(const struct wtl__supervisor *sup, struct wtl__member *member)
{
    struct wtl__link *next = member->order.next;
    return sup->task.single || next == &sup->order.head ? NULL : item(next);
}

/* The one to stop after this one, or NULL. */
static struct wtl__member *preceding(const struct wtl__supervisor *sup, struct wtl__member *member)
{
    struct wtl__link *prev = member->order.prev;
    return sup->task.single || member == sup->task.first || prev == &sup->order.head ? NULL
                                                                                     : item(prev);
}

void wtl__task_begin(struct wtl__supervisor *sup, enum wtl__task_kind kind,
                     struct wtl__member *first, bool single)
{
    bool starts =
        kind == WTL__TASK_INIT || kind == WTL__TASK_START || (kind == WTL__TASK_RESTART && single);
    sup->task =
        (struct wtl__task){.kind = kind, .starting = starts, .single = single, .first = first};
    if (starts) {
        sup->task.cursor = first != NULL ? first : item(wtl__list_first(&sup->order));
    } else {
        sup->task.cursor = single ? first : item(wtl__list_last(&sup->order));
    }
}

/* ---- stopping ------------------------------------------------------------------------------ */

/* All that were to be stopped are. True: go on at once. */
static bool stop_is_over(struct wtl_ctx *x, struct wtl__supervisor *sup)
{
    switch (sup->task.kind) {
    case WTL__TASK_END:
        wtl__supervisor_ended(x, sup);
        return false;
    case WTL__TASK_RESTART:
        sup->task.starting = true;
        sup->task.cursor =
            sup->task.first != NULL ? sup->task.first : item(wtl__list_first(&sup->order));
        return true;
    default:
        sup->task.kind = WTL__TASK_NONE;
        return true;
    }
}

/* One step; false: somebody must be waited for. */
static bool stop_one(struct wtl_ctx *x, struct wtl__supervisor *sup)
{
    struct wtl__member *member = sup->task.cursor;
    if (member == NULL) {
        return stop_is_over(x, sup);
    }
    switch ((enum wtl__member_state)member->state) {
    case WTL__MEMBER_STARTING:
    case WTL__MEMBER_RUNNING:
        wtl__member_stop(x, sup, member, true);
        return false;
    case WTL__MEMBER_STOPPING:
        return false;
    case WTL__MEMBER_ENDED:
        wtl__member_ended_meanwhile(x, sup, member);
        break;
    case WTL__MEMBER_RESTARTING:
        wtl__member_down(member);
        break;
    case WTL__MEMBER_DOWN:
        break;
    }
    sup->task.cursor = preceding(sup, member);
    /* a temporary child that is stopped is gone, and is not started again with the others */
    if (wtl__member_spec(sup, member)->restart == WTL_TEMPORARY) {
        wtl__member_free(x, sup, member);
    }
    return true;
}

/* ---- starting ------------------------------------------------------------------------------ */

static bool start_one(struct wtl_ctx *x, struct wtl__supervisor *sup)
{
    struct wtl__member *member = sup->task.cursor;
    if (member == NULL) {
        bool was_init = sup->task.kind == WTL__TASK_INIT;
        sup->task.kind = WTL__TASK_NONE;
        if (was_init) {
            wtl_done(x, WTL_OK);
        }
        return true;
    }
    switch ((enum wtl__member_state)member->state) {
    case WTL__MEMBER_DOWN:
    case WTL__MEMBER_RESTARTING:
        wtl__member_start(x, sup, member);
        return true;
    case WTL__MEMBER_RUNNING:
    case WTL__MEMBER_ENDED:
        sup->task.cursor = following(sup, member);
        return true;
    case WTL__MEMBER_STARTING:
    case WTL__MEMBER_STOPPING:
        break;
    }
    return false;
}

void wtl__task_started(struct wtl__supervisor *sup, struct wtl__member *member)
{
    if (sup->task.starting && sup->task.cursor == member) {
        sup->task.cursor = following(sup, member);
    }
}

/* OTP: the spec stays without an actor, and can be started by hand; a temporary one goes. */
void wtl__task_ignored(struct wtl_ctx *x, struct wtl__supervisor *sup, struct wtl__member *member)
{
    wtl__task_started(sup, member);
    bool temporary = wtl__member_spec(sup, member)->restart == WTL_TEMPORARY;
    if (temporary && sup->task.cursor != member) {
        wtl__member_free(x, sup, member);
    }
}

/* The end of a supervisor whose child could not be started names that child. */
static struct wtl_reason failed_to_start(const struct wtl__supervisor *sup,
                                         const struct wtl__member *member)
{
    const char *id = wtl__member_id(sup, member);
    return (struct wtl_reason){.class_ = WTL_EXIT_SHUTDOWN, .word = wtl_tag_make(id, strlen(id))};
}

static void report_start(struct wtl_ctx *x, const struct wtl__supervisor *sup,
                         const struct wtl__member *member)
{
    char text[40];
    wtl__supervisor_report(x, sup, "start_error", member,
                           wtl_reason_text(wtl__member_reason(member), text));
}

void wtl__task_failed(struct wtl_ctx *x, struct wtl__supervisor *sup, struct wtl__member *member)
{
    switch (sup->task.kind) {
    case WTL__TASK_INIT:
        report_start(x, sup, member);
        wtl__supervisor_end(x, sup, failed_to_start(sup, member));
        return;
    case WTL__TASK_RESTART:
        report_start(x, sup, member);
        sup->task.kind = WTL__TASK_NONE;
        wtl__restart_failed(x, sup, member);
        return;
    case WTL__TASK_START: /* whoever asked has been told why */
        sup->task.kind = WTL__TASK_NONE;
        if ((member->flags & WTL__MEMBER_FRESH) != 0) {
            wtl__member_free(x, sup, member);
        }
        return;
    default: /* it ended while the supervisor does, before it was told */
        return;
    }
}

/* ---- the end ------------------------------------------------------------------------------- */

void wtl__supervisor_end(struct wtl_ctx *x, struct wtl__supervisor *sup, struct wtl_reason reason)
{
    if (sup->task.kind == WTL__TASK_END) {
        return;
    }
    sup->reason = reason;
    wtl__task_begin(sup, WTL__TASK_END, NULL, false);
    if (sup->pool != NULL) {
        sup->task.cursor = NULL;
        wtl__pool_end(x, sup);
    }
}

void wtl__supervisor_ended(struct wtl_ctx *x, struct wtl__supervisor *sup)
{
    if (sup->ended_all) {
        return;
    }
    sup->ended_all = true;
    if (sup->in_stop) {
        wtl_done(x, WTL_OK);
    } else {
        wtl_stop(x, sup->reason);
    }
}

/* ---- between tasks ------------------------------------------------------------------------- */

void wtl__task_wait(struct wtl__supervisor *sup, struct wtl__member *member)
{
    member->when = ++sup->arrivals;
    wtl__list_push_last(&sup->waiting, &member->queue);
}

/* Begins what came first of what waits. False: nothing does. */
static bool take_next(struct wtl_ctx *x, struct wtl__supervisor *sup)
{
    struct wtl__link *link = wtl__list_first(&sup->waiting);
    struct wtl__member *member =
        link != NULL ? WTL_LIST_ITEM(link, struct wtl__member, queue) : NULL;
    uint64_t asked = wtl__supervisor_asked_when(sup);
    if (member != NULL && member->when < asked) {
        wtl__link_remove(&member->queue);
        wtl__restart_decide(x, sup, member);
        return true;
    }
    if (asked != UINT64_MAX) {
        wtl__supervisor_asked_before(x, sup);
        return true;
    }
    return false;
}

void wtl__supervisor_run(struct wtl_ctx *x, struct wtl__supervisor *sup)
{
    bool more = true;
    while (more) {
        if (sup->task.kind == WTL__TASK_NONE) {
            more = take_next(x, sup);
        } else if (sup->task.starting) {
            more = start_one(x, sup);
        } else {
            more = sup->pool == NULL && stop_one(x, sup);
        }
    }
    if (sup->task.kind == WTL__TASK_END && sup->members == 0) {
        wtl__supervisor_ended(x, sup);
    }
}
