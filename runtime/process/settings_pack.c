/* settings_pack.c - the settings of an actor as bytes, field by field. See manifest.h. */
#include "actor/settings.h"
#include "process/manifest.h"

static void put_value(struct wtl_writer *writer, const struct wtl_field *field,
                      const void *settings)
{
    const char *at = (const char *)settings + field->offset;
    int64_t number;
    double real;
    bool flag;
    const char *text;
    switch (field->type) {
    case WTL_FIELD_F64:
        memcpy(&real, at, sizeof real);
        wtl_put_f64(writer, real);
        break;
    case WTL_FIELD_BOOL:
        memcpy(&flag, at, sizeof flag);
        wtl_put_bool(writer, flag);
        break;
    case WTL_FIELD_STR:
        memcpy(&text, at, sizeof text);
        if (text == NULL) {
            wtl_put_nil(writer);
        } else {
            wtl_put_bin(writer, text, strlen(text) + 1);
        }
        break;
    case WTL_FIELD_I64:
    case WTL_FIELD_DURATION_MS:
    case WTL_FIELD_BYTES:
        memcpy(&number, at, sizeof number);
        wtl_put_i64(writer, number);
        break;
    }
}

void wtl__settings_put(struct wtl_writer *writer, const struct wtl_actor *type,
                       const void *settings)
{
    bool given = settings != NULL && type->settings_size > 0;
    wtl_put_bool(writer, given);
    if (!given) {
        return;
    }
    if (type->fields == NULL) {
        wtl_put_bin(writer, settings, type->settings_size);
        return;
    }
    for (const struct wtl_field *field = type->fields; field->name != NULL; field++) {
        put_value(writer, field, settings);
    }
}

static void get_value(struct wtl_reader *reader, const struct wtl_field *field, void *settings)
{
    char *at = (char *)settings + field->offset;
    size_t size = 0;
    switch (field->type) {
    case WTL_FIELD_F64: {
        double real = wtl_get_f64(reader);
        memcpy(at, &real, sizeof real);
        break;
    }
    case WTL_FIELD_BOOL: {
        bool flag = wtl_get_bool(reader);
        memcpy(at, &flag, sizeof flag);
        break;
    }
    case WTL_FIELD_STR: {
        const char *text = NULL;
        if (wtl_peek(reader) == WTL_PACK_NIL) {
            wtl_get_nil(reader);
        } else {
            text = wtl_get_bin(reader, &size);
            if (text == NULL || size == 0 || text[size - 1] != '\0') {
                wtl_reader_fail(reader);
                return;
            }
        }
        memcpy(at, &text, sizeof text);
        break;
    }
    case WTL_FIELD_I64:
    case WTL_FIELD_DURATION_MS:
    case WTL_FIELD_BYTES: {
        int64_t number = wtl_get_i64(reader);
        memcpy(at, &number, sizeof number);
        break;
    }
    }
}

enum wtl_status wtl__settings_get(struct wtl_reader *reader, const struct wtl_actor *type,
                                  void *settings)
{
    size_t size = 0;
    if (!wtl_get_bool(reader)) {
        if (reader->failed) {
            return WTL_BAD_PAYLOAD;
        }
        return type->settings_size > 0 ? wtl__settings_default(type, settings, NULL) : WTL_OK;
    }
    if (type->fields == NULL) {
        const void *bytes = wtl_get_bin(reader, &size);
        if (bytes == NULL || size != type->settings_size) {
            return WTL_BAD_PAYLOAD;
        }
        memcpy(settings, bytes, size);
        return WTL_OK;
    }
    for (const struct wtl_field *field = type->fields; field->name != NULL && !reader->failed;
         field++) {
        get_value(reader, field, settings);
    }
    return reader->failed ? WTL_BAD_PAYLOAD : WTL_OK;
}
