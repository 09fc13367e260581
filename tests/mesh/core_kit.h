/*
 * core_kit.h - several cores wired together: links that carry frames in order with a delay, dials
 * that take a while, nodes that crash, partitions, and a log of what each core has said.
 *
 * Virtual time, one seed: a test gives the same run every time. Attachment records are signed and
 * checked with real certificates of a CA in memory.
 */
#ifndef WTL_TESTS_MESH_CORE_KIT_H
#define WTL_TESTS_MESH_CORE_KIT_H

#include <criterion/criterion.h>
#include <stdio.h>

#include "certs/bundle.h"
#include "mesh/core.h"

#define NET_NODES_MAX 40
#define NET_LINKS_MAX 4096
#define NET_WALL_S    INT64_C(1768478400)

struct log_entry {
    enum wtl__effect_kind kind;
    uint64_t node;
    enum wtl_status status;
    uint64_t request;
    struct wtl_pid pid;
    struct wtl_pid holder;
    char name[WTL_NAME_MAX + 1];
    uint64_t at_ms;
};

struct net_node {
    struct wtl__core *core; /* NULL: it is down */
    struct wtl__core_config config;
    struct wtl_bundle bundle;
    uint32_t incarnation;
    uint32_t links_next;
    bool hidden; /* tells no address: only who joins it finds it */
    int side;    /* of a partition: nodes of different sides do not hear each other */
    struct log_entry *log;
    uint32_t log_count, log_capacity;
    uint32_t dials, frames, closes;
    enum wtl_status broke; /* what a core said of a frame that was not good */
};

struct net {
    uint64_t now_ms;
    uint64_t seed;
    uint32_t beat_ms;  /* half open links are found out after so long */
    uint32_t delay_ms; /* the longest way of a frame */
    uint32_t count;
    struct net_node nodes[NET_NODES_MAX];
    struct net_link *links;
    uint32_t links_count;
    struct net_event *events; /* a heap would be faster; a list in order is enough */
    uint64_t order;
};

struct net *net_create(uint64_t seed);
/* Also proves that no core has found a frame of another one bad. */
void net_destroy(struct net *net);

/* Adds a node; `joins` are names, separated by blanks, or NULL. A name is its own address. */
uint32_t net_add(struct net *net, const char *name, enum wtl_layer layer, const char *joins);
/* Edge nodes n0, n1, ... that tell no address: each is linked with the one before it, which it
 * joins by, and with no other. They are up, and settled. */
struct net *net_line(uint64_t seed, uint32_t count);
void net_start(struct net *net, uint32_t node);
void net_start_all(struct net *net);
/* Gone without a word. `reset`: its peers notice at once. */
void net_kill(struct net *net, uint32_t node, bool reset);
/* Says goodbye on all links, then ends. */
void net_stop(struct net *net, uint32_t node);

void net_run(struct net *net, uint64_t ms);
/* Runs until it is so, for `ms` at most; fails the test when it does not become so. */
#define net_until(net, ms, condition)                                                              \
    do {                                                                                           \
        uint64_t end_ms_ = (net)->now_ms + (ms);                                                   \
        while (!(condition) && (net)->now_ms < end_ms_) {                                          \
            net_run((net), 1);                                                                     \
        }                                                                                          \
        cr_assert((condition), "not within %u ms: " #condition, (unsigned)(ms));                   \
    } while (0)

/* Links that are up between two nodes, as the first one sees it. */
uint32_t net_links_between(const struct net *net, uint32_t a, uint32_t b);
void net_cut(struct net *net, uint32_t a, uint32_t b); /* that link breaks, once, for both */
/* A frame from outside any core, on the link from `from` to `to`; what the core of `to` says. */
enum wtl_status net_inject(struct net *net, uint32_t from, uint32_t to, const uint8_t *bytes,
                           size_t size);
/* Another link from a stranger of that name and id to `to`; its number there. */
uint32_t net_link_stranger(struct net *net, uint32_t to, const char *name, uint64_t id,
                           enum wtl_layer layer, bool dialled);
bool net_link_is_up(const struct net *net, uint32_t node, uint32_t number);

uint64_t net_id(const struct net *net, uint32_t node);
bool net_knows(const struct net *net, uint32_t node, uint32_t other);
uint32_t net_logged(const struct net *net, uint32_t node, enum wtl__effect_kind kind,
                    uint64_t of_node);
const struct log_entry *net_answer(const struct net *net, uint32_t node, uint64_t request);
uint32_t net_lost(const struct net *net, uint32_t node, const char *name);

struct wtl_pid net_pid(const struct net *net, uint32_t node, uint64_t local);
void net_register(struct net *net, uint32_t node, uint64_t local, uint64_t request,
                  const char *name);
void net_whereis(struct net *net, uint32_t node, uint64_t local, uint64_t request,
                 const char *name);
/* What its table says. */
struct wtl_pid net_find(const struct net *net, uint32_t node, const char *name);
/* All core nodes that are up have the same table of names. */
bool net_names_agree(const struct net *net);
/* Every core node knows every other one that is up as up. */
bool net_is_whole(const struct net *net);

#endif
