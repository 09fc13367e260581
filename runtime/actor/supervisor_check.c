/*
 * supervisor_check.c - can this tree be run? Whoever handed it over is told what is wrong with it.
 *
 * Thread: any. Owns: nothing.
 */
#include "actor/supervisor_private.h"

#include "actor/names.h"
#include "base/pool.h"

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

/* OTP: bad_combination. `tree` is NULL where nobody knows yet which one it will be. */
static enum wtl_status check_significant(const struct wtl_child *child, const struct wtl_tree *tree,
                                         struct wtl_error *error)
{
    const char *id = child->id != NULL ? child->id : "";
    if (child->significant && child->restart == WTL_PERMANENT) {
        return wtl_fail(error, WTL_INVALID,
                        "child \"%.63s\": significant and permanent do not go together, because it "
                        "never ends for good: make it transient or temporary",
                        id);
    }
    if (child->significant && tree != NULL && tree->auto_shutdown == WTL_AUTO_SHUTDOWN_NEVER) {
        return wtl_fail(error, WTL_INVALID,
                        "child \"%.63s\": significant means nothing while its supervisor's "
                        "auto_shutdown is never: set that to any or all",
                        id);
    }
    return WTL_OK;
}

static enum wtl_status check_intensity(uint32_t intensity, struct wtl_error *error)
{
    if (intensity > WTL_INTENSITY_MAX && intensity != WTL_INTENSITY_NONE) {
        return wtl_fail(error, WTL_INVALID,
                        "intensity: expected at most %u restarts or WTL_INTENSITY_NONE, got %u",
                        WTL_INTENSITY_MAX, (unsigned)intensity);
    }
    return WTL_OK;
}

/* What a child may ask for besides what OTP has. */
static enum wtl_status check_care(const struct wtl_child *child, struct wtl_error *error)
{
    const char *id = child->id != NULL ? child->id : "";
    const struct wtl_backoff *backoff = &child->backoff;
    if (child->period_ms != 0 && child->intensity == 0) {
        return wtl_fail(error, WTL_INVALID,
                        "child \"%.63s\": expected an intensity to go with its period_ms", id);
    }
    if (backoff->first_ms == 0 && (backoff->max_ms != 0 || backoff->stable_ms != 0)) {
        return wtl_fail(error, WTL_INVALID,
                        "child \"%.63s\": backoff: expected a first_ms with the others, got 0", id);
    }
    if (backoff->max_ms != 0 && backoff->max_ms < backoff->first_ms) {
        return wtl_fail(error, WTL_INVALID,
                        "child \"%.63s\": backoff: expected a max_ms of first_ms (%u) or more, "
                        "got %u",
                        id, (unsigned)backoff->first_ms, (unsigned)backoff->max_ms);
    }
    return check_intensity(child->intensity, error);
}

static enum wtl_status check_child(const struct wtl_child *child, const struct wtl_tree *tree,
                                   unsigned depth, struct wtl_error *error)
{
    bool pool = tree != NULL && tree->strategy == WTL_SIMPLE_ONE_FOR_ONE;
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
    status = status == WTL_OK ? check_significant(child, tree, error) : status;
    status = status == WTL_OK ? check_care(child, error) : status;
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

static enum wtl_status check_counts(const struct wtl_tree *tree, struct wtl_error *error)
{
    bool pool = tree->strategy == WTL_SIMPLE_ONE_FOR_ONE;
    if (tree->children_max > wtl__children_limit(tree->strategy)) {
        return wtl_fail(error, WTL_INVALID, "children_max: expected at most %u, got %u",
                        (unsigned)wtl__children_limit(tree->strategy),
                        (unsigned)tree->children_max);
    }
    if (pool && tree->children_count != 1) {
        return wtl_fail(error, WTL_INVALID,
                        "children: a pool has exactly 1 spec, for all its children, got %u",
                        (unsigned)tree->children_count);
    }
    uint32_t max = tree->children_max != 0 ? tree->children_max : WTL_CHILDREN_MAX;
    if (!pool && tree->children_count > max) {
        return wtl_fail(error, WTL_INVALID, "children: expected at most %u, got %u: %s",
                        (unsigned)max, (unsigned)tree->children_count,
                        tree->children_max != 0 ? "raise children_max" : "use a pool");
    }
    return WTL_OK;
}

static enum wtl_status check_flags(const struct wtl_tree *tree, struct wtl_error *error)
{
    if ((unsigned)tree->strategy > WTL_SIMPLE_ONE_FOR_ONE) {
        return wtl_fail(error, WTL_INVALID, "strategy: expected one of enum wtl_strategy, got %u",
                        (unsigned)tree->strategy);
    }
    if ((unsigned)tree->auto_shutdown > WTL_AUTO_SHUTDOWN_ALL) {
        return wtl_fail(error, WTL_INVALID, "auto_shutdown: expected never, any or all, got %u",
                        (unsigned)tree->auto_shutdown);
    }
    if (tree->children_count > 0 && tree->children == NULL) {
        return wtl_fail(error, WTL_INVALID, "children: expected %u, got NULL",
                        (unsigned)tree->children_count);
    }
    enum wtl_status status = check_intensity(tree->intensity, error);
    return status == WTL_OK ? check_counts(tree, error) : status;
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
        status = check_child(&tree->children[i], tree, depth, error);
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

enum wtl_status wtl__child_check(const struct wtl_child *child, const struct wtl_tree *tree,
                                 struct wtl_error *error)
{
    enum wtl_status status = check_child(child, tree, 0, error);
    if (status == WTL_OK && wtl__child_size(child) > WTL_BODY_MAX) {
        return wtl_fail(error, WTL_TOO_LARGE, "expected a child of at most %u bytes, got %zu",
                        WTL_BODY_MAX, wtl__child_size(child));
    }
    return status;
}
