/*
 * tree.h - trees of supervisors, and single children, as bytes: the process of a module asks the
 * node to supervise its actors.
 *
 * A type is the number that it has in the module, so that each side finds its own: functions there,
 * proxies here. What was read is as sane as memory can be; whether a supervisor can be made of it
 * is the supervisor's to check.
 *
 * Thread: any. Owns: what was read lies in an arena, and its strings in the bytes.
 * Bounds: WTL__TREE_LEVELS levels, WTL_CHILDREN_MAX children in all, WTL__ARENA_BYTES of memory.
 */
#ifndef WTL_PROCESS_TREE_H
#define WTL_PROCESS_TREE_H

#include <wattle/module.h>
#include <wattle/supervisor.h>

#define WTL__TREE_LEVELS 32u
#define WTL__ARENA_BYTES (16u * 1024 * 1024)

/* Writes it; `module` numbers the types. False: a type is not in there, or it is too deep. */
bool wtl__tree_put(struct wtl_writer *writer, const struct wtl_module *module,
                   const struct wtl_tree *tree) WTL_MUST_USE;
bool wtl__child_put(struct wtl_writer *writer, const struct wtl_module *module,
                    const struct wtl_child *child) WTL_MUST_USE;

/* What was read; freed whole. */
struct wtl__arena {
    void *blocks;
    size_t used;
    uint32_t children;
};

/* Reads all of the bytes. NULL: they are no such thing. */
const struct wtl_tree *wtl__tree_get(const uint8_t *bytes, size_t size,
                                     const struct wtl_module *module, struct wtl__arena *arena);
const struct wtl_child *wtl__child_get(const uint8_t *bytes, size_t size,
                                       const struct wtl_module *module, struct wtl__arena *arena);
void wtl__arena_free(struct wtl__arena *arena);

#endif
