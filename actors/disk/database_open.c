/* database_open.c - the life of a connection, and whose file it is. See database.h. */
#include <stdio.h>
#include <stdlib.h>

#include "database_private.h"

static const char *const texts[STATEMENTS] = {
    [OWNER] = "SELECT generation FROM owner",
    [PUT] = "INSERT INTO entries(key, value, ends_ms) VALUES(?1, ?2, ?3)",
    [VALUE] = "UPDATE entries SET value = ?2 WHERE key = ?1",
    [REMOVE] = "DELETE FROM entries WHERE key = ?1",
    [READ] = "SELECT id, key, value, ends_ms FROM entries WHERE id > ?1 ORDER BY id",
    [NEXT] = "SELECT min(ends_ms) FROM entries WHERE ends_ms > 0",
    [ENDING] = "SELECT 0, key FROM entries WHERE ends_ms > 0 ORDER BY ends_ms LIMIT ?1",
    [TURN] = "SELECT id, key FROM entries WHERE id > ?2 ORDER BY id LIMIT ?1",
};

static const char schema[] =
    "CREATE TABLE entries(id INTEGER PRIMARY KEY AUTOINCREMENT, key BLOB NOT NULL UNIQUE,"
    " value BLOB NOT NULL, ends_ms INTEGER NOT NULL);"
    "CREATE INDEX entries_ends ON entries(ends_ms) WHERE ends_ms > 0;"
    "CREATE TABLE owner(generation INTEGER NOT NULL);"
    "INSERT INTO owner VALUES(0);"
    "PRAGMA application_id = 2004118612;"
    "PRAGMA user_version = 1;";
_Static_assert(DATABASE_APPLICATION == 2004118612 && DATABASE_SCHEMA == 1, "as the schema says");

struct database *database_create(const char *path, enum disk_sync sync)
{
    struct database *database = calloc(1, sizeof *database);
    if (database != NULL) {
        database->sync = sync;
        (void)snprintf(database->path, sizeof database->path, "%s", path);
    }
    return database;
}

static void close_file(struct database *database)
{
    for (unsigned i = 0; i < STATEMENTS; i++) {
        (void)sqlite3_finalize(database->statements[i]);
        database->statements[i] = NULL;
    }
    (void)sqlite3_close(database->sql);
    database->sql = NULL;
}

void database_destroy(struct database *database)
{
    if (database != NULL) {
        close_file(database);
        free(database);
    }
}

int database_execute(struct database *database, const char *text)
{
    return sqlite3_exec(database->sql, text, NULL, NULL, NULL);
}

static const char *const sync_texts[] = {
    [DISK_SYNC_OFF] = "PRAGMA synchronous = OFF",
    [DISK_SYNC_NORMAL] = "PRAGMA synchronous = NORMAL",
    [DISK_SYNC_FULL] = "PRAGMA synchronous = FULL",
};

int database_set_sync(struct database *database, enum disk_sync sync)
{
    return database_execute(database, sync_texts[sync]);
}

/* ---- opening ------------------------------------------------------------------------------- */

/* Is it a file of ours, or one that nobody has used yet? */
static enum wtl_status check_kind(struct database *database, bool *is_new_out,
                                  struct sql_error *error)
{
    int64_t application = 0;
    int64_t version = 0;
    int64_t tables = 0;
    int code = sql_number(database->sql, "PRAGMA application_id", &application);
    if (code == SQLITE_OK) {
        code = sql_number(database->sql, "PRAGMA user_version", &version);
    }
    if (code == SQLITE_OK) {
        code = sql_number(database->sql, "SELECT count(*) FROM sqlite_schema", &tables);
    }
    if (code != SQLITE_OK) {
        return sql_fail(database->sql, code, error);
    }
    *is_new_out = application == 0 && version == 0 && tables == 0;
    if (!*is_new_out && application != DATABASE_APPLICATION) {
        (void)snprintf(error->text, sizeof error->text,
                       "this is the SQLite file of something else: expected a new path, or the "
                       "file of a disk.table");
        return WTL_CONFIG;
    }
    if (!*is_new_out && version != DATABASE_SCHEMA) {
        (void)snprintf(error->text, sizeof error->text,
                       "expected a file of schema %d, found one of schema %lld: a newer version "
                       "of this module has written it",
                       DATABASE_SCHEMA, (long long)version);
        return WTL_VERSION;
    }
    return WTL_OK;
}

/* Reads all of the file, but for what is in the values. */
static enum wtl_status check_damage(struct database *database, struct sql_error *error)
{
    sqlite3_stmt *statement = NULL;
    int code = sqlite3_prepare_v2(database->sql, "PRAGMA quick_check(1)", -1, &statement, NULL);
    if (code == SQLITE_OK) {
        code = sqlite3_step(statement);
    }
    enum wtl_status status = WTL_OK;
    if (code != SQLITE_ROW) {
        status = sql_fail(database->sql, code, error);
    } else if (strcmp((const char *)sqlite3_column_text(statement, 0), "ok") != 0) {
        status = WTL_CONFIG;
        error->code = SQLITE_CORRUPT;
        (void)snprintf(error->text, sizeof error->text,
                       "the file is damaged (%.120s)" SQL_DAMAGED_HINT,
                       (const char *)sqlite3_column_text(statement, 0));
    }
    (void)sqlite3_finalize(statement);
    return status;
}

static int set_modes(struct database *database, struct sql_error *error)
{
    sqlite3_stmt *statement = NULL;
    int code = sqlite3_prepare_v2(database->sql, "PRAGMA journal_mode = WAL", -1, &statement, NULL);
    if (code == SQLITE_OK) {
        code = sqlite3_step(statement);
    }
    bool is_wal =
        code == SQLITE_ROW && strcmp((const char *)sqlite3_column_text(statement, 0), "wal") == 0;
    (void)sqlite3_finalize(statement);
    if (code == SQLITE_ROW && !is_wal) {
        (void)snprintf(error->text, sizeof error->text,
                       "this file system cannot hold it: SQLite's WAL mode is not to be had");
        return SQLITE_CANTOPEN;
    }
    return code == SQLITE_ROW ? database_set_sync(database, database->sync) : code;
}

/* From here on whoever had the file before is refused. */
static int become_owner(struct database *database, bool is_new, struct sql_error *error)
{
    int code = sql_begin(database->sql);
    if (code == SQLITE_OK && is_new) {
        code = database_execute(database, schema);
    }
    if (code == SQLITE_OK) {
        code = database_execute(database, "UPDATE owner SET generation = generation + 1");
    }
    if (code == SQLITE_OK) {
        code = sql_number(database->sql, texts[OWNER], &database->generation);
    }
    return sql_end(database->sql, code, error);
}

static int prepare(struct database *database)
{
    int code = SQLITE_OK;
    for (unsigned i = 0; i < STATEMENTS && code == SQLITE_OK; i++) {
        code = sql_prepare(database->sql, texts[i], &database->statements[i]);
    }
    return code;
}

/* A former owner may still be in the middle of its last transaction. */
#define OPEN_BUSY_MS 5000

static enum wtl_status open_file(struct database *database, struct sql_error *error)
{
    bool is_new = false;
    enum wtl_status status = sql_open(database->path, &database->sql, error);
    if (status == WTL_OK) {
        (void)sqlite3_busy_timeout(database->sql, OPEN_BUSY_MS);
        status = check_kind(database, &is_new, error);
    }
    if (status == WTL_OK) {
        status = check_damage(database, error);
    }
    if (status != WTL_OK) {
        return status;
    }
    int code = set_modes(database, error);
    if (code == SQLITE_OK) {
        code = become_owner(database, is_new, error);
        if (code != SQLITE_OK) {
            return sql_status(code);
        }
    } else if (error->text[0] != '\0') {
        return WTL_CONFIG;
    }
    if (code == SQLITE_OK) {
        code = prepare(database);
    }
    if (code == SQLITE_OK) {
        code = sql_number(database->sql, "SELECT count(*) FROM entries", &database->rows);
    }
    (void)sqlite3_busy_timeout(database->sql, SQL_BUSY_MS);
    return code == SQLITE_OK ? WTL_OK : sql_fail(database->sql, code, error);
}

enum wtl_status database_open(struct database *database, struct database_facts *facts_out,
                              struct sql_error *error)
{
    enum wtl_status status = open_file(database, error);
    if (status != WTL_OK) {
        close_file(database);
        return status;
    }
    database_tell_facts(database, facts_out);
    return WTL_OK;
}
