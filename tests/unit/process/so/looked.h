/* looked.h - what a counter of looked.c does when it is looked into, for it and for the tests. */
#ifndef LOOKED_H
#define LOOKED_H

#include <stdbool.h>

enum looked_how {
    LOOKED_PLAIN = 0,
    LOOKED_TOO_LARGE,  /* shows more than a message may have */
    LOOKED_TWO_VALUES, /* what is not one value */
    LOOKED_NOTHING,
    LOOKED_ENDLESS,
    LOOKED_ABORTS,
    LOOKED_WAITS,   /* until somebody is called "gate" */
    LOOKED_TELLS,   /* "sink", before it shows */
    LOOKED_STOPS,   /* while it shows or replaces */
    LOOKED_LINGERS, /* its stop is never over */
};

struct looked_settings {
    bool later;
};

#endif
