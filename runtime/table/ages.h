/*
 * ages.h - which entries of a store have expired, and which were not used for long.
 *
 * Only entries with struct wtl__aging are here (entry.h). Being here says nothing about being in
 * the store: whoever is given an entry as expired or old tries to remove it there, and that
 * decides.
 *
 * Thread: any, in a section. Owns: nothing but the wheel, which is made when first something has a
 * time to live.
 * Locks: `lock`, for a few instructions; where something may have expired, for some batches of the
 * wheel's steps.
 */
#ifndef WTL_TABLE_AGES_H
#define WTL_TABLE_AGES_H

#include <pthread.h>

#include "table/entry.h"

/* Entries that are handed out at a time. */
#define WTL__AGES_BATCH 32u
/* Entries that were used and get a second chance, before one goes all the same. */
#define WTL__AGES_CHANCES 64u

struct wtl__ages {
    pthread_mutex_t lock;
    struct wtl__wheel *wheel; /* NULL: nothing has a time to live yet */
    struct wtl__list order;   /* oldest first; of a table that evicts */
};

void wtl__ages_init(struct wtl__ages *ages);
void wtl__ages_deinit(struct wtl__ages *ages);

/* Makes the wheel, if there is none. False when memory is exhausted. */
bool wtl__ages_have_wheel(struct wtl__ages *ages, uint64_t now_ms);

/* Adds an entry that is in the store, unless it has left it meanwhile; `evicts`: to the old ones
 * too. Its time to live needs a wheel. */
void wtl__ages_add(struct wtl__ages *ages, struct wtl__entry *entry, bool evicts);

/* The entry has left the store. */
void wtl__ages_remove(struct wtl__ages *ages, struct wtl__entry *entry);

/* Hands out entries that have expired; returns how many. */
unsigned wtl__ages_expire(struct wtl__ages *ages, uint64_t now_ms,
                          struct wtl__entry *expired_out[WTL__AGES_BATCH]);

/* Hands out the one that was not used for the longest time, about; NULL: there is none. */
struct wtl__entry *wtl__ages_oldest(struct wtl__ages *ages);

/* When something expires next, or a little before; WTL__WHEEL_NEVER: nothing does. */
uint64_t wtl__ages_next_ms(struct wtl__ages *ages);

#endif
