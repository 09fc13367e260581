/*
 * ask.h - from the options of a call to a node's answer, for the commands that ask one.
 *
 *   ask.c      which node, and the question
 *   answer.c   the answer, or why there is none
 *
 * What goes wrong has been printed when a function returns anything but WTL__END_OK.
 *
 * Thread: one. Owns: whoever asks frees an answer's bytes.
 */
#ifndef WTL_CLI_ASK_H
#define WTL_CLI_ASK_H

#include "cli/command.h"
#include "cli/table.h"

/* A question with --timeout in it and nothing else. */
enum wtl__end wtl__begin_request(const struct wtl__cli *cli, struct wtl__request *request);

/* The control socket of the node to ask: --control, else $WTL_CONTROL, else the one that answers
 * here, or that of the node which the question is for. Owns: the path is static. */
enum wtl__end wtl__find_socket(const struct wtl__cli *cli, const struct wtl__request *request,
                               const char **path_out);

struct wtl__asked {
    uint8_t *bytes; /* free them; the reply points into them */
    struct wtl__reply reply;
};

/* Asks and waits. WTL__END_OK: the node has answered, and with WTL_OK. */
enum wtl__end wtl__ask(const struct wtl__cli *cli, const char *path,
                       const struct wtl__request *request, struct wtl__asked *asked_out);

/* Prints a table as --json, --sort and --quiet want it; the second one that of a reply. */
enum wtl__end wtl__print_table(const struct wtl__cli *cli, struct wtl__table *table);
enum wtl__end wtl__print_reply(const struct wtl__cli *cli, struct wtl__reply *reply);

/* Something was done, and there is a line to say about it. */
void wtl__print_done(const struct wtl__cli *cli, const struct wtl__reply *reply);

#endif
