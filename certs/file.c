/* file.c - see file.h. Thread: any. Owns: nothing between calls; every descriptor is closed. */
#include "certs/file.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "certs/key.h"

static enum wtl_status check_care(const struct stat *info, const char *path,
                                  struct wtl_error *error)
{
    unsigned mode = (unsigned)info->st_mode & 07777;
    if (mode != 0600 && mode != 0400) {
        return wtl_fail(error, WTL_CONFIG,
                        "%s: expected mode 0600, as files with a private key have, came %04o; run: "
                        "chmod 600 %s, if it is such a file",
                        path, mode, path);
    }
    if (info->st_uid != geteuid() && info->st_uid != 0) {
        return wtl_fail(error, WTL_CONFIG,
                        "%s: expected a file of this user (id %u) or of root, came one of user id "
                        "%u; run as that user, or: chown %u %s",
                        path, (unsigned)geteuid(), (unsigned)info->st_uid, (unsigned)geteuid(),
                        path);
    }
    return WTL_OK;
}

/* Whoever may write to it decides whom this user trusts. */
static enum wtl_status check_trusted(const struct stat *info, const char *path,
                                     struct wtl_error *error)
{
    unsigned mode = (unsigned)info->st_mode & 07777;
    if ((mode & 0022) != 0 || (info->st_uid != geteuid() && info->st_uid != 0)) {
        return wtl_fail(error, WTL_CONFIG,
                        "%s: expected a file of this user (id %u) or of root that nobody else may "
                        "write to, came mode %04o of user id %u; run: chmod go-w %s",
                        path, (unsigned)geteuid(), mode, (unsigned)info->st_uid, path);
    }
    return WTL_OK;
}

static enum wtl_status read_all(int fd, size_t size, const char *path, struct wtl_der *bytes_out,
                                struct wtl_error *error)
{
    enum wtl_status status = wtl__der_secret(size, bytes_out);
    if (status != WTL_OK) {
        return wtl_fail(error, status, "%s: %s", path, wtl_status_text(status));
    }
    size_t have = 0;
    while (have < size) {
        ssize_t got = read(fd, bytes_out->bytes + have, size - have);
        if (got < 0 && errno == EINTR) {
            continue;
        }
        if (got <= 0) {
            (void)wtl_fail(error, WTL_SYSTEM, "%s: read: %s", path,
                           got == 0 ? "the file became shorter" : strerror(errno));
            wtl__der_wipe(bytes_out);
            return WTL_SYSTEM;
        }
        have += (size_t)got;
    }
    return WTL_OK;
}

enum wtl_status wtl__file_read(const char *path, enum wtl__file_care care, size_t max,
                               struct wtl_der *bytes_out, unsigned *mode_out,
                               struct wtl_error *error)
{
    struct stat info;
    *bytes_out = (struct wtl_der){0};
    /* without O_NONBLOCK a pipe in the file's place would hold up the start for ever */
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
    if (fd < 0) {
        return wtl_fail(error, WTL_SYSTEM, "%s: open: %s", path, strerror(errno));
    }
    enum wtl_status status = WTL_OK;
    if (fstat(fd, &info) != 0) {
        status = wtl_fail(error, WTL_SYSTEM, "%s: stat: %s", path, strerror(errno));
    } else if (!S_ISREG(info.st_mode)) {
        status =
            wtl_fail(error, WTL_CONFIG, "%s: expected a regular file, came something else", path);
    } else if (care == WTL__FILE_SECRET) {
        status = check_care(&info, path, error);
    } else if (care == WTL__FILE_TRUSTED) {
        status = check_trusted(&info, path, error);
    }
    if (status == WTL_OK && (info.st_size < 1 || (uintmax_t)info.st_size > max)) {
        status = wtl_fail(error, WTL_CONFIG, "%s: expected 1 to %zu bytes, came %jd", path, max,
                          (intmax_t)info.st_size);
    }
    if (status == WTL_OK) {
        status = read_all(fd, (size_t)info.st_size, path, bytes_out, error);
    }
    if (status == WTL_OK && mode_out != NULL) {
        *mode_out = (unsigned)info.st_mode & 07777;
    }
    (void)close(fd);
    return status;
}

/* ---- writing -------------------------------------------------------------------------------- */

static bool write_all(int fd, const void *bytes, size_t size)
{
    const char *at = bytes;
    while (size > 0) {
        ssize_t put = write(fd, at, size);
        if (put < 0 && errno == EINTR) {
            continue;
        }
        if (put <= 0) {
            errno = put == 0 ? EIO : errno;
            return false;
        }
        at += put;
        size -= (size_t)put;
    }
    return true;
}

static bool sync_folder(const char *folder)
{
    int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0) {
        return false;
    }
    bool synced = fsync(fd) == 0;
    int code = errno;
    (void)close(fd);
    errno = code;
    return synced;
}

/* A new name is on disk only when its folder is. */
static bool sync_folder_of(const char *path)
{
    char folder[PATH_MAX];
    const char *slash = strrchr(path, '/');
    if (slash == NULL) {
        return sync_folder(".");
    }
    int size = slash == path ? 1 : (int)(slash - path);
    (void)snprintf(folder, sizeof folder, "%.*s", size, path);
    return sync_folder(folder);
}

/* Writes, syncs and closes `fd`. */
static bool finish(int fd, unsigned mode, const void *bytes, size_t size)
{
    bool done = fchmod(fd, mode) == 0 && write_all(fd, bytes, size) && fsync(fd) == 0;
    int code = errno;
    if (close(fd) != 0 && done) {
        return false;
    }
    errno = code;
    return done;
}

enum wtl_status wtl__file_create_as(const char *path, unsigned mode, const void *bytes, size_t size,
                                    struct wtl_error *error)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0 && errno == EEXIST) {
        return wtl_fail(error, WTL_EXISTS,
                        "%s: there is a file of that name, and it is not overwritten; move it away "
                        "or choose another name",
                        path);
    }
    if (fd < 0) {
        return wtl_fail(error, WTL_SYSTEM, "%s: create: %s", path, strerror(errno));
    }
    if (!finish(fd, mode, bytes, size) || !sync_folder_of(path)) {
        (void)wtl_fail(error, WTL_SYSTEM, "%s: write: %s", path, strerror(errno));
        (void)unlink(path);
        return WTL_SYSTEM;
    }
    return WTL_OK;
}

enum wtl_status wtl__file_create(const char *path, const void *bytes, size_t size,
                                 struct wtl_error *error)
{
    return wtl__file_create_as(path, 0600, bytes, size, error);
}

enum wtl_status wtl__file_replace_as(const char *path, unsigned mode, const void *bytes,
                                     size_t size, struct wtl_error *error)
{
    char fresh[PATH_MAX];
    int length = snprintf(fresh, sizeof fresh, "%s.new", path);
    if (length < 0 || (size_t)length >= sizeof fresh) {
        return wtl_fail(error, WTL_SYSTEM, "%s: %s", path, strerror(ENAMETOOLONG));
    }
    if (unlink(fresh) != 0 && errno != ENOENT) {
        return wtl_fail(error, WTL_SYSTEM, "%s: unlink: %s", fresh, strerror(errno));
    }
    enum wtl_status status = wtl__file_create_as(fresh, mode, bytes, size, error);
    if (status != WTL_OK) {
        return status;
    }
    if (rename(fresh, path) != 0 || !sync_folder_of(path)) {
        (void)wtl_fail(error, WTL_SYSTEM, "%s: rename: %s", path, strerror(errno));
        (void)unlink(fresh);
        return WTL_SYSTEM;
    }
    return WTL_OK;
}

enum wtl_status wtl__file_replace(const char *path, const void *bytes, size_t size,
                                  struct wtl_error *error)
{
    return wtl__file_replace_as(path, 0600, bytes, size, error);
}

enum wtl_status wtl__folder_create(const char *path, bool *made_out, struct wtl_error *error)
{
    char parent[PATH_MAX];
    int length = snprintf(parent, sizeof parent, "%s/..", path);
    *made_out = false;
    if (length < 0 || (size_t)length >= sizeof parent) {
        return wtl_fail(error, WTL_SYSTEM, "%s: %s", path, strerror(ENAMETOOLONG));
    }
    if (mkdir(path, 0700) != 0) {
        return errno == EEXIST
                   ? WTL_OK
                   : wtl_fail(error, WTL_SYSTEM, "%s: mkdir: %s", path, strerror(errno));
    }
    *made_out = true;
    if (!sync_folder(parent)) {
        return wtl_fail(error, WTL_SYSTEM, "%s: sync: %s", path, strerror(errno));
    }
    return WTL_OK;
}

enum wtl_status wtl__file_append(const char *path, const void *bytes, size_t size,
                                 struct wtl_error *error)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0) {
        return wtl_fail(error, WTL_SYSTEM, "%s: open: %s", path, strerror(errno));
    }
    if (!finish(fd, 0600, bytes, size)) {
        return wtl_fail(error, WTL_SYSTEM, "%s: append: %s", path, strerror(errno));
    }
    return WTL_OK;
}
