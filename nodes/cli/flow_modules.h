/*
 * flow_modules.h - a flow against the modules that are here: do its stages exist, do their settings
 * fit, may they stand where they do?
 *
 * Stages of other modules are other nodes' business, and passed over.
 *
 * Thread: one. Owns: nothing.
 */
#ifndef WTL_CLI_FLOW_MODULES_H
#define WTL_CLI_FLOW_MODULES_H

#include <wattle/module.h>

#include "certs/identity.h"
#include "cli/flow_file.h"

/* Which modules there are. */
struct wtl__flow_known {
    void *context;
    const struct wtl_module *(*find)(void *context, const char *name); /* NULL: it is not here */
    const struct wtl_identity *node; /* only stages that may run on this one; NULL: all */
};

/* Prints what is wrong. Its warnings are added to those of the flow. */
enum wtl__end wtl__flow_compare(const struct wtl__cli *cli, struct wtl__flow_file *flow,
                                const struct wtl__flow_known *known);

/* The same, with the modules of --module and those that are linked into the program. */
enum wtl__end wtl__flow_compare_files(const struct wtl__cli *cli, struct wtl__flow_file *flow);

#endif
