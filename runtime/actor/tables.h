/*
 * tables.h - the tables of this node: which there are, what they are called, who owns them and who
 * may use them. What is in them is the business of table/table.h.
 *
 * A table is a tie of its owner. It changes hands by a signal, which adds the tie to the new owner;
 * until that has come nobody but the runtime can end it. `owner` and `access` say who may use it
 * and are read by all.
 *
 * Legal states of struct wtl__owned:
 *   OWNED    a tie of its owner
 *   MOVING   `gift` is set: its signal is on the way to the new owner, who may use it already
 *   ENDED    in no slot any more; freed when those who found it before are through
 *
 * Thread: as each says. Owns: the table of tables owns all of them.
 */
#ifndef WTL_ACTOR_TABLES_H
#define WTL_ACTOR_TABLES_H

#include <wattle/table.h>

#include "actor/runtime.h"

struct wtl__table;

/* One table of this node. */
struct wtl__owned {
    struct wtl__envelope tie; /* of its owner; request: the id */
    struct wtl__runtime *runtime;
    struct wtl__table *table;
    uint64_t id;
    enum wtl_table_access access;
    _Atomic(uint64_t) owner; /* its cell's local id */
    _Atomic(uint64_t) heir;  /* the same; 0: none */

    /* of the owner's run token */
    struct wtl__envelope *notice; /* what the heir will be told */
    struct wtl__envelope *gift;   /* what the new owner will be told, while it is on its way */
    struct wtl__control transfer; /* the signal that brings it there */
    struct wtl__alarm *sweep;     /* NULL: never needed yet */
    bool sweep_is_armed;
    _Atomic(uint64_t) sweep_ms; /* when a sweep is due or asked for; written by all writers */

    struct wtl__owned *next_named; /* under the lock of the tables */
    char name[WTL_NAME_MAX + 1];
};

struct wtl__tables *wtl__tables_create(struct wtl__runtime *runtime);
/* All tables have ended; waits until they are freed. NULL is nothing. Thread: off the workers. */
void wtl__tables_destroy(struct wtl__tables *tables);

/* The time of the runtime, as its tables see it. */
const struct wtl__clock *wtl__tables_clock(const struct wtl__tables *tables);

/* Gives a new table its id and, unless it is empty, its name, and lets it be found. Thread: any.
 * Fails: WTL_EXISTS, WTL_FULL, WTL_NO_MEMORY. */
enum wtl_status wtl__tables_add(struct wtl__tables *tables, struct wtl__owned *owned) WTL_MUST_USE;

/* From now on nobody finds it; it is freed with all that is in it when nobody uses it any more.
 * Thread: the owner's, or whoever brings its signal. */
void wtl__tables_end(struct wtl__tables *tables, struct wtl__owned *owned);

/* NULL: there is none. Thread: any, in a section of table/table.h, in which it stays. */
struct wtl__owned *wtl__tables_find(struct wtl__tables *tables, uint64_t id);

/* The id of a named table, or 0. Thread: any. */
uint64_t wtl__tables_named(struct wtl__tables *tables, const char *name);

/* ---- owners: table_owner.c ---------------------------------------------------------------- */

/* What a new owner or an heir is told: {table, name, data}. NULL when memory is exhausted. */
struct wtl__envelope *wtl__table_notice(const struct wtl__owned *owned, struct wtl_bytes data);

/* Sends the table to a new owner. It is no tie of anybody any more. Owns: takes the gift. */
void wtl__table_send(struct wtl__ctx *x, struct wtl__owned *owned, uint64_t to,
                     struct wtl__envelope *gift, struct wtl_pid from);

/* The owner has ended: its table, by its tie, goes to the heir or ends. */
void wtl__table_leave_owner(struct wtl__ctx *x, struct wtl__envelope *tie, struct wtl_pid owner);

/* Calls of modules: see create, destroy, give and set_heir in table_calls.h. */
enum wtl_status wtl__owned_create(struct wtl_ctx *x, const struct wtl_table_options *options,
                                  struct wtl_table *table_out);
enum wtl_status wtl__owned_destroy(struct wtl_ctx *x, struct wtl_table table);
enum wtl_status wtl__owned_give(struct wtl_ctx *x, struct wtl_table table, struct wtl_pid to,
                                struct wtl_bytes data);
enum wtl_status wtl__owned_set_heir(struct wtl_ctx *x, struct wtl_table table, struct wtl_pid heir,
                                    struct wtl_bytes data);

/* ---- taking back what has expired: table_sweep.c ------------------------------------------ */

/* Something was written: if it expires, its memory is taken back by the owner soon after.
 * Thread: any worker, in a section. */
void wtl__table_arrange_sweep(struct wtl__ctx *x, struct wtl__owned *owned);

/* The running actor is the owner now, or has been asked to look. */
void wtl__table_arm_sweep(struct wtl__ctx *x, struct wtl__owned *owned);

/* The running actor, or the one that has just ended, is the owner no more. */
void wtl__table_stop_sweep(struct wtl__ctx *x, struct wtl__owned *owned);

/* ---- what modules call: table_api.c ------------------------------------------------------- */

extern const struct wtl_table_api wtl__table_api;

/* What the running actor has borrowed is given back; it, or a select of it, has ended. */
void wtl__tables_return(struct wtl__ctx *x);

#endif
