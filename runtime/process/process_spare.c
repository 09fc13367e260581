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

void wtl__process_reserve(struct wtl__process *process, struct wtl__ctx *x, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        struct wtl__cell *cell = wtl__cells_take(&process->runtime->cells, &x->free_cells);
        if (cell == NULL) {
            return;
        }
        struct wtl__pipe_frame frame = {.kind = WTL__PIPE_RESERVE, .local = wtl__cell_local(cell)};
        wtl__process_lock(process);
        bool kept = !process->dead &&
                    wtl__map_put(&process->spares, 0, wtl__cell_local(cell), cell) == WTL_OK;
        wtl__process_unlock(process);
        if (!kept) {
            wtl__cells_give(&process->runtime->cells, &x->free_cells, cell);
            return;
        }
        (void)wtl__process_send(process, x, NULL, &frame, i + 1 < count);
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
