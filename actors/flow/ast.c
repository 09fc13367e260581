/*
 * ast.c - the words of the notation, and small questions about a flow that several files ask.
 * Pure functions; owns nothing.
 */
#include "flow/ast.h"

#include <stdio.h>
#include <string.h>

static const char *const layer_names[] = {"", "device", "edge", "cloud"};
static const char *const mode_names[] = {"", "push", "demand", "pull"};
static const char *const reserved[] = {"flow",   "use", "push", "demand", "pull", "input",
                                       "output", "by",  "node", "link",   "each", "any",
                                       "with",   "env", "true", "false"};

void wtl_flow_ast_init(struct wtl_flow_ast *ast)
{
    memset(ast, 0, offsetof(struct wtl_flow_ast, stages));
    ast->text[0] = '\0';
    ast->text_size = 1; /* offset 0 is the empty string */
}

bool wtl__flow_keep(struct wtl_flow_ast *ast, const char *bytes, size_t size,
                    struct wtl_flow_text *text_out)
{
    *text_out = (struct wtl_flow_text){0, 0};
    if (size == 0) {
        return true;
    }
    if (size >= sizeof ast->text - ast->text_size) {
        return false;
    }
    *text_out = (struct wtl_flow_text){ast->text_size, (uint32_t)size};
    memcpy(ast->text + ast->text_size, bytes, size);
    ast->text_size += (uint32_t)size;
    ast->text[ast->text_size++] = '\0';
    return true;
}

uint16_t wtl_flow_find_stage(const struct wtl_flow_ast *ast, const char *name, size_t size)
{
    for (uint16_t i = 0; i < ast->stage_count; i++) {
        struct wtl_flow_text text = ast->stages[i].name;
        if (text.size == size && memcmp(ast->text + text.offset, name, size) == 0) {
            return i;
        }
    }
    return WTL_FLOW_NONE;
}

static unsigned find_word(const char *const *words, unsigned count, const char *name, size_t size)
{
    for (unsigned i = 0; i < count; i++) {
        if (strlen(words[i]) == size && memcmp(words[i], name, size) == 0) {
            return i;
        }
    }
    return count;
}

const char *wtl_flow_layer_name(enum wtl_flow_layer layer)
{
    return layer_names[layer];
}

enum wtl_flow_layer wtl_flow_layer_of(const char *name, size_t size)
{
    unsigned found = find_word(layer_names, 4, name, size);
    return found < 4 ? (enum wtl_flow_layer)found : WTL_FLOW_NO_LAYER;
}

const char *wtl_flow_mode_name(enum wtl_flow_mode mode)
{
    return mode_names[mode];
}

enum wtl_flow_mode wtl_flow_mode_of(const char *name, size_t size)
{
    unsigned found = find_word(mode_names, 4, name, size);
    return (enum wtl_flow_mode)(found < 4 ? found : 0);
}

const char *wtl_flow_arrow_name(enum wtl_flow_arrow arrow)
{
    return arrow == WTL_FLOW_ONE_WAY ? "~>" : arrow == WTL_FLOW_TWO_WAY ? "<~>" : "";
}

static bool is_lower(char c)
{
    return c >= 'a' && c <= 'z';
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool chars_valid(const char *name, size_t size, bool dots)
{
    for (size_t i = 0; i < size; i++) {
        char c = name[i];
        if (!is_lower(c) && !is_digit(c) && c != '_' && c != '-' && !(dots && c == '.')) {
            return false;
        }
    }
    return true;
}

bool wtl__flow_name_valid(const char *name, size_t size)
{
    return size > 0 && size <= WTL_FLOW_NAME_MAX && is_lower(name[0]) &&
           chars_valid(name, size, false);
}

bool wtl__flow_node_name_valid(const char *name, size_t size)
{
    return size > 0 && size <= WTL_FLOW_NAME_MAX && (is_lower(name[0]) || is_digit(name[0])) &&
           chars_valid(name, size, true);
}

bool wtl__flow_reserved(const char *name, size_t size)
{
    unsigned count = sizeof reserved / sizeof reserved[0];
    return find_word(reserved, count, name, size) < count;
}

const char *wtl_flow_place_text(const struct wtl_flow_ast *ast, const struct wtl_flow_place *place,
                                char out[WTL_FLOW_PLACE_TEXT_MAX])
{
    const char *layer = wtl_flow_layer_name(place->layer);
    const char *name = wtl_flow_str(ast, place->name);
    size_t room = WTL_FLOW_PLACE_TEXT_MAX;
    out[0] = '\0';
    switch (place->kind) {
    case WTL_FLOW_NOWHERE:
        break;
    case WTL_FLOW_ON_LAYER:
        (void)snprintf(out, room, "@%s", layer);
        break;
    case WTL_FLOW_ON_NODE:
        (void)snprintf(out, room, "@%s/%s", layer, name);
        break;
    case WTL_FLOW_ON_EACH:
        (void)snprintf(out, room, "@each:%s", layer);
        break;
    case WTL_FLOW_ON_ANY:
        (void)snprintf(out, room, "@any:%s", layer);
        break;
    case WTL_FLOW_WITH:
        (void)snprintf(out, room, "@with:%s", name);
        break;
    }
    return out;
}

bool wtl__flow_place_equal(const struct wtl_flow_ast *ast, const struct wtl_flow_place *a,
                           const struct wtl_flow_place *b)
{
    return a->kind == b->kind && a->layer == b->layer && wtl_flow_text_equal(ast, a->name, b->name);
}

/* The stages that a step hands its messages on from (tail) or takes them at (head). */
struct ends {
    uint16_t first_ref;
    uint16_t count;
    bool client; /* the input or the output of the flow */
};

static struct ends step_ends(const struct wtl_flow_step *step, bool tail)
{
    if (step->kind == WTL_FLOW_INPUT || step->kind == WTL_FLOW_OUTPUT) {
        return (struct ends){.count = 1, .client = true};
    }
    if (step->kind != WTL_FLOW_SEQUENTIAL || step->ref_count == 0) {
        return (struct ends){.first_ref = step->first_ref, .count = step->ref_count};
    }
    uint16_t skip = tail ? (uint16_t)(step->ref_count - 1) : 0;
    return (struct ends){.first_ref = (uint16_t)(step->first_ref + skip), .count = 1};
}

static void each_edge_between(const struct wtl_flow_ast *ast, const struct wtl_flow_step *before,
                              const struct wtl_flow_step *step, wtl_flow_edge_fn fn, void *context)
{
    struct ends from = step_ends(before, true);
    struct ends to = step_ends(step, false);
    for (uint16_t i = 0; i < from.count; i++) {
        for (uint16_t k = 0; k < to.count; k++) {
            const struct wtl_flow_ref *a = from.client ? NULL : &ast->refs[from.first_ref + i];
            const struct wtl_flow_ref *b = to.client ? NULL : &ast->refs[to.first_ref + k];
            if ((a != NULL && a->stage == WTL_FLOW_NONE) ||
                (b != NULL && b->stage == WTL_FLOW_NONE)) {
                continue;
            }
            struct wtl_flow_edge edge = {.from = a != NULL ? a->stage : WTL_FLOW_NONE,
                                         .to = b != NULL ? b->stage : WTL_FLOW_NONE,
                                         .arrow = step->arrow,
                                         .at = b != NULL ? b->at : step->at};
            fn(context, &edge);
        }
    }
}

static void each_edge_within(const struct wtl_flow_ast *ast, const struct wtl_flow_step *step,
                             wtl_flow_edge_fn fn, void *context)
{
    for (uint16_t i = 1; i < step->ref_count; i++) {
        const struct wtl_flow_ref *a = &ast->refs[step->first_ref + i - 1];
        const struct wtl_flow_ref *b = &ast->refs[step->first_ref + i];
        if (a->stage != WTL_FLOW_NONE && b->stage != WTL_FLOW_NONE) {
            struct wtl_flow_edge edge = {
                .from = a->stage, .to = b->stage, .arrow = step->arrow, .at = b->at};
            fn(context, &edge);
        }
    }
}

void wtl_flow_each_edge(const struct wtl_flow_ast *ast, wtl_flow_edge_fn fn, void *context)
{
    for (uint16_t c = 0; c < ast->chain_count; c++) {
        const struct wtl_flow_chain *chain = &ast->chains[c];
        for (uint16_t s = 0; s < chain->step_count; s++) {
            const struct wtl_flow_step *step = &ast->steps[chain->first_step + s];
            if (s > 0) {
                each_edge_between(ast, step - 1, step, fn, context);
            }
            if (step->kind == WTL_FLOW_SEQUENTIAL) {
                each_edge_within(ast, step, fn, context);
            }
        }
    }
}
