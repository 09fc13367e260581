/*
 * kit.h - one table without actors, in virtual time: small keys and values by number, and a proof
 * at the end that nothing is left.
 *
 * Thread: the test's. Owns: the table, from begin to end.
 */
#ifndef WTL_TESTS_TABLE_KIT_H
#define WTL_TESTS_TABLE_KIT_H

#include <criterion/criterion.h>

#include "base/clock.h"
#include "table/table.h"

struct kit {
    struct wtl__table *table;
    struct wtl__clock_manual clock;
    struct wtl__holds *holds;
    uint64_t used_bytes; /* of the pools, before */
};

extern struct kit kit;

/* What no value is. */
#define NONE (-1)

void kit_begin(struct wtl_table_options options);
/* Destroys the table and waits until all of it is freed; fails the test when a byte is left. */
void kit_end(void);
/* The two halves of that: a section may be open between them. */
void kit_give_up(void);
void kit_is_given_up(void);
/* Moves the clock. */
void kit_pass(uint64_t ms);

/* A key from bytes; fails the test when it is none. The memory is static and used in turn. */
struct wtl__key kit_key(struct wtl_bytes bytes);
#define KEY(number) kit_key(WTL_BYTES_I64(number))
#define NAME(text)  kit_key(WTL_BYTES_STR(text))

/* By number: keys and values are integers. */
enum wtl_status kit_insert(int64_t key, int64_t value);
enum wtl_status kit_insert_new(int64_t key, int64_t value);
enum wtl_status kit_insert_for(int64_t key, int64_t value, uint64_t ttl_ms);
enum wtl_status kit_add(int64_t key, int64_t delta, int64_t *sum_out);
enum wtl_status kit_swap(int64_t key, int64_t expected, int64_t value);
enum wtl_status kit_delete(int64_t key);
enum wtl_status kit_delete_value(int64_t key, int64_t value);
/* The value, or NONE. */
int64_t kit_get(int64_t key);
int64_t kit_take(int64_t key);
/* The values of a bag as text: "[1 2 3]", or "none". */
const char *kit_bag(int64_t key);
uint64_t kit_entries(void);
struct wtl_table_info kit_info(void);

/* The keys from first to last as text: "1 2 3". `backwards`: from last to first. */
const char *kit_keys(bool backwards);

#endif
