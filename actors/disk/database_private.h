/*
 * database_private.h - what database_open.c and database.c share: the connection and its
 * statements.
 */
#ifndef DISK_DATABASE_PRIVATE_H
#define DISK_DATABASE_PRIVATE_H

#include "database.h"

enum database_statement { OWNER, PUT, VALUE, REMOVE, READ, NEXT, ENDING, TURN, STATEMENTS };

struct database {
    sqlite3 *sql; /* NULL while it is not open */
    sqlite3_stmt *statements[STATEMENTS];
    enum disk_sync sync;
    int64_t generation; /* of this owner */
    int64_t rows;
    int64_t read; /* the last row that was read */
    int64_t turn; /* the last row whose turn it was to be looked for */
    char path[SQL_PATH_MAX + 1];
};

int database_execute(struct database *database, const char *text);

/* How the policy is said to SQLite. */
int database_set_sync(struct database *database, enum disk_sync sync);

void database_tell_facts(struct database *database, struct database_facts *facts_out);

#endif
