/*
 * describe.h - checks what a module says of itself: the ABI, its names, its actors, their settings.
 *
 * Thread: any. Owns: nothing.
 */
#ifndef WTL_MODULE_DESCRIBE_H
#define WTL_MODULE_DESCRIBE_H

#include <wattle/module.h>

/* Bounds of one actor's blocks, in bytes. */
#define WTL__STATE_BYTES_MAX    (16u * 1024 * 1024)
#define WTL__SETTINGS_BYTES_MAX 65536u
#define WTL__VERSION_MAX        31u

/* Fails: WTL_ABI when this node cannot run it, WTL_INVALID when a description is not sane. */
enum wtl_status wtl__module_check(const struct wtl_module *entry,
                                  struct wtl_error *error) WTL_MUST_USE;

/* Can this node run a module of that ABI? Fails: WTL_ABI, naming both. */
enum wtl_status wtl__module_check_abi(uint16_t major, uint16_t minor, const char *compiler,
                                      struct wtl_error *error) WTL_MUST_USE;

/* May a module, or an actor of one, have that name? NULL may not. */
bool wtl__module_is_name(const char *name);

#endif
