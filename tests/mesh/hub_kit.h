/*
 * hub_kit.h - several hubs wired together by byte streams with a fixed delay, in virtual time, and
 * a log of what each has told its driver, in order.
 *
 * Of an attachment record the kit checks nothing: core_kit.h and tests/unit/certs do. A puppet is a
 * peer that is no hub: it says hello, and then whatever the test wants.
 */
#ifndef WTL_TESTS_MESH_HUB_KIT_H
#define WTL_TESTS_MESH_HUB_KIT_H

#include <criterion/criterion.h>

#include "mesh/hub.h"

#define HUBS_MAX     8u
#define HUB_WIRES    64u
#define HUB_SAID_MAX 4096u
#define HUB_DELAY_MS 2u

enum said_kind { SAID_UP = 1, SAID_DOWN, SAID_MAIL, SAID_REFUSED, SAID_CLOSED };

struct said {
    enum said_kind kind;
    uint64_t node;   /* of CLOSED: the link's number */
    uint64_t number; /* of MAIL and REFUSED: what was in it */
    enum wtl_status why;
};

struct hub_node {
    struct hub_net *net;
    struct wtl__hub *hub; /* NULL: it is not there, or a puppet */
    struct wtl__session *puppet;
    uint32_t heard[256]; /* a puppet: frames by type */
    struct wtl__core_config config;
    struct wtl_identity identity;
    struct said said[HUB_SAID_MAX];
    uint32_t said_count;
    uint32_t dials;
};

struct hub_wire {
    bool used;
    uint32_t ends[2];    /* the first has dialled */
    uint32_t numbers[2]; /* links; 0: not yet, or a puppet's end */
    bool closing[2];     /* that end is done when its bytes have gone */
    bool stuck[2];       /* what that end sends does not move */
    uint64_t due_ms;     /* when it is connected */
    uint8_t *bytes[2];   /* from that end, with the time when each lot arrives in front */
    size_t size[2];
};

struct hub_net {
    uint64_t now_ms;
    uint32_t count;
    struct hub_node nodes[HUBS_MAX];
    struct hub_wire wires[HUB_WIRES];
    bool cut[HUBS_MAX][HUBS_MAX];
};

struct hub_net *hub_net_create(void);
void hub_net_destroy(struct hub_net *net);
/* `joins`: names, separated by blanks, or NULL. A name is its own address; `hidden` tells none. */
uint32_t hub_net_add(struct hub_net *net, const char *name, enum wtl_layer layer, const char *joins,
                     bool hidden);
void hub_net_start(struct hub_net *net, uint32_t node);
/* Dies without a word; its wires break at once. */
void hub_net_kill(struct hub_net *net, uint32_t node);
void hub_net_run(struct hub_net *net, uint64_t ms);

/* ---- inside the kit: one wire ---- */

int64_t hub_net_wall_s(const struct hub_net *net);
/* Moves what can be moved now. True: something has moved. */
bool hub_wire_run(struct hub_net *net, struct hub_wire *wire);
/* That end sends those bytes. */
void hub_wire_put(struct hub_net *net, struct hub_wire *wire, int end, const uint8_t *bytes,
                  size_t size);
/* It is gone, and both ends hear of it. */
void hub_wire_break(struct hub_net *net, struct hub_wire *wire);

/* ---- for tests ---- */

/* The wire between two nodes; fails the test when there is none. */
struct hub_wire *hub_net_wire(struct hub_net *net, uint32_t a, uint32_t b);
/* What `from` sends to `to` does not move, or moves again. */
void hub_net_stick(struct hub_net *net, uint32_t from, uint32_t to, bool stuck);

/* Nothing gets from one to the other, either way, and no dial either; or it does again. */
void hub_net_cut(struct hub_net *net, uint32_t a, uint32_t b, bool cut);

/* A puppet of that node says something on its link to `to`, a hub: a whole frame. */
void hub_net_say(struct hub_net *net, uint32_t puppet, uint32_t to, const uint8_t *frame,
                 size_t size);
/* Adds a puppet with a link that is up to that hub. */
uint32_t hub_net_puppet(struct hub_net *net, const char *name, enum wtl_layer layer,
                        uint32_t incarnation, uint32_t to);

uint64_t hub_net_id(const struct hub_net *net, uint32_t node);
bool hub_net_knows(const struct hub_net *net, uint32_t node, uint32_t other);
/* Sends a message with that number to an actor of that node. */
void hub_net_mail(struct hub_net *net, uint32_t from, uint32_t to, uint64_t number);
/* How often that node has said that of that other node (0: of any). */
uint32_t hub_net_said(const struct hub_net *net, uint32_t node, enum said_kind kind, uint64_t of);
/* The place of the first, or last, of these in what that node has said; UINT32_MAX: none. */
uint32_t hub_net_first(const struct hub_net *net, uint32_t node, enum said_kind kind, uint64_t of);
uint32_t hub_net_last(const struct hub_net *net, uint32_t node, enum said_kind kind, uint64_t of);

/* Runs until it is so, for `ms` at most; fails the test when it does not become so. */
#define hub_net_until(net, ms, condition)                                                          \
    do {                                                                                           \
        uint64_t end_ms_ = (net)->now_ms + (ms);                                                   \
        while (!(condition) && (net)->now_ms < end_ms_) {                                          \
            hub_net_run((net), 1);                                                                 \
        }                                                                                          \
        cr_assert((condition), "not within %u ms: " #condition, (unsigned)(ms));                   \
    } while (0)

#endif
