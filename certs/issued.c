/* issued.c - see issued.h. Thread: any. Owns: nothing between calls. */
#include "certs/issued.h"

#include <errno.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>

#include "base/attr.h"
#include "certs/civil.h"
#include "certs/file.h"

#define LINE_MAX_BYTES (WTL_URI_MAX + 200)

enum wtl_status wtl__issued_add(const char *path, const struct wtl_identity *identity,
                                int64_t now_s, struct wtl_error *error)
{
    char line[LINE_MAX_BYTES];
    char serial[2 * sizeof identity->serial + 1];
    char uri[WTL_URI_MAX];
    char now[WTL__CIVIL_TEXT];
    char expires[WTL__CIVIL_TEXT];
    (void)sodium_bin2hex(serial, sizeof serial, identity->serial, identity->serial_size);
    int size = snprintf(line, sizeof line, "%s serial=%s uri=%s expires=%s\n",
                        wtl__civil_text(now_s, now), serial, wtl_identity_uri(identity, uri),
                        wtl__civil_text(identity->not_after_s, expires));
    WTL_ASSERT(size > 0 && (size_t)size < sizeof line);
    return wtl__file_append(path, line, (size_t)size, error);
}

/* ---- reading -------------------------------------------------------------------------------- */

bool wtl__issued_serial(const char *text, size_t size, uint8_t serial_out[WTL__SERIAL_MAX])
{
    uint8_t bytes[WTL__SERIAL_MAX];
    size_t count = 0;
    const char *end = NULL;
    if (size == 0 || sodium_hex2bin(bytes, sizeof bytes, text, size, ":", &count, &end) != 0 ||
        count == 0 || end != text + size) {
        return false;
    }
    wtl__crl_serial((struct wtl__der_view){bytes, count}, serial_out);
    return true;
}

/* The value of " key=" in a line, up to the next blank. */
static bool find_value(const char *line, const char *key, const char **value_out, size_t *size_out)
{
    const char *at = strstr(line, key);
    if (at == NULL) {
        return false;
    }
    *value_out = at + strlen(key);
    *size_out = strcspn(*value_out, " ");
    return true;
}

static bool read_time(const char *text, size_t size, int64_t *time_out_s)
{
    struct wtl__civil civil;
    char end = '\0';
    return size == WTL__CIVIL_TEXT - 1 &&
           sscanf(text, "%4d-%2d-%2dT%2d:%2d:%2d%c", &civil.year, &civil.month, &civil.day,
                  &civil.hour, &civil.minute, &civil.second, &end) == 7 &&
           end == 'Z' && wtl__civil_to_unix(&civil, time_out_s);
}

bool wtl__issued_read(const char *line, struct wtl__issued *issued_out)
{
    const char *serial;
    const char *uri;
    const char *expires;
    size_t serial_size;
    size_t uri_size;
    size_t expires_size;
    if (!find_value(line, " serial=", &serial, &serial_size) ||
        !find_value(line, " uri=", &uri, &uri_size) ||
        !find_value(line, " expires=", &expires, &expires_size)) {
        return false;
    }
    const char *slash = memrchr(uri, '/', uri_size);
    const char *name = slash != NULL ? slash + 1 : uri;
    size_t name_size = (size_t)(uri + uri_size - name);
    if (!wtl_name_is_valid(name, name_size) ||
        !wtl__issued_serial(serial, serial_size, issued_out->serial) ||
        !read_time(expires, expires_size, &issued_out->expires_s)) {
        return false;
    }
    (void)snprintf(issued_out->name, sizeof issued_out->name, "%.*s", (int)name_size, name);
    return true;
}

enum wtl_status wtl__issued_each(const char *path, wtl__issued_fn each, void *context,
                                 struct wtl_error *error)
{
    char line[LINE_MAX_BYTES];
    struct wtl__issued issued;
    enum wtl_status status = WTL_OK;
    FILE *file = fopen(path, "re");
    if (file == NULL && errno == ENOENT) {
        return WTL_OK;
    }
    if (file == NULL) {
        return wtl_fail(error, WTL_SYSTEM, "%s: open: %s", path, strerror(errno));
    }
    while (status == WTL_OK && fgets(line, sizeof line, file) != NULL) {
        line[strcspn(line, "\n")] = '\0';
        if (wtl__issued_read(line, &issued)) {
            status = each(context, &issued, error);
        }
    }
    if (status == WTL_OK && ferror(file) != 0) {
        status = wtl_fail(error, WTL_SYSTEM, "%s: read: %s", path, strerror(errno));
    }
    (void)fclose(file);
    return status;
}
