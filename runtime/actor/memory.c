/* memory.c - see memory.h. */
#include "actor/memory.h"

#include "actor/report.h"
#include "actor/runtime.h"
#include "base/pool.h"

static bool is_capped(const struct wtl__cell *cell)
{
    return (cell->flags & WTL__CELL_CAPPED) != 0;
}

static uint64_t weight(const struct wtl__envelope *envelope)
{
    return sizeof *envelope + envelope->msg.size;
}

/* Would it be over its cap with `more`? */
static bool is_over(const struct wtl__cell *cell, uint64_t more)
{
    return is_capped(cell) &&
           cell->memory_used + cell->waiting_bytes + more > cell->type->memory_max;
}

bool wtl__memory_has_room(const struct wtl__cell *cell, size_t size)
{
    return !is_over(cell, size);
}

void wtl__memory_over(struct wtl__cell *cell, uint64_t used)
{
    if ((cell->flags & WTL__CELL_BRUTAL) == 0) {
        cell->flags |= WTL__CELL_ENDING | WTL__CELL_BRUTAL;
        cell->reason = WTL_REASON(WTL_EXIT_KILLED, "memory_max");
        wtl__memory_report(cell, used);
    }
}

void wtl__memory_check(struct wtl__cell *cell)
{
    if (is_capped(cell) && is_over(cell, cell->ring != NULL ? wtl__ring_bytes(cell) : 0)) {
        wtl__memory_over(cell, cell->memory_used);
    }
}

/* ---- blocks -------------------------------------------------------------------------------- */

void *wtl__memory_take(struct wtl__cell *cell, size_t size)
{
    if (size > UINT32_MAX - sizeof(struct wtl__memory)) {
        return NULL;
    }
    if (is_over(cell, size)) {
        wtl__memory_over(cell, cell->memory_used);
        return NULL;
    }
    struct wtl__memory *memory = wtl__pool_take(sizeof *memory + size);
    if (memory == NULL) {
        return NULL;
    }
    cell->memory_used += size;
    return wtl__blocks_add(&cell->memory, memory, size);
}

void wtl__memory_give(struct wtl__cell *cell, void *block)
{
    if (block == NULL) {
        return;
    }
    struct wtl__memory *memory = wtl__blocks_remove(&cell->memory, block);
    cell->memory_used -= memory->size;
    wtl__pool_give(memory);
}

void wtl__memory_free_all(struct wtl__cell *cell)
{
    struct wtl__memory *memory = cell->memory;
    cell->memory = NULL;
    while (memory != NULL) {
        struct wtl__memory *next = memory->next;
        wtl__pool_give(memory);
        memory = next;
    }
}

/* ---- messages ------------------------------------------------------------------------------ */

void wtl__memory_enters(struct wtl__cell *cell, const struct wtl__envelope *list)
{
    if (!is_capped(cell)) {
        return;
    }
    for (const struct wtl__envelope *at = list; at != NULL; at = at->next) {
        if (at->msg.kind_ <= WTL__KIND_LAST_COUNTED &&
            at->msg.runtime_ == (uint16_t)cell->generation) {
            cell->waiting_bytes += weight(at);
        }
    }
    wtl__memory_check(cell);
}

void wtl__memory_replied(struct wtl__cell *cell, const struct wtl__envelope *reply)
{
    if (is_capped(cell)) {
        cell->waiting_bytes += weight(reply);
        wtl__memory_check(cell);
    }
}

void wtl__memory_leaves(struct wtl__cell *cell, const struct wtl__envelope *head)
{
    if (!is_capped(cell)) {
        return;
    }
    if (head->msg.kind_ <= WTL__KIND_LAST_COUNTED) {
        cell->waiting_bytes -= weight(head);
    } else if (head->msg.kind_ == WTL__ANSWER) {
        const struct wtl__envelope *reply = WTL_CONTAINER(head, struct wtl__pending, tie)->reply;
        cell->waiting_bytes -= reply != NULL ? weight(reply) : 0;
    }
}

void wtl__memory_keeps(struct wtl__cell *cell, const struct wtl__envelope *kept)
{
    if (is_capped(cell)) {
        cell->memory_used += weight(kept);
        wtl__memory_check(cell);
    }
}

void wtl__memory_releases(struct wtl__cell *cell, const struct wtl__envelope *kept)
{
    if (is_capped(cell)) {
        cell->memory_used -= weight(kept);
    }
}
