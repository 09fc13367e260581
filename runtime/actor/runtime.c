/* runtime.c - a runtime's tables and the contexts of its threads. See runtime.h. */
#include "actor/runtime.h"

#include "actor/names.h"
#include "actor/report.h"
#include "actor/tables.h"
#include "actor/version.h"
#include "base/pool.h"
#include "table/holds.h"

#define CELLS_DEFAULT (1u << 22)
/* Unique numbers that a thread takes at a time. */
#define REFS_BLOCK 4096u

enum wtl_status wtl__runtime_init(struct wtl__runtime *runtime, uint64_t node, uint32_t cells_max)
{
    *runtime = (struct wtl__runtime){.node = node, .crash = wtl__crash_report};
    atomic_init(&runtime->run, wtl__cell_run);
    atomic_init(&runtime->refs, 1);
    runtime->names = wtl__names_create();
    runtime->tables = wtl__tables_create(runtime);
    if (runtime->names == NULL || runtime->tables == NULL ||
        !wtl__cells_init(&runtime->cells, cells_max == 0 ? CELLS_DEFAULT : cells_max)) {
        wtl__tables_destroy(runtime->tables);
        wtl__names_destroy(runtime->names);
        return WTL_NO_MEMORY;
    }
    return WTL_OK;
}

void wtl__runtime_deinit(struct wtl__runtime *runtime)
{
    WTL_ASSERT(atomic_load_explicit(&runtime->cells.live, memory_order_relaxed) == 0);
    wtl__cells_deinit(&runtime->cells);
    wtl__tables_destroy(runtime->tables);
    wtl__names_destroy(runtime->names);
    wtl__versions_free(runtime);
    runtime->names = NULL;
    runtime->tables = NULL;
}

void wtl__ctx_init(struct wtl__ctx *x, struct wtl__runtime *runtime, void *worker, uint64_t seed)
{
    *x = (struct wtl__ctx){
        .pub = {.api = &wtl__api}, .runtime = runtime, .worker = worker, .near = runtime->node};
    wtl__prng_init(&x->prng, seed);
}

void wtl__ctx_deinit(struct wtl__ctx *x)
{
    x->free_cells = (struct wtl__cell_queue){0};
    wtl__holds_give(x->holds);
    x->holds = NULL;
    wtl__pool_flush();
}

uint64_t wtl__ref(struct wtl__ctx *x)
{
    if (WTL_UNLIKELY(x->ref_next == x->ref_end)) {
        x->ref_next =
            atomic_fetch_add_explicit(&x->runtime->refs, REFS_BLOCK, memory_order_relaxed);
        x->ref_end = x->ref_next + REFS_BLOCK;
    }
    return x->ref_next++;
}
