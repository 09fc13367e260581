/*
 * supervisor_spec.c - copying trees of children whole.
 *
 * A copy is one block: the struct first, then whatever it points to. It is made twice, once into
 * the message that carries it to the supervisor, so that a message that nobody takes frees all of
 * it, and once out of it. Only code of this process hands trees over, so pointers may be followed.
 *
 * Thread: any. Owns: nothing; the caller gives the block.
 */
#include "actor/supervisor_private.h"

#include "actor/settings.h"

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
