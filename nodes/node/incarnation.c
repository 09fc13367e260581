/* incarnation.c - see incarnation.h. */
#include "node/incarnation.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/random.h>
#include <unistd.h>

#include "base/log.h"
#include "certs/file.h"

static uint32_t random_number(void)
{
    uint32_t number = 0;
    while (number == 0) {
        if (getrandom(&number, sizeof number, 0) != (ssize_t)sizeof number) {
            number = (uint32_t)wtl__clock_wall_ns(wtl__clock_system());
        }
        number &= WTL__INCARNATION_MAX;
    }
    return number;
}

static void give_up(struct wtl__incarnation *incarnation, const char *path, const char *why)
{
    incarnation->number = random_number();
    incarnation->is_random = true;
    wtl__log(wtl__log_process(), WTL__LOG_WARN, "incarnation_random", WTL__LOG_TEXT("path", path),
             WTL__LOG_TEXT("reason", why));
}

/* Locks `path`.lock, for as long as the process or this node runs. */
static enum wtl_status lock_folder(struct wtl__incarnation *incarnation, const char *folder,
                                   struct wtl_error *error)
{
    char path[PATH_MAX];
    (void)snprintf(path, sizeof path, "%s/lock", folder);
    incarnation->lock = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (incarnation->lock < 0) {
        return WTL_SYSTEM;
    }
    if (flock(incarnation->lock, LOCK_EX | LOCK_NB) == 0) {
        return WTL_OK;
    }
    int code = errno;
    (void)close(incarnation->lock);
    incarnation->lock = -1;
    errno = code;
    if (code != EWOULDBLOCK) {
        return WTL_SYSTEM;
    }
    return wtl_fail(error, WTL_EXISTS,
                    "another node runs with the state folder %s: stop it, or give this one a "
                    "folder of its own with --state FOLDER",
                    folder);
}

/* Up to `size` bytes, less only at the end of the file; -1 when it cannot be read. */
static ssize_t read_some(int fd, char *bytes, size_t size)
{
    size_t got = 0;
    while (got < size) {
        ssize_t now = read(fd, bytes + got, size - got);
        if (now == 0) {
            break;
        }
        if (now < 0 && errno != EINTR) {
            return -1;
        }
        got += now > 0 ? (size_t)now : 0;
    }
    return (ssize_t)got;
}

/* Reads the last number; 0 when there is no file yet. */
static enum wtl_status read_last(const char *path, uint32_t *last_out, struct wtl_error *error)
{
    char text[32] = "";
    *last_out = 0;
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    if (fd < 0) {
        return errno == ENOENT ? WTL_OK : wtl_fail(error, WTL_SYSTEM, "%s", strerror(errno));
    }
    ssize_t got = read_some(fd, text, sizeof text - 1);
    int code = errno;
    (void)close(fd);
    if (got < 0) {
        return wtl_fail(error, WTL_SYSTEM, "%s", strerror(code));
    }
    char *end = text;
    unsigned long last = isdigit((unsigned char)text[0]) ? strtoul(text, &end, 10) : 0;
    if (end == text || strcmp(end, "\n") != 0 || last > WTL__INCARNATION_MAX) {
        return wtl_fail(error, WTL_CONFIG,
                        "%s: expected a number from 0 to %u in one line, got \"%.20s\"; if the "
                        "node has a good reason to begin anew, delete the file",
                        path, WTL__INCARNATION_MAX, text);
    }
    *last_out = (uint32_t)last;
    return WTL_OK;
}

enum wtl_status wtl__incarnation_init(struct wtl__incarnation *incarnation, const char *folder,
                                      struct wtl_error *error)
{
    char path[PATH_MAX];
    char text[32];
    uint32_t last = 0;
    bool made;
    struct wtl_error trouble = {0};
    *incarnation = (struct wtl__incarnation){.lock = -1};
    if (folder == NULL) {
        incarnation->number = random_number();
        incarnation->is_random = true;
        return WTL_OK;
    }
    (void)snprintf(path, sizeof path, "%s/incarnation", folder);
    enum wtl_status status = wtl__folder_create(folder, &made, &trouble);
    if (status == WTL_OK) {
        status = lock_folder(incarnation, folder, &trouble);
    }
    if (status == WTL_OK) {
        status = read_last(path, &last, &trouble);
    }
    if (status == WTL_EXISTS || status == WTL_CONFIG) {
        wtl__incarnation_deinit(incarnation);
        return wtl_fail(error, status, "%s", trouble.text);
    }
    if (status == WTL_OK) {
        incarnation->number = last % WTL__INCARNATION_MAX + 1;
        int size = snprintf(text, sizeof text, "%u\n", incarnation->number);
        status = wtl__file_replace(path, text, (size_t)size, &trouble);
    }
    if (status != WTL_OK) {
        give_up(incarnation, path, trouble.text[0] != '\0' ? trouble.text : strerror(errno));
    }
    return WTL_OK;
}

void wtl__incarnation_deinit(struct wtl__incarnation *incarnation)
{
    if (incarnation->lock >= 0) {
        (void)close(incarnation->lock);
        incarnation->lock = -1;
    }
}
