/*
 * deadline.c - until when somebody waits for what a guest does: the same rules as in the node (see
 * actor/deadline.h), which says with each call until when its caller waits; both have one clock.
 * A call that is over when it is its turn is not handled here either, however long it has waited:
 * in the socket, or behind others in the guest's queue.
 *
 * Which calls are still owed is known to the node alone. So a reply looks for what was asked for
 * its call, and frees that of the deadline.
 */
#include "base/clock.h"
#include "process/host/host.h"

static uint64_t now_ms(void)
{
    return wtl__clock_now_ms(wtl__clock_system());
}

bool wtl__host_is_late(const struct wtl__item *item)
{
    return item->until_ms != 0 && item->until_ms <= now_ms();
}

uint32_t wtl__host_deadline_left_ms(struct wtl_ctx *pub)
{
    uint64_t until_ms = wtl__host_ctx_of(pub)->scope.until_ms;
    uint64_t now = until_ms != 0 ? now_ms() : 0;
    if (until_ms == 0) {
        return WTL_CALL_FOREVER;
    }
    return until_ms > now ? (uint32_t)(until_ms - now) : 0; /* no more than 32 bits travel */
}

void wtl__host_deadline_set_ms(struct wtl_ctx *pub, uint32_t ms)
{
    wtl__host_ctx_of(pub)->scope =
        (struct wtl__scope){.until_ms = ms != WTL_CALL_FOREVER ? now_ms() + ms : 0};
}

uint32_t wtl__host_bounded_ms(struct wtl__host_ctx *x, uint32_t deadline_ms)
{
    uint32_t left_ms = wtl__host_deadline_left_ms(&x->pub);
    deadline_ms = deadline_ms != 0 ? deadline_ms : WTL_CALL_DEADLINE_MS;
    return deadline_ms == WTL_CALL_FOREVER || deadline_ms < left_ms ? deadline_ms : left_ms;
}

static void free_of(struct wtl__scope *scope, const struct wtl_from *from)
{
    if (scope->request == from->request && scope->node == from->caller.node) {
        scope->until_ms = 0;
    }
}

static void visit(struct wtl__envelope *tie, void *context)
{
    if (wtl__tie_of(tie) == WTL__TIE_PENDING) {
        free_of(&WTL_CONTAINER(tie, struct wtl__asked, tie)->scope, context);
    }
}

void wtl__host_deadline_settled(struct wtl__host_ctx *x, struct wtl__guest *callee,
                                struct wtl_from from)
{
    free_of(&x->scope, &from);
    if (callee->calls > 0) {
        wtl__ties_each(&callee->ties, visit, &from);
    }
    for (struct wtl__item *item = callee->first; item != NULL; item = item->next) {
        if (item->kind == WTL__ITEM_ANSWER) {
            free_of(&item->asked->scope, &from);
        }
    }
}
