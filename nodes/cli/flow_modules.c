/* flow_modules.c - see flow_modules.h. Thread: one. */
#include "cli/flow_modules.h"

#include <string.h>

#include "flow/check.h"
#include "node/module_types.h"

/* ---- what is known -------------------------------------------------------------------------- */

static const struct wtl_module *find(const struct wtl__flow_known *known, const char *name)
{
    return known->find(known->context, name);
}

static const struct wtl_actor *list(void *context, const char *module, unsigned index)
{
    const struct wtl_module *entry = find(context, module);
    return entry != NULL && index < entry->actors_count ? entry->actors[index] : NULL;
}

static const struct wtl_actor *resolve(void *context, const char *module, const char *actor)
{
    const struct wtl_actor *type;
    for (unsigned i = 0; (type = list(context, module, i)) != NULL; i++) {
        if (strcmp(type->name, actor) == 0) {
            return type;
        }
    }
    return NULL;
}

static const char *version(void *context, const char *module)
{
    const struct wtl_module *entry = find(context, module);
    return entry != NULL ? entry->version : NULL;
}

/* May the stage run on that node? */
static bool is_for(const struct wtl_flow_ast *ast, uint16_t stage, const struct wtl_identity *node)
{
    const struct wtl_flow_place *place = &ast->stages[stage].place;
    while (place->kind == WTL_FLOW_WITH) { /* ends at another place: the flow was checked */
        place = &ast->stages[place->stage].place;
    }
    return place->kind == WTL_FLOW_ON_NODE
               ? strcmp(wtl_flow_str(ast, place->name), node->name) == 0
               : strcmp(wtl_flow_layer_name(place->layer), wtl_layer_name(node->layer)) == 0;
}

static bool is_known(void *context, const struct wtl_flow_ast *ast, uint16_t stage)
{
    const struct wtl__flow_known *known = context;
    return find(known, wtl_flow_str(ast, ast->stages[stage].module)) != NULL &&
           (known->node == NULL || is_for(ast, stage, known->node));
}

/* ---- comparing ------------------------------------------------------------------------------- */

enum wtl__end wtl__flow_compare(const struct wtl__cli *cli, struct wtl__flow_file *flow,
                                const struct wtl__flow_known *known)
{
    struct wtl__flow_known context = *known;
    const struct wtl_flow_modules modules = {.context = &context,
                                             .resolve = resolve,
                                             .list = list,
                                             .version = version,
                                             .is_known = is_known};
    unsigned warnings = flow->diags.warnings;
    wtl_flow_diags_init(&flow->diags); /* what it held was printed */
    enum wtl_status status = wtl_flow_check_modules(&flow->ast, &modules, &flow->diags);
    wtl__flow_print(cli, flow);
    flow->diags.warnings += warnings;
    return status == WTL_OK ? WTL__END_OK : WTL__END_DATA;
}

/* ---- modules of files ----------------------------------------------------------------------- */

static enum wtl_status load(const struct wtl__cli *cli, struct wtl__module_types *types,
                            struct wtl_error *error)
{
    const char *path = NULL;
    enum wtl_status status = WTL_OK;
    for (size_t i = 0; status == WTL_OK && i < cli->modules_count; i++) {
        status = wtl__module_types_add(types, cli->modules[i](), error);
    }
    for (uint32_t i = 0; status == WTL_OK && (path = wtl__value_at(cli, "module", i)) != NULL;
         i++) {
        status = wtl__module_types_load(types, path, error);
    }
    return status;
}

enum wtl__end wtl__flow_compare_files(const struct wtl__cli *cli, struct wtl__flow_file *flow)
{
    struct wtl_error error = {0};
    struct wtl__module_types *types = wtl__module_types_create();
    const struct wtl__flow_known known = {.context = types, .find = wtl__module_types_find};
    enum wtl_status status =
        types != NULL ? load(cli, types, &error) : wtl_fail(&error, WTL_NO_MEMORY, "no memory");
    enum wtl__failure failure = status == WTL_NOT_FOUND ? WTL__FAILURE_FILE : WTL__FAILURE_MODULE;
    enum wtl__end end = WTL__END_OK;
    if (status == WTL_OK) {
        end = wtl__flow_compare(cli, flow, &known);
    } else {
        end = wtl__fail(&cli->report, failure, NULL, "%s", error.text);
        wtl__fail_line(&cli->report, "help", "wattle explain E%04u", (unsigned)failure);
    }
    wtl__module_types_destroy(types);
    return end;
}
