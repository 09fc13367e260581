/*
 * talkers.h - the actors that live on simulated nodes, and what they find wrong.
 *
 * A talker registers the global name "talker.NODE", looks others up, sends them numbered messages,
 * calls and monitors them. What must never be is counted in `violations` with the last text.
 */
#ifndef WTL_SIM_TALKERS_H
#define WTL_SIM_TALKERS_H

#include "world.h"

struct checks {
    uint64_t violations;
    char text[256];
    uint64_t heard, sent, calls, answers, downs, registered, taken;
};

extern struct checks checks;

/* Counts a violation and keeps its text. */
void violation(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Spawns a node's talker; for sim_node.boot. */
void talker_boot(struct sim_node *node);

/* The global name of a node's talker into `name_out`. */
void talker_name(const char *node, char name_out[WTL_NAME_MAX + 1]);

#endif
