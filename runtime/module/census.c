/*
 * census.c - how many actors run each version: each is looked at by the holder of its run token.
 * See upgrade.h.
 */
#include <stdlib.h>

#include "base/pool.h"
#include "module/upgrade.h"

struct look {
    struct wtl__control control;
    struct wtl__census *census;
};

static bool is_listed(const struct wtl_module *entry, const struct wtl_actor *type)
{
    bool is = false;
    for (uint32_t i = 0; i < entry->actors_count && !is; i++) {
        is = entry->actors[i] == type;
    }
    return is;
}

static struct wtl__census_row *row_of(struct wtl__census *census, const struct wtl_actor *type)
{
    struct wtl__census_row *found = NULL;
    for (uint32_t i = 0; i < census->rows_count && found == NULL; i++) {
        struct wtl__census_row *row = &census->rows[i];
        bool is_it = row->has != NULL ? row->has(row->entry, type) : is_listed(row->entry, type);
        found = is_it ? row : NULL;
    }
    return found;
}

/* One look less is under way; the caller's own reference is not one of them. */
static void looked(struct wtl__census *census, struct wtl__ctx *x)
{
    /* acq_rel: whoever is the last sees what the others have counted */
    uint32_t left = atomic_fetch_sub_explicit(&census->looks, 1, memory_order_acq_rel) - 1;
    if (left == 0) {
        wtl__answer(census->runtime, x, census->asker, census->request, WTL_OK, WTL_PID_NONE, NULL);
    }
    wtl__census_release(census);
}

static void run(struct wtl__control *control, struct wtl__ctx *x, struct wtl__cell *cell)
{
    struct look *look = WTL_CONTAINER(control, struct look, control);
    struct wtl__census *census = look->census;
    struct wtl__census_row *row = cell != NULL ? row_of(census, wtl__inside_of(cell).type) : NULL;
    if (row != NULL) {
        atomic_fetch_add_explicit(&row->actors, 1, memory_order_relaxed);
    }
    wtl__pool_give(look);
    looked(census, x);
}

static void look_at(struct wtl__census *census, struct wtl__ctx *x, uint64_t local)
{
    struct look *look = wtl__pool_take(sizeof *look);
    if (look == NULL) {
        return;
    }
    *look =
        (struct look){.control = {.run = run, .signal.msg.kind_ = WTL__CONTROL}, .census = census};
    atomic_fetch_add_explicit(&census->refs, 1, memory_order_relaxed);
    atomic_fetch_add_explicit(&census->looks, 1, memory_order_relaxed);
    (void)wtl__deliver(census->runtime, x,
                       (struct wtl_pid){.node = census->runtime->node, .local = local},
                       &look->control.signal);
}

static void add_row(struct wtl__census *census, const struct wtl__census_row *row)
{
    if (census->rows_count < WTL__CENSUS_ROWS_MAX) {
        struct wtl__census_row *to = &census->rows[census->rows_count++];
        memcpy(to, row, sizeof *to);
        atomic_init(&to->actors, 0);
    }
}

static void add_versions(struct wtl__census *census, const struct wtl__modules *modules)
{
    for (uint32_t i = 0; wtl__module_at(modules, i) != NULL; i++) {
        const struct wtl__module *runs = wtl__module_at(modules, i);
        const struct wtl__module *each = wtl__module_versions(modules, i);
        for (; each != NULL; each = each->next_version) {
            add_row(census, &(struct wtl__census_row){.entry = each->entry,
                                                      .bytes = each->image.size,
                                                      .loaded_ns = each->loaded_ns,
                                                      .runs = each == runs});
        }
    }
}

struct wtl__census *wtl__census_begin(struct wtl__runtime *runtime, struct wtl__ctx *x,
                                      const struct wtl__modules *modules,
                                      const struct wtl__census_row *more, uint32_t more_count,
                                      struct wtl_pid asker, uint64_t request)
{
    struct wtl__census *census =
        calloc(1, sizeof *census + WTL__CENSUS_ROWS_MAX * sizeof(struct wtl__census_row));
    if (census == NULL) {
        return NULL;
    }
    census->runtime = runtime;
    census->asker = asker;
    census->request = request;
    atomic_init(&census->refs, 2); /* the caller's, and that of the loop below */
    atomic_init(&census->looks, 1);
    for (uint32_t i = 0; i < more_count; i++) {
        add_row(census, &more[i]);
    }
    add_versions(census, modules);
    uint32_t used = wtl__cells_used(&runtime->cells);
    uint32_t looks = 0;
    for (uint32_t slot = 0; slot < used && looks < WTL__CENSUS_ACTORS_MAX; slot++) {
        uint64_t local = wtl__cell_now(wtl__cells_at(&runtime->cells, slot));
        if (local != 0) {
            look_at(census, x, local);
            looks++;
        }
    }
    looked(census, x);
    return census;
}

void wtl__census_release(struct wtl__census *census)
{
    /* acq_rel: whoever frees it has seen that all others are through with it */
    if (atomic_fetch_sub_explicit(&census->refs, 1, memory_order_acq_rel) == 1) {
        free(census);
    }
}

bool wtl__census_is_done(const struct wtl__census *census)
{
    /* acquire pairs with the acq_rel of looked() */
    return atomic_load_explicit(&census->looks, memory_order_acquire) == 0;
}

uint32_t wtl__census_actors(const struct wtl__census *census, uint32_t row)
{
    return atomic_load_explicit(&census->rows[row].actors, memory_order_relaxed);
}
