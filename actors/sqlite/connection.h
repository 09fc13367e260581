/*
 * connection.h - a connection to a SQLite file as the shipped actors use one: how it is opened, a
 * transaction, and what an error means. Which tables there are is each module's own business.
 *
 * Thread: any, one at a time for each connection; everything here may wait, and belongs on the work
 * pool. Owns: the caller closes the connection.
 */
#ifndef SQLITE_CONNECTION_H
#define SQLITE_CONNECTION_H

#include <sqlite3.h>
#include <stdint.h>

#include <wattle/status.h>

/* A path, in bytes without its NUL. */
#define SQL_PATH_MAX 1023u
/* How long a transaction waits for somebody else's. */
#define SQL_BUSY_MS 100

/* What went wrong, for the log: SQLite's extended code and its text. */
struct sql_error {
    int code;
    char text[240];
};

/* Behind the text of a file that SQLite finds damaged: what to do. */
#define SQL_DAMAGED_HINT ": put a copy of it back, or move it away to begin with an empty one"

/* Opens the file, and makes it when it is not there. NULL where that fails.
 * Fails: as sql_fail. */
enum wtl_status sql_open(const char *path, sqlite3 **sql_out, struct sql_error *error) WTL_MUST_USE;

/* Prepares a statement that is used again and again; SQLite's code. */
int sql_prepare(sqlite3 *sql, const char *text, sqlite3_stmt **statement_out);

/* Begins a transaction that writes. */
int sql_begin(sqlite3 *sql);

/* Commits when `code` is SQLITE_OK. When it is not, or the commit fails, takes all back. Returns
 * how it went, with SQLite's text of it in `error`. */
int sql_end(sqlite3 *sql, int code, struct sql_error *error);

/* Runs a statement that was bound, and makes it ready for the next time: SQLITE_OK when it is done.
 */
int sql_run(sqlite3_stmt *statement);

/* The number that a statement of one row and one column answers, 0 for none; SQLite's code. */
int sql_number(sqlite3 *sql, const char *text, int64_t *number_out);

/* Puts code and text of a failure into `error`. WTL_STORAGE: it may pass (a full disk, a lock, an
 * I/O error, no memory); WTL_CONFIG: it will not (a path that cannot be used, a file that is no
 * database, or damaged). `sql` may be NULL. */
enum wtl_status sql_fail(sqlite3 *sql, int code, struct sql_error *error) WTL_MUST_USE;
enum wtl_status sql_status(int code) WTL_MUST_USE;

#endif
