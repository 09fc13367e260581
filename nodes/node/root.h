/*
 * root.h - the actor `$node`: the first of every node, so that its pid is known on all of them
 * before any name is.
 *
 * It has slot 0 of generation 1. It supervises what the node was configured with, watches the
 * actors that a node cannot do without, and answers requests that others have registered with the
 * node: by tag, one function each. "ping" is its own, answered with {node, name, layer}.
 *
 * Thread: a verb runs as part of the actor, on a worker. Owns: nothing of the node's.
 */
#ifndef WTL_NODE_ROOT_H
#define WTL_NODE_ROOT_H

#include <wattle/supervisor.h>

#define WTL__ROOT_LOCAL     (UINT64_C(1) << WTL_PID_SLOT_BITS)
#define WTL__ROOT_NAME      "$node"
#define WTL__ROOT_VERBS_MAX 16u
#define WTL__ROOT_VITAL_MAX 4u

/* One request or message of that tag. As wtl_actor.handle, with the context that was registered. */
typedef enum wtl_status (*wtl__root_verb_fn)(struct wtl_ctx *x, void *context,
                                             const struct wtl_msg *message);

struct wtl__root_verb {
    struct wtl_tag tag;
    wtl__root_verb_fn run;
    void *context;
};

/* What the root needs of its node; outlives it. */
struct wtl__root_config {
    uint64_t node;
    const char *name;
    const char *layer;
    const struct wtl_tree *tree; /* NULL: none. Read when "start" comes */
    struct wtl__root_verb verbs[WTL__ROOT_VERBS_MAX];
    uint32_t verbs_count;
    struct wtl_pid vital[WTL__ROOT_VITAL_MAX]; /* read when "start" comes */
    uint32_t vital_count;
    /* What it supervised, or one of the vital actors, has ended, and nobody asked for that. May be
     * NULL. */
    void (*ended)(void *context, struct wtl_pid who, struct wtl_reason reason);
    void *context;
};

/* The behaviour; its settings are a pointer to the config. */
struct wtl__root_settings {
    struct wtl__root_config *config;
};
extern const struct wtl_actor wtl__root_actor;

#endif
