/* power.c - see power.h. */
#include "power.h"

#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/attr.h"

#define SECTOR 512u

/* One write, or a truncation to `offset`, that was not synced. */
struct pending {
    struct pending *next;
    int64_t offset;
    size_t size;
    bool truncates;
    uint8_t bytes[];
};

/* What of a file would be there after a cut. */
struct image {
    struct image *next;
    char path[512];
    uint8_t *bytes;
    size_t size;
    bool was_synced; /* it is in its folder for certain */
    struct pending *first;
    struct pending **last;
};

struct power_file {
    sqlite3_file base;
    struct image *image; /* NULL: nobody asks what becomes of it */
    sqlite3_file *real;  /* behind this */
};

static struct {
    sqlite3_vfs vfs;
    sqlite3_vfs *real;
    struct image *images;
    uint64_t cut_at;
    uint64_t events;
    uint64_t random;
} power;

bool power_is_cut(void)
{
    return power.cut_at != 0 && power.events >= power.cut_at;
}

uint64_t power_events(void)
{
    return power.events;
}

void power_cut_at(uint64_t event, uint64_t seed)
{
    power.cut_at = event;
    power.events = 0;
    power.random = seed * UINT64_C(0x9e3779b97f4a7c15) + 1;
}

/* Counts a write or sync. False: the power is gone. */
static bool goes_on(void)
{
    if (power_is_cut()) {
        return false;
    }
    power.events++;
    return !power_is_cut();
}

static bool survives(void)
{
    power.random ^= power.random << 13;
    power.random ^= power.random >> 7;
    power.random ^= power.random << 17;
    return (power.random >> 33 & 1) != 0;
}

/* ---- images -------------------------------------------------------------------------------- */

static void resize(struct image *image, size_t size)
{
    uint8_t *bytes = realloc(image->bytes, size + 1);
    WTL_ASSERT(bytes != NULL);
    if (size > image->size) {
        memset(bytes + image->size, 0, size - image->size);
    }
    image->bytes = bytes;
    image->size = size;
}

static void put(struct image *image, int64_t offset, const uint8_t *bytes, size_t size)
{
    if ((size_t)offset + size > image->size) {
        resize(image, (size_t)offset + size);
    }
    memcpy(image->bytes + offset, bytes, size);
}

static void read_file(struct image *image)
{
    FILE *file = fopen(image->path, "re");
    image->was_synced = file != NULL;
    if (file == NULL) {
        return;
    }
    (void)fseek(file, 0, SEEK_END);
    resize(image, (size_t)ftell(file));
    rewind(file);
    WTL_ASSERT(fread(image->bytes, 1, image->size, file) == image->size);
    (void)fclose(file);
}

static struct image *find(const char *path)
{
    struct image *image = power.images;
    while (image != NULL && strcmp(image->path, path) != 0) {
        image = image->next;
    }
    return image;
}

static struct image *have(const char *path)
{
    struct image *image = find(path);
    if (image == NULL) {
        image = calloc(1, sizeof *image);
        WTL_ASSERT(image != NULL && strlen(path) < sizeof image->path);
        (void)snprintf(image->path, sizeof image->path, "%s", path);
        image->last = &image->first;
        image->next = power.images;
        power.images = image;
        read_file(image);
    }
    return image;
}

static void add(struct image *image, int64_t offset, const void *bytes, size_t size, bool truncates)
{
    struct pending *pending = calloc(1, sizeof *pending + size);
    WTL_ASSERT(pending != NULL);
    *pending = (struct pending){.offset = offset, .size = size, .truncates = truncates};
    if (size > 0) {
        memcpy(pending->bytes, bytes, size);
    }
    *image->last = pending;
    image->last = &pending->next;
}

/* Carries out what waits, all of it or what survives. */
static void settle(struct image *image, bool all)
{
    struct pending *next;
    for (struct pending *pending = image->first; pending != NULL; pending = next) {
        next = pending->next;
        if (pending->truncates && (all || survives())) {
            resize(image, (size_t)pending->offset);
        }
        for (size_t at = 0; at < pending->size;) {
            size_t part = SECTOR - ((size_t)pending->offset + at) % SECTOR;
            part = part < pending->size - at ? part : pending->size - at;
            if (all || survives()) {
                put(image, pending->offset + (int64_t)at, pending->bytes + at, part);
            }
            at += part;
        }
        free(pending);
    }
    image->first = NULL;
    image->last = &image->first;
}

static void forget(struct image *image)
{
    struct image **link = &power.images;
    while (*link != image) {
        link = &(*link)->next;
    }
    *link = image->next;
    settle(image, true);
    free(image->bytes);
    free(image);
}

void power_back(void)
{
    while (power.images != NULL) {
        struct image *image = power.images;
        char shared[sizeof image->path + 8];
        settle(image, false);
        (void)snprintf(shared, sizeof shared, "%s-shm", image->path);
        (void)unlink(shared); /* of no use beyond the end of its processes */
        if (!image->was_synced && survives()) {
            (void)unlink(image->path);
        } else {
            FILE *file = fopen(image->path, "we");
            WTL_ASSERT(file != NULL);
            WTL_ASSERT(fwrite(image->bytes, 1, image->size, file) == image->size);
            (void)fclose(file);
        }
        forget(image);
    }
    power.cut_at = 0;
}

/* ---- files --------------------------------------------------------------------------------- */

static struct power_file *file_of(sqlite3_file *base)
{
    return (struct power_file *)base;
}

static sqlite3_file *real_of(sqlite3_file *base)
{
    return file_of(base)->real;
}

static int file_close(sqlite3_file *base)
{
    return real_of(base)->pMethods->xClose(real_of(base));
}

static int file_read(sqlite3_file *base, void *bytes, int size, sqlite3_int64 offset)
{
    return power_is_cut() ? SQLITE_IOERR_READ
                          : real_of(base)->pMethods->xRead(real_of(base), bytes, size, offset);
}

static int file_write(sqlite3_file *base, const void *bytes, int size, sqlite3_int64 offset)
{
    struct image *image = file_of(base)->image;
    if (image != NULL) {
        bool was_on = !power_is_cut();
        bool goes = goes_on();
        if (was_on) {
            add(image, offset, bytes, (size_t)size, false);
        }
        if (!goes) {
            return SQLITE_IOERR_WRITE;
        }
    }
    return real_of(base)->pMethods->xWrite(real_of(base), bytes, size, offset);
}

static int file_truncate(sqlite3_file *base, sqlite3_int64 size)
{
    struct image *image = file_of(base)->image;
    if (image != NULL) {
        if (!goes_on()) {
            return SQLITE_IOERR_TRUNCATE;
        }
        add(image, size, NULL, 0, true);
    }
    return real_of(base)->pMethods->xTruncate(real_of(base), size);
}

/* Nothing is synced but what is remembered: it is the same to who reads, and much faster. */
static int file_sync(sqlite3_file *base, int flags)
{
    struct image *image = file_of(base)->image;
    (void)flags;
    if (image != NULL) {
        if (!goes_on()) {
            return SQLITE_IOERR_FSYNC;
        }
        settle(image, true);
        image->was_synced = true;
    }
    return SQLITE_OK;
}

static int file_size(sqlite3_file *base, sqlite3_int64 *size)
{
    return real_of(base)->pMethods->xFileSize(real_of(base), size);
}

static int file_lock(sqlite3_file *base, int lock)
{
    return real_of(base)->pMethods->xLock(real_of(base), lock);
}

static int file_unlock(sqlite3_file *base, int lock)
{
    return real_of(base)->pMethods->xUnlock(real_of(base), lock);
}

static int file_reserved(sqlite3_file *base, int *is_out)
{
    return real_of(base)->pMethods->xCheckReservedLock(real_of(base), is_out);
}

static int file_control(sqlite3_file *base, int verb, void *argument)
{
    return real_of(base)->pMethods->xFileControl(real_of(base), verb, argument);
}

static int file_sector(sqlite3_file *base)
{
    return real_of(base)->pMethods->xSectorSize(real_of(base));
}

static int file_traits(sqlite3_file *base)
{
    return real_of(base)->pMethods->xDeviceCharacteristics(real_of(base));
}

static int file_shm_map(sqlite3_file *base, int page, int size, int extend, void volatile **out)
{
    return real_of(base)->pMethods->xShmMap(real_of(base), page, size, extend, out);
}

static int file_shm_lock(sqlite3_file *base, int offset, int count, int flags)
{
    return real_of(base)->pMethods->xShmLock(real_of(base), offset, count, flags);
}

static void file_shm_barrier(sqlite3_file *base)
{
    real_of(base)->pMethods->xShmBarrier(real_of(base));
}

static int file_shm_unmap(sqlite3_file *base, int deletes)
{
    return real_of(base)->pMethods->xShmUnmap(real_of(base), deletes);
}

static const sqlite3_io_methods methods = {
    .iVersion = 2, /* no mapping of the file itself */
    .xClose = file_close,
    .xRead = file_read,
    .xWrite = file_write,
    .xTruncate = file_truncate,
    .xSync = file_sync,
    .xFileSize = file_size,
    .xLock = file_lock,
    .xUnlock = file_unlock,
    .xCheckReservedLock = file_reserved,
    .xFileControl = file_control,
    .xSectorSize = file_sector,
    .xDeviceCharacteristics = file_traits,
    .xShmMap = file_shm_map,
    .xShmLock = file_shm_lock,
    .xShmBarrier = file_shm_barrier,
    .xShmUnmap = file_shm_unmap,
};

/* ---- the file system ----------------------------------------------------------------------- */

static int vfs_open(sqlite3_vfs *vfs, sqlite3_filename name, sqlite3_file *base, int flags,
                    int *flags_out)
{
    struct power_file *file = file_of(base);
    int kept = SQLITE_OPEN_MAIN_DB | SQLITE_OPEN_MAIN_JOURNAL | SQLITE_OPEN_WAL;
    (void)vfs;
    *file = (struct power_file){.real = (sqlite3_file *)(void *)(file + 1)};
    if (power_is_cut()) {
        return SQLITE_IOERR;
    }
    if (name != NULL && (flags & kept) != 0) {
        file->image = have(name);
    }
    int code = power.real->xOpen(power.real, name, file->real, flags, flags_out);
    file->base.pMethods = file->real->pMethods != NULL ? &methods : NULL;
    return code;
}

static int vfs_delete(sqlite3_vfs *vfs, const char *name, int sync)
{
    struct image *image = find(name);
    (void)vfs;
    if (power_is_cut()) {
        return SQLITE_IOERR_DELETE;
    }
    if (image != NULL) {
        forget(image);
    }
    return power.real->xDelete(power.real, name, sync);
}

static int vfs_access(sqlite3_vfs *vfs, const char *name, int flags, int *is_out)
{
    (void)vfs;
    return power.real->xAccess(power.real, name, flags, is_out);
}

static int vfs_full(sqlite3_vfs *vfs, const char *name, int size, char *out)
{
    (void)vfs;
    return power.real->xFullPathname(power.real, name, size, out);
}

void power_install(void)
{
    if (power.real == NULL) {
        power.real = sqlite3_vfs_find(NULL);
        power.vfs = *power.real; /* time, randomness and the rest are the system's */
        power.vfs.pNext = NULL;
        power.vfs.zName = "power";
        power.vfs.szOsFile = (int)sizeof(struct power_file) + power.real->szOsFile;
        power.vfs.xOpen = vfs_open;
        power.vfs.xDelete = vfs_delete;
        power.vfs.xAccess = vfs_access;
        power.vfs.xFullPathname = vfs_full;
        WTL_ASSERT(sqlite3_vfs_register(&power.vfs, 1) == SQLITE_OK);
    }
}
