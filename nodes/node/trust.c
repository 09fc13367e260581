/* trust.c - see trust.h. */
#include "node/trust.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "module/about.h"
#include "node/seen.h"

#define DAY_S INT64_C(86400)
/* A signature that ends sooner is worth a warning. */
#define SOON_DAYS 30

struct wtl__trust {
    struct wtl__trust_config config;
    struct wtl__seen *seen; /* NULL: without a state folder */
    bool told;              /* that nothing is remembered */
};

enum wtl_status wtl__trust_create(const struct wtl__trust_config *config,
                                  struct wtl__trust **trust_out, struct wtl_error *error)
{
    struct wtl__trust *trust = calloc(1, sizeof *trust);
    *trust_out = trust;
    if (trust == NULL) {
        return wtl_fail(error, WTL_NO_MEMORY, "no memory for the keys of modules");
    }
    trust->config = *config;
    if (config->dev || config->state == NULL) {
        return WTL_OK;
    }
    trust->seen = calloc(1, sizeof *trust->seen);
    return trust->seen != NULL
               ? wtl__seen_read(trust->seen, config->state, error)
               : wtl_fail(error, WTL_NO_MEMORY, "no memory for the releases of modules");
}

void wtl__trust_destroy(struct wtl__trust *trust)
{
    if (trust != NULL) {
        free(trust->seen);
        free(trust);
    }
}

enum wtl__module_how wtl__trust_how(const struct wtl__trust *trust)
{
    return trust->config.dev ? WTL__MODULE_DEV : WTL__MODULE_SEALED;
}

/* A line for those who watch over the node; `word` says why, the error the rest. */
static void audit(const char *path, const char *word, const struct wtl_release *release,
                  const struct wtl_error *error)
{
    wtl__log(wtl__log_process(), WTL__LOG_WARN, "module_refused", WTL__LOG_TEXT("path", path),
             WTL__LOG_TEXT("reason", word), WTL__LOG_TEXT("module", release->name),
             WTL__LOG_NUMBER("release", release->number), WTL__LOG_TEXT("key", release->key),
             WTL__LOG_TEXT("text", error->text));
}

static bool may_roll_back(const struct wtl__trust *trust, const char *name)
{
    for (uint32_t i = 0; i < trust->config.rollbacks_count; i++) {
        if (strcmp(trust->config.rollbacks[i], name) == 0) {
            return true;
        }
    }
    return false;
}

/* What the signer says, and what the file says of itself. */
static enum wtl_status check_same(const struct wtl__image *image, const struct wtl_release *release,
                                  struct wtl_error *error)
{
    struct wtl__about about;
    enum wtl_status status = wtl__about_demand(image->bytes, (size_t)release->size, &about, error);
    if (status != WTL_OK) {
        return status;
    }
    if (strcmp(about.name, release->name) != 0 || strcmp(about.version, release->version) != 0 ||
        about.abi_major != release->abi_major || about.abi_minor != release->abi_minor) {
        return wtl_fail(error, WTL_INVALID,
                        "was signed as %s %s (ABI %u.%u) and is %s %s (ABI %u.%u); sign it again",
                        release->name, release->version, release->abi_major, release->abi_minor,
                        about.name, about.version, about.abi_major, about.abi_minor);
    }
    return WTL_OK;
}

static enum wtl_status check_age(struct wtl__trust *trust, const struct wtl_release *release,
                                 struct wtl_error *error)
{
    struct wtl_error older = {0};
    if (trust->seen == NULL) {
        return WTL_OK;
    }
    enum wtl_status status = wtl__seen_check(trust->seen, release, &older);
    if (status == WTL_OK) {
        return WTL_OK;
    }
    if (may_roll_back(trust, release->name)) {
        wtl__log(wtl__log_process(), WTL__LOG_WARN, "module_rolled_back",
                 WTL__LOG_TEXT("module", release->name), WTL__LOG_TEXT("version", release->version),
                 WTL__LOG_NUMBER("release", release->number));
        return WTL_OK;
    }
    return wtl_fail(error, status, "%s", older.text);
}

static enum wtl_status check(struct wtl__trust *trust, const struct wtl__image *image,
                             int64_t now_s, struct wtl_release *release_out, const char **word_out,
                             struct wtl_error *error)
{
    if (trust->config.keys.count == 0) {
        *word_out = "no_keys";
        return wtl_fail(error, WTL_DENIED,
                        "is not trusted: this node has no key to check modules with; start it with "
                        "--module-key FILE.pub and sign the module (wattle help module), or with "
                        "--dev to run modules of this user as they are");
    }
    enum wtl_status status = wtl_release_check(image->bytes, image->size, &trust->config.keys,
                                               now_s, release_out, word_out, error);
    if (status == WTL_OK) {
        *word_out = "other_file";
        status = check_same(image, release_out, error);
    }
    if (status == WTL_OK) {
        *word_out = "rolled_back";
        status = check_age(trust, release_out, error);
    }
    return status;
}

enum wtl_status wtl__trust_open(struct wtl__trust *trust, const char *path, int64_t now_s,
                                struct wtl__image *image_out, struct wtl_release *release_out,
                                struct wtl_error *error)
{
    const char *word = "";
    struct wtl_error unasked = {0};
    error = error != NULL ? error : &unasked;
    *release_out = (struct wtl_release){0};
    enum wtl_status status = wtl__image_open(path, image_out, error);
    if (status != WTL_OK || trust->config.dev) {
        return wtl__module_about(error, status, path);
    }
    status = check(trust, image_out, now_s, release_out, &word, error);
    if (status != WTL_OK) {
        status = wtl__module_about(error, status, image_out->path);
        audit(image_out->path, word, release_out, error);
        wtl__image_close(image_out, false);
        return status;
    }
    int64_t days = (release_out->expires_s - now_s) / DAY_S;
    if (days < SOON_DAYS) {
        wtl__log(wtl__log_process(), WTL__LOG_WARN, "module_expires",
                 WTL__LOG_TEXT("module", release_out->name), WTL__LOG_SIGNED("days", days));
    }
    return WTL_OK;
}

enum wtl_status wtl__trust_keep(struct wtl__trust *trust, const char *path,
                                const struct wtl_release *release, struct wtl_error *error)
{
    if (release->name[0] == '\0') {
        return WTL_OK;
    }
    if (trust->seen == NULL) {
        if (!trust->told) {
            trust->told = true;
            wtl__log(wtl__log_process(), WTL__LOG_WARN, "module_releases_forgotten",
                     WTL__LOG_TEXT("text",
                                   "without --state this node will not notice when an older "
                                   "release of a module comes back"));
        }
        return WTL_OK;
    }
    enum wtl_status status = wtl__seen_put(trust->seen, release, error);
    if (status != WTL_OK) {
        (void)wtl_while(error, status, "that it was run cannot be remembered");
    }
    return wtl__module_about(error, status, path);
}
