/* image.c - a sealed copy of a file. See image.h. */
#include "module/image.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define COPY_BYTES 16384u

static enum wtl_status check_file(int file, struct wtl__image *image, struct wtl_error *error)
{
    struct stat found;
    if (fstat(file, &found) != 0) {
        return wtl_fail(error, WTL_SYSTEM, "cannot be examined: %s", strerror(errno));
    }
    if (!S_ISREG(found.st_mode)) {
        return wtl_fail(error, WTL_INVALID, "is no regular file; give the path of a .so file");
    }
    if (found.st_size > (off_t)WTL__IMAGE_BYTES_MAX) {
        return wtl_fail(error, WTL_TOO_LARGE, "has %lld bytes, expected %u at most",
                        (long long)found.st_size, WTL__IMAGE_BYTES_MAX);
    }
    image->owner = found.st_uid;
    image->mode = found.st_mode;
    return WTL_OK;
}

/* Copies until the file ends, which may have grown since it was examined. */
static enum wtl_status copy(int from, struct wtl__image *image, struct wtl_error *error)
{
    char buffer[COPY_BYTES];
    for (;;) {
        ssize_t got = read(from, buffer, sizeof buffer);
        if (got < 0 && errno == EINTR) {
            continue;
        }
        if (got < 0) {
            return wtl_fail(error, WTL_SYSTEM, "cannot be read: %s", strerror(errno));
        }
        if (got == 0) {
            return WTL_OK;
        }
        for (ssize_t at = 0; at < got;) {
            ssize_t put = write(image->fd, buffer + at, (size_t)(got - at));
            if (put < 0 && errno != EINTR) {
                return wtl_fail(error, WTL_SYSTEM, "cannot be copied into memory: %s",
                                strerror(errno));
            }
            at += put > 0 ? put : 0;
        }
        image->size += (size_t)got;
        if (image->size > WTL__IMAGE_BYTES_MAX) {
            return wtl_fail(error, WTL_TOO_LARGE, "has more than %u bytes", WTL__IMAGE_BYTES_MAX);
        }
    }
}

static enum wtl_status seal(struct wtl__image *image, struct wtl_error *error)
{
    if (fcntl(image->fd, F_ADD_SEALS, F_SEAL_WRITE | F_SEAL_GROW | F_SEAL_SHRINK | F_SEAL_SEAL) !=
        0) {
        return wtl_fail(error, WTL_SYSTEM, "cannot be sealed in memory: %s", strerror(errno));
    }
    if (image->size == 0) {
        return wtl_fail(error, WTL_INVALID, "is empty; copy it again");
    }
    void *bytes = mmap(NULL, image->size, PROT_READ, MAP_SHARED, image->fd, 0);
    if (bytes == MAP_FAILED) {
        return wtl_fail(error, WTL_NO_MEMORY, "cannot be mapped: %s", strerror(errno));
    }
    image->bytes = bytes;
    return WTL_OK;
}

enum wtl_status wtl__image_open(const char *path, struct wtl__image *image_out,
                                struct wtl_error *error)
{
    char absolute[PATH_MAX];
    *image_out = (struct wtl__image){.fd = -1};
    /* not blocking, because the path may name a pipe that nobody writes to */
    int file = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
    if (file < 0 || realpath(path, absolute) == NULL) {
        int failed = errno;
        if (file >= 0) {
            (void)close(file);
        }
        return wtl_fail(error, failed == ENOENT ? WTL_NOT_FOUND : WTL_SYSTEM,
                        "cannot be opened: %s", strerror(failed));
    }
    (void)snprintf(image_out->path, sizeof image_out->path, "%s", absolute);
    enum wtl_status status = check_file(file, image_out, error);
    if (status == WTL_OK) {
        image_out->fd = memfd_create("wattle-module", MFD_CLOEXEC | MFD_ALLOW_SEALING);
        if (image_out->fd < 0) {
            status = wtl_fail(error, WTL_SYSTEM, "cannot be copied into memory: memfd_create: %s",
                              strerror(errno));
        }
    }
    if (status == WTL_OK) {
        status = copy(file, image_out, error);
    }
    if (status == WTL_OK) {
        status = seal(image_out, error);
    }
    (void)close(file);
    if (status != WTL_OK) {
        wtl__image_close(image_out, false);
    }
    return status;
}

enum wtl_status wtl__image_check_owner(const struct wtl__image *image, struct wtl_error *error)
{
    if ((image->owner != geteuid() && image->owner != 0) ||
        (image->mode & (S_IWGRP | S_IWOTH)) != 0) {
        return wtl_fail(error, WTL_DENIED,
                        "belongs to user %u with mode %04o: expected this user (%u) and no right "
                        "to write for others; chown and chmod it, or load it without --dev",
                        (unsigned)image->owner, (unsigned)(image->mode & 07777),
                        (unsigned)geteuid());
    }
    return WTL_OK;
}

void wtl__image_close(struct wtl__image *image, bool loaded)
{
    if (image->bytes != NULL) {
        (void)munmap((void *)(uintptr_t)image->bytes, image->size);
        image->bytes = NULL;
    }
    if (image->fd >= 0 && !loaded) {
        (void)close(image->fd);
    }
    image->fd = -1;
}
