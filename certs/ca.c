/*
 * ca.c - a certificate authority as a folder of files; authority.c makes the certificates.
 *
 * The files are written in the order root.key, root.pem, issuing.key, issuing.pem, each only if it
 * is not there, so that of two who make a CA in one folder one is refused at the first file.
 *
 * Thread: any, one at a time for one folder. Owns: nothing between calls.
 */
#include "certs/ca.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/attr.h"
#include "certs/authority.h"
#include "certs/chain.h"
#include "certs/civil.h"
#include "certs/file.h"
#include "certs/key.h"
#include "certs/pem.h"

#define PEM_FILE_MAX 16384u

enum ca_file { ROOT_KEY, ROOT_CERT, ISSUING_KEY, ISSUING_CERT, ISSUED_LOG, CA_FILES };

static const char *const file_names[CA_FILES] = {"root.key", "root.pem", "issuing.key",
                                                 "issuing.pem", "issued.log"};

struct ca_paths {
    char of[CA_FILES][PATH_MAX];
};

static enum wtl_status make_paths(const char *folder, struct ca_paths *paths_out,
                                  struct wtl_error *error)
{
    for (size_t i = 0; i < CA_FILES; i++) {
        int size = snprintf(paths_out->of[i], PATH_MAX, "%s/%s", folder, file_names[i]);
        if (size < 0 || size >= PATH_MAX) {
            return wtl_fail(error, WTL_INVALID, "folder: expected a path of %d bytes at most",
                            PATH_MAX - 16);
        }
    }
    return WTL_OK;
}

static bool is_there(const char *path)
{
    struct stat info;
    return lstat(path, &info) == 0;
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

typedef enum wtl_status (*file_writer)(const char *path, const void *bytes, size_t size,
                                       struct wtl_error *error);

static enum wtl_status write_pem(file_writer writer, const char *path, const char *label,
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

/* `with_key`: the key has to be there. */
static enum wtl_status load(const struct ca_paths *paths, enum ca_file cert_file,
                            enum ca_file key_file, bool with_key,
                            struct wtl__authority *authority_out, struct wtl_error *error)
{
    struct wtl_der cert = {0};
    struct wtl_der key = {0};
    *authority_out = (struct wtl__authority){0};
    enum wtl_status status = read_pem(paths->of[cert_file], false, &cert, error);
    if (status == WTL_OK && with_key) {
        status = read_pem(paths->of[key_file], true, &key, error);
    }
    if (status != WTL_OK) {
        wtl__der_free(&cert);
        return status;
    }
    status = wtl__authority_init(&cert, &key, authority_out, error);
    return status == WTL_OK ? status : wtl_while(error, status, "%s", paths->of[cert_file]);
}

static enum wtl_status check_folder(const char *folder, struct wtl_error *error)
{
    struct stat info;
    if (stat(folder, &info) != 0) {
        enum wtl_status status = errno == ENOENT ? WTL_NOT_FOUND : WTL_SYSTEM;
        return wtl_fail(error, status, "%s: %s; make a CA first", folder, strerror(errno));
    }
    unsigned mode = (unsigned)info.st_mode & 07777;
    if (!S_ISDIR(info.st_mode) || (mode & 0077) != 0) {
        return wtl_fail(
            error, WTL_CONFIG,
            "%s: expected a folder of mode 0700, because it holds the keys of the mesh, "
            "came mode %04o; run: chmod 700 %s",
            folder, mode, folder);
    }
    return WTL_OK;
}

/* Both certificates, checked against each other. */
static enum wtl_status load_both(const char *folder, bool with_root_key, bool with_issuing_key,
                                 struct ca_paths *paths, struct wtl__authority *root_out,
                                 struct wtl__authority *issuing_out, struct wtl_error *error)
{
    *root_out = (struct wtl__authority){0};
    *issuing_out = (struct wtl__authority){0};
    enum wtl_status status = check_folder(folder, error);
    if (status == WTL_OK) {
        status = make_paths(folder, paths, error);
    }
    if (status == WTL_OK && !is_there(paths->of[ROOT_CERT])) {
        status = wtl_fail(error, WTL_NOT_FOUND, "%s: holds no CA (no %s); make one first", folder,
                          file_names[ROOT_CERT]);
    }
    if (status == WTL_OK) {
        status = load(paths, ROOT_CERT, ROOT_KEY, with_root_key, root_out, error);
    }
    if (status == WTL_OK) {
        status = load(paths, ISSUING_CERT, ISSUING_KEY, with_issuing_key, issuing_out, error);
    }
    if (status == WTL_OK) {
        status = wtl__chain_check(&issuing_out->cert, 1, &root_out->cert, 1, root_out->mesh, NULL,
                                  error);
    }
    if (status != WTL_OK) {
        wtl__authority_deinit(root_out);
        wtl__authority_deinit(issuing_out);
    }
    return status;
}

/* ---- making --------------------------------------------------------------------------------- */

static enum wtl_status check_none_there(const struct ca_paths *paths, struct wtl_error *error)
{
    for (size_t i = 0; i < CA_FILES; i++) {
        if (is_there(paths->of[i])) {
            return wtl_fail(error, WTL_EXISTS,
                            "%s: there is a CA already, and it is not overwritten; choose another "
                            "folder",
                            paths->of[i]);
        }
    }
    return WTL_OK;
}

static enum wtl_status write_ca(const struct ca_paths *paths, const struct wtl__authority *root,
                                const struct wtl__authority *issuing, struct wtl_error *error)
{
    const struct wtl_der *const parts[] = {&root->key, &root->cert, &issuing->key, &issuing->cert};
    for (size_t i = 0; i < WTL_COUNT(parts); i++) {
        enum wtl_status status =
            write_pem(wtl__file_create, paths->of[i], i % 2 == 0 ? WTL__PEM_KEY : WTL__PEM_CERT,
                      parts[i], error);
        if (status != WTL_OK) {
            /* take back what this call has written; the first file that was in the way is not its
             */
            for (size_t j = 0; j < i; j++) {
                (void)unlink(paths->of[j]);
            }
            return status;
        }
    }
    return WTL_OK;
}

enum wtl_status wtl_ca_create(const char *folder, const char *mesh, int64_t now_s,
                              struct wtl_error *error)
{
    struct ca_paths paths;
    struct wtl__authority root = {0};
    struct wtl__authority issuing = {0};
    enum wtl_status status = make_paths(folder, &paths, error);
    if (status == WTL_OK) {
        status = check_none_there(&paths, error);
    }
    /* the certificates first: a bad name leaves no folder behind */
    if (status == WTL_OK) {
        status = wtl__authority_make_root(mesh, now_s, &root, error);
    }
    if (status == WTL_OK) {
        status = wtl__authority_make_issuing(&root, now_s, &issuing, error);
    }
    bool made_folder = false;
    if (status == WTL_OK) {
        status = wtl__folder_create(folder, &made_folder, error);
    }
    if (status == WTL_OK) {
        status = check_folder(folder, error);
    }
    if (status == WTL_OK) {
        status = write_ca(&paths, &root, &issuing, error);
    }
    if (status != WTL_OK && made_folder) {
        (void)rmdir(folder);
    }
    wtl__authority_deinit(&root);
    wtl__authority_deinit(&issuing);
    return status;
}

enum wtl_status wtl_ca_renew(const char *folder, int64_t now_s, struct wtl_error *error)
{
    struct ca_paths paths;
    struct wtl__authority root = {0};
    struct wtl__authority issuing = {0};
    enum wtl_status status = check_folder(folder, error);
    if (status == WTL_OK) {
        status = make_paths(folder, &paths, error);
    }
    if (status == WTL_OK) {
        status = load(&paths, ROOT_CERT, ROOT_KEY, true, &root, error);
    }
    if (status == WTL_OK) {
        status = wtl__authority_make_issuing(&root, now_s, &issuing, error);
    }
    /* A crash between the two leaves a pair that does not match, which issuing refuses and another
     * renewal mends. */
    if (status == WTL_OK) {
        status =
            write_pem(wtl__file_replace, paths.of[ISSUING_KEY], WTL__PEM_KEY, &issuing.key, error);
    }
    if (status == WTL_OK) {
        status = write_pem(wtl__file_replace, paths.of[ISSUING_CERT], WTL__PEM_CERT, &issuing.cert,
                           error);
    }
    wtl__authority_deinit(&root);
    wtl__authority_deinit(&issuing);
    return status;
}

enum wtl_status wtl_ca_inspect(const char *folder, struct wtl_ca_info *info_out,
                               struct wtl_error *error)
{
    struct ca_paths paths;
    struct wtl__authority root;
    struct wtl__authority issuing;
    *info_out = (struct wtl_ca_info){0};
    enum wtl_status status = load_both(folder, false, false, &paths, &root, &issuing, error);
    if (status != WTL_OK) {
        return status;
    }
    memcpy(info_out->mesh, root.mesh, sizeof info_out->mesh);
    info_out->root_not_after_s = root.not_after_s;
    info_out->issuing_not_after_s = issuing.not_after_s;
    info_out->has_root_key = is_there(paths.of[ROOT_KEY]);
    info_out->has_issuing_key = is_there(paths.of[ISSUING_KEY]);
    wtl__authority_deinit(&root);
    wtl__authority_deinit(&issuing);
    return WTL_OK;
}

/* ---- issuing -------------------------------------------------------------------------------- */

/* "2026-02-18T10:11:12Z serial=... uri=... expires=..."; all of it was checked before. */
static enum wtl_status log_issued(const char *path, const struct wtl_bundle *bundle, int64_t now_s,
                                  struct wtl_error *error)
{
    const struct wtl_identity *identity = &bundle->identity;
    char line[WTL_URI_MAX + 200];
    char serial[2 * sizeof identity->serial + 1] = "";
    char uri[WTL_URI_MAX];
    char now[WTL__CIVIL_TEXT];
    char expires[WTL__CIVIL_TEXT];
    for (size_t i = 0; i < identity->serial_size; i++) {
        (void)snprintf(serial + 2 * i, 3, "%02x", identity->serial[i]);
    }
    int size = snprintf(line, sizeof line, "%s serial=%s uri=%s expires=%s\n",
                        wtl__civil_text(now_s, now), serial, wtl_identity_uri(identity, uri),
                        wtl__civil_text(identity->not_after_s, expires));
    WTL_ASSERT(size > 0 && (size_t)size < sizeof line);
    return wtl__file_append(path, line, (size_t)size, error);
}

enum wtl_status wtl_ca_issue(const char *folder, const struct wtl_id_request *request,
                             int64_t now_s, struct wtl_bundle *bundle_out, bool *clamped_out,
                             struct wtl_error *error)
{
    struct ca_paths paths;
    struct wtl__authority root;
    struct wtl__authority issuing;
    *bundle_out = (struct wtl_bundle){0};
    *clamped_out = false;
    enum wtl_status status = load_both(folder, false, true, &paths, &root, &issuing, error);
    if (status != WTL_OK) {
        return status;
    }
    status = wtl__authority_issue(&root, &issuing, request, now_s, bundle_out, clamped_out, error);
    if (status == WTL_OK) {
        status = log_issued(paths.of[ISSUED_LOG], bundle_out, now_s, error);
        if (status != WTL_OK) {
            wtl_bundle_deinit(bundle_out);
        }
    }
    wtl__authority_deinit(&root);
    wtl__authority_deinit(&issuing);
    return status;
}
