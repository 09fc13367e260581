/*
 * query.h - a number that the file of a test's actor answers to a query.
 */
#ifndef WTL_TESTS_SUPPORT_QUERY_H
#define WTL_TESTS_SUPPORT_QUERY_H

#include <sqlite3.h>

#include <wattle/test.h>

/* Fails the test where the file `name` of its folder has no answer. */
static inline int64_t test_query(struct wtl_test *t, const char *name, const char *text)
{
    sqlite3 *sql = NULL;
    sqlite3_stmt *statement = NULL;
    int64_t number = -1;
    if (sqlite3_open(wtl_test_path(t, name), &sql) == SQLITE_OK &&
        sqlite3_prepare_v2(sql, text, -1, &statement, NULL) == SQLITE_OK &&
        sqlite3_step(statement) == SQLITE_ROW) {
        number = sqlite3_column_int64(statement, 0);
    } else {
        wtl_test_fail(t, "%s: %s", text, sqlite3_errmsg(sql));
    }
    (void)sqlite3_finalize(statement);
    (void)sqlite3_close(sql);
    return number;
}

#endif
