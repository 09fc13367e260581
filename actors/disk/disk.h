/*
 * disk.h - the module `disk`: tables that outlive their node. What it is for its users is in
 * docs/TABLES.md. Private to this folder.
 *
 *     disk.table   owns the table that everybody reads; is asked to change it (table.c, asks.c)
 *     disk.file    owns the SQLite file of one disk.table, and is told what to do by it (file.c)
 *
 * A batch of changes goes to the file in one transaction, and into the table when that is
 * committed; what was asked for is answered after that (batch.c). What the file holds and the table
 * does not, because it has expired or was evicted, is looked for behind each transaction: the
 * table is what counts, and the file is made to follow.
 */
#ifndef DISK_DISK_H
#define DISK_DISK_H

#include <wattle/wattle.h>

/* One value, in bytes: it travels in messages together with others. */
#define DISK_VALUE_MAX (7u * 1024 * 1024)
/* What waits for its transaction: requests, and bytes of their bodies. */
#define DISK_WAITING_MAX       4096u
#define DISK_WAITING_BYTES_MAX (64u * 1024 * 1024)
/* A batch takes no more than what goes over this, in bytes; a chunk of the file that is read too.
 */
#define DISK_BATCH_BYTES (1024u * 1024)
#define DISK_CHUNK_BYTES (256u * 1024)
/* Keys that the file gives at a time, to be looked for in the table. */
#define DISK_SUSPECTS_MAX 1024u
/* The longest time to live: a hundred years. */
#define DISK_TTL_MS_MAX (UINT64_C(100) * 365 * 24 * 3600 * 1000)

/* When an acknowledged change is safe from a loss of power. */
enum disk_sync {
    DISK_SYNC_OFF = 0, /* when the system has written it; until then the file may be damaged */
    DISK_SYNC_NORMAL,  /* a while later; the file is never damaged */
    DISK_SYNC_FULL,    /* before it is acknowledged */
};

extern const struct wtl_actor table;
extern const struct wtl_actor file;

#endif
