/*
 * supervisor_spec.c - checking trees of children and copying them whole.
 *
 * A copy is one block: the struct first, then whatever it points to. It is made twice, once into
 * the message that carries it to the supervisor, so that a message that nobody takes frees all of
 * it, and once out of it. Only code of this process hands trees over, so pointers may be followed.
 *
 * Thread: any. Owns: nothing; the caller gives the block.
 */
#include "actor/supervisor_private.h"

#include "actor/names.h"
#include "actor/settings.h"
#include "base/pool.h"

/* ---- checking ------------------------------------------------------------------------------ */

static enum wtl_status check_tree(const struct wtl_tree *tree, unsigned depth,
                                  struct wtl_error *error);

static enum wtl_status check_settings(const struct wtl_child *child, struct wtl_error *error)
{
    const char *id = child->id != NULL ? child->id : "";
    if (child->settings == NULL) {
        return WTL_OK;
    }
    if (child->type == NULL || child->type->settings_size == 0) {
        return wtl_fail(error, WTL_INVALID,
                        "child \"%.63s\": expected no settings, because its actor has none", id);
    }
    return WTL_OK;
}

static enum wtl_status check_child(const struct wtl_child *child, bool pool, unsigned depth,
                                   struct wtl_error *error)
{
    size_t size = child->id != NULL ? strnlen(child->id, WTL_NAME_MAX + 1) : 0;
    const char *id = size > 0 ? child->id : "";
    if ((size == 0 && !pool) || size > WTL_NAME_MAX) {
        return wtl_fail(error, WTL_INVALID,
                        "child id: expected 1 to %d bytes, got %s: give each child an id",
                        WTL_NAME_MAX, size == 0 ? "none" : "more");
    }
    if ((child->type == NULL) == (child->tree == NULL)) {
        return wtl_fail(error, WTL_INVALID,
                        "child \"%.63s\": expected either a type or a tree, got %s", id,
                        child->type == NULL ? "neither" : "both");
    }
    if ((unsigned)child->restart > WTL_TEMPORARY) {
        return wtl_fail(
            error, WTL_INVALID,
            "child \"%.63s\": expected permanent, transient or temporary, got restart %u", id,
            (unsigned)child->restart);
    }
    if (child->name != NULL && (pool || !wtl__name_is_valid(child->name))) {
        return wtl_fail(error, WTL_INVALID, "child \"%.63s\": %s, got name \"%.63s\"", id,
                        pool ? "children of a pool cannot share a name"
                             : "expected a name of 1 to 63 of [a-z0-9._-]",
                        child->name);
    }
    enum wtl_status status = check_settings(child, error);
    return status == WTL_OK && child->tree != NULL ? check_tree(child->tree, depth + 1, error)
                                                   : status;
}

static uint32_t hash_id(const char *id)
{
    uint32_t hash = UINT32_C(0x811c9dc5);
    for (const char *c = id; *c != '\0'; c++) {
        hash = (hash ^ (unsigned char)*c) * UINT32_C(0x01000193);
    }
    return hash ^ hash >> 15;
}

/* Ids are unique: each goes into a table that is at most half full. */
static enum wtl_status check_unique(const struct wtl_tree *tree, struct wtl_error *error)
{
    uint32_t slots = 8;
    while (slots < tree->children_count * 2) {
        slots *= 2;
    }
    const char **table = wtl__pool_take(slots * sizeof *table);
    if (table == NULL) {
        return wtl_fail(error, WTL_NO_MEMORY, "no memory to compare %u child ids",
                        (unsigned)tree->children_count);
    }
    memset(table, 0, slots * sizeof *table);
    enum wtl_status status = WTL_OK;
    for (uint32_t i = 0; i < tree->children_count && status == WTL_OK; i++) {
        const char *id = tree->children[i].id;
        uint32_t slot = hash_id(id) & (slots - 1);
        while (table[slot] != NULL && strcmp(table[slot], id) != 0) {
            slot = (slot + 1) & (slots - 1);
        }
        if (table[slot] != NULL) {
            status = wtl_fail(error, WTL_INVALID,
                              "child \"%.63s\": the id is there twice: give each its own", id);
        }
        table[slot] = id;
    }
    wtl__pool_give(table);
    return status;
}

static enum wtl_status check_flags(const struct wtl_tree *tree, struct wtl_error *error)
{
    if ((unsigned)tree->strategy > WTL_SIMPLE_ONE_FOR_ONE) {
        return wtl_fail(error, WTL_INVALID, "strategy: expected one of enum wtl_strategy, got %u",
                        (unsigned)tree->strategy);
    }
    if (tree->intensity > WTL_INTENSITY_MAX && tree->intensity != WTL_INTENSITY_NONE) {
        return wtl_fail(error, WTL_INVALID,
                        "intensity: expected at most %u restarts or WTL_INTENSITY_NONE, got %u",
                        WTL_INTENSITY_MAX, (unsigned)tree->intensity);
    }
    if (tree->children_count > 0 && tree->children == NULL) {
        return wtl_fail(error, WTL_INVALID, "children: expected %u, got NULL",
                        (unsigned)tree->children_count);
    }
    if (tree->children_count > WTL_CHILDREN_MAX) {
        return wtl_fail(error, WTL_INVALID, "children: expected at most %u, got %u: use a pool",
                        WTL_CHILDREN_MAX, (unsigned)tree->children_count);
    }
    if (tree->strategy == WTL_SIMPLE_ONE_FOR_ONE && tree->children_count != 1) {
        return wtl_fail(error, WTL_INVALID,
                        "children: a pool has exactly 1 spec, for all its children, got %u",
                        (unsigned)tree->children_count);
    }
    return WTL_OK;
}

static enum wtl_status check_tree(const struct wtl_tree *tree, unsigned depth,
                                  struct wtl_error *error)
{
    if (depth >= WTL__TREE_DEPTH_MAX) {
        return wtl_fail(error, WTL_INVALID, "supervisors: expected at most %u levels, got more",
                        WTL__TREE_DEPTH_MAX);
    }
    bool pool = tree->strategy == WTL_SIMPLE_ONE_FOR_ONE;
    enum wtl_status status = check_flags(tree, error);
    for (uint32_t i = 0; status == WTL_OK && i < tree->children_count; i++) {
        status = check_child(&tree->children[i], pool, depth, error);
    }
    return status == WTL_OK && !pool ? check_unique(tree, error) : status;
}

enum wtl_status wtl__tree_check(const struct wtl_tree *tree, struct wtl_error *error)
{
    if (tree == NULL) {
        return wtl_fail(error, WTL_INVALID, "expected a tree, got NULL");
    }
    enum wtl_status status = check_tree(tree, 0, error);
    if (status == WTL_OK && wtl__tree_size(tree) > WTL_BODY_MAX) {
        return wtl_fail(error, WTL_TOO_LARGE, "expected a tree of at most %u bytes, got %zu",
                        WTL_BODY_MAX, wtl__tree_size(tree));
    }
    return status;
}

enum wtl_status wtl__child_check(const struct wtl_child *child, struct wtl_error *error)
{
    enum wtl_status status = check_child(child, false, 0, error);
    if (status == WTL_OK && wtl__child_size(child) > WTL_BODY_MAX) {
        return wtl_fail(error, WTL_TOO_LARGE, "expected a child of at most %u bytes, got %zu",
                        WTL_BODY_MAX, wtl__child_size(child));
    }
    return status;
}

/* ---- copying ------------------------------------------------------------------------------- */

/* Where the next part goes. `begin` is NULL while the parts are only measured. */
struct block {
    char *begin;
    size_t used;
};

static void *put(struct block *block, const void *part, size_t size)
{
    void *copy = NULL;
    if (block->begin != NULL && size > 0) {
        copy = memcpy(block->begin + block->used, part, size);
    }
    block->used += (size + 7) & ~(size_t)7;
    return copy;
}

static const char *put_text(struct block *block, const char *text)
{
    return text != NULL ? put(block, text, strlen(text) + 1) : NULL;
}

static void *put_settings(struct block *block, const struct wtl_actor *type, const void *settings)
{
    void *copy = NULL;
    if (settings == NULL || type == NULL) {
        return NULL;
    }
    if (block->begin != NULL) {
        copy = block->begin + block->used;
        wtl__settings_copy(type, settings, copy);
    }
    block->used += (wtl__settings_size(type, settings) + 7) & ~(size_t)7;
    return copy;
}

static struct wtl_tree *put_tree(struct block *block, const struct wtl_tree *tree);

/* What a child points to; `copy` is NULL while measuring. */
static void put_parts(struct block *block, const struct wtl_child *child, struct wtl_child *copy)
{
    const char *id = put_text(block, child->id);
    const char *name = put_text(block, child->name);
    const void *settings = put_settings(block, child->type, child->settings);
    const struct wtl_tree *tree = child->tree != NULL ? put_tree(block, child->tree) : NULL;
    if (copy != NULL) {
        copy->id = id;
        copy->name = name;
        copy->settings = settings;
        copy->tree = tree;
    }
}

static struct wtl_tree *put_tree(struct block *block, const struct wtl_tree *tree)
{
    struct wtl_tree *copy = put(block, tree, sizeof *tree);
    struct wtl_child *children =
        put(block, tree->children, tree->children_count * sizeof *tree->children);
    for (uint32_t i = 0; i < tree->children_count; i++) {
        put_parts(block, &tree->children[i], children != NULL ? &children[i] : NULL);
    }
    if (copy != NULL) {
        copy->children = children;
    }
    return copy;
}

size_t wtl__tree_size(const struct wtl_tree *tree)
{
    struct block block = {0};
    (void)put_tree(&block, tree);
    return block.used;
}

void wtl__tree_copy(const struct wtl_tree *tree, void *memory)
{
    struct block block = {.begin = memory};
    (void)put_tree(&block, tree);
}

static void put_child(struct block *block, const struct wtl_child *child)
{
    struct wtl_child *copy = put(block, child, sizeof *child);
    put_parts(block, child, copy);
}

size_t wtl__child_size(const struct wtl_child *child)
{
    struct block block = {0};
    put_child(&block, child);
    return block.used;
}

void wtl__child_copy(const struct wtl_child *child, void *memory)
{
    struct block block = {.begin = memory};
    put_child(&block, child);
}
