/*
 * intruder.h - a device of the mesh that lies. It has a certificate of its own, "mallory", dials
 * edge and cloud nodes, and speaks the protocol by the real session (mesh/session.h); then it sends
 * frames in the name of others, or what its layer may not do, or a hello that is not its own.
 *
 * What it forges must reach nobody: the ledger of mail sees to that (model_mail.c). Here it is
 * checked that its link is closed, with the status that the protocol says; or, where the protocol
 * says that a frame is dropped and nothing else, that the link stays.
 *
 * It is the last node of the world, without a runtime and a hub.
 * Thread: one. Owns: its session.
 */
#ifndef WTL_SIM_INTRUDER_H
#define WTL_SIM_INTRUDER_H

#include "world.h"

void intruder_add(struct world *world);
void intruder_remove(struct world *world);
/* Dials that node and tries one lie, drawn from the world's seed. Nothing while one is tried. */
void intruder_attack(struct world *world, struct sim_node *target);

/* ---- for the world: its time, and its end of a connection ----------------------------------- */

void intruder_tick(struct world *world);
uint64_t intruder_next_ms(const struct world *world);
uint32_t intruder_open(struct sim_node *node, const struct wtl_identity *peer,
                       const uint8_t binding[32]);
size_t intruder_fill(struct sim_node *node, uint8_t *out, size_t capacity);
void intruder_bytes(struct sim_node *node, const uint8_t *bytes, size_t size);
void intruder_closed(struct sim_node *node);

#endif
