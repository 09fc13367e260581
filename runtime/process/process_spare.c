/*
 * process_spare.c - cells that a child may spawn in: their numbers are given to it ahead, so that
 * it knows a new actor's pid without waiting for the node. See process.h.
 */
#include "process/process_private.h"

struct wtl__cell *wtl__process_spend(struct wtl__process *process, uint64_t local)
{
    wtl__process_lock(process);
    struct wtl__cell *cell = wtl__map_remove(&process->spares, 0, local);
    wtl__process_unlock(process);
    return cell;
}

struct wtl__cell *wtl__process_bear(struct wtl__process *process, uint64_t local)
{
    wtl__process_lock(process);
    struct wtl__cell *cell = wtl__map_remove(&process->spares, 0, local);
    if (cell != NULL && wtl__map_put(&process->born, 0, local, cell) != WTL_OK) {
        /* it was the child's to use, and so it cannot go back: kept until the end */
        (void)!wtl__map_put(&process->spares, 0, local, cell);
        cell = NULL;
    }
    wtl__process_unlock(process);
    return cell;
}

bool wtl__process_is_born(struct wtl__process *process, uint64_t local)
{
    wtl__process_lock(process);
    bool born = wtl__map_remove(&process->born, 0, local) != NULL;
    wtl__process_unlock(process);
    return born;
}

void wtl__process_forget(struct wtl__process *process, struct wtl__ctx *x, uint64_t local)
{
    const struct wtl__pipe_frame gone = {.kind = WTL__PIPE_GONE, .local = local};
    (void)wtl__process_send(process, x, NULL, &gone, false);
}

/* Does the child lack some? */
static bool is_short(const struct wtl__process *process)
{
    return !process->dead && process->spares.count < WTL__PIPE_SPARES;
}

/* Gives it one. False: there is none for it. */
static bool reserve(struct wtl__process *process, struct wtl__ctx *x)
{
    struct wtl__cell *cell = wtl__cells_take(&process->runtime->cells, &x->free_cells);
    if (cell == NULL) {
        return false;
    }
    const struct wtl__pipe_frame frame = {.kind = WTL__PIPE_RESERVE,
                                          .local = wtl__cell_local(cell)};
    wtl__process_lock(process);
    bool kept = is_short(process) && /* others may have given some meanwhile */
                wtl__map_put(&process->spares, 0, frame.local, cell) == WTL_OK;
    bool more = kept && is_short(process);
    wtl__process_unlock(process);
    if (kept) {
        (void)wtl__process_send(process, x, NULL, &frame, more);
    } else {
        wtl__cells_give(&process->runtime->cells, &x->free_cells, cell);
    }
    return kept;
}

void wtl__process_reserve(struct wtl__process *process, struct wtl__ctx *x)
{
    bool more = true;
    while (more) {
        wtl__process_lock(process);
        more = is_short(process);
        wtl__process_unlock(process);
        more = more && reserve(process, x);
    }
}

void wtl__spares_return(struct wtl__process *process, struct wtl__ctx *x, const uint8_t *bytes,
                        size_t size)
{
    struct wtl__pipe_frame frame;
    struct wtl__pipe_head head;
    for (size_t at = 0, whole = 0; at < size; at += whole) {
        memcpy(&head, bytes + at, sizeof head);
        whole = wtl__pipe_size(&head, WTL__PIPE_FROM_CHILD);
        bool spawns = head.kind == WTL__PIPE_BEAR || head.kind == WTL__PIPE_SUPERVISE;
        struct wtl__cell *cell = NULL;
        if (spawns && wtl__pipe_get(bytes + at, whole, WTL__PIPE_FROM_CHILD, &frame)) {
            cell = wtl__map_remove(&process->spares, 0, frame.other.local);
        }
        if (cell != NULL) {
            const struct wtl__pipe_frame gone = {.kind = WTL__PIPE_GONE,
                                                 .local = frame.other.local};
            wtl__process_put(process, &gone, false);
            wtl__cells_give(&process->runtime->cells, &x->free_cells, cell);
        }
    }
}

void wtl__process_unreserve(struct wtl__process *process, struct wtl__ctx *x)
{
    struct wtl__map_entry entry;
    uint32_t cursor = 0;
    wtl__process_lock(process);
    while (wtl__map_take_any(&process->spares, &cursor, &entry)) {
        wtl__cells_give(&process->runtime->cells, &x->free_cells, entry.value);
    }
    wtl__process_unlock(process);
}
