/*
 * module_file.h - a module's file as its maker has it: signed, verified and looked at, without
 * running anything of it.
 *
 * Thread: one. Owns: plain values.
 */
#ifndef WTL_NODE_MODULE_FILE_H
#define WTL_NODE_MODULE_FILE_H

#include "certs/release.h"
#include "module/about.h"

struct wtl__module_file {
    struct wtl__about about;
    uint64_t size; /* of the module alone */
    bool is_native;
    bool is_signed;
    struct wtl_release release; /* when it is signed */
    struct wtl_error refused;   /* why a node on this machine would not load it, whoever has signed
                                   it; its status is WTL_OK when there is no such reason */
};

struct wtl__module_signing {
    const char *key; /* path of the private key */
    const char *out; /* path of the signed file; NULL: in place */
    uint64_t number; /* of the release; 0: the time in seconds */
    unsigned days;   /* that it is valid; 0: WTL_RELEASE_DAYS */
};

/* Signs the file, which may be signed already, and replaces it (or `out`) in one step, with the
 * same mode. Errors say which file. Fails: WTL_CONFIG for the key; WTL_INVALID, WTL_ABI, WTL_DENIED
 * for a module that nodes would refuse; as wtl__image_open. */
enum wtl_status wtl__module_file_sign(const char *path, const struct wtl__module_signing *signing,
                                      int64_t now_s, struct wtl__module_file *file_out,
                                      struct wtl_error *error) WTL_MUST_USE;

/* Would a node that trusts these keys run it, as far as can be seen here? A module for another kind
 * of machine is asked for its signature alone. Fails: WTL_DENIED for a signature that is not good;
 * WTL_INVALID, WTL_ABI; as wtl__image_open. */
enum wtl_status wtl__module_file_verify(const char *path, const struct wtl_trusted *trusted,
                                        int64_t now_s, struct wtl__module_file *file_out,
                                        struct wtl_error *error) WTL_MUST_USE;

/* Reads what it says, without judging. Fails: WTL_INVALID for what is no module or says nothing of
 * itself; as wtl__image_open. */
enum wtl_status wtl__module_file_inspect(const char *path, struct wtl__module_file *file_out,
                                         struct wtl_error *error) WTL_MUST_USE;

#endif
