/* node_private.h - what the files of the node share. See node.h. */
#ifndef WTL_NODE_NODE_PRIVATE_H
#define WTL_NODE_NODE_PRIVATE_H

#include "node/attach.h"
#include "node/incarnation.h"
#include "node/node.h"

/* What is written into a node's pipe: why it shall stop. */
#define WTL__STOP_ASKED  's'
#define WTL__STOP_FAILED 'f' /* something that it depends on has ended */

struct wtl__node {
    struct wtl_bundle bundle;
    struct wtl__incarnation incarnation;
    struct wtl__revocation *revocation; /* NULL: none */
    struct wtl_tls_context *tls;
    struct wtl_runtime *runtime;
    struct wtl__loop *loop;
    struct wtl__net *net;
    struct wtl__port port;
    struct wtl__attach_signer signer;
    struct wtl__root_config root_config;
    const char *vital_names[WTL__ROOT_VITAL_MAX];
    char failed[128]; /* why it cannot go on; written by the root before it asks for the stop */
    struct wtl_pid root;
    struct wtl__desk *desk; /* NULL: none */
    uint64_t id;
    uint64_t seed;
    uint32_t stop_ms;
    bool has_port;
    bool is_started;
    bool is_stopped;
    int stop_read; /* a pipe, because a signal handler writes into it */
    int stop_write;
};

/* Makes wtl__node_run return, with that byte. Thread: any, and signal handlers. */
void wtl__node_ask_stop(const struct wtl__node *node, char why);

#endif
