/*
 * kit.h - what the tests of the module `disk` share: a disk.table from its .so in the world of the
 * test kit, and words for what is asked of it. Everything is real: the actors, the work that they
 * have done, the file.
 */
#ifndef DISK_KIT_H
#define DISK_KIT_H

#include <criterion/criterion.h>

#include <wattle/test_stage.h>

/* Starts the table "t" on m.db of this world's folder, with one more setting ("full=evict") or
 * NULL. */
struct wtl_pid kit_start(struct wtl_test *t, const char *setting);

/* The same, with the path of a file elsewhere and two settings. */
struct wtl_pid kit_start_at(struct wtl_test *t, const char *path, const char *first,
                            const char *second);

/* Asks for a change of a key that is a text, and expects that status. */
void kit_insert(struct wtl_test *t, struct wtl_pid pid, const char *key, unsigned value);
void kit_remove(struct wtl_test *t, struct wtl_pid pid, const char *key, enum wtl_status status);
void kit_flush(struct wtl_test *t, struct wtl_pid pid);

/* What everybody on the node reads under the key; -1: nothing. */
int64_t kit_value(struct wtl_test *t, const char *key);
void kit_expect(struct wtl_test *t, const char *key, int64_t value);
struct wtl_table_info kit_info(struct wtl_test *t);

/* One number that the file m.db answers to a query; and statements that change it. */
int64_t kit_query(struct wtl_test *t, const char *text);
void kit_execute(struct wtl_test *t, const char *text);
void kit_expect_rows(struct wtl_test *t, int64_t rows);

/* Fails unless the test passes with so many seeds. */
void kit_passes(wtl_test_fn fn, uint32_t seeds);

#endif
