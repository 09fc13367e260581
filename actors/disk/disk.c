/* disk.c - what the module offers. */
#include <wattle/module.h>

#include "disk.h"

WTL_MODULE_NEEDS("libsqlite3.so.0");
WTL_MODULE("disk", "0.1.0", "Tables that outlive their node, in a SQLite file.", &table, &file);
