/*
 * config.h - what a node is started with. The command fills it from its options; tests fill it
 * themselves.
 *
 * Thread: any; plain values. Owns: nothing; strings are borrowed until wtl__node_create returns,
 * the tree as long as the node lives.
 */
#ifndef WTL_NODE_CONFIG_H
#define WTL_NODE_CONFIG_H

#include <wattle/supervisor.h>

#include "certs/identity.h"
#include "mesh/core.h"

#define WTL__STOP_MS_DEFAULT 10000u
#define WTL__STOP_MS_MAX     600000u
/* A smaller cap would be used up by what each worker keeps at hand. */
#define WTL__MEMORY_MAX_MIN (16 * 1048576)

struct wtl__node_config {
    const char *bundle;       /* the identity: a file that `wattle id issue` has made. Mandatory */
    const char *revoked;      /* a file of revocation lists; NULL: nobody is known to be revoked */
    const char *listen;       /* host:port; NULL: does not listen. A device never does */
    const char *advertise;    /* host:port that others dial; NULL: where it listens */
    const char *const *joins; /* host:port each */
    uint32_t joins_count;     /* at most WTL__JOINS_MAX */
    const char *state;        /* the folder that it may write in; NULL: none, all state is lost */
    uint8_t link_class;       /* enum wtl__link_class; 0: by layer, WAN for a device, else LAN */
    uint32_t stop_ms;         /* how long an ordered stop may take; 0: WTL__STOP_MS_DEFAULT */
    uint64_t seed;            /* of jitter and wtl_random; 0: from the system */

    unsigned workers;    /* 0: one per CPU, two at least */
    uint32_t actors_max; /* 0: the runtime's default */
    uint64_t memory_max; /* bytes, of all nodes of the process together; 0: no cap */
    bool battery;

    /* Started with the node, under its root, which stops them in order; NULL: none. */
    const struct wtl_tree *tree;
};

/* Checks what can be checked without touching anything, for a node of that layer.
 * Fails: WTL_CONFIG; the text says what was expected, what came and what to do. */
enum wtl_status wtl__node_config_check(const struct wtl__node_config *config, enum wtl_layer layer,
                                       struct wtl_error *error) WTL_MUST_USE;

/* Fills in the core's part of it. `identity` is the bundle's, `node` its id of this run. */
void wtl__node_config_core(const struct wtl__node_config *config,
                           const struct wtl_identity *identity, uint64_t node, uint64_t seed,
                           struct wtl__core_config *core_out);

#endif
