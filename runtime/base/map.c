/*
 * map.c - linear probing, three quarters full at most, and removal that moves entries up.
 */
#include "base/map.h"

#include <stdlib.h>

#include "base/attr.h"
#include "base/wide.h"

enum { CAPACITY_MIN = 8 };

/* Folds the 128-bit product of two keyed words: each bit of the key reaches each bit of the hash.
 */
static uint64_t fold(uint64_t x, uint64_t y)
{
    struct wtl__wide product = wtl__wide_product(x, y);
    return product.low ^ product.high;
}

/* Where the search for this key starts. */
static uint32_t home(const struct wtl__map *map, uint64_t high, uint64_t low)
{
    uint64_t mixed = fold(high ^ map->seed ^ UINT64_C(0x9e3779b97f4a7c15),
                          low ^ (map->seed >> 32 | map->seed << 32) ^ UINT64_C(0xd1b54a32d192ed03));
    return (uint32_t)fold(mixed ^ map->seed, UINT64_C(0xa0761d6478bd642f)) & (map->capacity - 1);
}

/* The slot of the key, or the free slot where it would go. The table has a free slot always. */
static uint32_t find(const struct wtl__map *map, uint64_t high, uint64_t low)
{
    uint32_t slot = home(map, high, low);
    for (;;) {
        const struct wtl__map_entry *entry = &map->entries[slot];
        if (entry->value == NULL || (entry->low == low && entry->high == high)) {
            return slot;
        }
        slot = (slot + 1) & (map->capacity - 1);
    }
}

/* Moves all entries to a table of another size. False, and nothing changed, without memory. */
static bool resize(struct wtl__map *map, uint32_t capacity)
{
    struct wtl__map_entry *entries = calloc(capacity, sizeof *entries);
    if (entries == NULL) {
        return false;
    }
    struct wtl__map old = *map;
    map->entries = entries;
    map->capacity = capacity;
    for (uint32_t i = 0; i < old.capacity; i++) {
        const struct wtl__map_entry *entry = &old.entries[i];
        if (entry->value != NULL) {
            map->entries[find(map, entry->high, entry->low)] = *entry;
        }
    }
    free(old.entries);
    return true;
}

void wtl__map_init(struct wtl__map *map, uint32_t max, uint64_t seed)
{
    WTL_ASSERT(max >= 1 && max <= WTL__MAP_ENTRIES_MAX);
    *map = (struct wtl__map){.max = max, .seed = seed};
}

void wtl__map_deinit(struct wtl__map *map)
{
    free(map->entries);
    wtl__map_init(map, map->max, map->seed);
}

enum wtl_status wtl__map_put(struct wtl__map *map, uint64_t high, uint64_t low, void *value)
{
    WTL_ASSERT(value != NULL);
    if (wtl__map_get(map, high, low) != NULL) {
        return WTL_EXISTS;
    }
    if (map->count >= map->max) {
        return WTL_FULL;
    }
    if (map->count + 1 > map->capacity / 4 * 3) {
        uint32_t capacity = map->capacity == 0 ? CAPACITY_MIN : map->capacity * 2;
        if (!resize(map, capacity)) {
            return WTL_NO_MEMORY;
        }
    }
    map->entries[find(map, high, low)] =
        (struct wtl__map_entry){.high = high, .low = low, .value = value};
    map->count++;
    return WTL_OK;
}

void *wtl__map_get(const struct wtl__map *map, uint64_t high, uint64_t low)
{
    return map->count == 0 ? NULL : map->entries[find(map, high, low)].value;
}

void wtl__map_replace(struct wtl__map *map, uint64_t high, uint64_t low, void *value)
{
    WTL_ASSERT(value != NULL && map->count > 0);
    struct wtl__map_entry *entry = &map->entries[find(map, high, low)];
    WTL_ASSERT(entry->value != NULL);
    entry->value = value;
}

/* Empties a slot. Each entry behind it, up to the next free slot, moves into the gap unless that
 * would put it before its home. */
static void close_gap(struct wtl__map *map, uint32_t gap)
{
    const uint32_t mask = map->capacity - 1;
    for (uint32_t slot = (gap + 1) & mask; map->entries[slot].value != NULL;
         slot = (slot + 1) & mask) {
        uint32_t start = home(map, map->entries[slot].high, map->entries[slot].low);
        if (((slot - start) & mask) >= ((slot - gap) & mask)) {
            map->entries[gap] = map->entries[slot];
            gap = slot;
        }
    }
    map->entries[gap].value = NULL;
    map->count--;
}

void *wtl__map_remove(struct wtl__map *map, uint64_t high, uint64_t low)
{
    if (map->count == 0) {
        return NULL;
    }
    uint32_t slot = find(map, high, low);
    void *value = map->entries[slot].value;
    if (value == NULL) {
        return NULL;
    }
    close_gap(map, slot);
    if (map->capacity > CAPACITY_MIN && map->count < map->capacity / 8) {
        /* Without memory for the smaller table, the larger one is as right as before. */
        (void)resize(map, map->capacity / 2);
    }
    return value;
}

bool wtl__map_next(const struct wtl__map *map, uint32_t *cursor, struct wtl__map_entry *entry_out)
{
    for (; *cursor < map->capacity; (*cursor)++) {
        if (map->entries[*cursor].value != NULL) {
            *entry_out = map->entries[(*cursor)++];
            return true;
        }
    }
    return false;
}

bool wtl__map_take_any(struct wtl__map *map, uint32_t *cursor, struct wtl__map_entry *entry_out)
{
    if (map->count == 0) {
        return false;
    }
    uint32_t slot = *cursor & (map->capacity - 1);
    while (map->entries[slot].value == NULL) {
        slot = (slot + 1) & (map->capacity - 1);
    }
    *entry_out = map->entries[slot];
    *cursor = slot; /* not behind it: another entry may have moved up into this slot */
    close_gap(map, slot);
    return true;
}
