/* registry.c - see registry.h. */
#include "flow/registry.h"

#include <stdatomic.h>
#include <string.h>

struct entry {
    const char *module;
    const struct wtl_actor *type;
};

/* Entries are written once, before `used` counts them. */
static struct entry entries[WTL_FLOW_TYPES_MAX];
static _Atomic(uint32_t) used;

enum wtl_status wtl_flow_registry_add(const char *module, const struct wtl_actor *type)
{
    uint32_t at = atomic_load_explicit(&used, memory_order_relaxed); /* nobody else adds */
    if (at == WTL_FLOW_TYPES_MAX) {
        return WTL_FULL;
    }
    entries[at] = (struct entry){.module = module, .type = type};
    /* release pairs with the acquires below: who counts an entry sees it */
    atomic_store_explicit(&used, at + 1, memory_order_release);
    return WTL_OK;
}

const struct wtl_actor *wtl_flow_registry_find(const char *module, const char *name)
{
    for (uint32_t i = atomic_load_explicit(&used, memory_order_acquire); i > 0; i--) {
        const struct entry *entry = &entries[i - 1];
        if (strcmp(entry->module, module) == 0 && strcmp(entry->type->name, name) == 0) {
            return entry->type;
        }
    }
    return NULL;
}

const struct wtl_actor *wtl_flow_registry_list(const char *module, unsigned index)
{
    uint32_t count = atomic_load_explicit(&used, memory_order_acquire);
    for (uint32_t i = 0; i < count; i++) {
        if (strcmp(entries[i].module, module) == 0 && index-- == 0) {
            return entries[i].type;
        }
    }
    return NULL;
}
