/*
 * world.h - several nodes in one process, one thread and virtual time, from one seed.
 *
 * Each node is a real runtime (sched/step.h) with real actors and a real hub (mesh/hub.h); only
 * TLS, sockets and the clock are replaced: links move authenticated bytes with a latency, cut into
 * chunks of any size, and can be cut, healed, or die with their node. A stream never loses or
 * reorders bytes, as TCP does not. Everything that happens is told to the model (model.h), which
 * knows what may happen.
 *
 *   world.c   nodes: start, crash, cuts; virtual time
 *   ports.c   what the runtime wants of the hub, and what the hub tells
 *   wires.c   connections: dial, handshake, bytes
 *
 * Thread: one. Owns: everything.
 */
#ifndef WTL_SIM_WORLD_H
#define WTL_SIM_WORLD_H

#include "mesh/hub.h"
#include "sched/step.h"

#define NODES_MAX 16u /* the last place is the intruder's */
#define PIPES_MAX 256u
/* Virtual time begins here, as the step host's does. */
#define TIME_BEGIN_MS 1000000u
/* Virtual wall clock at the begin: 2026-01-01, in Unix seconds. */
#define WALL_BEGIN INT64_C(1767225600)

struct world;
struct model;
struct intruder;

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
    uint64_t id; /* of the present incarnation, or of the last one */
    bool alive;
    bool cannot_sign; /* where it is attached: its record ends in time */
    struct wtl__step step;
    struct wtl__hub *hub;
    struct intruder *intruder; /* instead of a runtime and a hub */
    struct pending_send *outbox;
    uint32_t outbox_count, outbox_capacity;
    uint64_t waiting[NODES_MAX];         /* bytes in the hub's outboxes, by node */
    void (*boot)(struct sim_node *node); /* spawns its actors, after each start */
};

/* One connection between two nodes; side 0 has dialled. */
struct pipe {
    bool used;
    bool closing[2];
    bool dead[2]; /* that end's hub has closed it: what still comes is of a past generation */
    uint64_t generation;
    struct sim_node *ends[2];
    uint64_t ids[2]; /* who they were when it was made */
    uint32_t links[2];
    uint8_t *bytes[2]; /* from that side */
    size_t size[2], capacity[2];
    uint64_t due_ms[2];
    bool writable[2];
};

struct world {
    uint64_t seed;
    struct wtl__prng prng;
    uint64_t now_ms;
    struct sim_node nodes[NODES_MAX];
    unsigned nodes_count;
    struct pipe pipes[PIPES_MAX];
    unsigned pipes_top; /* those from here on were never used */
    uint64_t generations;
    const struct pipe *bringing; /* whose bytes a hub reads at this moment, and to which side */
    unsigned bringing_to;
    bool cut[NODES_MAX][NODES_MAX]; /* no bytes pass between them */
    uint64_t loss_ms;               /* when a link was lost or cut last, 0: never */
    unsigned latency_max_ms;
    bool whole_reads; /* what is under way comes in one read, instead of chunks of any size */
    size_t read_max;  /* the largest read */
    bool healing;     /* nobody starts or ends anything new */
    bool calm;        /* nobody does anything: what is under way comes to its end */
    uint64_t seeks;   /* questions of seekers.h */
    uint64_t events;
    uint64_t trace; /* a hash of all that happened */
    struct model *model;
};

void world_init(struct world *world, uint64_t seed);
/* Crashes every node; frees everything. */
void world_deinit(struct world *world);

struct sim_node *world_add(struct world *world, const char *name, enum wtl_layer layer,
                           const char *const joins[], void (*boot)(struct sim_node *node));
void node_start(struct sim_node *node);
/* Dies without a word: nothing that it held is kept, its connections break. */
void node_crash(struct sim_node *node);

/* Cuts or heals all traffic between two nodes; bytes under way wait. */
void world_cut(struct world *world, struct sim_node *a, struct sim_node *b, bool cut);
/* The connections between two nodes break; both may dial again. */
void world_break(struct world *world, struct sim_node *a, struct sim_node *b);

/* Runs for that long in virtual time. */
void world_run(struct world *world, uint64_t ms);

unsigned world_index(const struct sim_node *node);
/* The node with that identity, in whatever incarnation; NULL: none. */
struct sim_node *world_node(struct world *world, uint64_t id);
struct sim_node *world_named(struct world *world, const char *name);
uint64_t world_id(const struct sim_node *node);
int64_t world_wall(const struct world *world);
/* Something has happened: it becomes part of the trace. */
void world_note(struct world *world, uint64_t what);
/* Prints a line of the story with the virtual time, if anybody wants to read it. */
extern bool world_tells;
void world_say(const struct world *world, const struct sim_node *node, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* ---- ports.c -------------------------------------------------------------------------------- */

void port_plug(struct sim_node *node);
struct wtl__hub_port port_of_hub(struct sim_node *node);

/* ---- wires.c -------------------------------------------------------------------------------- */

void wire_dial(struct sim_node *from, const char *address);
/* That end's hub has bytes to send, or wants the connection closed. */
void wire_writable(struct sim_node *node, uint32_t link);
void wire_close(struct sim_node *node, uint32_t link);
/* What that node is an end of breaks. */
void wire_break_all(struct sim_node *node);
/* Moves bytes where time allows; true when something happened. */
bool wire_run(struct world *world);
uint64_t wire_next_ms(const struct world *world);

/* The state of a connection at that end: an enum wtl__session_state, 0 when there is none. */
unsigned wire_state(const struct pipe *pipe, unsigned side);
/* Does that end take data of its peer on it? */
bool wire_carries(const struct pipe *pipe, unsigned side);

#endif
