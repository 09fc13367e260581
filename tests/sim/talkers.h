/*
 * talkers.h - the actors that live on simulated nodes, and do whatever actors do to each other.
 *
 * Each node has one talker. It registers the global name "talker.NODE", takes and gives up names
 * that all nodes want ("shared.K"), looks others up, and does to those that it finds, and to those
 * that it knew once: numbered messages, small ones and such of many pieces; calls; monitors and
 * links, and takes them back; kills. It starts flies: actors with a name of their own that answer
 * what they are told, and end after a while, by themselves or killed.
 *
 * What they see is told to the model (model.h); what they check themselves: that numbers of one
 * sender only grow, that nothing comes of who is dead, that what was taken back stays so.
 */
#ifndef WTL_SIM_TALKERS_H
#define WTL_SIM_TALKERS_H

#include "world.h"

/* Spawns a node's talker; for sim_node.boot. */
void talker_boot(struct sim_node *node);
/* The same on a node whose first thousand actors have come and gone, so that cells are used again
 * and old pids have somebody new in their place. */
void talker_boot_late(struct sim_node *node);

/* The global name of a node's talker into `name_out`. */
void talker_name(const char *node, char name_out[WTL_NAME_MAX + 1]);

#endif
