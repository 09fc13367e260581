/*
 * database.h - the entries of one table in a SQLite file.
 *
 * An entry is a row: its key and value, when it ends, and a number that grows with each insert, so
 * that the rows are in the order in which they were inserted. The file says of itself what it is
 * (application_id), how its tables look (user_version), and who may write to it: whoever opened it
 * last. A former owner, whose work may still be under way, is refused from then on.
 *
 * Thread: any, one at a time; everything here may wait, and belongs on the work pool.
 * Owns: a database owns its connection.
 */
#ifndef DISK_DATABASE_H
#define DISK_DATABASE_H

#include "change.h"
#include "disk.h"
#include "sqlite/connection.h"

/* "wtlT", and the layout that is read and written here. */
#define DATABASE_APPLICATION 0x77746c54
#define DATABASE_SCHEMA      1

struct database;

/* What is true of the file after a call. */
struct database_facts {
    uint64_t rows;
    uint64_t next_ms; /* when the first of all rows ends, by the wall clock; 0: none does */
};

/* NULL when memory is exhausted. Nothing is opened yet. */
struct database *database_create(const char *path, enum disk_sync sync);
void database_destroy(struct database *database);

/* Opens the file, makes it when it is not there, looks for damage, and becomes its owner.
 * Fails: WTL_STORAGE for what may pass; WTL_VERSION for the file of a newer schema; WTL_CONFIG for
 * a path that cannot be used and a file that is no such database, or damaged. */
enum wtl_status database_open(struct database *database, struct database_facts *facts_out,
                              struct sql_error *error) WTL_MUST_USE;

/* Puts the next rows as changes, some DISK_CHUNK_BYTES of them; none behind the last one.
 * Fails: WTL_STORAGE, WTL_CONFIG. */
enum wtl_status database_read(struct database *database, struct wtl_writer *changes,
                              struct sql_error *error) WTL_MUST_USE;

/* Carries out all changes in one transaction, or none.
 * Fails: WTL_STORAGE; WTL_EXISTS when the file has another owner; WTL_CONFIG. */
enum wtl_status database_write(struct database *database, struct wtl_reader changes,
                               struct database_facts *facts_out,
                               struct sql_error *error) WTL_MUST_USE;

/* Makes safe from a loss of power what was written before, whatever the policy.
 * Fails: WTL_STORAGE, WTL_CONFIG. */
enum wtl_status database_flush(struct database *database, struct sql_error *error) WTL_MUST_USE;

/* Puts keys that may not be in the table any more, as removals: of those rows that end first, and
 * of those that come next in turn; as many as that of each at most. */
void database_suspects(struct database *database, uint32_t count, struct wtl_writer *changes);

#endif
