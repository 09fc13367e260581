/*
 * value.h - one value of a setting, from its text.
 *
 * Private to the notation. Pure functions; owns nothing. The same text always gives the same value:
 * no locale is asked.
 */
#ifndef WTL_FLOW_VALUE_H
#define WTL_FLOW_VALUE_H

#include "flow/ast.h"

/* Reads "12", "-0.5", "1e3", "60s", "10MiB", "28celsius": fills kind, i64 and f64 and says where in
 * the text the unit begins (`size` when there is none). Returns NULL, or why not, as the end of a
 * sentence that begins with the text. */
const char *wtl__flow_number(const char *text, size_t size, struct wtl_flow_value *value_out,
                             size_t *unit_out);

/* Reads the text of a string token, with its quotes, into `out`, which has room for `size` bytes,
 * and adds a NUL. What the lexer has refused is left out. Returns the length. */
size_t wtl__flow_unquote(const char *text, size_t size, char *out);

#endif
