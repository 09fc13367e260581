/*
 * check.h - what must be so when faults have ended, the mesh has had time, and nobody does anything
 * any more. See model.h for the numbers.
 *
 * Thread: one. Owns: nothing.
 */
#ifndef WTL_SIM_CHECK_H
#define WTL_SIM_CHECK_H

#include "world.h"

void check_quiescent(struct world *world);

#endif
