/* victim.h - the settings of a victim (faulty.c, ../../process/so/guest.c), for the modules and for
 * the tests that give them. */
#ifndef VICTIM_H
#define VICTIM_H

#include <stdbool.h>
#include <stdint.h>

struct victim_settings {
    int64_t in_init; /* breaks before it is ready: 1 null, 2 exit, 3 endless */
    bool in_stop;    /* or in its stop: null */
    const char *word;
    const char *name; /* that it registers, "" for none: children of a pool have none otherwise */
};

#endif
