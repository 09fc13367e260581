/* cpus.c - CPUs by affinity and cgroup quota (v2 cpu.max, v1 cpu.cfs_quota_us). See cpus.h. */
#include "sched/cpus.h"

#include <sched.h>
#include <stdio.h>
#include <string.h>

/* Reads up to two numbers of a file; a "max" counts as none. Returns how many there were. */
static int read_numbers(const char *path, long long *first, long long *second)
{
    FILE *file = fopen(path, "re");
    if (file == NULL) {
        return 0;
    }
    int count = fscanf(file, "%lld %lld", first, second);
    (void)fclose(file);
    return count < 0 ? 0 : count;
}

static unsigned quota(void)
{
    long long limit = 0;
    long long period = 0;
    long long none = 0;
    if (read_numbers("/sys/fs/cgroup/cpu.max", &limit, &period) != 2) {
        if (read_numbers("/sys/fs/cgroup/cpu/cpu.cfs_quota_us", &limit, &none) < 1 ||
            read_numbers("/sys/fs/cgroup/cpu/cpu.cfs_period_us", &period, &none) < 1) {
            return 0;
        }
    }
    return limit > 0 && period > 0 ? (unsigned)((limit + period - 1) / period) : 0;
}

unsigned wtl__cpus_usable(void)
{
    cpu_set_t set;
    unsigned cpus = 1;
    if (sched_getaffinity(0, sizeof set, &set) == 0 && CPU_COUNT(&set) > 0) {
        cpus = (unsigned)CPU_COUNT(&set);
    }
    unsigned limit = quota();
    return limit > 0 && limit < cpus ? limit : cpus;
}
