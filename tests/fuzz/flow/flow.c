/*
 * flow.c - fuzz target of the notation: whatever comes as a source is parsed, checked and rendered,
 * twice with the same result; what is accepted is packed and read back; whatever comes is also read
 * as a packed flow.
 */
#include "flow/check.h"
#include "flow/graph.h"
#include "flow/pack.h"
#include "flow/parse.h"
#include "flow/settings.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define ROOM (256u * 1024)

static struct wtl_flow_ast ast;
static struct wtl_flow_ast other;
static struct wtl_flow_diags diags;
static char first[ROOM];
static char second[ROOM];
static uint8_t packed[ROOM];

#define DEMAND(condition)                                                                          \
    do {                                                                                           \
        if (!(condition)) {                                                                        \
            abort();                                                                               \
        }                                                                                          \
    } while (0)

static const struct wtl_field fields[] = {
    {.name = "i", .type = WTL_FIELD_I64, .offset = 0, .default_ = "1", .unit = "s"},
    {.name = "f", .type = WTL_FIELD_F64, .offset = 8, .default_ = "0.5", .unit = "celsius"},
    {.name = "d", .type = WTL_FIELD_DURATION_MS, .offset = 16, .default_ = "60s"},
    {.name = "b", .type = WTL_FIELD_BYTES, .offset = 24, .default_ = "64KiB"},
    {.name = "s", .type = WTL_FIELD_STR, .offset = 32, .default_ = ""},
    {.name = "y", .type = WTL_FIELD_BOOL, .offset = 40, .default_ = "true"},
    {0},
};
static const struct wtl_actor actor = {
    .name = "a", .kind = WTL_PROCESSOR, .settings_size = 48, .fields = fields};

static const struct wtl_actor *resolve(void *context, const char *module, const char *name)
{
    (void)context;
    return module[0] == 'm' && name[0] != 'z' ? &actor : NULL;
}

static const struct wtl_actor *list(void *context, const char *module, unsigned index)
{
    (void)context;
    return module[0] == 'm' && index == 0 ? &actor : NULL;
}

static const char *version(void *context, const char *module)
{
    (void)context;
    return module[0] == 'm' ? "1.2.3" : NULL;
}

static const struct wtl_flow_modules modules = {
    .resolve = resolve, .list = list, .version = version};

static bool read_source(const char *source, size_t size, char *out)
{
    wtl_flow_diags_init(&diags);
    bool parsed = wtl_flow_parse(&ast, source, size, "t", &diags) == WTL_OK;
    bool checked = wtl_flow_check(&ast, NULL, &diags) == WTL_OK;
    DEMAND(parsed || !checked);
    DEMAND(checked == ast.checked);
    DEMAND(checked == (diags.errors == 0));
    enum wtl_status known = wtl_flow_check_modules(&ast, &modules, &diags);
    DEMAND(known == WTL_OK || known == WTL_INVALID);
    size_t length = wtl_flow_diags_render(&diags, "t.flow", source, size, out, ROOM);
    DEMAND(length < ROOM);
    for (size_t i = 0; i < length; i++) {
        DEMAND((unsigned char)out[i] >= 0x20 || out[i] == '\n' || out[i] == '\t');
    }
    return checked;
}

static void use_checked(void)
{
    uint8_t settings[48];
    for (uint16_t i = 0; i < ast.stage_count; i++) {
        enum wtl_status status =
            wtl_flow_settings_fill(&ast, i, &actor, settings, sizeof settings, NULL);
        DEMAND(status == WTL_OK || status == WTL_INVALID);
    }
    struct wtl_writer writer = wtl_writer_over(packed, sizeof packed);
    DEMAND(wtl_flow_to_pack(&ast, &writer) == WTL_OK);
    struct wtl_reader reader = wtl_reader_over(packed, wtl_written(&writer));
    DEMAND(wtl_flow_from_pack(&other, &reader, NULL) == WTL_OK);
    for (int format = WTL_FLOW_TEXT; format <= WTL_FLOW_MERMAID; format++) {
        size_t here = wtl_flow_graph(&ast, (enum wtl_flow_graph_format)format, first, ROOM);
        size_t there = wtl_flow_graph(&other, (enum wtl_flow_graph_format)format, second, ROOM);
        DEMAND(here == there && memcmp(first, second, here < ROOM ? here : ROOM) == 0);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const char *source = (const char *)data;
    bool checked = read_source(source, size, first);
    DEMAND(read_source(source, size, second) == checked);
    DEMAND(strcmp(first, second) == 0);
    if (checked) {
        use_checked();
    }
    struct wtl_reader reader = wtl_reader_over(data, size);
    if (wtl_flow_from_pack(&other, &reader, NULL) == WTL_OK) {
        DEMAND(other.checked);
        (void)wtl_flow_graph(&other, WTL_FLOW_DOT, first, ROOM);
    }
    return 0;
}
