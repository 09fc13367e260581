/*
 * ca.c - a certificate authority as a folder of files; authority.c makes the certificates.
 *
 * The files are written in the order root.key, root.pem, issuing.key, issuing.pem, each only if it
 * is not there, so that of two who make a CA in one folder one is refused at the first file.
 *
 * Thread: any, one at a time for one folder. Owns: nothing between calls.
 */
#include "certs/ca.h"

#include <string.h>
#include <unistd.h>

#include "base/attr.h"
#include "certs/ca_folder.h"
#include "certs/file.h"
#include "certs/issued.h"
#include "certs/pem.h"

/* ---- making --------------------------------------------------------------------------------- */

static enum wtl_status check_none_there(const struct wtl__ca_folder *folder,
                                        struct wtl_error *error)
{
    for (size_t i = 0; i < WTL__CA_FILES; i++) {
        if (wtl__ca_is_there(folder->of[i])) {
            return wtl_fail(error, WTL_EXISTS,
                            "%s: there is a CA already, and it is not overwritten; choose another "
                            "folder",
                            folder->of[i]);
        }
    }
    return WTL_OK;
}

static enum wtl_status write_ca(const struct wtl__ca_folder *folder,
                                const struct wtl__authority *root,
                                const struct wtl__authority *issuing, struct wtl_error *error)
{
    const struct wtl_der *const parts[] = {&root->key, &root->cert, &issuing->key, &issuing->cert};
    for (size_t i = 0; i < WTL_COUNT(parts); i++) {
        enum wtl_status status =
            wtl__ca_write(wtl__file_create, folder->of[i],
                          i % 2 == 0 ? WTL__PEM_KEY : WTL__PEM_CERT, parts[i], error);
        if (status != WTL_OK) {
            /* take back what this call has written; the first file that was in the way is not its
             */
            for (size_t j = 0; j < i; j++) {
                (void)unlink(folder->of[j]);
            }
            return status;
        }
    }
    return WTL_OK;
}

enum wtl_status wtl_ca_create(const char *path, const char *mesh, int64_t now_s,
                              struct wtl_error *error)
{
    struct wtl__ca_folder folder;
    struct wtl__authority root = {0};
    struct wtl__authority issuing = {0};
    enum wtl_status status = wtl__ca_folder_init(&folder, path, error);
    if (status == WTL_OK) {
        status = check_none_there(&folder, error);
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
        status = wtl__folder_create(path, &made_folder, error);
    }
    if (status == WTL_OK) {
        status = wtl__ca_folder_check(&folder, error);
    }
    if (status == WTL_OK) {
        status = write_ca(&folder, &root, &issuing, error);
    }
    if (status != WTL_OK && made_folder) {
        (void)rmdir(path);
    }
    wtl__authority_deinit(&root);
    wtl__authority_deinit(&issuing);
    return status;
}

/* A crash between the two files leaves a pair that does not match, which issuing refuses and
 * another renewal mends. */
static enum wtl_status replace_issuing(const struct wtl__ca_folder *folder, int64_t now_s,
                                       struct wtl_error *error)
{
    struct wtl__authority root;
    struct wtl__authority issuing = {0};
    enum wtl_status status =
        wtl__ca_load(folder->of[WTL__CA_ROOT_CERT], folder->of[WTL__CA_ROOT_KEY], &root, error);
    if (status == WTL_OK) {
        status = wtl__authority_make_issuing(&root, now_s, &issuing, error);
    }
    if (status == WTL_OK) {
        status = wtl__ca_keep_former(folder, now_s, error);
    }
    if (status == WTL_OK) {
        status = wtl__ca_write(wtl__file_replace, folder->of[WTL__CA_ISSUING_KEY], WTL__PEM_KEY,
                               &issuing.key, error);
    }
    if (status == WTL_OK) {
        status = wtl__ca_write(wtl__file_replace, folder->of[WTL__CA_ISSUING_CERT], WTL__PEM_CERT,
                               &issuing.cert, error);
    }
    wtl__authority_deinit(&root);
    wtl__authority_deinit(&issuing);
    return status;
}

enum wtl_status wtl_ca_renew(const char *path, int64_t now_s, struct wtl_error *error)
{
    struct wtl__ca_folder folder;
    int lock = -1;
    enum wtl_status status = wtl__ca_folder_init(&folder, path, error);
    if (status == WTL_OK) {
        status = wtl__ca_folder_check(&folder, error);
    }
    if (status == WTL_OK) {
        status = wtl__ca_folder_lock(&folder, &lock, error);
    }
    if (status == WTL_OK) {
        status = replace_issuing(&folder, now_s, error);
        (void)close(lock);
    }
    return status;
}

enum wtl_status wtl_ca_inspect(const char *path, struct wtl_ca_info *info_out,
                               struct wtl_error *error)
{
    struct wtl__ca_folder folder;
    struct wtl__authority root = {0};
    struct wtl__authority issuing = {0};
    *info_out = (struct wtl_ca_info){0};
    enum wtl_status status = wtl__ca_folder_init(&folder, path, error);
    if (status == WTL_OK) {
        status = wtl__ca_load_both(&folder, false, &root, &issuing, error);
    }
    if (status == WTL_OK) {
        memcpy(info_out->mesh, root.mesh, sizeof info_out->mesh);
        info_out->root_not_after_s = root.not_after_s;
        info_out->issuing_not_after_s = issuing.not_after_s;
        info_out->has_root_key = wtl__ca_is_there(folder.of[WTL__CA_ROOT_KEY]);
        info_out->has_issuing_key = wtl__ca_is_there(folder.of[WTL__CA_ISSUING_KEY]);
    }
    wtl__authority_deinit(&root);
    wtl__authority_deinit(&issuing);
    return status;
}

/* ---- issuing -------------------------------------------------------------------------------- */

enum wtl_status wtl_ca_issue(const char *path, const struct wtl_id_request *request, int64_t now_s,
                             struct wtl_bundle *bundle_out, bool *clamped_out,
                             struct wtl_error *error)
{
    struct wtl__ca_folder folder;
    struct wtl__authority root = {0};
    struct wtl__authority issuing = {0};
    *bundle_out = (struct wtl_bundle){0};
    *clamped_out = false;
    enum wtl_status status = wtl__ca_folder_init(&folder, path, error);
    if (status == WTL_OK) {
        status = wtl__ca_load_both(&folder, true, &root, &issuing, error);
    }
    if (status == WTL_OK) {
        status =
            wtl__authority_issue(&root, &issuing, request, now_s, bundle_out, clamped_out, error);
    }
    if (status == WTL_OK) {
        status =
            wtl__issued_add(folder.of[WTL__CA_ISSUED_LOG], &bundle_out->identity, now_s, error);
        if (status != WTL_OK) {
            wtl_bundle_deinit(bundle_out);
        }
    }
    wtl__authority_deinit(&root);
    wtl__authority_deinit(&issuing);
    return status;
}
