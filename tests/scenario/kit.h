/*
 * kit.h - whole nodes in one process, on loopback, with real identities, and puppets on them.
 *
 * A puppet is an actor that writes down what happens to it and does what the test tells it: kit_do
 * runs a function as part of the actor and returns when it has. Waiting is kit_wait_for, which
 * looks at a condition until it holds, and aborts the test when that takes too long.
 *
 * Thread: the test's. Owns: nodes and puppets are the kit's, until kit_deinit; the folder goes too.
 */
#ifndef WTL_TEST_SCENARIO_KIT_H
#define WTL_TEST_SCENARIO_KIT_H

#include <pthread.h>

#include "node/node.h"

#define KIT_EVENTS_MAX  1024u
#define KIT_NODES_MAX   8u
#define KIT_PUPPETS_MAX 32u
#define KIT_WAIT_MS     20000u

enum kit_what { KIT_MESSAGE = 1, KIT_DOWN, KIT_EXITED, KIT_ANSWER };

struct kit_event {
    enum kit_what what;
    struct wtl_tag tag;
    struct wtl_pid from;
    struct wtl_reason reason;
    enum wtl_status status;
    struct wtl_pid pid; /* of an answer */
    char text[32];      /* key "name" of a message, or of the message that answers */
};

struct kit_puppet {
    struct kit_node *node;
    struct wtl_pid pid;
    pthread_mutex_t lock;
    uint32_t count; /* of events, under the lock */
    struct kit_event events[KIT_EVENTS_MAX];
    _Atomic(uint64_t) got;      /* messages "seq", which are not written down */
    _Atomic(uint64_t) next_seq; /* the number that the next of them must have */
    _Atomic(uint64_t) disorder;
};

struct kit_node {
    struct kit *kit;
    struct wtl__node *node;
    char bundle[128];
};

struct kit {
    char folder[64];
    struct kit_node nodes[KIT_NODES_MAX];
    uint32_t nodes_count;
    struct kit_puppet *puppets[KIT_PUPPETS_MAX];
    uint32_t puppets_count;
};

void kit_init(struct kit *kit);
void kit_deinit(struct kit *kit);

/* Issues an identity by the CA of that name (made when it is first used); the path of the bundle.
 */
const char *kit_issue(struct kit *kit, const char *ca, const char *name, enum wtl_layer layer,
                      char path_out[128]);

/* Starts a node of the mesh's CA; edge and cloud listen on a free port of loopback. It joins
 * `join`, when that is not NULL. */
struct kit_node *kit_start(struct kit *kit, const char *name, enum wtl_layer layer,
                           const struct kit_node *join);
/* The same with that bundle; `config` has the rest. */
struct kit_node *kit_start_with(struct kit *kit, struct wtl__node_config *config);
void kit_destroy(struct kit_node *node);

struct kit_puppet *kit_spawn(struct kit_node *node);

/* Runs `fn` as part of the puppet. */
typedef void (*kit_fn)(struct wtl_ctx *x, struct kit_puppet *puppet, void *argument);
void kit_do(struct kit_puppet *puppet, kit_fn fn, void *argument);

/* For calls that a test makes in kit_do: the puppet writes the answer down. */
enum wtl_status kit_on_answer(struct wtl_ctx *x, void *self, const struct wtl_answer *answer,
                              void *context);

/* Common deeds. Calls and questions write their answer down. */
void kit_tell(struct kit_puppet *puppet, struct wtl_pid to, const char *name);
void kit_call(struct kit_puppet *puppet, struct wtl_pid to, const char *name);
void kit_call_name(struct kit_puppet *puppet, const char *to, const char *name);
void kit_register(struct kit_puppet *puppet, const char *name);
void kit_whereis(struct kit_puppet *puppet, const char *name);
void kit_monitor(struct kit_puppet *puppet, struct wtl_pid of);
void kit_link(struct kit_puppet *puppet, struct wtl_pid to);
void kit_watch_nodes(struct kit_puppet *puppet);

/* Waits until `is_so` holds; `what` is what the test says when it does not. */
void kit_wait_for(const char *what, bool (*is_so)(void *argument), void *argument);

/* The first event of that kind from `*at` on (which moves behind it); waits for it. Tag NULL: any.
 */
struct kit_event kit_next(struct kit_puppet *puppet, uint32_t *at, enum kit_what what,
                          const char *tag);
/* How many events of that kind there are now. */
uint32_t kit_count(struct kit_puppet *puppet, enum kit_what what, const char *tag);

/* Waits until both know each other as up. */
void kit_wait_linked(struct kit_node *a, struct kit_node *b);
bool kit_knows(struct kit_node *node, const char *name);

/* Waits until the others have acknowledged all that this one has sent: what is lost with a node
 * then is lost there, and nothing here is refused because it never arrived. */
void kit_wait_acknowledged(struct kit_node *node);

struct wtl__admission_counters kit_admission(struct kit_node *node);

#endif
