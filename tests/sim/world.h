/*
 * world.h - several nodes in one process, one thread and virtual time, from one seed.
 *
 * Each node is a real runtime (sched/step.h) with real actors and a real hub (mesh/hub.h); only
 * TLS, sockets and the clock are replaced: links move authenticated bytes with a latency, cut into
 * chunks of any size, and can be cut, healed, or die with their node. A stream never loses or
 * reorders bytes, as TCP does not.
 *
 * Thread: one. Owns: everything.
 */
#ifndef WTL_SIM_WORLD_H
#define WTL_SIM_WORLD_H

#include "mesh/hub.h"
#include "sched/step.h"

#define NODES_MAX 16u
#define PIPES_MAX 256u

struct world;

struct pending_send {
    struct wtl_pid to;
    struct wtl__envelope *envelope;
};

struct sim_node {
    struct world *world;
    char name[WTL_NAME_MAX + 1];
    enum wtl_layer layer;
    char joins[4][WTL_NAME_MAX + 1];
    unsigned joins_count;
    unsigned incarnation;
    bool alive;
    struct wtl__step step;
    struct wtl__hub *hub;
    struct pending_send *outbox;
    uint32_t outbox_count, outbox_capacity;
    uint64_t ups, downs;                 /* node events seen */
    void (*boot)(struct sim_node *node); /* spawns its actors, after each start */
};

/* One connection between two nodes; side 0 has dialled. */
struct pipe {
    bool used;
    bool closing[2];
    struct sim_node *ends[2];
    uint32_t links[2];
    uint8_t *bytes[2]; /* from that side */
    size_t size[2], capacity[2];
    uint64_t due_ms[2];
    bool writable[2];
};

struct world {
    struct wtl__prng prng;
    uint64_t now_ms;
    struct sim_node nodes[NODES_MAX];
    unsigned nodes_count;
    struct pipe pipes[PIPES_MAX];
    bool cut[NODES_MAX][NODES_MAX]; /* no bytes pass between them */
    unsigned latency_max_ms;
    uint64_t events;
    uint64_t trace; /* a hash of all that happened */
};

void world_init(struct world *world, uint64_t seed);
void world_deinit(struct world *world);

struct sim_node *world_add(struct world *world, const char *name, enum wtl_layer layer,
                           const char *const joins[], void (*boot)(struct sim_node *node));
void node_start(struct sim_node *node);
/* Dies without a word: nothing that it held is kept, its connections break. */
void node_crash(struct sim_node *node);

/* Cuts or heals all traffic between two nodes; bytes under way wait. */
void world_cut(struct world *world, struct sim_node *a, struct sim_node *b, bool cut);

/* Runs for that long in virtual time. */
void world_run(struct world *world, uint64_t ms);

/* The links that are up between two nodes. */
unsigned world_links(const struct world *world, const struct sim_node *a, const struct sim_node *b);

#endif
