/*
 * key.h - keys: checked, brought into their one shortest form, and ordered.
 *
 * Whatever comes from outside is hostile until wtl__key_read has taken it; all else here is given
 * keys that it made. In the shortest form equal keys have equal bytes, so that hashing and
 * comparing need no msgpack; the order needs it, and reads well-formed bytes only.
 *
 * Pure. Thread: any. Owns: nothing.
 */
#ifndef WTL_TABLE_KEY_H
#define WTL_TABLE_KEY_H

#include <wattle/table.h>

/* A key in its shortest form. */
struct wtl__key {
    const uint8_t *bytes;
    uint32_t size; /* 1 to WTL_TABLE_KEY_MAX */
};

/* Checks `given` and makes its shortest form, in `room` unless it is that already.
 * Fails: WTL_INVALID for what is no key, see table.h; WTL_TOO_LARGE over WTL_TABLE_KEY_MAX. */
enum wtl_status wtl__key_read(struct wtl_bytes given, uint8_t room[WTL_TABLE_KEY_MAX],
                              struct wtl__key *key_out) WTL_MUST_USE;

/* Below, at or above 0 as `a` is before, the same as or behind `b` in the order of table.h. */
int wtl__key_compare(struct wtl__key a, struct wtl__key b);

/* Does the key begin with it? A string's or bin's bytes, an array's elements; else: is it equal? */
bool wtl__key_has_prefix(struct wtl__key key, struct wtl__key prefix);

/* Another order: of the bytes themselves, shorter keys first. */
static inline int wtl__key_bytes_order(struct wtl__key a, struct wtl__key b)
{
    return a.size != b.size ? (a.size > b.size) - (a.size < b.size)
                            : memcmp(a.bytes, b.bytes, a.size);
}

static inline bool wtl__key_is_same(struct wtl__key a, struct wtl__key b)
{
    return a.size == b.size && memcmp(a.bytes, b.bytes, a.size) == 0;
}

#endif
