/*
 * sim.c - whole meshes under faults, from seeds; usage: sim [--trace] FIRST COUNT.
 *
 * Each seed draws a mesh (up to two clouds, two edges, two devices), latencies, and a script of
 * cuts, heals, crashes and restarts. Phase one, faults: what must always hold is checked by the
 * actors (talkers.h). Phase two, everything is healed and started: within a bound of virtual time
 * the mesh must have converged. A tenth of the seeds run twice, and must do the same thing both
 * times.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "talkers.h"

/* Phase two: how long until everything must be as it should. */
#define CONVERGE_MS 60000u

static struct world world;
static bool trace;

static unsigned draw(uint64_t bound)
{
    return (unsigned)wtl__prng_below(&world.prng, bound);
}

static void build(void)
{
    static const char *const clouds[] = {"cloud-1", NULL};
    static const char *const cores[] = {"cloud-1", "edge-1", NULL};
    static const char *const edges[] = {"edge-1", "edge-2", NULL};
    (void)world_add(&world, "cloud-1", WTL_LAYER_CLOUD, NULL, talker_boot);
    (void)world_add(&world, "edge-1", WTL_LAYER_EDGE, clouds, talker_boot);
    (void)world_add(&world, "device-1", WTL_LAYER_DEVICE, edges, talker_boot);
    if (draw(2) == 0) {
        (void)world_add(&world, "edge-2", WTL_LAYER_EDGE, clouds, talker_boot);
        (void)world_add(&world, "device-2", WTL_LAYER_DEVICE, edges, talker_boot);
    }
    if (draw(3) == 0) {
        (void)world_add(&world, "cloud-2", WTL_LAYER_CLOUD, cores, talker_boot);
    }
    for (unsigned i = 0; i < world.nodes_count; i++) {
        node_start(&world.nodes[i]);
    }
}

static void fault(void)
{
    struct sim_node *a = &world.nodes[draw(world.nodes_count)];
    struct sim_node *b = &world.nodes[draw(world.nodes_count)];
    switch (draw(4)) {
    case 0:
        if (a != b) {
            world_cut(&world, a, b, true);
        }
        break;
    case 1:
        world_cut(&world, a, b, false);
        break;
    case 2:
        if (a->alive) {
            node_crash(a);
        }
        break;
    default:
        if (!a->alive) {
            node_start(a);
        }
        break;
    }
}

static void heal(void)
{
    for (unsigned i = 0; i < world.nodes_count; i++) {
        for (unsigned j = 0; j < world.nodes_count; j++) {
            world.cut[i][j] = false;
        }
        if (!world.nodes[i].alive) {
            node_start(&world.nodes[i]);
        }
    }
}

/* Invariant 2: one link for each pair of core nodes, one uplink for each device. */
static void check_links(void)
{
    for (unsigned i = 0; i < world.nodes_count; i++) {
        unsigned uplinks = 0;
        for (unsigned j = 0; j < world.nodes_count; j++) {
            struct sim_node *a = &world.nodes[i];
            struct sim_node *b = &world.nodes[j];
            unsigned links = i != j ? world_links(&world, a, b) : 0;
            bool device = a->layer == WTL_LAYER_DEVICE || b->layer == WTL_LAYER_DEVICE;
            uplinks += links;
            if (i != j && !device && links != 1) {
                violation("%s has %u links to %s", a->name, links, b->name);
            }
        }
        if (world.nodes[i].layer == WTL_LAYER_DEVICE && uplinks != 1) {
            violation("%s has %u uplinks", world.nodes[i].name, uplinks);
        }
    }
}

/* Invariants 13 and 14: every core node knows the same holder for each name, and it lives. */
static void check_names(void)
{
    for (unsigned i = 0; i < world.nodes_count; i++) {
        struct sim_node *home = &world.nodes[i];
        char name[WTL_NAME_MAX + 1];
        talker_name(home->name, name);
        for (unsigned j = 0; j < world.nodes_count; j++) {
            struct sim_node *asked = &world.nodes[j];
            if (asked->layer == WTL_LAYER_DEVICE) {
                continue;
            }
            struct wtl_pid pid = wtl__core_name_find(wtl__hub_core(asked->hub), name);
            if (pid.node != home->step.runtime.node ||
                wtl__cells_find(&home->step.runtime.cells, pid.local) == NULL) {
                violation("%s holds %s to be at %lx.%lx, not at %lx", asked->name, name,
                          (unsigned long)pid.node, (unsigned long)pid.local,
                          (unsigned long)home->step.runtime.node);
            }
        }
    }
}

/* Everybody reaches everybody: routes of all pairs. */
static void check_routes(void)
{
    for (unsigned i = 0; i < world.nodes_count; i++) {
        for (unsigned j = 0; j < world.nodes_count; j++) {
            uint64_t id = world.nodes[j].step.runtime.node;
            if (i != j && wtl__core_route(wtl__hub_core(world.nodes[i].hub), id) == 0) {
                violation("%s has no route to %s", world.nodes[i].name, world.nodes[j].name);
            }
        }
    }
}

static uint64_t run_seed(uint64_t seed)
{
    memset(&checks, 0, sizeof checks);
    world_init(&world, seed);
    build();
    world_run(&world, 3000 + draw(3000));
    unsigned faults = draw(25);
    for (unsigned i = 0; i < faults; i++) {
        fault();
        world_run(&world, draw(2) == 0 ? draw(300) : draw(8000));
    }
    heal();
    world_run(&world, CONVERGE_MS);
    check_links();
    check_routes();
    check_names();
    if (checks.heard == 0) {
        violation("nobody heard anything: the seed proves nothing");
    }
    uint64_t result = world.trace;
    if (trace) {
        (void)printf("seed %lu: nodes %u faults %u events %lu sent %lu heard %lu downs %lu "
                     "answers %lu of %lu trace %016lx\n",
                     (unsigned long)seed, world.nodes_count, faults, (unsigned long)world.events,
                     (unsigned long)checks.sent, (unsigned long)checks.heard,
                     (unsigned long)checks.downs, (unsigned long)checks.answers,
                     (unsigned long)checks.calls, (unsigned long)result);
    }
    world_deinit(&world);
    return result;
}

int main(int argc, char **argv)
{
    int at = 1;
    if (at < argc && strcmp(argv[at], "--trace") == 0) {
        trace = true;
        at++;
    }
    uint64_t first = at < argc ? strtoull(argv[at], NULL, 10) : 1;
    uint64_t count = at + 1 < argc ? strtoull(argv[at + 1], NULL, 10) : 20;
    unsigned failed = 0;
    for (uint64_t seed = first; seed < first + count; seed++) {
        uint64_t once = run_seed(seed);
        if (checks.violations == 0 && seed % 10 == 0 && run_seed(seed) != once) {
            violation("the same seed ran differently");
        }
        if (checks.violations > 0) {
            failed++;
            (void)printf("seed %lu: %lu violations, the last: %s\n  again: sim --trace %lu 1\n",
                         (unsigned long)seed, (unsigned long)checks.violations, checks.text,
                         (unsigned long)seed);
        }
    }
    (void)printf("%lu seeds, %u failed\n", (unsigned long)count, failed);
    return failed == 0 ? 0 : 1;
}
