/* database.c - the table of readings. See database.h. */
#include "database.h"

#include <stdio.h>
#include <stdlib.h>

struct database {
    sqlite3 *sql; /* NULL while it is not open */
    sqlite3_stmt *insert;
    char path[SQL_PATH_MAX + 1];
};

static const char schema[] =
    "PRAGMA journal_mode=WAL;"
    "PRAGMA synchronous=NORMAL;"
    "CREATE TABLE IF NOT EXISTS readings("
    " at_ms INTEGER NOT NULL, host TEXT NOT NULL, kind TEXT NOT NULL, value REAL NOT NULL,"
    " unit TEXT NOT NULL, delta REAL NOT NULL, seq INTEGER NOT NULL,"
    " epoch INTEGER NOT NULL, source_node INTEGER NOT NULL, source_local INTEGER NOT NULL,"
    " source_seq INTEGER NOT NULL, child INTEGER NOT NULL,"
    " stored_ms INTEGER NOT NULL DEFAULT"
    "  (CAST((julianday('now') - 2440587.5) * 86400000 AS INTEGER)),"
    " repeats INTEGER NOT NULL DEFAULT 0,"
    " UNIQUE(epoch, source_node, source_local, source_seq, child));"
    "CREATE INDEX IF NOT EXISTS readings_at ON readings(host, kind, at_ms);";

static const char insert_text[] =
    "INSERT INTO readings(at_ms, host, kind, value, unit, delta, seq,"
    " epoch, source_node, source_local, source_seq, child)"
    " VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)"
    " ON CONFLICT(epoch, source_node, source_local, source_seq, child)"
    " DO UPDATE SET repeats = repeats + 1";

struct database *database_create(const char *path)
{
    struct database *database = calloc(1, sizeof *database);
    if (database != NULL) {
        (void)snprintf(database->path, sizeof database->path, "%s", path);
    }
    return database;
}

static void close_file(struct database *database)
{
    (void)sqlite3_finalize(database->insert);
    (void)sqlite3_close(database->sql);
    database->insert = NULL;
    database->sql = NULL;
}

void database_destroy(struct database *database)
{
    if (database != NULL) {
        close_file(database);
        free(database);
    }
}

static enum wtl_status open_file(struct database *database, struct sql_error *error)
{
    enum wtl_status status = sql_open(database->path, &database->sql, error);
    if (status != WTL_OK) {
        return status;
    }
    int code = sqlite3_exec(database->sql, schema, NULL, NULL, NULL);
    if (code == SQLITE_OK) {
        code = sql_prepare(database->sql, insert_text, &database->insert);
    }
    if (code != SQLITE_OK) {
        status = sql_fail(database->sql, code, error);
        close_file(database);
    }
    return status;
}

static int insert(sqlite3_stmt *statement, const struct row *row)
{
    (void)sqlite3_bind_int64(statement, 1, (sqlite3_int64)row->at_ms);
    (void)sqlite3_bind_text(statement, 2, row->host, -1, SQLITE_STATIC);
    (void)sqlite3_bind_text(statement, 3, row->kind, -1, SQLITE_STATIC);
    (void)sqlite3_bind_double(statement, 4, row->value);
    (void)sqlite3_bind_text(statement, 5, row->unit, -1, SQLITE_STATIC);
    (void)sqlite3_bind_double(statement, 6, row->delta);
    (void)sqlite3_bind_int64(statement, 7, (sqlite3_int64)row->seq);
    (void)sqlite3_bind_int64(statement, 8, (sqlite3_int64)row->key.epoch);
    (void)sqlite3_bind_int64(statement, 9, (sqlite3_int64)row->key.source.node);
    (void)sqlite3_bind_int64(statement, 10, (sqlite3_int64)row->key.source.local);
    (void)sqlite3_bind_int64(statement, 11, (sqlite3_int64)row->key.seq);
    (void)sqlite3_bind_int64(statement, 12, (sqlite3_int64)row->key.child);
    return sql_run(statement);
}

enum wtl_status database_write(struct database *database, const struct row *rows, uint32_t count,
                               struct sql_error *error)
{
    enum wtl_status status = WTL_OK;
    if (database->sql == NULL) {
        status = open_file(database, error);
    }
    if (status != WTL_OK || count == 0) {
        return status;
    }
    int code = sql_begin(database->sql);
    for (uint32_t i = 0; i < count && code == SQLITE_OK; i++) {
        code = insert(database->insert, &rows[i]);
    }
    return sql_status(sql_end(database->sql, code, error));
}
