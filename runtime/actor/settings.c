/* settings.c - settings as text. See <wattle/settings.h>. */
#include "actor/settings.h"

#include <errno.h>
#include <stdlib.h>

struct unit {
    const char *name;
    int64_t factor;
};

static const struct unit durations[] = {{"ms", 1},      {"s", 1000},     {"m", 60000},
                                        {"h", 3600000}, {"d", 86400000}, {NULL, 0}};
static const struct unit sizes[] = {
    {"", 1}, {"KiB", 1024}, {"MiB", 1048576}, {"GiB", 1073741824}, {NULL, 0}};

static enum wtl_status bad(const struct wtl_field *field, const char *text, const char *expected,
                           struct wtl_error *error)
{
    return wtl_fail(error, WTL_INVALID, "setting %s: expected %s, got \"%.40s\"", field->name,
                    expected, text);
}

/* A whole number and, when there are units, one of them behind it. */
static bool read_int(const char *text, const struct unit *units, int64_t *value_out)
{
    char *end;
    errno = 0;
    long long value = strtoll(text, &end, 10);
    if (end == text || errno != 0) {
        return false;
    }
    if (units == NULL) {
        *value_out = value;
        return *end == '\0';
    }
    for (const struct unit *unit = units; unit->name != NULL; unit++) {
        if (strcmp(end, unit->name) == 0) {
            return !__builtin_mul_overflow((int64_t)value, unit->factor, value_out);
        }
    }
    return false;
}

static enum wtl_status read_number(const struct wtl_field *field, const char *text, int64_t *slot,
                                   struct wtl_error *error)
{
    bool ok;
    const char *expected;
    switch (field->type) {
    case WTL_FIELD_DURATION_MS:
        ok = read_int(text, durations, slot) && *slot >= 0;
        expected = "a duration such as 500ms, 60s, 5m, 2h, 1d";
        break;
    case WTL_FIELD_BYTES:
        ok = read_int(text, sizes, slot) && *slot >= 0;
        expected = "a size such as 512, 64KiB, 10MiB, 1GiB";
        break;
    default:
        ok = read_int(text, NULL, slot);
        expected = "a whole number";
        break;
    }
    return ok ? WTL_OK : bad(field, text, expected, error);
}

enum wtl_status wtl_setting_read(const struct wtl_field *field, const char *text, void *settings,
                                 struct wtl_error *error)
{
    char *slot = (char *)settings + field->offset;
    switch (field->type) {
    case WTL_FIELD_I64:
    case WTL_FIELD_DURATION_MS:
    case WTL_FIELD_BYTES: {
        int64_t value = 0;
        enum wtl_status status = read_number(field, text, &value, error);
        if (status == WTL_OK) {
            memcpy(slot, &value, sizeof value);
        }
        return status;
    }
    case WTL_FIELD_F64: {
        char *end;
        double value = strtod(text, &end);
        if (end == text || *end != '\0') {
            return bad(field, text, "a number", error);
        }
        memcpy(slot, &value, sizeof value);
        return WTL_OK;
    }
    case WTL_FIELD_BOOL: {
        bool value = strcmp(text, "true") == 0;
        if (!value && strcmp(text, "false") != 0) {
            return bad(field, text, "true or false", error);
        }
        memcpy(slot, &value, sizeof value);
        return WTL_OK;
    }
    case WTL_FIELD_STR:
        memcpy(slot, &text, sizeof text);
        return WTL_OK;
    }
    return wtl_fail(error, WTL_UNSUPPORTED, "setting %s: type %d is not known to this node",
                    field->name, (int)field->type);
}

const struct wtl_field *wtl_setting_find(const struct wtl_actor *type, const char *name)
{
    for (const struct wtl_field *field = type->fields; field != NULL && field->name != NULL;
         field++) {
        if (strcmp(field->name, name) == 0) {
            return field;
        }
    }
    return NULL;
}

enum wtl_status wtl__settings_default(const struct wtl_actor *type, void *settings,
                                      struct wtl_error *error)
{
    for (const struct wtl_field *field = type->fields; field != NULL && field->name != NULL;
         field++) {
        if (field->default_ == NULL) {
            return wtl_fail(error, WTL_INVALID, "setting %s of %s is mandatory", field->name,
                            type->name);
        }
        enum wtl_status status = wtl_setting_read(field, field->default_, settings, error);
        if (status != WTL_OK) {
            return status;
        }
    }
    return WTL_OK;
}

static bool is_text(const struct wtl_field *field, const void *settings, const char **text_out)
{
    if (field->type != WTL_FIELD_STR) {
        return false;
    }
    memcpy(text_out, (const char *)settings + field->offset, sizeof *text_out);
    return *text_out != NULL;
}

size_t wtl__settings_size(const struct wtl_actor *type, const void *settings)
{
    size_t size = type->settings_size;
    const char *text;
    for (const struct wtl_field *field = settings != NULL ? type->fields : NULL;
         field != NULL && field->name != NULL; field++) {
        size += is_text(field, settings, &text) ? strlen(text) + 1 : 0;
    }
    return size;
}

void wtl__settings_copy(const struct wtl_actor *type, const void *settings, void *block)
{
    char *end = (char *)block + type->settings_size;
    const char *text;
    memcpy(block, settings, type->settings_size);
    for (const struct wtl_field *field = type->fields; field != NULL && field->name != NULL;
         field++) {
        if (is_text(field, settings, &text)) {
            size_t size = strlen(text) + 1;
            text = memcpy(end, text, size);
            memcpy((char *)block + field->offset, &text, sizeof text);
            end += size;
        }
    }
}
