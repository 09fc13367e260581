/* world.c - the simulated machines and wires. See world.h. */
#include "world.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/attr.h"

/* Virtual wall clock at the begin: 2026-01-01, in Unix seconds. */
#define WALL_BEGIN INT64_C(1767225600)

static int64_t wall(const struct world *world)
{
    return WALL_BEGIN + (int64_t)(world->now_ms / 1000);
}

static void note(struct world *world, uint64_t what)
{
    world->events++;
    world->trace = (world->trace ^ what ^ world->now_ms << 20) * UINT64_C(0x100000001b3);
}

static unsigned index_of(const struct sim_node *node)
{
    return (unsigned)(node - node->world->nodes);
}

static uint64_t id_of(const struct sim_node *node)
{
    struct wtl_identity identity = {.layer = node->layer};
    (void)snprintf(identity.mesh, sizeof identity.mesh, "sim");
    (void)snprintf(identity.name, sizeof identity.name, "%s", node->name);
    return wtl_identity_node_bits(&identity) << 24 | node->incarnation;
}

/* ---- the port of a simulated node ----------------------------------------------------------- */

static enum wtl_status port_send(void *port, struct wtl__ctx *x, struct wtl_pid to,
                                 struct wtl__envelope *envelope)
{
    struct sim_node *node = port;
    (void)x;
    if (node->outbox_count == node->outbox_capacity) {
        node->outbox_capacity = node->outbox_capacity == 0 ? 64 : node->outbox_capacity * 2;
        node->outbox = realloc(node->outbox, node->outbox_capacity * sizeof *node->outbox);
        WTL_ASSERT(node->outbox != NULL);
    }
    node->outbox[node->outbox_count++] = (struct pending_send){.to = to, .envelope = envelope};
    return WTL_OK;
}

static enum wtl_status port_send_name(void *port, struct wtl__ctx *x, const char *name,
                                      struct wtl__envelope *envelope)
{
    struct sim_node *node = port;
    struct wtl_pid to = wtl__core_name_find(wtl__hub_core(node->hub), name);
    if (wtl_pid_is_none(to)) {
        wtl__envelope_free(envelope);
        return WTL_NOT_FOUND;
    }
    return wtl__deliver(&node->step.runtime, x, to, envelope);
}

static void port_register(void *port, struct wtl_pid self, uint64_t request, const char *name)
{
    struct sim_node *node = port;
    wtl__core_name_register(wtl__hub_core(node->hub), self, request, name, node->world->now_ms);
    wtl__hub_pump(node->hub, node->world->now_ms);
}

static void port_unregister(void *port, struct wtl_pid self, const char *name)
{
    struct sim_node *node = port;
    wtl__core_name_unregister(wtl__hub_core(node->hub), self, name, node->world->now_ms);
    wtl__hub_pump(node->hub, node->world->now_ms);
}

static void port_whereis(void *port, struct wtl_pid self, uint64_t request, const char *name)
{
    struct sim_node *node = port;
    wtl__core_name_whereis(wtl__hub_core(node->hub), self, request, name, node->world->now_ms);
    wtl__hub_pump(node->hub, node->world->now_ms);
}

static void port_names_drop(void *port, struct wtl_pid self)
{
    struct sim_node *node = port;
    if (node->hub != NULL) {
        wtl__core_names_drop(wtl__hub_core(node->hub), self, node->world->now_ms);
        wtl__hub_pump(node->hub, node->world->now_ms);
    }
}

static const struct wtl__port_ops port_ops = {.send = port_send,
                                              .send_name = port_send_name,
                                              .name_register = port_register,
                                              .name_unregister = port_unregister,
                                              .name_whereis = port_whereis,
                                              .names_drop = port_names_drop};

/* ---- what the hub tells --------------------------------------------------------------------- */

static void on_deliver(void *context, uint64_t to_local, struct wtl__envelope *envelope)
{
    struct sim_node *node = context;
    struct wtl_pid to = {.node = node->step.runtime.node, .local = to_local};
    (void)wtl__deliver(&node->step.runtime, NULL, to, envelope);
}

static void on_refuse(void *context, struct wtl_pid to, struct wtl__envelope *envelope)
{
    struct sim_node *node = context;
    wtl__refuse(&node->step.runtime, NULL, to, envelope,
                WTL_REASON(WTL_EXIT_NOCONNECTION, "noconnection"));
}

static void on_node_up(void *context, uint64_t id, const char *name, uint8_t layer)
{
    struct sim_node *node = context;
    (void)id;
    (void)name;
    (void)layer;
    node->ups++;
}

static void on_node_down(void *context, uint64_t id, enum wtl_status why)
{
    struct sim_node *node = context;
    (void)why;
    node->downs++;
    wtl__node_down(&node->step.runtime, id);
}

static void on_name_answer(void *context, struct wtl_pid asker, uint64_t request,
                           enum wtl_status status, struct wtl_pid holder)
{
    struct sim_node *node = context;
    wtl__answer(&node->step.runtime, NULL, asker, request, status, holder, NULL);
}

static void on_name_lost(void *context, struct wtl_pid pid, const char *name)
{
    (void)context;
    (void)pid;
    (void)name;
}

static struct sim_node *find(struct world *world, const char *address)
{
    for (unsigned i = 0; i < world->nodes_count; i++) {
        if (strcmp(world->nodes[i].name, address) == 0) {
            return &world->nodes[i];
        }
    }
    return NULL;
}

/* A dial that was asked for; it is carried out when the hub call is over. */
static void on_dial(void *context, const char *address, const char *expected)
{
    struct sim_node *node = context;
    struct world *world = node->world;
    (void)expected;
    for (unsigned i = 0; i < PIPES_MAX; i++) {
        struct pipe *pipe = &world->pipes[i];
        if (!pipe->used) {
            *pipe = (struct pipe){.used = true};
            pipe->ends[0] = node;
            pipe->ends[1] = find(world, address);
            pipe->due_ms[0] =
                world->now_ms + 1 + wtl__prng_below(&world->prng, world->latency_max_ms + 1);
            return;
        }
    }
    WTL_ASSERT(false); /* more connections than the world holds */
}

static struct pipe *pipe_of(struct sim_node *node, uint32_t link, unsigned *side_out)
{
    for (unsigned i = 0; i < PIPES_MAX; i++) {
        struct pipe *pipe = &node->world->pipes[i];
        for (unsigned side = 0; pipe->used && side < 2; side++) {
            if (pipe->ends[side] == node && pipe->links[side] == link) {
                *side_out = side;
                return pipe;
            }
        }
    }
    return NULL;
}

static void on_writable(void *context, uint32_t link)
{
    unsigned side;
    struct pipe *pipe = pipe_of(context, link, &side);
    if (pipe != NULL) {
        pipe->writable[side] = true;
    }
}

static void on_close(void *context, uint32_t link, enum wtl_status why, const char *text)
{
    unsigned side;
    struct pipe *pipe = pipe_of(context, link, &side);
    (void)why;
    (void)text;
    if (pipe != NULL) {
        pipe->closing[side] = true;
    }
}

static void on_waiting(void *context, uint64_t node, uint64_t bytes)
{
    (void)context;
    (void)node;
    (void)bytes;
}

/* ---- nodes ---------------------------------------------------------------------------------- */

static size_t sign(void *context, const struct wtl__attach *attach, uint8_t *proof_out)
{
    (void)context;
    (void)attach;
    memcpy(proof_out, "sim-proof", 9);
    return 9;
}

static bool check(void *context, const struct wtl__attach *attach, int64_t wall_s)
{
    (void)context;
    return attach->proof_size == 9 && memcmp(attach->proof, "sim-proof", 9) == 0 &&
           wall_s < attach->expiry_s;
}

struct sim_node *world_add(struct world *world, const char *name, enum wtl_layer layer,
                           const char *const joins[], void (*boot)(struct sim_node *node))
{
    WTL_ASSERT(world->nodes_count < NODES_MAX);
    struct sim_node *node = &world->nodes[world->nodes_count++];
    *node = (struct sim_node){.world = world, .layer = layer, .boot = boot};
    (void)snprintf(node->name, sizeof node->name, "%s", name);
    for (unsigned i = 0; joins != NULL && joins[i] != NULL && i < 4; i++) {
        (void)snprintf(node->joins[i], sizeof node->joins[i], "%s", joins[i]);
        node->joins_count++;
    }
    return node;
}

void node_start(struct sim_node *node)
{
    struct world *world = node->world;
    WTL_ASSERT(!node->alive);
    node->incarnation++;
    node->alive = true;
    uint64_t seed = wtl__prng_next(&world->prng);
    enum wtl_status status = wtl__step_init(&node->step, id_of(node), seed);
    WTL_ASSERT(status == WTL_OK);
    node->step.runtime.port = &port_ops;
    node->step.runtime.port_self = node;
    struct wtl__core_config config = {.node = id_of(node),
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
    struct wtl__hub_port port = {.context = node,
                                 .deliver = on_deliver,
                                 .refuse = on_refuse,
                                 .node_up = on_node_up,
                                 .node_down = on_node_down,
                                 .name_answer = on_name_answer,
                                 .name_lost = on_name_lost,
                                 .dial = on_dial,
                                 .writable = on_writable,
                                 .close = on_close,
                                 .waiting = on_waiting};
    status = wtl__hub_create(&config, &port, world->now_ms, &node->hub);
    WTL_ASSERT(status == WTL_OK);
    note(world, 1 + index_of(node));
    if (node->boot != NULL) {
        node->boot(node);
    }
}

static void pipe_free(struct pipe *pipe)
{
    free(pipe->bytes[0]);
    free(pipe->bytes[1]);
    *pipe = (struct pipe){0};
}

/* The connection is gone: each end that is still there hears of it. */
static void pipe_break(struct world *world, struct pipe *pipe)
{
    struct pipe gone = *pipe;
    pipe_free(pipe);
    for (unsigned side = 0; side < 2; side++) {
        struct sim_node *end = gone.ends[side];
        if (end == NULL || !end->alive) {
            continue;
        }
        if (gone.links[side] != 0) {
            wtl__hub_link_closed(end->hub, gone.links[side], WTL_CLOSED, world->now_ms);
        } else if (side == 0) {
            const char *address = gone.ends[1] != NULL ? gone.ends[1]->name : "?";
            wtl__hub_dial_failed(end->hub, address, WTL_NO_CONNECTION, world->now_ms);
        }
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
    note(world, 100 + index_of(node));
    wtl__hub_destroy(node->hub);
    node->hub = NULL;
    for (unsigned i = 0; i < PIPES_MAX; i++) {
        struct pipe *pipe = &world->pipes[i];
        if (pipe->used && (pipe->ends[0] == node || pipe->ends[1] == node)) {
            pipe_break(world, pipe);
        }
    }
    wtl__step_deinit(&node->step);
    drop_outbox(node);
}

/* ---- wires ---------------------------------------------------------------------------------- */

void world_cut(struct world *world, struct sim_node *a, struct sim_node *b, bool cut)
{
    world->cut[index_of(a)][index_of(b)] = cut;
    world->cut[index_of(b)][index_of(a)] = cut;
    note(world, 200 + index_of(a) * NODES_MAX + index_of(b));
}

static bool is_cut(const struct world *world, const struct pipe *pipe)
{
    return world->cut[index_of(pipe->ends[0])][index_of(pipe->ends[1])];
}

static void identity_of(const struct sim_node *node, struct wtl_identity *identity_out)
{
    *identity_out = (struct wtl_identity){.layer = node->layer};
    (void)snprintf(identity_out->mesh, sizeof identity_out->mesh, "sim");
    (void)snprintf(identity_out->tenant, sizeof identity_out->tenant, "default");
    (void)snprintf(identity_out->name, sizeof identity_out->name, "%s", node->name);
}

/* The handshake of a dial is over, or has failed. */
static void connect_pipe(struct world *world, struct pipe *pipe)
{
    struct wtl_identity identity;
    uint8_t binding[32] = {0};
    struct sim_node *to = pipe->ends[1];
    if (to == NULL || !to->alive || is_cut(world, pipe) || !pipe->ends[0]->alive) {
        pipe_break(world, pipe);
        return;
    }
    uint64_t secret = wtl__prng_next(&world->prng);
    memcpy(binding, &secret, sizeof secret);
    for (unsigned side = 0; side < 2; side++) {
        struct sim_node *end = pipe->ends[side];
        identity_of(pipe->ends[1 - side], &identity);
        pipe->writable[side] = true;
        pipe->links[side] = wtl__hub_link_open(end->hub, &identity, binding, side == 0,
                                               side == 0 ? to->name : NULL, world->now_ms);
        WTL_ASSERT(pipe->links[side] != 0);
    }
    note(world, 300);
}

/* Moves what an end wants to send onto the wire. */
static void pull(struct world *world, struct pipe *pipe, unsigned side)
{
    uint8_t record[WTL__FRAME_MAX];
    struct sim_node *node = pipe->ends[side];
    while (pipe->size[side] < 65536) {
        size_t size =
            wtl__hub_fill(node->hub, pipe->links[side], record, sizeof record, world->now_ms);
        if (size == 0) {
            pipe->writable[side] = false;
            return;
        }
        if (pipe->size[side] + size > pipe->capacity[side]) {
            pipe->capacity[side] = (pipe->size[side] + size) * 2;
            pipe->bytes[side] = realloc(pipe->bytes[side], pipe->capacity[side]);
            WTL_ASSERT(pipe->bytes[side] != NULL);
        }
        if (pipe->size[side] == 0) {
            pipe->due_ms[side] =
                world->now_ms + wtl__prng_below(&world->prng, world->latency_max_ms + 1);
        }
        memcpy(pipe->bytes[side] + pipe->size[side], record, size);
        pipe->size[side] += size;
    }
}

/* Brings some of the bytes under way to the other end, in a chunk of any size. */
static void bring(struct world *world, struct pipe *pipe, unsigned side)
{
    struct sim_node *to = pipe->ends[1 - side];
    uint32_t link = pipe->links[1 - side];
    size_t limit = wtl__prng_below(&world->prng, 4) == 0 ? 7 : pipe->size[side];
    size_t chunk = 1 + wtl__prng_below(&world->prng, limit);
    chunk = chunk > pipe->size[side] ? pipe->size[side] : chunk;
    uint8_t *bytes = malloc(chunk);
    WTL_ASSERT(bytes != NULL);
    memcpy(bytes, pipe->bytes[side], chunk);
    memmove(pipe->bytes[side], pipe->bytes[side] + chunk, pipe->size[side] - chunk);
    pipe->size[side] -= chunk;
    note(world, 400 + chunk);
    wtl__hub_link_bytes(to->hub, link, bytes, chunk, world->now_ms, wall(world));
    free(bytes);
}

static bool run_pipe(struct world *world, struct pipe *pipe)
{
    if (!pipe->used) {
        return false;
    }
    if (pipe->links[0] == 0) {
        if (world->now_ms < pipe->due_ms[0]) {
            return false;
        }
        connect_pipe(world, pipe);
        return true;
    }
    bool some = false;
    for (unsigned side = 0; side < 2 && pipe->used; side++) {
        if (pipe->writable[side]) {
            pull(world, pipe, side);
        }
        if (pipe->size[side] > 0 && world->now_ms >= pipe->due_ms[side] && !is_cut(world, pipe)) {
            bring(world, pipe, side);
            some = true;
        }
    }
    bool flushed = pipe->size[0] == 0 && pipe->size[1] == 0;
    if ((pipe->closing[0] || pipe->closing[1]) && (flushed || is_cut(world, pipe))) {
        pipe_break(world, pipe);
        some = true;
    }
    return some;
}

/* ---- time ----------------------------------------------------------------------------------- */

static bool flush_outbox(struct sim_node *node)
{
    bool some = node->outbox_count > 0;
    for (uint32_t i = 0; i < node->outbox_count; i++) {
        struct pending_send send = node->outbox[i];
        wtl__hub_send(node->hub, send.to, send.envelope, node->world->now_ms);
    }
    node->outbox_count = 0;
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
            if (!node->alive) {
                continue;
            }
            uint64_t now_ns = world->now_ms * WTL__NS_PER_MS;
            if (node->step.now_ns < now_ns) {
                wtl__step_advance(&node->step, (now_ns - node->step.now_ns) / WTL__NS_PER_MS);
            }
            wtl__step_settle(&node->step);
            some |= flush_outbox(node);
            if (wtl__hub_deadline_ms(node->hub) <= world->now_ms) {
                wtl__hub_tick(node->hub, world->now_ms, wall(world));
                some = true;
            }
        }
        for (unsigned i = 0; i < PIPES_MAX; i++) {
            some |= run_pipe(world, &world->pipes[i]);
        }
    }
}

static uint64_t earliest(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

static uint64_t next_event(const struct world *world)
{
    uint64_t next = UINT64_MAX;
    for (unsigned i = 0; i < world->nodes_count; i++) {
        const struct sim_node *node = &world->nodes[i];
        if (node->alive) {
            next = earliest(next, wtl__hub_deadline_ms(node->hub));
            next = earliest(next, wtl__step_deadline(&node->step));
        }
    }
    for (unsigned i = 0; i < PIPES_MAX; i++) {
        const struct pipe *pipe = &world->pipes[i];
        for (unsigned side = 0; pipe->used && side < 2; side++) {
            bool dialling = side == 0 && pipe->links[0] == 0;
            if (dialling || (pipe->size[side] > 0 && !is_cut(world, pipe))) {
                next = earliest(next, pipe->due_ms[side]);
            }
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
    wtl__prng_init(&world->prng, seed);
    world->now_ms = 1000000; /* as the step host begins */
    world->latency_max_ms = (unsigned)wtl__prng_below(&world->prng, 20);
}

void world_deinit(struct world *world)
{
    for (unsigned i = 0; i < world->nodes_count; i++) {
        if (world->nodes[i].alive) {
            node_crash(&world->nodes[i]);
        }
        free(world->nodes[i].outbox);
    }
}

unsigned world_links(const struct world *world, const struct sim_node *a, const struct sim_node *b)
{
    unsigned count = 0;
    (void)world;
    struct wtl__link_row rows[64];
    uint32_t links = wtl__hub_links(a->hub, rows, 64);
    for (uint32_t i = 0; i < links && i < 64; i++) {
        count += strcmp(rows[i].peer, b->name) == 0 && rows[i].state == WTL__SESSION_UP;
    }
    return count;
}
