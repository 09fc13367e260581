/*
 * client.h - one question to a node over its control socket, and its answer.
 *
 * Thread: one; it waits. Owns: the caller frees the answer's bytes.
 */
#ifndef WTL_CLI_CLIENT_H
#define WTL_CLI_CLIENT_H

#include "node/control_frame.h"
#include "node/control_path.h"

/* Nodes of one machine that are looked at. */
#define WTL__SOCKETS_MAX 64u

/* Does a node accept connections there? WTL_OK, WTL_DENIED (the socket is another user's),
 * WTL_NOT_FOUND. */
enum wtl_status wtl__client_probe(const char *path) WTL_MUST_USE;

/* The sockets of this machine's nodes that accept connections; returns how many. */
uint32_t wtl__client_sockets(char paths_out[WTL__SOCKETS_MAX][WTL__CONTROL_PATH_MAX]);

/* Asks, and waits for the answer's bytes until `timeout_ms` have passed.
 * Fails: WTL_NOT_FOUND (nobody listens), WTL_DENIED, WTL_TIMEOUT, WTL_CLOSED, WTL_TOO_LARGE,
 * WTL_NO_MEMORY, WTL_SYSTEM; the text says at which step. */
enum wtl_status wtl__client_ask(const char *path, const struct wtl__request *request,
                                int64_t timeout_ms, uint8_t **bytes_out, size_t *size_out,
                                struct wtl_error *error) WTL_MUST_USE;

#endif
