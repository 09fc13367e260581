/*
 * module_kit.h - what the tests of modules share: the modules that CMake has built for them, texts
 * of refusals, and a runtime with threads and the guard.
 */
#ifndef MODULE_KIT_H
#define MODULE_KIT_H

#include <criterion/criterion.h>

#include <wattle/runtime.h>

#include "asker.h"
#include "module/module.h"

#define SO(name) MODULE_SO "/" name ".so"

/* The table of one test, empty at first. */
extern struct wtl__modules kit_modules;

/* Loads one of the modules above; it must work. */
const struct wtl__module *kit_load(const char *path);

/* Loads it; it must be refused with `status` and a text that has the path and each of the words. */
void kit_refused(const char *path, enum wtl_status status, const char *const *words);
#define REFUSED(path, status, ...)                                                                 \
    kit_refused(path, status, (const char *const[]){__VA_ARGS__, NULL})

/* The bytes of a file; the caller frees them. */
void *kit_read(const char *path, size_t *size_out);

/* ---- a runtime with threads ---------------------------------------------------------------- */

/* Starts a runtime, with the guard, and an actor that asks others for the test. */
void asker_open(struct asker *asker, unsigned workers);
void asker_close(struct asker *asker);

#endif
