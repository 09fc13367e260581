/*
 * module_desk.h - the desk of a node that has modules: see desk.h.
 *
 * An upgrade keeps a thread of the work pool until it is over: what is remembered of releases is
 * written there, and not by a worker.
 *
 * Thread: init and deinit by the owner of the node. Owns: nothing but itself.
 */
#ifndef WTL_NODE_MODULE_DESK_H
#define WTL_NODE_MODULE_DESK_H

#include <pthread.h>
#include <stdatomic.h>

#include "node/desk.h"
#include "node/trust.h"
#include "process/isolated.h"

struct wtl__module_desk {
    struct wtl__desk desk;
    struct wtl__runtime *runtime;
    struct wtl__modules *modules;
    const struct wtl__isolated_list *isolated; /* filled before the node is started */
    struct wtl_pid upgrader;
    struct wtl__trust *trust; /* used while `busy` is held */
    _Atomic(bool) busy;       /* an upgrade goes on */
    pthread_mutex_t lock;     /* of those that wait for its end */
    pthread_cond_t ended;
};

/* Spawns the upgrader. Fails: WTL_NO_MEMORY. */
enum wtl_status wtl__module_desk_init(struct wtl__module_desk *desk, struct wtl__runtime *runtime,
                                      struct wtl__modules *modules,
                                      const struct wtl__isolated_list *isolated,
                                      struct wtl__trust *trust,
                                      struct wtl_error *error) WTL_MUST_USE;
void wtl__module_desk_deinit(struct wtl__module_desk *desk); /* one that is zeroed is nothing */

#endif
