/*
 * model_names.c - the names that actors were told they hold, and who has looked for one and found
 * it, or not. See model.h.
 *
 * A name is in the table of every core node some time after it was registered; but who looks for it
 * finds it at once, if the mesh is in one piece: no link was lost of late, all core nodes see each
 * other, and the holder's node, and none of that has changed since the name was registered, or for
 * a while. That, and no more, is what is demanded here.
 */
#include <stdio.h>
#include <stdlib.h>

#include "model_private.h"

/* After a change of who is there, all have seen it: an owner that has not heard of all names by
 * then does not say that there is none. */
#define CLAIMED_MS 100u
/* A cut is found out by heartbeats; until then nobody knows whom he does not reach. */
#define FOUND_OUT_MS 2500u

struct seek {
    struct sim_node *node;
    uint64_t id; /* its incarnation */
    uint64_t asked_ms;
    bool whole; /* the mesh was in one piece then */
    struct held_name held;
};

/* ---- who holds what ------------------------------------------------------------------------- */

static struct held_name *held_of(struct model *model, struct wtl_pid pid, const char *name)
{
    for (uint32_t i = 0; i < model->names_count; i++) {
        struct held_name *held = &model->names[i];
        if (wtl_pid_equal(held->pid, pid) && strcmp(held->name, name) == 0) {
            return held;
        }
    }
    return NULL;
}

static struct held_name *make(struct model *model, struct wtl_pid pid, const char *name)
{
    WTL_ASSERT(model->names_count < HELD_MAX);
    struct held_name *held = &model->names[model->names_count++];
    *held = (struct held_name){.pid = pid};
    (void)snprintf(held->name, sizeof held->name, "%s", name);
    return held;
}

void model_name_held(struct sim_node *node, struct wtl_pid pid, const char *name)
{
    struct model *model = node->world->model;
    const struct held_name *before = held_of(model, pid, name);
    if (before == NULL || !before->lost) {
        make(model, pid, name)->since_ms = node->world->now_ms;
    }
}

void model_name_lost(struct sim_node *node, struct wtl_pid pid, const char *name)
{
    struct model *model = node->world->model;
    struct held_name *held = held_of(model, pid, name);
    if (held == NULL && model_lives(node->world, pid)) {
        held = make(model, pid, name); /* it has not heard yet that it has it */
    }
    if (held != NULL) {
        held->lost = true;
    }
}

void model_name_gone(struct sim_node *node, struct wtl_pid pid, const char *name)
{
    struct model *model = node->world->model;
    struct held_name *held;
    while ((held = held_of(model, pid, name)) != NULL) {
        *held = model->names[--model->names_count];
    }
}

void model_names_end(struct model *model, struct wtl_pid pid)
{
    for (uint32_t i = model->names_count; i-- > 0;) {
        if (wtl_pid_equal(model->names[i].pid, pid)) {
            model->names[i] = model->names[--model->names_count];
        }
    }
}

uint32_t model_names(struct world *world, struct held_name *names, uint32_t max)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < world->model->names_count && count < max; i++) {
        const struct held_name *held = &world->model->names[i];
        if (!held->lost && model_lives(world, held->pid)) {
            names[count++] = *held;
        }
    }
    return count;
}

/* ---- who looks for it ----------------------------------------------------------------------- */

static bool is_core(const struct sim_node *node)
{
    return node->alive && node->layer != WTL_LAYER_DEVICE;
}

/* Every core node sees that one up, and has a way to it; or, if it is down, none sees it. */
static bool is_agreed(struct world *world, const struct sim_node *other)
{
    for (unsigned i = 0; i < world->nodes_count; i++) {
        const struct sim_node *core = &world->nodes[i];
        const struct view *view = &world->model->views[i][world_index(other)];
        bool seen = view->up && view->id == other->id;
        if (!is_core(core) || core == other) {
            continue;
        }
        if (other->alive ? !seen || wtl__core_route(wtl__hub_core(core->hub), other->id) == 0
                         : view->up) {
            return false;
        }
    }
    return true;
}

static bool some_are_cut(const struct world *world)
{
    for (unsigned i = 0; i < world->nodes_count * NODES_MAX; i++) {
        if (world->cut[i / NODES_MAX][i % NODES_MAX]) {
            return true;
        }
    }
    return false;
}

/* The core nodes, the one who asks and the holder are in one piece at this moment. */
static bool is_in_one_piece(struct world *world, const struct seek *seek)
{
    const struct sim_node *home = world_node(world, seek->held.pid.node);
    for (unsigned i = 0; i < world->nodes_count; i++) {
        if (world->nodes[i].layer != WTL_LAYER_DEVICE && !is_agreed(world, &world->nodes[i])) {
            return false;
        }
    }
    bool reaches = home == seek->node ||
                   (home != NULL && wtl__core_route(wtl__hub_core(seek->node->hub), home->id) != 0);
    return reaches && is_agreed(world, home) && is_agreed(world, seek->node);
}

/* The mesh is in one piece, and so it was. A link that was lost long before the question may not
 * have been back when it was put: then a node without a way to the owner says so at once, though it
 * has one by the time that the answer comes. */
static bool is_whole(struct world *world, const struct seek *seek)
{
    uint64_t changed_ms = world->model->changed_ms;
    if (world->loss_ms + (some_are_cut(world) ? FOUND_OUT_MS : CLAIMED_MS) >= seek->asked_ms ||
        (changed_ms >= seek->held.since_ms && changed_ms + CLAIMED_MS >= seek->asked_ms)) {
        return false;
    }
    return seek->whole && is_in_one_piece(world, seek);
}

void model_sought(struct sim_node *node, uint64_t number, const struct held_name *held)
{
    struct seek *seek = calloc(1, sizeof *seek);
    WTL_ASSERT(seek != NULL);
    *seek =
        (struct seek){.node = node, .id = node->id, .asked_ms = node->world->now_ms, .held = *held};
    seek->whole = is_in_one_piece(node->world, seek);
    enum wtl_status status = wtl__map_put(&node->world->model->seeks, node->id, number, seek);
    WTL_ASSERT(status == WTL_OK);
    checks.sought++;
}

void model_found(struct sim_node *node, uint64_t number, enum wtl_status status,
                 struct wtl_pid holder)
{
    struct world *world = node->world;
    struct seek *seek = wtl__map_remove(&world->model->seeks, node->id, number);
    if (seek == NULL) {
        violation(world, INV_PROGRESS, node, NULL,
                  "expected one answer to each question about a name; came another one (%s)",
                  wtl_status_word(status));
        return;
    }
    const struct held_name *held = held_of(world->model, seek->held.pid, seek->held.name);
    bool is_held = held != NULL && !held->lost && held->since_ms == seek->held.since_ms &&
                   model_lives(world, seek->held.pid);
    bool found = status == WTL_OK && !wtl_pid_is_none(holder);
    bool whole = is_held && is_whole(world, seek);
    checks.found += whole && found && seek->asked_ms < world->now_ms;
    if (whole && !found) {
        violation(world, INV_TRUE_ANSWERS, node, world_node(world, seek->held.pid.node),
                  "expected %s, which %lx.%lx was told that it holds %lu ms before it was looked "
                  "for, to be found; came %s",
                  held->name, (unsigned long)held->pid.node, (unsigned long)held->pid.local,
                  (unsigned long)(seek->asked_ms - held->since_ms), wtl_status_word(status));
    }
    free(seek);
}

void model_check_seeks(struct world *world)
{
    struct wtl__map_entry entry;
    uint32_t cursor = 0;
    while (wtl__map_next(&world->model->seeks, &cursor, &entry)) {
        const struct seek *seek = entry.value;
        if (seek->node->alive && seek->node->id == seek->id) {
            violation(world, INV_PROGRESS, seek->node, NULL,
                      "expected an answer to each question about a name; none came to one for %s "
                      "of %lu.%03lu s",
                      seek->held.name, (unsigned long)((seek->asked_ms - TIME_BEGIN_MS) / 1000),
                      (unsigned long)((seek->asked_ms - TIME_BEGIN_MS) % 1000));
        }
    }
}

void model_names_deinit(struct model *model)
{
    struct wtl__map_entry entry;
    uint32_t cursor = 0;
    while (wtl__map_take_any(&model->seeks, &cursor, &entry)) {
        free(entry.value);
    }
    wtl__map_deinit(&model->seeks);
}
