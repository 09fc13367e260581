/*
 * stage_kit.h - flows that run in a test: nodes in one process, in virtual time and from a seed.
 *
 * Each node is a seeded step runtime with a host of flows as its second actor, as a real node has
 * it. The nodes are joined by a port of the kit's own: what is sent waits in a queue per pair of
 * nodes, in order, and the seed decides which node runs or receives next. Links can be cut and
 * nodes can die. The actors of module `t` write down what happens in `world`, which outlives them.
 *
 * Thread: the test's. Owns: everything; net_deinit proves that no actor, alarm or byte is left.
 */
#ifndef WTL_TEST_FLOW_STAGE_KIT_H
#define WTL_TEST_FLOW_STAGE_KIT_H

#include <criterion/criterion.h>
#include <wattle/flow.h>

#include "flow/host.h"
#include "flow/plan.h"
#include "sched/step.h"

#define NET_NODES_MAX 8u
#define NET_NAMES_MAX 16u
#define NET_QUEUE_MAX 65536u

struct net_letter {
    struct wtl__envelope *envelope;
    struct wtl_pid to;
};

struct net_queue {
    struct net_letter *letters;
    uint32_t first;
    uint32_t count;
    bool cut; /* what is sent is lost, and both sides are told that the other is down */
};

struct net_node {
    struct wtl__step step;
    struct net *net;
    uint32_t index;
    bool up;
    uint64_t lives; /* incarnations */
    char name[32];
    char layer[8];
    struct wtl_pid boss; /* the first actor */
};

struct net_name {
    char name[64];
    struct wtl_pid pid;
};

struct net {
    uint32_t count;
    struct net_node nodes[NET_NODES_MAX];
    struct net_queue queues[NET_NODES_MAX][NET_NODES_MAX];
    struct net_name names[NET_NAMES_MAX];
    struct wtl__prng choice;
    uint64_t seed;
    uint64_t used_bytes;
    char state[32]; /* the folder that all nodes have for what outlives them; "": none */
    bool alone;     /* one node without a port */
};

extern struct net net;

/* "edge-1" is a node of layer edge. One node alone has no port, unless net_join is called. */
void net_init(uint64_t seed);
/* From here on nodes have a folder for what outlives them; net_deinit removes it. */
void net_keep_state(void);
uint32_t net_add(const char *name);
void net_deinit(void);
#define NET_SEEDS(n) for (uint64_t seed = 1; seed <= (n); seed++)

/* Runs until nothing can run and nothing is on its way; time stands still. */
void net_settle(void);
/* Runs so many steps, or until nothing can run. False: nothing can. */
bool net_steps(uint32_t count);
void net_advance(uint64_t ms);
uint64_t net_now_ms(void);

/* A node dies with all that is on it, or comes back with another incarnation; a link is cut or
 * restored. Everybody else is told. */
void net_die(uint32_t node);
void net_revive(uint32_t node);
void net_cut(uint32_t a, uint32_t b, bool cut);

uint64_t net_id(uint32_t node);
uint32_t net_index(uint64_t id); /* UINT32_MAX: none is up that has it */
bool net_lives(struct wtl_pid pid);
/* The first actor of a node whose type has that name, as stages have theirs; nothing runs
 * meanwhile. WTL_PID_NONE: there is none, or the node is not up. */
struct wtl_pid net_actor(uint32_t node, const char *type);
void net_exit(struct wtl_pid pid, struct wtl_reason reason);
void net_tell(struct wtl_pid pid, struct wtl_tag tag);

/* Asks the host of a node to start a flow, and does not wait. */
void net_begin(uint32_t node, const char *source);
/* Starts a flow by the host of a node, or ends it; settles. */
enum wtl_status net_start(uint32_t node, const char *source);
enum wtl_status net_stop(uint32_t node, const char *name);

/* The first actor of each node, which calls for the test. */
extern const struct wtl_actor net_boss;

/* A call from the boss of a node, answered while the kit settles. */
struct net_answer {
    bool came;
    enum wtl_status status;
    struct wtl_pid pid;
    uint32_t size;
    uint8_t bytes[65536];
};
extern struct net_answer net_answer;
void net_call(uint32_t node, struct wtl_pid to, struct wtl_tag tag, const void *bytes, size_t size);

/* One number of "flow.show", by stage and node; NULL: of any node, summed. */
enum net_column {
    NET_IN = 4,
    NET_OUT,
    NET_ACKED,
    NET_DROPPED,
    NET_RESTARTS,
    NET_WAITING,
    NET_REDELIVERED,
    NET_LOST
};
uint64_t net_show(const char *flow, const char *stage, const char *node, enum net_column column);
/* The state and the pid of the only, or first, instance of a stage. */
const char *net_state(const char *flow, const char *stage, const char *node);
struct wtl_pid net_pid(const char *flow, const char *stage, const char *node);

/* ---- module t ------------------------------------------------------------------------------ */

#define WORLD_SOURCES_MAX 8u
#define WORLD_SEEN_MAX    40000u

/* One message that a consumer or processor has seen. */
struct seen {
    char who[16];   /* the setting `name` of the stage */
    int64_t value;  /* as it came */
    int64_t origin; /* which node's source made it */
    int64_t number; /* the source's own */
    struct wtl_key key;
    bool redelivered;
    uint64_t at_ms;
};

struct source {
    int64_t limit; /* emits so many */
    int64_t made;  /* were accepted */
    int64_t burst; /* at most, by one message; 0: until refused */
    uint64_t refused;
    uint64_t readies;
    uint64_t demanded;
    int64_t most_ahead; /* accepted and not seen by any consumer, at most */
    int64_t got_back;
    int64_t last_back;
    int64_t size; /* bytes of padding */
    struct wtl_pid pid;
};

struct world {
    struct source sources[WORLD_SOURCES_MAX]; /* by node */
    struct seen *seen;
    uint32_t seen_count;
    int64_t done; /* distinct numbers that consumers named "sink" have seen */
    bool marks[WORLD_SOURCES_MAX][WORLD_SEEN_MAX]; /* which they are */
    uint32_t inits;                                /* of processors */
    enum wtl_status back_status;
    bool hold; /* consumers answer WTL_LATER and remember the key */
    struct wtl_key held[4096];
    uint32_t held_count;
    int64_t crash_at; /* a processor ends at that number, once */
    bool poison;      /* and again and again */
    void (*hook)(struct wtl_ctx *x, const struct wtl_msg *message, const char *who);
};

extern struct world world;

/* Registers the actors of module t:
 *   src    producer: {value: n, origin, number}, value from the setting `value`
 *   add    processor: adds its setting `by`
 *   wait   processor: goes on `ms` later
 *   dup    processor: emits twice; drop: emits only even numbers
 *   tick   processor with a timer of its own; state
 *   sink   consumer: writes down; back: also sends back; asker: asks for `ask` at a time */
void world_init(void);

/* How often that stage has seen something, and the n-th of it. */
uint32_t seen_count(const char *who);
const struct seen *seen_at(const char *who, uint32_t n);
/* Fails unless `who` has seen numbers 1..count of that node, the first time in order. */
void seen_all(const char *who, int64_t origin, int64_t count);

#endif
