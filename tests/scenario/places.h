/*
 * places.h - real nodes on loopback in one process, each with a control socket, and the command
 * that asks them there.
 *
 * Thread: the test's. Owns: nodes are the kit's, until places_close; the folder goes too.
 */
#ifndef WTL_TESTS_SCENARIO_PLACES_H
#define WTL_TESTS_SCENARIO_PLACES_H

#include "../unit/cli/kit.h"
#include "cli/client.h"
#include "node/control.h"

#define PLACE_WAIT_MS 20000

struct place {
    struct wtl__node *node;
    struct wtl__control_socket *control;
    char socket[96];
};

extern char places_folder[64];

/* For TestSuite(.init, .fini): a folder with a CA in it, and the end of all nodes. */
void places_open(void);
void places_close(void);

/* A node of that layer, which joins that one unless it is NULL. */
struct place *place_start(const char *name, const char *layer, const struct place *join);
void place_close(struct place *place);
void place_issue(const char *name, const char *layer, char path_out[96]);

/* Asks until the answer has `part` in it; the caller frees the run. */
struct run place_ask_until(const struct place *place, const char *noun, const char *verb,
                           const char *part);
/* Until it sees that node as up. */
void place_wait_up(const struct place *place, const char *name);

/* It has ended so, and says that; frees it. */
void expect_run(struct run run, enum wtl__end end, const char *says);

#endif
