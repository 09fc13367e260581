/*
 * inspect_job.h - a question while it is being answered; shared by the files of the inspection.
 *
 *   inspect.c          the actor: where questions come from, who may ask, replying
 *   inspect_whole.c    links and names, from the net loop; passing on to another node
 *   inspect_gather.c   looking at several actors
 *   inspect_actors.c   ls, kill
 *   inspect_show.c     show
 *   inspect_sys.c      suspend, resume, state, replace, stats
 *   inspect_trace.c    trace
 *   inspect_tree.c     tree
 *   inspect_nodes.c    mesh.nodes, from the net loop and from the nodes themselves
 *   inspect_flow.c     flow.ls and flow.show, from the flow host and the flow's manager
 *   inspect_module.c   module.ls and module.upgrade, at the node's desk
 *   inspect_cell.c     looking at one actor
 *   inspect_mesh.c     on the net loop
 *
 * Thread: the actor's own. Owns: jobs and what is theirs is memory of the actor's.
 */
#ifndef WTL_NODE_INSPECT_JOB_H
#define WTL_NODE_INSPECT_JOB_H

#include "base/list.h"
#include "node/inspect.h"
#include "node/inspect_cell.h"

struct wtl__inspect;
struct wtl__inspect_job;

/* Who asked. */
struct wtl__inspect_origin {
    bool is_control;
    uint64_t connection;
    struct wtl_from from;
};

/* What is being waited for from actors. */
struct wtl__gather {
    uint32_t count;
    uint32_t capacity;
    uint32_t missing;
    uint64_t *locals;               /* who is looked at */
    const struct wtl_msg **answers; /* kept; NULL: none yet */
    void (*done)(struct wtl_ctx *x, struct wtl__inspect *self, struct wtl__inspect_job *job);
};

/* A node in mesh.nodes. */
struct wtl__node_answer {
    uint64_t node;
    bool has_answered;
    struct wtl__value own[3]; /* peers, actors, days of its certificate; only numbers are used */
};

struct wtl__inspect_job {
    struct wtl__link link;
    uint64_t id;
    struct wtl__inspect_origin origin;
    struct wtl__request request;
    uint64_t timer; /* of its deadline; 0: none */
    void (*expired)(struct wtl_ctx *x, struct wtl__inspect *self, struct wtl__inspect_job *job);
    struct wtl__gather gather;
    void *nodes; /* of mesh.nodes: a copy of what the net loop knows */
    size_t nodes_size;
    void *body;               /* request.body is this */
    struct wtl__trace *trace; /* of actor.trace: what has been seen */
    struct wtl__node_answer *asked;
    uint32_t asked_count;
    uint32_t asked_missing;
    void *look; /* of module.ls, see desk.h; NULL: none */
};

struct wtl__inspect {
    const struct wtl__inspect_config *config;
    struct wtl__list jobs;
    uint32_t jobs_count;
    uint64_t next_id;
};

/* ---- inspect.c --------------------------------------------------------------------------------
 */

struct wtl__inspect_job *wtl__job_find(struct wtl__inspect *self, uint64_t id);
/* The job whose id is the context of an answer; NULL: it is over. */
struct wtl__inspect_job *wtl__job_of(struct wtl__inspect *self, const void *context);

/* A reply to be filled; its room grows. Then it is sent, and the job is over. */
void wtl__job_reply(struct wtl_ctx *x, struct wtl__inspect *self, struct wtl__inspect_job *job,
                    struct wtl_writer *reply);
void wtl__job_refuse(struct wtl_ctx *x, struct wtl__inspect *self, struct wtl__inspect_job *job,
                     enum wtl_status status, const char *format, ...)
    __attribute__((format(printf, 5, 6)));

/* A request that was made for the job has failed: refuses it, in words for the one who asked. `who`
 * was to answer. */
void wtl__job_failed(struct wtl_ctx *x, struct wtl__inspect *self, struct wtl__inspect_job *job,
                     enum wtl_status status, const char *who);

/* The time that actors and other nodes have for their part of this answer. */
uint32_t wtl__job_part_ms(const struct wtl__inspect_job *job);

/* Calls `expired` after the time that actors and other nodes have for their part. */
void wtl__job_limit(struct wtl_ctx *x, struct wtl__inspect_job *job,
                    void (*expired)(struct wtl_ctx *x, struct wtl__inspect *self,
                                    struct wtl__inspect_job *job));

/* The same after that time. */
void wtl__job_limit_ms(struct wtl_ctx *x, struct wtl__inspect_job *job, uint64_t after_ms,
                       void (*expired)(struct wtl_ctx *x, struct wtl__inspect *self,
                                       struct wtl__inspect_job *job));

/* Asks the net loop; `on_answer` gets the job's id as its context. */
void wtl__job_ask_mesh(struct wtl_ctx *x, struct wtl__inspect *self, struct wtl__inspect_job *job,
                       enum wtl__mesh_question question, uint64_t node, wtl_on_answer on_answer);

/* Asks that other node the same question; its answer is the reply. */
void wtl__inspect_pass_on(struct wtl_ctx *x, struct wtl__inspect_job *job, uint64_t node);

/* ---- the verbs ----------------------------------------------------------------------------------
 */

void wtl__inspect_ls(struct wtl_ctx *x, struct wtl__inspect *self, struct wtl__inspect_job *job);
void wtl__inspect_show(struct wtl_ctx *x, struct wtl__inspect *self, struct wtl__inspect_job *job);
void wtl__inspect_node(struct wtl_ctx *x, struct wtl__inspect *self, struct wtl__inspect_job *job);
void wtl__inspect_kill(struct wtl_ctx *x, struct wtl__inspect *self, struct wtl__inspect_job *job);
void wtl__inspect_sys(struct wtl_ctx *x, struct wtl__inspect *self, struct wtl__inspect_job *job);
void wtl__inspect_trace(struct wtl_ctx *x, struct wtl__inspect *self, struct wtl__inspect_job *job);
/* An event of a trace has come. */
void wtl__inspect_traced(struct wtl_ctx *x, struct wtl__inspect *self,
                         const struct wtl_msg *message);
void wtl__inspect_tree(struct wtl_ctx *x, struct wtl__inspect *self, struct wtl__inspect_job *job);
void wtl__inspect_links(struct wtl_ctx *x, struct wtl__inspect *self, struct wtl__inspect_job *job);
void wtl__inspect_names(struct wtl_ctx *x, struct wtl__inspect *self, struct wtl__inspect_job *job);
void wtl__inspect_brief(struct wtl_ctx *x, struct wtl__inspect *self, struct wtl__inspect_job *job);
void wtl__inspect_nodes(struct wtl_ctx *x, struct wtl__inspect *self, struct wtl__inspect_job *job);
void wtl__inspect_flows(struct wtl_ctx *x, struct wtl__inspect *self, struct wtl__inspect_job *job);
void wtl__inspect_modules(struct wtl_ctx *x, struct wtl__inspect *self,
                          struct wtl__inspect_job *job);
void wtl__inspect_upgrade(struct wtl_ctx *x, struct wtl__inspect *self,
                          struct wtl__inspect_job *job);
void wtl__inspect_flow(struct wtl_ctx *x, struct wtl__inspect *self, struct wtl__inspect_job *job);

/* ---- inspect_gather.c ---------------------------------------------------------------------------
 */

/* Looks at the live actors of this node, WTL__INSPECT_ROWS_MAX at most; `done` is called when all
 * have answered or the time is over. */
void wtl__gather_all(struct wtl_ctx *x, struct wtl__inspect *self, struct wtl__inspect_job *job,
                     void (*done)(struct wtl_ctx *x, struct wtl__inspect *self,
                                  struct wtl__inspect_job *job));
/* Looks at one actor deeply, with room for wtl__gather_add of one more. */
void wtl__gather_one(struct wtl_ctx *x, struct wtl__inspect *self, struct wtl__inspect_job *job,
                     uint64_t local,
                     void (*done)(struct wtl_ctx *x, struct wtl__inspect *self,
                                  struct wtl__inspect_job *job));
void wtl__gather_add(struct wtl_ctx *x, struct wtl__inspect_job *job, uint64_t local, bool deep);
/* The message of a look has come. */
void wtl__gather_answer(struct wtl_ctx *x, struct wtl__inspect *self,
                        const struct wtl_msg *message);
void wtl__gather_release(struct wtl_ctx *x, struct wtl__inspect_job *job);

/* The restarts of each child of a supervisor among those that were looked at, sorted by local id.
 */
struct wtl__restarts_of {
    uint64_t local;
    uint64_t restarts;
};
struct wtl__restarts {
    struct wtl__restarts_of *list;
    uint32_t count;
};
struct wtl__restarts wtl__gather_restarts(struct wtl_ctx *x, const struct wtl__inspect_job *job);
/* -1: it is no child of a supervisor. */
int64_t wtl__restarts_find(const struct wtl__restarts *restarts, uint64_t local);

/* ---- inspect_actors.c ---------------------------------------------------------------------------
 */

/* The local id that the question is about: "42.7", or a local name. 0: there is no such actor, and
 * the job has been refused. */
uint64_t wtl__job_actor(struct wtl_ctx *x, struct wtl__inspect *self, struct wtl__inspect_job *job);
void wtl__job_refuse_ended(struct wtl_ctx *x, struct wtl__inspect *self,
                           struct wtl__inspect_job *job, uint64_t local);
/* It does not answer, because one of its handlers has not returned. */
void wtl__job_refuse_busy(struct wtl_ctx *x, struct wtl__inspect *self,
                          struct wtl__inspect_job *job, uint64_t local);
/* One of the node's own actors, without which it does not work; and the words for it. */
bool wtl__job_is_reserved(struct wtl_ctx *x, const struct wtl__sight *sight, uint64_t local);
void wtl__job_refuse_reserved(struct wtl_ctx *x, struct wtl__inspect *self,
                              struct wtl__inspect_job *job, uint64_t local);
/* A pid of any node; that of another one is told by its number, as names are the net loop's. */
const char *wtl__any_pid_text(const struct wtl__inspect *self, struct wtl_pid here,
                              struct wtl_pid pid, char text_out[WTL__PID_TEXT]);

static inline void wtl__put_look_text(struct wtl_writer *writer, struct wtl__look_text text)
{
    if (text.text == NULL || text.size == 0) {
        wtl_put_nil(writer);
    } else {
        wtl_put_str(writer, text.text, text.size);
    }
}

static inline void wtl__put_known(struct wtl_writer *writer, int64_t number)
{
    if (number < 0) {
        wtl_put_nil(writer);
    } else {
        wtl_put_i64(writer, number);
    }
}

/* In which process its code runs; nil for the node's own. */
static inline void wtl__put_process(struct wtl_writer *writer, const struct wtl__sight *sight)
{
    wtl__put_known(writer, sight->process != 0 ? (int64_t)sight->process : -1);
}

#endif
