/* wires.c - the simulated connections. See world.h. */
#include <stdio.h>
#include <stdlib.h>

#include "intruder.h"
#include "model.h"

/* ---- ends: a hub, or the intruder ----------------------------------------------------------- */

static uint32_t end_open(struct sim_node *end, const struct wtl_identity *peer,
                         const uint8_t binding[32], const char *dialled)
{
    uint64_t now_ms = end->world->now_ms;
    if (end->intruder != NULL) {
        return intruder_open(end, peer, binding);
    }
    return wtl__hub_link_open(end->hub, peer, binding, dialled != NULL, dialled, now_ms);
}

static size_t end_fill(struct sim_node *end, uint32_t link, uint8_t *out, size_t capacity)
{
    if (end->intruder != NULL) {
        return intruder_fill(end, out, capacity);
    }
    return wtl__hub_fill(end->hub, link, out, capacity, end->world->now_ms);
}

static void end_bytes(struct sim_node *end, uint32_t link, const uint8_t *bytes, size_t size)
{
    struct world *world = end->world;
    if (end->intruder != NULL) {
        intruder_bytes(end, bytes, size);
    } else {
        wtl__hub_link_bytes(end->hub, link, bytes, size, world->now_ms, world_wall(world));
    }
}

static void end_closed(struct sim_node *end, uint32_t link, const char *address)
{
    uint64_t now_ms = end->world->now_ms;
    if (end->intruder != NULL) {
        intruder_closed(end);
    } else if (link != 0) {
        wtl__hub_link_closed(end->hub, link, WTL_CLOSED, now_ms);
        model_event(end);
    } else {
        wtl__hub_dial_failed(end->hub, address, WTL_NO_CONNECTION, now_ms);
        model_event(end);
    }
}

/* ---- begin and end -------------------------------------------------------------------------- */

void wire_dial(struct sim_node *from, const char *address)
{
    struct world *world = from->world;
    for (unsigned i = 0; i < PIPES_MAX; i++) {
        struct pipe *pipe = &world->pipes[i];
        if (!pipe->used) {
            *pipe = (struct pipe){.used = true, .generation = ++world->generations};
            pipe->ends[0] = from;
            pipe->ends[1] = world_named(world, address);
            pipe->due_ms[0] =
                world->now_ms + 1 + wtl__prng_below(&world->prng, world->latency_max_ms + 1);
            world->pipes_top = i >= world->pipes_top ? i + 1 : world->pipes_top;
            return;
        }
    }
    WTL_ASSERT(false); /* more connections than the world holds */
}

/* The connection is gone: each end that is still there hears of it. */
static void pipe_break(struct world *world, struct pipe *pipe)
{
    struct pipe gone = *pipe;
    free(pipe->bytes[0]);
    free(pipe->bytes[1]);
    *pipe = (struct pipe){0};
    if (gone.links[0] != 0) {
        world->loss_ms = world->now_ms;
        world_say(world, gone.ends[0], "and %s lose connection %lu", gone.ends[1]->name,
                  (unsigned long)gone.generation);
    }
    for (unsigned side = 0; side < 2; side++) {
        struct sim_node *end = gone.ends[side];
        if (end != NULL && end->alive && (gone.links[side] != 0 || side == 0)) {
            end_closed(end, gone.links[side], gone.ends[1] != NULL ? gone.ends[1]->name : "?");
        }
    }
}

void wire_break_all(struct sim_node *node)
{
    struct world *world = node->world;
    for (unsigned i = 0; i < world->pipes_top; i++) {
        struct pipe *pipe = &world->pipes[i];
        if (pipe->used && (pipe->ends[0] == node || pipe->ends[1] == node)) {
            pipe_break(world, pipe);
        }
    }
}

void world_break(struct world *world, struct sim_node *a, struct sim_node *b)
{
    for (unsigned i = 0; i < world->pipes_top; i++) {
        struct pipe *pipe = &world->pipes[i];
        bool between = (pipe->ends[0] == a && pipe->ends[1] == b) ||
                       (pipe->ends[0] == b && pipe->ends[1] == a);
        if (pipe->used && between) {
            pipe_break(world, pipe);
        }
    }
}

static struct pipe *pipe_of(struct sim_node *node, uint32_t link, unsigned *side_out)
{
    for (unsigned i = 0; i < node->world->pipes_top; i++) {
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

void wire_writable(struct sim_node *node, uint32_t link)
{
    unsigned side;
    struct pipe *pipe = pipe_of(node, link, &side);
    if (pipe != NULL) {
        pipe->writable[side] = true;
    }
}

void wire_close(struct sim_node *node, uint32_t link)
{
    unsigned side;
    struct pipe *pipe = pipe_of(node, link, &side);
    if (pipe != NULL) {
        pipe->closing[side] = true;
        pipe->dead[side] = true;
    }
}

static bool is_cut(const struct world *world, const struct pipe *pipe)
{
    return world->cut[world_index(pipe->ends[0])][world_index(pipe->ends[1])];
}

/* The handshake of a dial is over, or has failed. */
static void connect_pipe(struct world *world, struct pipe *pipe)
{
    uint8_t binding[32] = {0};
    struct sim_node *to = pipe->ends[1];
    if (to == NULL || !to->alive || is_cut(world, pipe) || !pipe->ends[0]->alive) {
        pipe_break(world, pipe);
        return;
    }
    uint64_t secret = wtl__prng_next(&world->prng);
    memcpy(binding, &secret, sizeof secret);
    for (unsigned side = 0; side < 2; side++) {
        const struct sim_node *peer = pipe->ends[1 - side];
        struct wtl_identity identity = {.layer = peer->layer};
        (void)snprintf(identity.mesh, sizeof identity.mesh, "sim");
        (void)snprintf(identity.tenant, sizeof identity.tenant, "default");
        (void)snprintf(identity.name, sizeof identity.name, "%s", peer->name);
        pipe->ids[side] = pipe->ends[side]->id;
        pipe->writable[side] = true;
        pipe->links[side] =
            end_open(pipe->ends[side], &identity, binding, side == 0 ? to->name : NULL);
        WTL_ASSERT(pipe->links[side] != 0);
    }
    world_say(world, pipe->ends[0], "connects to %s, connection %lu", to->name,
              (unsigned long)pipe->generation);
    world_note(world, 300);
}

/* ---- bytes ---------------------------------------------------------------------------------- */

/* Moves what an end wants to send onto the wire. */
static void pull(struct world *world, struct pipe *pipe, unsigned side)
{
    uint8_t record[WTL__FRAME_MAX];
    while (pipe->size[side] < 65536) {
        size_t size = end_fill(pipe->ends[side], pipe->links[side], record, sizeof record);
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

static size_t chunk_of(struct world *world, size_t size)
{
    if (world->whole_reads) {
        return size;
    }
    size_t limit = wtl__prng_below(&world->prng, 4) == 0 ? 7 : size;
    size_t chunk = 1 + wtl__prng_below(&world->prng, limit);
    return chunk > size ? size : chunk;
}

/* Brings some of the bytes under way to the other end, in a chunk of any size: in memory of just
 * that size, so that a reader past the end is seen. */
static void bring(struct world *world, struct pipe *pipe, unsigned side)
{
    struct sim_node *to = pipe->ends[1 - side];
    size_t chunk = chunk_of(world, pipe->size[side]);
    uint8_t *bytes = malloc(chunk);
    WTL_ASSERT(bytes != NULL);
    memcpy(bytes, pipe->bytes[side], chunk);
    memmove(pipe->bytes[side], pipe->bytes[side] + chunk, pipe->size[side] - chunk);
    pipe->size[side] -= chunk;
    if (!world->whole_reads && wtl__prng_below(&world->prng, 4) == 0) {
        /* the rest comes later: whatever was cut through is half there for a while */
        pipe->due_ms[side] =
            world->now_ms + wtl__prng_below(&world->prng, world->latency_max_ms + 1);
    }
    world->read_max = chunk > world->read_max ? chunk : world->read_max;
    world_note(world, 400 + chunk);
    bool fenced = pipe->dead[1 - side] && to->intruder == NULL;
    uint64_t before = fenced ? model_state(to) : 0;
    world->bringing = pipe;
    world->bringing_to = 1 - side;
    end_bytes(to, pipe->links[1 - side], bytes, chunk);
    world->bringing = NULL;
    free(bytes);
    if (fenced && model_state(to) != before) {
        violation(world, INV_FENCE, to, pipe->ends[side],
                  "expected bytes of the closed connection %lu to change nothing; they changed "
                  "names, nodes or counters",
                  (unsigned long)pipe->generation);
    }
    model_event(to);
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

bool wire_run(struct world *world)
{
    bool some = false;
    for (unsigned i = 0; i < world->pipes_top; i++) {
        some |= run_pipe(world, &world->pipes[i]);
    }
    return some;
}

uint64_t wire_next_ms(const struct world *world)
{
    uint64_t next = UINT64_MAX;
    for (unsigned i = 0; i < world->pipes_top; i++) {
        const struct pipe *pipe = &world->pipes[i];
        for (unsigned side = 0; pipe->used && side < 2; side++) {
            bool dialling = side == 0 && pipe->links[0] == 0;
            bool comes = pipe->size[side] > 0 && !is_cut(world, pipe);
            if ((dialling || comes) && pipe->due_ms[side] < next) {
                next = pipe->due_ms[side];
            }
        }
    }
    return next;
}

/* ---- questions ------------------------------------------------------------------------------ */

unsigned wire_state(const struct pipe *pipe, unsigned side)
{
    struct wtl__link_row rows[64];
    const struct sim_node *end = pipe->ends[side];
    uint32_t links = end->hub != NULL ? wtl__hub_links(end->hub, rows, 64) : 0;
    for (uint32_t i = 0; i < links && i < 64; i++) {
        if (rows[i].link == pipe->links[side]) {
            return rows[i].state;
        }
    }
    return 0;
}

bool wire_carries(const struct pipe *pipe, unsigned side)
{
    const struct sim_node *end = pipe->ends[side];
    return end->hub != NULL && pipe->links[side] != 0 &&
           wtl__core_may_speak(wtl__hub_core(end->hub), pipe->links[side], pipe->ids[1 - side]);
}
