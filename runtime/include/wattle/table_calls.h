/*
 * table_calls.h - what actors do with tables, one inline function each; included by table.h, which
 * says what holds for all of them.
 *
 * Memory that a write has replaced is given back soon after it, when the readers of that moment are
 * through. Where that lags behind (64 MiB of it on one node), writes answer WTL_BUSY for a while.
 */
#ifndef WATTLE_TABLE_CALLS_H
#define WATTLE_TABLE_CALLS_H

#include <wattle/table.h>

/* ---- life --------------------------------------------------------------------------------- */

/* Makes a table that belongs to this actor. When the actor ends, by whatever reason, the table goes
 * before anybody hears of that end (OTP), or its heir gets it: the heir is told by a message
 * "table_transfer" from the former owner, with the body {table, name, data}, and owns it from then
 * on, without an heir. An heir that has ended is none. NULL options: a protected set.
 * Owns: the actor. Fails: WTL_EXISTS when the name is taken; WTL_FULL over WTL_TABLES_MAX;
 * WTL_INVALID for a name that is none, a kind that is none, an heir on another node, data that is
 * more than one msgpack value or over WTL_TABLE_DATA_MAX; WTL_NO_MEMORY. */
static inline enum wtl_status WTL_MUST_USE wtl_table_create(struct wtl_ctx *x,
                                                            const struct wtl_table_options *options,
                                                            struct wtl_table *table_out)
{
    return x->api->tables->create(x, options, table_out);
}

/* Ends a table now; its memory is given back on another thread. Fails: WTL_DENIED for all but the
 * owner, also when the table is public. */
static inline enum wtl_status WTL_MUST_USE wtl_table_destroy(struct wtl_ctx *x,
                                                             struct wtl_table table)
{
    return x->api->tables->destroy(x, table);
}

/* The table of that name; none when there is none. It may end at any moment after. */
static inline struct wtl_table wtl_table_find(struct wtl_ctx *x, const char *name)
{
    return x->api->tables->find(x, name);
}

/* Gives this actor's table to another one of this node, which is told as an heir is, with `data`.
 * The heir stays who it is; it gets the table too when `to` ends before it has heard of it.
 * Fails: WTL_DENIED for all but the owner; WTL_NO_PROCESS; WTL_INVALID for an actor of another
 * node, and for oneself; WTL_NO_MEMORY. */
static inline enum wtl_status WTL_MUST_USE wtl_table_give(struct wtl_ctx *x, struct wtl_table table,
                                                          struct wtl_pid to, struct wtl_bytes data)
{
    return x->api->tables->give(x, table, to, data);
}

/* Says who gets the table when this actor, its owner, ends; WTL_PID_NONE: nobody. Fails as
 * wtl_table_create. */
static inline enum wtl_status WTL_MUST_USE wtl_table_set_heir(struct wtl_ctx *x,
                                                              struct wtl_table table,
                                                              struct wtl_pid heir,
                                                              struct wtl_bytes data)
{
    return x->api->tables->set_heir(x, table, heir, data);
}

/* What the table is and holds. Needs no access. The counts are those of one moment only when nobody
 * writes. */
static inline enum wtl_status WTL_MUST_USE wtl_table_info(struct wtl_ctx *x, struct wtl_table table,
                                                          struct wtl_table_info *info_out)
{
    return x->api->tables->info(x, table, info_out);
}

/* ---- writing ------------------------------------------------------------------------------ */

/* Puts a value under a key, in place of the one that is there; in a bag, to those that are there,
 * unless it is there already and the bag is no duplicate one. In a bag it is exactly one msgpack
 * value, elsewhere any bytes. It stays for the table's ttl_ms.
 * Fails: WTL_FULL when there is no room, or no more than WTL_TABLE_VALUES_MAX in a bag; WTL_BUSY
 * when so much would have to be evicted that it takes another call; WTL_TOO_LARGE over
 * WTL_TABLE_VALUE_MAX or the table's bytes; WTL_NO_MEMORY. The table is then as it was, but for
 * what was evicted. */
static inline enum wtl_status WTL_MUST_USE wtl_table_insert(struct wtl_ctx *x,
                                                            struct wtl_table table,
                                                            struct wtl_bytes key,
                                                            struct wtl_bytes value)
{
    return x->api->tables->insert(x, table, key, value, 0, false);
}

/* The same; after `ttl_ms` milliseconds, and never before, it is as if it were not there (0: the
 * table's). In a bag the time of the key's values begins anew. Its memory is taken back about a
 * second later, by the owner's worker. */
static inline enum wtl_status WTL_MUST_USE wtl_table_insert_for(struct wtl_ctx *x,
                                                                struct wtl_table table,
                                                                struct wtl_bytes key,
                                                                struct wtl_bytes value,
                                                                uint64_t ttl_ms)
{
    return x->api->tables->insert(x, table, key, value, ttl_ms, false);
}

/* Puts it only when the key is not there: of many who try, one succeeds. Fails: WTL_EXISTS, or as
 * wtl_table_insert. */
static inline enum wtl_status WTL_MUST_USE wtl_table_insert_new(struct wtl_ctx *x,
                                                                struct wtl_table table,
                                                                struct wtl_bytes key,
                                                                struct wtl_bytes value,
                                                                uint64_t ttl_ms)
{
    return x->api->tables->insert(x, table, key, value, ttl_ms, true);
}

/* Adds to the integer under the key, in one step; a key that is not there begins with `initial`.
 * `value_out` (NULL: not wanted) is the sum. How long it stays does not change.
 * Fails: WTL_BAD_PAYLOAD when there is something else than an integer; WTL_TOO_LARGE when the sum
 * is none of 64 bits; WTL_UNSUPPORTED for a bag; or as wtl_table_insert. */
static inline enum wtl_status WTL_MUST_USE wtl_table_add(struct wtl_ctx *x, struct wtl_table table,
                                                         struct wtl_bytes key, int64_t delta,
                                                         int64_t initial, int64_t *value_out)
{
    return x->api->tables->add(x, table, key, delta, initial, value_out);
}

/* Replaces the value when it is, byte for byte, the expected one, in one step. How long it stays
 * does not change. Fails: WTL_EXISTS when there is another value; WTL_NOT_FOUND when there is none;
 * WTL_UNSUPPORTED for a bag; or as wtl_table_insert. */
static inline enum wtl_status WTL_MUST_USE wtl_table_swap(struct wtl_ctx *x, struct wtl_table table,
                                                          struct wtl_bytes key,
                                                          struct wtl_bytes expected,
                                                          struct wtl_bytes value)
{
    return x->api->tables->swap(x, table, key, expected, value);
}

/* Removes the key with all its values. Fails: WTL_NOT_FOUND. */
static inline enum wtl_status WTL_MUST_USE wtl_table_delete(struct wtl_ctx *x,
                                                            struct wtl_table table,
                                                            struct wtl_bytes key)
{
    return x->api->tables->remove(x, table, key);
}

/* Removes the value when it is, byte for byte, this one; of a bag all that are (OTP delete_object).
 * Fails: WTL_NOT_FOUND; of a bag also as wtl_table_insert. */
static inline enum wtl_status WTL_MUST_USE wtl_table_delete_value(struct wtl_ctx *x,
                                                                  struct wtl_table table,
                                                                  struct wtl_bytes key,
                                                                  struct wtl_bytes value)
{
    return x->api->tables->remove_value(x, table, key, value);
}

/* Removes everything, in one step and in a time that does not depend on how much there is.
 * Fails: WTL_BUSY while 256 MiB of what was cleared or destroyed before are not yet given back;
 * WTL_NO_MEMORY. */
static inline enum wtl_status WTL_MUST_USE wtl_table_clear(struct wtl_ctx *x,
                                                           struct wtl_table table)
{
    return x->api->tables->clear(x, table);
}

/* ---- reading ------------------------------------------------------------------------------ */

/* Puts the value under the key behind what is in the writer: memory of the actor's own, or a
 * message that is being made. Of a bag it is an array of all values, in the order in which they
 * were inserted. NULL: only whether the key is there. Fails: WTL_NOT_FOUND; WTL_TOO_LARGE when the
 * writer has no room. */
static inline enum wtl_status WTL_MUST_USE wtl_table_lookup(struct wtl_ctx *x,
                                                            struct wtl_table table,
                                                            struct wtl_bytes key,
                                                            struct wtl_writer *into)
{
    return x->api->tables->lookup(x, table, key, into);
}

/* The same without a copy, for what is large and read by many: a reader over the value, valid until
 * the running function returns, whoever replaces or removes it meanwhile.
 * Bounds: WTL_TABLE_BORROWED_MAX in one run of a function, then WTL_FULL; WTL_NO_MEMORY. */
static inline enum wtl_status WTL_MUST_USE wtl_table_borrow(struct wtl_ctx *x,
                                                            struct wtl_table table,
                                                            struct wtl_bytes key,
                                                            struct wtl_reader *value_out)
{
    return x->api->tables->borrow(x, table, key, value_out);
}

/* Removes the key and gives its value, as wtl_table_lookup does, in one step: of many who try, one
 * gets it. When the writer has no room the value stays. */
static inline enum wtl_status WTL_MUST_USE wtl_table_take(struct wtl_ctx *x, struct wtl_table table,
                                                          struct wtl_bytes key,
                                                          struct wtl_writer *into)
{
    return x->api->tables->take(x, table, key, into);
}

/* ---- walking ------------------------------------------------------------------------------ */

/* Moves the cursor to the next key: in order, or in no order in a hashed table. A walk survives all
 * that is written meanwhile, also the removal of the key at which it is: keys that are there all
 * the time are met exactly once, keys that come or go may be met or not (OTP safe_fixtable, without
 * having to fix the table). Fails: WTL_NOT_FOUND behind the last key, where the cursor stays. */
static inline enum wtl_status WTL_MUST_USE wtl_table_next(struct wtl_ctx *x, struct wtl_table table,
                                                          struct wtl_table_cursor *cursor)
{
    return x->api->tables->step(x, table, cursor, false);
}

/* The same backwards. Fails: WTL_UNSUPPORTED for a hashed table. */
static inline enum wtl_status WTL_MUST_USE wtl_table_prev(struct wtl_ctx *x, struct wtl_table table,
                                                          struct wtl_table_cursor *cursor)
{
    return x->api->tables->step(x, table, cursor, true);
}

/* Calls `visit` for each entry that matches; in an ordered table those that a prefix or a range
 * leaves out are not even looked at. NULL match: all. The walk goes on where `cursor` is, and
 * leaves it where it ended; NULL: from the beginning, and nowhere to go on from. WTL_OK: that was
 * all. WTL_MORE: `limit` entries were looked at, or `visit` has said so; call again with the same
 * cursor, best from another message, so that others have their turn (wtl_continue). Fails: WTL_FULL
 * when nothing can be borrowed any more (see wtl_table_borrow); WTL_NO_MEMORY. */
static inline enum wtl_status WTL_MUST_USE wtl_table_select(struct wtl_ctx *x,
                                                            struct wtl_table table,
                                                            const struct wtl_table_match *match,
                                                            struct wtl_table_cursor *cursor,
                                                            wtl_table_visit visit, void *context)
{
    return x->api->tables->select(x, table, match, cursor, visit, context);
}

#endif
