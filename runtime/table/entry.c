/* entry.c - the memory of entries. See entry.h. */
#include "table/entry.h"

#include "base/pool.h"

struct wtl__entry *wtl__entry_new(struct wtl__key key, uint32_t value_size, unsigned traits,
                                  uint64_t expires_ms)
{
    traits |= expires_ms != WTL__WHEEL_NEVER ? WTL__ENTRY_AGES : 0;
    size_t before = (traits & WTL__ENTRY_AGES) != 0 ? sizeof(struct wtl__aging) : 0;
    uint8_t *memory =
        wtl__pool_take(before + sizeof(struct wtl__entry) + key.size + (size_t)value_size);
    if (memory == NULL) {
        return NULL;
    }
    struct wtl__entry *entry = (struct wtl__entry *)(void *)(memory + before);
    memset(entry, 0, sizeof *entry);
    entry->value_size = value_size;
    entry->key_size = (uint16_t)key.size;
    entry->traits = (uint8_t)traits;
    if (before > 0) {
        *wtl__entry_aging(entry) = (struct wtl__aging){.expires_ms = expires_ms};
    }
    if (key.size > 0) {
        memcpy(entry->bytes, key.bytes, key.size);
    }
    return entry;
}

void wtl__entry_free(struct wtl__entry *entry)
{
    struct wtl__aging *aging = wtl__entry_aging(entry);
    wtl__pool_give(aging != NULL ? (void *)aging : (void *)entry);
}
