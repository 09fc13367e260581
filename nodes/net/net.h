/*
 * net.h - the sockets of one node and its hub, put together on the net loop.
 *
 * The hub asks to dial, to write and to close from within its calls and must not be called back
 * meanwhile, so these wishes are queued and carried out in the same turn of the loop
 * (wtl__net_finish). Everything about messages, nodes and names goes to the owner's functions as
 * the hub calls them.
 *
 * Thread: the net loop, or anyone while it does not run; create and destroy from the owner's.
 * Owns:   its links, its listener and the hub.
 */
#ifndef WTL_NET_NET_H
#define WTL_NET_NET_H

#include "mesh/hub.h"
#include "net/address.h"
#include "net/admission.h"
#include "net/loop.h"
#include "net/revocation.h"
#include "net/tls.h"

struct wtl__net;

/* Dials at the same time; more fail at once, and the core tries again later. */
#define WTL__NET_DIALS_MAX 64u

/* From the wish to close a link to the end of its socket, whatever the peer does. */
#define WTL__LINK_CLOSE_MS 1000u

struct wtl__net_config {
    struct wtl__loop *loop;
    struct wtl_tls_context *tls; /* borrowed; outlives the net */
    /* Started and stopped by the net, which cuts the links of those that are revoked; the same is
     * to be the gate of `tls`. Borrowed; outlives the net. NULL: none. */
    struct wtl__revocation *revocation;
    struct wtl__core_config core; /* its address is set to where the node listens */
    const char *listen;           /* NULL: does not */
    const char *advertise;        /* what others dial; NULL: the address that was bound */
    /* Of this table dial, writable and close are the net's own and ignored. */
    struct wtl__hub_port port;
};

/* Listens (connections wait until the loop runs) and makes the hub.
 * Fails: as wtl__listener_open; WTL_NO_MEMORY; WTL_CONFIG when the address to advertise is longer
 * than WTL_NAME_MAX. */
enum wtl_status wtl__net_create(const struct wtl__net_config *config, struct wtl__net **net_out,
                                struct wtl_error *error) WTL_MUST_USE;

/* Closes every socket as it is and frees all; the loop must be stopped. It drains the loop. */
void wtl__net_destroy(struct wtl__net *net);

/* Where it listens, "host:port"; "" when it does not. Thread: any, after create. */
const char *wtl__net_address(const struct wtl__net *net);

struct wtl__hub *wtl__net_hub(struct wtl__net *net);

/* Carries out what the hub has asked for since the last turn. True: there is more to do at once. */
bool wtl__net_finish(struct wtl__net *net);

/* Stops accepting. */
void wtl__net_stop_listening(struct wtl__net *net);

/* Says goodbye to the mesh when all that was sent is acknowledged, or after WTL__LEAVE_MS; each
 * link closes when its last words have gone, within a second. */
void wtl__net_goodbye(struct wtl__net *net, enum wtl_status why);

/* Sockets that are open, and bytes that wait in them. */
uint32_t wtl__net_sockets(const struct wtl__net *net);
size_t wtl__net_unsent(const struct wtl__net *net);

const struct wtl__admission_counters *wtl__net_admission(const struct wtl__net *net);

#endif
