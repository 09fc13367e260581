/*
 * flow_file.h - a flow as a file: read, parsed and checked, with what was found printed.
 *
 * Thread: one. Owns: the caller frees a flow with free(); it is some 400 KiB.
 */
#ifndef WTL_CLI_FLOW_FILE_H
#define WTL_CLI_FLOW_FILE_H

#include "cli/command.h"
#include "flow/ast.h"
#include "flow/diag.h"

struct wtl__flow_file {
    const char *where;
    size_t size;
    struct wtl_flow_diags diags;
    struct wtl_flow_ast ast;
    char source[WTL_FLOW_SOURCE_MAX + 1]; /* one more than may be, to see that it is too large */
};

/* Reads the flow at `path`, "-" being standard input, and prints what is wrong with it. `*flow_out`
 * is NULL unless it is accepted. */
enum wtl__end wtl__flow_read(const struct wtl__cli *cli, const char *path,
                             struct wtl__flow_file **flow_out);

/* Prints what was found in it. */
void wtl__flow_print(const struct wtl__cli *cli, const struct wtl__flow_file *flow);

#endif
