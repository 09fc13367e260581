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

#endif
