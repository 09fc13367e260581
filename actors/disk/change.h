/*
 * change.h - changes of a table as bytes: what a batch consists of, from disk.table to disk.file,
 * and what the file holds, on its way back.
 *
 * Bytes go through messages and never leave the process, let alone the module, so that a change is
 * a struct with what belongs to it behind it.
 *
 * Thread: any. Owns: nothing; a change that was read points into the bytes.
 */
#ifndef DISK_CHANGE_H
#define DISK_CHANGE_H

#include <wattle/table.h>

enum change_kind {
    CHANGE_PUT = 1, /* in place of whatever is there; its time to live begins */
    CHANGE_VALUE,   /* another value for a key that is there; its time to live goes on */
    CHANGE_REMOVE,
};

struct change {
    enum change_kind kind;
    struct wtl_bytes key;
    struct wtl_bytes value;
    struct wtl_bytes old; /* of CHANGE_VALUE: what is there, as far as the table knows */
    uint64_t ends_ms;     /* by the wall clock, since 1970; 0: it stays for ever */
    uint64_t due_ms;      /* the same, by the time of the node */
};

/* Puts one change behind others. False: there is no room, and nothing was put. */
bool change_put(struct wtl_writer *writer, const struct change *change) WTL_MUST_USE;

/* Takes the next one out of bytes that change_put has made. False: there is none. */
bool change_next(struct wtl_reader *reader, struct change *change_out);

#endif
