/* fails.c - disk.table: settings that cannot be, files that cannot be used, and disks that are
 * full: callers hear of it, and the table never shows what is not committed. */
#include <fcntl.h>
#include <signal.h>
#include <sqlite3.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "kit.h"

static void refuses_settings(struct wtl_test *t)
{
    static const struct {
        const char *setting;
        const char *words;
    } wrong[] = {
        {"name=Bad Name", "expected a name of a-z"},
        {"path=", "expected a path of 1 to 1023 bytes"},
        {"sync=sometimes", "expected sync to be full, normal or off"},
        {"full=drop", "expected full to be refuse or evict"},
        {"bytes_max=0", "expected a bytes_max of 1 or more"},
    };
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        struct wtl_pid pid = kit_start(t, wrong[i].setting);
        wtl_test_expect_end(t, pid, "error:config");
        wtl_test_check(t, wtl_test_logged(t, wrong[i].words) == 1, "%s", wrong[i].words);
    }
}

Test(disk, E02_settings_that_cannot_be)
{
    kit_passes(refuses_settings, 1);
}

static void refuses_names(struct wtl_test *t)
{
    struct wtl_table mine;
    struct wtl_ctx *x = wtl_test_ctx(t);
    enum wtl_status status = wtl_table_create(x, &(struct wtl_table_options){.name = "t"}, &mine);
    wtl_test_check(t, status == WTL_OK, "a table of that name");
    wtl_test_expect_end(t, kit_start(t, NULL), "error:exists");
    wtl_test_check(t, wtl_test_logged(t, "expected the name of no other table") == 1, "says so");
    status = wtl_table_destroy(x, mine);
    wtl_test_check(t, status == WTL_OK, "it goes");
    (void)wtl_test_probe(t, "t");
    wtl_test_expect_end(t, kit_start(t, NULL), "error:exists");
    wtl_test_check(t, wtl_test_logged(t, "expected the name of no other actor") == 1, "says so");
    kit_query(t, "SELECT count(*) FROM entries"); /* the file can be used */
}

Test(disk, E02_names_that_are_taken)
{
    kit_passes(refuses_names, 3);
}

/* ---- files --------------------------------------------------------------------------------- */

static void put_text(struct wtl_test *t, const char *name, const char *text)
{
    FILE *file = fopen(wtl_test_path(t, name), "we");
    cr_assert_not_null(file);
    (void)fputs(text, file);
    (void)fclose(file);
}

static void refuses(struct wtl_test *t, const char *path, const char *reason, const char *words)
{
    struct wtl_pid pid = kit_start_at(t, path, NULL, NULL);
    wtl_test_expect_end(t, pid, reason);
    wtl_test_check(t, wtl_test_logged(t, words) == 1, "it says why: %s", words);
    wtl_test_check(t, wtl_test_logged(t, path) == 1, "and where");
}

static void refuses_folder(struct wtl_test *t)
{
    refuses(t, wtl_test_path(t, "no/such/folder.db"), "error:config",
            "unable to open database file");
}

static void refuses_proc(struct wtl_test *t)
{
    refuses(t, "/proc/m.db", "error:config", "unable to open database file");
}

static void refuses_text(struct wtl_test *t)
{
    put_text(t, "m.db", "this is a text that is no database, and it is long enough to see so");
    refuses(t, wtl_test_path(t, "m.db"), "error:config",
            "file is not a database: expected a new path");
}

static void refuses_others(struct wtl_test *t)
{
    kit_execute(t, "CREATE TABLE entries(key, value)");
    refuses(t, wtl_test_path(t, "m.db"), "error:config", "the SQLite file of something else");
    wtl_test_check(t, kit_query(t, "PRAGMA user_version") == 0, "it stays as it was");
}

static void refuses_newer(struct wtl_test *t)
{
    struct wtl_pid pid = kit_start(t, NULL);
    kit_insert(t, pid, "a", 1);
    wtl_test_stop(t, pid);
    wtl_test_settle(t);
    kit_execute(t, "PRAGMA user_version = 2");
    refuses(t, wtl_test_path(t, "m.db"), "error:version",
            "expected a file of schema 1, found one of schema 2");
    kit_expect_rows(t, 1);
}

Test(disk, E02_files_that_cannot_be_used)
{
    kit_passes(refuses_folder, 1);
    kit_passes(refuses_proc, 1);
    kit_passes(refuses_text, 1);
    kit_passes(refuses_others, 1);
    kit_passes(refuses_newer, 1);
}

static void fill(struct wtl_test *t)
{
    struct wtl_pid pid = kit_start(t, NULL);
    char key[16];
    for (unsigned i = 0; i < 400; i++) {
        (void)snprintf(key, sizeof key, "key%u", i);
        kit_insert(t, pid, key, i);
    }
    wtl_test_stop(t, pid);
    wtl_test_settle(t);
}

/* Overwrites a page of the file with what is none. */
static void refuses_damage(struct wtl_test *t)
{
    static const char noise[4096] = "\x0d not a page";
    fill(t);
    int fd = open(wtl_test_path(t, "m.db"), O_WRONLY | O_CLOEXEC);
    cr_assert(fd >= 0 && pwrite(fd, noise, sizeof noise, 3 * 4096) == sizeof noise);
    (void)close(fd);
    refuses(t, wtl_test_path(t, "m.db"), "error:config", "): put a copy of it back");
}

/* The second half is missing. */
static void refuses_half(struct wtl_test *t)
{
    struct stat is;
    fill(t);
    cr_assert(stat(wtl_test_path(t, "m.db"), &is) == 0 &&
              truncate(wtl_test_path(t, "m.db"), is.st_size / 2) == 0);
    struct wtl_pid pid = kit_start(t, NULL);
    wtl_test_expect_end(t, pid, "error:config");
    wtl_test_check(t, wtl_test_logged(t, "SQLite code 11") == 1, "it is damaged");
}

/* A row that SQLite finds sound, and that is no entry. */
static void refuses_row(struct wtl_test *t)
{
    fill(t);
    kit_execute(t, "UPDATE entries SET key = zeroblob(600) WHERE id = 7");
    refuses(t, wtl_test_path(t, "m.db"), "error:config", "its row 7 is no entry");
}

Test(disk, E02_files_that_are_damaged)
{
    kit_passes(refuses_damage, 1);
    kit_passes(refuses_half, 1);
    kit_passes(refuses_row, 1);
}

/* ---- while it runs ------------------------------------------------------------------------- */

static void waits_for_no_lock(struct wtl_test *t)
{
    struct wtl_pid pid = kit_start(t, NULL);
    sqlite3 *other = NULL;
    kit_insert(t, pid, "a", 1);
    cr_assert_eq(sqlite3_open(wtl_test_path(t, "m.db"), &other), SQLITE_OK);
    cr_assert_eq(sqlite3_exec(other, "BEGIN IMMEDIATE", NULL, NULL, NULL), SQLITE_OK);
    for (unsigned i = 0; i < 3; i++) {
        wtl_test_callf(t, pid, "insert", "key=%s value=%u", "a", 2u);
        wtl_test_expect_status(t, WTL_STORAGE);
        kit_expect(t, "a", 1);
    }
    wtl_test_check(t, wtl_test_logged(t, "database is locked") == 1, "said once");
    cr_assert_eq(sqlite3_exec(other, "COMMIT", NULL, NULL, NULL), SQLITE_OK);
    (void)sqlite3_close(other);
    kit_insert(t, pid, "a", 3);
    kit_expect(t, "a", 3);
    wtl_test_check(t, wtl_test_logged(t, "storage works again") == 1, "and that it is over");
}

Test(disk, E02_somebody_else_holds_the_lock)
{
    kit_passes(waits_for_no_lock, 3);
}

static void file_bytes_max(rlim_t bytes)
{
    struct rlimit limit;
    cr_assert_eq(getrlimit(RLIMIT_FSIZE, &limit), 0);
    limit.rlim_cur = bytes;
    cr_assert_eq(setrlimit(RLIMIT_FSIZE, &limit), 0);
}

/* No more bytes: callers hear it, the table shows what is committed and no more, and when there is
 * room again all goes on. */
static void disk_is_full(struct wtl_test *t)
{
    struct wtl_pid pid = kit_start(t, NULL);
    char key[16];
    bool kept[200];
    unsigned count = 0;
    (void)signal(SIGXFSZ, SIG_IGN);
    file_bytes_max(32768);
    for (unsigned i = 0; i < 200; i++) {
        (void)snprintf(key, sizeof key, "k%u", i);
        const struct wtl_answer *answer =
            wtl_test_callf(t, pid, "insert", "key=%s value=%u", key, i);
        kept[i] = answer->status == WTL_OK;
        wtl_test_check(t, kept[i] || answer->status == WTL_STORAGE, "as it should be");
        count += kept[i];
    }
    file_bytes_max(RLIM_INFINITY);
    wtl_test_check(t, count < 200, "there is no room for all");
    wtl_test_check(t, wtl_test_logged(t, "storage_full") == 1, "said once");
    for (unsigned i = 0; i < 200; i++) {
        (void)snprintf(key, sizeof key, "k%u", i);
        kit_expect(t, key, kept[i] ? (int64_t)i : -1);
    }
    kit_expect_rows(t, count);
    kit_insert(t, pid, "after", 1);
    kit_expect_rows(t, count + 1);
}

Test(disk, E02_a_disk_that_is_full)
{
    kit_passes(disk_is_full, 3);
}

static void flushes(struct wtl_test *t)
{
    static const char *const syncs[] = {"sync=full", "sync=normal", "sync=off"};
    for (unsigned i = 0; i < 3; i++) {
        struct wtl_pid pid = kit_start(t, syncs[i]);
        kit_insert(t, pid, "a", i);
        kit_flush(t, pid);
        wtl_test_stop(t, pid);
        wtl_test_settle(t);
    }
    kit_expect_rows(t, 1);
}

Test(disk, E02_flush)
{
    kit_passes(flushes, 3);
}
