/* cap.c - see cap.h. */
#include "base/cap.h"

#include <stdatomic.h>

#include "base/attr.h"
#include "base/pool.h"

/* Numbers that are compared and shown; they order nothing. */
static struct {
    _Atomic(uint64_t) max;
    _Atomic(uint64_t) noted;
    _Atomic(uint64_t) refused[WTL__NEEDS];
} cap;

static __thread enum wtl__need need_now;

static uint64_t held(void)
{
    return wtl__pool_held() + atomic_load_explicit(&cap.noted, memory_order_relaxed);
}

static uint64_t part(uint64_t max, unsigned percent)
{
    return max / 100 * percent + max % 100 * percent / 100;
}

static uint64_t limit_of(enum wtl__need need, uint64_t max)
{
    if (need == WTL__NEED_MESSAGE) {
        return part(max, WTL__CAP_SHED);
    }
    uint64_t refuse = part(max, WTL__CAP_REFUSE);
    if (need == WTL__NEED_ACTOR) {
        return refuse;
    }
    return max - refuse > WTL__CAP_OWN ? max : refuse + WTL__CAP_OWN;
}

void wtl__cap_set(uint64_t bytes)
{
    atomic_store_explicit(&cap.max, bytes, memory_order_relaxed);
}

enum wtl__need wtl__cap_enter(enum wtl__need need)
{
    enum wtl__need before = need_now;
    need_now = before == WTL__NEED_RUNTIME ? before : need;
    return before;
}

void wtl__cap_leave(enum wtl__need before)
{
    need_now = before;
}

void wtl__cap_note(int64_t bytes)
{
    atomic_fetch_add_explicit(&cap.noted, (uint64_t)bytes, memory_order_relaxed);
}

bool wtl__cap_admits(uint64_t more)
{
    uint64_t max = atomic_load_explicit(&cap.max, memory_order_relaxed);
    if (WTL_LIKELY(max == 0)) {
        return true;
    }
    uint64_t now = held();
    uint64_t limit = limit_of(need_now, max);
    if (now <= limit && more <= limit - now) {
        return true;
    }
    atomic_fetch_add_explicit(&cap.refused[need_now], 1, memory_order_relaxed);
    return false;
}

enum wtl__scarcity wtl__cap_scarcity(void)
{
    uint64_t max = atomic_load_explicit(&cap.max, memory_order_relaxed);
    if (WTL_LIKELY(max == 0)) {
        return WTL__SCARCE_NOT;
    }
    /* a span more would be above: that is when takes begin to be refused */
    uint64_t now = held() + WTL__POOL_STEP;
    return now > part(max, WTL__CAP_REFUSE) ? WTL__SCARCE_REFUSE
           : now > part(max, WTL__CAP_SHED) ? WTL__SCARCE_SHED
                                            : WTL__SCARCE_NOT;
}

struct wtl__cap_stats wtl__cap_stats(void)
{
    struct wtl__cap_stats stats = {
        .max_bytes = atomic_load_explicit(&cap.max, memory_order_relaxed),
        .held_bytes = held(),
        .scarcity = wtl__cap_scarcity(),
    };
    for (unsigned i = 0; i < WTL__NEEDS; i++) {
        stats.refused[i] = atomic_load_explicit(&cap.refused[i], memory_order_relaxed);
    }
    return stats;
}
