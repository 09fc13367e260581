/*
 * isolated.h - a module whose actors run in a process of its own.
 *
 * Opening looks at the file as for any module, and then asks a process, which ends at once, what
 * the module says of itself: no code of it ever runs in the node. What comes out are types of
 * actors, proxies, that are spawned, supervised and put into flows like any others. The first
 * actor starts the module's process, all of them share it, and when it dies the next one to be
 * spawned starts another.
 *
 * Thread: open and close one at a time, off the workers; the rest from any.
 * Owns: a module owns its processes. Its types and their strings live for ever, as those of modules
 * that are loaded into the node do.
 */
#ifndef WTL_PROCESS_ISOLATED_H
#define WTL_PROCESS_ISOLATED_H

#include "module/module.h"
#include "process/manifest.h"
#include "process/process.h"

/* Unless it is said otherwise. */
#define WTL__ISOLATED_MEMORY (256u * 1024 * 1024)
#define WTL__ISOLATED_BUDGET 2000u
/* The least that a program needs, and the shortest time that is told from a pause of the machine.
 */
#define WTL__ISOLATED_MEMORY_MIN (16u * 1024 * 1024)
#define WTL__ISOLATED_BUDGET_MIN 50u
/* How long a process may take until it has loaded its module. */
#define WTL__ISOLATED_LOAD_MS 5000u

struct wtl__isolated_config {
    const char *program; /* wattle-module-host; NULL: it is looked for */
    uint64_t memory_max; /* bytes; 0: WTL__ISOLATED_MEMORY */
    uint32_t budget_ms;  /* how long a function of an actor may run; 0: WTL__ISOLATED_BUDGET */
    uint32_t load_ms;    /* until it has loaded the module; 0: WTL__ISOLATED_LOAD_MS */
    unsigned may;        /* WTL__MAY_FILES, WTL__MAY_NETWORK */
    enum wtl__module_how how;
};

/* One type of actor: as the node spawns it, and as the process does. */
struct wtl__isolated_type {
    struct wtl_actor actor;
    struct wtl_actor born;
    struct wtl__isolated *module;
    const struct wtl_actor *described;
    uint32_t index;
};

/* What lives for ever of a module. */
struct wtl__isolated_types {
    struct wtl__isolated_types *next;
    struct wtl__manifest manifest;
    struct wtl__isolated_type list[];
};

struct wtl__isolated {
    struct wtl__isolated_config config;
    uint64_t opened_ns;
    struct wtl__image image;
    struct wtl__elf elf;
    int program;
    int image_fd;
    struct wtl__isolated_types *types;

    pthread_mutex_t lock;
    struct wtl__process *current;   /* where the next actor sits down; under the lock */
    struct wtl__process *processes; /* all that are not buried; under the lock */
};

/* Those of a node. */
struct wtl__isolated_list {
    uint32_t count;
    struct wtl__isolated *items[WTL__MODULES_MAX];
};

/* Fails: as wtl__module_load, and WTL_FAULT when its process dies while it loads the module,
 * WTL_TIMEOUT when that takes too long, WTL_NOT_FOUND without the program. */
enum wtl_status wtl__isolated_open(const char *path, const struct wtl__isolated_config *config,
                                   struct wtl__isolated **isolated_out,
                                   struct wtl_error *error) WTL_MUST_USE;

/* The same of bytes that were taken and checked before. Owns: takes the image, also when it fails.
 */
enum wtl_status wtl__isolated_open_image(struct wtl__image *image,
                                         const struct wtl__isolated_config *config,
                                         struct wtl__isolated **isolated_out,
                                         struct wtl_error *error) WTL_MUST_USE;

/* Ends its processes, if any are left. The runtime must have been destroyed. NULL is nothing. */
void wtl__isolated_close(struct wtl__isolated *isolated);

/* What it says of itself; module->actors are types that can be spawned. */
const struct wtl_module *wtl__isolated_module(const struct wtl__isolated *isolated);
/* Is the type one of that module's, spawned by whomever? */
bool wtl__isolated_has(const struct wtl_module *module, const struct wtl_actor *type);

/* ---- for proxies and keepers ---------------------------------------------------------------- */

/* The process where actors of the module sit down now, held for the caller; one is made if there is
 * none. NULL, and why. */
struct wtl__process *wtl__isolated_process(struct wtl__isolated *isolated,
                                           struct wtl__runtime *runtime,
                                           struct wtl_reason *reason_out);

/* The process that has spawned this actor, held for the caller; NULL when there is none. */
struct wtl__process *wtl__isolated_parent(struct wtl__isolated *isolated, uint64_t local);

/* The keeper starts the child. */
enum wtl_status wtl__isolated_start(struct wtl__process *process,
                                    struct wtl_error *error) WTL_MUST_USE;
/* The process is dying: no actor sits down in it any more. */
void wtl__isolated_retire(struct wtl__process *process);
/* Its child was reaped, and its keeper is gone: lets go of it. */
void wtl__isolated_bury(struct wtl__process *process);

/* Does the packed module say what it said when it was opened? */
bool wtl__isolated_is_same(const struct wtl__isolated *isolated, const uint8_t *bytes, size_t size);

#endif
