/*
 * node.h - a node: runtime, mesh and identity put together.
 *
 * create reads the identity, counts the incarnation, listens and spawns `$node`; nothing runs yet,
 * so others may still spawn actors with pids that are the same on every node, and register what
 * `$node` answers. start lets the mesh and the configured actors begin. stop ends both in order: no
 * new connections; actors stop, and their last messages and signals go out; a goodbye on each link;
 * sockets. destroy without stop is a crash, as seen by the others.
 *
 * Thread: the owner's, one at a time, never a worker's or the net loop's, unless a line says else.
 * Owns:   everything below it; several nodes may live in one process.
 */
#ifndef WTL_NODE_NODE_H
#define WTL_NODE_NODE_H

#include <wattle/runtime.h>

#include "net/net.h"
#include "node/config.h"
#include "node/port.h"
#include "node/root.h"

struct wtl__node;
struct wtl__desk; /* desk.h */

/* Fails: WTL_CONFIG, WTL_IDENTITY, WTL_EXISTS (port or state folder in use), WTL_SYSTEM,
 * WTL_NO_MEMORY; the text is the chain of what was being done and what to do. SIGPIPE is ignored in
 * this process from here on, unless it was handled. */
enum wtl_status wtl__node_create(const struct wtl__node_config *config, struct wtl__node **node_out,
                                 struct wtl_error *error) WTL_MUST_USE;

/* `$node` answers messages with that tag by that function; before start.
 * Fails: WTL_FULL, over WTL__ROOT_VERBS_MAX; WTL_EXISTS. */
enum wtl_status wtl__node_serve(struct wtl__node *node, struct wtl_tag tag, wtl__root_verb_fn run,
                                void *context) WTL_MUST_USE;

/* The node does not go on without that actor, which is one of its own; before start. `name`, which
 * is static, is what it is called when it has ended. Fails: WTL_FULL, over WTL__ROOT_VITAL_MAX. */
enum wtl_status wtl__node_depend(struct wtl__node *node, struct wtl_pid actor,
                                 const char *name) WTL_MUST_USE;

/* What the node's modules are asked for is asked there; before the control socket is made. */
void wtl__node_set_desk(struct wtl__node *node, struct wtl__desk *desk);
struct wtl__desk *wtl__node_desk(const struct wtl__node *node); /* NULL: it has no modules */

enum wtl_status wtl__node_start(struct wtl__node *node, struct wtl_error *error) WTL_MUST_USE;

/* Starts it if it was not, and returns when it has stopped: by SIGTERM or SIGINT, by
 * wtl__node_request_stop, or because what it was configured with, or what it depends on, has ended.
 * One node of a process at a time can be run so. WTL_OK: in order; WTL_TIMEOUT: not all had ended
 * in time; WTL_NO_PROCESS: it could not go on. */
enum wtl_status wtl__node_run(struct wtl__node *node, struct wtl_error *error) WTL_MUST_USE;

/* Makes wtl__node_run return. Thread: any, and signal handlers. */
void wtl__node_request_stop(struct wtl__node *node);

/* Stops in order, within the configured time. WTL_TIMEOUT: some actors were killed, or some bytes
 * have not gone out. */
enum wtl_status wtl__node_stop(struct wtl__node *node) WTL_MUST_USE;

/* Ends whatever still runs, at once. NULL is nothing. */
void wtl__node_destroy(struct wtl__node *node);

/* Thread: any, from create to destroy. */
const struct wtl_identity *wtl__node_identity(const struct wtl__node *node);
uint64_t wtl__node_id(const struct wtl__node *node);
const char *wtl__node_address(const struct wtl__node *node); /* "" when it does not listen */
struct wtl_runtime *wtl__node_runtime(struct wtl__node *node);
struct wtl__loop *wtl__node_loop(struct wtl__node *node);
struct wtl__port *wtl__node_port(struct wtl__node *node);
/* What the net holds is for the loop: see wtl__loop_call. */
struct wtl__net *wtl__node_net(struct wtl__node *node);

#endif
