/* module_kit.c - see module_kit.h. */
#include "module_kit.h"

#include <stdio.h>
#include <stdlib.h>

#include "module/guard.h"
#include "sched/system.h"

struct wtl__modules kit_modules;

const struct wtl__module *kit_load(const char *path)
{
    const struct wtl__module *module = NULL;
    struct wtl_error error = {0};
    enum wtl_status status =
        wtl__module_load(&kit_modules, path, WTL__MODULE_SEALED, &module, &error);
    cr_assert_eq(status, WTL_OK, "%s", error.text);
    return module;
}

void kit_refused(const char *path, enum wtl_status status, const char *const *words)
{
    struct wtl_error error = {0};
    uint32_t before = atomic_load(&kit_modules.count);
    enum wtl_status came = wtl__module_load(&kit_modules, path, WTL__MODULE_SEALED, NULL, &error);
    cr_assert_eq(came, status, "%s: %s", wtl_status_word(came), error.text);
    cr_assert_eq(error.status, status);
    cr_assert_eq(atomic_load(&kit_modules.count), before);
    cr_assert_not_null(strstr(error.text, path), "no path in \"%s\"", error.text);
    for (; *words != NULL; words++) {
        cr_assert_not_null(strstr(error.text, *words), "no \"%s\" in \"%s\"", *words, error.text);
    }
}

void *kit_read(const char *path, size_t *size_out)
{
    FILE *file = fopen(path, "re");
    cr_assert_not_null(file);
    (void)fseek(file, 0, SEEK_END);
    *size_out = (size_t)ftell(file);
    rewind(file);
    void *bytes = malloc(*size_out);
    cr_assert_eq(fread(bytes, 1, *size_out, file), *size_out);
    (void)fclose(file);
    return bytes;
}

/* ---- a runtime with threads ---------------------------------------------------------------- */

void asker_open(struct asker *asker, unsigned workers)
{
    struct wtl_error error = {0};
    const struct wtl_runtime_options options = {.workers = workers};
    bool on = false;
    enum wtl_status status = wtl_runtime_create(&options, &asker->runtime, &error);
    cr_assert_eq(status, WTL_OK, "%s", error.text);
    status = wtl__guard_attach(wtl__runtime_of(asker->runtime), WTL__GUARD_ON, &on, &error);
    cr_assert_eq(status, WTL_OK, "%s", error.text);
    cr_assert(on);
    asker_begin(asker, asker->runtime);
}

void asker_close(struct asker *asker)
{
    wtl_runtime_stop(asker->runtime, 5000);
    wtl__guard_detach(wtl__runtime_of(asker->runtime));
    wtl_runtime_destroy(asker->runtime);
    wtl__modules_deinit(&kit_modules);
}
