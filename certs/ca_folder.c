/* ca_folder.c - see ca_folder.h. Thread: any. Owns: nothing between calls. */
#include "certs/ca_folder.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/attr.h"
#include "certs/chain.h"
#include "certs/file.h"
#include "certs/key.h"
#include "certs/pem.h"

#define PEM_FILE_MAX 16384u

static const char *const file_names[WTL__CA_FILES] = {"root.key",    "root.pem",   "issuing.key",
                                                      "issuing.pem", "issued.log", "revoked.crl"};

enum wtl_status wtl__ca_folder_init(struct wtl__ca_folder *folder, const char *path,
                                    struct wtl_error *error)
{
    folder->path = path;
    for (size_t i = 0; i < WTL__CA_FILES; i++) {
        int size = snprintf(folder->of[i], PATH_MAX, "%s/%s", path, file_names[i]);
        if (size < 0 || size >= PATH_MAX) {
            return wtl_fail(error, WTL_INVALID, "folder: expected a path of %d bytes at most",
                            PATH_MAX - 16);
        }
    }
    return WTL_OK;
}

bool wtl__ca_is_there(const char *path)
{
    struct stat info;
    return lstat(path, &info) == 0;
}

enum wtl_status wtl__ca_folder_check(const struct wtl__ca_folder *folder, struct wtl_error *error)
{
    struct stat info;
    const char *path = folder->path;
    if (stat(path, &info) != 0) {
        enum wtl_status status = errno == ENOENT ? WTL_NOT_FOUND : WTL_SYSTEM;
        return wtl_fail(error, status, "%s: %s; make a CA first", path, strerror(errno));
    }
    unsigned mode = (unsigned)info.st_mode & 07777;
    if (!S_ISDIR(info.st_mode) || (mode & 0077) != 0) {
        return wtl_fail(
            error, WTL_CONFIG,
            "%s: expected a folder of mode 0700, because it holds the keys of the mesh, "
            "came mode %04o; run: chmod 700 %s",
            path, mode, path);
    }
    return WTL_OK;
}

enum wtl_status wtl__ca_folder_lock(const struct wtl__ca_folder *folder, int *fd_out,
                                    struct wtl_error *error)
{
    int locked = -1;
    *fd_out = open(folder->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    while (*fd_out >= 0 && (locked = flock(*fd_out, LOCK_EX)) != 0 && errno == EINTR) {
    }
    if (locked == 0) {
        return WTL_OK;
    }
    (void)wtl_fail(error, WTL_SYSTEM, "%s: lock: %s", folder->path, strerror(errno));
    if (*fd_out >= 0) {
        (void)close(*fd_out);
        *fd_out = -1;
    }
    return WTL_SYSTEM;
}

/* ---- files ---------------------------------------------------------------------------------- */

static enum wtl_status pem_text(const char *label, const struct wtl_der *der,
                                struct wtl_der *text_out, struct wtl_error *error)
{
    enum wtl_status status = wtl__der_secret(PEM_FILE_MAX, text_out);
    if (status != WTL_OK) {
        return wtl_fail(error, status, "%s: %s", label, wtl_status_text(status));
    }
    struct wtl__text text = {.bytes = (char *)text_out->bytes, .capacity = text_out->size};
    wtl__pem_put(&text, label, der);
    WTL_ASSERT(!text.overflow);
    text_out->size = text.size;
    return WTL_OK;
}

enum wtl_status wtl__ca_write(wtl__file_writer writer, const char *path, const char *label,
                              const struct wtl_der *der, struct wtl_error *error)
{
    struct wtl_der text;
    enum wtl_status status = pem_text(label, der, &text, error);
    if (status == WTL_OK) {
        status = writer(path, text.bytes, text.size, error);
        wtl__der_wipe(&text);
    }
    return status;
}

/* Reads a file of one PEM block. Keys come in guarded memory, certificates in ordinary memory. */
static enum wtl_status read_pem(const char *path, bool is_key, struct wtl_der *der_out,
                                struct wtl_error *error)
{
    struct wtl_der text;
    struct wtl__pem pem;
    const char *label = is_key ? WTL__PEM_KEY : WTL__PEM_CERT;
    size_t capacity = is_key ? WTL__KEY_MAX : WTL_CERT_MAX;
    size_t size = 0;
    *der_out = (struct wtl_der){0};
    enum wtl_status status = wtl__file_read(path, is_key ? WTL__FILE_SECRET : WTL__FILE_ANY,
                                            PEM_FILE_MAX, &text, NULL, error);
    if (status != WTL_OK) {
        return status;
    }
    struct wtl__lines lines = {.at = (const char *)text.bytes, .left = text.size};
    status = wtl__pem_next(&lines, &pem, error);
    if (status == WTL_NOT_FOUND || (status == WTL_OK && strcmp(pem.label, label) != 0)) {
        status = wtl_fail(error, WTL_CONFIG, "expected one block %s, came another or none", label);
    }
    struct wtl_der bytes = {0};
    if (status == WTL_OK) {
        status = wtl__der_secret(capacity, &bytes);
    }
    if (status == WTL_OK) {
        status = wtl__pem_decode(&pem, bytes.bytes, bytes.size, &size, error);
    }
    if (status == WTL_OK && is_key) {
        *der_out = (struct wtl_der){.bytes = bytes.bytes, .size = size};
        bytes.bytes = NULL;
    } else if (status == WTL_OK) {
        status = wtl__der_copy(bytes.bytes, size, der_out);
    }
    wtl__der_wipe(&bytes);
    wtl__der_wipe(&text);
    return status == WTL_OK ? status : wtl_while(error, status, "%s", path);
}

enum wtl_status wtl__ca_load(const char *cert_path, const char *key_path,
                             struct wtl__authority *authority_out, struct wtl_error *error)
{
    struct wtl_der cert = {0};
    struct wtl_der key = {0};
    *authority_out = (struct wtl__authority){0};
    enum wtl_status status = read_pem(cert_path, false, &cert, error);
    if (status == WTL_OK && key_path != NULL) {
        status = read_pem(key_path, true, &key, error);
    }
    if (status != WTL_OK) {
        wtl__der_free(&cert);
        return status;
    }
    status = wtl__authority_init(&cert, &key, authority_out, error);
    return status == WTL_OK ? status : wtl_while(error, status, "%s", cert_path);
}

enum wtl_status wtl__ca_load_both(const struct wtl__ca_folder *folder, bool with_issuing_key,
                                  struct wtl__authority *root_out,
                                  struct wtl__authority *issuing_out, struct wtl_error *error)
{
    *root_out = (struct wtl__authority){0};
    *issuing_out = (struct wtl__authority){0};
    enum wtl_status status = wtl__ca_folder_check(folder, error);
    if (status == WTL_OK && !wtl__ca_is_there(folder->of[WTL__CA_ROOT_CERT])) {
        status = wtl_fail(error, WTL_NOT_FOUND, "%s: holds no CA (no %s); make one first",
                          folder->path, file_names[WTL__CA_ROOT_CERT]);
    }
    if (status == WTL_OK) {
        status = wtl__ca_load(folder->of[WTL__CA_ROOT_CERT], NULL, root_out, error);
    }
    if (status == WTL_OK) {
        status = wtl__ca_load(folder->of[WTL__CA_ISSUING_CERT],
                              with_issuing_key ? folder->of[WTL__CA_ISSUING_KEY] : NULL,
                              issuing_out, error);
    }
    if (status == WTL_OK) {
        status = wtl__chain_check(&issuing_out->cert, 1, &root_out->cert, 1, root_out->mesh, NULL,
                                  error);
    }
    return status;
}

/* ---- former issuing CAs ---------------------------------------------------------------------- */

struct former {
    char cert[PATH_MAX];
    char key[PATH_MAX];
};

static enum wtl_status former_paths(const struct wtl__ca_folder *folder, unsigned index,
                                    struct former *former_out, struct wtl_error *error)
{
    int cert = snprintf(former_out->cert, PATH_MAX, "%s/issuing-%u.pem", folder->path, index + 1);
    int key = snprintf(former_out->key, PATH_MAX, "%s/issuing-%u.key", folder->path, index + 1);
    if (cert < 0 || cert >= PATH_MAX || key < 0 || key >= PATH_MAX) {
        return wtl_fail(error, WTL_INVALID, "folder: expected a path of %d bytes at most",
                        PATH_MAX - 16);
    }
    return WTL_OK;
}

enum wtl_status wtl__ca_load_former(const struct wtl__ca_folder *folder, unsigned index,
                                    int64_t now_s, bool *found_out,
                                    struct wtl__authority *former_out, struct wtl_error *error)
{
    struct former paths;
    *found_out = false;
    *former_out = (struct wtl__authority){0};
    enum wtl_status status = former_paths(folder, index, &paths, error);
    if (status != WTL_OK || !wtl__ca_is_there(paths.cert)) {
        return status;
    }
    status = wtl__ca_load(paths.cert, NULL, former_out, error);
    if (status != WTL_OK || former_out->not_after_s < now_s) {
        wtl__authority_deinit(former_out);
        return status;
    }
    wtl__authority_deinit(former_out);
    *found_out = true;
    return wtl__ca_load(paths.cert, paths.key, former_out, error);
}

/* A place without a former CA, or with one that has expired. */
static enum wtl_status free_place(const struct wtl__ca_folder *folder, int64_t now_s,
                                  struct former *former_out, struct wtl_error *error)
{
    for (unsigned i = 0; i < WTL__CA_FORMER_MAX; i++) {
        struct wtl__authority former;
        bool found = false;
        enum wtl_status status = wtl__ca_load_former(folder, i, now_s, &found, &former, error);
        wtl__authority_deinit(&former);
        if (status != WTL_OK) {
            return status;
        }
        if (!found) {
            return former_paths(folder, i, former_out, error);
        }
    }
    return wtl_fail(error, WTL_FULL,
                    "%s: expected %u former issuing CAs at most that are still valid, and they are "
                    "there already",
                    folder->path, WTL__CA_FORMER_MAX);
}

enum wtl_status wtl__ca_keep_former(const struct wtl__ca_folder *folder, int64_t now_s,
                                    struct wtl_error *error)
{
    struct wtl__authority issuing;
    struct former place;
    /* A pair that does not match is what a crash has left, and its CA was kept before that. */
    if (wtl__ca_load(folder->of[WTL__CA_ISSUING_CERT], folder->of[WTL__CA_ISSUING_KEY], &issuing,
                     NULL) != WTL_OK ||
        issuing.not_after_s < now_s) {
        wtl__authority_deinit(&issuing);
        return WTL_OK;
    }
    enum wtl_status status = free_place(folder, now_s, &place, error);
    if (status == WTL_OK) {
        status = wtl__ca_write(wtl__file_replace, place.key, WTL__PEM_KEY, &issuing.key, error);
    }
    if (status == WTL_OK) {
        status = wtl__ca_write(wtl__file_replace, place.cert, WTL__PEM_CERT, &issuing.cert, error);
    }
    wtl__authority_deinit(&issuing);
    return status;
}
