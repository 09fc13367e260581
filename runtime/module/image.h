/*
 * image.h - the bytes of a module's file, taken once: what was checked is what is loaded.
 *
 * The file is copied into sealed memory, which nobody can write to any more, not even this process.
 * It is loaded through its descriptor, which stays open for as long as the process lives: the
 * loader knows libraries by name, and would give the old code for a number that was used again.
 *
 * Thread: one at a time per image. Owns: the descriptor and the mapping, until wtl__image_close.
 */
#ifndef WTL_MODULE_IMAGE_H
#define WTL_MODULE_IMAGE_H

#include <limits.h>
#include <sys/types.h>

#include <wattle/status.h>
#include <wattle/types.h>

/* The largest file that is taken. */
#define WTL__IMAGE_BYTES_MAX (64u * 1024 * 1024)

struct wtl__image {
    int fd;
    const uint8_t *bytes;
    size_t size;
    uid_t owner; /* of the file */
    mode_t mode;
    char path[PATH_MAX]; /* absolute */
};

/* Reads the file. Fails: WTL_NOT_FOUND, WTL_TOO_LARGE, WTL_INVALID for what is no regular file,
 * WTL_SYSTEM. */
enum wtl_status wtl__image_open(const char *path, struct wtl__image *image_out,
                                struct wtl_error *error) WTL_MUST_USE;

/* May the file be loaded by its path? Only what nobody else could have changed since it was looked
 * at: of this user, or of root, and for nobody else to write. Fails: WTL_DENIED. */
enum wtl_status wtl__image_check_owner(const struct wtl__image *image,
                                       struct wtl_error *error) WTL_MUST_USE;

/* Gives back the mapping, and the descriptor unless the image was loaded. */
void wtl__image_close(struct wtl__image *image, bool loaded);

#endif
