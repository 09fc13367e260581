/*
 * acceptor.h - a socket that listens, on the net loop: each connection is handed on as a file
 * descriptor, and whatever accept says, it listens on.
 *
 * What concerns one connection (it was reset, a firewall forbids it, a signal came) is passed over.
 * File descriptors can run out: one is kept in reserve, so that a connection can still be taken and
 * closed at once, and the loop does not spin on it. When that does not help, or the system has no
 * memory, the acceptor rests for a while, and everybody else on the loop goes on.
 *
 * Not here: who may come in, and how a socket is bound (listener.h for nodes, node/control.c for
 * commands). libuv's own streams are not used for it: they call accept again and again, in one turn
 * of the loop, as long as it fails.
 *
 * Thread: the net loop; open before it runs. Owns: the socket, and one descriptor in reserve.
 * Bounds: WTL__ACCEPTS_PER_TURN.
 */
#ifndef WTL_NET_ACCEPTOR_H
#define WTL_NET_ACCEPTOR_H

#include <sys/socket.h>

#include "net/loop.h"

/* Connections taken in one turn of the loop, so that links have theirs. */
#define WTL__ACCEPTS_PER_TURN 64u
/* How long it rests. */
#define WTL__ACCEPT_PAUSE_MS 100u

/* `fd` is connected and non-blocking. Owns: takes it. */
typedef void (*wtl__on_accept)(void *context, int fd, const struct sockaddr *from);

struct wtl__acceptor {
    uv_poll_t poll;
    struct wtl__loop_timer pause;
    struct wtl__loop *loop;
    wtl__on_accept on_accept;
    void *context;
    uint64_t *no_fds; /* counts those that were closed at once because descriptors had run out */
    int fd;           /* -1: not open */
    int reserve;      /* -1: it has been lost to somebody else */
};

/* Takes over a socket that listens and does not block. Owns: takes `fd`, also when it fails.
 * Returns an errno, 0 when it listens. */
int wtl__acceptor_open(struct wtl__acceptor *acceptor, struct wtl__loop *loop, int fd,
                       wtl__on_accept on_accept, void *context, uint64_t *no_fds) WTL_MUST_USE;

/* Stops accepting; the socket is closed at once. One that is not open is fine. Its memory must stay
 * until the loop was drained. */
void wtl__acceptor_close(struct wtl__acceptor *acceptor);

#endif
