/*
 * parse.h - from the source of a flow to its AST.
 *
 * The grammar (LL(2), no recursion, so that the depth is constant whatever comes):
 *
 *     file     := "flow" NAME "{" item* "}" | item*
 *     item     := use | decl | chain
 *     use      := "use" MODULE [">=" VERSION]
 *     decl     := NAME "=" MODULE "." ACTOR trait*
 *     chain    := ("push" | "demand" | "pull") [stage] (("~>" | "<~>") stage)+
 *     stage    := ref | "[" ref,* "]" ["@" place] | "{" ref,* "}" ["@" place] | "output"
 *     ref      := (NAME | MODULE "." ACTOR) trait*
 *     trait    := "@" place | "*" N | settings                  each at most once
 *     place    := LAYER | LAYER "/" NODE | "each:" LAYER | "any:" LAYER | "with:" NAME
 *     settings := "{" (KEY "=" VALUE [","|";"])* "}"
 *
 * A brace behind a ref opens settings; where a stage is expected, it opens a group. `#` begins a
 * comment. What is wrong only in meaning (a name that nobody declared, a <~> behind a ~>) is not
 * found here but by wtl_flow_check.
 */
#ifndef WTL_FLOW_PARSE_H
#define WTL_FLOW_PARSE_H

#include "flow/ast.h"
#include "flow/diag.h"

#include <wattle/status.h>

/* Reads a flow. `name` is what a source without `flow NAME { }` is called, from its file's name;
 * `diags` gets what was found, in addition to what it holds. After an error the AST has what could
 * be read, and wtl_flow_check finds more in it without repeating anything.
 *
 * Thread: any. Owns: nothing of the source is kept. Fails: WTL_INVALID when there was an error.
 * Bounds: WTL_FLOW_SOURCE_MAX bytes, the maxima of ast.h; time is linear in the source. */
WTL_MUST_USE enum wtl_status wtl_flow_parse(struct wtl_flow_ast *ast, const char *source,
                                            size_t size, const char *name,
                                            struct wtl_flow_diags *diags);

#endif
