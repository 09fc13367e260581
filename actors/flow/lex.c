/*
 * lex.c - from bytes to tokens. Every byte is looked at a constant number of times.
 * Pure functions; owns nothing.
 */
#include "flow/lex.h"

#include "flow/text.h"

#include <string.h>

struct wtl__lexer wtl__lexer_over(const char *source, size_t size, struct wtl_flow_diags *diags)
{
    struct wtl__lexer lexer = {
        .source = source, .size = (uint32_t)size, .line = 1, .column = 1, .diags = diags};
    if (size >= 3 && memcmp(source, "\xef\xbb\xbf", 3) == 0) {
        lexer.at = 3; /* a byte order mark, as some editors write it */
    }
    return lexer;
}

static char peek(const struct wtl__lexer *lexer, uint32_t ahead)
{
    uint32_t at = lexer->at + ahead;
    return at < lexer->size ? lexer->source[at] : '\0';
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool is_word(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || is_digit(c);
}

static bool is_arrow_part(char c)
{
    return c == '~' || c == '<' || c == '>' || c == '-' || c == '=' || c == '|';
}

/* Passes one character, whole or broken. Returns its code point, or UINT32_MAX for a broken one. */
static uint32_t pass(struct wtl__lexer *lexer)
{
    uint32_t point = 0;
    unsigned length = wtl__utf8_next(lexer->source + lexer->at, lexer->size - lexer->at, &point);
    lexer->at += length == 0 ? 1 : length;
    if (point == '\n' && length == 1) {
        lexer->line++;
        lexer->column = 1;
    } else {
        lexer->column++;
    }
    return length == 0 ? UINT32_MAX : point;
}

static void pass_ascii(struct wtl__lexer *lexer, uint32_t count)
{
    lexer->at += count;
    lexer->column += count;
}

static struct wtl_flow_at here(const struct wtl__lexer *lexer)
{
    return (struct wtl_flow_at){.offset = lexer->at, .line = lexer->line, .column = lexer->column};
}

static struct wtl_flow_at since(const struct wtl__lexer *lexer, struct wtl_flow_at begin)
{
    begin.size = lexer->at - begin.offset;
    return begin;
}

static void report_point(struct wtl__lexer *lexer, struct wtl_flow_at begin, uint32_t point)
{
    struct wtl_flow_at at = since(lexer, begin);
    char quoted[WTL_FLOW_QUOTE_MAX];
    struct wtl_flow_diag *diag;
    if (point == UINT32_MAX) {
        diag = wtl__flow_report(lexer->diags, WTL_FLOW_BAD_BYTE, at,
                                "a byte that is not UTF-8: 0x%02x",
                                (unsigned char)lexer->source[at.offset]);
        wtl__flow_help(diag, "save the file as UTF-8");
    } else if (!wtl__utf8_printable(point)) {
        diag = wtl__flow_report(lexer->diags, WTL_FLOW_BAD_BYTE, at,
                                "a character that cannot be seen: U+%04X", (unsigned)point);
        wtl__flow_help(diag, "remove it");
    } else {
        diag = wtl__flow_report(lexer->diags, WTL_FLOW_BAD_BYTE, at,
                                "the notation has no character `%s`",
                                wtl__flow_quote(lexer->source + at.offset, at.size, quoted));
        wtl__flow_help(diag, "text of any kind can stand between double quotes, as a setting");
    }
}

/* Comments may hold anything that can be printed. */
static void pass_comment(struct wtl__lexer *lexer)
{
    while (lexer->at < lexer->size && peek(lexer, 0) != '\n') {
        struct wtl_flow_at begin = here(lexer);
        uint32_t point = pass(lexer);
        if (point == UINT32_MAX ||
            (point != '\t' && point != '\r' && !wtl__utf8_printable(point))) {
            report_point(lexer, begin, point);
        }
    }
}

static struct wtl__token lex_string(struct wtl__lexer *lexer, struct wtl__token token)
{
    struct wtl_flow_diag *diag;
    pass_ascii(lexer, 1);
    for (;;) {
        char c = peek(lexer, 0);
        if (lexer->at >= lexer->size || c == '\n' || c == '\r') {
            token.at = since(lexer, token.at);
            diag = wtl__flow_report(lexer->diags, WTL_FLOW_BAD_STRING, token.at,
                                    "this string has no end on its line");
            token.guessed = true;
            wtl__flow_help(diag, "close it with a double quote");
            return token;
        }
        struct wtl_flow_at begin = here(lexer);
        if (c == '"') {
            pass_ascii(lexer, 1);
            token.at = since(lexer, token.at);
            return token;
        }
        if (c == '\\') {
            char escaped = peek(lexer, 1);
            pass_ascii(lexer, 1);
            if (escaped != '\0' && strchr("\"\\nt", escaped) != NULL) {
                pass_ascii(lexer, 1);
                continue;
            }
            diag = wtl__flow_report(lexer->diags, WTL_FLOW_BAD_STRING, since(lexer, begin),
                                    "an unknown escape in a string");
            wtl__flow_help(diag, "the escapes are \\\" \\\\ \\n and \\t; a backslash is \\\\");
            continue;
        }
        uint32_t point = pass(lexer);
        if (point == UINT32_MAX || (point != '\t' && !wtl__utf8_printable(point))) {
            report_point(lexer, begin, point);
        }
    }
}

static struct wtl__token lex_number(struct wtl__lexer *lexer, struct wtl__token token)
{
    pass_ascii(lexer, 1); /* a sign or a digit */
    while (is_digit(peek(lexer, 0))) {
        pass_ascii(lexer, 1);
    }
    if (peek(lexer, 0) == '.' && is_digit(peek(lexer, 1))) {
        pass_ascii(lexer, 1);
        while (is_digit(peek(lexer, 0))) {
            pass_ascii(lexer, 1);
        }
    }
    char c = peek(lexer, 0);
    char sign = peek(lexer, 1);
    if ((c == 'e' || c == 'E') && (sign == '+' || sign == '-') && is_digit(peek(lexer, 2))) {
        pass_ascii(lexer, 2);
    }
    while (is_word(peek(lexer, 0)) || (peek(lexer, 0) == '-' && is_word(peek(lexer, 1))) ||
           peek(lexer, 0) == '%') {
        pass_ascii(lexer, 1);
    }
    token.kind = WTL_TOKEN_NUMBER;
    token.at = since(lexer, token.at);
    return token;
}

static struct wtl__token bad_arrow(struct wtl__lexer *lexer, struct wtl__token token, bool two_way)
{
    char quoted[WTL_FLOW_QUOTE_MAX];
    token.kind = two_way ? WTL_TOKEN_TWO_WAY : WTL_TOKEN_ONE_WAY;
    token.guessed = true;
    struct wtl_flow_diag *diag =
        wtl__flow_report(lexer->diags, WTL_FLOW_BAD_ARROW, token.at, "`%s` is not an arrow",
                         wtl__flow_quote(lexer->source + token.at.offset, token.at.size, quoted));
    wtl__flow_help(diag, "write %s",
                   two_way ? "`<~>` (forward, and answers come back) or `~>` (forward only)"
                           : "`~>` (forward only) or `<~>` (forward, and answers come back)");
    return token;
}

/* `=` is a sign of its own unless it is the head of what was meant as an arrow. */
static struct wtl__token lex_arrow(struct wtl__lexer *lexer, struct wtl__token token)
{
    char c = peek(lexer, 0);
    if (c == '=' && peek(lexer, 1) != '>' && peek(lexer, 1) != '=') {
        pass_ascii(lexer, 1);
        token.kind = WTL_TOKEN_PUNCT;
        token.punct = '=';
        token.at = since(lexer, token.at);
        return token;
    }
    bool left = false;
    bool right = false;
    while (is_arrow_part(peek(lexer, 0))) {
        left |= peek(lexer, 0) == '<';
        right |= peek(lexer, 0) == '>';
        pass_ascii(lexer, 1);
    }
    token.at = since(lexer, token.at);
    const char *text = lexer->source + token.at.offset;
    if (token.at.size == 2 && memcmp(text, "~>", 2) == 0) {
        token.kind = WTL_TOKEN_ONE_WAY;
    } else if (token.at.size == 3 && memcmp(text, "<~>", 3) == 0) {
        token.kind = WTL_TOKEN_TWO_WAY;
    } else if (token.at.size == 2 && memcmp(text, ">=", 2) == 0) {
        token.kind = WTL_TOKEN_AT_LEAST;
    } else {
        return bad_arrow(lexer, token, left && right);
    }
    return token;
}

/* What is no token at all: reported once for a run of such characters. Arrows of other alphabets
 * are taken for what they look like. */
static bool lex_other(struct wtl__lexer *lexer, struct wtl__token *token)
{
    struct wtl_flow_at begin = here(lexer);
    uint32_t point = pass(lexer);
    if (point == 0x2192 || point == 0x21dd || point == 0x2194 || point == 0x21ad) {
        token->at = since(lexer, begin);
        *token = bad_arrow(lexer, *token, point == 0x2194 || point == 0x21ad);
        return true;
    }
    report_point(lexer, begin, point);
    while (lexer->at < lexer->size && (unsigned char)peek(lexer, 0) >= 0x80) {
        (void)pass(lexer);
    }
    return false;
}

/* Passes what stands between tokens. Returns whether a line began. */
static bool pass_blank(struct wtl__lexer *lexer)
{
    bool line_head = lexer->column == 1;
    for (;;) {
        char c = peek(lexer, 0);
        if (lexer->at >= lexer->size) {
            return line_head;
        }
        if (c == '#') {
            pass_comment(lexer);
        } else if (c == ' ' || c == '\t' || c == '\r' || c == '\n') {
            line_head |= c == '\n';
            (void)pass(lexer);
        } else {
            return line_head;
        }
    }
}

struct wtl__token wtl__lex(struct wtl__lexer *lexer)
{
    bool line_head = false;
    for (;;) {
        line_head |= pass_blank(lexer);
        struct wtl__token token = {.at = here(lexer), .line_head = line_head};
        char c = peek(lexer, 0);
        if (lexer->at >= lexer->size) {
            return token;
        }
        if (is_digit(c) || ((c == '-' || c == '+') && is_digit(peek(lexer, 1)))) {
            return lex_number(lexer, token);
        }
        if (is_word(c)) {
            while (is_word(peek(lexer, 0)) || (peek(lexer, 0) == '-' && is_word(peek(lexer, 1)))) {
                pass_ascii(lexer, 1);
            }
            token.kind = WTL_TOKEN_WORD;
            token.at = since(lexer, token.at);
            return token;
        }
        if (c == '"') {
            token.kind = WTL_TOKEN_STRING;
            return lex_string(lexer, token);
        }
        if (is_arrow_part(c)) {
            return lex_arrow(lexer, token);
        }
        if (c != '\0' && strchr("{}[],;@*./:", c) != NULL) {
            pass_ascii(lexer, 1);
            token.kind = WTL_TOKEN_PUNCT;
            token.punct = c;
            token.at = since(lexer, token.at);
            return token;
        }
        if (lex_other(lexer, &token)) {
            return token;
        }
    }
}
