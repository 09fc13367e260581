/*
 * database.h - readings in a SQLite file, each once.
 *
 * The key that the flow gives a message is UNIQUE in the table, so that a message which comes again
 * changes nothing. WAL with synchronous=NORMAL: what was written survives the end of the process;
 * a loss of power may take the last transactions, and never the file.
 *
 * Thread: any, one at a time; everything here may wait, and belongs on the work pool.
 * Owns: a database owns its connection.
 */
#ifndef MACHINE_DATABASE_H
#define MACHINE_DATABASE_H

#include "machine.h"
#include "sqlite/connection.h"

struct row {
    struct wtl_key key;
    uint64_t seq;
    uint64_t at_ms;
    double value;
    double delta;
    char host[MACHINE_HOST_MAX + 1];
    char kind[MACHINE_KIND_MAX + 1];
    char unit[MACHINE_UNIT_MAX + 1];
};

struct database;

/* NULL when memory is exhausted. Nothing is opened yet. */
struct database *database_create(const char *path);
void database_destroy(struct database *database);

/* Writes the rows in one transaction, all or none; opens the file first where it is not open.
 * Fails: as sql_fail. */
enum wtl_status database_write(struct database *database, const struct row *rows, uint32_t count,
                               struct sql_error *error) WTL_MUST_USE;

#endif
