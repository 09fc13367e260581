/*
 * listener.h - the socket that a node listens on; each connection that admission lets in is handed
 * on as a file descriptor.
 *
 * Thread: the net loop; open before it runs.
 * Owns:   its socket. A file descriptor that was handed on is the receiver's.
 */
#ifndef WTL_NET_LISTENER_H
#define WTL_NET_LISTENER_H

#include "net/acceptor.h"
#include "net/address.h"
#include "net/admission.h"

#define WTL__LISTEN_BACKLOG 1024

struct wtl__listener {
    struct wtl__acceptor acceptor;
    struct wtl__admission *admission;
    wtl__on_accept on_accept; /* of those that were counted in by admission */
    void *context;
};

/* Binds and listens; *bound_out is the address with the port that it got.
 * Fails: WTL_CONFIG for a malformed address, WTL_EXISTS when the port is in use, WTL_DENIED for a
 * port below 1024, WTL_INVALID for an address that this machine does not have; the text says what
 * to do. */
enum wtl_status wtl__listener_open(struct wtl__listener *listener, struct wtl__loop *loop,
                                   const char *address, struct wtl__admission *admission,
                                   wtl__on_accept let_in, void *context,
                                   char bound_out[WTL__ADDRESS_TEXT],
                                   struct wtl_error *error) WTL_MUST_USE;

/* Stops accepting; the socket is closed at once. One that is not open is fine. Its memory must stay
 * until the loop was drained. */
void wtl__listener_close(struct wtl__listener *listener);

#endif
