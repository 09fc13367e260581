/*
 * table.h - what disk.table consists of: what was asked for and waits (asks.c), the batch that is
 * under way (batch.c), and the actor that moves them on (table.c).
 *
 * Phases:
 *   OPENING   the file is opened and read; then the name is taken
 *   IDLE      nothing is under way
 *   WRITING   a batch is with the file
 *   APPLYING  it is committed, and goes into the table
 *   CLOSING   the file is being closed, and this actor ends after it
 *
 * What is asked for is judged when its batch begins, and not when it comes: then the table is as
 * the batch before has left it, and what the same batch has done already is in `overlay`.
 */
#ifndef DISK_TABLE_H
#define DISK_TABLE_H

#include <wattle/flow.h>

#include "change.h"
#include "disk.h"

struct settings {
    const char *name;
    const char *path;
    const char *sync;
    bool ordered;
    const char *full;
    int64_t bytes_max;
    int64_t ttl_ms;
};

enum phase { OPENING, IDLE, WRITING, APPLYING, CLOSING };

enum verb { INSERT, INSERT_NEW, REMOVE, ADD, SWAP, FLUSH, VERBS };

/* A request that waits: a call, a message without one, or a message of a flow. */
struct asked {
    const struct wtl_msg *message; /* kept; the reply goes there */
    struct wtl_key key;            /* of a flow; seq 0: of none */
    enum verb verb;
    enum wtl_status status; /* how it ended, once its batch has begun */
    int64_t sum;            /* of ADD */
};

/* What it says. The bytes are the message's, the key is in `room`. */
struct request {
    uint8_t room[WTL_TABLE_KEY_MAX];
    struct wtl_bytes key;
    struct wtl_bytes value;
    struct wtl_bytes expected;
    uint64_t ttl_ms; /* 0: the table's */
    int64_t delta;
    int64_t initial;
};

/* Requests in the order in which they came; the first `taken` of them are in the batch. */
struct asks {
    struct asked *items;
    uint32_t count;
    uint32_t capacity;
    uint32_t taken;
    uint32_t calls; /* of all, those that no flow has brought */
    uint64_t bytes; /* of their bodies */
};

/* The changes of one batch. The writer grows in the actor's memory, and only between
 * batch_open and batch_shut: no address of a function stays in a state. */
struct batch {
    struct wtl_writer changes;
    size_t applied;   /* bytes of them that are in the table */
    uint64_t bytes;   /* what the table will hold at most when they are */
    uint32_t removed; /* rows that only the file had */
    bool overlaid;    /* some are in the overlay */
    bool flush;
};

struct state {
    const struct settings *settings;
    enum disk_sync sync;
    bool evicts;
    enum phase phase;
    bool stopping;
    bool waiting; /* to try again what was not taken; calls do not wait for that */
    struct wtl_table table;
    struct wtl_table overlay; /* key -> where in the batch's changes is the last one of it */
    struct wtl_pid file;
    struct asks asks;
    struct batch batch;
    uint8_t *found; /* changes that came with the last answer of the file: rows, or suspects */
    uint32_t found_size;
    enum wtl_status flushed;

    uint64_t rows;        /* of the file */
    uint64_t next_due_ms; /* when the first of them ends, by the time of the node; 0: none does */
    uint64_t tick;        /* the timer that looks for what has expired, and its time */
    uint64_t tick_due_ms;

    char cause[240]; /* of the failure that was logged; empty: it works */
    uint64_t commits;
    uint64_t refused; /* requests, for want of room */
};

static inline uint64_t now_ms(struct wtl_ctx *x)
{
    return wtl_now_ns(x) / 1000000;
}

/* The wall clock, since 1970: what a time to live is kept by beyond the end of the node. */
uint64_t wall_ms(void);

/* ---- asks.c -------------------------------------------------------------------------------- */

/* Takes a request in. WTL_LATER: it waits. WTL_OK: it was refused, and the caller told.
 * Fails: WTL_FULL when a flow brings more than may wait; WTL_NO_MEMORY. */
enum wtl_status asks_take(struct wtl_ctx *x, struct state *state, const struct wtl_msg *message);

/* Reads it, again; it was sound when it was taken. */
bool request_read(const struct asked *asked, struct request *request_out);

/* Answers those that were taken, each as it ended, or all with a failure. What a flow has brought
 * and what may be done later stays, as the first to be taken again; returns how many. */
uint32_t asks_answer(struct wtl_ctx *x, struct state *state, enum wtl_status status,
                     const char *text);

/* ---- batch.c ------------------------------------------------------------------------------- */

/* Makes a batch of what waits, and of removals of those suspects that the table does not have. */
void batch_begin(struct wtl_ctx *x, struct state *state);

/* Puts changes into the table, as far as it takes them. WTL_OK: all are there. WTL_BUSY: call again
 * a little later. Fails: what a table answers that cannot be. */
enum wtl_status batch_apply(struct wtl_ctx *x, struct state *state, struct wtl_reader changes,
                            size_t *applied);

/* Forgets the batch. */
void batch_end(struct wtl_ctx *x, struct state *state);

/* ---- start.c ------------------------------------------------------------------------------- */

extern const struct wtl_field table_fields[];

/* The actor's init: ready when the table is filled, and has its name. */
enum wtl_status start_init(struct wtl_ctx *x, void *self, const void *settings,
                           const struct wtl_msg *args);

/* Puts the rows that have come into the table, and asks for the next ones. */
enum wtl_status start_fill(struct wtl_ctx *x, struct state *state);

/* The file is open; some of its rows have come; the name is taken. */
enum wtl_status start_opened(struct wtl_ctx *x, void *self, const struct wtl_answer *answer,
                             void *context);
enum wtl_status start_loaded(struct wtl_ctx *x, void *self, const struct wtl_answer *answer,
                             void *context);
enum wtl_status start_named(struct wtl_ctx *x, void *self, const struct wtl_answer *answer,
                            void *context);

/* ---- table.c ------------------------------------------------------------------------------- */

/* Starts the next batch, if there is something to be done and nothing under way; `looks`: it is
 * time to look for what only the file has. */
void table_go_on(struct wtl_ctx *x, struct state *state, bool looks);

/* Goes on with a table that takes nothing now, a little later. */
enum wtl_status table_apply_later(struct wtl_ctx *x);

/* Takes what the file says with its answer; the changes in it are copied. */
enum wtl_status table_take_facts(struct wtl_ctx *x, struct state *state,
                                 const struct wtl_msg *message);

/* Says why the file has failed, once for each cause. Returns the cause. */
const char *table_complain(struct wtl_ctx *x, struct state *state, enum wtl_status status,
                           const struct wtl_msg *message);

/* Options of a call without a deadline. */
const struct wtl_call_options *table_answered_by(struct wtl_call_options *options,
                                                 wtl_on_answer on_answer);

#endif
