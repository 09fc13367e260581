/*
 * table.h - one table as a data structure: what <wattle/table.h> promises about keys and values,
 * without actors. Who owns it, who may use it and what it is called is the business of
 * actor/tables.h.
 *
 * Each call below is one step to everybody else (docs/adr/0012-tables.md). It is made by readers
 * without waiting; by writers without waiting in a hashed table, and under the lock of one change
 * in an ordered one.
 *
 * Thread: any, between wtl__table_enter and wtl__table_leave, which are not held while something
 * waits or a function of an actor runs. Owns: a table belongs to who made it.
 */
#ifndef WTL_TABLE_TABLE_H
#define WTL_TABLE_TABLE_H

#include <wattle/table.h>

#include "base/wheel.h"
#include "table/holds.h"
#include "table/key.h"

struct wtl__table;

/* Entries that a select has in its hands at a time. */
#define WTL__TABLE_CHUNK 16u

/* A section: what is found in it stays until it is left. May be nested. */
void wtl__table_enter(void);
void wtl__table_leave(void);

/* A table with that kind, bound, policy and time to live; name, access and heir mean nothing here.
 * The clock is borrowed. Seeds should not be guessed by who chooses the keys. Fails: WTL_INVALID,
 * WTL_NO_MEMORY. */
enum wtl_status wtl__table_create(const struct wtl_table_options *options,
                                  const struct wtl__clock *clock, const uint64_t seed[2],
                                  struct wtl__table **table_out) WTL_MUST_USE;

/* Frees it when everybody who may have found it has left, and calls `freed` after that; on another
 * thread. From now on nobody finds it. Thread: any. */
void wtl__table_destroy(struct wtl__table *table, void (*freed)(void *context), void *context);

/* Waits until all tables that were destroyed before, and all that was in them, are freed.
 * Thread: one that runs no actors, outside of sections. */
void wtl__table_wait(void);

/* Kind, bounds and counts; the rest is left as it is. */
void wtl__table_info(struct wtl__table *table, struct wtl_table_info *info_out);

/* ---- writing: change.c, see table_calls.h for what each promises -------------------------- */

enum wtl_status wtl__table_insert(struct wtl__table *table, struct wtl__key key,
                                  struct wtl_bytes value, uint64_t ttl_ms,
                                  bool only_new) WTL_MUST_USE;
enum wtl_status wtl__table_add(struct wtl__table *table, struct wtl__key key, int64_t delta,
                               int64_t initial, int64_t *value_out) WTL_MUST_USE;
enum wtl_status wtl__table_swap(struct wtl__table *table, struct wtl__key key,
                                struct wtl_bytes expected, struct wtl_bytes value) WTL_MUST_USE;
enum wtl_status wtl__table_remove(struct wtl__table *table, struct wtl__key key) WTL_MUST_USE;
enum wtl_status wtl__table_remove_value(struct wtl__table *table, struct wtl__key key,
                                        struct wtl_bytes value) WTL_MUST_USE;
enum wtl_status wtl__table_take(struct wtl__table *table, struct wtl__key key,
                                struct wtl_writer *into) WTL_MUST_USE;
enum wtl_status wtl__table_clear(struct wtl__table *table) WTL_MUST_USE;

/* When the first of all entries expires that were written since this was last asked;
 * WTL__WHEEL_NEVER: none does. Somebody should sweep then. */
uint64_t wtl__table_take_due(struct wtl__table *table);

/* Takes back the memory of some that have expired. Returns when there is more to do: the time at
 * which something expires next or a little before, 0 for at once, WTL__WHEEL_NEVER for nothing. */
uint64_t wtl__table_sweep(struct wtl__table *table);

/* ---- reading: read.c ---------------------------------------------------------------------- */

enum wtl_status wtl__table_lookup(struct wtl__table *table, struct wtl__key key,
                                  struct wtl_writer *into) WTL_MUST_USE;

/* `bit_out` is the slot in which the value is held, also after the section. */
enum wtl_status wtl__table_borrow(struct wtl__table *table, struct wtl__key key,
                                  struct wtl__holds *holds, struct wtl_reader *value_out,
                                  uint32_t *bit_out) WTL_MUST_USE;

enum wtl_status wtl__table_step(struct wtl__table *table, struct wtl_table_cursor *cursor,
                                bool backwards) WTL_MUST_USE;

/* A select while it runs: what it is looking for, and the entries that it has in its hands. */
struct wtl__select {
    struct wtl__key prefix; /* no bytes: no condition */
    struct wtl__key from;
    struct wtl__key below;
    uint32_t limit; /* entries that it may still look at */
    struct wtl_table_cursor *cursor;
    uint32_t count;
    uint32_t bits[WTL__TABLE_CHUNK]; /* the slots that hold them */
    struct wtl__entry *entries[WTL__TABLE_CHUNK];
};

/* The next entries that match, held in slots that the caller empties; moves the cursor on to the
 * last one looked at. WTL_OK: behind them there is none. WTL_MORE: there may be.
 * Fails: WTL_FULL without a free slot; WTL_NO_MEMORY. */
enum wtl_status wtl__table_collect(struct wtl__table *table, struct wtl__select *select,
                                   struct wtl__holds *holds) WTL_MUST_USE;

/* What an entry in one's hands says. */
struct wtl_reader wtl__table_key_of(const struct wtl__entry *entry);
struct wtl_reader wtl__table_value_of(const struct wtl__entry *entry);

#endif
