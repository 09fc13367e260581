/* newmodule.c - what the module offers: a node finds these actors as newmodule.sensor, ... */
#include <wattle/module.h>

#include "newmodule.h"

WTL_MODULE("newmodule", "0.1.0", "Measures, converts and reports a temperature.", &sensor, &convert,
           &report);
