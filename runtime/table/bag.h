/*
 * bag.h - what a bag keeps under one key: a msgpack array of its values, oldest first.
 *
 * Pure: bytes in, bytes out. Thread: any. Owns: nothing but what wtl__bag_without returns.
 */
#ifndef WTL_TABLE_BAG_H
#define WTL_TABLE_BAG_H

#include <wattle/table.h>

/* Is it exactly one msgpack value? */
bool wtl__bag_takes(struct wtl_bytes value);

/* How many values there are, and their bytes without the array's head. */
uint32_t wtl__bag_open(struct wtl_bytes bag, struct wtl_bytes *values_out);

/* How many of them are that one, byte for byte. */
uint32_t wtl__bag_count(struct wtl_bytes bag, struct wtl_bytes value);

/* The bag without that one, `left` values long, in memory of the pools. NULL when it is exhausted.
 */
uint8_t *wtl__bag_without(struct wtl_bytes bag, struct wtl_bytes value, uint32_t left,
                          uint32_t *size_out);

#endif
