/*
 * dialer.h - one connection out: look the name up, connect, hand on the file descriptor. No policy:
 * when to dial, whom, and again, is decided elsewhere.
 *
 * Looking up is done by libuv's pool of threads, so a slow name server holds up other look-ups and
 * nothing else; a look-up that has not answered in time is given up here, and its answer is
 * dropped when it comes. Every address that the name has is tried in turn.
 *
 * Thread: the net loop. Owns: a dial frees itself after `done`; what it connected is the
 * receiver's.
 */
#ifndef WTL_NET_DIALER_H
#define WTL_NET_DIALER_H

#include "net/address.h"
#include "net/loop.h"

#define WTL__RESOLVE_MS 3000u
/* For each address of the name; DIAL_ADDRESSES of them at most are tried. */
#define WTL__CONNECT_MS     3000u
#define WTL__DIAL_ADDRESSES 8u

struct wtl__dial;

/* Called once. `fd` is connected and non-blocking, or -1 and `status` and `text` say why. */
typedef void (*wtl__on_dialled)(void *context, struct wtl__dial *dial, int fd,
                                enum wtl_status status, const char *text);

/* Begins; `done` comes later, never from within. NULL when memory is exhausted.
 * `address` must have been parsed. */
struct wtl__dial *wtl__dial_start(struct wtl__loop *loop, const struct wtl__address *address,
                                  wtl__on_dialled done, void *context);

/* Gives it up: `done` will not be called. Its memory goes when the loop has closed its parts. */
void wtl__dial_cancel(struct wtl__dial *dial);

#endif
