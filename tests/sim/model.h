/*
 * model.h - what may happen in the simulated mesh, kept apart from what the mesh itself knows; and
 * how it is told when something else happens.
 *
 * The numbers are those of the invariants that the simulator holds:
 *
 *    1  authenticated delivery   model_mail.c: everything that is delivered was sent, by that actor
 *                                to that one, and came over a link whose peer may speak for it;
 *                                intruder.c: a peer that tries otherwise is cut off
 *    2  one link per pair        always at most one that carries data (model_nodes.c); in the end
 *                                exactly one, the same for both (check.c)
 *    3  generation fence         bytes of a closed connection change nothing (wires.c), nothing
 *                                comes from an incarnation that is over (model_nodes.c)
 *    4  pair order               no mail is delivered before, or without, an earlier one, unless
 *                                that one was refused to its sender (model_mail.c)
 *    5  no duplicate             each mail is delivered once at most (model_mail.c)
 *    6  down completeness        one DOWN for each monitor whose target is gone, with its reason
 *    7  down soundness           no `noconnection` without a loss, nothing of the dead after it
 *    8  demonitor is final       and so is unlink
 *    9  link symmetry            check.c
 *   10  pid uniqueness           model_actors.c; mail for an old pid reaches nobody
 *   13  convergence              check.c: one table of names on all core nodes
 *   14  no ghost names           check.c: it holds just what living actors have
 *   17  true answers             model_names.c: who was told that it holds a name is found, from
 *                                everywhere and at once, while the mesh is in one piece
 *   18  progress of names        model_names.c: each question about a name is answered, once
 *   32  conservation             check.c: actors, ties, timers, names, links, mail and bytes are
 *                                what they must be, and nothing is left after the end
 *   37  liveness                 check.c: everybody reaches everybody
 *
 * Thread: one. Owns: its records.
 */
#ifndef WTL_SIM_MODEL_H
#define WTL_SIM_MODEL_H

#include "world.h"

enum invariant {
    INV_HARNESS = 0, /* the simulator itself: a seed that proves nothing, or runs differently */
    INV_AUTHENTICATED = 1,
    INV_ONE_LINK = 2,
    INV_FENCE = 3,
    INV_ORDER = 4,
    INV_ONCE = 5,
    INV_DOWN_COMPLETE = 6,
    INV_DOWN_SOUND = 7,
    INV_FINAL = 8,
    INV_SYMMETRY = 9,
    INV_PID_UNIQUE = 10,
    INV_CONVERGED = 13,
    INV_NO_GHOST = 14,
    INV_TRUE_ANSWERS = 17,
    INV_PROGRESS = 18,
    INV_CONSERVED = 32,
    INV_LIVE = 37,
};

/* What was found, and what was tried: a seed that tried nothing proves nothing. */
struct checks {
    uint64_t violations;
    uint64_t broken; /* which invariants, as bits */
    char text[640];  /* of the first one */
    uint64_t heard, sent, calls, answers, downs, exits, registered, taken, lost, born, attacks;
    uint64_t sought, found; /* names; those that took a question to another node */
};
extern struct checks checks;
/* Prints every violation at once, not only the first of a seed. */
extern bool violations_all;

/* Counts a violation at `at`, seen from or about `about` (either may be NULL). The text says what
 * was expected and what came; seed, virtual time and the names of the nodes are added. */
void violation(const struct world *world, enum invariant invariant, const struct sim_node *at,
               const struct sim_node *about, const char *format, ...)
    __attribute__((format(printf, 5, 6)));

struct model *model_create(void);
void model_destroy(struct model *model);

/* Something has happened at that node: what must always hold is checked. */
void model_event(struct sim_node *node);
/* A hash of what the node knows, and has counted. */
uint64_t model_state(const struct sim_node *node);

/* ---- mail between nodes: model_mail.c ------------------------------------------------------- */

void model_sent(struct sim_node *node, struct wtl_pid to, const struct wtl__envelope *envelope);
void model_refused(struct sim_node *node, struct wtl_pid to, const struct wtl__envelope *envelope);
void model_delivered(struct sim_node *node, uint64_t to_local,
                     const struct wtl__envelope *envelope);
/* In the end: what was sent has been delivered, or refused. */
void model_check_mail(struct world *world);

/* ---- nodes as others see them: model_nodes.c ------------------------------------------------ */

void model_started(struct sim_node *node);
void model_node_up(struct sim_node *node, uint64_t id);
void model_node_down(struct sim_node *node, uint64_t id, enum wtl_status why);
/* A device has signed that it is attached there. */
void model_attached(const struct sim_node *device, uint64_t uplink);
/* May mail of `source` come from the other end of the connection that `node` reads now? */
void model_check_speaker(struct sim_node *node, uint64_t source);
/* When that node was last told that the other one is down; 0: never. */
uint64_t model_down_ms(const struct sim_node *node, uint64_t id);

/* ---- actors: model_actors.c ----------------------------------------------------------------- */

void model_born(struct sim_node *node, struct wtl_pid pid);
void model_ended(struct sim_node *node, struct wtl_pid pid, struct wtl_reason reason);
bool model_lives(struct world *world, struct wtl_pid pid);
/* That mail is for `meant`, and `pid` handles it. */
void model_meant(struct sim_node *node, struct wtl_pid pid, struct wtl_pid meant);
uint32_t model_living(struct sim_node *node);

void model_monitor(struct sim_node *node, struct wtl_pid watcher, uint64_t ref,
                   struct wtl_pid target);
void model_demonitor(struct sim_node *node, uint64_t ref);
void model_monitor_refused(struct sim_node *node, uint64_t ref);
void model_down(struct sim_node *node, const struct wtl_down *down);
/* Is there an active monitor with that number, of that actor? */
bool model_watches(struct sim_node *node, uint64_t ref, struct wtl_pid target);
/* In the end: no monitor waits for the down of one who is gone. Returns how many are active. */
uint32_t model_check_monitors(struct world *world);

/* ---- names: model_names.c ------------------------------------------------------------------- */

struct held_name {
    char name[WTL_NAME_MAX + 1];
    struct wtl_pid pid;
    uint64_t since_ms;
    bool lost; /* its node was told, and the actor will hear of it in a moment */
};
void model_name_held(struct sim_node *node, struct wtl_pid pid, const char *name);
void model_name_gone(struct sim_node *node, struct wtl_pid pid, const char *name);
void model_name_lost(struct sim_node *node, struct wtl_pid pid, const char *name);
/* What living actors have been told that they hold. */
uint32_t model_names(struct world *world, struct held_name *names, uint32_t max);

/* That node looks for a name; each of its questions has another number. */
void model_sought(struct sim_node *node, uint64_t number, const struct held_name *held);
void model_found(struct sim_node *node, uint64_t number, enum wtl_status status,
                 struct wtl_pid holder);
/* In the end: no question is without its answer. */
void model_check_seeks(struct world *world);

#endif
