/*
 * seen.h - the highest release of each module that this node has run, so that an older one, with
 * a fault that was mended since, does not come back.
 *
 * It is the file `modules` of the state folder: a line with name, number and BLAKE2b for each
 * module, replaced and synced in one step. Whoever may write to the folder may also empty it: it
 * belongs to the node's user alone.
 *
 * Thread: one at a time. Owns: plain values; nothing to free.
 */
#ifndef WTL_NODE_SEEN_H
#define WTL_NODE_SEEN_H

#include <limits.h>

#include "certs/release.h"

/* Modules that are remembered, loaded or not. */
#define WTL__SEEN_MAX 256u
/* A larger file is none of ours, in bytes. */
#define WTL__SEEN_FILE_MAX (64u * 1024)

struct wtl__seen_row {
    char name[WTL_NAME_MAX + 1];
    uint64_t number;
    uint8_t hash[WTL_RELEASE_HASH];
};

struct wtl__seen {
    char path[PATH_MAX];
    uint32_t count;
    struct wtl__seen_row rows[WTL__SEEN_MAX];
};

/* Reads the file of that folder; one that is not there yet is empty.
 * Fails: WTL_CONFIG when it holds something else, WTL_SYSTEM, WTL_NO_MEMORY. */
enum wtl_status wtl__seen_read(struct wtl__seen *seen, const char *folder,
                               struct wtl_error *error) WTL_MUST_USE;

/* Reads its text into the rows. Fails: WTL_CONFIG, naming the line. */
enum wtl_status wtl__seen_parse(struct wtl__seen *seen, const char *text, size_t size,
                                struct wtl_error *error) WTL_MUST_USE;

/* May this release be run, by what was run before? The same number is for the same bytes alone.
 * Errors go on with a verb. Fails: WTL_DENIED. */
enum wtl_status wtl__seen_check(const struct wtl__seen *seen, const struct wtl_release *release,
                                struct wtl_error *error) WTL_MUST_USE;

/* Remembers it, whatever was there. Nothing is written when that is known already.
 * Fails: WTL_FULL, WTL_SYSTEM. */
enum wtl_status wtl__seen_put(struct wtl__seen *seen, const struct wtl_release *release,
                              struct wtl_error *error) WTL_MUST_USE;

#endif
