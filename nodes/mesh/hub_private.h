/* hub_private.h - what the files of the hub share. See hub.h. */
#ifndef WTL_MESH_HUB_PRIVATE_H
#define WTL_MESH_HUB_PRIVATE_H

#include "base/list.h"
#include "base/map.h"
#include "base/prng.h"
#include "mesh/hub.h"

/* Handles of one link and direction; older ones are reused when all are taken. */
#define HANDLES_MAX 4096u

/* An association that ends here. */
struct inbound {
    struct wtl__receiver receiver;
    struct wtl__link due; /* in hub.due while it has something to acknowledge */
    uint32_t link;        /* where acknowledgements go, 0: nowhere */
    uint8_t layer;        /* of its source */
};

/* What a handle that the peer has opened leads to. */
struct handle {
    struct inbound *inbound; /* for this node; or */
    uint32_t out_link;       /* relayed to that link; 0: nowhere now */
    uint16_t out_handle;
    bool used;
    uint64_t since_ms;     /* when it was opened */
    bool ended;            /* this side has ended the association, and its source may not know */
    bool lost;             /* something was not taken or passed on: to be opened again */
    struct wtl__open open; /* as it came */
};

struct link {
    struct wtl__session session;
    uint32_t number;
    bool was_up;      /* the core knows it */
    bool told_closed; /* the port was told to close it */
    bool wants;       /* the port was told that it is writable, and has not pulled all since */
    uint64_t since_ms;
    struct handle *handles;
    uint32_t handles_count;
    uint16_t next_handle;     /* for the associations and relays that go out here */
    struct wtl__list senders; /* of struct peer, routed over this link, round robin */
    uint8_t *relay;           /* frames to pass on */
    size_t relay_size, relay_at, relay_capacity;
    uint64_t relayed;
};

/* Another node that this one sends to. */
struct peer {
    struct wtl__link on_link; /* in link.senders while routed */
    struct wtl__sender sender;
    uint64_t node;
    uint32_t link; /* 0: no route */
    uint64_t told_waiting;
};

/* Sessions that have ended here while their source may not know it: remembered so that what was
 * delivered of them is not delivered again. */
#define ENDED_MAX 8192u

struct ended {
    uint64_t source;
    uint64_t session;
};

struct wtl__hub {
    struct wtl__core *core;
    struct wtl__core_config config;
    struct wtl__hub_port port;
    struct wtl__hub_counters count;
    struct wtl__prng prng;
    struct link **links; /* by number - 1; NULL: free */
    uint32_t links_count;
    uint32_t links_capacity;
    struct wtl__map peers;    /* node -> struct peer */
    struct wtl__map inbounds; /* source, session -> struct inbound */
    struct wtl__list due;     /* of struct inbound, oldest first */
    struct wtl__map ended;    /* source, session -> its place in the ring */
    struct ended *ended_ring; /* ENDED_MAX of them, the oldest is overwritten */
    uint32_t ended_next;
    uint64_t doubt_ms;    /* when those are looked at that go nowhere; UINT64_MAX: there are none */
    uint64_t leave_by_ms; /* this node leaves, and has said so by then; 0: it stays */
    bool left;            /* it has said so */
    uint64_t now_ms;
    int64_t wall_s;
};

struct link *wtl__hub_link(const struct wtl__hub *hub, uint32_t number);
/* Tells the port that the link has something to send. */
void wtl__hub_wants(struct wtl__hub *hub, struct link *link);
/* Acts on the core's effects and on sessions that have closed, until there are none. */
void wtl__hub_settle(struct wtl__hub *hub);
/* When this node is leaving: says goodbye, if nothing is waited for any more. */
void wtl__hub_leave_step(struct wtl__hub *hub);
/* Puts a frame into the relay queue of a link; false when it is full. */
bool wtl__hub_relay(struct wtl__hub *hub, struct link *link, const uint8_t *frame, size_t size);

/* Frames of the data lane. */
enum wtl_status wtl__hub_on_open(struct wtl__hub *hub, struct link *link,
                                 const struct wtl__frame *frame);
enum wtl_status wtl__hub_on_data(struct wtl__hub *hub, struct link *link,
                                 const struct wtl__frame *frame);
enum wtl_status wtl__hub_on_ack(struct wtl__hub *hub, struct link *link,
                                const struct wtl__frame *frame);
/* Sends what is due of acknowledgements; `force`: all that there is to acknowledge. */
void wtl__hub_acks(struct wtl__hub *hub, bool force);
uint64_t wtl__hub_acks_due_ms(const struct wtl__hub *hub);

/* Is that node up here, so that its messages may be delivered, here or at a leaf that is attached
 * here? The word that it is up comes before its first message, and there is none after the word
 * that it is down. A leaf does not know all whose messages its uplink brings it. */
bool wtl__hub_is_up(const struct wtl__hub *hub, uint64_t node);
/* Puts the peer's association where the core says that its node is reached; `anew`: it is opened
 * again even when that is where it is. */
void wtl__hub_route(struct wtl__hub *hub, struct peer *peer, bool anew);
/* What came under that handle is over here, and its source hears why: to be opened anew (REOPEN),
 * or ended (RESET). The link that it came on leads back, also where this node knows no route to the
 * source yet. */
void wtl__hub_end_handle(struct wtl__hub *hub, struct link *link, struct handle *handle,
                         enum wtl__frame_type type);
/* That node is down: leaves that are attached here hear that what they send it ends. */
void wtl__hub_reset_to(struct wtl__hub *hub, uint64_t node);
/* What a leaf has opened to a node that is gone is ended; to one that is not up, when it has not
 * come up after a window: a leaf that has just come here may have it up. True: ended. */
bool wtl__hub_doubt(struct wtl__hub *hub, struct link *link, struct handle *handle);
/* Looks again at those that go nowhere. */
void wtl__hub_doubts(struct wtl__hub *hub);
/* A handle of this link for something that goes out over it. */
uint16_t wtl__hub_new_handle(struct link *link);
/* Routes have changed: moves every association to where it goes now. */
void wtl__hub_reroute(struct wtl__hub *hub);
void wtl__hub_link_gone(struct wtl__hub *hub, struct link *link);
/* That node is down: its associations end, and what was not acknowledged is refused. */
void wtl__hub_forget(struct wtl__hub *hub, uint64_t node);
void wtl__hub_tell_waiting(struct wtl__hub *hub, struct peer *peer);

#endif
