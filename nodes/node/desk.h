/*
 * desk.h - what a node's modules are asked for from outside: which versions there are, and another
 * one in the place of the one that runs. The inspection actor asks (inspect_module.c), and knows no
 * module; this is its way to them.
 *
 * Thread: as it says. Owns: a desk is its maker's, from before wtl__node_start until the runtime
 * has stopped.
 */
#ifndef WTL_NODE_DESK_H
#define WTL_NODE_DESK_H

#include "actor/runtime.h"

/* An upgrade that is asked for. */
struct wtl__desk_order {
    const char *name;
    const char *path;
    uint32_t within_ms;
    struct wtl_pid asker; /* is answered by wtl__answer, with that request: a text */
    uint64_t request;
};

struct wtl__desk {
    /* Reads files: not for a worker. */
    void (*upgrade)(struct wtl__desk *desk, const struct wtl__desk_order *order);
    /* Counts the actors of each version, and answers the asker when all are counted. NULL: no
     * memory. Thread: the asker's. */
    void *(*look)(struct wtl__desk *desk, struct wtl__ctx *x, struct wtl_pid asker,
                  uint64_t request);
    /* Rows of [name, version, state, actors, ABI, bytes, age in ms], as far as it was counted;
     * returns how many. Thread: the asker's. */
    uint32_t (*put)(struct wtl__desk *desk, void *look, struct wtl_writer *rows);
    void (*end)(struct wtl__desk *desk, void *look);
};

#endif
