/* deadline.c - see deadline.h. */
#include "actor/deadline.h"

static void enter(struct wtl__ctx *x, struct wtl__scope scope)
{
    x->scope = scope;
    x->scope_cell = x->cell;
    x->scope_turn = wtl__cell_turns(x->cell);
}

static uint64_t now_ms(const struct wtl__ctx *x)
{
    return x->runtime->host->now_ns(x->runtime) / WTL__NS_PER_MS;
}

bool wtl__deadline_begin(struct wtl__ctx *x, const struct wtl__envelope *call)
{
    /* never later than now: what is over then is over */
    uint64_t past_ms = x->runtime->host->past_ns(x->runtime) / WTL__NS_PER_MS;
    uint64_t until_ms = wtl__until(call, past_ms);
    if (WTL_UNLIKELY(until_ms <= past_ms)) {
        wtl__count(x->runtime, WTL__COUNT_EXPIRED);
        return false;
    }
    enter(x, (struct wtl__scope){
                 .until_ms = until_ms, .node = call->msg.from.node, .request = call->msg.request});
    return true;
}

void wtl__deadline_resume(struct wtl__ctx *x, const struct wtl__pending *pending)
{
    const struct wtl__scope *scope = &pending->scope;
    struct wtl_pid caller = {.node = scope->node};
    if (scope->request == 0 ||
        wtl__ties_find(&x->cell->ties, WTL__TIE_OWED, caller, scope->request) != NULL) {
        enter(x, *scope);
    }
}

bool wtl__deadline_is_over(struct wtl__ctx *x)
{
    uint64_t until_ms = wtl__deadline_now(x);
    return WTL_UNLIKELY(until_ms != 0) && until_ms <= now_ms(x);
}

uint32_t wtl__deadline_left_ms(struct wtl_ctx *pub)
{
    struct wtl__ctx *x = wtl__ctx_of(pub);
    uint64_t until_ms = wtl__deadline_now(x);
    uint64_t now = until_ms != 0 ? now_ms(x) : 0;
    if (until_ms == 0 || until_ms - now >= WTL_CALL_FOREVER) {
        return until_ms == 0 || until_ms > now ? WTL_CALL_FOREVER : 0;
    }
    return (uint32_t)(until_ms - now);
}

void wtl__deadline_set_ms(struct wtl_ctx *pub, uint32_t ms)
{
    struct wtl__ctx *x = wtl__ctx_of(pub);
    uint64_t until_ms = 0;
    if (ms == 0) {
        until_ms = now_ms(x);
    } else if (ms != WTL_CALL_FOREVER) {
        until_ms = wtl__deadline_ms(x->runtime->host->now_ns(x->runtime), ms);
    }
    enter(x, (struct wtl__scope){.until_ms = until_ms});
}
