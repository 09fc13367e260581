/* settings.h - the runtime's side of settings; the public one is <wattle/settings.h>. */
#ifndef WTL_ACTOR_SETTINGS_H
#define WTL_ACTOR_SETTINGS_H

#include <wattle/settings.h>

/* Writes every default. Fails: WTL_INVALID when a setting is mandatory, or its default is no value
 * of its type. */
enum wtl_status wtl__settings_default(const struct wtl_actor *type, void *settings,
                                      struct wtl_error *error) WTL_MUST_USE;

/* The bytes of settings with all strings that they point to, and a copy of both in one block, so
 * that the strings live as long as the actor. `settings` is NULL or type->settings_size bytes. */
size_t wtl__settings_size(const struct wtl_actor *type, const void *settings);
void wtl__settings_copy(const struct wtl_actor *type, const void *settings, void *block);

#endif
