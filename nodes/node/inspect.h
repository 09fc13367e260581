/*
 * inspect.h - the actor that answers questions about a node: "$inspect".
 *
 * A question is a struct wtl__request (control_frame.h). It comes as a call "inspect", to this
 * actor or to `$node`, whose pid every node knows (root.h) and which hands it on; or from the
 * control socket, as a message of the kind WTL__LOCAL that no other machine can send. That one may
 * be for another node, and is passed on. A question of another node is answered only when that
 * node's layer may ask it: to inspect or, for what changes something, to administrate, which edge
 * and cloud nodes may, and devices never.
 *
 *   what is asked                 where the answer is
 *
 *   actor.ls tree show kill       on the actors themselves (inspect_cell.h)
 *
 *   actor.state stats trace       there, too (wattle/sys.h)
 *   suspend resume replace
 *
 *   mesh.nodes links names brief  on the net loop (inspect_mesh.h), through the source below; brief
 *                                 is what mesh.nodes wants to know of every node
 *
 *   flow.ls                       the flow host of this node (flow/host.h)
 *
 *   flow.show                     the flow's manager, wherever it is (flow/manager.h)
 *
 *   module.ls upgrade             the desk of the node's modules (desk.h)
 *
 *   node.show                     in numbers that anybody may read
 *
 * Nothing here waits: a question is a job until its answers have come, or its time is over. Then it
 * is answered with what there is.
 *
 * Thread: the actor's own.
 * Bounds: WTL__INSPECT_JOBS_MAX questions at a time, more are answered `busy`;
 * WTL__INSPECT_ROWS_MAX rows in one answer; WTL__INSPECT_ASKED_MAX nodes that are asked for theirs.
 */
#ifndef WTL_NODE_INSPECT_H
#define WTL_NODE_INSPECT_H

#include "actor/runtime.h"
#include "certs/identity.h"
#include "node/control_frame.h"

#define WTL__INSPECT_JOBS_MAX  64u
#define WTL__INSPECT_ROWS_MAX  4096u
#define WTL__INSPECT_ASKED_MAX 256u
/* How long actors and other nodes have for their part of an answer, in ms; less when the asker has
 * less. */
#define WTL__INSPECT_PART_MS 1000u

#define WTL__INSPECT_TAG  WTL_TAG("inspect")
#define WTL__INSPECT_NAME "$inspect"

struct wtl__desk; /* desk.h */

/* What is asked of the net loop. */
enum wtl__mesh_question {
    WTL__MESH_NODES =
        1,           /* [[id, name, layer, state, via, rtt us, age ms], ...], see inspect_mesh.h */
    WTL__MESH_LINKS, /* a whole reply */
    WTL__MESH_NAMES, /* a whole reply */
    WTL__MESH_BRIEF, /* a whole reply: this node's own part of mesh.nodes */
    WTL__MESH_WHO,   /* [name, layer] of one node; empty when it is not known */
};

/* The way to the net loop, and back to the control socket. */
struct wtl__inspect_source {
    void *context;
    /* Answers by wtl__answer, with the body described above. Thread: any; never waits. */
    void (*ask)(void *context, struct wtl_pid asker, uint64_t request,
                enum wtl__mesh_question question, uint64_t node);
    /* The reply to a question of the control socket; NULL when there was no memory for one.
     * Thread: any. Owns: takes the envelope. */
    void (*reply)(void *context, uint64_t connection, struct wtl__envelope *reply);
};

struct wtl__inspect_config {
    struct wtl__inspect_source source;
    struct wtl__desk *desk;      /* of its modules; NULL: it has none */
    char name[WTL_NAME_MAX + 1]; /* of this node */
    enum wtl_layer layer;
};

/* Spawns it. Fails: a pid of none. Thread: any but a worker's. */
struct wtl_pid wtl__inspect_spawn(struct wtl__runtime *runtime,
                                  const struct wtl__inspect_config *config);

/* For wtl__node_serve, with WTL__INSPECT_TAG and a pointer to that pid: `$node` hands questions on.
 * Thread: `$node`'s. */
enum wtl_status wtl__inspect_hand_on(struct wtl_ctx *x, void *pid, const struct wtl_msg *message);

/* The message that brings a question of the control socket; NULL when memory is exhausted. `node`
 * is the node that is to answer, 0: this one. Thread: any. */
struct wtl__envelope *wtl__inspect_question(uint64_t connection, uint64_t node,
                                            const struct wtl__request *request);

/* "<edge-1:42.7>" */
#define WTL__PID_TEXT (WTL_NAME_MAX + 40)
char *wtl__pid_text(const char *node, uint64_t local, char text_out[WTL__PID_TEXT]);

#endif
