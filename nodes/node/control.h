/*
 * control.h - the control socket of a node: a unix socket on its net loop, at which the command
 * asks questions; see control_frame.h for the bytes and inspect.h for who answers.
 *
 * The socket has mode 0600, and each connection is answered only when its user is the node's own or
 * root (SO_PEERCRED). A connection asks one question, gets one answer, and is closed.
 *
 * Thread: create and close from the owner's, never a worker's or the loop's; see node.h for the
 * order: create after wtl__node_create and before start, close before wtl__node_destroy, free
 * after. Owns: the socket and its file, the connections, the inspection actor's way to the net
 * loop. Bounds: WTL__CONTROL_CONNECTIONS_MAX connections, more are closed at once;
 * WTL__CONTROL_ASK_MS for a question to come in, and as long as it asks for until it is answered.
 */
#ifndef WTL_NODE_CONTROL_H
#define WTL_NODE_CONTROL_H

#include "node/inspect.h"
#include "node/node.h"

#define WTL__CONTROL_CONNECTIONS_MAX 64u
#define WTL__CONTROL_ASK_MS          5000u

struct wtl__control_socket;

/* Listens at `path` and spawns the inspection actor. A socket file that nobody answers at is
 * replaced. Fails: WTL_EXISTS (a node answers there), WTL_CONFIG (the path is too long, or its
 * folder is not there), WTL_DENIED, WTL_SYSTEM, WTL_NO_MEMORY. */
enum wtl_status wtl__control_create(struct wtl__node *node, const char *path,
                                    struct wtl__control_socket **control_out,
                                    struct wtl_error *error) WTL_MUST_USE;

/* Stops listening, removes the file, closes the connections. NULL is nothing. */
void wtl__control_close(struct wtl__control_socket *control);

/* When the node has been destroyed, and with it everything that could still answer. */
void wtl__control_free(struct wtl__control_socket *control);

#endif
