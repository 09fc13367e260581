/*
 * parse_traits.c - what may stand behind a stage: its place, its copies, its settings.
 * Pure functions; owns nothing.
 */
#include "flow/parser.h"

#include "flow/text.h"
#include "flow/value.h"

/* ---- places ------------------------------------------------------------------------------- */

static bool parse_layer(struct wtl__parser *p, enum wtl_flow_layer *layer_out)
{
    if (p->tok.kind != WTL_TOKEN_WORD) {
        return wtl__parser_expected(p, "a layer", "the layers are device, edge and cloud");
    }
    const char *text = wtl__parser_text(p, p->tok);
    *layer_out = wtl_flow_layer_of(text, p->tok.at.size);
    if (*layer_out == WTL_FLOW_NO_LAYER) {
        char quoted[WTL_FLOW_QUOTE_MAX];
        struct wtl__nearest nearest = wtl__nearest_to(text, p->tok.at.size);
        for (int i = WTL_FLOW_DEVICE; i <= WTL_FLOW_CLOUD; i++) {
            wtl__nearest_offer(&nearest, wtl_flow_layer_name((enum wtl_flow_layer)i));
        }
        struct wtl_flow_diag *diag =
            wtl__flow_report(p->diags, WTL_FLOW_BAD_PLACE, p->tok.at, "there is no layer `%s`",
                             wtl__flow_quote(text, p->tok.at.size, quoted));
        if (nearest.best != NULL) {
            wtl__flow_help(diag, "did you mean `%s`?", nearest.best);
        } else {
            wtl__flow_help(diag, "the layers are device, edge and cloud; @LAYER/NODE is one node");
        }
        return false;
    }
    wtl__parser_advance(p);
    return true;
}

/* The name of a node may hold dots and begin with a digit, so it is all that stands together. */
static bool parse_node(struct wtl__parser *p, struct wtl_flow_text *name_out)
{
    struct wtl_flow_at at = p->tok.at;
    uint32_t end = at.offset;
    while (p->tok.at.offset == end && (p->tok.kind == WTL_TOKEN_WORD ||
                                       p->tok.kind == WTL_TOKEN_NUMBER || wtl__parser_is(p, '.'))) {
        end += p->tok.at.size;
        wtl__parser_advance(p);
    }
    at.size = end - at.offset;
    if (at.size == 0) {
        return wtl__parser_expected(p, "the name of a node", "for example: @cloud/db-1");
    }
    if (!wtl__flow_node_name_valid(p->source + at.offset, at.size)) {
        char quoted[WTL_FLOW_QUOTE_MAX];
        struct wtl_flow_diag *diag =
            wtl__flow_report(p->diags, WTL_FLOW_BAD_NAME, at, "`%s` cannot be the name of a node",
                             wtl__flow_quote(p->source + at.offset, at.size, quoted));
        wtl__flow_help(diag, "names of nodes have a-z 0-9 . _ - and at most %u bytes",
                       WTL_FLOW_NAME_MAX);
        return false;
    }
    return wtl__flow_keep(p->ast, p->source + at.offset, at.size, name_out) ||
           wtl__parser_full(p, at, "bytes of text", WTL_FLOW_TEXT_MAX);
}

static bool parse_place_kind(struct wtl__parser *p, struct wtl_flow_place *place)
{
    static const char *const words[] = {"each", "any", "with"};
    static const enum wtl_flow_place_kind kinds[] = {WTL_FLOW_ON_EACH, WTL_FLOW_ON_ANY,
                                                     WTL_FLOW_WITH};
    struct wtl__nearest nearest = wtl__nearest_to(wtl__parser_text(p, p->tok), p->tok.at.size);
    for (unsigned i = 0; i < 3; i++) {
        if (wtl__parser_is_word(p, words[i])) {
            place->kind = kinds[i];
            wtl__parser_advance(p);
            return wtl__parser_take(p, ':', "write @each:LAYER, @any:LAYER or @with:STAGE");
        }
        wtl__nearest_offer(&nearest, words[i]);
    }
    char quoted[WTL_FLOW_QUOTE_MAX];
    struct wtl_flow_diag *diag =
        wtl__flow_report(p->diags, WTL_FLOW_BAD_PLACE, p->tok.at, "there is no place `%s:`",
                         wtl__flow_quote(wtl__parser_text(p, p->tok), p->tok.at.size, quoted));
    if (nearest.best != NULL) {
        wtl__flow_help(diag, "did you mean `%s:`?", nearest.best);
    } else {
        wtl__flow_help(diag, "write @LAYER, @LAYER/NODE, @each:LAYER, @any:LAYER or @with:STAGE");
    }
    return false;
}

bool wtl__parser_place(struct wtl__parser *p, struct wtl_flow_place *place_out)
{
    struct wtl_flow_place place = {.at = p->tok.at, .stage = WTL_FLOW_NONE};
    *place_out = place;
    wtl__parser_advance(p); /* the @ */
    bool colon =
        p->tok.kind == WTL_TOKEN_WORD && p->next.kind == WTL_TOKEN_PUNCT && p->next.punct == ':';
    if (colon || wtl__parser_is_word(p, "each") || wtl__parser_is_word(p, "any") ||
        wtl__parser_is_word(p, "with")) {
        if (!parse_place_kind(p, &place) ||
            !(place.kind == WTL_FLOW_WITH ? wtl__parser_name(p, "a stage", &place.name)
                                          : parse_layer(p, &place.layer))) {
            return false;
        }
    } else {
        place.kind = WTL_FLOW_ON_LAYER;
        if (!parse_layer(p, &place.layer)) {
            return false;
        }
        if (wtl__parser_is(p, '/')) {
            place.kind = WTL_FLOW_ON_NODE;
            wtl__parser_advance(p);
            if (!parse_node(p, &place.name)) {
                return false;
            }
        }
    }
    place.at.size = p->last.at.offset + p->last.at.size - place.at.offset;
    *place_out = place;
    return true;
}

/* ---- copies and settings ------------------------------------------------------------------ */

static bool parse_copies(struct wtl__parser *p, uint16_t *copies_out)
{
    struct wtl_flow_value value;
    size_t unit = 0;
    wtl__parser_advance(p); /* the * */
    size_t size = p->tok.at.size;
    if (p->tok.kind != WTL_TOKEN_NUMBER) {
        return wtl__parser_expected(p, "a number of copies", "for example: *4");
    }
    const char *wrong = wtl__flow_number(wtl__parser_text(p, p->tok), size, &value, &unit);
    if (wrong != NULL || unit < size || value.kind != WTL_FLOW_INT || value.i64 < 1 ||
        value.i64 > WTL_FLOW_COPIES_MAX) {
        char quoted[WTL_FLOW_QUOTE_MAX];
        struct wtl_flow_diag *diag = wtl__flow_report(
            p->diags, WTL_FLOW_BAD_COUNT, p->tok.at, "`%s` is not a number of copies",
            wtl__flow_quote(wtl__parser_text(p, p->tok), size, quoted));
        wtl__flow_help(diag, "*N is a plain integer from 1 to %u", WTL_FLOW_COPIES_MAX);
        return false;
    }
    *copies_out = (uint16_t)value.i64;
    wtl__parser_advance(p);
    return true;
}

static bool parse_number(struct wtl__parser *p, struct wtl_flow_value *value)
{
    const char *text = wtl__parser_text(p, p->tok);
    size_t size = p->tok.at.size;
    size_t unit = 0;
    const char *wrong = wtl__flow_number(text, size, value, &unit);
    if (wrong != NULL) {
        char quoted[WTL_FLOW_QUOTE_MAX];
        struct wtl_flow_diag *diag =
            wtl__flow_report(p->diags, WTL_FLOW_BAD_NUMBER, p->tok.at, "`%s` %s",
                             wtl__flow_quote(text, size, quoted), wrong);
        wtl__flow_help(diag, "numbers have 64 bits; durations are counted in ms, sizes in bytes");
        return false;
    }
    if (!wtl__flow_keep(p->ast, text, size, &value->text)) {
        return wtl__parser_full(p, p->tok.at, "bytes of text", WTL_FLOW_TEXT_MAX);
    }
    value->unit =
        (struct wtl_flow_text){value->text.offset + (uint32_t)unit, (uint32_t)(size - unit)};
    return true;
}

static bool parse_value(struct wtl__parser *p, struct wtl_flow_setting *setting)
{
    struct wtl_flow_value *value = &setting->value;
    const char *text = wtl__parser_text(p, p->tok);
    size_t size = p->tok.at.size;
    bool kept = true;
    setting->value_at = p->tok.at;
    if (p->tok.kind == WTL_TOKEN_NUMBER) {
        if (!parse_number(p, value)) {
            return false;
        }
    } else if (p->tok.kind == WTL_TOKEN_STRING) {
        value->kind = WTL_FLOW_STRING;
        kept = p->ast->text_size + size < sizeof p->ast->text;
        if (kept) {
            char *out = p->ast->text + p->ast->text_size;
            value->text = (struct wtl_flow_text){p->ast->text_size,
                                                 (uint32_t)wtl__flow_unquote(text, size, out)};
            p->ast->text_size += value->text.size + 1;
        }
    } else if (p->tok.kind == WTL_TOKEN_WORD) {
        bool yes = wtl__parser_is_word(p, "true");
        value->kind = yes || wtl__parser_is_word(p, "false") ? WTL_FLOW_BOOL : WTL_FLOW_WORD;
        value->i64 = yes ? 1 : 0;
        kept = wtl__flow_keep(p->ast, text, size, &value->text);
    } else {
        return wtl__parser_expected(p, "a value", "a number, 60s, 10MiB, true, a word or \"text\"");
    }
    bool reported = p->tok.guessed; /* a string without end took the rest of its line */
    wtl__parser_advance(p);
    return !reported &&
           (kept || wtl__parser_full(p, setting->value_at, "bytes of text", WTL_FLOW_TEXT_MAX));
}

static bool parse_setting(struct wtl__parser *p, uint16_t stage)
{
    struct wtl_flow_ast *ast = p->ast;
    struct wtl_flow_setting setting = {.stage = stage, .key_at = p->tok.at};
    if (p->tok.kind != WTL_TOKEN_WORD) {
        return wtl__parser_expected(p, "a setting or `}`", "settings are { KEY = VALUE, ... }");
    }
    if (ast->setting_count == WTL_FLOW_SETTINGS_MAX) {
        return wtl__parser_full(p, p->tok.at, "settings", WTL_FLOW_SETTINGS_MAX);
    }
    if (!wtl__flow_keep(ast, wtl__parser_text(p, p->tok), p->tok.at.size, &setting.key)) {
        return wtl__parser_full(p, p->tok.at, "bytes of text", WTL_FLOW_TEXT_MAX);
    }
    wtl__parser_advance(p);
    if (!wtl__parser_take(p, '=',
                          "behind a stage, { } holds settings: { KEY = VALUE, ... }; a group "
                          "stands behind an arrow") ||
        !parse_value(p, &setting)) {
        return false;
    }
    ast->settings[ast->setting_count++] = setting;
    if (wtl__parser_is(p, ',') || wtl__parser_is(p, ';')) {
        wtl__parser_advance(p);
    } else if (p->tok.kind != WTL_TOKEN_WORD && !wtl__parser_is(p, '}')) {
        return wtl__parser_expected(p, "`,` or `}`",
                                    "text that is not one plain word stands between double quotes");
    }
    return true;
}

static bool parse_settings(struct wtl__parser *p, uint16_t stage, struct wtl__traits *traits)
{
    traits->first_setting = p->ast->setting_count;
    wtl__parser_advance(p); /* the { */
    p->open++;
    while (!wtl__parser_is(p, '}')) {
        if (!parse_setting(p, stage)) {
            return false;
        }
        traits->setting_count = (uint16_t)(p->ast->setting_count - traits->first_setting);
    }
    wtl__parser_advance(p);
    p->open--;
    return true;
}

static bool report_twice(struct wtl__parser *p, const char *what)
{
    struct wtl_flow_diag *diag =
        wtl__flow_report(p->diags, WTL_FLOW_GIVEN_TWICE, p->tok.at, "a second %s", what);
    wtl__flow_help(diag, "remove one of the two");
    return false;
}

bool wtl__parser_traits(struct wtl__parser *p, uint16_t stage, struct wtl__traits *traits_out)
{
    bool settings = false;
    for (;;) {
        if (wtl__parser_is(p, '@')) {
            if (traits_out->place.kind != WTL_FLOW_NOWHERE) {
                return report_twice(p, "place for this stage");
            }
            if (!wtl__parser_place(p, &traits_out->place)) {
                return false;
            }
        } else if (wtl__parser_is(p, '*')) {
            if (traits_out->copies != 0) {
                return report_twice(p, "number of copies for this stage");
            }
            if (!parse_copies(p, &traits_out->copies)) {
                return false;
            }
        } else if (wtl__parser_is(p, '{')) {
            if (settings) {
                return report_twice(p, "block of settings for this stage");
            }
            settings = true;
            if (!parse_settings(p, stage, traits_out)) {
                return false;
            }
        } else {
            return true;
        }
    }
}
