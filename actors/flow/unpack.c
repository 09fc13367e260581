/*
 * unpack.c - a flow from msgpack that anybody may have sent. Pure functions; owns nothing.
 *
 * Reading checks the shape: counts, ranges, names, values. What the flow means is then checked by
 * wtl_flow_check, as if it had been parsed: mentions get the names of their stages for that. The
 * order of the fields is free, so mentions are looked at when everything has been read.
 */
#include "flow/check.h"
#include "flow/pack.h"
#include "flow/value.h"

#include <string.h>

struct unpack {
    struct wtl_flow_ast *ast;
    struct wtl_reader *r;
    const char *wrong; /* the first thing that was not as it should be */
};

/* Fails the reader, so that everything after this is passed over. */
static void refuse(struct unpack *u, const char *wrong)
{
    if (u->wrong == NULL) {
        u->wrong = wrong;
    }
    wtl_reader_fail(u->r);
}

static uint64_t get_up_to(struct unpack *u, uint64_t max, const char *wrong)
{
    uint64_t value = wtl_get_u64(u->r);
    if (value > max) {
        refuse(u, wrong);
        return 0;
    }
    return value;
}

static void expect_array(struct unpack *u, uint32_t count, const char *wrong)
{
    if (wtl_get_array(u->r) != count) {
        refuse(u, wrong);
    }
}

static struct wtl_flow_text get_text(struct unpack *u)
{
    struct wtl_flow_text text = {0, 0};
    size_t size = 0;
    const char *bytes = wtl_get_str(u->r, &size);
    if (bytes == NULL || size == 0) {
        return text;
    }
    if (memchr(bytes, '\0', size) != NULL) {
        refuse(u, "a text holds a NUL");
    } else if (!wtl__flow_keep(u->ast, bytes, size, &text)) {
        refuse(u, "there is too much text");
    }
    return text;
}

static struct wtl_flow_text get_name(struct unpack *u, const char *wrong)
{
    struct wtl_flow_text text = get_text(u);
    const char *name = wtl_flow_str(u->ast, text);
    if (!wtl__flow_name_valid(name, text.size) || wtl__flow_reserved(name, text.size)) {
        refuse(u, wrong);
    }
    return text;
}

static bool is_word(const char *text, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        char c = text[i];
        if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
              c == '_' || c == '-')) {
            return false;
        }
    }
    return size > 0;
}

static void get_value(struct unpack *u, struct wtl_flow_value *value)
{
    enum wtl_flow_value_kind kind =
        (enum wtl_flow_value_kind)get_up_to(u, WTL_FLOW_WORD, "an unknown kind of value");
    value->kind = kind;
    value->text = get_text(u);
    const char *text = wtl_flow_str(u->ast, value->text);
    size_t size = value->text.size;
    size_t unit = 0;
    if (kind == WTL_FLOW_BOOL) {
        value->i64 = strcmp(text, "true") == 0;
        if (value->i64 == 0 && strcmp(text, "false") != 0) {
            refuse(u, "a truth value is neither true nor false");
        }
    } else if (kind >= WTL_FLOW_INT && kind <= WTL_FLOW_SIZE) {
        bool digits = size > 0 && strchr("0123456789+-", text[0]) != NULL;
        if (!digits || wtl__flow_number(text, size, value, &unit) != NULL || value->kind != kind) {
            refuse(u, "a number is not what it says");
            return;
        }
        value->unit =
            (struct wtl_flow_text){value->text.offset + (uint32_t)unit, (uint32_t)(size - unit)};
    } else if (kind == WTL_FLOW_WORD && !is_word(text, size)) {
        refuse(u, "a plain word is none");
    } else if (kind == 0) {
        refuse(u, "an unknown kind of value");
    }
}

static void get_settings(struct unpack *u, uint16_t stage)
{
    struct wtl_flow_ast *ast = u->ast;
    for (uint32_t left = wtl_get_array(u->r); left > 0 && !u->r->failed; left--) {
        struct wtl_flow_setting setting = {.stage = stage};
        expect_array(u, 3, "a setting is not [key, kind, text]");
        setting.key = get_text(u);
        if (!is_word(wtl_flow_str(ast, setting.key), setting.key.size)) {
            refuse(u, "the key of a setting is no word");
        }
        get_value(u, &setting.value);
        if (ast->setting_count == WTL_FLOW_SETTINGS_MAX) {
            refuse(u, "there are too many settings");
            return;
        }
        ast->settings[ast->setting_count++] = setting;
    }
}

static void get_place(struct unpack *u, struct wtl_flow_place *place)
{
    expect_array(u, 3, "a place is not [kind, layer, name]");
    place->kind = (enum wtl_flow_place_kind)get_up_to(u, WTL_FLOW_WITH, "an unknown kind of place");
    place->layer = (enum wtl_flow_layer)get_up_to(u, WTL_FLOW_CLOUD, "an unknown layer");
    place->name = get_text(u);
    place->stage = WTL_FLOW_NONE;
    const char *name = wtl_flow_str(u->ast, place->name);
    bool layer = place->kind != WTL_FLOW_WITH && place->kind != WTL_FLOW_NOWHERE;
    bool named = place->name.size > 0;
    if (layer != (place->layer != WTL_FLOW_NO_LAYER) ||
        (place->kind == WTL_FLOW_ON_NODE ? !wtl__flow_node_name_valid(name, place->name.size)
                                         : named != (place->kind == WTL_FLOW_WITH))) {
        refuse(u, "a place does not fit its kind");
    }
}

static void get_stage(struct unpack *u)
{
    struct wtl_flow_ast *ast = u->ast;
    if (ast->stage_count == WTL_FLOW_STAGES_MAX) {
        refuse(u, "there are too many stages");
        return;
    }
    uint16_t index = ast->stage_count;
    struct wtl_flow_stage stage = {.declared = true};
    for (uint32_t left = wtl_get_map(u->r); left > 0 && !u->r->failed; left--) {
        if (WTL_GET_KEY(u->r, "name")) {
            stage.name = get_name(u, "a stage has no valid name");
        } else if (WTL_GET_KEY(u->r, "module")) {
            stage.module = get_name(u, "a module has no valid name");
        } else if (WTL_GET_KEY(u->r, "actor")) {
            stage.actor = get_name(u, "an actor has no valid name");
        } else if (WTL_GET_KEY(u->r, "place")) {
            get_place(u, &stage.place);
        } else if (WTL_GET_KEY(u->r, "copies")) {
            stage.copies = (uint16_t)get_up_to(u, WTL_FLOW_COPIES_MAX, "there are too many copies");
        } else if (WTL_GET_KEY(u->r, "at")) {
            expect_array(u, 2, "a position is not [line, column]");
            stage.at.line = (uint32_t)get_up_to(u, WTL_FLOW_SOURCE_MAX, "a line is too far");
            stage.at.column = (uint32_t)get_up_to(u, WTL_FLOW_SOURCE_MAX, "a column is too far");
        } else if (WTL_GET_KEY(u->r, "settings")) {
            get_settings(u, index);
        } else {
            wtl_skip(u->r);
            wtl_skip(u->r);
        }
    }
    if (stage.name.size == 0 || stage.module.size == 0 || stage.actor.size == 0 ||
        wtl_flow_find_stage(ast, wtl_flow_str(ast, stage.name), stage.name.size) != WTL_FLOW_NONE) {
        refuse(u, "a stage has no name of its own, or no actor");
        return;
    }
    ast->stages[ast->stage_count++] = stage;
}

static void get_step(struct unpack *u, struct wtl_flow_chain *chain)
{
    struct wtl_flow_ast *ast = u->ast;
    struct wtl_flow_step step = {.first_ref = ast->ref_count};
    expect_array(u, 3, "a step is not [kind, arrow, stages]");
    step.kind =
        (enum wtl_flow_step_kind)get_up_to(u, WTL_FLOW_CONCURRENT, "an unknown kind of step");
    step.arrow = (enum wtl_flow_arrow)get_up_to(u, WTL_FLOW_TWO_WAY, "an unknown arrow");
    uint32_t count = wtl_get_array(u->r);
    bool client = step.kind == WTL_FLOW_INPUT || step.kind == WTL_FLOW_OUTPUT;
    bool first = chain->step_count == 0;
    if ((client && count != 0) || (step.kind == WTL_FLOW_SINGLE && count != 1) ||
        (!client && count == 0) || count > WTL_FLOW_MEMBERS_MAX ||
        first != (step.arrow == WTL_FLOW_NO_ARROW) || (step.kind == WTL_FLOW_INPUT && !first) ||
        ast->step_count == WTL_FLOW_STEPS_MAX || count > WTL_FLOW_REFS_MAX - ast->ref_count) {
        refuse(u, "a step does not fit its kind, or there are too many");
        return;
    }
    for (uint32_t i = 0; i < count; i++) {
        ast->refs[ast->ref_count++] = (struct wtl_flow_ref){
            .stage = (uint16_t)get_up_to(u, WTL_FLOW_STAGES_MAX - 1, "there is no such stage")};
        step.ref_count++;
    }
    ast->steps[ast->step_count++] = step;
    chain->step_count++;
}

static void get_chain(struct unpack *u)
{
    struct wtl_flow_ast *ast = u->ast;
    struct wtl_flow_chain chain = {.first_step = ast->step_count};
    if (ast->chain_count == WTL_FLOW_CHAINS_MAX) {
        refuse(u, "there are too many chains");
        return;
    }
    for (uint32_t left = wtl_get_map(u->r); left > 0 && !u->r->failed; left--) {
        if (WTL_GET_KEY(u->r, "mode")) {
            chain.mode = (enum wtl_flow_mode)get_up_to(u, WTL_FLOW_PULL, "an unknown mode");
        } else if (WTL_GET_KEY(u->r, "steps")) {
            for (uint32_t steps = wtl_get_array(u->r); steps > 0 && !u->r->failed; steps--) {
                get_step(u, &chain);
            }
        } else {
            wtl_skip(u->r);
            wtl_skip(u->r);
        }
    }
    if (chain.mode == 0 || chain.step_count < 2) {
        refuse(u, "a chain has no mode or leads nowhere");
        return;
    }
    ast->chains[ast->chain_count++] = chain;
}

static void get_use(struct unpack *u)
{
    struct wtl_flow_ast *ast = u->ast;
    expect_array(u, 2, "a used module is not [module, version]");
    struct wtl_flow_use use = {.module = get_name(u, "a used module has no valid name")};
    use.version = get_text(u);
    const char *version = wtl_flow_str(ast, use.version);
    if (strspn(version, "0123456789.") != use.version.size) {
        refuse(u, "a version is not numbers with points between them");
    }
    if (ast->use_count == WTL_FLOW_USES_MAX) {
        refuse(u, "too many modules are used");
        return;
    }
    ast->uses[ast->use_count++] = use;
}

/* Calls `get` for each element; what comes twice comes on top, within the same bounds. */
static void get_each(struct unpack *u, void (*get)(struct unpack *u))
{
    for (uint32_t left = wtl_get_array(u->r); left > 0 && !u->r->failed; left--) {
        get(u);
    }
}

static void get_flow(struct unpack *u, uint64_t *version_out)
{
    for (uint32_t left = wtl_get_map(u->r); left > 0 && !u->r->failed; left--) {
        if (WTL_GET_KEY(u->r, "v")) {
            *version_out = wtl_get_u64(u->r);
        } else if (WTL_GET_KEY(u->r, "name")) {
            u->ast->name = get_name(u, "the flow has no valid name");
        } else if (WTL_GET_KEY(u->r, "uses")) {
            get_each(u, get_use);
        } else if (WTL_GET_KEY(u->r, "stages")) {
            get_each(u, get_stage);
        } else if (WTL_GET_KEY(u->r, "chains")) {
            get_each(u, get_chain);
        } else {
            wtl_skip(u->r);
            wtl_skip(u->r);
        }
    }
    if (u->ast->name.size == 0) {
        refuse(u, "the flow has no name");
    }
}

/* Mentions get the names of their stages; wtl_flow_check finds them again by that. */
static void name_refs(struct unpack *u)
{
    for (uint16_t i = 0; i < u->ast->ref_count; i++) {
        struct wtl_flow_ref *ref = &u->ast->refs[i];
        if (ref->stage >= u->ast->stage_count) {
            refuse(u, "there is no such stage");
            return;
        }
        ref->name = u->ast->stages[ref->stage].name;
        ref->stage = WTL_FLOW_NONE;
    }
}

enum wtl_status wtl_flow_from_pack(struct wtl_flow_ast *ast, struct wtl_reader *reader,
                                   struct wtl_error *error)
{
    struct unpack u = {.ast = ast, .r = reader};
    struct wtl_flow_diags diags;
    uint64_t version = 0;
    wtl_flow_ast_init(ast);
    get_flow(&u, &version);
    if (version > WTL_FLOW_PACK_VERSION) {
        return wtl_fail(error, WTL_VERSION, "the flow has format %llu, and %u is known here",
                        (unsigned long long)version, WTL_FLOW_PACK_VERSION);
    }
    if (!reader->failed) {
        name_refs(&u);
    }
    if (reader->failed || version == 0) {
        return wtl_fail(error, WTL_BAD_PAYLOAD, "not a packed flow: %s",
                        u.wrong != NULL ? u.wrong : "the bytes are not what was expected");
    }
    wtl_flow_diags_init(&diags);
    if (wtl_flow_check(ast, NULL, &diags) != WTL_OK) {
        return wtl_fail(error, WTL_BAD_PAYLOAD, "the flow does not hold: %s",
                        diags.count > 0 ? diags.list[0].text : "it has errors");
    }
    return WTL_OK;
}
