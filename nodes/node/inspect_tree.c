/*
 * inspect_tree.c - `actor tree`: who started whom, with what supervisors know of their children.
 *
 * An actor stands below its parent. The children of a supervisor come in the order in which it
 * starts them, those without an actor too; an actor whose parent is not there stands at the top.
 */
#include "node/inspect_job.h"

#include <stdlib.h>

/* How deep a tree is shown; what is below stands at this depth. */
#define DEPTH_MAX 40u

static const struct wtl__column tree_columns[] = {
    {"DEPTH", WTL__COLUMN_DEPTH, false},   {"ACTOR", WTL__COLUMN_TEXT, false},
    {"PID", WTL__COLUMN_TEXT, false},      {"TYPE", WTL__COLUMN_TEXT, false},
    {"STATE", WTL__COLUMN_TEXT, false},    {"RESTARTS", WTL__COLUMN_COUNT, false},
    {"STRATEGY", WTL__COLUMN_TEXT, false}, {"PROCESS", WTL__COLUMN_PROCESS, false},
};

/* One actor that was looked at. */
struct entry {
    uint64_t local;
    uint64_t parent;              /* 0: none of this node */
    const struct wtl_msg *answer; /* NULL: busy */
    bool is_done;
};

/* What is still to be printed at one depth. */
struct level {
    struct wtl_reader children; /* of a supervisor */
    uint32_t children_left;
    uint32_t others; /* index into by_parent of the next other child */
    uint64_t parent;
};

struct tree {
    const struct wtl__inspect *self;
    struct entry *entries;    /* sorted by local id */
    struct entry **by_parent; /* sorted by parent, then by local id */
    uint32_t count;
    struct level levels[DEPTH_MAX];
    uint32_t depth;
    struct wtl_writer *rows;
    uint32_t rows_count;
};

static int compare_local(const void *left, const void *right)
{
    uint64_t a = ((const struct entry *)left)->local;
    uint64_t b = ((const struct entry *)right)->local;
    return (a > b) - (a < b);
}

static int compare_parent(const void *left, const void *right)
{
    const struct entry *a = *(struct entry *const *)left;
    const struct entry *b = *(struct entry *const *)right;
    uint64_t slots[2] = {a->local & WTL_PID_SLOT_MAX, b->local & WTL_PID_SLOT_MAX};
    if (a->parent != b->parent) {
        return (a->parent > b->parent) - (a->parent < b->parent);
    }
    return (slots[0] > slots[1]) - (slots[0] < slots[1]);
}

static struct entry *find(const struct tree *tree, uint64_t local)
{
    struct entry wanted = {.local = local};
    return local == 0 || tree->count == 0
               ? NULL
               : bsearch(&wanted, tree->entries, tree->count, sizeof wanted, compare_local);
}

static uint32_t first_of(const struct tree *tree, uint64_t parent)
{
    uint32_t low = 0;
    uint32_t high = tree->count;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (tree->by_parent[middle]->parent < parent) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

/* What is seen of one that has no actor is empty. */
static void put_row(struct tree *tree, struct wtl__look_text name, const struct wtl__sight *sight,
                    int64_t restarts)
{
    char pid[WTL__PID_TEXT];
    if (tree->rows_count >= WTL__INSPECT_ROWS_MAX) {
        return;
    }
    tree->rows_count++;
    wtl_put_array(tree->rows, WTL_COUNT(tree_columns));
    wtl_put_u64(tree->rows, tree->depth);
    wtl__put_look_text(tree->rows, name);
    if (sight->local == 0) {
        wtl_put_nil(tree->rows);
    } else {
        wtl_put_strz(tree->rows, wtl__pid_text(tree->self->config->name, sight->local, pid));
    }
    wtl__put_look_text(tree->rows, sight->type);
    wtl__put_look_text(tree->rows, sight->state);
    wtl__put_known(tree->rows, restarts);
    wtl__put_look_text(tree->rows, sight->strategy);
    wtl__put_process(tree->rows, sight);
}

static struct wtl__look_text text_of(const char *text)
{
    return (struct wtl__look_text){.text = text, .size = strlen(text)};
}

/* Prints an actor, and goes one level down to its children. `child` is what its supervisor says of
 * it, or NULL. */
static void put_entry(struct tree *tree, struct entry *entry, const struct wtl__sight_child *child)
{
    struct wtl__sight sight = {0};
    if (entry->answer == NULL || !wtl__sight_read(entry->answer, &sight)) {
        sight.state = text_of("busy");
        sight.local = entry->local;
    }
    struct wtl__look_text name = child != NULL && child->id.size > 0 ? child->id
                                 : sight.name.size > 0               ? sight.name
                                                                     : sight.type;
    entry->is_done = true;
    put_row(tree, name, &sight, child != NULL ? (int64_t)child->restarts : -1);
    if (tree->depth + 1 < DEPTH_MAX) {
        tree->depth++;
        tree->levels[tree->depth] = (struct level){.children = sight.children,
                                                   .children_left = sight.children_count,
                                                   .others = first_of(tree, entry->local),
                                                   .parent = entry->local};
    }
}

/* The next child of the present level. False: there is none. */
static bool put_next(struct tree *tree)
{
    struct level *level = &tree->levels[tree->depth];
    if (level->children_left > 0) {
        level->children_left--;
        struct wtl__sight_child child = wtl__sight_child(&level->children);
        struct entry *entry = find(tree, child.local);
        if (entry != NULL && !entry->is_done) {
            put_entry(tree, entry, &child);
        } else if (entry == NULL) {
            const struct wtl__sight seen = {.local = child.local, .state = child.state};
            put_row(tree, child.id, &seen, (int64_t)child.restarts);
        }
        return true;
    }
    while (level->others < tree->count && tree->by_parent[level->others]->parent == level->parent) {
        struct entry *entry = tree->by_parent[level->others++];
        if (!entry->is_done) {
            put_entry(tree, entry, NULL);
            return true;
        }
    }
    return false;
}

static void put_all(struct tree *tree)
{
    tree->levels[0] = (struct level){.others = first_of(tree, 0)};
    for (;;) {
        if (put_next(tree)) {
            continue;
        }
        if (tree->depth == 0) {
            break;
        }
        tree->depth--;
    }
    for (uint32_t i = 0; i < tree->count; i++) { /* those below DEPTH_MAX */
        if (!tree->entries[i].is_done) {
            tree->depth = DEPTH_MAX - 1;
            put_entry(tree, &tree->entries[i], NULL);
        }
    }
}

/* The entries of those that live, with the parents that are among them. False: no memory. */
static bool tree_init(struct tree *tree, struct wtl_ctx *x, const struct wtl__inspect_job *job)
{
    uint32_t count = job->gather.count > 0 ? job->gather.count : 1;
    tree->entries = wtl_alloc(x, count * sizeof *tree->entries);
    tree->by_parent = wtl_alloc(x, count * sizeof(struct entry *));
    if (tree->entries == NULL || tree->by_parent == NULL) {
        return false;
    }
    for (uint32_t i = 0; i < job->gather.count; i++) {
        struct wtl__sight sight = {0};
        const struct wtl_msg *answer = job->gather.answers[i];
        if (answer != NULL && (!wtl__sight_read(answer, &sight) || !sight.is_alive)) {
            continue;
        }
        bool is_here = sight.parent.node == wtl_self(x).node;
        tree->entries[tree->count++] = (struct entry){.local = job->gather.locals[i],
                                                      .parent = is_here ? sight.parent.local : 0,
                                                      .answer = answer};
    }
    if (tree->count > 0) {
        qsort(tree->entries, tree->count, sizeof *tree->entries, compare_local);
    }
    for (uint32_t i = 0; i < tree->count; i++) {
        struct entry *entry = &tree->entries[i];
        entry->parent = find(tree, entry->parent) != NULL ? entry->parent : 0;
        tree->by_parent[i] = entry;
    }
    if (tree->count > 0) {
        qsort((void *)tree->by_parent, tree->count, sizeof(struct entry *), compare_parent);
    }
    return true;
}

static void tree_done(struct wtl_ctx *x, struct wtl__inspect *self, struct wtl__inspect_job *job)
{
    struct wtl_writer rows;
    struct wtl_writer reply;
    struct tree tree = {.self = self, .rows = &rows};
    bool has_room = tree_init(&tree, x, job);
    (void)wtl_message_open(x, &rows, 1024);
    if (has_room) {
        put_all(&tree);
    }
    wtl_free(x, (void *)tree.by_parent);
    wtl_free(x, tree.entries);
    if (!has_room || rows.failed) {
        wtl_message_drop(x, &rows);
        wtl__job_refuse(x, self, job, WTL_NO_MEMORY, "no memory for the tree");
        return;
    }
    (void)wtl_message_open(x, &reply, 256 + wtl_written(&rows));
    wtl__reply_begin(&reply, WTL__SHAPE_TABLE, tree_columns, WTL_COUNT(tree_columns),
                     tree.rows_count, tree.rows_count);
    wtl_put_raw(&reply, rows.begin, wtl_written(&rows));
    wtl_message_drop(x, &rows);
    wtl__job_reply(x, self, job, &reply);
}

void wtl__inspect_tree(struct wtl_ctx *x, struct wtl__inspect *self, struct wtl__inspect_job *job)
{
    wtl__gather_all(x, self, job, tree_done);
}
