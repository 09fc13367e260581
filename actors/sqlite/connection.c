/* connection.c - see connection.h. */
#include "connection.h"

#include <stdio.h>

/* What the user can do about it, where SQLite's text leaves that open. */
static const char *hint(int code)
{
    switch (code & 0xff) {
    case SQLITE_NOTADB:
        return ": expected a new path, or a file that this actor has written";
    case SQLITE_CORRUPT:
        return SQL_DAMAGED_HINT;
    default:
        return "";
    }
}

static void say(sqlite3 *sql, int code, struct sql_error *error)
{
    error->code = code;
    (void)snprintf(error->text, sizeof error->text, "%.120s%s",
                   sql != NULL ? sqlite3_errmsg(sql) : sqlite3_errstr(code), hint(code));
}

enum wtl_status sql_status(int code)
{
    switch (code & 0xff) {
    case SQLITE_OK:
        return WTL_OK;
    case SQLITE_FULL:
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
    case SQLITE_IOERR:
    case SQLITE_NOMEM:
    case SQLITE_PROTOCOL:
        return WTL_STORAGE;
    default:
        return WTL_CONFIG;
    }
}

enum wtl_status sql_fail(sqlite3 *sql, int code, struct sql_error *error)
{
    say(sql, code, error);
    return sql_status(code);
}

enum wtl_status sql_open(const char *path, sqlite3 **sql_out, struct sql_error *error)
{
    int flags =
        SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_FULLMUTEX | SQLITE_OPEN_EXRESCODE;
    int code = sqlite3_open_v2(path, sql_out, flags, NULL);
    if (code == SQLITE_OK) {
        (void)sqlite3_busy_timeout(*sql_out, SQL_BUSY_MS);
        return WTL_OK;
    }
    enum wtl_status status = sql_fail(*sql_out, code, error);
    (void)sqlite3_close(*sql_out);
    *sql_out = NULL;
    return status;
}

int sql_prepare(sqlite3 *sql, const char *text, sqlite3_stmt **statement_out)
{
    return sqlite3_prepare_v3(sql, text, -1, SQLITE_PREPARE_PERSISTENT, statement_out, NULL);
}

int sql_begin(sqlite3 *sql)
{
    return sqlite3_exec(sql, "BEGIN IMMEDIATE", NULL, NULL, NULL);
}

int sql_end(sqlite3 *sql, int code, struct sql_error *error)
{
    if (code == SQLITE_OK) {
        code = sqlite3_exec(sql, "COMMIT", NULL, NULL, NULL);
    }
    if (code != SQLITE_OK) {
        say(sql, code, error);
        if (sqlite3_get_autocommit(sql) == 0) {
            (void)sqlite3_exec(sql, "ROLLBACK", NULL, NULL, NULL);
        }
    }
    return code;
}

int sql_run(sqlite3_stmt *statement)
{
    int code = sqlite3_step(statement);
    (void)sqlite3_reset(statement);
    return code == SQLITE_DONE ? SQLITE_OK : code;
}

int sql_number(sqlite3 *sql, const char *text, int64_t *number_out)
{
    sqlite3_stmt *statement = NULL;
    int code = sqlite3_prepare_v2(sql, text, -1, &statement, NULL);
    *number_out = 0;
    if (code == SQLITE_OK) {
        code = sqlite3_step(statement);
        if (code == SQLITE_ROW) {
            *number_out = sqlite3_column_int64(statement, 0);
        }
        code = code == SQLITE_ROW || code == SQLITE_DONE ? SQLITE_OK : code;
    }
    (void)sqlite3_finalize(statement);
    return code;
}
