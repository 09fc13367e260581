/*
 * ca_folder.h - the files of a CA: where they are, and reading and writing them. ca.h says what is
 * in them.
 *
 * Thread: any, one at a time for one folder; who changes more than one file, or reads and writes
 * one, holds the folder's lock. Owns: see each function.
 */
#ifndef WTL_CERTS_CA_FOLDER_H
#define WTL_CERTS_CA_FOLDER_H

#include <limits.h>

#include "certs/authority.h"

enum wtl__ca_file {
    WTL__CA_ROOT_KEY,
    WTL__CA_ROOT_CERT,
    WTL__CA_ISSUING_KEY,
    WTL__CA_ISSUING_CERT,
    WTL__CA_ISSUED_LOG,
    WTL__CA_REVOKED,
    WTL__CA_FILES
};

struct wtl__ca_folder {
    const char *path; /* borrowed */
    char of[WTL__CA_FILES][PATH_MAX];
};

/* Makes the paths. Fails: WTL_INVALID for one that is too long. */
enum wtl_status wtl__ca_folder_init(struct wtl__ca_folder *folder, const char *path,
                                    struct wtl_error *error) WTL_MUST_USE;

/* Fails: WTL_NOT_FOUND, WTL_CONFIG for a mode that lets others in. */
enum wtl_status wtl__ca_folder_check(const struct wtl__ca_folder *folder,
                                     struct wtl_error *error) WTL_MUST_USE;

/* Waits until nobody else changes the folder. Owns: the caller closes *fd_out, which gives the lock
 * back. Fails: WTL_SYSTEM. */
enum wtl_status wtl__ca_folder_lock(const struct wtl__ca_folder *folder, int *fd_out,
                                    struct wtl_error *error) WTL_MUST_USE;

bool wtl__ca_is_there(const char *path);

/* wtl__file_create or wtl__file_replace. */
typedef enum wtl_status (*wtl__file_writer)(const char *path, const void *bytes, size_t size,
                                            struct wtl_error *error);

/* Writes one PEM block, which may be a key. */
enum wtl_status wtl__ca_write(wtl__file_writer writer, const char *path, const char *label,
                              const struct wtl_der *der, struct wtl_error *error) WTL_MUST_USE;

/* Reads a certificate and, unless `key` is NULL, its key, and checks that they belong together.
 * Owns: the caller deinits the authority, also after a failure. */
enum wtl_status wtl__ca_load(const char *cert, const char *key,
                             struct wtl__authority *authority_out,
                             struct wtl_error *error) WTL_MUST_USE;

/* Root (without its key) and issuing CA, checked against each other. Owns: the caller deinits both,
 * also after a failure. Fails: WTL_NOT_FOUND when there is no CA. */
enum wtl_status wtl__ca_load_both(const struct wtl__ca_folder *folder, bool with_issuing_key,
                                  struct wtl__authority *root_out,
                                  struct wtl__authority *issuing_out,
                                  struct wtl_error *error) WTL_MUST_USE;

/* ---- issuing CAs that were replaced ---------------------------------------------------------- */

/* They are kept as long as they are valid, because somebody has to sign lists for what they have
 * issued: issuing-1.pem and issuing-1.key, and so on. */
#define WTL__CA_FORMER_MAX 7u

/* Keeps a copy of the issuing CA, if it can still be used at `now_s`; in the place of one that can
 * not, or in a new one. Fails: WTL_FULL. */
enum wtl_status wtl__ca_keep_former(const struct wtl__ca_folder *folder, int64_t now_s,
                                    struct wtl_error *error) WTL_MUST_USE;

/* The former issuing CA in place `index` (from 0), with its key; *found_out is false when there is
 * none, or it has expired at `now_s`. Owns: the caller deinits it. */
enum wtl_status wtl__ca_load_former(const struct wtl__ca_folder *folder, unsigned index,
                                    int64_t now_s, bool *found_out,
                                    struct wtl__authority *former_out,
                                    struct wtl_error *error) WTL_MUST_USE;

#endif
