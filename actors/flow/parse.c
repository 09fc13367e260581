/*
 * parse.c - files and items; chains are in parse_chain.c. Pure functions; owns nothing.
 *
 * Each item is parsed on its own: after an error, tokens are passed until the next one can begin,
 * so that several errors of a file are found at once. What an erroneous item had given before is
 * kept, marked `broken`, so that the checks do not report consequences.
 */
#include "flow/parse.h"

#include "flow/parser.h"
#include "flow/text.h"

#include <string.h>

/* ---- items -------------------------------------------------------------------------------- */

static bool parse_decl(struct wtl__parser *p)
{
    struct wtl_flow_ast *ast = p->ast;
    if (ast->stage_count == WTL_FLOW_STAGES_MAX) {
        return wtl__parser_full(p, p->tok.at, "stages", WTL_FLOW_STAGES_MAX);
    }
    struct wtl_flow_stage stage = {.at = p->tok.at, .declared = true, .broken = true};
    if (!wtl__parser_name(p, "a stage", &stage.name)) {
        return false;
    }
    uint16_t same = wtl_flow_find_stage(ast, wtl_flow_str(ast, stage.name), stage.name.size);
    if (same != WTL_FLOW_NONE) {
        struct wtl_flow_diag *diag = wtl__flow_report(
            p->diags, WTL_FLOW_DUPLICATE_NAME, stage.at, "`%s` is declared already, at %u:%u",
            wtl_flow_str(ast, stage.name), (unsigned)ast->stages[same].at.line,
            (unsigned)ast->stages[same].at.column);
        wtl__flow_help(diag, "give one of the two another name");
        return false;
    }
    uint16_t index = ast->stage_count++;
    ast->stages[index] = stage;
    wtl__parser_advance(p); /* the = was seen */
    struct wtl__traits traits = {0};
    bool ok = wtl__parser_name(p, "a module", &stage.module) &&
              wtl__parser_actor(p, &stage.actor) && wtl__parser_traits(p, index, &traits);
    stage.place = traits.place;
    stage.copies = traits.copies;
    stage.broken = !ok;
    ast->stages[index] = stage;
    return ok;
}

static bool parse_version(struct wtl__parser *p, struct wtl_flow_text *version_out)
{
    if (p->tok.kind != WTL_TOKEN_NUMBER) {
        return wtl__parser_expected(p, "a version", "for example: use climate >= 1.2");
    }
    struct wtl_flow_at at = p->tok.at;
    wtl__parser_advance(p);
    while (wtl__parser_is(p, '.') && p->next.kind == WTL_TOKEN_NUMBER) {
        wtl__parser_advance(p);
        wtl__parser_advance(p);
    }
    at.size = p->last.at.offset + p->last.at.size - at.offset;
    const char *text = p->source + at.offset;
    for (uint32_t i = 0; i < at.size; i++) {
        if ((text[i] < '0' || text[i] > '9') && text[i] != '.') {
            struct wtl_flow_diag *diag = wtl__flow_report(
                p->diags, WTL_FLOW_BAD_NUMBER, at, "a version is numbers with points between them");
            wtl__flow_help(diag, "for example: use climate >= 1.2");
            return false;
        }
    }
    return wtl__flow_keep(p->ast, text, at.size, version_out);
}

static bool parse_use(struct wtl__parser *p)
{
    struct wtl_flow_ast *ast = p->ast;
    wtl__parser_advance(p);
    if (ast->use_count == WTL_FLOW_USES_MAX) {
        return wtl__parser_full(p, p->tok.at, "used modules", WTL_FLOW_USES_MAX);
    }
    struct wtl_flow_use use = {.at = p->tok.at};
    if (!wtl__parser_name(p, "a module", &use.module)) {
        return false;
    }
    if (p->tok.kind == WTL_TOKEN_AT_LEAST) {
        wtl__parser_advance(p);
        if (!parse_version(p, &use.version)) {
            return false;
        }
    }
    ast->uses[ast->use_count++] = use;
    return true;
}

/* A line that looks like a chain but does not begin with an input word: is it a word that was meant
 * to be one, or is there none? */
static bool parse_headless(struct wtl__parser *p)
{
    struct wtl_flow_diag *diag;
    bool word = p->tok.kind == WTL_TOKEN_WORD;
    struct wtl__nearest nearest =
        wtl__nearest_to(wtl__parser_text(p, p->tok), word ? p->tok.at.size : 0);
    for (int mode = WTL_FLOW_PUSH; mode <= WTL_FLOW_PULL; mode++) {
        wtl__nearest_offer(&nearest, wtl_flow_mode_name((enum wtl_flow_mode)mode));
    }
    bool pair = word && (p->next.kind == WTL_TOKEN_WORD ||
                         (p->next.kind == WTL_TOKEN_PUNCT && p->next.punct == '['));
    if (nearest.best != NULL || (pair && !p->next.line_head)) {
        char quoted[WTL_FLOW_QUOTE_MAX];
        diag =
            wtl__flow_report(p->diags, WTL_FLOW_UNKNOWN_INPUT, p->tok.at, "unknown input `%s`",
                             wtl__flow_quote(wtl__parser_text(p, p->tok), p->tok.at.size, quoted));
        if (nearest.best != NULL) {
            wtl__flow_help(diag, "did you mean `%s`?", nearest.best);
        } else {
            wtl__flow_help(diag, "a chain begins with push, demand or pull");
        }
        wtl__parser_advance(p);
        return wtl__parser_chain(p, WTL_FLOW_PUSH, true);
    }
    diag = wtl__flow_report(p->diags, WTL_FLOW_MISSING_INPUT, p->tok.at,
                            "this chain has no input word");
    wtl__flow_help(diag, "write push, demand or pull in front of it");
    return wtl__parser_chain(p, WTL_FLOW_PUSH, true);
}

static bool parse_item(struct wtl__parser *p)
{
    enum wtl_flow_mode mode = wtl__parser_mode(p);
    if (mode != 0) {
        return wtl__parser_chain(p, mode, false);
    }
    if (wtl__parser_is_word(p, "use")) {
        return parse_use(p);
    }
    if (p->tok.kind == WTL_TOKEN_WORD && p->next.kind == WTL_TOKEN_PUNCT && p->next.punct == '=') {
        return parse_decl(p);
    }
    if (wtl__parser_is_word(p, "flow")) {
        struct wtl_flow_diag *diag = wtl__flow_report(p->diags, WTL_FLOW_RESERVED, p->tok.at,
                                                      "a flow cannot begin inside of another");
        wtl__flow_help(diag, "one file holds one flow; `flow NAME {` stands at its beginning");
        return false;
    }
    if (wtl__parser_is_word(p, "node") || wtl__parser_is_word(p, "link")) {
        return wtl__parser_expected(p, "a declaration or a chain",
                                    "this word is kept for later and says nothing yet");
    }
    if (wtl__parser_at_stage(p) || wtl__parser_is_arrow(p)) {
        return parse_headless(p);
    }
    return wtl__parser_expected(p, "a declaration or a chain",
                                "for example: push climate.temp @each:device ~> output");
}

/* ---- files -------------------------------------------------------------------------------- */

static bool parse_head(struct wtl__parser *p)
{
    p->ast->at = p->tok.at;
    wtl__parser_advance(p);
    struct wtl_flow_at at = p->tok.at;
    if (p->tok.kind == WTL_TOKEN_WORD && wtl__parser_name(p, "a flow", &p->ast->name)) {
        p->ast->at = at;
    } else if (p->last.at.offset != at.offset) {
        (void)wtl__parser_expected(p, "the name of the flow", "flow NAME { ... }");
    }
    return wtl__parser_take(p, '{', "flow NAME { ... }");
}

static void parse_items(struct wtl__parser *p, bool braced)
{
    while (p->tok.kind != WTL_TOKEN_END) {
        uint32_t before = p->tok.at.offset;
        p->open = 0;
        if (braced && wtl__parser_is(p, '}')) {
            return;
        }
        if (wtl__parser_is(p, ';')) {
            wtl__parser_advance(p);
            continue;
        }
        if (!parse_item(p)) {
            wtl__parser_recover(p);
        }
        if (p->tok.at.offset == before && !(braced && wtl__parser_is(p, '}'))) {
            wtl__parser_advance(p);
        }
    }
}

static void keep_given_name(struct wtl__parser *p, const char *name)
{
    size_t size = strlen(name);
    p->ast->at = (struct wtl_flow_at){.line = 1, .column = 1};
    if (!wtl__flow_name_valid(name, size) || wtl__flow_reserved(name, size)) {
        char quoted[WTL_FLOW_QUOTE_MAX];
        struct wtl_flow_diag *diag = wtl__flow_report(p->diags, WTL_FLOW_BAD_NAME, p->ast->at,
                                                      "the file's name cannot name this flow: `%s`",
                                                      wtl__flow_quote(name, size, quoted));
        wtl__flow_help(diag, "write `flow NAME {` and `}` around it");
        return;
    }
    (void)wtl__flow_keep(p->ast, name, size, &p->ast->name);
}

static void parse_file(struct wtl__parser *p, const char *name)
{
    if (!wtl__parser_is_word(p, "flow")) {
        keep_given_name(p, name);
        parse_items(p, false);
        return;
    }
    bool braced = parse_head(p);
    parse_items(p, braced);
    if (braced && wtl__parser_take(p, '}', "the flow's `{` is not closed") &&
        p->tok.kind != WTL_TOKEN_END) {
        (void)wtl__parser_expected(p, "the end of the file", "one file holds one flow");
    }
}

enum wtl_status wtl_flow_parse(struct wtl_flow_ast *ast, const char *source, size_t size,
                               const char *name, struct wtl_flow_diags *diags)
{
    unsigned errors = diags->errors;
    wtl_flow_ast_init(ast);
    if (size > WTL_FLOW_SOURCE_MAX) {
        struct wtl_flow_diag *diag = wtl__flow_report(
            diags, WTL_FLOW_TOO_LARGE, (struct wtl_flow_at){.line = 1, .column = 1},
            "the source has %zu bytes, and %u are allowed", size, WTL_FLOW_SOURCE_MAX);
        wtl__flow_help(diag, "split it into several flows");
        return WTL_INVALID;
    }
    struct wtl__parser parser = {.lexer = wtl__lexer_over(source, size, diags),
                                 .ast = ast,
                                 .diags = diags,
                                 .source = source};
    wtl__parser_advance(&parser);
    wtl__parser_advance(&parser);
    parser.last = (struct wtl__token){0};
    parse_file(&parser, name);
    return diags->errors == errors ? WTL_OK : WTL_INVALID;
}
