/* registry.c - see registry.h. */
#include "flow/registry.h"

#include <stdatomic.h>
#include <string.h>

struct entry {
    const char *module;
    _Atomic(const struct wtl_actor *) type;
};

/* Modules are written once, before `used` counts them; types are replaced by newer versions. */
static struct entry entries[WTL_FLOW_TYPES_MAX];
static _Atomic(uint32_t) used;

static const struct wtl_actor *type_of(const struct entry *entry)
{
    /* acquire pairs with the releases of wtl_flow_registry_add */
    return atomic_load_explicit(&entry->type, memory_order_acquire);
}

static struct entry *find(const char *module, const char *name)
{
    /* acquire pairs with the release of wtl_flow_registry_add: who counts an entry sees it */
    for (uint32_t i = atomic_load_explicit(&used, memory_order_acquire); i > 0; i--) {
        struct entry *entry = &entries[i - 1];
        if (strcmp(entry->module, module) == 0 && strcmp(type_of(entry)->name, name) == 0) {
            return entry;
        }
    }
    return NULL;
}

enum wtl_status wtl_flow_registry_add(const char *module, const struct wtl_actor *type)
{
    uint32_t at = atomic_load_explicit(&used, memory_order_relaxed); /* nobody else adds */
    struct entry *entry = find(module, type->name);
    if (entry != NULL) {
        /* release pairs with the acquire of type_of: the type was loaded before */
        atomic_store_explicit(&entry->type, type, memory_order_release);
        return WTL_OK;
    }
    if (at == WTL_FLOW_TYPES_MAX) {
        return WTL_FULL;
    }
    entries[at].module = module;
    atomic_store_explicit(&entries[at].type, type, memory_order_relaxed);
    /* release pairs with the acquires of those who find and list */
    atomic_store_explicit(&used, at + 1, memory_order_release);
    return WTL_OK;
}

const struct wtl_actor *wtl_flow_registry_find(const char *module, const char *name)
{
    const struct entry *entry = find(module, name);
    return entry != NULL ? type_of(entry) : NULL;
}

const struct wtl_actor *wtl_flow_registry_list(const char *module, unsigned index)
{
    uint32_t count = atomic_load_explicit(&used, memory_order_acquire);
    for (uint32_t i = 0; i < count; i++) {
        if (strcmp(entries[i].module, module) == 0 && index-- == 0) {
            return type_of(&entries[i]);
        }
    }
    return NULL;
}
