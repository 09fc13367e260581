/*
 * modules.c - modules and settings. See world.h.
 *
 * There is no unloading, so that a module is loaded once in a process and stays for all worlds.
 */
#include "testkit/world.h"

#include <limits.h>
#include <stdarg.h>
#include <stdlib.h>

#include <wattle/settings.h>

#include "module/module.h"

static struct wtl__modules modules;

void wtl__test_modules_begin(void)
{
    for (uint32_t i = 0; i < modules.count; i++) {
        modules.items[i]->quarantined = false;
        modules.items[i]->faults = 0;
    }
}

static bool is_loaded(const char *path)
{
    char real[PATH_MAX];
    bool found = false;
    for (uint32_t i = 0; realpath(path, real) != NULL && i < modules.count && !found; i++) {
        found = strcmp(modules.items[i]->image.path, real) == 0;
    }
    return found;
}

void wtl__test_load(struct wtl_test *t, const char *path)
{
    struct wtl_error error = {0};
    if (t->is_over || is_loaded(path)) {
        return;
    }
    /* by its path, so that a debugger finds the source; where others could have changed the file,
     * which a node refuses, its bytes are taken as they are now */
    enum wtl_status status = wtl__module_load(&modules, path, WTL__MODULE_DEV, NULL, &error);
    if (status == WTL_DENIED) {
        status = wtl__module_load(&modules, path, WTL__MODULE_SEALED, NULL, &error);
    }
    if (status != WTL_OK) {
        wtl__test_fail(t, "%s", error.text);
    }
}

void wtl__test_add(struct wtl_test *t, const struct wtl_module *entry)
{
    struct wtl_error error = {0};
    bool is_there = t->is_over;
    for (uint32_t i = 0; i < modules.count; i++) {
        is_there = is_there || modules.items[i]->entry == entry;
    }
    if (!is_there && wtl__module_add(&modules, entry, &error) != WTL_OK) {
        wtl__test_fail(t, "%s", error.text);
    }
}

const struct wtl_actor *wtl__test_actor(struct wtl_test *t, const char *name)
{
    static const struct wtl_actor none = {.size = sizeof none, .name = "none"};
    const struct wtl_actor *type = wtl__module_actor(&modules, name, NULL);
    if (type == NULL) {
        wtl__test_fail(t,
                       "there is no actor type %s: expected \"module.actor\" of a module that was "
                       "given to wtl_test_load or wtl_test_add",
                       name);
    }
    return type != NULL ? type : &none;
}

/* ---- settings -------------------------------------------------------------------------------- */

/* One "name=value" into the settings. */
static void set(struct wtl_test *t, const struct wtl_actor *type, const char *pair, void *settings,
                bool *is_set)
{
    struct wtl_error error = {0};
    size_t size = strcspn(pair, "=");
    char *text = wtl__test_alloc(t, strlen(pair) + 1); /* settings may point into it */
    memcpy(text, pair, strlen(pair));
    text[size] = '\0';
    const struct wtl_field *field = wtl_setting_find(type, text);
    if (pair[size] == '\0' || field == NULL) {
        wtl__test_fail(t, "expected NAME=VALUE with a setting of %s, got \"%s\"", type->name, pair);
    } else if (wtl_setting_read(field, text + size + 1, settings, &error) != WTL_OK) {
        wtl__test_fail(t, "%s: %s", type->name, error.text);
    } else {
        is_set[field - type->fields] = true;
    }
}

const void *wtl__test_settings(struct wtl_test *t, const struct wtl_actor *type, ...)
{
    bool is_set[WTL_FIELDS_MAX] = {false};
    void *settings = wtl__test_alloc(t, type->settings_size + 1);
    va_list arguments;
    va_start(arguments, type);
    for (const char *pair = va_arg(arguments, const char *); pair != NULL;
         pair = va_arg(arguments, const char *)) {
        set(t, type, pair, settings, is_set);
    }
    va_end(arguments);
    for (uint32_t i = 0; type->fields != NULL && type->fields[i].name != NULL; i++) {
        const struct wtl_field *field = &type->fields[i];
        struct wtl_error error = {0};
        if (!is_set[i] && field->default_ == NULL) {
            wtl__test_fail(t, "setting %s of %s is mandatory", field->name, type->name);
        } else if (!is_set[i] &&
                   wtl_setting_read(field, field->default_, settings, &error) != WTL_OK) {
            wtl__test_fail(t, "the default of %s: %s", type->name, error.text);
        }
    }
    return settings;
}
