/*
 * modules.c - modules and settings. See world.h.
 *
 * There is no unloading: a file is loaded once in a process, and stays for all worlds. Each begins
 * with the version that it loads.
 */
#include "testkit/world.h"

#include <limits.h>
#include <stdarg.h>
#include <stdlib.h>

#include <wattle/settings.h>

#include "module/about.h"
#include "module/module.h"

static struct wtl__modules modules;
/* Those that this world has loaded: which version that was is settled. */
static bool is_in_world[WTL__MODULES_MAX];

struct wtl__modules *wtl__test_modules(void)
{
    return &modules;
}

void wtl__test_modules_begin(void)
{
    for (uint32_t i = 0; i < modules.count; i++) {
        struct wtl__module *module = modules.versions[i];
        struct wtl__module *first = module; /* the last one that the list has */
        for (; module != NULL; module = module->next_version) {
            module->quarantined = false;
            module->faults = 0;
            first = module;
        }
        wtl__module_switch(&modules, first);
        is_in_world[i] = false;
    }
}

/* ---- loading --------------------------------------------------------------------------------- */

/* It is what this world has loaded, unless that has another version of it. */
static void take_version(uint32_t index, struct wtl__module *module)
{
    if (!is_in_world[index]) {
        is_in_world[index] = true;
        wtl__module_switch(&modules, module);
    }
}

static bool is_it(const struct wtl__module *module, const char *path,
                  const struct wtl_module *entry)
{
    return entry != NULL ? module->entry == entry
                         : path != NULL && strcmp(module->image.path, path) == 0;
}

/* Takes the version that a world before has loaded from that file, or that has that entry; of
 * several with the same bytes the first one, which a debugger knows best. */
static bool take_loaded(const char *path, const struct wtl_module *entry)
{
    struct wtl__module *found = NULL;
    uint32_t index = 0;
    for (uint32_t i = 0; i < modules.count; i++) {
        struct wtl__module *module = modules.versions[i];
        for (; module != NULL; module = module->next_version) {
            if (is_it(module, path, entry)) {
                found = module;
                index = i;
            }
        }
    }
    if (found != NULL) {
        take_version(index, found);
    }
    return found != NULL;
}

/* Where the module is that a world before has loaded in another version. */
static bool find_other_version(const struct wtl__image *image, uint32_t *index_out)
{
    struct wtl__about about = {.name = ""};
    bool is_known = false;
    if (wtl__about_read(image->bytes, image->size, &about, NULL) == WTL_OK) {
        for (uint32_t i = 0; i < modules.count && !is_known; i++) {
            is_known = !is_in_world[i] && strcmp(modules.items[i]->entry->name, about.name) == 0;
            *index_out = i;
        }
    }
    return is_known;
}

static enum wtl_status load(const char *path, enum wtl__module_how how, struct wtl_error *error)
{
    struct wtl__image image;
    struct wtl__module *module = NULL;
    uint32_t index = modules.count;
    enum wtl_status status = wtl__image_open(path, &image, error);
    if (status != WTL_OK) {
        return wtl__module_about(error, status, path);
    }
    if (find_other_version(&image, &index)) {
        status = wtl__module_load_version(&modules, modules.items[index], &image, WTL__MODULE_AGAIN,
                                          &module, error);
    } else {
        status = wtl__module_load_image(&modules, &image, how, NULL, error);
        module = status == WTL_OK ? modules.items[index] : NULL;
    }
    if (status == WTL_OK) {
        take_version(index, module);
    }
    return status;
}

void wtl__test_load(struct wtl_test *t, const char *path)
{
    struct wtl_error error = {0};
    char real[PATH_MAX];
    if (t->is_over || (realpath(path, real) != NULL && take_loaded(real, NULL))) {
        return;
    }
    /* by its path, so that a debugger finds the source; where others could have changed the file,
     * which a node refuses, its bytes are taken as they are now */
    enum wtl_status status = load(path, WTL__MODULE_DEV, &error);
    if (status == WTL_DENIED) {
        status = load(path, WTL__MODULE_SEALED, &error);
    }
    if (status != WTL_OK) {
        wtl__test_fail(t, "%s", error.text);
    }
}

void wtl__test_add(struct wtl_test *t, const struct wtl_module *entry)
{
    struct wtl_error error = {0};
    uint32_t index = modules.count;
    if (t->is_over || take_loaded(NULL, entry)) {
        return;
    }
    if (wtl__module_add(&modules, entry, &error) == WTL_OK) {
        take_version(index, modules.items[index]);
    } else {
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
