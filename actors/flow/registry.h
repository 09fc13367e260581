/*
 * registry.h - the actors that flows can use on this node, by module and name.
 *
 * The node adds those of each module that it loads, and the built-in ones; a module of a newer
 * version adds its actors again, which take the place of those that have their names.
 *
 * Thread: one at a time adds, any finds. Owns: nothing; names and types are borrowed for ever.
 * Bounds: WTL_FLOW_TYPES_MAX.
 */
#ifndef WTL_FLOW_REGISTRY_H
#define WTL_FLOW_REGISTRY_H

#include <wattle/actor.h>

#define WTL_FLOW_TYPES_MAX 4096u

/* Fails: WTL_FULL. */
enum wtl_status wtl_flow_registry_add(const char *module,
                                      const struct wtl_actor *type) WTL_MUST_USE;

/* The actor of that name, or NULL. */
const struct wtl_actor *wtl_flow_registry_find(const char *module, const char *name);

/* The actors of a module one by one, NULL behind the last; for wtl_flow_modules.list. */
const struct wtl_actor *wtl_flow_registry_list(const char *module, unsigned index);

#endif
