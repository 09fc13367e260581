/*
 * core_tables.h - what the control core remembers, and how much of it: its links, nodes, targets to
 * dial, views, names and questions. What its files do with these is in core_private.h.
 *
 * Thread: the core's. Owns: what hangs on struct wtl__core is freed with it.
 */
#ifndef WTL_MESH_CORE_TABLES_H
#define WTL_MESH_CORE_TABLES_H

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
    uint64_t missed;             /* the view of a claim of it that could not be taken yet */
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

#endif
