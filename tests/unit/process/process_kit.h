/*
 * process_kit.h - what the tests of isolated modules share: a runtime with threads, a module in a
 * process of its own, and asking its actors from the test's thread.
 */
#ifndef PROCESS_KIT_H
#define PROCESS_KIT_H

#include <criterion/criterion.h>

#include <wattle/runtime.h>

#include "../module/asker.h"
#include "process/isolated.h"

#define SO(name) MODULE_SO "/" name ".so"

struct stage_of_test {
    struct wtl_runtime *runtime;
    struct asker asker;
    struct wtl__isolated *module;
};

/* Starts a runtime with `workers`, and the asker. */
void kit_open(unsigned workers);
/* Opens the module at `path`; NULL config: the defaults. It must work. */
struct wtl__isolated *kit_isolate(const char *path, const struct wtl__isolated_config *config);
/* Stops all and proves that nothing is left: no actor, no process, no descriptor. Bytes are the
 * leak sanitizer's to find: what one thread gave back to another that has ended counts as used. */
void kit_close(void);

extern struct stage_of_test kit;

/* Loads the module into this process, with the guard unless a sanitizer is there, and gives that
 * type of it. */
const struct wtl_actor *kit_load_here(const char *path, const char *type);

/* The type of an actor of the module that was opened last. */
const struct wtl_actor *kit_type_of(const char *name);

/* Calls the holder of the name with a message of that tag and number, and waits for the answer. */
struct answer kit_ask(const char *name, const char *tag, uint64_t number);
/* The same, again while the actor is being restarted. */
struct answer kit_ask_living(const char *name, const char *tag, uint64_t number);
/* Sends it, without an answer. */
void kit_tell(const char *name, const char *tag, uint64_t number);

bool kit_reason_is(struct wtl_reason reason, const char *text);

/* Supervises one actor of that name and type, with any number of restarts. */
struct wtl_pid kit_supervise(const char *name, const struct wtl_actor *type, const void *settings);

/* What was logged since the last kit_open. */
bool kit_has_logged(const char *text);

#endif
