/* snapshot.c - see snapshot.h. */
#include "node/snapshot.h"

uint32_t wtl__snapshot_live(const struct wtl__runtime *runtime)
{
    return atomic_load_explicit(&runtime->cells.live, memory_order_relaxed);
}

uint32_t wtl__snapshot_locals(const struct wtl__runtime *runtime, uint64_t *locals_out,
                              uint32_t max)
{
    /* acquire pairs with the release in wtl__cells_take: the slots below are there */
    uint32_t used = atomic_load_explicit(&runtime->cells.used, memory_order_acquire);
    uint32_t count = 0;
    for (uint32_t slot = 0; slot < used && count < max; slot++) {
        const struct wtl__cell *cell = wtl__cells_at(&runtime->cells, slot);
        /* relaxed: the id is only a name to look by; the look itself finds the cell by it */
        uint64_t local = atomic_load_explicit(&cell->local, memory_order_relaxed);
        if (local != 0) {
            locals_out[count++] = local;
        }
    }
    return count;
}
