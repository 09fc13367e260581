/*
 * module_types.h - the descriptions of modules, from their files, without a node: what actors they
 * have, and what settings these take. The module's entry is called for that, and nothing else of
 * it; so it is asked of modules of this user alone.
 *
 * Thread: one. Owns: the code of a module stays mapped until the process ends.
 */
#ifndef WTL_NODE_MODULE_TYPES_H
#define WTL_NODE_MODULE_TYPES_H

#include <wattle/node.h>

struct wtl__module_types;

/* NULL: no memory. */
struct wtl__module_types *wtl__module_types_create(void);
void wtl__module_types_destroy(struct wtl__module_types *types); /* NULL is nothing */

/* Fails as wtl__module_load and wtl__module_add, with what a node would say. */
enum wtl_status wtl__module_types_load(struct wtl__module_types *types, const char *path,
                                       struct wtl_error *error) WTL_MUST_USE;
enum wtl_status wtl__module_types_add(struct wtl__module_types *types,
                                      const struct wtl_module *entry,
                                      struct wtl_error *error) WTL_MUST_USE;

/* The module of that name; NULL: it was not given. `types` is a struct wtl__module_types. */
const struct wtl_module *wtl__module_types_find(void *types, const char *name);

#endif
