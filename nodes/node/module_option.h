/*
 * module_option.h - what is written behind --module: a file, and how it is run.
 *
 *     climate.so
 *     climate.so,isolation=process,may=files,memory=64MiB,budget=500ms
 *
 * Pure. Thread: any. Owns: nothing; the path is a copy.
 */
#ifndef WTL_NODE_MODULE_OPTION_H
#define WTL_NODE_MODULE_OPTION_H

#include <limits.h>

#include "process/isolated.h"

struct wtl__module_option {
    char path[PATH_MAX];
    bool isolated; /* in a process of its own; the rest is for that */
    struct wtl__isolated_config config;
};

/* Fails: WTL_INVALID, with what was expected. */
enum wtl_status wtl__module_option_read(const char *text, struct wtl__module_option *option_out,
                                        struct wtl_error *error) WTL_MUST_USE;

#endif
