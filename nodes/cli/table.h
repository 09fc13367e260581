/*
 * table.h - a node's answer as a table for people and as JSON for programs, from the same cells.
 *
 * Not here: asking (ask.c). Every text of an answer is foreign and is made harmless when it is
 * printed.
 *
 * Thread: one. Owns: a table owns its cells; their text is borrowed from the reply's bytes.
 */
#ifndef WTL_CLI_TABLE_H
#define WTL_CLI_TABLE_H

#include <stdio.h>

#include "node/control_frame.h"

struct wtl__table {
    enum wtl__reply_shape shape;
    uint32_t columns_count;
    struct wtl__reply_column columns[WTL__CONTROL_COLUMNS_MAX];
    uint32_t rows;
    uint64_t total; /* rows that there are, which may be more */
    struct wtl__value *cells;
    uint32_t *order; /* row numbers, as they are printed */
};

struct wtl__table_style {
    bool color;
    bool quiet; /* no head, no totals */
};

/* Reads the cells of a reply that has a table. Fails: WTL_NO_MEMORY. Owns: the caller deinits it.
 */
enum wtl_status wtl__table_init(struct wtl__table *table, struct wtl__reply *reply) WTL_MUST_USE;
void wtl__table_deinit(struct wtl__table *table);

/* Sorts by the column of that name, case aside: numbers largest first, texts from a on, what is not
 * known last. Fails: WTL_NOT_FOUND. */
enum wtl_status wtl__table_sort(struct wtl__table *table, const char *column) WTL_MUST_USE;

/* Columns of one width each, a head, and a totals row when there is something to sum up. */
void wtl__table_print(const struct wtl__table *table, struct wtl__table_style style, FILE *file);

/* An array of objects, or one object for a record. Keys are the columns' names in small letters,
 * with the unit that the numbers have: "rtt_us", "since_ms", "cert_days", "memory_bytes". */
void wtl__table_json(const struct wtl__table *table, FILE *file);

/* One cell for people: "1.2ms", "3d", "1.5MiB", "-". Bounds: 24 bytes; texts are not done here. */
#define WTL__CELL_TEXT 24
const char *wtl__number_text(enum wtl__column_kind kind, int64_t number, char out[WTL__CELL_TEXT]);

#endif
