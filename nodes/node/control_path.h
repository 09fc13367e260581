/*
 * control_path.h - where the control socket of a node is, for the node and for the command.
 *
 * Thread: any. Owns: plain values.
 */
#ifndef WTL_NODE_CONTROL_PATH_H
#define WTL_NODE_CONTROL_PATH_H

#include <wattle/status.h>
#include <wattle/types.h>

/* A socket's path with its NUL: what sockaddr_un holds. */
#define WTL__CONTROL_PATH_MAX 108u

/* The folders in which sockets are, best first: $XDG_RUNTIME_DIR/wattle (root: /run/wattle), or
 * /tmp/wattle-UID for a user without that variable. `index` 0 is where this user's nodes put
 * theirs; behind it comes /run/wattle. False: there is no such index. */
bool wtl__control_folder(unsigned index, char path_out[WTL__CONTROL_PATH_MAX]);

/* FOLDER/NAME.sock, where a node of that name listens unless it was told otherwise. Makes the
 * folder, mode 0700. Fails: WTL_SYSTEM, WTL_CONFIG (the folder belongs to somebody else, or its
 * path is too long for a socket). */
enum wtl_status wtl__control_path(const char *node, char path_out[WTL__CONTROL_PATH_MAX],
                                  struct wtl_error *error) WTL_MUST_USE;

#endif
