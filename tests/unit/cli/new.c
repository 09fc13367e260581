/* new.c - `wattle new`: what it makes, which names it refuses, and that it leaves nothing half.
 * That what it makes builds and tests itself is shown with the installed package, in
 * consumer/new.sh. */
#include <dirent.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/new_files.h"
#include "kit.h"

static char folder[64];
static char made[96];

static void open_folder(void)
{
    kit_folder(folder);
    (void)snprintf(made, sizeof made, "%s/made", folder);
}

static void close_folder(void)
{
    kit_folder_remove(folder);
}

TestSuite(cli_new, .init = open_folder, .fini = close_folder);

/* The text of one of its files; the caller frees it. */
static char *text_of(const char *name)
{
    char path[256];
    (void)snprintf(path, sizeof path, "%s/%s", made, name);
    FILE *file = fopen(path, "re");
    cr_assert_not_null(file, "%s", path);
    char *text = calloc(1, 65536);
    cr_assert_not_null(text);
    (void)!fread(text, 1, 65535, file);
    (void)fclose(file);
    return text;
}

static unsigned count_files(const char *path)
{
    unsigned count = 0;
    DIR *dir = opendir(path);
    for (struct dirent *entry; dir != NULL && (entry = readdir(dir)) != NULL;) {
        count += strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0;
    }
    if (dir != NULL) {
        (void)closedir(dir);
    }
    return count;
}

Test(cli_new, U01_a_module_with_its_name_everywhere)
{
    static const char *const names[] = {"CMakeLists.txt", "CMakePresets.json", "README.md",
                                        ".gitignore",     "sensor.c",          "convert.c",
                                        "report.c",       "rain_2.c",          "rain_2.h",
                                        "rain_2.flow",    "rain_2_test.c"};
    struct run run = run_wattle("new", "rain_2", "--dir", made, NULL);
    cr_assert_eq(run.end, WTL__END_OK, "%s", run.err);
    char expected[256];
    (void)snprintf(expected, sizeof expected,
                   "module rain_2, with a producer, a processor, a consumer, a flow and tests\n"
                   "next: cd %s && cmake --workflow --preset test\n",
                   made);
    EXPECT_TEXT(run.out, expected);
    run_free(&run);
    cr_expect_eq(count_files(made), sizeof names / sizeof names[0]);
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        char *text = text_of(names[i]);
        cr_expect(text[0] != '\0', "%s is empty", names[i]);
        cr_expect_null(strcasestr(text, "newmodule"), "%s has the word of the template", names[i]);
        free(text);
    }
    char *text = text_of("rain_2.h");
    EXPECT_HAS(text, "#ifndef RAIN_2_H");
    free(text);
    text = text_of("rain_2.c");
    EXPECT_HAS(text, "WTL_MODULE(\"rain_2\"");
    free(text);
}

Test(cli_new, U01_a_name_that_is_part_of_the_templates_own)
{
    struct run run = run_wattle("new", "newmodule", "--dir", made, "-q", NULL);
    cr_expect_eq(run.end, WTL__END_OK, "%s", run.err);
    EXPECT_TEXT(run.out, "");
    run_free(&run);
    for (uint32_t i = 0; i < wtl__new_files_count; i++) {
        const struct wtl__new_file *file = &wtl__new_files[i];
        char *text = text_of(strcmp(file->name, "gitignore") == 0 ? ".gitignore" : file->name);
        cr_expect(strlen(text) == file->size && memcmp(text, file->text, file->size) == 0, "%s",
                  file->name);
        free(text);
    }
}

static void refused(const char *name, const char *words, const char *help)
{
    struct run run = run_wattle("new", name, "--dir", made, NULL);
    cr_expect_eq(run.end, WTL__END_USAGE, "%s", name);
    EXPECT_HAS(run.err, "error[E0104]: a module");
    EXPECT_HAS(run.err, words);
    if (help != NULL) {
        EXPECT_HAS(run.err, help);
    } else {
        cr_expect_null(strstr(run.err, "help"), "%s", run.err);
    }
    EXPECT_TEXT(run.out, "");
    cr_expect(access(made, F_OK) != 0, "nothing is made for %s", name);
    run_free(&run);
}

Test(cli_new, U01_names_that_cannot_be)
{
    char name[66];
    refused("Rain", "a letter from a to z, then [a-z0-9_], 63 bytes at most; got \"Rain\"",
            "did you mean `wattle new rain`?");
    refused("rain-gauge", "got \"rain-gauge\"", "`wattle new rain_gauge`");
    refused("2rain", "got \"2rain\"", NULL);
    refused("../rain", "got \"../rain\"", NULL);
    refused("r/../../rain", "got \"r/../../rain\"", "`wattle new r_______rain`");
    refused("", "got \"\"", NULL);
    refused("r\033[2J", "got \"r?[2J\"", "`wattle new r__2j`");
    memset(name, 'r', 64);
    name[64] = '\0';
    refused(name, "63 bytes at most", NULL);
    name[63] = '\0';
    struct run run = run_wattle("new", name, "--dir", made, NULL);
    cr_expect_eq(run.end, WTL__END_OK, "%s", run.err);
    run_free(&run);
}

Test(cli_new, U01_names_that_somebody_else_has)
{
    refused("flow", "\"flow\": flows have that word", "wattle new flow_module");
    refused("test", "\"test\": CMake has that word", "wattle new test_module");
    refused("m", "\"m\": a library that everything is linked with", "wattle new m_module");
    refused("sensor", "\"sensor\": one of its actors", "wattle new sensor_module");
    refused("Install", "got \"Install\"", NULL);
}

Test(cli_new, U01_a_folder_that_is_there_is_left_alone)
{
    cr_assert_eq(mkdir(made, 0700), 0);
    struct run run = run_wattle("new", "rain", "--dir", made, NULL);
    cr_expect_eq(run.end, WTL__END_NO);
    EXPECT_HAS(run.err, "error[E0402]");
    EXPECT_HAS(run.err, made);
    EXPECT_HAS(run.err, "help: wattle new rain --dir FOLDER");
    cr_expect_eq(count_files(made), 0u);
    run_free(&run);
    cr_expect_eq(rmdir(made), 0, "it is there, and empty");
}

Test(cli_new, U01_a_folder_that_cannot_be_made)
{
    char path[160];
    (void)snprintf(path, sizeof path, "%s/none/made", folder);
    struct run run = run_wattle("new", "rain", "--dir", path, NULL);
    cr_expect_eq(run.end, WTL__END_CONFIG);
    EXPECT_HAS(run.err, "error[E0403]: the folder cannot be made: No such file or directory");
    EXPECT_HAS(run.err, path);
    run_free(&run);
}

/* There is room for the first files and not for all: nothing is left. */
Test(cli_new, U01_all_or_nothing)
{
    struct rlimit before;
    struct rlimit few;
    cr_assert_eq(getrlimit(RLIMIT_FSIZE, &before), 0);
    few = before;
    few.rlim_cur = 1000;
    cr_assert(signal(SIGXFSZ, SIG_IGN) != SIG_ERR);
    cr_assert_eq(setrlimit(RLIMIT_FSIZE, &few), 0);
    struct run run = run_wattle("new", "rain", "--dir", made, NULL);
    cr_assert_eq(setrlimit(RLIMIT_FSIZE, &before), 0);
    cr_expect_eq(run.end, WTL__END_CONFIG);
    EXPECT_HAS(run.err, "error[E0403]: ");
    EXPECT_HAS(run.err, "cannot be written: File too large");
    run_free(&run);
    cr_expect(access(made, F_OK) != 0, "no file and no folder is left");
}
