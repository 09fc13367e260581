/* model.c - the model's begin and end, and how a violation is told. See model.h. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "model_private.h"

struct checks checks;
bool violations_all;

static const char *name_of(enum invariant invariant)
{
    switch (invariant) {
    case INV_HARNESS:
        return "the simulator itself";
    case INV_AUTHENTICATED:
        return "authenticated delivery";
    case INV_ONE_LINK:
        return "one link per pair";
    case INV_FENCE:
        return "generation fence";
    case INV_ORDER:
        return "pair order";
    case INV_ONCE:
        return "no duplicate";
    case INV_DOWN_COMPLETE:
        return "down completeness";
    case INV_DOWN_SOUND:
        return "down soundness";
    case INV_FINAL:
        return "demonitor and unlink are final";
    case INV_SYMMETRY:
        return "link symmetry";
    case INV_PID_UNIQUE:
        return "pid uniqueness";
    case INV_CONVERGED:
        return "names converge";
    case INV_NO_GHOST:
        return "no ghost names";
    case INV_TRUE_ANSWERS:
        return "true answers";
    case INV_PROGRESS:
        return "progress of names";
    case INV_CONSERVED:
        return "conservation";
    case INV_LIVE:
        return "liveness";
    }
    return "?";
}

static void tell(const struct world *world, enum invariant invariant, const struct sim_node *at,
                 const struct sim_node *about, const char *what, char *out, size_t size)
{
    uint64_t ms = world->now_ms - TIME_BEGIN_MS;
    (void)snprintf(out, size, "seed %lu at %lu.%03lu s, %s%s%s: invariant %d (%s): %s",
                   (unsigned long)world->seed, (unsigned long)(ms / 1000),
                   (unsigned long)(ms % 1000), at != NULL ? at->name : "the mesh",
                   about != NULL ? " and " : "", about != NULL ? about->name : "", (int)invariant,
                   name_of(invariant), what);
}

void violation(const struct world *world, enum invariant invariant, const struct sim_node *at,
               const struct sim_node *about, const char *format, ...)
{
    char what[320];
    char text[sizeof checks.text];
    va_list args;
    va_start(args, format);
    (void)vsnprintf(what, sizeof what, format, args);
    va_end(args);
    tell(world, invariant, at, about, what, text, sizeof text);
    if (violations_all) {
        (void)printf("  %s\n", text);
    }
    checks.broken |= UINT64_C(1) << invariant;
    if (checks.violations++ == 0) {
        memcpy(checks.text, text, sizeof checks.text);
    }
}

struct model *model_create(void)
{
    struct model *model = calloc(1, sizeof *model);
    WTL_ASSERT(model != NULL);
    /* the seeds of the maps are fixed: the model takes no part in the draw */
    wtl__map_init(&model->streams, RECORDS_MAX, 1);
    wtl__map_init(&model->actors, RECORDS_MAX, 2);
    wtl__map_init(&model->monitors, RECORDS_MAX, 3);
    wtl__map_init(&model->seeks, RECORDS_MAX, 4);
    return model;
}

void model_destroy(struct model *model)
{
    if (model != NULL) {
        model_mail_deinit(model);
        model_actors_deinit(model);
        model_names_deinit(model);
        free(model);
    }
}
