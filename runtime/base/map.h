/*
 * map.h - a hash map from a pair of 64-bit numbers (a pid, say) to a pointer.
 *
 * Open addressing with linear probing. A removed entry leaves no tombstone: the entries behind it
 * move up, so a map that sees a million puts and removals is as fast as a fresh one. An empty map
 * has allocated nothing; it grows by doubling and shrinks when it is an eighth full. The hash is
 * keyed by a seed, so that a peer who picks the keys cannot make them collide.
 *
 * Thread: one at a time; the owner of the map sees to it.
 * Owns:   its table; neither the values nor what they point to.
 * Bounds: `max` entries, then WTL_FULL.
 */
#ifndef WTL_BASE_MAP_H
#define WTL_BASE_MAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <wattle/status.h>

struct wtl__map_entry {
    uint64_t high;
    uint64_t low;
    void *value; /* NULL: the slot is free */
};

struct wtl__map {
    struct wtl__map_entry *entries; /* NULL: nothing allocated */
    uint64_t seed;
    uint32_t count;
    uint32_t capacity; /* a power of two, or 0 */
    uint32_t max;
};

enum { WTL__MAP_ENTRIES_MAX = 1 << 26 };

/* Bounds: max is 1 to WTL__MAP_ENTRIES_MAX. The seed should be a random one. */
void wtl__map_init(struct wtl__map *map, uint32_t max, uint64_t seed);

/* Frees the table, entries or not; the map is empty then and can be used again. */
void wtl__map_deinit(struct wtl__map *map);

/* Adds an entry; `value` is not NULL.
 * Fails: WTL_EXISTS (the old value stays), WTL_FULL, WTL_NO_MEMORY. */
enum wtl_status wtl__map_put(struct wtl__map *map, uint64_t high, uint64_t low,
                             void *value) WTL_MUST_USE;

/* The value, or NULL. */
void *wtl__map_get(const struct wtl__map *map, uint64_t high, uint64_t low);

/* Gives an entry that is there another value, which is not NULL. Never fails. */
void wtl__map_replace(struct wtl__map *map, uint64_t high, uint64_t low, void *value);

/* Takes the entry out and returns its value, or NULL. Never fails. */
void *wtl__map_remove(struct wtl__map *map, uint64_t high, uint64_t low);

/* Steps through all entries, in no order: start with *cursor = 0. False, and entry_out untouched,
 * after the last. The map must not change meanwhile. */
bool wtl__map_next(const struct wtl__map *map, uint32_t *cursor, struct wtl__map_entry *entry_out);

/* Takes any one entry out: start with *cursor = 0 and keep the cursor from call to call. False when
 * the map is empty. All of n entries take O(n) together. */
bool wtl__map_take_any(struct wtl__map *map, uint32_t *cursor, struct wtl__map_entry *entry_out);

#endif
