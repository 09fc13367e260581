/*
 * table_ask.h - what a module's process asks a table of the node, as the body of a frame TABLE; and
 * what is answered, as that of TABLED. Both ends use the same two functions.
 *
 * Pure functions. Thread: any. Owns: nothing; what is read points into the bytes.
 */
#ifndef WTL_PROCESS_TABLE_ASK_H
#define WTL_PROCESS_TABLE_ASK_H

#include <wattle/table.h>

/* A call of struct wtl_table_api each; borrow is a lookup. What is used of the fields, and what the
 * answer has, stands behind it. */
enum wtl__table_verb {
    WTL__TABLE_CREATE = 1, /* name, flags, number bytes_max, ttl_ms, pid heir, value -> id */
    WTL__TABLE_DESTROY,
    WTL__TABLE_FIND,         /* name -> id */
    WTL__TABLE_GIVE,         /* pid, value */
    WTL__TABLE_HEIR,         /* pid, value */
    WTL__TABLE_INFO,         /* -> see wtl__table_info_put */
    WTL__TABLE_INSERT,       /* key, value, ttl_ms, flags: only_new */
    WTL__TABLE_REMOVE,       /* key */
    WTL__TABLE_REMOVE_VALUE, /* key, value */
    WTL__TABLE_CLEAR,
    WTL__TABLE_ADD,    /* key, delta, initial -> the number */
    WTL__TABLE_SWAP,   /* key, other: expected, value */
    WTL__TABLE_LOOKUP, /* key -> the value as it is */
    WTL__TABLE_TAKE,   /* key, number: bytes that there is room for -> the value as it is */
    WTL__TABLE_STEP,   /* key: the cursor's, flags: backwards -> the cursor's */
    WTL__TABLE_SELECT, /* key: prefix, value: from, other: below, cursor, number: limit
                        * -> [true, key, value]..., false, the cursor's key, is there more */
};

/* flags of CREATE: kind, access and full, four bits each. */
#define WTL__TABLE_ACCESS_SHIFT 4u
#define WTL__TABLE_FULL_SHIFT   8u

/* Entries of one answer to a select, in bytes, but for the last one. */
#define WTL__TABLE_BATCH_BYTES (64u * 1024)
/* What an ask needs besides its bytes, at most. */
#define WTL__TABLE_ASK_BYTES 512u

struct wtl__table_ask {
    struct wtl_table table;
    uint64_t flags;
    uint64_t number;
    uint64_t ttl_ms;
    int64_t delta;
    int64_t initial;
    struct wtl_pid pid;
    struct wtl_bytes key;
    struct wtl_bytes value;
    struct wtl_bytes other;
    struct wtl_bytes cursor;
    char name[WTL_NAME_MAX + 1];
};

void wtl__table_ask_put(struct wtl_writer *writer, const struct wtl__table_ask *ask);
/* False for what wtl__table_ask_put would not have written. */
bool wtl__table_ask_get(struct wtl_reader *reader, struct wtl__table_ask *ask_out);

void wtl__table_info_put(struct wtl_writer *writer, const struct wtl_table_info *info);
bool wtl__table_info_get(struct wtl_reader *reader, struct wtl_table_info *info_out);

#endif
