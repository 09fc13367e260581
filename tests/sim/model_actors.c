/* model_actors.c - actors that were born and have ended, and their monitors. See model.h. */
#include <stdlib.h>

#include "base/attr.h"
#include "model_private.h"

struct person {
    struct wtl_pid pid;
    bool ended;
    struct wtl_reason reason;
};

enum watch_state { ACTIVE = 1, DOWN, ENDED };

struct watch {
    struct wtl_pid watcher, target;
    uint64_t ref;
    enum watch_state state;
    bool refused;
    uint64_t made_ms;
};

/* ---- pids ----------------------------------------------------------------------------------- */

void model_born(struct sim_node *node, struct wtl_pid pid)
{
    struct model *model = node->world->model;
    struct person *person = calloc(1, sizeof *person);
    WTL_ASSERT(person != NULL);
    person->pid = pid;
    checks.born++;
    if (pid.node != node->id ||
        wtl__map_put(&model->actors, pid.node, pid.local, person) != WTL_OK) {
        violation(node->world, INV_PID_UNIQUE, node, NULL,
                  "expected a pid of this node that nobody has had; came %lx.%lx",
                  (unsigned long)pid.node, (unsigned long)pid.local);
        free(person);
    }
}

static struct person *person_of(struct world *world, struct wtl_pid pid)
{
    return wtl__map_get(&world->model->actors, pid.node, pid.local);
}

void model_ended(struct sim_node *node, struct wtl_pid pid, struct wtl_reason reason)
{
    struct person *person = person_of(node->world, pid);
    if (person != NULL && !person->ended) {
        person->ended = true;
        person->reason = reason;
    }
    model_names_end(node->world->model, pid);
}

bool model_lives(struct world *world, struct wtl_pid pid)
{
    const struct person *person = person_of(world, pid);
    const struct sim_node *node = world_node(world, pid.node);
    return person != NULL && !person->ended && node != NULL && node->alive && node->id == pid.node;
}

void model_meant(struct sim_node *node, struct wtl_pid pid, struct wtl_pid meant)
{
    if (!wtl_pid_equal(pid, meant)) {
        violation(node->world, INV_PID_UNIQUE, node, world_node(node->world, meant.node),
                  "expected mail for %lx.%lx to reach nobody else; %lx.%lx handles it",
                  (unsigned long)meant.node, (unsigned long)meant.local, (unsigned long)pid.node,
                  (unsigned long)pid.local);
    }
}

uint32_t model_living(struct sim_node *node)
{
    struct wtl__map_entry entry;
    uint32_t cursor = 0;
    uint32_t count = 0;
    while (wtl__map_next(&node->world->model->actors, &cursor, &entry)) {
        const struct person *person = entry.value;
        count += person->pid.node == node->id && !person->ended;
    }
    return count;
}

/* ---- monitors ------------------------------------------------------------------------------- */

static struct watch *watch_of(struct sim_node *node, uint64_t ref)
{
    return wtl__map_get(&node->world->model->monitors, node->id, ref);
}

void model_monitor(struct sim_node *node, struct wtl_pid watcher, uint64_t ref,
                   struct wtl_pid target)
{
    struct watch *watch = calloc(1, sizeof *watch);
    WTL_ASSERT(watch != NULL);
    *watch = (struct watch){.watcher = watcher,
                            .target = target,
                            .ref = ref,
                            .state = ACTIVE,
                            .made_ms = node->world->now_ms};
    if (wtl__map_put(&node->world->model->monitors, node->id, ref, watch) != WTL_OK) {
        violation(node->world, INV_PID_UNIQUE, node, NULL,
                  "expected a number that no monitor of this node has had; came %lx",
                  (unsigned long)ref);
        free(watch);
    }
}

void model_demonitor(struct sim_node *node, uint64_t ref)
{
    struct watch *watch = watch_of(node, ref);
    if (watch != NULL) {
        watch->state = ENDED;
    }
}

void model_monitor_refused(struct sim_node *node, uint64_t ref)
{
    struct watch *watch = watch_of(node, ref);
    if (watch != NULL) {
        watch->refused = true;
    }
}

bool model_watches(struct sim_node *node, uint64_t ref, struct wtl_pid target)
{
    const struct watch *watch = watch_of(node, ref);
    return watch != NULL && watch->state == ACTIVE && wtl_pid_equal(watch->target, target);
}

/* Why that reason cannot be; NULL: it can. */
static const char *unsound(struct sim_node *node, const struct watch *watch,
                           struct wtl_reason reason)
{
    struct world *world = node->world;
    const struct person *person = person_of(world, watch->target);
    bool ended = person != NULL && person->ended;
    bool actual = ended && person->reason.class_ == reason.class_ &&
                  memcmp(&person->reason.word, &reason.word, sizeof reason.word) == 0;
    if (actual) {
        return NULL;
    }
    if (reason.class_ == WTL_EXIT_NOCONNECTION) {
        bool lost = watch->refused || model_down_ms(node, watch->target.node) >= watch->made_ms;
        return watch->target.node == node->id ? "expected no `noconnection` on the same node"
               : lost                         ? NULL
                      : "expected no `noconnection` while its node was not told down";
    }
    if (reason.class_ == WTL_EXIT_NOPROC) {
        return model_lives(world, watch->target) ? "expected no `noproc` of one who lives" : NULL;
    }
    return ended ? "expected the reason that it has ended for"
                 : "expected no DOWN of one who lives";
}

void model_down(struct sim_node *node, const struct wtl_down *down)
{
    struct world *world = node->world;
    struct watch *watch = watch_of(node, down->ref);
    const struct sim_node *target = world_node(world, down->pid.node);
    char text[40];
    const char *came = wtl_reason_text(down->reason, text);
    checks.downs++;
    if (watch == NULL || watch->state == DOWN || !wtl_pid_equal(watch->target, down->pid)) {
        violation(world, INV_DOWN_COMPLETE, node, target,
                  "expected one DOWN for a monitor; came %s for %s (%s)",
                  watch == NULL ? "one" : "another", watch == NULL ? "none" : "the same", came);
        return;
    }
    if (watch->state == ENDED) {
        violation(world, INV_FINAL, node, target,
                  "expected no DOWN after demonitor has returned; came %s", came);
        return;
    }
    watch->state = DOWN;
    const char *why = unsound(node, watch, down->reason);
    if (why != NULL) {
        violation(world, INV_DOWN_SOUND, node, target, "%s; came %s", why, came);
    }
}

uint32_t model_check_monitors(struct world *world)
{
    struct wtl__map_entry entry;
    uint32_t cursor = 0;
    uint32_t active = 0;
    while (wtl__map_next(&world->model->monitors, &cursor, &entry)) {
        const struct watch *watch = entry.value;
        if (watch->state != ACTIVE || !model_lives(world, watch->watcher)) {
            continue;
        }
        active++;
        if (!model_lives(world, watch->target)) {
            uint64_t ms = watch->made_ms - TIME_BEGIN_MS;
            violation(world, INV_DOWN_COMPLETE, world_node(world, watch->watcher.node),
                      world_node(world, watch->target.node),
                      "expected one DOWN of %lx.%lx, who is gone, for the monitor of %lu.%03lu s; "
                      "none came",
                      (unsigned long)watch->target.node, (unsigned long)watch->target.local,
                      (unsigned long)(ms / 1000), (unsigned long)(ms % 1000));
        }
    }
    return active;
}

void model_actors_deinit(struct model *model)
{
    struct wtl__map *const maps[] = {&model->actors, &model->monitors};
    for (uint32_t i = 0; i < WTL_COUNT(maps); i++) {
        struct wtl__map_entry entry;
        uint32_t cursor = 0;
        while (wtl__map_take_any(maps[i], &cursor, &entry)) {
            free(entry.value);
        }
        wtl__map_deinit(maps[i]);
    }
}
