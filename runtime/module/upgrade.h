/*
 * upgrade.h - another version of a module in the place of the one that runs, while its actors live.
 *
 * What can be seen before anybody is held still is checked first: the file, its ABI, its name, that
 * it has every actor of the version that runs. Then all actors of the module go over, or none
 * (actor/upgrade.h). The way back is the same with the older file.
 *
 * The code of a version stays for as long as the process lives: a supervisor's spec, a message or a
 * constant may refer to it. wtl__census_begin tells which versions actors still run.
 *
 * Thread: as it says. Owns: nothing; the module tables own the versions.
 */
#ifndef WTL_MODULE_UPGRADE_H
#define WTL_MODULE_UPGRADE_H

#include "actor/upgrade.h"
#include "module/module.h"

struct wtl__module_outcome {
    struct wtl_error error; /* .status WTL_OK: it runs */
    const char *name;
    const char *from; /* versions */
    const char *to;
    uint32_t actors; /* that went over */
};

struct wtl__module_order {
    struct wtl__runtime *runtime;
    struct wtl_pid upgrader;
    struct wtl__modules *modules;
    const char *name;
    struct wtl__image
        *image; /* of the new version, checked by whoever demands a signature; taken */
    enum wtl__module_how how;
    uint32_t within_ms; /* 0: WTL__UPGRADE_MS */
    void *context;
    /* The version is about to run; before any actor does. May be NULL. Thread: a worker's. */
    void (*switched)(void *context, const struct wtl__module *module);
    /* Once, when wtl__module_upgrade has returned WTL_OK. Thread: a worker's, or the caller's. */
    void (*done)(void *context, const struct wtl__module_outcome *outcome);
};

/* Loads and checks the new version and begins the upgrade; what comes of that, `done` says. The
 * order is copied; its name and image are borrowed for the call, and the image is taken.
 * Fails: WTL_NOT_FOUND (no such module runs), WTL_BUSY (another one is being loaded), WTL_INVALID
 * (it lacks an actor, or an actor is another kind of one), WTL_VERSION (a state of another size and
 * the same state_vsn), and as wtl__module_load_version. Nobody was held still.
 * Thread: any that may wait for the system's loader. */
enum wtl_status wtl__module_upgrade(const struct wtl__module_order *order,
                                    struct wtl_error *error) WTL_MUST_USE;

/* ---- who runs what ----------------------------------------------------------------------------
 */

/* Actors that are looked at; rows are versions. */
#define WTL__CENSUS_ACTORS_MAX 65536u
#define WTL__CENSUS_ROWS_MAX   256u

struct wtl__census_row {
    const struct wtl_module *entry;
    uint64_t bytes; /* of its file; 0: it is linked in */
    uint64_t loaded_ns;
    bool runs;     /* it is what is started */
    bool is_apart; /* in a process of its own */
    /* Is the type one of its? NULL: when it is among the entry's. */
    bool (*has)(const struct wtl_module *entry, const struct wtl_actor *type);
    _Atomic(uint32_t) actors;
};

struct wtl__census {
    struct wtl__runtime *runtime;
    struct wtl_pid asker;
    uint64_t request;
    _Atomic(uint32_t) refs;
    _Atomic(uint32_t) looks; /* that are under way */
    uint32_t rows_count;
    struct wtl__census_row rows[];
};

/* Counts the actors of each version of each module, and of `more` that are in no table, and answers
 * that request of the asker when all are counted. The caller holds it until wtl__census_release,
 * and may look at any time. NULL: no memory. Thread: any. */
struct wtl__census *wtl__census_begin(struct wtl__runtime *runtime, struct wtl__ctx *x,
                                      const struct wtl__modules *modules,
                                      const struct wtl__census_row *more, uint32_t more_count,
                                      struct wtl_pid asker, uint64_t request);
bool wtl__census_is_done(const struct wtl__census *census);
uint32_t wtl__census_actors(const struct wtl__census *census, uint32_t row);
void wtl__census_release(struct wtl__census *census);

#endif
