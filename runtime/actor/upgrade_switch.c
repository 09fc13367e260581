/*
 * upgrade_switch.c - a trial is over: what was made takes the old one's place, or nothing was.
 * See upgrade.h.
 *
 * Thread: the holder of the actor's run token.
 */
#include "actor/memory.h"
#include "actor/upgrade.h"
#include "base/pool.h"

static void free_messages(struct wtl__envelope *list)
{
    while (list != NULL) {
        struct wtl__envelope *next = list->next;
        wtl__envelope_free(list);
        list = next;
    }
}

static void unmark_kept(struct wtl__envelope *tie, void *context)
{
    (void)context;
    if (wtl__tie_of(tie) == WTL__TIE_KEPT) {
        tie->msg.flags_ &= (uint8_t)~WTL__FLAG_LEAVES;
    }
}

/* The blocks that a trial has freed, one after the other. */
static struct wtl__memory *next_freed(struct wtl__trial *trial)
{
    struct wtl__memory *memory = trial->freed;
    if (memory != NULL) {
        trial->freed = memory->freed == memory ? NULL : memory->freed;
        memory->freed = NULL;
    }
    return memory;
}

void wtl__inside_give(struct wtl__cell *cell, const struct wtl_inside *inside)
{
    if (wtl__type_around(cell->type) == NULL) {
        wtl__pool_give(inside->state);
        wtl__pool_give((void *)(uintptr_t)inside->settings);
    } else {
        wtl__memory_give(cell, inside->state);
        wtl__memory_give(cell, (void *)(uintptr_t)inside->settings);
    }
}

/* As if neither save nor upgrade had ever run. */
void wtl__trial_undo(struct wtl__cell *cell, struct wtl__trial *trial)
{
    trial->ready = false;
    while (next_freed(trial) != NULL) {
    }
    while (cell->memory != trial->before) {
        wtl__memory_give(cell, cell->memory + 1);
    }
    wtl__ties_each(&cell->ties, unmark_kept, NULL);
    free_messages(trial->next_messages);
    trial->next_messages = NULL;
    if (!trial->in_place) {
        wtl__inside_give(cell, &trial->made);
    }
    trial->made = (struct wtl_inside){.type = NULL};
    trial->before = cell->memory;
}

/* ---- the new version ------------------------------------------------------------------------- */

static void release_kept(struct wtl__cell *cell)
{
    struct wtl__envelope *tie = wtl__ties_take_all(&cell->ties);
    while (tie != NULL) {
        struct wtl__envelope *next = tie->next;
        enum wtl__tie kind = wtl__tie_of(tie);
        if (kind == WTL__TIE_KEPT && (tie->msg.flags_ & WTL__FLAG_LEAVES) != 0) {
            wtl__memory_releases(cell, tie);
            wtl__envelope_free(tie);
        } else {
            wtl__ties_add(&cell->ties, kind, tie);
        }
        tie = next;
    }
}

/* In front of all that waits, but behind the answer that the actor is held for. */
static void put_next(struct wtl__cell *cell, struct wtl__envelope *message)
{
    if (wtl__held_is_answered(cell)) {
        message->next = cell->fifo->next;
        cell->fifo->next = message;
        cell->fifo_last = message->next == NULL ? message : cell->fifo_last;
    } else {
        wtl__fifo_front(cell, message);
    }
}

void wtl__inside_put(struct wtl__cell *cell, const struct wtl_inside *old,
                     const struct wtl_inside *made, bool in_place)
{
    const struct wtl_around *around = wtl__type_around(cell->type);
    if (around != NULL) {
        const char *own = cell->state; /* its first one is a part of the outer state */
        uintptr_t offset = (uintptr_t)old->state - (uintptr_t)own;
        bool is_first = offset <= cell->type->state_size;
        around->put(cell->state, made);
        if (!in_place && !is_first) {
            wtl__inside_give(cell, old);
        }
        return;
    }
    cell->type = made->type;
    cell->state = made->state;
    cell->settings = (void *)(uintptr_t)made->settings;
    if (!in_place) {
        wtl__inside_give(cell, old);
    }
    if (made->type->memory_max == 0) {
        cell->flags &= ~WTL__CELL_CAPPED;
    }
}

void wtl__trial_commit(struct wtl__cell *cell, struct wtl__trial *trial)
{
    struct wtl__memory *freed;
    wtl__answers_switch(cell, trial->old.type, trial->made.type);
    while ((freed = next_freed(trial)) != NULL) {
        wtl__memory_give(cell, freed + 1);
    }
    if (!trial->in_place) {
        release_kept(cell);
    }
    wtl__inside_put(cell, &trial->old, &trial->made, trial->in_place);
    while (trial->next_messages != NULL) { /* the first one comes to stand in front */
        struct wtl__envelope *message = trial->next_messages;
        trial->next_messages = message->next;
        put_next(cell, message);
    }
}
