/* tree.c - see tree.h. */
#include "process/tree.h"

#include <stdlib.h>

#include "process/manifest.h"

/* ---- writing ------------------------------------------------------------------------------- */

static void put_text(struct wtl_writer *writer, const char *text)
{
    if (text == NULL) {
        wtl_put_nil(writer);
    } else {
        wtl_put_bin(writer, text, strlen(text) + 1);
    }
}

static bool put_type(struct wtl_writer *writer, const struct wtl_module *module,
                     const struct wtl_actor *type)
{
    uint32_t index = 0;
    while (index < module->actors_count && module->actors[index] != type) {
        index++;
    }
    wtl_put_u64(writer, index);
    return index < module->actors_count;
}

static bool put_tree(struct wtl_writer *writer, const struct wtl_module *module,
                     const struct wtl_tree *tree, unsigned levels);

static bool put_child(struct wtl_writer *writer, const struct wtl_module *module,
                      const struct wtl_child *child, unsigned levels)
{
    put_text(writer, child->id);
    put_text(writer, child->name);
    wtl_put_u64(writer, (uint64_t)child->restart);
    wtl_put_bool(writer, child->significant);
    wtl_put_u64(writer, child->shutdown_ms);
    wtl_put_u64(writer, child->start_ms);
    wtl_put_u64(writer, child->progress_ms);
    wtl_put_u64(writer, child->intensity);
    wtl_put_u64(writer, child->period_ms);
    wtl_put_u64(writer, child->backoff.first_ms);
    wtl_put_u64(writer, child->backoff.max_ms);
    wtl_put_u64(writer, child->backoff.stable_ms);
    /* 1: a supervisor, 2: an actor, 3: what the pool has; both: whatever the supervisor says */
    wtl_put_u64(writer, (child->tree != NULL ? 1 : 0) | (child->type != NULL ? 2 : 0));
    if (child->tree != NULL && !put_tree(writer, module, child->tree, levels)) {
        return false;
    }
    if (child->type == NULL) { /* how its settings are packed, the type says */
        return child->settings == NULL;
    }
    bool known = put_type(writer, module, child->type);
    wtl__settings_put(writer, child->type, child->settings);
    return known;
}

static bool put_tree(struct wtl_writer *writer, const struct wtl_module *module,
                     const struct wtl_tree *tree, unsigned levels)
{
    if (levels == 0) {
        return false;
    }
    wtl_put_u64(writer, (uint64_t)tree->strategy);
    wtl_put_u64(writer, (uint64_t)tree->auto_shutdown);
    wtl_put_u64(writer, tree->intensity);
    wtl_put_u64(writer, tree->period_ms);
    wtl_put_u64(writer, tree->children_max);
    wtl_put_u64(writer, tree->children_count);
    for (uint32_t i = 0; i < tree->children_count; i++) {
        if (!put_child(writer, module, &tree->children[i], levels - 1)) {
            return false;
        }
    }
    return true;
}

bool wtl__tree_put(struct wtl_writer *writer, const struct wtl_module *module,
                   const struct wtl_tree *tree)
{
    return put_tree(writer, module, tree, WTL__TREE_LEVELS);
}

bool wtl__child_put(struct wtl_writer *writer, const struct wtl_module *module,
                    const struct wtl_child *child)
{
    return put_child(writer, module, child, WTL__TREE_LEVELS);
}

/* ---- reading ------------------------------------------------------------------------------- */

struct block {
    struct block *next;
    uint64_t spare_;
    uint8_t bytes[];
};

struct reading {
    struct wtl_reader reader;
    const struct wtl_module *module;
    struct wtl__arena *arena;
};

/* Zeroed memory of the arena; NULL, and the reader fails, over its bound. */
static void *take(struct reading *reading, size_t size)
{
    struct wtl__arena *arena = reading->arena;
    struct block *block = NULL;
    if (size <= WTL__ARENA_BYTES - arena->used) {
        block = calloc(1, sizeof *block + size);
    }
    if (block == NULL) {
        wtl_reader_fail(&reading->reader);
        return NULL;
    }
    arena->used += size;
    block->next = arena->blocks;
    arena->blocks = block;
    return block->bytes;
}

void wtl__arena_free(struct wtl__arena *arena)
{
    struct block *block = arena->blocks;
    while (block != NULL) {
        struct block *next = block->next;
        free(block);
        block = next;
    }
    *arena = (struct wtl__arena){0};
}

static const char *get_text(struct wtl_reader *reader)
{
    size_t size = 0;
    if (wtl_peek(reader) == WTL_PACK_NIL) {
        wtl_get_nil(reader);
        return NULL;
    }
    const char *text = wtl_get_bin(reader, &size);
    if (text == NULL || size == 0 || memchr(text, '\0', size) != text + size - 1) {
        wtl_reader_fail(reader);
        return NULL;
    }
    return text;
}

static uint32_t get_below(struct wtl_reader *reader, uint64_t limit)
{
    uint64_t number = wtl_get_u64(reader);
    if (number > limit) {
        wtl_reader_fail(reader);
        return 0;
    }
    return (uint32_t)number;
}

static const struct wtl_tree *get_tree(struct reading *reading, unsigned levels);

static void get_actor(struct reading *reading, struct wtl_child *child)
{
    struct wtl_reader *reader = &reading->reader;
    uint32_t index = get_below(reader, reading->module->actors_count - 1);
    if (reader->failed) {
        return;
    }
    child->type = reading->module->actors[index];
    struct wtl_reader ahead = *reader;
    if (!wtl_get_bool(&ahead)) { /* the supervisor fills the defaults in */
        *reader = ahead;
        return;
    }
    void *settings = take(reading, child->type->settings_size);
    if (settings == NULL || wtl__settings_get(reader, child->type, settings) != WTL_OK) {
        wtl_reader_fail(reader);
        return;
    }
    child->settings = settings;
}

static void get_child(struct reading *reading, struct wtl_child *child, unsigned levels)
{
    struct wtl_reader *reader = &reading->reader;
    child->id = get_text(reader);
    child->name = get_text(reader);
    child->restart = (enum wtl_restart)get_below(reader, WTL_TEMPORARY);
    child->significant = wtl_get_bool(reader);
    child->shutdown_ms = get_below(reader, UINT32_MAX);
    child->start_ms = get_below(reader, UINT32_MAX);
    child->progress_ms = get_below(reader, UINT32_MAX);
    child->intensity = get_below(reader, UINT32_MAX);
    child->period_ms = get_below(reader, UINT32_MAX);
    child->backoff.first_ms = get_below(reader, UINT32_MAX);
    child->backoff.max_ms = get_below(reader, UINT32_MAX);
    child->backoff.stable_ms = get_below(reader, UINT32_MAX);
    uint32_t what = get_below(reader, 3);
    if ((what & 1) != 0) {
        child->tree = get_tree(reading, levels);
    }
    if ((what & 2) != 0 && !reader->failed) {
        get_actor(reading, child);
    }
}

static const struct wtl_tree *get_tree(struct reading *reading, unsigned levels)
{
    struct wtl_reader *reader = &reading->reader;
    struct wtl_tree *tree = levels > 0 ? take(reading, sizeof *tree) : NULL;
    if (tree == NULL) {
        wtl_reader_fail(reader);
        return NULL;
    }
    tree->strategy = (enum wtl_strategy)get_below(reader, WTL_SIMPLE_ONE_FOR_ONE);
    tree->auto_shutdown = (enum wtl_auto_shutdown)get_below(reader, WTL_AUTO_SHUTDOWN_ALL);
    tree->intensity = get_below(reader, UINT32_MAX);
    tree->period_ms = get_below(reader, UINT32_MAX);
    tree->children_max = get_below(reader, UINT32_MAX);
    tree->children_count = get_below(reader, WTL_CHILDREN_MAX - reading->arena->children);
    reading->arena->children += tree->children_count;
    struct wtl_child *children =
        reader->failed ? NULL : take(reading, tree->children_count * sizeof *children);
    for (uint32_t i = 0; i < tree->children_count && !reader->failed; i++) {
        get_child(reading, &children[i], levels - 1);
    }
    tree->children = children;
    return tree;
}

static bool is_read(const struct reading *reading)
{
    return !reading->reader.failed && wtl_left(&reading->reader) == 0;
}

const struct wtl_tree *wtl__tree_get(const uint8_t *bytes, size_t size,
                                     const struct wtl_module *module, struct wtl__arena *arena)
{
    struct reading reading = {
        .reader = wtl_reader_over(bytes, size), .module = module, .arena = arena};
    const struct wtl_tree *tree = get_tree(&reading, WTL__TREE_LEVELS);
    return is_read(&reading) ? tree : NULL;
}

const struct wtl_child *wtl__child_get(const uint8_t *bytes, size_t size,
                                       const struct wtl_module *module, struct wtl__arena *arena)
{
    struct reading reading = {
        .reader = wtl_reader_over(bytes, size), .module = module, .arena = arena};
    struct wtl_child *child = take(&reading, sizeof *child);
    if (child != NULL) {
        get_child(&reading, child, WTL__TREE_LEVELS);
    }
    return is_read(&reading) ? child : NULL;
}
