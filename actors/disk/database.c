/* database.c - what is read from the file, and written to it. See database.h. */
#include <stdio.h>

#include "database_private.h"

void database_tell_facts(struct database *database, struct database_facts *facts_out)
{
    int64_t next_ms = 0;
    if (sqlite3_step(database->statements[NEXT]) == SQLITE_ROW) {
        next_ms = sqlite3_column_int64(database->statements[NEXT], 0);
    }
    (void)sqlite3_reset(database->statements[NEXT]);
    *facts_out = (struct database_facts){.rows = (uint64_t)database->rows,
                                         .next_ms = next_ms > 0 ? (uint64_t)next_ms : 0};
}

/* ---- reading ------------------------------------------------------------------------------- */

static struct wtl_bytes column(sqlite3_stmt *statement, int number)
{
    int size = sqlite3_column_bytes(statement, number);
    return wtl_bytes_over(sqlite3_column_blob(statement, number), (size_t)size);
}

static bool is_sound(const struct change *change)
{
    return change->key.size > 0 && change->key.size <= WTL_TABLE_KEY_MAX &&
           change->value.size <= DISK_VALUE_MAX;
}

enum wtl_status database_read(struct database *database, struct wtl_writer *changes,
                              struct sql_error *error)
{
    sqlite3_stmt *statement = database->statements[READ];
    size_t begin = wtl_written(changes);
    enum wtl_status status = WTL_OK;
    int code;
    (void)sqlite3_bind_int64(statement, 1, database->read);
    while ((code = sqlite3_step(statement)) == SQLITE_ROW) {
        struct change change = {.kind = CHANGE_PUT,
                                .key = column(statement, 1),
                                .value = column(statement, 2),
                                .ends_ms = (uint64_t)sqlite3_column_int64(statement, 3)};
        if (!is_sound(&change)) {
            (void)snprintf(error->text, sizeof error->text,
                           "the file is damaged: its row %lld is no entry",
                           (long long)sqlite3_column_int64(statement, 0));
            status = WTL_CONFIG;
            break;
        }
        if (!change_put(changes, &change)) {
            status = WTL_NO_MEMORY;
            break;
        }
        database->read = sqlite3_column_int64(statement, 0);
        if (wtl_written(changes) - begin >= DISK_CHUNK_BYTES) {
            break;
        }
    }
    if (code != SQLITE_ROW && code != SQLITE_DONE) {
        status = sql_fail(database->sql, code, error);
    }
    (void)sqlite3_reset(statement);
    return status;
}

static void put_suspects(struct database *database, enum database_statement which, uint32_t count,
                         struct wtl_writer *changes)
{
    sqlite3_stmt *statement = database->statements[which];
    uint32_t found = 0;
    int64_t last = 0;
    (void)sqlite3_bind_int64(statement, 1, count);
    if (which == TURN) {
        (void)sqlite3_bind_int64(statement, 2, database->turn);
    }
    while (sqlite3_step(statement) == SQLITE_ROW) {
        struct change change = {.kind = CHANGE_REMOVE, .key = column(statement, 1)};
        if (!change_put(changes, &change)) {
            break;
        }
        last = sqlite3_column_int64(statement, 0);
        found++;
    }
    (void)sqlite3_reset(statement);
    if (which == TURN) {
        database->turn = found < count ? 0 : last; /* from the beginning again */
    }
}

void database_suspects(struct database *database, uint32_t count, struct wtl_writer *changes)
{
    if (count > 0) {
        put_suspects(database, ENDING, count, changes);
        put_suspects(database, TURN, count, changes);
    }
}

/* ---- writing ------------------------------------------------------------------------------- */

static void bind(sqlite3_stmt *statement, int number, struct wtl_bytes bytes)
{
    /* a null pointer would be NULL, and not empty */
    (void)sqlite3_bind_blob(statement, number, bytes.size > 0 ? bytes.bytes : "", (int)bytes.size,
                            SQLITE_STATIC);
}

static int remove_row(struct database *database, struct wtl_bytes key, int64_t *rows)
{
    bind(database->statements[REMOVE], 1, key);
    int code = sql_run(database->statements[REMOVE]);
    *rows -= code == SQLITE_OK ? sqlite3_changes(database->sql) : 0;
    return code;
}

static int carry_out(struct database *database, const struct change *change, int64_t *rows)
{
    sqlite3_stmt *statement = database->statements[change->kind == CHANGE_PUT ? PUT : VALUE];
    if (change->kind != CHANGE_VALUE) {
        int code = remove_row(database, change->key, rows);
        if (code != SQLITE_OK || change->kind == CHANGE_REMOVE) {
            return code;
        }
        (void)sqlite3_bind_int64(statement, 3, (sqlite3_int64)change->ends_ms);
        *rows += 1;
    }
    bind(statement, 1, change->key);
    bind(statement, 2, change->value);
    return sql_run(statement);
}

static int check_owner(struct database *database, bool *is_owner_out)
{
    sqlite3_stmt *statement = database->statements[OWNER];
    int code = sqlite3_step(statement);
    *is_owner_out =
        code == SQLITE_ROW && sqlite3_column_int64(statement, 0) == database->generation;
    (void)sqlite3_reset(statement);
    return code == SQLITE_ROW ? SQLITE_OK : code;
}

enum wtl_status database_write(struct database *database, struct wtl_reader changes,
                               struct database_facts *facts_out, struct sql_error *error)
{
    struct change change;
    bool is_owner = true;
    int64_t rows = database->rows;
    if (wtl_left(&changes) > 0) {
        int code = sql_begin(database->sql);
        if (code == SQLITE_OK) {
            code = check_owner(database, &is_owner);
        }
        while (code == SQLITE_OK && is_owner && change_next(&changes, &change)) {
            code = carry_out(database, &change, &rows);
        }
        code = sql_end(database->sql, is_owner ? code : SQLITE_ABORT, error);
        if (!is_owner) {
            (void)snprintf(error->text, sizeof error->text,
                           "another actor has opened the file since: each disk.table needs a "
                           "path of its own");
            return WTL_EXISTS;
        }
        if (code != SQLITE_OK) {
            return sql_status(code);
        }
        database->rows = rows;
    }
    database_tell_facts(database, facts_out);
    return WTL_OK;
}

/* With a policy that leaves out calls of fsync, one more transaction makes up for all of them:
 * after it the log and then the file are synced, whatever they hold. */
enum wtl_status database_flush(struct database *database, struct sql_error *error)
{
    if (database->sync == DISK_SYNC_FULL) {
        return WTL_OK;
    }
    int code = database_set_sync(database, DISK_SYNC_FULL);
    if (code == SQLITE_OK) {
        code = database_execute(database, "UPDATE owner SET generation = generation");
    }
    if (code == SQLITE_OK) {
        code = sqlite3_wal_checkpoint_v2(database->sql, NULL, SQLITE_CHECKPOINT_FULL, NULL, NULL);
    }
    enum wtl_status status = code == SQLITE_OK ? WTL_OK : sql_fail(database->sql, code, error);
    (void)database_set_sync(database, database->sync);
    return status;
}
