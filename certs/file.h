/*
 * file.h - reading and writing the files of an identity: private, bounded, synced.
 *
 * Thread: any. Owns: the caller owns what was read, in guarded memory (wtl__der_wipe).
 */
#ifndef WTL_CERTS_FILE_H
#define WTL_CERTS_FILE_H

#include "certs/bundle.h"

/* How much a reader cares who else may read or write the file. */
enum wtl__file_care {
    WTL__FILE_SECRET,  /* mode 0600 or 0400, owned by this user or by root */
    WTL__FILE_TRUSTED, /* nobody but this user and root may write to it */
    WTL__FILE_ANY,
};

/* Reads a regular file of 1 to `max` bytes; `mode_out` (may be NULL) gets its permission bits.
 * Fails: WTL_CONFIG for mode, owner, kind and size, WTL_SYSTEM, WTL_NO_MEMORY; the text says what
 * to do. */
enum wtl_status wtl__file_read(const char *path, enum wtl__file_care care, size_t max,
                               struct wtl_der *bytes_out, unsigned *mode_out,
                               struct wtl_error *error) WTL_MUST_USE;

/* Writes a new file of mode 0600, synced with its folder. A failure leaves no file.
 * Fails: WTL_EXISTS, WTL_SYSTEM. */
enum wtl_status wtl__file_create(const char *path, const void *bytes, size_t size,
                                 struct wtl_error *error) WTL_MUST_USE;

/* Replaces a file in one step: the old one or the new one is there at any time. What `path`.new
 * holds is lost. Fails: WTL_SYSTEM. */
enum wtl_status wtl__file_replace(const char *path, const void *bytes, size_t size,
                                  struct wtl_error *error) WTL_MUST_USE;

/* Both with another mode. */
enum wtl_status wtl__file_create_as(const char *path, unsigned mode, const void *bytes, size_t size,
                                    struct wtl_error *error) WTL_MUST_USE;
enum wtl_status wtl__file_replace_as(const char *path, unsigned mode, const void *bytes,
                                     size_t size, struct wtl_error *error) WTL_MUST_USE;

/* Makes a folder of mode 0700, synced with the one it is in. `*made_out` is false when there was
 * something of that name already, which is no failure. Fails: WTL_SYSTEM. */
enum wtl_status wtl__folder_create(const char *path, bool *made_out,
                                   struct wtl_error *error) WTL_MUST_USE;

/* Appends to a file of mode 0600 and syncs it. Fails: WTL_SYSTEM. */
enum wtl_status wtl__file_append(const char *path, const void *bytes, size_t size,
                                 struct wtl_error *error) WTL_MUST_USE;

#endif
