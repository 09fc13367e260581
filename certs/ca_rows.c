/* ca_rows.c - see ca_rows.h. Thread: one. Owns: see ca_rows.h. */
#include "certs/ca_rows.h"

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "certs/revoked_private.h"

void wtl__ca_rows_deinit(struct wtl__ca_rows *rows)
{
    free(rows->list);
    *rows = (struct wtl__ca_rows){0};
}

static struct wtl__ca_row *row_of(const struct wtl__ca_rows *rows,
                                  const uint8_t serial[WTL__SERIAL_MAX])
{
    struct wtl__ca_row key = {0};
    struct wtl__ca_row *found = NULL;
    memcpy(key.entry.serial, serial, WTL__SERIAL_MAX);
    if (rows->sorted != 0) { /* bsearch wants an array even to find nothing in */
        found = bsearch(&key, rows->list, rows->sorted, sizeof key, wtl__revoked_compare);
    }
    for (size_t i = rows->sorted; i < rows->count && found == NULL; i++) {
        if (wtl__revoked_compare(&key, &rows->list[i]) == 0) {
            found = &rows->list[i];
        }
    }
    return found;
}

static enum wtl_status add(struct wtl__ca_rows *rows, const struct wtl__ca_row *row,
                           struct wtl_error *error)
{
    if (rows->count == WTL__CRL_ENTRIES_MAX) {
        return wtl_fail(error, WTL_FULL, "expected %u revoked certificates at most, came more",
                        WTL__CRL_ENTRIES_MAX);
    }
    if (rows->count == rows->capacity) {
        size_t capacity = rows->capacity == 0 ? 64 : 2 * rows->capacity;
        struct wtl__ca_row *larger = realloc(rows->list, capacity * sizeof *larger);
        if (larger == NULL) {
            return wtl_fail(error, WTL_NO_MEMORY, "no memory for %zu revoked certificates",
                            capacity);
        }
        rows->list = larger;
        rows->capacity = capacity;
    }
    rows->list[rows->count++] = *row;
    return WTL_OK;
}

enum wtl_status wtl__ca_rows_take(struct wtl__ca_rows *rows, const struct wtl__crl_entry *entry,
                                  struct wtl_error *error)
{
    struct wtl__ca_row row = {.entry = *entry};
    /* one list is sorted, and has each once: only those of the lists before it are looked through
     */
    struct wtl__ca_rows before = {
        .list = rows->list, .count = rows->sorted, .sorted = rows->sorted};
    return row_of(&before, entry->serial) == NULL ? add(rows, &row, error) : WTL_OK;
}

enum wtl_status wtl__ca_rows_revoke(struct wtl__ca_rows *rows, const struct wtl__issued *issued,
                                    int64_t now_s, struct wtl_error *error)
{
    struct wtl__ca_row row = {
        .entry = {.at_s = now_s}, .expires_s = issued->expires_s, .is_new = true};
    if (row_of(rows, issued->serial) != NULL) {
        return WTL_OK;
    }
    memcpy(row.entry.serial, issued->serial, sizeof row.entry.serial);
    memcpy(row.name, issued->name, sizeof row.name);
    return add(rows, &row, error);
}

void wtl__ca_rows_sort(struct wtl__ca_rows *rows)
{
    if (rows->count != 0) {
        qsort(rows->list, rows->count, sizeof *rows->list, wtl__revoked_compare);
    }
    rows->sorted = rows->count;
}

void wtl__ca_rows_forget(struct wtl__ca_rows *rows, int64_t last_list_s)
{
    size_t kept = 0;
    for (size_t i = 0; i < rows->count; i++) {
        const struct wtl__ca_row *row = &rows->list[i];
        if (row->is_new || row->expires_s == 0 || row->expires_s >= last_list_s) {
            rows->list[kept++] = *row;
        }
    }
    rows->count = kept;
    wtl__ca_rows_sort(rows);
}

struct wtl__crl_entry *wtl__ca_rows_entries(struct wtl__ca_rows *rows)
{
    struct wtl__crl_entry *entries = calloc(rows->count + 1, sizeof *entries);
    for (size_t i = 0; i < rows->count && entries != NULL; i++) {
        entries[i] = rows->list[i].entry;
    }
    return entries;
}

static int compare_times(const void *a, const void *b)
{
    const struct wtl_ca_revoked_row *first = a;
    const struct wtl_ca_revoked_row *second = b;
    int names = strcmp(first->name, second->name);
    return first->at_s != second->at_s ? (first->at_s < second->at_s ? -1 : 1)
           : names != 0                ? names
                                       : strcmp(first->serial, second->serial);
}

enum wtl_status wtl__ca_rows_report(const struct wtl__ca_rows *rows,
                                    struct wtl_ca_revoked *revoked_out, struct wtl_error *error)
{
    revoked_out->rows = calloc(rows->count + 1, sizeof *revoked_out->rows);
    if (revoked_out->rows == NULL) {
        return wtl_fail(error, WTL_NO_MEMORY, "no memory for %zu rows", rows->count);
    }
    for (size_t i = 0; i < rows->count; i++) {
        const struct wtl__ca_row *from = &rows->list[i];
        struct wtl_ca_revoked_row *to = &revoked_out->rows[i];
        size_t zeros = 0;
        while (zeros < WTL__SERIAL_MAX - 1 && from->entry.serial[zeros] == 0) {
            zeros++;
        }
        (void)sodium_bin2hex(to->serial, sizeof to->serial, from->entry.serial + zeros,
                             WTL__SERIAL_MAX - zeros);
        memcpy(to->name, from->name, sizeof to->name);
        to->at_s = from->entry.at_s;
        to->expires_s = from->expires_s;
        to->is_new = from->is_new;
        revoked_out->new_count += from->is_new ? 1 : 0;
    }
    revoked_out->count = rows->count;
    qsort(revoked_out->rows, rows->count, sizeof *revoked_out->rows, compare_times);
    return WTL_OK;
}

/* ---- with what was issued -------------------------------------------------------------------- */

/* Notes a name for the error that may come, once. */
static void note_name(struct wtl__ca_search *search, const char *name)
{
    size_t used = strlen(search->known);
    size_t size = strlen(name);
    for (const char *at = search->known; (at = strstr(at, name)) != NULL; at += size) {
        bool starts = at == search->known || at[-1] == ' ';
        if (starts && (at[size] == '\0' || at[size] == ',')) {
            return;
        }
    }
    /* ", " and " ..." have to fit as well */
    if (used + size + 8 > sizeof search->known) {
        if (!search->is_cut) {
            (void)snprintf(search->known + used, sizeof search->known - used, ", ...");
        }
        search->is_cut = true;
        return;
    }
    if (!search->is_cut) {
        (void)snprintf(search->known + used, sizeof search->known - used, "%s%s",
                       used > 0 ? ", " : "", name);
    }
}

struct walk {
    struct wtl__ca_search *search;
    bool has_serial;
    uint8_t serial[WTL__SERIAL_MAX];
};

static enum wtl_status look_at(void *context, const struct wtl__issued *issued,
                               struct wtl_error *error)
{
    struct walk *walk = context;
    struct wtl__ca_search *search = walk->search;
    struct wtl__ca_row *row = row_of(search->rows, issued->serial);
    if (row != NULL) {
        memcpy(row->name, issued->name, sizeof row->name);
        row->expires_s = issued->expires_s;
    }
    note_name(search, issued->name);
    bool is_meant =
        search->what != NULL &&
        (strcmp(search->what, issued->name) == 0 ||
         (walk->has_serial && memcmp(walk->serial, issued->serial, sizeof walk->serial) == 0));
    if (!is_meant) {
        return WTL_OK;
    }
    if (issued->expires_s < search->now_s) {
        search->expired++;
        search->last_end_s =
            issued->expires_s > search->last_end_s ? issued->expires_s : search->last_end_s;
        return WTL_OK;
    }
    search->found++;
    return wtl__ca_rows_revoke(search->rows, issued, search->now_s, error);
}

enum wtl_status wtl__ca_rows_search(struct wtl__ca_search *search, const char *log,
                                    struct wtl_error *error)
{
    struct walk walk = {.search = search};
    walk.has_serial =
        search->what != NULL && wtl__issued_serial(search->what, strlen(search->what), walk.serial);
    return wtl__issued_each(log, look_at, &walk, error);
}
