/*
 * supervisor.h - supervisors with OTP's semantics: strategies, restart types, intensity.
 *
 * A supervisor is an actor like any other. wtl_supervise makes one of a tree: it starts its
 * children in order, each after the one before has ended its init. It restarts what should run, and
 * when there were more restarts than it allows it stops its children in reverse order and exits
 * `shutdown` itself, so that its own supervisor decides. Rules and return values are those of OTP's
 * supervisor (stdlib) unless a line here says otherwise.
 */
#ifndef WATTLE_SUPERVISOR_H
#define WATTLE_SUPERVISOR_H

#include <wattle/actor.h>

enum wtl_strategy {
    WTL_ONE_FOR_ONE = 0,    /* only the child that ended is started again */
    WTL_ONE_FOR_ALL,        /* the others are stopped in reverse order, then all are started */
    WTL_REST_FOR_ONE,       /* the same, for it and those after it */
    WTL_SIMPLE_ONE_FOR_ONE, /* a pool of alike children, started by wtl_supervisor_add */
};

enum wtl_restart {
    WTL_PERMANENT = 0, /* always started again, after `normal` too */
    WTL_TRANSIENT,     /* started again only when it did not end quietly */
    WTL_TEMPORARY,     /* never; its spec goes with it */
};

/* Does a supervisor end, `shutdown`, when its significant children have ended by themselves and are
 * not started again? Not when they were terminated, or stopped with their siblings. Its own
 * supervisor should hold it as transient or temporary: a permanent one is started again at once. */
enum wtl_auto_shutdown {
    WTL_AUTO_SHUTDOWN_NEVER = 0,
    WTL_AUTO_SHUTDOWN_ANY, /* when one has */
    WTL_AUTO_SHUTDOWN_ALL, /* when the last one has; of a pool, when no child is left */
};

/* More restarts than `intensity` within `period_ms`, both ends included, are too many. Of a tree, 0
 * is the default of each; of a child, an intensity of 0 is no limit of its own. */
#define WTL_INTENSITY_DEFAULT 5u
#define WTL_PERIOD_MS_DEFAULT 5000u
#define WTL_INTENSITY_NONE    UINT32_MAX /* the first one is too many */
#define WTL_INTENSITY_MAX     65536u

/* How long to wait before a child is started again; OTP does not. The time doubles with each
 * failure in a row, a failed start included, and of each the upper half is random, so that many
 * that fail together do not come back together. A child that was ready for stable_ms begins anew.
 * Meanwhile it is `restarting`, its siblings run, and the attempt counts when it is made. */
struct wtl_backoff {
    uint32_t first_ms;  /* 0: no waiting at all */
    uint32_t max_ms;    /* 0: WTL_BACKOFF_MAX_MS, or first_ms if that is more */
    uint32_t stable_ms; /* 0: as max_ms */
};
#define WTL_BACKOFF_MAX_MS 30000u

/* How long a child may take to stop before it is killed, in milliseconds. */
#define WTL_SHUTDOWN_DEFAULT  0u         /* 5000 for actors, for ever for supervisors */
#define WTL_SHUTDOWN_BRUTAL   UINT32_MAX /* killed at once */
#define WTL_SHUTDOWN_INFINITY (UINT32_MAX - 1)

/* A child is hung when one of its functions does not return for progress_ms, or when messages wait
 * while it is held for an answer (wtl_call_options.hold) for so long. It is then killed, ends
 * `killed:hung`, and counts as crashed. That is found after progress_ms and before twice that, and
 * needs a worker besides the one that is stuck. A loop in a module's code is ended where faults of
 * the module are contained, as fault:hung; a function that blocks in a library ends when that
 * returns, and its supervisor says child_stuck meanwhile. */
struct wtl_child {
    const char *id;               /* unique in its supervisor; mandatory but for a pool's */
    const struct wtl_actor *type; /* NULL for a supervisor, see `tree` */
    const struct wtl_tree *tree;  /* of a child supervisor */
    const char *name;             /* local name; NULL: none */
    const void *settings;         /* type->settings_size bytes; NULL: the defaults */
    enum wtl_restart restart;
    bool significant; /* for wtl_tree.auto_shutdown; never a permanent one */
    uint32_t shutdown_ms;
    uint32_t start_ms;    /* how long its init may take; 0: for ever, as in OTP */
    uint32_t progress_ms; /* without progress for so long it is hung; 0: nobody looks, as in OTP */
    uint32_t intensity;   /* of this child alone: too many end its supervisor as well */
    uint32_t period_ms;
    struct wtl_backoff backoff;
};

/* What a supervisor is made of; ends up copied, so it may live on the stack. */
struct wtl_tree {
    enum wtl_strategy strategy;
    enum wtl_auto_shutdown auto_shutdown;
    uint32_t intensity;
    uint32_t period_ms;
    const struct wtl_child *children;
    uint32_t children_count;
    uint32_t children_max; /* running or not, those added included; 0: the next two */
};

#define WTL_CHILDREN_MAX 4096u
#define WTL_POOL_MAX     (1u << 22)

/* Could a supervisor of that tree be started? Otherwise the error says what was expected. Fails:
 * WTL_INVALID, WTL_TOO_LARGE, WTL_NO_MEMORY. */
static inline enum wtl_status WTL_MUST_USE wtl_tree_check(struct wtl_ctx *x,
                                                          const struct wtl_tree *tree,
                                                          struct wtl_error *error)
{
    return x->api->tree_check(x, tree, error);
}

/* Starts a supervisor on this node and returns its pid at once. With options->ack, "started" comes
 * when all children are up; when one cannot be started, those before it are stopped in reverse
 * order and the supervisor ends `shutdown`. The tree is copied whole, actor types and their strings
 * are borrowed for ever. Fails: a tree that is not valid ends the supervisor with the reason
 * error:invalid. */
static inline struct wtl_pid wtl_supervise(struct wtl_ctx *x, const struct wtl_tree *tree,
                                           const struct wtl_spawn_options *options)
{
    return x->api->supervise(x, tree, options);
}

/* ---- asking a supervisor ------------------------------------------------------------------ *
 * Each is a call to the supervisor: the answer comes by options->on_answer. Statuses are OTP's:
 * add        WTL_OK with answer->pid; WTL_PRESENT, WTL_STARTED (with the pid); the status with
 * which its init failed (the spec is forgotten); WTL_FULL when children_max are there; WTL_INVALID
 * and a line in the log that says why.
 * terminate  WTL_OK, also when it is not running; WTL_NOT_FOUND. The spec stays unless temporary.
 * restart    WTL_OK with the pid; WTL_RUNNING, WTL_RESTARTING, WTL_NOT_FOUND, or why it failed.
 * delete     WTL_OK; WTL_RUNNING, WTL_RESTARTING, WTL_NOT_FOUND.
 * A pool answers restart and delete with WTL_UNSUPPORTED, and terminates by pid. */

/* Adds a child and starts it. Of a pool only `settings` counts, and NULL uses the pool's own. The
 * child is copied. Fails: WTL_UNSUPPORTED for a supervisor on another node. */
static inline uint64_t wtl_supervisor_add(struct wtl_ctx *x, struct wtl_pid supervisor,
                                          const struct wtl_child *child,
                                          const struct wtl_call_options *options)
{
    return x->api->supervisor_add(x, supervisor, child, options);
}

enum wtl_supervisor_verb {
    WTL_CHILD_TERMINATE,
    WTL_CHILD_RESTART,
    WTL_CHILD_DELETE,
    WTL_CHILDREN_LIST,  /* body: [[id, pid node, pid local, state word, restarts], ...] */
    WTL_CHILDREN_COUNT, /* body: {specs, active, supervisors, workers} */
    WTL_CHILD_SHOW,     /* body: {id, pid: [node, local], state, restarts, type, kind, restart,
                         * significant, shutdown_ms, progress_ms}; what a spec leaves out is filled
                         * in; WTL_NOT_FOUND */
};

/* `id` names the child (of a pool: NULL, and `pid` does); both are ignored by list and count. List,
 * count and show are answered at once, whatever else goes on. */
static inline uint64_t wtl_supervisor_ask(struct wtl_ctx *x, struct wtl_pid supervisor,
                                          enum wtl_supervisor_verb verb, const char *id,
                                          struct wtl_pid pid,
                                          const struct wtl_call_options *options)
{
    return x->api->supervisor_ask(x, supervisor, (int)verb, id, pid, options);
}

#endif
