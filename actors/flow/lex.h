/*
 * lex.h - from bytes to words, numbers, strings, arrows and punctuation.
 *
 * Private to the notation. What cannot be read is reported here and left out, so that the parser
 * only ever sees tokens of the grammar.
 *
 * Thread: none of its own. Owns: nothing; tokens point into the source by offset.
 */
#ifndef WTL_FLOW_LEX_H
#define WTL_FLOW_LEX_H

#include "flow/diag.h"

enum wtl__token_kind {
    WTL_TOKEN_END = 0,
    WTL_TOKEN_WORD,   /* [A-Za-z_][A-Za-z0-9_-]* */
    WTL_TOKEN_NUMBER, /* [+-]?digits, fraction, exponent and whatever unit follows */
    WTL_TOKEN_STRING, /* with its quotes */
    WTL_TOKEN_ONE_WAY,
    WTL_TOKEN_TWO_WAY,
    WTL_TOKEN_AT_LEAST, /* >= */
    WTL_TOKEN_PUNCT,    /* one of { } [ ] , ; = @ * . / : and it is the source's byte */
};

struct wtl__token {
    enum wtl__token_kind kind;
    struct wtl_flow_at at;
    char punct;     /* of PUNCT */
    bool line_head; /* the first of its line */
    bool guessed;   /* an arrow that was not one, or a string without end: it was reported */
};

struct wtl__lexer {
    const char *source;
    uint32_t size;
    uint32_t at;
    uint32_t line;
    uint32_t column;
    struct wtl_flow_diags *diags;
};

/* Bounds: size is at most WTL_FLOW_SOURCE_MAX. */
struct wtl__lexer wtl__lexer_over(const char *source, size_t size, struct wtl_flow_diags *diags);

/* The next token; WTL_TOKEN_END for ever at the end. */
struct wtl__token wtl__lex(struct wtl__lexer *lexer);

#endif
