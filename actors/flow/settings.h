/*
 * settings.h - the settings of a stage against the fields that its actor declares, and as the
 * struct that the actor gets.
 *
 * Thread: any. Owns: nothing; see wtl_flow_settings_fill for strings.
 */
#ifndef WTL_FLOW_SETTINGS_H
#define WTL_FLOW_SETTINGS_H

#include "flow/ast.h"

#include <wattle/actor.h>

#define WTL_FLOW_FIELDS_MAX 64u /* declared settings of one actor that are looked at */

/* Room for why a value does not fit its field. */
#define WTL_FLOW_MISFIT_MAX 160

/* Does the value fit the field: type, unit, range of the type? Writes why not, as "a duration is
 * expected", and what to write, as "for example 60s".
 * Thread: any. Fails: false, with both texts. */
bool wtl_flow_value_fits(const struct wtl_flow_ast *ast, const struct wtl_flow_value *value,
                         const struct wtl_field *field, char why_out[WTL_FLOW_MISFIT_MAX],
                         char help_out[WTL_FLOW_MISFIT_MAX]);

/* The field of that name; NULL when the actor has none. */
const struct wtl_field *wtl_flow_find_field(const struct wtl_actor *actor, const char *name);

/* Fills the actor's settings struct, `settings_size` bytes, for one stage: zeroes, then the
 * declared defaults, then what the flow gives. `ast` may be NULL for the defaults alone.
 *
 * Owns: strings are not copied: given ones point into the AST, defaults into the actor's
 * description; both have to live as long as the settings are read. A default is taken as it stands;
 * text defaults have no quotes.
 * Fails: WTL_INVALID for a stage, key or value that does not fit, or a mandatory setting that is
 * missing; WTL_ABI for a description whose fields lie outside of the struct or whose defaults
 * cannot be read; WTL_TOO_LARGE when `size` is less than the actor wants. `error` may be NULL. */
WTL_MUST_USE enum wtl_status wtl_flow_settings_fill(const struct wtl_flow_ast *ast, uint16_t stage,
                                                    const struct wtl_actor *actor,
                                                    void *settings_out, size_t size,
                                                    struct wtl_error *error);

#endif
