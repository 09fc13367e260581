/* module_types.c - see module_types.h. */
#include "node/module_types.h"

#include <stdlib.h>

#include "module/module.h"

struct wtl__module_types {
    struct wtl__modules modules;
};

struct wtl__module_types *wtl__module_types_create(void)
{
    struct wtl__module_types *types = malloc(sizeof *types);
    if (types != NULL) {
        wtl__modules_init(&types->modules);
    }
    return types;
}

void wtl__module_types_destroy(struct wtl__module_types *types)
{
    if (types != NULL) {
        wtl__modules_deinit(&types->modules);
        free(types);
    }
}

enum wtl_status wtl__module_types_load(struct wtl__module_types *types, const char *path,
                                       struct wtl_error *error)
{
    const struct wtl__module *module = NULL;
    return wtl__module_load(&types->modules, path, WTL__MODULE_DEV, &module, error);
}

enum wtl_status wtl__module_types_add(struct wtl__module_types *types,
                                      const struct wtl_module *entry, struct wtl_error *error)
{
    return wtl__module_add(&types->modules, entry, error);
}

const struct wtl_module *wtl__module_types_find(void *types, const char *name)
{
    const struct wtl__module_types *all = types;
    const struct wtl__module *module = wtl__module_find(&all->modules, name);
    return module != NULL ? module->entry : NULL;
}
