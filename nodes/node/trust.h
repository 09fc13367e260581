/*
 * trust.h - which modules this node runs: those whose release one of its keys has signed, that has
 * not expired, and that is not older than one that it has run. With `dev` any of this user.
 *
 * What is checked is what is loaded: the bytes are taken once into sealed memory (module/image.h),
 * and everything is asked of them. Refusals are logged as `module_refused`, with a reason that a
 * program can read.
 *
 * Thread: one at a time. Owns: a trust owns what it remembers of releases.
 */
#ifndef WTL_NODE_TRUST_H
#define WTL_NODE_TRUST_H

#include "certs/release.h"
#include "module/module.h"

struct wtl__trust_config {
    bool dev; /* ask nothing of a module's signature */
    struct wtl_trusted keys;
    const char *state;            /* folder where releases are remembered; NULL: they are not */
    const char *const *rollbacks; /* modules that may be older than what was run; borrowed */
    uint32_t rollbacks_count;
};

struct wtl__trust;

/* Fails: WTL_CONFIG, WTL_SYSTEM when what is remembered cannot be read, WTL_NO_MEMORY. */
enum wtl_status wtl__trust_create(const struct wtl__trust_config *config,
                                  struct wtl__trust **trust_out,
                                  struct wtl_error *error) WTL_MUST_USE;
void wtl__trust_destroy(struct wtl__trust *trust); /* NULL is nothing */

/* How a module is mapped that was opened here. */
enum wtl__module_how wtl__trust_how(const struct wtl__trust *trust);

/* Takes the bytes of a file and checks them at `now_s`. `release_out` is empty (its name is "")
 * with `dev`. Owns: the caller closes the image, or gives it to wtl__module_load_image.
 * Fails: WTL_DENIED; as wtl__image_open, and WTL_INVALID when the file says another name, version
 * or ABI than its signer. */
enum wtl_status wtl__trust_open(struct wtl__trust *trust, const char *path, int64_t now_s,
                                struct wtl__image *image_out, struct wtl_release *release_out,
                                struct wtl_error *error) WTL_MUST_USE;

/* It was loaded, and works: from now on nothing older is. An empty release is nothing.
 * Fails: WTL_FULL, WTL_SYSTEM, WTL_NO_MEMORY when that cannot be remembered. */
enum wtl_status wtl__trust_keep(struct wtl__trust *trust, const char *path,
                                const struct wtl_release *release,
                                struct wtl_error *error) WTL_MUST_USE;

#endif
