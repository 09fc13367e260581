/*
 * names.h - the names of this node: which actor holds which, unique, freed before its end is told.
 *
 * A table of shards, each a chained map under its own mutex (docs/adr/0006-where-locks-are.md):
 * names are looked up by any thread and change rarely.
 *
 * Thread: any, unless it says otherwise. Owns: the table owns its entries; an entry's name is
 * borrowed by the cell of its holder.
 */
#ifndef WTL_ACTOR_NAMES_H
#define WTL_ACTOR_NAMES_H

#include "actor/runtime.h"

struct wtl__names *wtl__names_create(void);
void wtl__names_destroy(struct wtl__names *names);

/* Gives the name to the actor: the entry becomes one of its ties. Thread: the token's holder.
 * Fails: WTL_INVALID for what is no name, WTL_EXISTS, WTL_NO_MEMORY. */
enum wtl_status wtl__name_hold(struct wtl__runtime *runtime, struct wtl__cell *cell,
                               struct wtl_pid pid, const char *name);

/* Frees a name by its tie, which is freed too. */
void wtl__name_release(struct wtl__runtime *runtime, struct wtl__envelope *tie);

/* Frees the name if the actor holds it. Thread: the token's holder. */
void wtl__name_drop(struct wtl__runtime *runtime, struct wtl__cell *cell, const char *name);

/* Who holds it; none when nobody does. */
struct wtl_pid wtl__name_find(struct wtl__runtime *runtime, const char *name);

/* Calls `visit` for each name, shard by shard; it must not touch the table. */
void wtl__names_each(struct wtl__runtime *runtime,
                     void (*visit)(void *context, const char *name, struct wtl_pid pid),
                     void *context);

/* [a-z0-9] first, then [a-z0-9._-], 1 to WTL_NAME_MAX bytes; '$' first for the runtime's own. */
bool wtl__name_is_valid(const char *name);

#endif
