/*
 * parse_parts.c - tokens, names and errors, and how parsing goes on after one.
 * Pure functions; owns nothing.
 */
#include "flow/parser.h"

#include <string.h>

void wtl__parser_advance(struct wtl__parser *p)
{
    p->last = p->tok;
    p->tok = p->next;
    p->next = wtl__lex(&p->lexer);
}

const char *wtl__parser_text(const struct wtl__parser *p, struct wtl__token token)
{
    return p->source + token.at.offset;
}

bool wtl__parser_is(const struct wtl__parser *p, char punct)
{
    return p->tok.kind == WTL_TOKEN_PUNCT && p->tok.punct == punct;
}

bool wtl__parser_is_arrow(const struct wtl__parser *p)
{
    return p->tok.kind == WTL_TOKEN_ONE_WAY || p->tok.kind == WTL_TOKEN_TWO_WAY;
}

bool wtl__parser_is_word(const struct wtl__parser *p, const char *word)
{
    return p->tok.kind == WTL_TOKEN_WORD && p->tok.at.size == strlen(word) &&
           memcmp(wtl__parser_text(p, p->tok), word, p->tok.at.size) == 0;
}

enum wtl_flow_mode wtl__parser_mode(const struct wtl__parser *p)
{
    return p->tok.kind == WTL_TOKEN_WORD
               ? wtl_flow_mode_of(wtl__parser_text(p, p->tok), p->tok.at.size)
               : (enum wtl_flow_mode)0;
}

static bool at_declaration(const struct wtl__parser *p)
{
    return p->tok.kind == WTL_TOKEN_WORD && p->next.kind == WTL_TOKEN_PUNCT && p->next.punct == '=';
}

bool wtl__parser_at_item(const struct wtl__parser *p)
{
    return wtl__parser_mode(p) != 0 || wtl__parser_is_word(p, "use") || at_declaration(p);
}

/* ---- errors ------------------------------------------------------------------------------- */

bool wtl__parser_expected(struct wtl__parser *p, const char *what, const char *help)
{
    char quoted[WTL_FLOW_QUOTE_MAX];
    struct wtl_flow_diag *diag;
    if (p->tok.kind == WTL_TOKEN_END) {
        diag = wtl__flow_report(p->diags, WTL_FLOW_EXPECTED, p->tok.at,
                                "expected %s, found the end of the file", what);
    } else {
        diag = wtl__flow_report(
            p->diags, WTL_FLOW_EXPECTED, p->tok.at, "expected %s, found `%s`", what,
            wtl__flow_quote(wtl__parser_text(p, p->tok), p->tok.at.size, quoted));
    }
    wtl__flow_help(diag, "%s", help != NULL ? help : "");
    return false;
}

bool wtl__parser_full(struct wtl__parser *p, struct wtl_flow_at at, const char *what, unsigned max)
{
    struct wtl_flow_diag *diag = wtl__flow_report(p->diags, WTL_FLOW_TOO_LARGE, at,
                                                  "too many %s: %u are allowed", what, max);
    wtl__flow_help(diag, "split the flow: several flows can run in one mesh");
    return false;
}

bool wtl__parser_take(struct wtl__parser *p, char punct, const char *what)
{
    if (!wtl__parser_is(p, punct)) {
        char wanted[4] = {'`', punct, '`', '\0'};
        return wtl__parser_expected(p, wanted, what);
    }
    wtl__parser_advance(p);
    return true;
}

/* An input word at the head of a line begins an item whatever is still open: nobody writes one
 * there by accident, and an unclosed brace then costs one error and not the rest of the file. */
void wtl__parser_recover(struct wtl__parser *p)
{
    while (p->tok.kind != WTL_TOKEN_END) {
        bool head = p->tok.line_head && !at_declaration(p);
        if (wtl__parser_at_item(p) && (head || p->open == 0)) {
            return;
        }
        if (wtl__parser_is(p, '}') && p->open == 0) {
            return;
        }
        if (wtl__parser_is(p, '{') || wtl__parser_is(p, '[')) {
            p->open++;
        } else if ((wtl__parser_is(p, '}') || wtl__parser_is(p, ']')) && p->open > 0) {
            p->open--;
        }
        wtl__parser_advance(p);
    }
}

/* ---- names -------------------------------------------------------------------------------- */

static void help_reserved(const struct wtl__parser *p, struct wtl_flow_diag *diag)
{
    if (wtl__parser_mode(p) != 0) {
        wtl__flow_help(diag, "an input word begins a chain; inside of one stand only stages");
    } else if (wtl__parser_is_word(p, "input")) {
        wtl__flow_help(diag, "leave it out: `push ~> ...` takes its messages from clients");
    } else if (wtl__parser_is_word(p, "output")) {
        wtl__flow_help(diag, "`output` is only the end of a chain");
    } else {
        wtl__flow_help(diag, "choose another name");
    }
}

static void report_bad_name(struct wtl__parser *p, const char *kind)
{
    const char *text = wtl__parser_text(p, p->tok);
    size_t size = p->tok.at.size;
    char quoted[WTL_FLOW_QUOTE_MAX];
    char small[WTL_FLOW_NAME_MAX + 1];
    struct wtl_flow_diag *diag =
        wtl__flow_report(p->diags, WTL_FLOW_BAD_NAME, p->tok.at, "`%s` cannot be the name of %s",
                         wtl__flow_quote(text, size, quoted), kind);
    if (size > WTL_FLOW_NAME_MAX) {
        wtl__flow_help(diag, "it has %zu bytes, and %u are allowed", size, WTL_FLOW_NAME_MAX);
        return;
    }
    for (size_t i = 0; i < size; i++) {
        small[i] = text[i] >= 'A' && text[i] <= 'Z' ? (char)(text[i] - 'A' + 'a') : text[i];
    }
    small[size] = '\0';
    if (wtl__flow_name_valid(small, size)) {
        wtl__flow_help(diag, "names are lower case: write `%s`", small);
    } else {
        wtl__flow_help(diag, "a name begins with a letter a to z");
    }
}

bool wtl__parser_name(struct wtl__parser *p, const char *kind, struct wtl_flow_text *text_out)
{
    *text_out = (struct wtl_flow_text){0, 0};
    if (p->tok.kind != WTL_TOKEN_WORD) {
        return wtl__parser_expected(p, kind, NULL);
    }
    const char *text = wtl__parser_text(p, p->tok);
    size_t size = p->tok.at.size;
    bool ok = false;
    if (wtl__flow_reserved(text, size)) {
        char quoted[WTL_FLOW_QUOTE_MAX];
        struct wtl_flow_diag *diag = wtl__flow_report(p->diags, WTL_FLOW_RESERVED, p->tok.at,
                                                      "`%s` is a reserved word and cannot be %s",
                                                      wtl__flow_quote(text, size, quoted), kind);
        help_reserved(p, diag);
    } else if (!wtl__flow_name_valid(text, size)) {
        report_bad_name(p, kind);
    } else if (!wtl__flow_keep(p->ast, text, size, text_out)) {
        (void)wtl__parser_full(p, p->tok.at, "bytes of text", WTL_FLOW_TEXT_MAX);
    } else {
        ok = true;
    }
    wtl__parser_advance(p);
    return ok;
}

bool wtl__parser_actor(struct wtl__parser *p, struct wtl_flow_text *actor_out)
{
    return wtl__parser_take(p, '.', "an actor is written MODULE.ACTOR") &&
           wtl__parser_name(p, "an actor", actor_out);
}
