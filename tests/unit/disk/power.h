/*
 * power.h - a SQLite file system (sqlite3_vfs) over the system's own from which power can be cut.
 *
 * What is written goes to the file at once, so that it is read back, and is kept apart until the
 * file is synced. At the cut, which comes at a write or sync of one's choice, everything fails from
 * then on; and when power is back each file is what was synced, with some of the sectors that were
 * not, in no order, picked at random. A file that never was synced may be gone.
 *
 * Thread: one. Owns: what it remembers of files, until power_back.
 */
#ifndef DISK_POWER_H
#define DISK_POWER_H

#include <stdbool.h>
#include <stdint.h>

/* Every connection of this process goes through it from now on. */
void power_install(void);

/* Power is cut at that write or sync from now on, counted from 1; what survives comes from the
 * seed. */
void power_cut_at(uint64_t event, uint64_t seed);
bool power_is_cut(void);

/* Writes and syncs since power_cut_at. */
uint64_t power_events(void);

/* Makes of all files what has survived. No connection is open. */
void power_back(void);

#endif
