/* seen.c - see seen.h. */
#include "node/seen.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "certs/file.h"
#include "certs/key.h"
#include "certs/pem.h"

#define HEAD "wattle-modules 1"
/* The longest line: a name, a number of 20 digits, a hash. */
#define LINE_BYTES (WTL_NAME_MAX + 1 + 20 + 1 + WTL__RELEASE_HASH_TEXT)

_Static_assert((WTL__SEEN_MAX + 1) * LINE_BYTES <= WTL__SEEN_FILE_MAX, "all rows fit the file");

/* The index of that module's row; `count` when there is none. */
static uint32_t find(const struct wtl__seen *seen, const char *name)
{
    uint32_t i = 0;
    while (i < seen->count && strcmp(seen->rows[i].name, name) != 0) {
        i++;
    }
    return i;
}

static void put_row(struct wtl__text *text, const struct wtl__seen_row *row)
{
    char hash[WTL__RELEASE_HASH_TEXT];
    (void)wtl__release_hash_text(row->hash, hash);
    wtl__text_put(text, "%s %" PRIu64 " %s\n", row->name, row->number, hash);
}

/* "name number hash", and nothing that would be written in another way. */
static bool read_row(const char *line, size_t size, struct wtl__seen_row *row_out)
{
    char copy[LINE_BYTES + 1];
    char again[LINE_BYTES + 2];
    char hash[WTL__RELEASE_HASH_TEXT];
    if (size > LINE_BYTES) {
        return false;
    }
    memcpy(copy, line, size);
    copy[size] = '\0';
    struct wtl__text same = {.bytes = again, .capacity = sizeof again};
    if (sscanf(copy, "%63s %20" SCNu64 " %64s", row_out->name, &row_out->number, hash) != 3 ||
        !wtl__release_hash_read(hash, row_out->hash)) {
        return false;
    }
    put_row(&same, row_out);
    return !same.overflow && same.size == size + 1 && memcmp(again, line, size) == 0;
}

enum wtl_status wtl__seen_parse(struct wtl__seen *seen, const char *text, size_t size,
                                struct wtl_error *error)
{
    struct wtl__lines lines = {.at = text, .left = size};
    const char *line = NULL;
    size_t line_size = 0;
    seen->count = 0;
    if (!wtl__line_next(&lines, &line, &line_size) || line_size != sizeof HEAD - 1 ||
        memcmp(line, HEAD, line_size) != 0) {
        return wtl_fail(error, WTL_CONFIG, "line 1: expected \"" HEAD "\"");
    }
    while (wtl__line_next(&lines, &line, &line_size)) {
        struct wtl__seen_row row;
        if (!read_row(line, line_size, &row) || find(seen, row.name) < seen->count ||
            seen->count == WTL__SEEN_MAX) {
            return wtl_fail(error, WTL_CONFIG,
                            "line %u: expected \"NAME NUMBER BLAKE2B\", each name once and %u at "
                            "most",
                            lines.number, WTL__SEEN_MAX);
        }
        seen->rows[seen->count++] = row;
    }
    return WTL_OK;
}

enum wtl_status wtl__seen_read(struct wtl__seen *seen, const char *folder, struct wtl_error *error)
{
    struct wtl_der text;
    seen->count = 0;
    if ((size_t)snprintf(seen->path, sizeof seen->path, "%s/modules", folder) >=
        sizeof seen->path) {
        return wtl_fail(error, WTL_CONFIG, "%.80s...: the path is too long", folder);
    }
    if (access(seen->path, F_OK) != 0 && errno == ENOENT) {
        return WTL_OK;
    }
    enum wtl_status status =
        wtl__file_read(seen->path, WTL__FILE_TRUSTED, WTL__SEEN_FILE_MAX, &text, NULL, error);
    if (status != WTL_OK) {
        return status;
    }
    status = wtl__seen_parse(seen, (const char *)text.bytes, text.size, error);
    wtl__der_wipe(&text);
    if (status == WTL_OK) {
        return WTL_OK;
    }
    (void)wtl_while(error, status, "%s", seen->path);
    return wtl_while(error, status,
                     "which modules this node has run cannot be read; if it has a good reason to "
                     "begin anew, delete the file");
}

enum wtl_status wtl__seen_check(const struct wtl__seen *seen, const struct wtl_release *release,
                                struct wtl_error *error)
{
    uint32_t index = find(seen, release->name);
    const struct wtl__seen_row *row = &seen->rows[index];
    if (index == seen->count || release->number > row->number) {
        return WTL_OK;
    }
    if (release->number < row->number) {
        return wtl_fail(error, WTL_DENIED,
                        "is %s %s, release %" PRIu64 ", and this node has run release %" PRIu64
                        ": expected that one or a newer one; sign it again if it is to be run, or "
                        "start the node once with --allow-rollback %s",
                        release->name, release->version, release->number, row->number,
                        release->name);
    }
    if (memcmp(release->hash, row->hash, sizeof row->hash) != 0) {
        return wtl_fail(error, WTL_DENIED,
                        "is %s %s, release %" PRIu64 ", as one with other bytes that this node has "
                        "run; sign it with a higher --number, or start the node once with "
                        "--allow-rollback %s",
                        release->name, release->version, release->number, release->name);
    }
    return WTL_OK;
}

static enum wtl_status save(const struct wtl__seen *seen, struct wtl_error *error)
{
    struct wtl__text text = {.bytes = malloc(WTL__SEEN_FILE_MAX), .capacity = WTL__SEEN_FILE_MAX};
    if (text.bytes == NULL) {
        return wtl_fail(error, WTL_NO_MEMORY, "no memory to write %s", seen->path);
    }
    wtl__text_put(&text, HEAD "\n");
    for (uint32_t i = 0; i < seen->count; i++) {
        put_row(&text, &seen->rows[i]);
    }
    enum wtl_status status = wtl__file_replace(seen->path, text.bytes, text.size, error);
    free(text.bytes);
    return status;
}

enum wtl_status wtl__seen_put(struct wtl__seen *seen, const struct wtl_release *release,
                              struct wtl_error *error)
{
    uint32_t index = find(seen, release->name);
    struct wtl__seen_row *row = &seen->rows[index];
    if (index == WTL__SEEN_MAX) {
        return wtl_fail(error, WTL_FULL,
                        "%s has %u modules, which is all that are remembered; delete the lines of "
                        "those that are not used any more",
                        seen->path, WTL__SEEN_MAX);
    }
    if (index < seen->count && row->number == release->number &&
        memcmp(row->hash, release->hash, sizeof row->hash) == 0) {
        return WTL_OK;
    }
    if (index == seen->count) {
        (void)snprintf(row->name, sizeof row->name, "%s", release->name);
        seen->count++;
    }
    row->number = release->number;
    memcpy(row->hash, release->hash, sizeof row->hash);
    return save(seen, error);
}
