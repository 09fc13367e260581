/*
 * parser.h - the state of parsing, and the parts of the grammar.
 *
 * Private to parse.c, parse_chain.c and parse_parts.c. Every function that meets an error reports
 * it and returns false; its caller then passes tokens until an item can begin
 * (wtl__parser_recover).
 */
#ifndef WTL_FLOW_PARSER_H
#define WTL_FLOW_PARSER_H

#include "flow/lex.h"

struct wtl__parser {
    struct wtl__lexer lexer;
    struct wtl__token last;
    struct wtl__token tok;
    struct wtl__token next;
    struct wtl_flow_ast *ast;
    struct wtl_flow_diags *diags;
    const char *source;
    unsigned open; /* brackets and braces of the present item that are not closed yet */
};

/* The traits of a stage or a mention: place, copies, settings. */
struct wtl__traits {
    struct wtl_flow_place place;
    uint16_t copies;
    uint16_t first_setting;
    uint16_t setting_count;
};

void wtl__parser_advance(struct wtl__parser *p);

/* The bytes of a token. */
const char *wtl__parser_text(const struct wtl__parser *p, struct wtl__token token);
bool wtl__parser_is(const struct wtl__parser *p, char punct);
bool wtl__parser_is_arrow(const struct wtl__parser *p);
bool wtl__parser_is_word(const struct wtl__parser *p, const char *word);
enum wtl_flow_mode wtl__parser_mode(const struct wtl__parser *p);

/* Can an item begin at this token: an input word, `use`, or NAME `=`? */
bool wtl__parser_at_item(const struct wtl__parser *p);

/* "expected WHAT, found `x`"; `help` may be NULL. Returns false. */
bool wtl__parser_expected(struct wtl__parser *p, const char *what, const char *help);
bool wtl__parser_full(struct wtl__parser *p, struct wtl_flow_at at, const char *what, unsigned max);
bool wtl__parser_take(struct wtl__parser *p, char punct, const char *what);
void wtl__parser_recover(struct wtl__parser *p);

/* Takes the word at hand as a name of the given kind ("a stage", "a module"). Fails: no word, or
 * reserved, or not a valid name. A word that is no valid name is passed all the same. */
bool wtl__parser_name(struct wtl__parser *p, const char *kind, struct wtl_flow_text *text_out);

/* MODULE "." ACTOR, of which the first word was read already. */
bool wtl__parser_actor(struct wtl__parser *p, struct wtl_flow_text *actor_out);

bool wtl__parser_place(struct wtl__parser *p, struct wtl_flow_place *place_out);
bool wtl__parser_traits(struct wtl__parser *p, uint16_t stage, struct wtl__traits *traits_out);

/* Can a stage begin at this token? */
bool wtl__parser_at_stage(const struct wtl__parser *p);

/* A chain from its input word on; `headless`: from behind where that word should have been, which
 * was reported, so that what the chain would mean is not judged. */
bool wtl__parser_chain(struct wtl__parser *p, enum wtl_flow_mode mode, bool headless);

#endif
