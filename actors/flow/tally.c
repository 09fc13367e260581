/* tally.c - see tally.h. */
#include "flow/tally.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

static const char magic[8] = {'W', 'T', 'L', 'F', 'L', 'O', 'W', '1'};

struct file {
    char magic[8];
    struct wtl_flow_counts producer;
    struct wtl_flow_counts outbox;
};

_Static_assert(sizeof(struct file) <= WTL_TALLY_SIZE, "it is all there");

static enum wtl_status refuse(struct wtl_error *error, const char *path, int code)
{
    return wtl_fail(error, WTL_SYSTEM, "%s: %s", path, strerror(code));
}

/* A new file is empty, and filled before it has its magic. */
static enum wtl_status check(int file, const char *path, struct wtl_error *error)
{
    struct stat stat;
    char found[sizeof magic];
    if (fstat(file, &stat) != 0) {
        return refuse(error, path, errno);
    }
    if (S_ISREG(stat.st_mode) && stat.st_size == 0) {
        if (ftruncate(file, WTL_TALLY_SIZE) != 0 ||
            pwrite(file, magic, sizeof magic, 0) != (ssize_t)sizeof magic) {
            return refuse(error, path, errno);
        }
        return WTL_OK;
    }
    if (!S_ISREG(stat.st_mode) || stat.st_size != WTL_TALLY_SIZE ||
        pread(file, found, sizeof found, 0) != (ssize_t)sizeof found ||
        memcmp(found, magic, sizeof magic) != 0) {
        return wtl_fail(error, WTL_BAD_PAYLOAD,
                        "%s: expected the counts of a flow's source, found something else; move it "
                        "away",
                        path);
    }
    return WTL_OK;
}

enum wtl_status wtl_tally_open(struct wtl_tally *tally, const char *folder, const char *flow,
                               const char *stage, uint16_t copy, bool outbox,
                               struct wtl_flow_counts **counts_out, struct wtl_error *error)
{
    int length =
        snprintf(tally->path, sizeof tally->path, "%s/flow.%s.%s.%u", folder, flow, stage, copy);
    *counts_out = NULL;
    tally->map = NULL;
    if (length < 0 || (size_t)length >= sizeof tally->path) {
        return wtl_fail(error, WTL_TOO_LARGE, "the path of the state folder is too long");
    }
    int file = open(tally->path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (file < 0) {
        return refuse(error, tally->path, errno);
    }
    enum wtl_status status = check(file, tally->path, error);
    if (status == WTL_OK) {
        void *map = mmap(NULL, WTL_TALLY_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
        status = map == MAP_FAILED ? refuse(error, tally->path, errno) : WTL_OK;
        tally->map = map == MAP_FAILED ? NULL : map;
    }
    (void)close(file);
    if (status != WTL_OK) {
        return status;
    }
    struct file *own = tally->map;
    *counts_out = outbox ? &own->outbox : &own->producer;
    wtl__count_set(*counts_out, WTL_FLOW_STARTS, 0);
    wtl__count_set(*counts_out, WTL_FLOW_WAITING, 0);
    return WTL_OK;
}

void wtl_tally_close(struct wtl_tally *tally)
{
    if (tally->map != NULL) {
        (void)munmap(tally->map, WTL_TALLY_SIZE);
        tally->map = NULL;
    }
}

void wtl_tally_remove(const struct wtl_tally *tally)
{
    if (tally->map != NULL) {
        (void)unlink(tally->path);
    }
}
