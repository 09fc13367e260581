/* cpus.h - how many CPUs this process may really use. Thread: any. */
#ifndef WTL_SCHED_CPUS_H
#define WTL_SCHED_CPUS_H

/* The CPUs of the affinity mask, and no more than the cgroup's quota rounded up; at least 1. */
unsigned wtl__cpus_usable(void);

#endif
