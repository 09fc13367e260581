/*
 * retire.h - entries that are in no store any more: freed when nobody reads them.
 *
 * Retiring never waits. What is retired and not yet freed is counted for the whole process, because
 * one thread of liburcu's frees it; a writer looks at the count before it makes more.
 *
 * Thread: any; not inside of what wtl__rcu_after runs, where it says so.
 */
#ifndef WTL_TABLE_RETIRE_H
#define WTL_TABLE_RETIRE_H

#include <stdbool.h>
#include <stdint.h>

struct wtl__entry;

/* Bytes that may wait to be freed: of single entries, and of stores that were cleared. */
#define WTL__RETIRED_MAX  (64u * 1024 * 1024)
#define WTL__DRAINING_MAX (256u * 1024 * 1024)

/* Frees the entry when those who read now are through. It has left its store. */
void wtl__retire(struct wtl__entry *entry);

/* Frees an entry of a store that was counted whole, by wtl__draining_begin, and that nobody can
 * find any more. Thread: in `done` of wtl__rcu_after. */
void wtl__free_drained(struct wtl__entry *entry);

/* So much waits already that nothing should be added. */
bool wtl__retired_is_full(void);

/* Counts the bytes of a store that is given up with all of its entries. False, and nothing counted,
 * when there are too many already, unless it must be. */
bool wtl__draining_begin(uint64_t bytes, bool must);

/* Waits until all that was retired before is freed, and given back to the pools.
 * Thread: one that runs no actors, in no section. */
void wtl__retired_wait(void);

#endif
