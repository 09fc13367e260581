/* drafts.c - see drafts.h. */
#include "actor/drafts.h"

#include "base/pool.h"

struct kept {
    struct wtl__envelope tie;
    struct wtl__draft *list;
};

static struct kept *kept_of(struct wtl__cell *cell)
{
    struct wtl__envelope *tie = wtl__ties_find(&cell->ties, WTL__TIE_DRAFTS, WTL_PID_NONE, 0);
    if (tie != NULL) {
        return WTL_CONTAINER(tie, struct kept, tie);
    }
    struct kept *kept = wtl__pool_take(sizeof *kept);
    if (kept != NULL) {
        *kept = (struct kept){.list = NULL};
        wtl__ties_add(&cell->ties, WTL__TIE_DRAFTS, &kept->tie);
    }
    return kept;
}

void wtl__drafts_keep(struct wtl__ctx *x, struct wtl__cell *cell)
{
    struct kept *kept = kept_of(cell);
    if (kept == NULL) {
        wtl__cell_fail(cell, wtl_reason_of(WTL_NO_MEMORY));
        return;
    }
    wtl__drafts_move(&kept->list, &x->drafts);
}

void wtl__drafts_end(const struct wtl__cell *cell, struct wtl__envelope *tie)
{
    struct kept *kept = WTL_CONTAINER(tie, struct kept, tie);
    if ((cell->flags & WTL__CELL_BRUTAL) != 0) {
        wtl__drafts_free(&kept->list);
    } else {
        wtl__drafts_forget(&kept->list);
    }
    wtl__pool_give(kept);
}
