/* folder.c - a folder of a world's own, made when it is asked for first. See world.h. */
#include "testkit/world.h"

#include <errno.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#define OPEN_MAX_FOLDERS 8

const char *wtl__test_path(struct wtl_test *t, const char *name)
{
    static const char pattern[] = "wattle-test-XXXXXX";
    const char *parent = getenv("TMPDIR");
    parent = parent != NULL && parent[0] != '\0' ? parent : "/tmp";
    if (t->folder == NULL) {
        size_t size = strlen(parent) + 1 + sizeof pattern;
        char *folder = wtl__test_alloc(t, size);
        (void)snprintf(folder, size, "%s/%s", parent, pattern);
        if (mkdtemp(folder) == NULL) {
            wtl__test_fail(t, "cannot make a folder in %s: %s", parent, strerror(errno));
            return name;
        }
        t->folder = folder;
    }
    size_t size = strlen(t->folder) + 1 + strlen(name) + 1;
    char *path = wtl__test_alloc(t, size);
    (void)snprintf(path, size, "%s%s%s", t->folder, name[0] != '\0' ? "/" : "", name);
    return path;
}

static int remove_one(const char *path, const struct stat *found, int type, struct FTW *at)
{
    (void)found;
    (void)type;
    (void)at;
    return remove(path);
}

void wtl__test_folder_remove(struct wtl_test *t)
{
    if (t->folder != NULL) {
        (void)nftw(t->folder, remove_one, OPEN_MAX_FOLDERS, FTW_DEPTH | FTW_PHYS);
    }
}
