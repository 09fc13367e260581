/*
 * core.h - what one node knows of the mesh, and what it decides: membership, routes, attachments,
 * global names, redial. Sans-I/O: events in, effects out, no clock, no socket, no thread.
 *
 * Edge and cloud nodes are core nodes; they know each other and, as far as they can, link with each
 * other. A device is a leaf: it dials out only, has one uplink, and sends everything there. Where a
 * leaf is attached is told by records that the leaf has signed. Data never passes through here: the
 * hub asks for routes and does the rest.
 *
 * Thread: one at a time. Owns: everything by value; effects point into it until the next call.
 */
#ifndef WTL_MESH_CORE_H
#define WTL_MESH_CORE_H

#include "base/prng.h"
#include "certs/identity.h"
#include "wire/frame.h"

#define WTL__JOINS_MAX 16u /* addresses to join by */
#define WTL__LINKS_MAX 4096u
#define WTL__NODES_MAX 65536u
#define WTL__NAMES_MAX (1u << 20)
#define WTL__HOPS_MAX  8u

/* Redial: decorrelated jitter between these, started anew after a link was up for the third. */
#define WTL__REDIAL_MIN_MS    100u
#define WTL__REDIAL_MAX_MS    30000u
#define WTL__REDIAL_STABLE_MS 30000u
#define WTL__REDIAL_LEFT_MS   1000u /* the least, to who was joined by and has said goodbye */
/* A second link of a name with another incarnation: how long the old one has to answer. */
#define WTL__PROBE_MS 2000u
/* A new owner of names grants nothing in what it took over until all have sent their claims, or: */
#define WTL__CLAIMS_WAIT_MS 2000u
/* A node without a route for so long is down. */
#define WTL__DOWN_WINDOW_LAN_MS    4000u
#define WTL__DOWN_WINDOW_WAN_MS    15000u
#define WTL__DOWN_WINDOW_SLEEPY_MS 120000u

struct wtl__core;

struct wtl__core_config {
    uint64_t node;
    uint8_t layer; /* a device is a leaf */
    uint8_t link_class;
    char name[WTL_NAME_MAX + 1];
    char address[WTL_NAME_MAX + 1]; /* empty: does not listen */
    char joins[WTL__JOINS_MAX][WTL_NAME_MAX + 1];
    uint32_t joins_count;
    uint64_t seed;
    /* Signs and checks attachment records; see certs/proof.h. `sign` writes at most
     * WTL__ATTACH_PROOF_MAX bytes and returns how many, 0 when it cannot. `check` says whether the
     * leaf of that name, layer and node bits has signed it. */
    size_t (*sign)(void *context, const struct wtl__attach *attach, uint8_t *proof_out);
    bool (*check)(void *context, const struct wtl__attach *attach, int64_t wall_s);
    void *context;
};

enum wtl__effect_kind {
    WTL__EFFECT_DIAL = 1,    /* address, name (expected, or empty) */
    WTL__EFFECT_SEND,        /* link, frame, size */
    WTL__EFFECT_CLOSE,       /* link, status, text */
    WTL__EFFECT_NODE_UP,     /* node, name, layer: before its first message */
    WTL__EFFECT_NODE_DOWN,   /* node, status: after its last */
    WTL__EFFECT_ROUTES,      /* some routes have changed: the hub asks again for all it uses */
    WTL__EFFECT_NAME_ANSWER, /* pid (who asked), request, status, holder */
    WTL__EFFECT_NAME_LOST,   /* pid (of this node), name: a conflict was decided against it */
};

struct wtl__effect {
    enum wtl__effect_kind kind;
    uint32_t link;
    uint64_t node;
    enum wtl_status status;
    uint8_t layer;
    const char *address;
    const char *name;
    const char *text;
    const uint8_t *frame;
    size_t size;
    struct wtl_pid pid;
    struct wtl_pid holder;
    uint64_t request;
};

enum wtl_status wtl__core_create(const struct wtl__core_config *config, uint64_t now_ms,
                                 struct wtl__core **core_out) WTL_MUST_USE;
void wtl__core_destroy(struct wtl__core *core);

/* The next effect, or false when there is none; to be asked after every call below. */
bool wtl__core_effect(struct wtl__core *core, struct wtl__effect *effect_out);

/* ---- events -------------------------------------------------------------------------------- */

/* A session has come UP. Decides about simultaneous dials (the link dialled by the node with the
 * lower id survives), duplicates (X112: the node that answers keeps the name, the newcomer is
 * closed WTL_DUPLICATE) and new incarnations (the old link is probed for WTL__PROBE_MS, then
 * replaced). */
void wtl__core_link_up(struct wtl__core *core, uint32_t link, const struct wtl__hello *peer,
                       bool dialled, uint64_t now_ms);
void wtl__core_link_down(struct wtl__core *core, uint32_t link, enum wtl_status status,
                         uint64_t now_ms);
/* A dial has failed before any session came up. */
void wtl__core_dial_failed(struct wtl__core *core, const char *address, enum wtl_status status,
                           uint64_t now_ms);
/* A dial has got to that node, which its certificate names, and no session came of it. */
void wtl__core_dial_refused(struct wtl__core *core, const char *name, uint64_t node_bits,
                            enum wtl_status status, uint64_t now_ms);
/* A ROSTER, ATTACH, DETACH or NAMES frame. WTL_OK; else the link is to be closed with that status
 * (WTL_PROTOCOL, WTL_FORGED, WTL_DENIED: docs/PROTOCOL.md has the table of layer and verb). */
enum wtl_status wtl__core_frame(struct wtl__core *core, uint32_t link,
                                const struct wtl__frame *frame, uint64_t now_ms,
                                int64_t wall_s) WTL_MUST_USE;
/* This node leaves in order: who knows it is told, and all its links are closed WTL_SHUTDOWN. To be
 * called once, when nothing waits to be acknowledged any more, and nothing but effects after it. */
void wtl__core_leave(struct wtl__core *core, uint64_t now_ms);
void wtl__core_tick(struct wtl__core *core, uint64_t now_ms, int64_t wall_s);
uint64_t wtl__core_deadline_ms(const struct wtl__core *core);

/* ---- global names: from the actors of this node --------------------------------------------- */

/* Each is answered by one WTL__EFFECT_NAME_ANSWER with that request: WTL_OK, WTL_EXISTS with the
 * holder, WTL_NOT_FOUND, WTL_NO_CONNECTION when no owner has answered for three seconds (the name
 * is then not held) or a leaf's uplink has not, WTL_FULL, WTL_INVALID for what is no name,
 * WTL_NOT_OWNER for a pid of another node.
 *
 * A name that this node has in its table is found there at once. One that it has not is asked for:
 * a name whose registration was answered WTL_OK, and that nobody has let go of, is found from every
 * node that reaches its owner. WTL_NOT_FOUND is also the answer of a core node that does not reach
 * the owner, or has not heard from it for WTL__LOOKUP_MS.
 *
 * Two live pids with one name, after a split: the one that has had it for longer keeps it, that is
 * the one with the lower (epoch at which it got the name, node, local). Epochs are above all that
 * their giver has seen, and not behind its wall clock. It is the same decision whoever makes it and
 * however often; the other one gets WTL__EFFECT_NAME_LOST, once. */
void wtl__core_name_register(struct wtl__core *core, struct wtl_pid pid, uint64_t request,
                             const char *name, uint64_t now_ms);
void wtl__core_name_whereis(struct wtl__core *core, struct wtl_pid pid, uint64_t request,
                            const char *name, uint64_t now_ms);
void wtl__core_name_unregister(struct wtl__core *core, struct wtl_pid pid, const char *name,
                               uint64_t now_ms);
/* The actor has ended: all its names go, and waiting registrations too. */
void wtl__core_names_drop(struct wtl__core *core, struct wtl_pid pid, uint64_t now_ms);
/* What this node has in its table; none: nobody, or it has not heard of it yet. */
struct wtl_pid wtl__core_name_find(const struct wtl__core *core, const char *name);

/* Messages go between that leaf, which is attached here, and `about`, another one: it is told that
 * `about` is up, and when it is down, as far as it can be told of more. */
void wtl__core_introduce(struct wtl__core *core, uint64_t leaf, uint64_t about);
/* Somebody wanted to send to that node, which is down: a leaf, which hears of other leaves only
 * what it asks for, asks whether that is still so. */
void wtl__core_inquire(struct wtl__core *core, uint64_t node);

/* ---- questions ------------------------------------------------------------------------------ */

/* The link over which that node is reached now, 0: none. */
uint32_t wtl__core_route(const struct wtl__core *core, uint64_t node);
/* Is that node this core's neighbour on that link, or may that link's node speak for it? (design:
 * who may speak for whom) */
bool wtl__core_may_speak(const struct wtl__core *core, uint32_t link, uint64_t node);
/* The same, and why not. WTL_FORGED: a device named somebody else, and its link has to go.
 * WTL_LATER: what came is to be dropped, but an honest core node may have sent it: this node does
 * not know that source yet, or knows by now that it is elsewhere, or the frame has gone round. */
enum wtl_status wtl__core_speaks(const struct wtl__core *core, uint32_t link,
                                 uint64_t node) WTL_MUST_USE;
/* May a node of that layer do that to an actor of this node? The constant table of layer x verb. */
bool wtl__core_allows(uint8_t layer_from, uint8_t layer_to, uint8_t mail_kind);
bool wtl__core_node_is_known(const struct wtl__core *core, uint64_t node, uint8_t *layer_out);
/* Was that node announced as down, and not as up since, or is another incarnation of it here? */
bool wtl__core_is_over(const struct wtl__core *core, uint64_t node);
/* Is it down for good: has it said goodbye, or is another incarnation of it here? */
bool wtl__core_is_gone(const struct wtl__core *core, uint64_t node);
/* Was it down here, and is about to come up again? */
bool wtl__core_is_meeting(const struct wtl__core *core, uint64_t node);

struct wtl__node_row {
    uint64_t node;
    char name[WTL_NAME_MAX + 1];
    char address[WTL_NAME_MAX + 1];
    char via[WTL_NAME_MAX + 1]; /* the neighbour on the way; empty: none or itself */
    uint8_t layer;
    uint8_t state; /* 0 down, 1 up, 2 known and never seen */
    uint32_t link;
    uint32_t hops;
    uint64_t since_ms;
};
/* The rows of `wattle mesh nodes`, this node first; returns how many there are in all. */
uint32_t wtl__core_nodes(const struct wtl__core *core, struct wtl__node_row *rows, uint32_t max);

struct wtl__name_row {
    char name[WTL_NAME_MAX + 1];
    struct wtl_pid pid;
    uint64_t epoch;
    uint64_t owner;
};
uint32_t wtl__core_names(const struct wtl__core *core, struct wtl__name_row *rows, uint32_t max);

#endif
