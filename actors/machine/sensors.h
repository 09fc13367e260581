/*
 * sensors.h - one look at the machine: load, memory, processor time, temperatures.
 *
 * Thread: any; it reads files and may wait. Owns: nothing.
 * Bounds: MACHINE_READINGS_MAX; what a machine has beyond them is left out.
 */
#ifndef MACHINE_SENSORS_H
#define MACHINE_SENSORS_H

#include "machine.h"

struct sensor {
    char kind[MACHINE_KIND_MAX + 1];
    char unit[MACHINE_UNIT_MAX + 1];
    double value;
};

struct sensors {
    uint64_t at_ms; /* of the wall clock */
    char host[MACHINE_HOST_MAX + 1];
    uint32_t count;
    struct sensor list[MACHINE_READINGS_MAX];
};

/* Looks at /proc and /sys under `root`, which is "" but in tests. What cannot be read is left out;
 * a count of 0 means that nothing could. */
void sensors_look(const char *root, struct sensors *sensors_out);

#endif
