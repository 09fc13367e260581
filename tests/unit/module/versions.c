/* versions.c - several versions of one module in a table: what is loaded, and who runs what. */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "actor/kit.h"
#include "module/upgrade.h"
#include "module_kit.h"

static enum wtl_status load_version(const char *path, struct wtl__module **module_out,
                                    struct wtl_error *error)
{
    struct wtl__image image;
    cr_assert_eq(wtl__image_open(path, &image, error), WTL_OK);
    return wtl__module_load_version(&kit_modules, wtl__module_find(&kit_modules, "clerk"), &image,
                                    WTL__MODULE_SEALED, module_out, error);
}

static struct wtl__module *version(const char *path)
{
    struct wtl__module *module = NULL;
    struct wtl_error error = {.status = WTL_OK};
    cr_assert_eq(load_version(path, &module, &error), WTL_OK, "%s", error.text);
    return module;
}

/* The same bytes are the same code: going forth and back takes no more memory. */
Test(versions, L19_the_same_bytes_are_the_same_code)
{
    struct wtl_error error = {.status = WTL_OK};
    struct wtl__module *none = NULL;
    const struct wtl__module *first = kit_load(SO("clerk_1"));
    struct wtl__module *second = version(SO("clerk_2"));
    cr_assert_neq(second->entry, first->entry);
    cr_assert_eq(wtl__module_find(&kit_modules, "clerk"), first, "it is only loaded");
    cr_assert_eq(version(SO("clerk_2")), second);
    wtl__module_switch(&kit_modules, second);
    cr_assert_eq(wtl__module_find(&kit_modules, "clerk"), second);
    cr_assert_str_eq(wtl__module_actor(&kit_modules, "clerk.clerk", NULL)->name, "clerk");
    cr_assert_eq(version(SO("clerk_1")), first);
    cr_assert_eq(load_version(SO("clerk_2"), &none, &error), WTL_EXISTS);
    cr_assert_eq(atomic_load(&kit_modules.count), 1);
    wtl__modules_deinit(&kit_modules);
}

/* The path is no matter: what was replaced under it is other code. */
Test(versions, L19_a_path_that_was_used_before)
{
    char path[] = "/tmp/wattle-version-XXXXXX";
    char command[512];
    int fd = mkstemp(path);
    cr_assert_geq(fd, 0);
    (void)close(fd);
    (void)snprintf(command, sizeof command, "cp %s %s", SO("clerk_1"), path);
    cr_assert_eq(system(command), 0);
    struct wtl_error error = {.status = WTL_OK};
    const struct wtl__module *first = NULL;
    cr_assert_eq(wtl__module_load(&kit_modules, path, WTL__MODULE_DEV, &first, &error), WTL_OK,
                 "%s", error.text);
    (void)snprintf(command, sizeof command, "cp %s %s.new && mv %s.new %s", SO("clerk_2"), path,
                   path, path);
    cr_assert_eq(system(command), 0);
    struct wtl__module *second = version(path);
    (void)unlink(path);
    cr_assert_str_eq(second->entry->version, "2.0.0");
    cr_assert_str_eq(first->entry->version, "1.0.0");
    wtl__modules_deinit(&kit_modules);
}

Test(versions, L19_who_runs_what)
{
    struct kit kit;
    (void)kit_load(SO("clerk_1"));
    kit_init(&kit, 1);
    const struct wtl_actor *old = wtl__module_actor(&kit_modules, "clerk.clerk", NULL);
    struct wtl__module *second = version(SO("clerk_2"));
    wtl__module_switch(&kit_modules, second);
    const struct wtl_actor *new = wtl__module_actor(&kit_modules, "clerk.clerk", NULL);
    for (int i = 0; i < 5; i++) {
        (void)wtl__spawn(&kit.step.runtime, NULL, i < 2 ? old : new, NULL, 0);
    }
    kit_settle(&kit);
    struct wtl__census *census =
        wtl__census_begin(&kit.step.runtime, NULL, &kit_modules, NULL, 0, WTL_PID_NONE, 0);
    cr_assert_not_null(census);
    kit_settle(&kit);
    cr_assert(wtl__census_is_done(census));
    cr_assert_eq(census->rows_count, 2);
    for (uint32_t i = 0; i < 2; i++) {
        bool is_new = census->rows[i].entry == second->entry;
        cr_assert_eq(census->rows[i].runs, is_new);
        cr_assert_eq(wtl__census_actors(census, i), is_new ? 3 : 2);
    }
    wtl__census_release(census);
    kit_deinit(&kit);
    wtl__modules_deinit(&kit_modules);
}
