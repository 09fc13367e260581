/*
 * actor.h - writing actors.
 *
 * An actor is a behaviour (struct wtl_actor, a const descriptor), a private state block that the
 * runtime zeroes, and a mailbox. Its functions never overlap, run to completion, and get a context
 * `x` through which everything is done. Nothing that `x` offers waits for another thread, process
 * or machine: spawn returns a pid and failure comes as a `down`; registrations, calls and work
 * answer later, by a function of yours that is run like any other of the actor's.
 *
 * Everything from one actor to another (messages, replies, link, exit and down signals) arrives in
 * the order in which it was sent, on one machine and across the mesh.
 *
 * A module imports nothing: each function below is an inline call through the table `x->api`.
 *
 * Thread: unless a function says otherwise, it is called from within one of the actor's own
 * functions, with the `x` that this function got, and nowhere else.
 */
#ifndef WATTLE_ACTOR_H
#define WATTLE_ACTOR_H

#include <wattle/pack.h>
#include <wattle/types.h>

struct wtl_api;
struct wtl_stage;
struct wtl_answer;
struct wtl_tree;      /* supervisor.h */
struct wtl_child;     /* supervisor.h */
struct wtl_tasks;     /* task.h */
struct wtl_table_api; /* table.h */

/* What an actor's function holds while it runs. Both fields are read-only to modules. */
struct wtl_ctx {
    const struct wtl_api *api;
    struct wtl_stage *stage; /* set while a flow runs the actor as a stage; see flow.h */
};

/* ---- the behaviour ------------------------------------------------------------------------ */

/* A linked actor has ended, and this one traps exits. */
struct wtl_exit {
    struct wtl_pid from;
    struct wtl_reason reason;
};

/* A monitored actor has ended, or was not there, or its node cannot be reached. */
struct wtl_down {
    uint64_t ref; /* what wtl_monitor or wtl_spawn gave */
    struct wtl_pid pid;
    struct wtl_reason reason;
};

/* What happens to a message when the mailbox holds `mailbox_max` already. */
enum wtl_mailbox_policy {
    WTL_MAILBOX_REJECT = 0,  /* the sender gets WTL_FULL, a caller `busy`; counted */
    WTL_MAILBOX_DROP_NEWEST, /* the message is dropped and counted; the sender gets WTL_OK */
    WTL_MAILBOX_BLOCK,       /* the sender gets WTL_BUSY, the message is taken as overdraft, and the
                              * sender is not run again until half of the mailbox is free */
    WTL_MAILBOX_DROP_OLDEST, /* the oldest message that waits is dropped and counted */
    WTL_MAILBOX_LATEST, /* of the messages of one key (see mailbox_key) the latest waits, in the
                         * place of the older one; with mailbox_max keys as REJECT. So messages
                         * of one key come in order, those of different keys perhaps not */
};

/* The default bound of a mailbox, in messages, and the largest. */
#define WTL_MAILBOX_DEFAULT 4096u
#define WTL_MAILBOX_LIMIT   32768u
/* Messages that one handler run may send past the bounds of blocking mailboxes. */
#define WTL_OVERDRAFT_MAX 64u

/* Who runs first when several could. No level starves another: of those who wait, a high one comes
 * first, at most WTL_HIGH_IN_A_ROW times in a row; and each WTL_LOW_EVERY-th time it is a low one's
 * turn. An actor that watches a file descriptor is as a normal one. */
enum wtl_priority { WTL_PRIORITY_NORMAL = 0, WTL_PRIORITY_LOW, WTL_PRIORITY_HIGH };

#define WTL_HIGH_IN_A_ROW 8u
#define WTL_LOW_EVERY     8u

/* What an actor is for; flows and tables show it. */
enum wtl_kind { WTL_PLAIN = 0, WTL_PRODUCER, WTL_PROCESSOR, WTL_CONSUMER, WTL_SUPERVISOR };

/* The type of one setting; its value has this C type in the settings struct. */
enum wtl_field_type {
    WTL_FIELD_I64 = 1,     /* int64_t */
    WTL_FIELD_F64,         /* double */
    WTL_FIELD_BOOL,        /* bool */
    WTL_FIELD_STR,         /* const char *, NUL-terminated, lives as long as the actor */
    WTL_FIELD_DURATION_MS, /* int64_t, written as 500ms, 60s, 5m, 2h, 1d */
    WTL_FIELD_BYTES,       /* int64_t, written as 512, 64KiB, 10MiB, 1GiB */
};

/* One setting of an actor, as data: the flow checker, the docs and the command know it without
 * running any code of the module. */
struct wtl_field {
    const char *name;
    enum wtl_field_type type;
    uint32_t offset;      /* in the settings struct */
    const char *default_; /* as it would be written; NULL: the setting is mandatory */
    const char *unit;     /* "ms", "celsius", ...; NULL: none */
    const char *help;     /* one sentence */
};

#define WTL_FIELD(struct_type, member, field_type, default_text, unit_text, help_text)             \
    {                                                                                              \
        .name = #member, .type = WTL_FIELD_##field_type,                                           \
        .offset = (uint32_t)offsetof(struct_type, member), .default_ = (default_text),             \
        .unit = (unit_text), .help = (help_text)                                                   \
    }

/* What `save` of the version before has put, for `upgrade`. It grows at the end only. */
struct wtl_saved {
    uint32_t state_vsn;     /* of the version that has put it */
    struct wtl_msg message; /* its body is what was put: read it as any other message's */
};

/* An on_answer of the module, by a name that stays the same from version to version. */
struct wtl_answerer {
    const char *name;
    enum wtl_status (*on_answer)(struct wtl_ctx *x, void *self, const struct wtl_answer *answer,
                                 void *context);
};

#define WTL_ANSWERER(function)                                                                     \
    {                                                                                              \
        .name = #function, .on_answer = (function)                                                 \
    }

struct wtl_around; /* around.h */

/* The behaviour. Every function may be NULL; state and settings sizes may be 0. What a function
 * returns decides about the actor: WTL_OK goes on, WTL_STOP ends it as `normal`, anything else ends
 * it with that status as its reason (wtl_reason_of). */
struct wtl_actor {
    uint32_t size;       /* sizeof(struct wtl_actor); WTL_ACTOR sets it */
    uint32_t state_size; /* bytes of state, zeroed before init */
    uint32_t state_vsn;  /* of the state's layout, for upgrades */
    uint32_t settings_size;
    const char *name;               /* [a-z0-9_], unique in its module */
    const char *summary;            /* one line */
    const struct wtl_field *fields; /* ends with a zeroed one; NULL: no settings */
    enum wtl_kind kind;
    enum wtl_mailbox_policy mailbox_policy;
    uint32_t mailbox_max; /* messages; 0: WTL_MAILBOX_DEFAULT */
    uint32_t memory_max;  /* bytes of wtl_alloc, of messages that wait and that are kept, together;
                           * an actor over it is killed, with a report; 0: no cap */

    /* First, once, before any message. `settings` is settings_size bytes (defaults filled in),
     * valid as long as the actor; `args` is what the spawner passed. WTL_LATER: started, but not
     * ready until wtl_done; WTL_IGNORE: ends quietly and its supervisor keeps the spec. */
    enum wtl_status (*init)(struct wtl_ctx *x, void *self, const void *settings,
                            const struct wtl_msg *args);
    /* One message. */
    enum wtl_status (*handle)(struct wtl_ctx *x, void *self, const struct wtl_msg *message);
    /* A linked actor ended, and wtl_trap_exits is on. Without this function: ignored. */
    enum wtl_status (*exited)(struct wtl_ctx *x, void *self, const struct wtl_exit *exit);
    /* A monitored actor ended. Without this function: ignored. */
    enum wtl_status (*down)(struct wtl_ctx *x, void *self, const struct wtl_down *down);
    /* Last, once, when the actor ends in order (its own WTL_STOP or error, an exit signal while it
     * traps exits); not when it is killed or faults, nor before its init is over. WTL_LATER: ends
     * at wtl_done. An error here is logged; the actor's reason stays what it was. */
    enum wtl_status (*stop)(struct wtl_ctx *x, void *self, struct wtl_reason reason);

    /* Of WTL_MAILBOX_LATEST: the field of a message's body whose value, with the tag, is its key; a
     * body without it has no key. NULL: the tag and the sender. Calls never have a key. */
    const char *mailbox_key;
    enum wtl_priority priority;

    /* For who operates the node: puts the state as one value, without what is secret. */
    void (*show)(struct wtl_ctx *x, const void *self, struct wtl_writer *out);
    /* The same the other way: takes over a state, best in the form of `show`. On an error nothing
     * has changed; it is answered, and the actor goes on. */
    enum wtl_status (*replace)(struct wtl_ctx *x, void *self, const struct wtl_msg *state);

    /* ---- what another version of the module needs, see docs/MODULES.md ----
     * While the two functions below run, the actor is held still, and x offers what touches nobody
     * else: wtl_self, wtl_parent, wtl_now_ns, wtl_random, wtl_log, wtl_whereis_local, wtl_alloc,
     * wtl_free, wtl_release and, in upgrade, wtl_continue. Anything else fails the upgrade. What is
     * freed and released is gone when the upgrade has succeeded; what was allocated, when it has
     * not. */

    /* The old version's: puts the state. Only when the new one has another state_vsn; with the same
     * one the state stays where it is, byte by byte. */
    enum wtl_status (*save)(struct wtl_ctx *x, const void *self, struct wtl_writer *saved);
    /* The new version's: makes its state, zeroed before, of what was put; instead of init. Whatever
     * is returned but WTL_OK keeps the old version. */
    enum wtl_status (*upgrade)(struct wtl_ctx *x, void *self, const void *settings,
                               const struct wtl_saved *saved);
    /* Every on_answer that the actor names in a call, in work or elsewhere; ends with a zeroed one.
     * What is under way goes on to the new version's of that name. NULL: none. An actor with a call
     * under way whose function is not listed is not upgraded before it is answered. */
    const struct wtl_answerer *answers;

    const struct wtl_around *around; /* only of a behaviour around another one: around.h */
};

#define WTL_ACTOR(identifier, struct_type, ...)                                                    \
    const struct wtl_actor identifier = {.size = sizeof(struct wtl_actor),                         \
                                         .name = #identifier,                                      \
                                         .state_size = sizeof(struct_type),                        \
                                         __VA_ARGS__}

/* ---- calls, and what answers later -------------------------------------------------------- */

/* How a call, a registration or a piece of work ended.
 * status: WTL_OK with the reply; WTL_TIMEOUT, WTL_NO_PROCESS, WTL_NO_CONNECTION, WTL_BUSY,
 * WTL_DENIED, WTL_EXISTS, ...; for an actor that ended before it replied, WTL_CLOSED and the
 * reason. `message` has the reply's body, or is empty. */
struct wtl_answer {
    enum wtl_status status;
    struct wtl_reason reason;
    struct wtl_pid pid; /* who answered; of wtl_whereis: what was found */
    uint64_t request;   /* what wtl_call returned */
    struct wtl_msg message;
};

/* Run on the actor that asked; `context` is the copy that was made when it asked. */
typedef enum wtl_status (*wtl_on_answer)(struct wtl_ctx *x, void *self,
                                         const struct wtl_answer *answer, void *context);

/* Bytes of context that can be copied into a pending call. */
#define WTL_CONTEXT_MAX 256u

struct wtl_call_options {
    uint32_t deadline_ms;    /* 0: WTL_CALL_DEADLINE_MS; never later than wtl_deadline_left_ms, but
                              * for WTL_CALL_FOREVER */
    bool hold;               /* handle no other message until it is answered */
    wtl_on_answer on_answer; /* NULL: the answer is dropped */
    const void *context;
    uint32_t context_size;
};

#define WTL_CALL_DEADLINE_MS 5000u
#define WTL_CALL_FOREVER     UINT32_MAX

/* ---- spawning ----------------------------------------------------------------------------- */

struct wtl_spawn_options {
    const char *name;        /* registered on this node before init; taken: the spawn fails */
    const void *settings;    /* settings_size bytes, copied; NULL: the defaults */
    struct wtl_writer *args; /* consumed; NULL: none */
    bool link;
    bool monitor;
    bool ack; /* a message comes when init is over: "started", or "not_started" with the word of the
               * reason for which it has ended, before any exit or down signal of that end */
    uint64_t *ref_out; /* of the monitor */
};

/* ---- places to send to -------------------------------------------------------------------- */

enum wtl_scope {
    WTL_LOCAL = 0, /* unique on this node */
    WTL_GLOBAL,    /* unique in the mesh */
};

/* ---- readiness of file descriptors -------------------------------------------------------- */

#define WTL_FD_READ  1u
#define WTL_FD_WRITE 2u

/* ---- the table ---------------------------------------------------------------------------- */

/* Runs on a thread of the work pool, with the copied `argument`; may block; must not touch any `x`.
 * What it leaves in `result` (a writer over a message body) is the answer's body. */
typedef enum wtl_status (*wtl_work_fn)(void *argument, struct wtl_writer *result);

/* What a node offers to a module. It grows at the end only; `size` says how much of it there is. */
struct wtl_api {
    uint32_t size;
    uint16_t major;
    uint16_t minor;

    struct wtl_pid (*self)(struct wtl_ctx *x);
    struct wtl_pid (*parent)(struct wtl_ctx *x);
    uint64_t (*now_ns)(struct wtl_ctx *x);
    uint64_t (*random)(struct wtl_ctx *x);
    void (*log)(struct wtl_ctx *x, int level, const char *text);

    bool (*message_open)(struct wtl_ctx *x, struct wtl_writer *writer, size_t size);
    void (*message_drop)(struct wtl_ctx *x, struct wtl_writer *writer);
    enum wtl_status (*tell)(struct wtl_ctx *x, struct wtl_pid to, struct wtl_tag tag,
                            struct wtl_writer *body);
    enum wtl_status (*tell_name)(struct wtl_ctx *x, const char *name, struct wtl_tag tag,
                                 struct wtl_writer *body);
    enum wtl_status (*forward)(struct wtl_ctx *x, struct wtl_pid to, struct wtl_tag tag,
                               const struct wtl_msg *message);
    const struct wtl_msg *(*keep)(struct wtl_ctx *x, const struct wtl_msg *message);
    void (*release)(struct wtl_ctx *x, const struct wtl_msg *message);

    uint64_t (*call)(struct wtl_ctx *x, struct wtl_pid to, struct wtl_tag tag,
                     struct wtl_writer *body, const struct wtl_call_options *options);
    uint64_t (*call_name)(struct wtl_ctx *x, const char *name, struct wtl_tag tag,
                          struct wtl_writer *body, const struct wtl_call_options *options);
    bool (*call_cancel)(struct wtl_ctx *x, uint64_t request);
    enum wtl_status (*reply)(struct wtl_ctx *x, struct wtl_from from, enum wtl_status status,
                             struct wtl_writer *body);

    struct wtl_pid (*spawn)(struct wtl_ctx *x, const struct wtl_actor *type,
                            const struct wtl_spawn_options *options);
    void (*exit)(struct wtl_ctx *x, struct wtl_pid to, struct wtl_reason reason);
    void (*stop)(struct wtl_ctx *x, struct wtl_reason reason);
    void (*trap_exits)(struct wtl_ctx *x, bool on);
    void (*link)(struct wtl_ctx *x, struct wtl_pid to);
    void (*unlink)(struct wtl_ctx *x, struct wtl_pid to);
    uint64_t (*monitor)(struct wtl_ctx *x, struct wtl_pid to);
    bool (*demonitor)(struct wtl_ctx *x, uint64_t ref);

    void (*register_)(struct wtl_ctx *x, const char *name, enum wtl_scope scope,
                      const struct wtl_call_options *options);
    void (*unregister)(struct wtl_ctx *x, const char *name, enum wtl_scope scope);
    struct wtl_pid (*whereis_local)(struct wtl_ctx *x, const char *name);
    void (*whereis)(struct wtl_ctx *x, const char *name, const struct wtl_call_options *options);

    uint64_t (*timer)(struct wtl_ctx *x, struct wtl_pid to, const char *name, uint64_t after_ms,
                      uint64_t every_ms, struct wtl_tag tag, struct wtl_writer *body);
    int64_t (*timer_cancel)(struct wtl_ctx *x, uint64_t timer);
    void (*continue_)(struct wtl_ctx *x, struct wtl_tag tag, struct wtl_writer *body);
    void (*done)(struct wtl_ctx *x, enum wtl_status status);

    void *(*alloc)(struct wtl_ctx *x, size_t size);
    void (*free)(struct wtl_ctx *x, void *memory);
    enum wtl_status (*fd_watch)(struct wtl_ctx *x, int fd, unsigned events);
    void (*fd_unwatch)(struct wtl_ctx *x, int fd);
    uint64_t (*work)(struct wtl_ctx *x, wtl_work_fn fn, const void *argument, size_t size,
                     const struct wtl_call_options *options);
    void (*watch_nodes)(struct wtl_ctx *x, bool on);
    struct wtl_pid (*supervise)(struct wtl_ctx *x, const struct wtl_tree *tree,
                                const struct wtl_spawn_options *options);
    uint64_t (*supervisor_add)(struct wtl_ctx *x, struct wtl_pid supervisor,
                               const struct wtl_child *child,
                               const struct wtl_call_options *options);
    uint64_t (*supervisor_ask)(struct wtl_ctx *x, struct wtl_pid supervisor, int verb,
                               const char *id, struct wtl_pid pid,
                               const struct wtl_call_options *options);
    enum wtl_status (*tree_check)(struct wtl_ctx *x, const struct wtl_tree *tree,
                                  struct wtl_error *error);
    struct wtl_pid (*tasks_run)(struct wtl_ctx *x, const struct wtl_tasks *tasks);
    uint64_t (*monitor_name)(struct wtl_ctx *x, const char *name);
    const struct wtl_table_api *tables;
    uint64_t (*sys)(struct wtl_ctx *x, struct wtl_pid to, int verb, struct wtl_writer *argument,
                    const struct wtl_call_options *options);
    uint32_t (*deadline_left_ms)(struct wtl_ctx *x);
    void (*deadline_set_ms)(struct wtl_ctx *x, uint32_t ms);
};

/* A module runs on a node of the same major number, and of its own minor number or a higher one.
 * The minor number goes up once with each release that has added something. */
#define WTL_ABI_MAJOR 1
#define WTL_ABI_MINOR 3

/* Is that field there, in a struct that says its own size? What was built with older headers ends
 * before it. A module needs to ask when it runs on nodes of lower minor numbers than its headers';
 * see WTL_MODULE_ABI_MINOR. */
#define WTL_HAS(object, member)                                                                    \
    ((object)->size >= offsetof(__typeof__(*(object)), member) + sizeof((object)->member))

#include <wattle/actor_calls.h>

#endif
