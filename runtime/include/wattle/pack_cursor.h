/*
 * pack_cursor.h - tier 1 of packing: wtl_put_* and wtl_get_*, one msgpack value a call, inline.
 *
 * Puts always use the shortest encoding, so that equal values have equal bytes. Gets also take
 * longer ones than needed. Not here: formats (pack_shape.h), and the check of a body from another
 * machine, which has been made before an actor sees it.
 *
 *     wtl_put_map(&w, 2);                             uint32_t left = wtl_get_map(&r);
 *     WTL_PUT_KEY(&w, "seq"), wtl_put_u64(&w, seq);   while (left-- > 0) {
 *     WTL_PUT_KEY(&w, "ok"), wtl_put_bool(&w, ok);        if (WTL_GET_KEY(&r, "seq")) {
 *                                                             seq = wtl_get_u64(&r);
 *                                                         } else {
 *                                                             wtl_skip(&r), wtl_skip(&r);
 *                                                         }
 *                                                     }
 *                                                     return r.failed ? WTL_BAD_PAYLOAD : WTL_OK;
 *
 * Thread: a writer or reader belongs to one thread. Owns: nothing; what wtl_get_str, _bin and _ext
 * return points into the reader's bytes.
 * Fails: the first error sets `failed`; from then on puts do nothing and gets return zero or NULL.
 * Bounds: a count that wtl_get_array or wtl_get_map returns is never more than the bytes that are
 * left could hold, so that a loop over it ends soon, whatever the bytes claim.
 */
#ifndef WATTLE_PACK_CURSOR_H
#define WATTLE_PACK_CURSOR_H

#include <wattle/types.h>

/* To and from the byte order of the wire, which is big endian. */
static inline uint64_t wtl__wire64(uint64_t value)
{
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
    return __builtin_bswap64(value);
#else
    return value;
#endif
}

/* The size of a literal key; one that is longer than 31 bytes does not compile. */
#define WTL_KEY_SIZE_(literal)                                                                     \
    (sizeof("" literal) - 1 + 0 * sizeof(char[sizeof("" literal) <= 32 ? 1 : -1]))

#include <wattle/pack_get.h>
#include <wattle/pack_put.h>

#endif
