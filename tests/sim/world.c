/* world.c - the simulated machines and their time. See world.h. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "intruder.h"
#include "model.h"

bool world_tells;

void world_say(const struct world *world, const struct sim_node *node, const char *format, ...)
{
    uint64_t ms = world->now_ms - TIME_BEGIN_MS;
    va_list args;
    if (!world_tells) {
        return;
    }
    (void)printf("%6lu.%03lu %-9s ", (unsigned long)(ms / 1000), (unsigned long)(ms % 1000),
                 node != NULL ? node->name : "");
    va_start(args, format);
    (void)vprintf(format, args);
    va_end(args);
    (void)printf("\n");
}

int64_t world_wall(const struct world *world)
{
    return WALL_BEGIN + (int64_t)(world->now_ms / 1000);
}

void world_note(struct world *world, uint64_t what)
{
    world->events++;
    world->trace = (world->trace ^ what ^ world->now_ms << 20) * UINT64_C(0x100000001b3);
}

unsigned world_index(const struct sim_node *node)
{
    return (unsigned)(node - node->world->nodes);
}

uint64_t world_id(const struct sim_node *node)
{
    struct wtl_identity identity = {.layer = node->layer};
    (void)snprintf(identity.mesh, sizeof identity.mesh, "sim");
    (void)snprintf(identity.name, sizeof identity.name, "%s", node->name);
    return wtl_identity_node_bits(&identity) << 24 | node->incarnation;
}

struct sim_node *world_named(struct world *world, const char *name)
{
    for (unsigned i = 0; i < world->nodes_count; i++) {
        if (strcmp(world->nodes[i].name, name) == 0) {
            return &world->nodes[i];
        }
    }
    return NULL;
}

struct sim_node *world_node(struct world *world, uint64_t id)
{
    for (unsigned i = 0; i < NODES_MAX; i++) {
        if (world->nodes[i].id >> 24 == id >> 24 && world->nodes[i].world != NULL) {
            return &world->nodes[i];
        }
    }
    return NULL;
}

/* ---- nodes ---------------------------------------------------------------------------------- */

static size_t sign(void *context, const struct wtl__attach *attach, uint8_t *proof_out)
{
    const struct sim_node *node = context;
    if (node->cannot_sign) {
        node->world->loss_ms = node->world->now_ms; /* others will not reach it */
        return 0;
    }
    model_attached(node, attach->uplink);
    memcpy(proof_out, "sim-proof", 9);
    return 9;
}

static bool check(void *context, const struct wtl__attach *attach, int64_t wall_s)
{
    (void)context;
    return attach->proof_size == 9 && memcmp(attach->proof, "sim-proof", 9) == 0 &&
           wall_s < attach->expiry_s;
}

static void on_crash(void *context, struct wtl__runtime *runtime, const struct wtl__cell *cell,
                     const struct wtl_msg *message)
{
    (void)message;
    model_ended(context, wtl__pid_of(runtime, cell), cell->reason);
}

struct sim_node *world_add(struct world *world, const char *name, enum wtl_layer layer,
                           const char *const joins[], void (*boot)(struct sim_node *node))
{
    WTL_ASSERT(world->nodes_count < NODES_MAX - 1);
    struct sim_node *node = &world->nodes[world->nodes_count++];
    *node = (struct sim_node){.world = world, .layer = layer, .boot = boot};
    (void)snprintf(node->name, sizeof node->name, "%s", name);
    for (unsigned i = 0; joins != NULL && joins[i] != NULL && i < 4; i++) {
        (void)snprintf(node->joins[i], sizeof node->joins[i], "%s", joins[i]);
        node->joins_count++;
    }
    node->id = world_id(node);
    return node;
}

static void start_hub(struct sim_node *node, uint64_t seed)
{
    struct wtl__core_config config = {.node = node->id,
                                      .layer = (uint8_t)node->layer,
                                      .link_class = WTL__CLASS_LAN,
                                      .joins_count = node->joins_count,
                                      .seed = seed,
                                      .sign = sign,
                                      .check = check,
                                      .context = node};
    (void)snprintf(config.name, sizeof config.name, "%s", node->name);
    if (node->layer != WTL_LAYER_DEVICE) {
        (void)snprintf(config.address, sizeof config.address, "%s", node->name);
    }
    memcpy(config.joins, node->joins, sizeof node->joins);
    struct wtl__hub_port port = port_of_hub(node);
    enum wtl_status status = wtl__hub_create(&config, &port, node->world->now_ms, &node->hub);
    WTL_ASSERT(status == WTL_OK);
}

void node_start(struct sim_node *node)
{
    struct world *world = node->world;
    WTL_ASSERT(!node->alive);
    node->incarnation++;
    node->id = world_id(node);
    node->alive = true;
    memset(node->waiting, 0, sizeof node->waiting);
    uint64_t seed = wtl__prng_next(&world->prng);
    enum wtl_status status = wtl__step_init(&node->step, node->id, seed);
    WTL_ASSERT(status == WTL_OK);
    /* its clock shows what all clocks show: it was not there before */
    node->step.now_ns = world->now_ms * WTL__NS_PER_MS;
    wtl__wheel_init(&node->step.wheel, world->now_ms);
    port_plug(node);
    node->step.runtime.crash = on_crash;
    node->step.runtime.crash_context = node;
    world_say(world, node, "starts as %lx", (unsigned long)node->id);
    model_started(node);
    start_hub(node, seed);
    world_note(world, 1 + world_index(node));
    if (node->boot != NULL) {
        node->boot(node);
    }
}

static void drop_outbox(struct sim_node *node)
{
    for (uint32_t i = 0; i < node->outbox_count; i++) {
        wtl__envelope_free(node->outbox[i].envelope);
    }
    node->outbox_count = 0;
}

void node_crash(struct sim_node *node)
{
    struct world *world = node->world;
    WTL_ASSERT(node->alive);
    node->alive = false;
    world_say(world, node, "crashes");
    world->loss_ms = world->now_ms;
    world_note(world, 100 + world_index(node));
    wtl__hub_destroy(node->hub);
    node->hub = NULL;
    wire_break_all(node);
    wtl__step_deinit(&node->step);
    drop_outbox(node);
}

void world_cut(struct world *world, struct sim_node *a, struct sim_node *b, bool cut)
{
    unsigned i = world_index(a);
    unsigned j = world_index(b);
    if (cut || world->cut[i][j]) {
        world->loss_ms = world->now_ms;
    }
    world_say(world, a, "%s %s", cut ? "is cut from" : "is joined with", b->name);
    world->cut[i][j] = cut;
    world->cut[j][i] = cut;
    world_note(world, 200 + i * NODES_MAX + j);
}

/* ---- time ----------------------------------------------------------------------------------- */

static bool flush_outbox(struct sim_node *node)
{
    bool some = node->outbox_count > 0;
    for (uint32_t i = 0; i < node->outbox_count; i++) {
        struct pending_send send = node->outbox[i];
        model_sent(node, send.to, send.envelope);
        wtl__hub_send(node->hub, send.to, send.envelope, node->world->now_ms);
    }
    node->outbox_count = 0;
    return some;
}

static bool run_node(struct sim_node *node)
{
    struct world *world = node->world;
    uint64_t now_ns = world->now_ms * WTL__NS_PER_MS;
    if (node->step.now_ns < now_ns) {
        wtl__step_advance(&node->step, (now_ns - node->step.now_ns) / WTL__NS_PER_MS);
    }
    wtl__step_settle(&node->step);
    bool some = flush_outbox(node);
    if (wtl__hub_deadline_ms(node->hub) <= world->now_ms) {
        wtl__hub_tick(node->hub, world->now_ms, world_wall(world));
        some = true;
    }
    if (some) {
        model_event(node);
    }
    return some;
}

/* Everything that can happen without time passing. */
static void settle(struct world *world)
{
    bool some = true;
    while (some) {
        some = false;
        unsigned start = (unsigned)wtl__prng_below(&world->prng, world->nodes_count);
        for (unsigned i = 0; i < world->nodes_count; i++) {
            struct sim_node *node = &world->nodes[(start + i) % world->nodes_count];
            if (node->alive) {
                some |= run_node(node);
            }
        }
        intruder_tick(world);
        some |= wire_run(world);
    }
}

static uint64_t earliest(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

static uint64_t next_event(const struct world *world)
{
    uint64_t next = earliest(wire_next_ms(world), intruder_next_ms(world));
    for (unsigned i = 0; i < world->nodes_count; i++) {
        const struct sim_node *node = &world->nodes[i];
        if (node->alive) {
            next = earliest(next, wtl__hub_deadline_ms(node->hub));
            next = earliest(next, wtl__step_deadline(&node->step));
        }
    }
    return next;
}

void world_run(struct world *world, uint64_t ms)
{
    uint64_t end = world->now_ms + ms;
    settle(world);
    for (uint64_t next = next_event(world); next <= end; next = next_event(world)) {
        world->now_ms = next > world->now_ms ? next : world->now_ms + 1;
        settle(world);
    }
    world->now_ms = end;
    settle(world);
}

void world_init(struct world *world, uint64_t seed)
{
    memset(world, 0, sizeof *world);
    world->seed = seed;
    wtl__prng_init(&world->prng, seed);
    world->now_ms = TIME_BEGIN_MS;
    bool slow = wtl__prng_below(&world->prng, 3) == 0;
    world->latency_max_ms = (unsigned)wtl__prng_below(&world->prng, slow ? 80 : 20);
    world->model = model_create();
}

void world_deinit(struct world *world)
{
    intruder_remove(world);
    for (unsigned i = 0; i < world->nodes_count; i++) {
        if (world->nodes[i].alive) {
            node_crash(&world->nodes[i]);
        }
        free(world->nodes[i].outbox);
    }
    model_destroy(world->model);
    world->model = NULL;
}
