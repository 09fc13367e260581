/*
 * kit.c - reading one flow, and the modules that the tests know.
 */
#include "kit.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

struct wtl_flow_ast kit_ast;
struct wtl_flow_diags kit_diags;

enum wtl_status kit_read(const char *source)
{
    wtl_flow_diags_init(&kit_diags);
    enum wtl_status parsed = wtl_flow_parse(&kit_ast, source, strlen(source), "t", &kit_diags);
    enum wtl_status checked = wtl_flow_check(&kit_ast, NULL, &kit_diags);
    cr_assert(parsed == WTL_OK || checked == WTL_INVALID, "an error of parsing stays one");
    return checked;
}

enum wtl_status kit_read_modules(const char *source)
{
    enum wtl_status status = kit_read(source);
    enum wtl_status modules = wtl_flow_check_modules(&kit_ast, &kit_modules, &kit_diags);
    return status != WTL_OK ? status : modules;
}

const char *kit_text(const char *source)
{
    static char text[64 * 1024];
    size_t used = 0;
    text[0] = '\0';
    for (unsigned i = 0; i < kit_diags.count; i++) {
        used += wtl_flow_diag_render(&kit_diags.list[i], "t.flow", source, strlen(source),
                                     text + used, sizeof text - used);
    }
    return text;
}

void kit_refused(const char *source, const char *expected)
{
    cr_expect(kit_read(source) == WTL_INVALID, "accepted: %s", source);
    const char *text = kit_text(source);
    cr_expect(strcmp(text, expected) == 0, "%s\n--- expected\n%s--- came\n%s", source, expected,
              text);
}

void kit_accepted(const char *source)
{
    cr_expect(kit_read(source) == WTL_OK, "refused: %s\n%s", source, kit_text(source));
    cr_expect(kit_ast.checked);
}

static const struct wtl_field temp_fields[] = {
    WTL_FIELD(struct kit_temp_settings, bus, STR, NULL, NULL, "the bus that it hangs on"),
    WTL_FIELD(struct kit_temp_settings, period, DURATION_MS, "60s", NULL, "between readings"),
    WTL_FIELD(struct kit_temp_settings, offset, F64, "-0.5", "celsius", "added to readings"),
    WTL_FIELD(struct kit_temp_settings, retries, I64, "3", "s", "counted in seconds"),
    WTL_FIELD(struct kit_temp_settings, buffer, BYTES, "64KiB", NULL, "kept while away"),
    WTL_FIELD(struct kit_temp_settings, fast, BOOL, "false", NULL, "reads without waiting"),
    {0},
};

const struct wtl_actor kit_temp = {.size = sizeof(struct wtl_actor),
                                   .name = "temp",
                                   .kind = WTL_PRODUCER,
                                   .settings_size = sizeof(struct kit_temp_settings),
                                   .fields = temp_fields};
static const struct wtl_actor clean = {.name = "clean", .kind = WTL_PROCESSOR};
static const struct wtl_actor store = {.name = "store", .kind = WTL_CONSUMER};
static const struct wtl_actor plain = {.name = "plain", .kind = WTL_PLAIN};
static const struct wtl_actor *const actors[] = {&kit_temp, &clean, &store, &plain};

static const struct wtl_actor *list(void *context, const char *module, unsigned index)
{
    (void)context;
    return strcmp(module, "climate") == 0 && index < 4 ? actors[index] : NULL;
}

static const struct wtl_actor *resolve(void *context, const char *module, const char *actor)
{
    for (unsigned i = 0; list(context, module, i) != NULL; i++) {
        if (strcmp(actors[i]->name, actor) == 0) {
            return actors[i];
        }
    }
    return NULL;
}

static const char *version(void *context, const char *module)
{
    (void)context;
    return strcmp(module, "climate") == 0 ? "1.2.0" : NULL;
}

const struct wtl_flow_modules kit_modules = {.resolve = resolve, .list = list, .version = version};
