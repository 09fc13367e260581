/* control_path.c - see control_path.h. */
#include "node/control_path.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define SYSTEM_FOLDER "/run/wattle"

bool wtl__control_folder(unsigned index, char path_out[WTL__CONTROL_PATH_MAX])
{
    const char *runtime = getenv("XDG_RUNTIME_DIR");
    bool is_root = geteuid() == 0;
    int size = 0;
    if (index > 1 || (index == 1 && is_root)) {
        return false;
    }
    if (index == 1 || is_root) {
        size = snprintf(path_out, WTL__CONTROL_PATH_MAX, "%s", SYSTEM_FOLDER);
    } else if (runtime != NULL && runtime[0] == '/') {
        size = snprintf(path_out, WTL__CONTROL_PATH_MAX, "%s/wattle", runtime);
    } else {
        size = snprintf(path_out, WTL__CONTROL_PATH_MAX, "/tmp/wattle-%u", (unsigned)geteuid());
    }
    return size > 0 && (unsigned)size < WTL__CONTROL_PATH_MAX;
}

enum wtl_status wtl__control_path(const char *node, char path_out[WTL__CONTROL_PATH_MAX],
                                  struct wtl_error *error)
{
    char folder[WTL__CONTROL_PATH_MAX];
    struct stat found;
    if (!wtl__control_folder(0, folder)) {
        return wtl_fail(error, WTL_CONFIG, "$XDG_RUNTIME_DIR is too long; give --control PATH");
    }
    if (mkdir(folder, 0700) != 0 && errno != EEXIST) {
        return wtl_fail(error, WTL_SYSTEM, "cannot make the folder %s for the control socket: %s",
                        folder, strerror(errno));
    }
    /* somebody else may have made it first, to put a socket of theirs in the way */
    if (lstat(folder, &found) != 0 || !S_ISDIR(found.st_mode) || found.st_uid != geteuid() ||
        (found.st_mode & 0022) != 0) {
        return wtl_fail(error, WTL_CONFIG,
                        "%s is not a folder that this user alone may write to; give --control PATH",
                        folder);
    }
    int size = snprintf(path_out, WTL__CONTROL_PATH_MAX, "%s/%s.sock", folder, node);
    if (size < 0 || (unsigned)size >= WTL__CONTROL_PATH_MAX) {
        return wtl_fail(error, WTL_CONFIG,
                        "the control socket %s/%s.sock has a path of more than %u bytes; give "
                        "--control PATH",
                        folder, node, WTL__CONTROL_PATH_MAX - 1);
    }
    return WTL_OK;
}
