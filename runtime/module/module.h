/*
 * module.h - loading actor modules, and what a node knows of those that it has.
 *
 * A module is loaded in four steps, and each refusal says what was expected, what came and what to
 * do: its bytes are taken (image.h), looked at (elf_file.h), mapped by the system's loader, and
 * what its entry gives is checked (describe.h). Between the first and the second, whoever demands a
 * signature verifies the image.
 *
 * There is no unloading: the code of a module stays for as long as the process lives.
 *
 * Thread: load and add one at a time in a process; the rest from any.
 * Owns: a table owns its modules. The types of a module live for ever.
 */
#ifndef WTL_MODULE_MODULE_H
#define WTL_MODULE_MODULE_H

#include <stdatomic.h>

#include <wattle/module.h>

#include "module/elf_file.h"
#include "module/image.h"

/* Modules of one table, and versions of one module that are loaded. */
#define WTL__MODULES_MAX         64u
#define WTL__MODULE_VERSIONS_MAX 32u
/* So many faults within that time put a module into quarantine. */
#define WTL__MODULE_FAULTS_MAX       5u
#define WTL__MODULE_FAULTS_WINDOW_NS (60 * UINT64_C(1000000000))

struct wtl__module {
    const struct wtl_module *entry;
    struct wtl__image image; /* of a module that was linked in: nothing */
    struct wtl__elf elf;
    uint64_t loaded_ns;
    struct wtl__module *next_version; /* loaded before it, whether it runs or not */

    /* written by whoever runs an actor of it when that one faults */
    _Atomic(bool) quarantined;
    _Atomic(uint64_t) faults;
    _Atomic(uint64_t) fault_ns[WTL__MODULE_FAULTS_MAX - 1]; /* of the latest ones, in turn */
};

struct wtl__modules {
    _Atomic(uint32_t) count;
    _Atomic(struct wtl__module *) items[WTL__MODULES_MAX];    /* the versions that run */
    _Atomic(struct wtl__module *) versions[WTL__MODULES_MAX]; /* all of each, the last one first */
};

void wtl__modules_init(struct wtl__modules *modules);
/* Frees what is known of them; their code stays. No actor of theirs may live. */
void wtl__modules_deinit(struct wtl__modules *modules);

/* How a module is mapped. */
enum wtl__module_how {
    WTL__MODULE_SEALED, /* from the sealed copy of its bytes */
    WTL__MODULE_DEV,    /* by its path, so that debuggers find its source; only of this user */
    WTL__MODULE_AGAIN,  /* sealed, also when those very bytes run: a version beside itself */
};

/* Loads the module of an image that wtl__image_open has made. Takes the image in every case.
 * Fails: WTL_INVALID, WTL_ABI (both numbers are named), WTL_EXISTS (a module of that name is
 * there), WTL_FULL, WTL_DENIED (WTL__MODULE_DEV of another user), WTL_NO_MEMORY, WTL_SYSTEM. */
enum wtl_status wtl__module_load_image(struct wtl__modules *modules, struct wtl__image *image,
                                       enum wtl__module_how how,
                                       const struct wtl__module **module_out,
                                       struct wtl_error *error) WTL_MUST_USE;

/* The same for a path, without a signature. */
enum wtl_status wtl__module_load(struct wtl__modules *modules, const char *path,
                                 enum wtl__module_how how, const struct wtl__module **module_out,
                                 struct wtl_error *error) WTL_MUST_USE;

/* Loads another version of `current`, beside it: mapped from the sealed copy in every case, because
 * the system's loader gives the old code for a path that it knows. The same bytes as those of a
 * version that was loaded before are that one. Nothing runs it yet. Takes the image in every case.
 * Fails: WTL_EXISTS (it is what runs, and not asked for WTL__MODULE_AGAIN), WTL_FULL (too many
 * versions), WTL_INVALID (another name), and as above. */
enum wtl_status wtl__module_load_version(struct wtl__modules *modules,
                                         const struct wtl__module *current,
                                         struct wtl__image *image, enum wtl__module_how how,
                                         struct wtl__module **module_out,
                                         struct wtl_error *error) WTL_MUST_USE;
/* From now on that is the version which runs. Thread: one at a time; others may look. */
void wtl__module_switch(struct wtl__modules *modules, struct wtl__module *module);

/* Adds a module that is linked into the program. Its faults are the program's own. */
enum wtl_status wtl__module_add(struct wtl__modules *modules, const struct wtl_module *entry,
                                struct wtl_error *error) WTL_MUST_USE;

/* Puts "module PATH" in front of an error whose text goes on with a verb; returns the status. */
enum wtl_status wtl__module_about(struct wtl_error *error, enum wtl_status status,
                                  const char *path);

/* The module of that name, or NULL. */
const struct wtl__module *wtl__module_find(const struct wtl__modules *modules, const char *name);

/* Module number `index`, in the version that runs, and the one that was loaded last; NULL behind
 * the last module. */
const struct wtl__module *wtl__module_at(const struct wtl__modules *modules, uint32_t index);
const struct wtl__module *wtl__module_versions(const struct wtl__modules *modules, uint32_t index);

/* The actor type "module.actor", or NULL; `module_out`, which may be NULL, is where it is from. */
const struct wtl_actor *wtl__module_actor(const struct wtl__modules *modules, const char *name,
                                          const struct wtl__module **module_out);

/* An actor of the module has faulted at that time: counts it. True when this one was too many, and
 * no actor of its types may be started any more. Thread: any. */
bool wtl__module_faulted(struct wtl__module *module, uint64_t now_ns);

/* Is the type from a module in quarantine? For wtl__runtime.refuses. Thread: any. */
bool wtl__module_refuses(const struct wtl_actor *type);

#endif
