/*
 * hub.h - one node's mesh put together: sessions, associations, relay and the core behind one
 * sans-I/O object. The simulator drives it, and the node's network loop drives the same.
 *
 * Bytes and local sends go in; bytes to be sealed are pulled out per link; messages for actors of
 * this node, and what happened to nodes and names, come out through the port functions.
 *
 * A relay passes DATA on by handle, from link to link, without looking into it; OPEN, ACK, RESET
 * and NAMES that are for others are passed on by their destination, with one hop less. A hop
 * acknowledges nothing.
 *
 * Thread: one at a time. Owns: links by number; every envelope that it was given.
 */
#ifndef WTL_MESH_HUB_H
#define WTL_MESH_HUB_H

#include "mesh/assoc.h"
#include "mesh/core.h"
#include "mesh/session.h"

/* Bytes that a relay holds for one link before it stops reading from the links that feed it. */
#define WTL__RELAY_MAX (8u * 1024 * 1024)

/* How long a node that leaves waits for what it has sent to be acknowledged. */
#define WTL__LEAVE_MS 500u

struct wtl__hub;

/* What the hub asks of its driver, and tells it. All of them are called from within hub calls, and
 * must not call the hub. */
struct wtl__hub_port {
    void *context;
    /* A message for an actor of this node. Owns: takes the envelope. */
    void (*deliver)(void *context, uint64_t to_local, struct wtl__envelope *envelope);
    /* A message that cannot reach its node: to be answered to its sender (a call, link, monitor),
     * or dropped and counted. Owns: takes it. */
    void (*refuse)(void *context, struct wtl_pid to, struct wtl__envelope *envelope);
    void (*node_up)(void *context, uint64_t node, const char *name, uint8_t layer);
    void (*node_down)(void *context, uint64_t node, enum wtl_status why);
    void (*name_answer)(void *context, struct wtl_pid asker, uint64_t request,
                        enum wtl_status status, struct wtl_pid holder);
    void (*name_lost)(void *context, struct wtl_pid pid, const char *name);
    /* Dial; answered by wtl__hub_link_open or wtl__hub_dial_failed. */
    void (*dial)(void *context, const char *address, const char *expected);
    /* The link has bytes to send: pull them by wtl__hub_fill. */
    void (*writable)(void *context, uint32_t link);
    /* The link is over; when what fill still gives has gone, close the socket. */
    void (*close)(void *context, uint32_t link, enum wtl_status why, const char *text);
    /* The room in the outbox towards that node has changed: `bytes` wait. */
    void (*waiting)(void *context, uint64_t node, uint64_t bytes);
};

enum wtl_status wtl__hub_create(const struct wtl__core_config *config,
                                const struct wtl__hub_port *port, uint64_t now_ms,
                                struct wtl__hub **hub_out) WTL_MUST_USE;
void wtl__hub_destroy(struct wtl__hub *hub);

/* A TLS handshake is over: `identity` is verified, `binding` is the exporter. Returns the number of
 * the link, from 1; 0 when there are too many, or this node has left. */
uint32_t wtl__hub_link_open(struct wtl__hub *hub, const struct wtl_identity *identity,
                            const uint8_t binding[32], bool dialled, const char *expected,
                            uint64_t now_ms);
/* Decrypted bytes of that link. */
void wtl__hub_link_bytes(struct wtl__hub *hub, uint32_t link, const uint8_t *bytes, size_t size,
                         uint64_t now_ms, int64_t wall_s);
/* The socket is gone. */
void wtl__hub_link_closed(struct wtl__hub *hub, uint32_t link, enum wtl_status why,
                          uint64_t now_ms);
void wtl__hub_dial_failed(struct wtl__hub *hub, const char *address, enum wtl_status why,
                          uint64_t now_ms);

/* Whole frames to be sealed as one record: control lane first, then relays and associations in
 * turn. Returns their bytes; 0: nothing to send now. */
size_t wtl__hub_fill(struct wtl__hub *hub, uint32_t link, uint8_t *out, size_t capacity,
                     uint64_t now_ms);

/* Sends an envelope of this node's to an actor of another. Owns: takes it, also when it fails (it
 * is then refused through the port). */
void wtl__hub_send(struct wtl__hub *hub, struct wtl_pid to, struct wtl__envelope *envelope,
                   uint64_t now_ms);

/* Is there a node that can be reached and has not acknowledged everything? */
bool wtl__hub_is_awaited(const struct wtl__hub *hub);

/* This node leaves in order: when all that it has sent is acknowledged, or after WTL__LEAVE_MS, who
 * knows it is told that it is down, WTL_SHUTDOWN, and every link is closed through the port. Nobody
 * is dialled any more. To be called when the actors have ended; calling it again does nothing. */
void wtl__hub_leave(struct wtl__hub *hub, uint64_t now_ms);

void wtl__hub_tick(struct wtl__hub *hub, uint64_t now_ms, int64_t wall_s);
uint64_t wtl__hub_deadline_ms(const struct wtl__hub *hub);

/* The core, for names and questions; after a call to it that can have effects, wtl__hub_pump. */
struct wtl__core *wtl__hub_core(struct wtl__hub *hub);
void wtl__hub_pump(struct wtl__hub *hub, uint64_t now_ms);

struct wtl__link_row {
    uint32_t link;
    char peer[WTL_NAME_MAX + 1];
    uint8_t layer;
    bool dialled;
    uint8_t state; /* enum wtl__session_state */
    uint32_t rtt_us;
    uint64_t since_ms;
    uint64_t frames_in, frames_out, bytes_in, bytes_out;
    uint64_t relayed;
    uint64_t waiting_bytes;
};
uint32_t wtl__hub_links(const struct wtl__hub *hub, struct wtl__link_row *rows, uint32_t max);

/* Counters of what was dropped, refused or sent again; names are those of `wattle mesh links -o
 * wide`. */
struct wtl__hub_counters {
    uint64_t delivered, sent, resent, duplicates, forged, denied, stale_handles, gaps,
        hops_exceeded, relayed, reset, early; /* early: before its source was known here, or late */
};
const struct wtl__hub_counters *wtl__hub_count(const struct wtl__hub *hub);

#endif
