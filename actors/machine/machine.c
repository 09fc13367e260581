/* machine.c - what the module offers. */
#include <wattle/module.h>

#include "machine.h"

WTL_MODULE_NEEDS("libsqlite3.so.0");
WTL_MODULE("machine", "0.1.0",
           "Reads this machine's load, memory, processor time and temperatures.", &readings, &clean,
           &store);
