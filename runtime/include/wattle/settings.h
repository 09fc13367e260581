/*
 * settings.h - settings as text: reading one by its declaration, and filling in the defaults.
 *
 * Thread: any. Owns: string values point at the text that was given, which must live as long.
 */
#ifndef WATTLE_SETTINGS_H
#define WATTLE_SETTINGS_H

#include <wattle/actor.h>

/* Reads `text` as the field's type into `settings` (a struct of the actor's settings).
 * I64: decimal; F64; BOOL: true or false; STR: as it is; DURATION_MS: 500ms 60s 5m 2h 1d; BYTES:
 * 512 64KiB 10MiB 1GiB. Fails: WTL_INVALID with what was expected and what came. */
enum wtl_status wtl_setting_read(const struct wtl_field *field, const char *text, void *settings,
                                 struct wtl_error *error) WTL_MUST_USE;

/* The field of that name, or NULL. */
const struct wtl_field *wtl_setting_find(const struct wtl_actor *type, const char *name);

#endif
