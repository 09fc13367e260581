/*
 * table.h - tables that the actors of one node share: keys and values, read without waiting.
 *
 * What Erlang's ets is to its processes (OTP stdlib, ets). A table belongs to the actor that made
 * it and ends with that one, unless it has an heir; others use it by its handle or its name, as far
 * as its access lets them. Keys and values are msgpack, copied in; they are read in place, or
 * copied out. Every call does all of its work before it returns, alone or not at all: whoever looks
 * sees the table before or after it. Readers wait for nobody; writers of hashed tables neither;
 * writers of one ordered table take turns of a few instructions.
 *
 *     struct wtl_table_options options = {.name = "sessions", .access = WTL_TABLE_PUBLIC};
 *     struct wtl_table sessions;
 *     enum wtl_status status = wtl_table_create(x, &options, &sessions);
 *     ...
 *     status = wtl_table_insert(x, sessions, WTL_BYTES_STR("ada"), wtl_bytes_of(&writer));
 *     ...
 *     struct wtl_reader value;
 *     status = wtl_table_borrow(x, sessions, WTL_BYTES_STR("ada"), &value);
 *
 * A key is one nil, bool, number, string, bin or ext, or an array of such, up to WTL_TABLE_KEY_MAX
 * bytes and WTL_TABLE_KEY_DEPTH arrays deep. It counts by what it says and not by how it was
 * packed: 5 is 5 in one byte or in nine. Maps and NaN are no keys, because two that are equal may
 * look different. Hashed tables tell 1 and 1.0 apart, ordered ones do not (OTP: =:= and ==). The
 * order is nil, false, true, numbers by value, strings by their bytes, bin, ext, arrays element by
 * element; what is the beginning of something longer comes before it.
 *
 * In a module that runs in a process of its own each call is asked of the node, and that process
 * waits for the answer: tens of microseconds. What is read is a copy, a select shows what was there
 * in pieces of 64 KiB, its limit counts what is shown, and key, value and 512 bytes together are a
 * message's body, or WTL_TOO_LARGE. WTL_CLOSED is also said to an actor that has ended meanwhile,
 * and WTL_BUSY about an heir or owner whose spawn waits behind a full mailbox.
 *
 * Thread: as everything in actor.h; a handle may be given to any actor of this node, and means
 * nothing elsewhere. Fails: WTL_CLOSED when the table is no more, WTL_DENIED when its access does
 * not allow it, WTL_INVALID for what is no key; these three come from every call that takes a table
 * or a key, and are not said again.
 */
#ifndef WATTLE_TABLE_H
#define WATTLE_TABLE_H

#include <wattle/actor.h>

/* Tables of one node. */
#define WTL_TABLES_MAX 65536u
/* One key in its shortest form, in bytes, and how many arrays may be within each other in it. */
#define WTL_TABLE_KEY_MAX   512u
#define WTL_TABLE_KEY_DEPTH 8u
/* One value, in bytes; for a bag all values of one key together. */
#define WTL_TABLE_VALUE_MAX WTL_BODY_MAX
/* Values of one key in a bag. An insert copies those that are there: keys with many belong into an
 * ordered table, as [key, number]. */
#define WTL_TABLE_VALUES_MAX 4096u
/* What a table may hold, in bytes, unless its options say otherwise. Keys and values count, and
 * what the node needs besides: about 64 bytes for an entry; twice that, and the key once more, in
 * an ordered table or for an entry that ages. */
#define WTL_TABLE_BYTES_DEFAULT (64u * 1024 * 1024)
/* Values that one run of an actor's function may have borrowed at a time. */
#define WTL_TABLE_BORROWED_MAX 16u
/* Entries that one wtl_table_select looks at, unless it is told otherwise, and at most. */
#define WTL_TABLE_SELECT_DEFAULT 1024u
#define WTL_TABLE_SELECT_MAX     65536u
/* What an heir or a new owner is told with the table, in bytes. */
#define WTL_TABLE_DATA_MAX 1024u

/* ---- bytes -------------------------------------------------------------------------------- */

/* Somebody's msgpack, read while the call that takes it runs. A size of WTL_BYTES_BAD says that it
 * could not be packed; the call refuses it with WTL_INVALID. */
struct wtl_bytes {
    const void *bytes;
    uint32_t size;
};

#define WTL_BYTES_BAD  UINT32_MAX
#define WTL_BYTES_NONE ((struct wtl_bytes){NULL, 0})

static inline struct wtl_bytes wtl_bytes_over(const void *bytes, size_t size)
{
    return (struct wtl_bytes){bytes, size < WTL_BYTES_BAD ? (uint32_t)size : WTL_BYTES_BAD};
}

/* What was written so far; bad when the writer has failed. The memory stays the writer's. */
static inline struct wtl_bytes wtl_bytes_of(const struct wtl_writer *writer)
{
    return wtl_bytes_over(writer->begin, writer->failed ? WTL_BYTES_BAD : wtl_written(writer));
}

static inline struct wtl_bytes wtl__bytes_u64(uint8_t room[9], uint64_t number)
{
    struct wtl_writer writer = wtl_writer_over(room, 9);
    wtl_put_u64(&writer, number);
    return wtl_bytes_of(&writer);
}

static inline struct wtl_bytes wtl__bytes_i64(uint8_t room[9], int64_t number)
{
    struct wtl_writer writer = wtl_writer_over(room, 9);
    wtl_put_i64(&writer, number);
    return wtl_bytes_of(&writer);
}

static inline struct wtl_bytes wtl__bytes_str(uint8_t room[72], const char *text)
{
    struct wtl_writer writer = wtl_writer_over(room, 72);
    wtl_put_strz(&writer, text);
    return wtl_bytes_of(&writer);
}

/* One number or string, packed in the block where this stands; as a key or as a value. A string has
 * 70 bytes at most; for more, and for everything else, there are writers. */
#define WTL_BYTES_U64(number) wtl__bytes_u64((uint8_t[9]){0}, (number))
#define WTL_BYTES_I64(number) wtl__bytes_i64((uint8_t[9]){0}, (number))
#define WTL_BYTES_STR(text)   wtl__bytes_str((uint8_t[72]){0}, (text))

/* ---- what a table is ---------------------------------------------------------------------- */

/* A table of this node, for as long as that lives; a stale one is WTL_CLOSED. In messages it is the
 * number. 0 is no table. */
struct wtl_table {
    uint64_t id;
};

#define WTL_TABLE_NONE ((struct wtl_table){0})

enum wtl_table_kind {
    WTL_TABLE_SET = 0,       /* one value for each key, hashed */
    WTL_TABLE_ORDERED,       /* the same, in the order of the keys */
    WTL_TABLE_BAG,           /* several values for each key, no two alike, hashed */
    WTL_TABLE_DUPLICATE_BAG, /* several, alike or not, hashed */
};

enum wtl_table_access {
    WTL_TABLE_PROTECTED = 0, /* the owner writes, everybody reads */
    WTL_TABLE_PUBLIC,        /* everybody does both */
    WTL_TABLE_PRIVATE,       /* the owner alone does */
};

/* What happens to an insert that would take the table over its bytes. What has expired goes first,
 * in any case. */
enum wtl_table_full {
    WTL_TABLE_REFUSE = 0, /* WTL_FULL */
    WTL_TABLE_EVICT,      /* entries go that were not read or written for long: second chance */
};

struct wtl_table_options {
    const char *name; /* as an actor's; unique among the tables of this node. NULL: none */
    enum wtl_table_kind kind;
    enum wtl_table_access access;
    enum wtl_table_full full;
    uint64_t bytes_max;    /* 0: WTL_TABLE_BYTES_DEFAULT */
    uint64_t ttl_ms;       /* how long an entry stays that does not say itself; 0: for ever */
    struct wtl_pid heir;   /* who gets the table when the owner ends; none: the table ends too */
    struct wtl_bytes data; /* what the heir is told with it */
};

struct wtl_table_info {
    enum wtl_table_kind kind;
    enum wtl_table_access access;
    struct wtl_pid owner;
    struct wtl_pid heir;
    uint64_t entries; /* keys; those that have expired count until their memory is taken back */
    uint64_t bytes;
    uint64_t bytes_max;
    uint64_t evicted; /* entries, ever */
    uint64_t expired;
    uint64_t refused;            /* inserts, for want of room */
    char name[WTL_NAME_MAX + 1]; /* empty: none */
};

/* Where a walk is: behind this key, which need not be there any more. Zeroed, it is before the
 * first key, and for a walk backwards behind the last. */
struct wtl_table_cursor {
    uint32_t size;
    uint8_t key[WTL_TABLE_KEY_MAX];
};

static inline struct wtl_bytes wtl_table_cursor_key(const struct wtl_table_cursor *cursor)
{
    return wtl_bytes_over(cursor->key, cursor->size);
}

/* Which entries a select is about; all conditions together. Bytes of size 0 are no condition. */
struct wtl_table_match {
    struct wtl_bytes prefix; /* a string or bin that the key begins with, or an array with whose
                              * elements it begins; anything else: the key itself */
    struct wtl_bytes from;   /* the key is not before this one, in the order above */
    struct wtl_bytes below;  /* the key is before this one */
    uint32_t limit;          /* entries to look at; 0: WTL_TABLE_SELECT_DEFAULT */
};

/* One entry of a select, both readable until this returns. False ends the select. It may do
 * whatever an actor may do, with this table too. */
typedef bool (*wtl_table_visit)(struct wtl_ctx *x, struct wtl_reader key, struct wtl_reader value,
                                void *context);

/* ---- the table of calls ------------------------------------------------------------------- */

/* What x->api->tables is. It grows at the end only; `size` says how much of it there is. */
struct wtl_table_api {
    uint32_t size;

    enum wtl_status (*create)(struct wtl_ctx *x, const struct wtl_table_options *options,
                              struct wtl_table *table_out);
    enum wtl_status (*destroy)(struct wtl_ctx *x, struct wtl_table table);
    struct wtl_table (*find)(struct wtl_ctx *x, const char *name);
    enum wtl_status (*give)(struct wtl_ctx *x, struct wtl_table table, struct wtl_pid to,
                            struct wtl_bytes data);
    enum wtl_status (*set_heir)(struct wtl_ctx *x, struct wtl_table table, struct wtl_pid heir,
                                struct wtl_bytes data);
    enum wtl_status (*info)(struct wtl_ctx *x, struct wtl_table table,
                            struct wtl_table_info *info_out);

    enum wtl_status (*insert)(struct wtl_ctx *x, struct wtl_table table, struct wtl_bytes key,
                              struct wtl_bytes value, uint64_t ttl_ms, bool only_new);
    enum wtl_status (*remove)(struct wtl_ctx *x, struct wtl_table table, struct wtl_bytes key);
    enum wtl_status (*remove_value)(struct wtl_ctx *x, struct wtl_table table, struct wtl_bytes key,
                                    struct wtl_bytes value);
    enum wtl_status (*clear)(struct wtl_ctx *x, struct wtl_table table);
    enum wtl_status (*add)(struct wtl_ctx *x, struct wtl_table table, struct wtl_bytes key,
                           int64_t delta, int64_t initial, int64_t *value_out);
    enum wtl_status (*swap)(struct wtl_ctx *x, struct wtl_table table, struct wtl_bytes key,
                            struct wtl_bytes expected, struct wtl_bytes value);

    enum wtl_status (*lookup)(struct wtl_ctx *x, struct wtl_table table, struct wtl_bytes key,
                              struct wtl_writer *into);
    enum wtl_status (*take)(struct wtl_ctx *x, struct wtl_table table, struct wtl_bytes key,
                            struct wtl_writer *into);
    enum wtl_status (*borrow)(struct wtl_ctx *x, struct wtl_table table, struct wtl_bytes key,
                              struct wtl_reader *value_out);
    enum wtl_status (*step)(struct wtl_ctx *x, struct wtl_table table,
                            struct wtl_table_cursor *cursor, bool backwards);
    enum wtl_status (*select)(struct wtl_ctx *x, struct wtl_table table,
                              const struct wtl_table_match *match, struct wtl_table_cursor *cursor,
                              wtl_table_visit visit, void *context);
};

#include <wattle/table_calls.h>

#endif
