/* system.h - the node's way from the embedding API into the runtime. Thread: any. */
#ifndef WTL_SCHED_SYSTEM_H
#define WTL_SCHED_SYSTEM_H

#include <wattle/runtime.h>

#include "actor/poller.h"

/* Borrowed; lives as long as the runtime. */
struct wtl__runtime *wtl__runtime_of(struct wtl_runtime *runtime);

/* From now on idle workers wait in `poller`. Once; borrowed, outlives the runtime. */
void wtl__runtime_poll_with(struct wtl_runtime *runtime, const struct wtl__poller *poller);

/* Wakes a parked worker, if there is one. */
void wtl__runtime_call_worker(struct wtl__runtime *runtime);

#endif
