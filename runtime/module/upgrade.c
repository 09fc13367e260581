/* upgrade.c - from a file to an upgrade. See upgrade.h. */
#include "module/upgrade.h"

#include <link.h>
#include <stdio.h>
#include <stdlib.h>

/* One upgrade of a module. */
struct job {
    struct wtl__upgrade upgrade;
    struct wtl__module_order order;
    char name[WTL_NAME_MAX + 1];
    struct wtl__module *module;
    struct wtl__version_pair pairs[];
};

/* One is being loaded, in this process. */
static _Atomic(bool) loading;

static struct job *job_of(struct wtl__upgrade *upgrade)
{
    return WTL_CONTAINER(upgrade, struct job, upgrade);
}

/* ---- what can be seen before ------------------------------------------------------------------
 */

static const struct wtl_actor *find_actor(const struct wtl_module *entry, const char *name)
{
    for (uint32_t i = 0; i < entry->actors_count; i++) {
        if (strcmp(entry->actors[i]->name, name) == 0) {
            return entry->actors[i];
        }
    }
    return NULL;
}

static enum wtl_status check_pair(const struct wtl_module *old, const struct wtl_module *now,
                                  const struct wtl__version_pair *pair, struct wtl_error *error)
{
    const struct wtl_actor *from = pair->from;
    const struct wtl_actor *to = pair->to;
    if (to == NULL) {
        return wtl_fail(
            error, WTL_INVALID,
            "%s %s has no actor %s, which %s has: a supervisor may still start it; keep "
            "it, or restart the node with the new version",
            now->name, now->version, from->name, old->version);
    }
    if (from->kind != to->kind) {
        return wtl_fail(error, WTL_INVALID,
                        "actor %s of %s %s is another kind of one than in %s: give it another name",
                        to->name, now->name, now->version, old->version);
    }
    if (from->state_vsn == to->state_vsn && from->state_size != to->state_size) {
        return wtl_fail(error, WTL_VERSION,
                        "actor %s has a state of %u bytes in %s and of %u in %s, both as state_vsn "
                        "%u: raise state_vsn, and give it .save and .upgrade",
                        to->name, from->state_size, old->version, to->state_size, now->version,
                        to->state_vsn);
    }
    return WTL_OK;
}

static enum wtl_status find_pairs(struct job *job, const struct wtl_module *old,
                                  struct wtl_error *error)
{
    const struct wtl_module *now = job->module->entry;
    enum wtl_status status = WTL_OK;
    for (uint32_t i = 0; i < old->actors_count && status == WTL_OK; i++) {
        job->pairs[i] = (struct wtl__version_pair){.from = old->actors[i],
                                                   .to = find_actor(now, old->actors[i]->name)};
        status = check_pair(old, now, &job->pairs[i], error);
    }
    job->upgrade.pairs = job->pairs;
    job->upgrade.pairs_count = old->actors_count;
    return status;
}

/* ---- addresses of the old code -----------------------------------------------------------------
 */

struct measure {
    uintptr_t address; /* of something in it */
    struct wtl__upgrade_range text;
    struct wtl__upgrade_range relocated;
};

static int measure(struct dl_phdr_info *info, size_t size, void *context)
{
    struct measure *found = context;
    struct measure here = {.text.begin = UINTPTR_MAX};
    bool is_it = false;
    (void)size;
    for (uint32_t i = 0; i < info->dlpi_phnum; i++) {
        const ElfW(Phdr) *part = &info->dlpi_phdr[i];
        uintptr_t begin = info->dlpi_addr + part->p_vaddr;
        uintptr_t end = begin + part->p_memsz;
        if (part->p_type == PT_LOAD) {
            is_it = is_it || (found->address >= begin && found->address < end);
        }
        if (part->p_type == PT_LOAD && (part->p_flags & PF_X) != 0) {
            here.text.begin = begin < here.text.begin ? begin : here.text.begin;
            here.text.end = end > here.text.end ? end : here.text.end;
        } else if (part->p_type == PT_GNU_RELRO) {
            here.relocated = (struct wtl__upgrade_range){.begin = begin, .end = end};
        }
    }
    if (!is_it) {
        return 0;
    }
    found->text = here.text;
    found->relocated = here.relocated;
    return 1;
}

/* ---- an upgrade -------------------------------------------------------------------------------
 */

static void flipped(struct wtl__upgrade *upgrade)
{
    struct job *job = job_of(upgrade);
    wtl__module_switch(job->order.modules, job->module);
    if (job->order.switched != NULL) {
        job->order.switched(job->order.context, job->module);
    }
}

static void done(struct wtl__upgrade *upgrade, struct wtl__ctx *x)
{
    struct job *job = job_of(upgrade);
    struct wtl__module_outcome outcome = {.error = upgrade->error,
                                          .name = job->name,
                                          .from = upgrade->from,
                                          .to = upgrade->to,
                                          .actors = upgrade->actors};
    (void)x;
    job->order.done(job->order.context, &outcome);
}

static void free_job(struct wtl__upgrade *upgrade)
{
    free(job_of(upgrade));
}

/* The job of that order, with the new version loaded. */
static enum wtl_status make(const struct wtl__module_order *order,
                            const struct wtl__module *current, struct job *job,
                            struct wtl_error *error)
{
    struct measure measured = {.address = (uintptr_t)current->entry};
    enum wtl_status status = wtl__module_load_version(order->modules, current, order->image,
                                                      order->how, &job->module, error);
    if (status != WTL_OK) {
        return status;
    }
    job->order = *order;
    job->order.name = NULL; /* only borrowed */
    job->order.image = NULL;
    (void)snprintf(job->name, sizeof job->name, "%s", current->entry->name);
    (void)snprintf(job->upgrade.from, sizeof job->upgrade.from, "%s", current->entry->version);
    (void)snprintf(job->upgrade.to, sizeof job->upgrade.to, "%s", job->module->entry->version);
    (void)dl_iterate_phdr(measure, &measured);
    job->upgrade.forbidden[0] = measured.text;
    job->upgrade.forbidden[1] = measured.relocated;
    job->upgrade.within_ms = order->within_ms;
    job->upgrade.flipped = flipped;
    job->upgrade.done = done;
    job->upgrade.free = free_job;
    return find_pairs(job, current->entry, error);
}

static enum wtl_status upgrade(const struct wtl__module_order *order, struct wtl_error *error)
{
    const struct wtl__module *current = wtl__module_find(order->modules, order->name);
    if (current == NULL) {
        wtl__image_close(order->image, false);
        return wtl_fail(error, WTL_NOT_FOUND,
                        "no module %s runs on this node: give it with --module when it starts",
                        order->name);
    }
    struct job *job =
        calloc(1, sizeof *job + current->entry->actors_count * sizeof(struct wtl__version_pair));
    if (job == NULL) {
        wtl__image_close(order->image, false);
        return wtl_fail(error, WTL_NO_MEMORY, "no memory for an upgrade");
    }
    enum wtl_status status = make(order, current, job, error);
    if (status == WTL_OK) {
        wtl__upgrade_begin(order->runtime, NULL, order->upgrader, &job->upgrade);
    } else {
        free(job);
    }
    return status;
}

enum wtl_status wtl__module_upgrade(const struct wtl__module_order *order, struct wtl_error *error)
{
    /* acquire and release: the tables that the one before has changed */
    if (atomic_exchange_explicit(&loading, true, memory_order_acquire)) {
        wtl__image_close(order->image, false);
        return wtl_fail(error, WTL_BUSY, "another module is being loaded: try again");
    }
    enum wtl_status status = upgrade(order, error);
    atomic_store_explicit(&loading, false, memory_order_release);
    return status;
}
