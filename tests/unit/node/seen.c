/* seen.c - what a node remembers of the releases that it has run. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "node/seen.h"

static char folder[] = "/tmp/wattle-seen-XXXXXX";
static char path[64];
static struct wtl__seen *seen;
static struct wtl_error error;

static void set_up(void)
{
    cr_assert_not_null(mkdtemp(folder));
    (void)snprintf(path, sizeof path, "%s/modules", folder);
    error = (struct wtl_error){0};
    seen = calloc(1, sizeof *seen);
    cr_assert_eq(wtl__seen_read(seen, folder, &error), WTL_OK, "%s", error.text);
}

static void tear_down(void)
{
    free(seen);
    (void)unlink(path);
    (void)rmdir(folder);
}

TestSuite(seen, .init = set_up, .fini = tear_down);

static struct wtl_release release(const char *name, uint64_t number, uint8_t hash)
{
    struct wtl_release made = {.version = "1.0.0", .number = number};
    (void)snprintf(made.name, sizeof made.name, "%s", name);
    memset(made.hash, hash, sizeof made.hash);
    return made;
}

static void put(const char *name, uint64_t number, uint8_t hash)
{
    struct wtl_release one = release(name, number, hash);
    cr_assert_eq(wtl__seen_put(seen, &one, &error), WTL_OK, "%s", error.text);
}

static enum wtl_status check(const char *name, uint64_t number, uint8_t hash)
{
    struct wtl_release one = release(name, number, hash);
    error = (struct wtl_error){0};
    return wtl__seen_check(seen, &one, &error);
}

static void read_again(void)
{
    memset(seen, 0xaa, sizeof *seen);
    cr_assert_eq(wtl__seen_read(seen, folder, &error), WTL_OK, "%s", error.text);
}

Test(seen, X082_an_older_release_does_not_come_back)
{
    cr_expect_eq(check("climate", 1, 1), WTL_OK, "nothing was run yet");
    put("climate", 17, 1);
    put("alarm", UINT64_MAX, 2);
    read_again();
    cr_expect_eq(seen->count, 2);
    cr_expect_eq(check("climate", 16, 1), WTL_DENIED);
    cr_expect_not_null(strstr(error.text, "release 16"), "%s", error.text);
    cr_expect_not_null(strstr(error.text, "release 17"), "%s", error.text);
    cr_expect_not_null(strstr(error.text, "--allow-rollback climate"), "%s", error.text);
    cr_expect_eq(check("climate", 17, 1), WTL_OK, "the same one, started again");
    cr_expect_eq(check("climate", 18, 9), WTL_OK);
    cr_expect_eq(check("alarm", UINT64_MAX - 1, 2), WTL_DENIED);
    cr_expect_eq(check("clim", 1, 1), WTL_OK, "another module");
}

Test(seen, X082_a_number_is_for_one_file)
{
    put("climate", 17, 1);
    cr_expect_eq(check("climate", 17, 2), WTL_DENIED);
    cr_expect_not_null(strstr(error.text, "higher --number"), "%s", error.text);
}

/* Who was allowed to go back has gone back. */
Test(seen, X082_what_was_put_last_counts)
{
    struct stat info;
    put("climate", 17, 1);
    put("climate", 5, 2);
    read_again();
    cr_expect_eq(seen->count, 1);
    cr_expect_eq(check("climate", 5, 2), WTL_OK);
    cr_expect_eq(check("climate", 4, 2), WTL_DENIED);
    cr_assert_eq(stat(path, &info), 0);
    cr_expect_eq(info.st_mode & 07777, 0600);
}

/* A node on a full or read-only disk starts again with what it has run. */
Test(seen, X082_nothing_is_written_for_what_is_known)
{
    put("climate", 17, 1);
    struct stat before;
    struct stat after;
    cr_assert_eq(stat(path, &before), 0);
    put("climate", 17, 1);
    cr_assert_eq(stat(path, &after), 0);
    cr_expect_eq(before.st_ino, after.st_ino);
    put("climate", 18, 1);
    cr_assert_eq(stat(path, &after), 0);
    cr_expect_neq(before.st_ino, after.st_ino);
}

Test(seen, X082_as_many_as_there_is_room_for)
{
    for (unsigned i = 0; i < WTL__SEEN_MAX; i++) {
        struct wtl__seen_row *row = &seen->rows[seen->count++];
        memset(row->name, 'a', WTL_NAME_MAX - 4);
        (void)snprintf(row->name + WTL_NAME_MAX - 4, 5, "%04u", i);
        row->number = UINT64_MAX;
    }
    struct wtl_release more = release("climate", 1, 1);
    cr_expect_eq(wtl__seen_put(seen, &more, &error), WTL_FULL);
    cr_expect_not_null(strstr(error.text, path), "%s", error.text);
    seen->count--;
    put("climate", 1, 1); /* the longest file that there can be */
    read_again();
    cr_expect_eq(seen->count, WTL__SEEN_MAX);
}

static void refused(const char *text, unsigned mode, const char *part)
{
    FILE *file = fopen(path, "we");
    cr_assert_not_null(file);
    (void)fputs(text, file);
    (void)fclose(file);
    cr_assert_eq(chmod(path, mode), 0);
    error = (struct wtl_error){0};
    cr_expect_eq(wtl__seen_read(seen, folder, &error), WTL_CONFIG, "%s", text);
    cr_expect_not_null(strstr(error.text, path), "%s", error.text);
    cr_expect_not_null(strstr(error.text, part), "no \"%s\" in \"%s\"", part, error.text);
}

#define HEAD "wattle-modules 1\n"
#define HASH "0000000000000000000000000000000000000000000000000000000000000000"

Test(seen, X082_a_file_that_says_something_else)
{
    refused("junk\n", 0600, "delete the file");
    refused("wattle-modules 2\n", 0600, "line 1");
    refused(HEAD "climate 17\n", 0600, "line 2");
    refused(HEAD "climate 17 " HASH "00\n", 0600, "line 2");
    refused(HEAD "climate 017 " HASH "\n", 0600, "line 2");
    refused(HEAD "climate -1 " HASH "\n", 0600, "line 2");
    refused(HEAD "climate 18446744073709551616 " HASH "\n", 0600, "line 2");
    refused(HEAD "climate 17 " HASH "\n\n", 0600, "line 3");
    refused(HEAD "climate 17 " HASH "\nclimate 18 " HASH "\n", 0600, "line 3");
    refused(HEAD "climate 17 " HASH "\n", 0666, "chmod go-w");
}
