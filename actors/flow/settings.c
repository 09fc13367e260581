/*
 * settings.c - values against fields, and the struct that they fill. Pure functions; owns nothing.
 *
 * A value fits by its kind (a duration for a duration) or by its unit: `28celsius` is a number for
 * a field whose unit is celsius, and so is `60s` for a plain number that is counted in s.
 */
#include "flow/settings.h"

#include "flow/value.h"

#include <stdio.h>
#include <string.h>

static size_t field_size(enum wtl_field_type type)
{
    switch (type) {
    case WTL_FIELD_I64:
    case WTL_FIELD_DURATION_MS:
    case WTL_FIELD_BYTES:
        return sizeof(int64_t);
    case WTL_FIELD_F64:
        return sizeof(double);
    case WTL_FIELD_BOOL:
        return sizeof(bool);
    case WTL_FIELD_STR:
        return sizeof(const char *);
    }
    return 0;
}

static const char *field_wants(enum wtl_field_type type, const char **example_out)
{
    switch (type) {
    case WTL_FIELD_I64:
        *example_out = "12";
        return "an integer";
    case WTL_FIELD_F64:
        *example_out = "0.5";
        return "a number";
    case WTL_FIELD_BOOL:
        *example_out = "true";
        return "true or false";
    case WTL_FIELD_STR:
        *example_out = "\"text\"";
        return "text";
    case WTL_FIELD_DURATION_MS:
        *example_out = "500ms, 60s or 5m";
        return "a duration";
    case WTL_FIELD_BYTES:
        *example_out = "512, 64KiB or 10MiB";
        return "a size in bytes";
    }
    *example_out = "";
    return "a type that this version does not know";
}

static const char *value_is(enum wtl_flow_value_kind kind)
{
    static const char *const names[] = {"nothing",        "an integer",  "a decimal fraction",
                                        "a duration",     "a size",      "true or false",
                                        "text in quotes", "a plain word"};
    return names[kind];
}

static bool is_number(enum wtl_flow_value_kind kind)
{
    return kind >= WTL_FLOW_INT && kind <= WTL_FLOW_SIZE;
}

/* As the number that was written, for fields that are plain numbers with a unit. */
static bool plain_fits(const struct wtl_flow_value *value, const struct wtl_field *field)
{
    bool whole = value->kind == WTL_FLOW_INT ||
                 (value->f64 >= -9e15 && value->f64 <= 9e15 &&
                  value->f64 == (double)(int64_t)value->f64 && value->kind != WTL_FLOW_FLOAT);
    return is_number(value->kind) && (field->type == WTL_FIELD_F64 || whole);
}

static bool unit_fits(const struct wtl_flow_ast *ast, const struct wtl_flow_value *value,
                      const struct wtl_field *field)
{
    return value->unit.size == 0 ||
           (field->unit != NULL && strcmp(wtl_flow_str(ast, value->unit), field->unit) == 0);
}

static bool kind_fits(const struct wtl_flow_ast *ast, const struct wtl_flow_value *value,
                      const struct wtl_field *field)
{
    bool bare = value->kind == WTL_FLOW_INT && value->unit.size == 0;
    switch (field->type) {
    case WTL_FIELD_I64:
    case WTL_FIELD_F64:
        return plain_fits(value, field) && unit_fits(ast, value, field);
    case WTL_FIELD_BOOL:
        return value->kind == WTL_FLOW_BOOL;
    case WTL_FIELD_STR:
        return value->kind == WTL_FLOW_STRING || value->kind == WTL_FLOW_WORD;
    case WTL_FIELD_DURATION_MS:
        return (value->kind == WTL_FLOW_DURATION && value->i64 >= 0) || (bare && value->i64 == 0);
    case WTL_FIELD_BYTES:
        return (value->kind == WTL_FLOW_SIZE || bare) && value->i64 >= 0;
    }
    return false;
}

bool wtl_flow_value_fits(const struct wtl_flow_ast *ast, const struct wtl_flow_value *value,
                         const struct wtl_field *field, char why_out[WTL_FLOW_MISFIT_MAX],
                         char help_out[WTL_FLOW_MISFIT_MAX])
{
    const char *example = "";
    const char *wants = field_wants(field->type, &example);
    why_out[0] = '\0';
    help_out[0] = '\0';
    if (kind_fits(ast, value, field)) {
        return true;
    }
    bool plain = field->type == WTL_FIELD_I64 || field->type == WTL_FIELD_F64;
    bool spread = field->type == WTL_FIELD_DURATION_MS || field->type == WTL_FIELD_BYTES;
    (void)snprintf(help_out, WTL_FLOW_MISFIT_MAX, "for example %s = %s", field->name, example);
    if (plain && plain_fits(value, field)) {
        const char *unit = wtl_flow_str(ast, value->unit);
        if (field->unit != NULL) {
            (void)snprintf(why_out, WTL_FLOW_MISFIT_MAX, "is counted in %.40s and not in %.40s",
                           field->unit, unit);
        } else {
            (void)snprintf(why_out, WTL_FLOW_MISFIT_MAX, "has no unit, and %.40s was given", unit);
        }
    } else if (spread && is_number(value->kind) && value->f64 < 0) {
        (void)snprintf(why_out, WTL_FLOW_MISFIT_MAX, "takes %s, which is not negative", wants);
    } else if (spread && value->unit.size > 0 && value->kind <= WTL_FLOW_FLOAT) {
        (void)snprintf(why_out, WTL_FLOW_MISFIT_MAX, "takes %s, and %.40s is no unit of one", wants,
                       wtl_flow_str(ast, value->unit));
    } else if (field->type == WTL_FIELD_DURATION_MS && value->kind <= WTL_FLOW_FLOAT) {
        (void)snprintf(why_out, WTL_FLOW_MISFIT_MAX, "takes a duration, and a unit is missing");
    } else {
        (void)snprintf(why_out, WTL_FLOW_MISFIT_MAX, "takes %s, and this is %s", wants,
                       value_is(value->kind));
    }
    return false;
}

const struct wtl_field *wtl_flow_find_field(const struct wtl_actor *actor, const char *name)
{
    for (unsigned i = 0; actor->fields != NULL && i < WTL_FLOW_FIELDS_MAX; i++) {
        const struct wtl_field *field = &actor->fields[i];
        if (field->name == NULL) {
            break;
        }
        if (strcmp(field->name, name) == 0) {
            return field;
        }
    }
    return NULL;
}

/* The value fits the field. */
static void store(const struct wtl_field *field, const struct wtl_flow_value *value,
                  const char *text, uint8_t *settings)
{
    bool plain = value->kind == WTL_FLOW_INT || field->type != WTL_FIELD_I64;
    int64_t i64 = plain ? value->i64 : (int64_t)value->f64;
    bool yes = value->i64 != 0;
    uint8_t *at = settings + field->offset;
    switch (field->type) {
    case WTL_FIELD_I64:
    case WTL_FIELD_DURATION_MS:
    case WTL_FIELD_BYTES:
        memcpy(at, &i64, sizeof i64);
        break;
    case WTL_FIELD_F64:
        memcpy(at, &value->f64, sizeof value->f64);
        break;
    case WTL_FIELD_BOOL:
        memcpy(at, &yes, sizeof yes);
        break;
    case WTL_FIELD_STR:
        memcpy(at, &text, sizeof text);
        break;
    }
}

/* A default as it was declared: a number with the unit of its type, true, false, or text. */
static bool store_default(const struct wtl_field *field, uint8_t *settings)
{
    const char *text = field->default_;
    size_t size = strlen(text);
    size_t unit = 0;
    struct wtl_flow_value value = {.kind = WTL_FLOW_STRING};
    if (field->type == WTL_FIELD_BOOL) {
        value.kind = WTL_FLOW_BOOL;
        value.i64 = strcmp(text, "true") == 0;
        if (value.i64 == 0 && strcmp(text, "false") != 0) {
            return false;
        }
    } else if (field->type != WTL_FIELD_STR) {
        bool digits = size > 0 && strchr("0123456789+-", text[0]) != NULL;
        bool own_unit = false;
        if (!digits || wtl__flow_number(text, size, &value, &unit) != NULL) {
            return false;
        }
        own_unit = field->unit != NULL && strcmp(text + unit, field->unit) == 0;
        bool spread = value.kind == WTL_FLOW_DURATION || value.kind == WTL_FLOW_SIZE;
        bool plain = field->type == WTL_FIELD_I64 || field->type == WTL_FIELD_F64;
        if (unit < size && !own_unit && (plain || !spread)) {
            return false;
        }
        struct wtl_flow_ast *none = NULL;
        value.unit.size = 0; /* was just judged */
        if (!kind_fits(none, &value, field)) {
            return false;
        }
    }
    store(field, &value, text, settings);
    return true;
}

static const struct wtl_flow_setting *find_setting(const struct wtl_flow_ast *ast, uint16_t stage,
                                                   const char *key)
{
    for (uint16_t i = 0; ast != NULL && i < ast->setting_count; i++) {
        const struct wtl_flow_setting *setting = &ast->settings[i];
        if (setting->stage == stage && strcmp(wtl_flow_str(ast, setting->key), key) == 0) {
            return setting;
        }
    }
    return NULL;
}

static enum wtl_status fill_field(const struct wtl_flow_ast *ast, uint16_t stage,
                                  const struct wtl_field *field, uint8_t *settings,
                                  struct wtl_error *error)
{
    char why[WTL_FLOW_MISFIT_MAX];
    char help[WTL_FLOW_MISFIT_MAX];
    const struct wtl_flow_setting *given = find_setting(ast, stage, field->name);
    if (given != NULL) {
        if (!wtl_flow_value_fits(ast, &given->value, field, why, help)) {
            return wtl_fail(error, WTL_INVALID, "setting %s %s: %s", field->name, why, help);
        }
        store(field, &given->value, wtl_flow_str(ast, given->value.text), settings);
        return WTL_OK;
    }
    if (field->default_ == NULL) {
        return wtl_fail(error, WTL_INVALID, "setting %s is mandatory and was not given",
                        field->name);
    }
    if (!store_default(field, settings)) {
        return wtl_fail(error, WTL_ABI, "the declared default of setting %s is not valid: %s",
                        field->name, field->default_);
    }
    return WTL_OK;
}

static enum wtl_status refuse_unknown(const struct wtl_flow_ast *ast, uint16_t stage,
                                      const struct wtl_actor *actor, struct wtl_error *error)
{
    for (uint16_t i = 0; ast != NULL && i < ast->setting_count; i++) {
        const char *key = wtl_flow_str(ast, ast->settings[i].key);
        if (ast->settings[i].stage == stage && wtl_flow_find_field(actor, key) == NULL) {
            return wtl_fail(error, WTL_INVALID, "%s has no setting %s", actor->name, key);
        }
    }
    return WTL_OK;
}

enum wtl_status wtl_flow_settings_fill(const struct wtl_flow_ast *ast, uint16_t stage,
                                       const struct wtl_actor *actor, void *settings_out,
                                       size_t size, struct wtl_error *error)
{
    if (size < actor->settings_size) {
        return wtl_fail(error, WTL_TOO_LARGE, "the settings of %s need %u bytes, and %zu are there",
                        actor->name, (unsigned)actor->settings_size, size);
    }
    if (ast != NULL && stage >= ast->stage_count) {
        return wtl_fail(error, WTL_INVALID, "the flow has no stage %u", stage);
    }
    if (size > 0) {
        memset(settings_out, 0, size);
    }
    for (unsigned i = 0; actor->fields != NULL && i < WTL_FLOW_FIELDS_MAX; i++) {
        const struct wtl_field *field = &actor->fields[i];
        if (field->name == NULL) {
            break;
        }
        size_t width = field_size(field->type);
        if (width == 0 || field->offset > actor->settings_size ||
            width > actor->settings_size - field->offset) {
            return wtl_fail(error, WTL_ABI, "setting %s of %s lies outside of its settings struct",
                            field->name, actor->name);
        }
        enum wtl_status status = fill_field(ast, stage, field, settings_out, error);
        if (status != WTL_OK) {
            return status;
        }
    }
    return refuse_unknown(ast, stage, actor, error);
}
