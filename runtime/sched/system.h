/* system.h - the node's way from the embedding API into the runtime. Thread: any. */
#ifndef WTL_SCHED_SYSTEM_H
#define WTL_SCHED_SYSTEM_H

#include <wattle/runtime.h>

#include "actor/runtime.h"

/* Borrowed; lives as long as the runtime. */
struct wtl__runtime *wtl__runtime_of(struct wtl_runtime *runtime);

#endif
