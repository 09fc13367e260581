/*
 * core_wires.h - what lies between the cores of core_kit.h: links, what is under way on them, and
 * time. For core_kit.c and core_wires.c alone.
 */
#ifndef WTL_TESTS_MESH_CORE_WIRES_H
#define WTL_TESTS_MESH_CORE_WIRES_H

#include "core_kit.h"

struct net_link {
    uint32_t ends[2]; /* nodes; the first has dialled */
    uint32_t numbers[2];
    uint32_t incarnations[2];
    uint64_t quiet_ms[2]; /* what is sent to that end comes no earlier */
    bool up[2];
    bool broken;
    bool stranger; /* the first end is no node of the net */
    uint64_t broken_ms;
};

uint64_t net_random(struct net *net);
int64_t net_wall_s(const struct net *net);
void net_events_free(struct net *net);

/* Carries out what the core of that node wants. */
void net_drain(struct net *net, uint32_t node);

/* The link of that number at that node, and which end the node is. NULL: none. */
struct net_link *net_link_at(const struct net *net, uint32_t node, uint32_t number, int *end_out);
/* It carries nothing any more. */
bool net_link_is_cut(const struct net *net, const struct net_link *link);
/* When something sent now gets to that end: later than everything before it. */
uint64_t net_arrival(struct net *net, struct net_link *link, int end);
/* That end hears then that the link has ended. */
void net_link_ends(struct net *net, struct net_link *link, int end, uint64_t at_ms);

#endif
