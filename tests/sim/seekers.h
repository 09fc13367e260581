/*
 * seekers.h - everybody looks for names: as soon as one was registered, and now and then. What they
 * find, the model judges (model_names.c).
 *
 * They are no actors: a question is put to a node's core as its port would, and its answer does not
 * go to the runtime.
 *
 * Thread: one. Owns: nothing.
 */
#ifndef WTL_SIM_SEEKERS_H
#define WTL_SIM_SEEKERS_H

#include "world.h"

/* Every node looks for that name, which that actor was just told it holds. */
void seek_name(struct world *world, struct wtl_pid pid, const char *name);
/* Every node looks for every name that is held. */
void seek_all(struct world *world);
/* Is that answer one for a seeker? Then it is taken. */
bool seek_answer(struct sim_node *node, uint64_t request, enum wtl_status status,
                 struct wtl_pid holder);

#endif
