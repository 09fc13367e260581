/*
 * control_private.h - what the files of the control socket share.
 *
 *   control.c         the socket and its connections
 *   control_answer.c  questions to the inspection actor, its questions to the net loop, its replies
 *
 * Thread: the net loop, but for wtl__control_source's functions.
 */
#ifndef WTL_NODE_CONTROL_PRIVATE_H
#define WTL_NODE_CONTROL_PRIVATE_H

#include "net/acceptor.h"
#include "node/control.h"
#include "node/control_path.h"
#include "sched/system.h"

/* One connection; the loop's until its close callback has run.
 *   reads -> is_asked -> is_answered -> closed, or closed from any of them */
struct wtl__connection {
    struct wtl__link link;
    struct wtl__control_socket *control;
    uint64_t id;
    uv_pipe_t pipe;
    uv_write_t write;
    struct wtl__loop_timer deadline;
    bool is_asked;
    bool is_answered;
    bool is_closed;
    uint8_t *out;
    size_t in_size;
    uint8_t in[4 + WTL__CONTROL_REQUEST_MAX + 1]; /* one more, to see that there is too much */
};

struct wtl__control_socket {
    /* written by create, read by all */
    struct wtl__node *node;
    struct wtl__loop *loop;
    struct wtl__runtime *runtime;
    struct wtl_pid inspect;
    uint64_t since_ms;

    /* the net loop's own */
    struct wtl__acceptor acceptor;
    uint64_t no_fds;
    char path[WTL__CONTROL_PATH_MAX]; /* of the file, which is ours; "": there is none */
    struct wtl__list connections;
    uint32_t connections_count;
    uint64_t next_id;
    bool is_closed;
};

struct wtl__connection *wtl__connection_find(struct wtl__control_socket *control, uint64_t id);

/* Sends the reply, copied, and closes the connection behind it. */
void wtl__connection_reply(struct wtl__connection *connection, const void *bytes, size_t size);
void wtl__connection_refuse(struct wtl__connection *connection, enum wtl_status status,
                            const char *text);

/* A question has come in whole. */
void wtl__control_ask(struct wtl__connection *connection, const uint8_t *bytes, size_t size);

struct wtl__inspect_source wtl__control_source(struct wtl__control_socket *control);

#endif
