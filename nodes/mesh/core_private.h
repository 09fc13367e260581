/*
 * core_private.h - what the files of the control core share. core.h is the contract.
 *
 *   core.c           events, time, and what follows from an event
 *   core_effects.c   the queue of effects
 *   core_links.c     links by identity: duplicates, probes, simultaneous dials
 *   core_probe.c     two incarnations of one name
 *   core_redial.c    whom to dial, and when
 *   core_leave.c     nodes that leave in order, this one and others
 *   core_parted.c    two nodes of which perhaps only one saw the other go down
 *   core_nodes.c     nodes: up, down, incarnations, who may speak for whom
 *   core_roster.c    ROSTER frames, routes, what a leaf knows
 *   core_attach.c    where leaves are attached
 *   core_view.c      the view (the set of core nodes that are up) and the owner of a name in it
 *   core_names.c     the table of names
 *   core_names_frame.c  NAMES frames: who may send what, relay
 *   core_asks.c      what is asked of owners and uplinks, with deadlines
 *   core_asks_from.c what actors and leaves want
 *   core_lookup.c    names that are not in the table: their owners are asked
 *   core_owner.c     the owner's part: grants, claims, clashes
 *   core_state.c     what a node makes of an owner's word
 *   core_sync.c      claims after a view change, digests, repair
 *   core_rights.c    the table of layer and verb
 *
 * Thread: one at a time, as the core. Owns: what hangs on struct wtl__core is freed with it.
 */
#ifndef WTL_MESH_CORE_PRIVATE_H
#define WTL_MESH_CORE_PRIVATE_H

#include "base/list.h"
#include "base/map.h"
#include "mesh/core.h"

#define WTL__CORE_MAX       WTL__ROSTER_MAX /* core nodes that are up, this one included */
#define WTL__CORES_MAX      128u            /* core nodes that are remembered */
#define WTL__TARGETS_MAX    (WTL__JOINS_MAX + WTL__CORES_MAX)
#define WTL__DIALS_MAX      16u          /* under way at a time */
#define WTL__ASKS_MAX       4096u        /* besides what a leaf registers again */
#define WTL__LOOKUPS_MAX    2048u        /* of them: questions where a name is */
#define WTL__HELD_MAX       4096u        /* what waits for claims; of lookups half as many */
#define WTL__HELD_BYTES     (64u * 1024) /* frames of a link that is not decided about yet */
#define WTL__TOLD_MAX       WTL__ROSTER_MAX
#define WTL__TOMBS_MAX      65536u
#define WTL__LEAF_NAMES_MAX 1024u               /* names of one leaf */
#define WTL__LEAF_ASKS_MAX  1024u               /* its questions that are under way at its uplink */
#define WTL__EFFECTS_MAX    (64u * 1024 * 1024) /* bytes of effects that wait */
#define WTL__SYNC_BYTES     16384u /* of claims, names and records to a node at a time, */
#define WTL__SYNC_MS        10u    /* and the pause after so many */

#define WTL__DIAL_TURN_MS    1000u  /* the higher node id lets the lower one dial first */
#define WTL__DIAL_TIMEOUT_MS 30000u /* a dial that nothing more is heard of */
#define WTL__DIAL_CROSS_MS   10000u /* links of both directions this close were dialled at once */
#define WTL__ROSTER_PACE_MS  20u
#define WTL__FORGET_MS       86400000u /* a node that is down for a day */
#define WTL__ATTACH_LIFE_S   600
#define WTL__ATTACH_RENEW_MS 300000u
#define WTL__ATTACH_RETRY_MS 10000u
#define WTL__CLOCK_SKEW_S    300
#define WTL__ASK_MS          3000u /* the deadline of a question about names */
#define WTL__ASK_RETRY_MS    500u
#define WTL__ASK_SOON_MS     50u
#define WTL__LOOKUP_MS       2500u /* less than a leaf waits, more than an owner for claims */
#define WTL__CLAIMS_RETRY_MS 1000u
#define WTL__CLAIMS_SOON_MS  100u
#define WTL__DIGEST_SOON_MS  250u /* after a change of routes or view, then ever less often */
#define WTL__DIGEST_MS       10000u
#define WTL__RESYNC_MS       700u /* a stream that nothing comes of for so long is asked again */
#define WTL__TOMB_MS         600000u
#define WTL__ORPHAN_MS       10000u /* a name of a node that is not up here, and does not come up */
#define WTL__CACHE_MS        10000u
/* Epochs begin at the wall clock in 2^-20 s, so that a node that has just started is not the older
 * one in a clash. One that is years ahead of the clock and of all others was made up. */
#define WTL__EPOCH_CLOCK 20
#define WTL__EPOCH_JUMP  (UINT64_C(1) << 46)
/* Nobody is parted from anybody so often: a higher count was made up. */
#define WTL__PARTED_MAX UINT32_MAX

/* The upper 40 bits of a node id: who it is, in whatever incarnation. */
#define WTL__NODE_BITS(id) ((id) >> 24)

/* In a ROSTER entry the lower half of the layer's byte is the layer, the upper half how many hops
 * the sender needs to that node: 0 is the sender itself. */
#define WTL__ROSTER_LAYER(byte) ((uint8_t)((byte)&0x0fu))
#define WTL__ROSTER_HOPS(byte)  ((uint8_t)((byte) >> 4))

enum wtl__due {
    WTL__DUE_DIAL,
    WTL__DUE_LINK,
    WTL__DUE_NODE,
    WTL__DUE_ROSTER,
    WTL__DUE_ATTACH,
    WTL__DUE_VIEW,
    WTL__DUE_ASK,
    WTL__DUE_SYNC,
    WTL__DUE_NAME,
    WTL__DUE_COUNT,
};

/* ON: it carries its node. NEWCOMER: another incarnation of a node that is up, which is probed
 * meanwhile. OLDER: the same node has dialled again; should the new link fail, this one is back. */
enum wtl__core_link_state {
    WTL__LINK_CLOSED = 0, /* not in any table any more */
    WTL__LINK_ON,
    WTL__LINK_NEWCOMER,
    WTL__LINK_OLDER,
};

struct wtl__core_link {
    uint32_t number;
    uint32_t index; /* in core->links */
    uint8_t state;
    uint8_t layer;
    uint8_t link_class;
    bool dialled;
    bool greeted;  /* its first ROSTER has come */
    bool answered; /* the probe of `rival` was answered */
    uint64_t node;
    uint64_t up_ms;
    uint64_t rival;      /* ON: another incarnation of it that somebody else has; 0: none */
    uint64_t probe;      /* number of the probe under way */
    uint32_t rival_from; /* the link on which the record of a leaf's other incarnation came */
    uint64_t until_ms;   /* when `rival`, NEWCOMER or OLDER is decided */
    /* Of a link to a core node: what that node reaches, in so many hops. Of one to a leaf: which
     * other leaves it was told of. */
    uint32_t near_count;
    uint32_t told_next;
    uint64_t near_nodes[WTL__ROSTER_MAX];
    uint8_t near_hops[WTL__ROSTER_MAX];
    uint32_t attach_at; /* records below this index of core->nodes are still to be sent */
    /* frames that came while it was not ON; ON: the record of `rival`, a leaf's other incarnation
     */
    uint8_t *held;
    uint32_t held_size;
    struct wtl__core_link *next_dead;
    char name[WTL_NAME_MAX + 1];
    char address[WTL_NAME_MAX + 1];
};

enum wtl__core_node_state { WTL__NODE_DOWN = 0, WTL__NODE_UP = 1, WTL__NODE_KNOWN = 2 };

/* What is under way with a core node about names. */
struct wtl__core_sync {
    uint8_t claims; /* enum wtl__claims */
    bool all;       /* claims: every name it owns, not only those that it owns newly */
    uint32_t claims_at;
    uint64_t claims_due_ms;
    bool streaming; /* it has asked for all names that this node owns */
    uint32_t stream_at;
    uint64_t stream_mark;
    uint64_t mark; /* of the stream from it, 0: none */
    uint64_t asked_ms;
    uint64_t due_ms;
};
enum wtl__claims { WTL__CLAIMS_NONE = 0, WTL__CLAIMS_SENDING, WTL__CLAIMS_SENT, WTL__CLAIMS_DONE };

struct wtl__core_node {
    uint64_t id;
    uint64_t gone; /* an incarnation that is over: hearsay does not bring it back */
    uint32_t index;
    uint32_t link; /* its own, 0: none */
    uint32_t via;  /* core node: the link of its route, 0: none */
    uint8_t hops;
    uint8_t layer;
    uint8_t link_class; /* 0: not known */
    uint8_t state;
    uint64_t since_ms;
    uint64_t lost_ms;             /* up without a route since; 0: it has one */
    uint64_t parted;              /* how often this incarnation was given up, here or there */
    uint64_t met;                 /* how much of that it has heard of */
    uint64_t meet_by_ms, meet_ms; /* it is to hear of it: until then, and again then; 0: not now */
    uint64_t uplink;              /* leaf: where it is attached, 0: nowhere */
    uint64_t number;              /* of its record */
    uint64_t detached;            /* the record that was ended by DETACH: it does not come back */
    int64_t expiry_s;
    uint64_t expires_ms;
    uint8_t *proof;
    uint32_t proof_size;
    uint64_t claimed;            /* core node: the view for which it has sent its claims */
    uint64_t missed;             /* the view of a claim that came before this node had that view */
    struct wtl__core_sync *sync; /* core node */
    char name[WTL_NAME_MAX + 1];
    char address[WTL_NAME_MAX + 1];
};

struct wtl__core_target {
    char address[WTL_NAME_MAX + 1];
    char name[WTL_NAME_MAX + 1]; /* of the node that has to answer; empty: any */
    uint64_t bits;               /* identity of the node behind it; 0: not known */
    bool dialling;
    uint64_t dialled_ms;
    uint64_t due_ms;
    uint32_t wait_ms; /* the last pause; 0: there was none */
};

struct wtl__core_view {
    uint64_t hash;
    uint32_t count;
    uint64_t nodes[WTL__CORE_MAX]; /* ascending */
};

struct wtl__core_name {
    struct wtl__link by_node; /* in no list: a tombstone */
    struct wtl__link by_pid;
    struct wtl__link expiring; /* in core->tombs, core->cached or core->orphans */
    uint64_t key[2];
    uint64_t hash;      /* the same on every node */
    struct wtl_pid pid; /* none: a tombstone */
    struct wtl_pid was; /* tombstone on a leaf: who has let go of it */
    uint64_t epoch;
    uint64_t birth;   /* the epoch at which this pid got it: the older wins a clash */
    uint64_t granter; /* who gave out the epoch: settles equal ones */
    uint64_t owner;   /* in the view `owner_view` */
    uint64_t owner_view;
    uint64_t mark;       /* the last stream that had it */
    uint64_t expires_ms; /* tombstone, cached or orphan */
    uint32_t index;
    bool dropped; /* tombstone: its holder has let go of it; else the holder's node is down */
    char name[];
};

struct wtl__core_holder {
    struct wtl__list names;
    uint32_t count;
};

enum wtl__ask_kind { WTL__ASK_REGISTER = 1, WTL__ASK_WHEREIS };

struct wtl__core_ask {
    uint64_t serial;
    uint32_t index;
    uint8_t kind;
    bool quiet;     /* a leaf registers again what it holds: nobody waits for the answer */
    bool renews;    /* uplink: the leaf that asks holds it already */
    bool then_drop; /* it was unregistered before it was registered */
    struct wtl_pid pid;
    uint64_t request; /* of who asked */
    uint64_t leaf;    /* who asked; 0: an actor of this node */
    uint64_t deadline_ms;
    uint64_t retry_ms;
    struct wtl__core_lookup *lookup; /* core node: it waits for that one, in a list of it */
    struct wtl__link waits;
    char name[WTL_NAME_MAX + 1];
};

struct wtl__core {
    struct wtl__core_config config;
    bool is_leaf;
    uint64_t now_ms;
    int64_t wall_s; /* as last told, at wall_ms; 0: not yet */
    uint64_t wall_ms;
    struct wtl__prng prng;
    uint64_t serial;
    uint64_t due_ms[WTL__DUE_COUNT];

    uint8_t *effects;
    size_t effects_at, effects_size, effects_capacity;
    bool dropping; /* memory for effects was exhausted */
    bool leaving;  /* it has said goodbye: nobody is dialled or linked any more */

    struct wtl__map links_map; /* (0, number) */
    struct wtl__core_link **links;
    uint32_t links_count, links_capacity;
    uint32_t waiting_count;      /* links that are not ON */
    struct wtl__core_link *dead; /* freed when the next event begins: callers may still hold one */

    struct wtl__map nodes_map; /* (0, identity bits) */
    struct wtl__core_node **nodes;
    uint32_t nodes_count, nodes_capacity;
    struct wtl__core_node *cores[WTL__CORES_MAX];
    uint32_t cores_count;
    bool routes_dirty, members_dirty, roster_dirty, view_dirty, routes_changed;
    uint64_t roster_ms; /* when rosters were sent last */

    struct wtl__core_target targets[WTL__TARGETS_MAX];
    uint32_t targets_count;
    uint32_t join_at; /* a leaf's next uplink */

    uint32_t uplink; /* a leaf's link, 0: none */
    bool attached;   /* its record was sent on that link */
    uint64_t attach_number;

    struct wtl__core_view view, before; /* `before`: the last one that was settled */
    bool settled;
    bool grown; /* the view has nodes that `before` had not */
    uint64_t settle_ms;
    uint64_t alone_until_ms; /* it has just started, and those it joins may know more names */
    uint64_t digest_ms;
    uint32_t digest_wait_ms;

    struct wtl__map names_map, holders;
    struct wtl__core_name **names;
    uint32_t names_count, names_capacity;
    uint64_t name_seed[2];
    struct wtl__list tombs, cached, orphans;
    uint32_t tombs_count;
    uint64_t epoch;

    struct wtl__map asks_map;
    struct wtl__core_ask **asks;
    uint32_t asks_count, asks_quiet;
    struct wtl__map lookups;       /* by name, as names_map */
    struct wtl__names_frame *held; /* registrations and lookups that wait for claims */
    uint32_t held_count;
};

/* ---- core.c --------------------------------------------------------------------------------- */

/* Something of that kind is due then, or earlier. */
static inline void wtl__core_wake(struct wtl__core *core, enum wtl__due due, uint64_t at_ms)
{
    if (at_ms < core->due_ms[due]) {
        core->due_ms[due] = at_ms;
    }
}

/* The wall clock now, by what was told last. */
int64_t wtl__core_wall_s(const struct wtl__core *core);
/* What every event begins and ends with. */
void wtl__core_begin(struct wtl__core *core, uint64_t now_ms);
void wtl__core_finish(struct wtl__core *core);

enum wtl_status wtl__core_dispatch(struct wtl__core *core, struct wtl__core_link *link,
                                   const struct wtl__frame *frame) WTL_MUST_USE;

/* A growing array of pointers: makes room for one more. False: no memory. */
bool wtl__core_room(void ***array, uint32_t count, uint32_t *capacity) WTL_MUST_USE;
void wtl__core_copy(char out[WTL_NAME_MAX + 1], const char *text);

/* ---- core_effects.c ------------------------------------------------------------------------- */

/* Strings and frame are copied. */
void wtl__core_push(struct wtl__core *core, const struct wtl__effect *effect);
void wtl__core_send(struct wtl__core *core, uint32_t link, const uint8_t *frame, size_t size);

/* ---- core_links.c --------------------------------------------------------------------------- */

struct wtl__core_link *wtl__core_link_find(const struct wtl__core *core, uint32_t number);
void wtl__core_link_close(struct wtl__core *core, struct wtl__core_link *link,
                          enum wtl_status status, const char *text);
/* That node has no route any more: a newcomer of its name that waits is let in. */
void wtl__core_link_let_in(struct wtl__core *core, uint64_t node);
/* Keeps a frame for when the link is ON. */
enum wtl_status wtl__core_link_hold(struct wtl__core *core, struct wtl__core_link *link,
                                    const struct wtl__frame *frame) WTL_MUST_USE;

/* ---- core_probe.c --------------------------------------------------------------------------- */

void wtl__core_links_tick(struct wtl__core *core);
/* Asks that incarnation for a sign of life; `link` is what depends on it. */
void wtl__core_probe(struct wtl__core *core, struct wtl__core_link *link, uint64_t node);
/* Another node says that it reaches `rival`, while this node has a link to the same name. */
void wtl__core_link_contest(struct wtl__core *core, struct wtl__core_link *link, uint64_t rival);
/* That link has ended: a record of another incarnation that waited for it is taken. */
void wtl__core_link_rival_in(struct wtl__core *core, struct wtl__core_link *link);
/* The same of a leaf: the record of its other incarnation came on `from`, and waits. */
void wtl__core_link_contest_leaf(struct wtl__core *core, struct wtl__core_link *link,
                                 uint64_t rival, const struct wtl__core_link *from,
                                 const struct wtl__frame *record);
void wtl__core_probe_answered(struct wtl__core *core, uint64_t node, uint64_t probe);

/* ---- core_redial.c -------------------------------------------------------------------------- */

void wtl__core_redial_init(struct wtl__core *core);
void wtl__core_redial_linked(struct wtl__core *core, const struct wtl__hello *peer, bool dialled);
void wtl__core_redial_lost(struct wtl__core *core, const struct wtl__core_link *link,
                           enum wtl_status status);
/* A core node with an address is known. */
void wtl__core_redial_learn(struct wtl__core *core, const struct wtl__core_node *node);
void wtl__core_redial_forget(struct wtl__core *core, uint64_t bits);
void wtl__core_redial_tick(struct wtl__core *core);

/* ---- core_leave.c --------------------------------------------------------------------------- */

/* That node has said goodbye: it is down, and does not come back as this incarnation. */
void wtl__core_left(struct wtl__core *core, struct wtl__core_node *node);
/* A farewell has come, from `frame->source`, about `frame->pid.node`. */
void wtl__core_farewell(struct wtl__core *core, const struct wtl__names_frame *frame);

/* ---- core_parted.c -------------------------------------------------------------------------- */

/* That node could come up: does it know how often the two were parted? Else it is told. */
bool wtl__core_parted_met(struct wtl__core *core, struct wtl__core_node *node);
/* `frame->source` says how often it was parted from this node. */
void wtl__core_parted_heard(struct wtl__core *core, const struct wtl__names_frame *frame);
void wtl__core_parted_tick(struct wtl__core *core, struct wtl__core_node *node);

/* ---- core_nodes.c --------------------------------------------------------------------------- */

struct wtl__core_node *wtl__core_node_find(const struct wtl__core *core, uint64_t id);
/* The node with that identity, in whatever incarnation. */
struct wtl__core_node *wtl__core_node_named(const struct wtl__core *core, uint64_t id);
/* The same, made when there is none. NULL: full, or no memory. */
struct wtl__core_node *wtl__core_node_intern(struct wtl__core *core, uint64_t id, uint8_t layer);
/* From here on it is that incarnation: the old one goes down. */
void wtl__core_node_become(struct wtl__core *core, struct wtl__core_node *node, uint64_t id);
void wtl__core_node_up(struct wtl__core *core, struct wtl__core_node *node);
void wtl__core_node_down(struct wtl__core *core, struct wtl__core_node *node,
                         enum wtl_status status);
/* Looks whether it has a route: comes up, starts or ends its window. */
void wtl__core_node_check(struct wtl__core *core, struct wtl__core_node *node);
void wtl__core_nodes_tick(struct wtl__core *core);
uint32_t wtl__core_node_link(const struct wtl__core *core, const struct wtl__core_node *node);
uint32_t wtl__core_up_count(const struct wtl__core *core);

/* ---- core_roster.c -------------------------------------------------------------------------- */

enum wtl_status wtl__core_roster_frame(struct wtl__core *core, struct wtl__core_link *link,
                                       const struct wtl__frame *frame) WTL_MUST_USE;
void wtl__core_routes_update(struct wtl__core *core);
void wtl__core_roster_send(struct wtl__core *core, struct wtl__core_link *link);
void wtl__core_roster_flush(struct wtl__core *core);
/* A leaf on that link has to know of another leaf. */
void wtl__core_roster_tell(struct wtl__core *core, uint64_t leaf, uint64_t about);
bool wtl__core_reaches(const struct wtl__core_link *link, uint64_t node, uint8_t *hops_out);

/* ---- core_attach.c -------------------------------------------------------------------------- */

enum wtl_status wtl__core_attach_frame(struct wtl__core *core, struct wtl__core_link *link,
                                       const struct wtl__frame *frame) WTL_MUST_USE;
enum wtl_status wtl__core_detach_frame(struct wtl__core *core, struct wtl__core_link *link,
                                       const struct wtl__frame *frame) WTL_MUST_USE;
/* The record goes; when it was attached here, all are told. */
void wtl__core_attach_end(struct wtl__core *core, struct wtl__core_node *leaf);
void wtl__core_attach_tick(struct wtl__core *core);
/* Sends records on that link, as many as may go at once. True: there are more. */
bool wtl__core_attach_sync(struct wtl__core *core, struct wtl__core_link *link);

/* ---- core_view.c ---------------------------------------------------------------------------- */

uint64_t wtl__core_mix(uint64_t value);
uint64_t wtl__core_hash(const char *name, uint64_t seed);
void wtl__core_view_update(struct wtl__core *core);
uint64_t wtl__core_owner_in(const struct wtl__core_view *view, uint64_t hash);
/* The owner of that name in the present view. */
uint64_t wtl__core_owner(struct wtl__core *core, struct wtl__core_name *name);
/* May this node, as its owner, give out that name? */
bool wtl__core_view_grants(const struct wtl__core *core, uint64_t hash);
void wtl__core_view_tick(struct wtl__core *core);
void wtl__core_view_check(struct wtl__core *core);
/* Routes have changed, and frames may have been lost: digests go out soon. */
void wtl__core_view_stir(struct wtl__core *core);

/* ---- core_names.c --------------------------------------------------------------------------- */

void wtl__core_names_init(struct wtl__core *core);
void wtl__core_names_deinit(struct wtl__core *core);
struct wtl__core_name *wtl__core_name_get(const struct wtl__core *core, const char *name);
/* That pid has it (none: nobody), in that epoch. Made when there is none. NULL: full. */
struct wtl__core_name *wtl__core_name_put(struct wtl__core *core, const char *name,
                                          struct wtl_pid pid, uint64_t epoch, uint64_t birth,
                                          uint64_t granter);
void wtl__core_name_bury(struct wtl__core *core, struct wtl__core_name *name, uint64_t epoch);
void wtl__core_name_cache(struct wtl__core *core, struct wtl__core_name *name);
void wtl__core_name_remove(struct wtl__core *core, struct wtl__core_name *name);
/* A node is down, or over: what its actors had is buried. */
void wtl__core_names_of_node(struct wtl__core *core, uint64_t node);
/* Is it one that this node speaks for: of its own actors, or of a leaf that is attached here? */
bool wtl__core_is_ours(const struct wtl__core *core, struct wtl_pid pid);
uint32_t wtl__core_names_held(const struct wtl__core *core, uint64_t node);
void wtl__core_epoch_seen(struct wtl__core *core, uint64_t epoch);
/* An epoch above all that were seen. */
uint64_t wtl__core_epoch_next(struct wtl__core *core);
bool wtl__core_epoch_is_sound(const struct wtl__core *core, uint64_t epoch);
void wtl__core_names_tick(struct wtl__core *core);
/* Ours lets go of it: here at once, and its owner is told. */
void wtl__core_name_release(struct wtl__core *core, struct wtl__core_name *name);

/* ---- core_names_frame.c --------------------------------------------------------------------- */

enum wtl_status wtl__core_names_frame(struct wtl__core *core, struct wtl__core_link *link,
                                      const struct wtl__frame *frame) WTL_MUST_USE;
/* Fills in source, hops and view; to this node itself it is handled at once. False: no route. */
bool wtl__core_names_send(struct wtl__core *core, struct wtl__names_frame *frame);
void wtl__core_names_all(struct wtl__core *core, struct wtl__names_frame *frame);

/* ---- core_asks.c ---------------------------------------------------------------------------- */

struct wtl__core_ask *wtl__core_ask_new(struct wtl__core *core, enum wtl__ask_kind kind,
                                        struct wtl_pid pid, uint64_t request, uint64_t leaf,
                                        const char *name);
/* A leaf registers again what it holds: asked until the answer is yes or no. */
void wtl__core_ask_renew(struct wtl__core *core, struct wtl_pid pid, const char *name);
void wtl__core_ask_send(struct wtl__core *core, struct wtl__core_ask *ask);
void wtl__core_ask_free(struct wtl__core *core, struct wtl__core_ask *ask);
void wtl__core_ask_cancel_leaf(struct wtl__core *core, uint64_t leaf);
/* That pid wants that name again, which it has let go of before it had it. */
void wtl__core_ask_keep(struct wtl__core *core, struct wtl_pid pid, const char *name);
/* Has that pid of this node asked for that name, and no answer yet? */
struct wtl__core_ask *wtl__core_ask_of(const struct wtl__core *core, struct wtl_pid pid,
                                       const char *name);
void wtl__core_ask_result(struct wtl__core *core, const struct wtl__names_frame *result);
void wtl__core_asks_again(struct wtl__core *core);
void wtl__core_asks_tick(struct wtl__core *core);
/* A leaf has a new uplink: what it holds is registered there, what it let go of is dropped. */
void wtl__core_asks_renew(struct wtl__core *core);
void wtl__core_ask_from_leaf(struct wtl__core *core, const struct wtl__names_frame *frame);
void wtl__core_ask_lookup(struct wtl__core *core, const struct wtl__names_frame *frame);
void wtl__core_answer(struct wtl__core *core, uint64_t leaf, struct wtl_pid pid, uint64_t request,
                      enum wtl_status status, const char *name, struct wtl_pid holder,
                      uint64_t epoch);

/* One of this node's actors is said to have that name. True: it has not, and when it has gone the
 * sender was told. */
bool wtl__core_ask_disowns(struct wtl__core *core, const struct wtl__names_frame *result);

/* ---- core_lookup.c -------------------------------------------------------------------------- */

void wtl__core_lookups_deinit(struct wtl__core *core);
/* A core node does not know that name: its owner is asked, and the ask is answered by what it says,
 * maybe before this returns. */
void wtl__core_lookup_join(struct wtl__core *core, struct wtl__core_ask *ask);
/* The ask is over. */
void wtl__core_lookup_leave(struct wtl__core *core, struct wtl__core_ask *ask);
/* True: it was the answer to a lookup. */
bool wtl__core_lookup_result(struct wtl__core *core, const struct wtl__names_frame *result);
/* The owner may be another one now. */
void wtl__core_lookup_again(struct wtl__core *core, struct wtl__core_lookup *lookup);
void wtl__core_lookup_tick(struct wtl__core *core, struct wtl__core_lookup *lookup);

/* ---- core_owner.c --------------------------------------------------------------------------- */

void wtl__core_owner_register(struct wtl__core *core, const struct wtl__names_frame *frame);
void wtl__core_owner_lookup(struct wtl__core *core, const struct wtl__names_frame *frame);
void wtl__core_owner_drop(struct wtl__core *core, const struct wtl__names_frame *frame);
void wtl__core_owner_claim(struct wtl__core *core, const struct wtl__names_frame *frame);
void wtl__core_owner_release(struct wtl__core *core);
/* Registrations of that pid that wait here are forgotten; none.local: of that node. */
void wtl__core_owner_forget(struct wtl__core *core, struct wtl_pid pid);
/* What an owner says of a name to others. */
struct wtl__names_frame wtl__core_state_of(const struct wtl__core_name *name);

/* ---- core_state.c --------------------------------------------------------------------------- */

void wtl__core_state(struct wtl__core *core, const struct wtl__names_frame *frame);

/* ---- core_sync.c ---------------------------------------------------------------------------- */

void wtl__core_sync_begin(struct wtl__core *core);
/* `before` is another view from here on: claims that are not out yet cannot leave any out. */
void wtl__core_sync_settled(struct wtl__core *core);
void wtl__core_sync_claim(struct wtl__core *core, const struct wtl__core_name *name,
                          uint64_t owner);
void wtl__core_sync_claimed(struct wtl__core *core, const struct wtl__names_frame *frame);
void wtl__core_sync_answered(struct wtl__core *core, const struct wtl__names_frame *frame);
void wtl__core_sync_asked(struct wtl__core *core, const struct wtl__names_frame *frame);
void wtl__core_sync_digests(struct wtl__core *core);
void wtl__core_sync_tick(struct wtl__core *core);

#endif
