/* seekers.c - see seekers.h. */
#include "seekers.h"

#include "model.h"

#define NAMES_MAX 256u
/* Numbers of questions that are none of the runtime's. */
#define SEEK (UINT64_C(1) << 63)

static void seek_from(struct sim_node *node, const struct held_name *held)
{
    struct world *world = node->world;
    struct wtl_pid nobody = {.node = node->id, .local = UINT64_C(1) << WTL_PID_SLOT_BITS};
    uint64_t number = ++world->seeks;
    model_sought(node, number, held);
    wtl__core_name_whereis(wtl__hub_core(node->hub), nobody, SEEK | number, held->name,
                           world->now_ms);
    wtl__hub_pump(node->hub, world->now_ms);
    model_event(node);
}

static void seek_held(struct world *world, const struct held_name *held)
{
    for (unsigned i = 0; i < world->nodes_count; i++) {
        if (world->nodes[i].alive) {
            seek_from(&world->nodes[i], held);
        }
    }
}

static uint32_t names_now(struct world *world, struct held_name names[NAMES_MAX])
{
    uint32_t count = model_names(world, names, NAMES_MAX);
    return count < NAMES_MAX ? count : NAMES_MAX;
}

void seek_name(struct world *world, struct wtl_pid pid, const char *name)
{
    static struct held_name names[NAMES_MAX];
    uint32_t count = names_now(world, names);
    for (uint32_t i = 0; i < count; i++) {
        if (wtl_pid_equal(names[i].pid, pid) && strcmp(names[i].name, name) == 0) {
            seek_held(world, &names[i]);
            return;
        }
    }
}

void seek_all(struct world *world)
{
    static struct held_name names[NAMES_MAX];
    uint32_t count = names_now(world, names);
    for (uint32_t i = 0; i < count; i++) {
        seek_held(world, &names[i]);
    }
}

bool seek_answer(struct sim_node *node, uint64_t request, enum wtl_status status,
                 struct wtl_pid holder)
{
    if ((request & SEEK) == 0) {
        return false;
    }
    model_found(node, request & ~SEEK, status, holder);
    return true;
}
