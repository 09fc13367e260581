/*
 * sim.c - whole meshes under faults, from seeds.
 *
 *   sim [--trace] [--all] [--tell] [--until INVARIANT] [FIRST [COUNT]]
 *
 *   --trace            one line for each seed, with what was done in it
 *   --all              every violation as it comes, not only the first of each seed
 *   --tell             the story: nodes, connections, cuts, names
 *   --until INVARIANT  end at the first seed that violates that one
 *
 * Each seed draws a mesh (up to two clouds, two edges, two devices), latencies, and a script of
 * cuts, heals, breaks, crashes, restarts, and attacks of a device that lies (intruder.h). Phase
 * one, faults: what must always hold is checked after each event (model.h has the list). Phase two:
 * everything is healed and started, and has CONVERGE_MS of virtual time. Phase three: the actors
 * fall silent, and after CALM_MS the books must balance (check.h). Then all is torn down, and
 * nothing may be left. A tenth of the seeds run twice, and must do the same thing both times.
 *
 * To replay a failing seed: the report names it, the virtual time, the nodes, the invariant, what
 * was expected and what came. `sim --all --tell SEED 1` runs it alone, the same way each time, on
 * any machine; for the same numbers under a debugger, `gdb --args sim --all SEED 1` with a
 * breakpoint on `violation`, and walk up to the event that led there: world->now_ms is the virtual
 * time, world->bringing the connection whose bytes are being read. To stop before it, set a
 * condition on world_note: `break world_note if world->now_ms >= 1000000 + MS - 50`. What the seed
 * does may be cut down by editing build() and fault() below: everything follows from the draw, so
 * each change makes another run; keep the seed that still fails.
 *
 * The sim_canary_* programs are this one, with one bug planted in the mesh (canaries/).
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/pool.h"
#include "check.h"
#include "intruder.h"
#include "model.h"
#include "seekers.h"
#include "talkers.h"

/* Phase two: how long until everything must be as it should. */
#define CONVERGE_MS 55000u
/* So much under way on a connection is in the middle of something. */
#define LARGE_BYTES 4096u
/* Phase three: more than any deadline of a call, of a question about names, or of a node. */
#define CALM_MS 15000u

static struct world world;
static bool trace;
static uint64_t until; /* invariants, as bits */

static unsigned draw(uint64_t bound)
{
    return (unsigned)wtl__prng_below(&world.prng, bound);
}

static void add(const char *name, enum wtl_layer layer, const char *const joins[])
{
    (void)world_add(&world, name, layer, joins, draw(8) == 0 ? talker_boot_late : talker_boot);
}

static void build(void)
{
    static const char *const clouds[] = {"cloud-1", NULL};
    static const char *const cores[] = {"cloud-1", "edge-1", NULL};
    static const char *const edges[] = {"edge-1", "edge-2", NULL};
    add("cloud-1", WTL_LAYER_CLOUD, NULL);
    add("edge-1", WTL_LAYER_EDGE, clouds);
    add("device-1", WTL_LAYER_DEVICE, edges);
    if (draw(2) == 0) {
        add("edge-2", WTL_LAYER_EDGE, clouds);
        add("device-2", WTL_LAYER_DEVICE, edges);
    }
    if (draw(3) == 0) {
        add("cloud-2", WTL_LAYER_CLOUD, cores);
    }
    if (draw(2) == 0) {
        intruder_add(&world);
    }
    for (unsigned i = 0; i < world.nodes_count; i++) {
        node_start(&world.nodes[i]);
    }
}

/* Breaks a connection in the middle of what is under way on it, when something is before long. */
static void break_busy(struct sim_node *a, struct sim_node *b)
{
    for (unsigned ms = 0; ms < 300; ms++) {
        for (unsigned i = 0; i < world.pipes_top; i++) {
            const struct pipe *pipe = &world.pipes[i];
            if (pipe->used && pipe->size[0] + pipe->size[1] > LARGE_BYTES) {
                a = pipe->ends[0];
                b = pipe->ends[1];
                world_run(&world, draw(3 * world.latency_max_ms + 1));
                world_break(&world, a, b);
                return;
            }
        }
        world_run(&world, 1);
    }
    world_break(&world, a, b);
}

static void fault(void)
{
    struct sim_node *a = &world.nodes[draw(world.nodes_count)];
    struct sim_node *b = &world.nodes[draw(world.nodes_count)];
    switch (draw(6)) {
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
    case 3:
    case 4:
        break_busy(a, b);
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
    world.healing = true;
    for (unsigned i = 0; i < world.nodes_count; i++) {
        for (unsigned j = 0; j < world.nodes_count; j++) {
            if (world.cut[i][j]) {
                world_cut(&world, &world.nodes[i], &world.nodes[j], false);
            }
        }
        if (!world.nodes[i].alive) {
            node_start(&world.nodes[i]);
        }
    }
}

static void print_trace(unsigned faults)
{
    (void)printf(
        "seed %lu: nodes %u faults %u attacks %lu events %lu born %lu sent %lu heard %lu "
        "downs %lu exits %lu names %lu+%lu-%lu found %lu of %lu answers %lu of %lu trace %016lx\n",
        (unsigned long)world.seed, world.nodes_count, faults, (unsigned long)checks.attacks,
        (unsigned long)world.events, (unsigned long)checks.born, (unsigned long)checks.sent,
        (unsigned long)checks.heard, (unsigned long)checks.downs, (unsigned long)checks.exits,
        (unsigned long)checks.registered, (unsigned long)checks.taken, (unsigned long)checks.lost,
        (unsigned long)checks.found, (unsigned long)checks.sought, (unsigned long)checks.answers,
        (unsigned long)checks.calls, (unsigned long)world.trace);
}

static uint64_t pool_used(void)
{
    wtl__pool_flush();
    return wtl__pool_stats().used_bytes;
}

static uint64_t run_seed(uint64_t seed)
{
    uint64_t used = pool_used();
    memset(&checks, 0, sizeof checks);
    world_init(&world, seed);
    build();
    world_run(&world, 3000 + draw(3000));
    unsigned faults = draw(30);
    for (unsigned i = 0; i < faults; i++) {
        seek_all(&world);
        fault();
        intruder_attack(&world, &world.nodes[draw(world.nodes_count)]);
        world_run(&world, draw(2) == 0 ? draw(300) : draw(8000));
    }
    heal();
    world_run(&world, CONVERGE_MS);
    world.calm = true;
    seek_all(&world);
    world_run(&world, CALM_MS);
    check_quiescent(&world);
    if (checks.heard == 0 || checks.registered == 0) {
        violation(&world, INV_HARNESS, NULL, NULL,
                  "expected messages and names; %lu were heard and %lu registered: the seed proves "
                  "nothing",
                  (unsigned long)checks.heard, (unsigned long)checks.registered);
    }
    uint64_t result = world.trace;
    if (trace) {
        print_trace(faults);
    }
    world_deinit(&world);
    if (pool_used() != used) {
        violation(&world, INV_CONSERVED, NULL, NULL,
                  "expected nothing to be left after the end; %ld bytes of buffers are",
                  (long)(pool_used() - used));
    }
    return result;
}

/* True: it has violated nothing. */
static bool try_seed(uint64_t seed)
{
    uint64_t once = run_seed(seed);
    if (checks.violations == 0 && seed % 10 == 0 && run_seed(seed) != once) {
        violation(&world, INV_HARNESS, NULL, NULL, "expected the same run of the same seed twice");
    }
    if (checks.violations > 0) {
        (void)printf(
            "%s\n  %lu violations in this seed; again, with all of them: sim --all %lu 1\n",
            checks.text, (unsigned long)checks.violations, (unsigned long)seed);
    }
    return checks.violations == 0;
}

int main(int argc, char **argv)
{
    int at = 1;
    for (; at < argc && strncmp(argv[at], "--", 2) == 0; at++) {
        trace |= strcmp(argv[at], "--trace") == 0;
        violations_all |= strcmp(argv[at], "--all") == 0;
        world_tells |= strcmp(argv[at], "--tell") == 0;
        if (strcmp(argv[at], "--until") == 0 && at + 1 < argc) {
            until = UINT64_C(1) << (strtoull(argv[++at], NULL, 10) & 63);
        }
    }
    uint64_t first = at < argc ? strtoull(argv[at], NULL, 10) : 1;
    uint64_t count = at + 1 < argc ? strtoull(argv[at + 1], NULL, 10) : 20;
    uint64_t failed = 0;
    uint64_t seed = first;
    while (seed < first + count && (checks.broken & until) == 0) {
        failed += !try_seed(seed++);
    }
    (void)printf("%lu seeds, %lu failed\n", (unsigned long)(seed - first), (unsigned long)failed);
    return failed == 0 ? 0 : 1;
}
