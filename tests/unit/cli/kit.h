/*
 * kit.h - the command under test: what it prints, and with which code it ends.
 *
 * Thread: the test's. Owns: a run owns its texts, until the next run_free.
 */
#ifndef WTL_TEST_CLI_KIT_H
#define WTL_TEST_CLI_KIT_H

#include <criterion/criterion.h>

#include "cli/command.h"

/* The wall clock of every run: 2026-11-20T12:00:00Z, unless a test sets another. */
extern int64_t kit_now_s;

struct run {
    enum wtl__end end;
    char *out;
    char *err;
    size_t out_size;
    size_t err_size;
};

/* Runs `wattle` with these words; the last one is NULL. */
struct run run_wattle(const char *first, ...) __attribute__((sentinel));
void run_free(struct run *run);

/* A new empty folder, and its end with all that is in it. */
void kit_folder(char path_out[64]);
void kit_folder_remove(const char *path);

#define EXPECT_TEXT(actual, expected)                                                              \
    cr_expect_str_eq(actual, expected, "got:\n%s\nexpected:\n%s", actual, expected)
#define EXPECT_HAS(text, part)                                                                     \
    cr_expect(strstr(text, part) != NULL, "\"%s\" is not in:\n%s", part, text)

#endif
