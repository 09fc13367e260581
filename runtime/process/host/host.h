/*
 * host.h - wattle-module-host: the program that runs the actors of one module in a process of its
 * own. It is started by a node and by nobody else.
 *
 * It is no runtime. A guest is an actor's state and the functions of its module, with a queue of
 * what is to be run; pids, mailboxes, names, links and monitors are the node's. What a guest does
 * goes out as frames (process/pipe.h), in the order in which it does it; what can be done here is:
 * its timers, its memory, its descriptors, its blocking work, its messages to itself.
 *
 *   node --RUN, DOWN, ANSWER, ...--> socket.c -> dispatch.c -> the guest's queue
 *   guest.c runs the module's function -> calls*.c, stage.c -> socket.c --TELL, ..., RAN--> node
 *
 * Thread: one, and one more that does blocking work (work.c). Owns: all of it, until the process
 * ends. Bounds: those of process/pipe.h; the node sees to them too.
 */
#ifndef WTL_PROCESS_HOST_HOST_H
#define WTL_PROCESS_HOST_HOST_H

#include <wattle/flow.h>
#include <wattle/module.h>
#include <wattle/supervisor.h>
#include <wattle/sys.h>
#include <wattle/table.h>

#include "actor/runtime.h"
#include "base/map.h"
#include "process/board.h"
#include "process/pipe.h"

/* Items that one guest runs before another has its turn. */
#define WTL__GUEST_BATCH 16u
/* Descriptors that are watched at a time. */
#define WTL__HOST_WATCHES 32u
/* Pieces of blocking work that wait. */
#define WTL__HOST_JOBS 1024u
/* So long may what a guest has done lie here while others run. */
#define WTL__HOST_LINGER_NS UINT64_C(1000000)
/* So much may lie here before it is sent. */
#define WTL__HOST_OUT_BYTES 65536u

struct wtl__guest;
struct wtl__host;

/* What is to be run. */
enum wtl__item_kind {
    WTL__ITEM_RUN,
    WTL__ITEM_OWN,
    WTL__ITEM_DOWN,
    WTL__ITEM_EXITED,
    WTL__ITEM_ANSWER,
    WTL__ITEM_SYS /* somebody looks into it, or holds it; one at a time */
};

struct wtl__item {
    struct wtl__item *next;
    enum wtl__item_kind kind;
    bool by_link;  /* EXITED */
    bool again;    /* RUN: of a flow, and perhaps it has been here before */
    int fd;        /* OWN: rearmed when it was handled; -1 */
    uint64_t tick; /* OWN: of that periodic timer; 0 */
    struct wtl_msg msg;
    struct wtl_key key;
    struct wtl_reason reason;
    enum wtl_status status;
    struct wtl__asked *asked; /* ANSWER */
    uint64_t until_ms;        /* RUN: of a call; 0: its caller has not said */
    enum wtl_sys_verb verb;   /* SYS */
    uint8_t bytes[];
};

/* A request that waits for its answer: a tie of the kind PENDING. */
struct wtl__asked {
    struct wtl__envelope tie;
    struct wtl__timer timer; /* of work; the node keeps the deadlines of the rest */
    struct wtl__guest *guest;
    wtl_on_answer on_answer;
    struct wtl__scope scope; /* of its answer, see deadline.c */
    uint32_t context_size;
    _Alignas(16) uint8_t context[];
};

/* A running timer: a tie of the kind ALARM. */
struct wtl__tick {
    struct wtl__envelope tie;
    struct wtl__timer timer;
    struct wtl__guest *guest;
    uint64_t deadline_ms;
    uint64_t every_ms;
    bool waits; /* its message is in the guest's queue: there is no second one */
    struct wtl_pid to;
    struct wtl_tag tag;
    char name[WTL_NAME_MAX + 1]; /* "": none */
    uint32_t size;
    uint8_t bytes[];
};

/* Exits of links to that actor that were sent before the node knew of the unlink. */
struct wtl__unlinking {
    struct wtl__unlinking *next;
    struct wtl_pid pid;
    uint32_t count;
};

enum wtl__guest_state {
    WTL__GUEST_UNBOUND = 0, /* spawned here; the node has not said that it is there */
    WTL__GUEST_NEW,         /* init has not run */
    WTL__GUEST_LIVE,
    WTL__GUEST_ENDED, /* runs nothing any more but its stop function */
    WTL__GUEST_STOPPING,
    WTL__GUEST_OVER, /* runs nothing any more; the node will say that it is gone */
};

struct wtl__guest {
    struct wtl__guest *next_ready;
    bool ready; /* in the list of those that have something to run */
    bool gone;  /* the node has said so while it ran */
    bool stop_asked;
    bool is_stage;
    bool over;      /* its cap of memory: killed when its function returns */
    bool suspended; /* runs nothing but what SYS asks */
    bool asked;     /* a SYS is in its queue */
    bool initing;   /* its init runs, or has returned WTL_LATER */
    enum wtl__guest_state state;
    enum wtl_status failed; /* why its init is not run */
    struct wtl_reason stop_reason;
    unsigned last_word; /* is said when its function is over: WTL__PIPE_END or _DONE; 0: nothing */
    struct wtl_reason last_reason;
    enum wtl_status last_status;
    struct wtl_pid self;
    struct wtl_pid parent;
    const struct wtl_actor *type;
    void *data; /* its state */
    void *settings;
    uint8_t *packed; /* what the settings point into, when the node has sent them */
    struct wtl__item *args;
    struct wtl__item *first;
    struct wtl__item *last;
    struct wtl__item *kept; /* those that wtl_keep was called for */
    struct wtl__ties ties;
    struct wtl__memory *memory;
    struct wtl__unlinking *unlinking;
    uint64_t memory_used;
    uint64_t held;   /* the request whose answer it waits for; 0: none */
    uint64_t unpaid; /* bytes sent that the node has not carried out */
    uint32_t calls;
    uint32_t trace_left; /* of so many more things that it handles the node is told */

    /* of a stage */
    struct wtl_stage stage;
    uint32_t outputs; /* of the message that is being handled */
    uint64_t emitted; /* of a producer, in all; */
    uint64_t room;    /* up to so many are accepted */
    bool room_asked;
    bool room_refused; /* "flow_ready" is owed */
};

/* What a module's function holds. */
struct wtl__host_ctx {
    struct wtl_ctx pub; /* first */
    struct wtl__host *host;
    struct wtl__guest *guest;
    struct wtl__item *current; /* what it handles, while it is not kept */
    struct wtl__scope scope;   /* until when that is waited for */
};

/* What a table of the node has answered. Owns: its bytes, malloc's. */
struct wtl__tabled {
    uint64_t request;
    enum wtl_status status;
    uint8_t *bytes;
    uint32_t size;
};

/* A value that was copied out for wtl_table_borrow. */
struct wtl__borrowed {
    struct wtl__borrowed *next;
    uint8_t bytes[];
};

struct wtl__host {
    struct wtl__host_ctx x;
    struct wtl__board *board;
    struct wtl__orders orders;
    const struct wtl_module *module;
    struct wtl__map guests; /* by local */
    struct wtl__guest *ready_first;
    struct wtl__guest *ready_last;
    uint32_t ready_count;
    uint64_t spares[WTL__PIPE_SPARES]; /* a ring */
    uint32_t spares_begin;
    uint32_t spares_count;
    uint64_t refs_used;
    uint64_t unpaid;
    uint64_t found_request; /* of FIND */
    struct wtl_pid found;
    struct wtl__tabled tabled;      /* the last answer of a table */
    struct wtl__borrowed *borrowed; /* by the function that runs */
    uint32_t borrowed_count;
    struct wtl__wheel wheel;
    struct wtl__prng prng;

    uint8_t *out;
    size_t out_used;
    size_t out_capacity;
    uint64_t out_since_ns;
    uint64_t sent_ns;
    uint8_t *in;
    size_t in_used;
    size_t in_capacity;
    bool closed; /* the node has closed its end */

    struct {
        int fd;
        unsigned events;
        struct wtl__guest *guest;
        bool told;
    } watches[WTL__HOST_WATCHES];
    uint32_t watches_count;
};

static inline struct wtl__host_ctx *wtl__host_ctx_of(struct wtl_ctx *x)
{
    return WTL_CONTAINER(x, struct wtl__host_ctx, pub);
}

/* Is the head of its queue the answer that it waits for? */
static inline bool wtl__guest_is_answered(const struct wtl__guest *guest)
{
    const struct wtl__item *item = guest->first;
    return guest->held != 0 && item != NULL && item->kind == WTL__ITEM_ANSWER &&
           item->asked->tie.msg.request == guest->held;
}

/* ---- socket.c ------------------------------------------------------------------------------- */

/* Puts a frame into the buffer of what goes out, and returns its size. */
size_t wtl__host_put(struct wtl__host *host, const struct wtl__pipe_frame *frame);
/* Sends the buffer. Waits for the node, which always reads. */
void wtl__host_flush(struct wtl__host *host);
/* Reads what there is, and gives it to dispatch.c. True: something came. */
bool wtl__host_read(struct wtl__host *host);
/* Reads until `done` says so, while guests do not run. False: not within `ms`. */
bool wtl__host_await(struct wtl__host *host,
                     bool (*done)(const struct wtl__host *host, uint64_t what), uint64_t what,
                     uint32_t ms);

/* ---- dispatch.c ----------------------------------------------------------------------------- */

void wtl__host_dispatch(struct wtl__host *host, const struct wtl__pipe_frame *frame);

/* ---- guest.c -------------------------------------------------------------------------------- */

/* NULL when memory is exhausted. */
struct wtl__guest *wtl__guest_new(struct wtl__host *host, uint64_t local,
                                  const struct wtl_actor *type);
void wtl__guest_free(struct wtl__host *host, struct wtl__guest *guest);
struct wtl__guest *wtl__guest_find(const struct wtl__host *host, uint64_t local);

struct wtl__item *wtl__item_new(enum wtl__item_kind kind, const void *bytes, uint32_t size);
void wtl__item_free(struct wtl__item *item);
/* Queues it: behind the others, or as the next but for the answer that the guest waits for. Owns:
 * takes the item. */
void wtl__guest_push(struct wtl__host *host, struct wtl__guest *guest, struct wtl__item *item,
                     bool next);
/* Takes items out of the queue: the ends of that link, or those with that number (of a monitor, of
 * a descriptor). True: one was there. */
bool wtl__guest_flush(struct wtl__guest *guest, enum wtl__item_kind kind, struct wtl_pid from,
                      uint64_t number);
void wtl__guest_make_ready(struct wtl__host *host, struct wtl__guest *guest);

/* It ends, for the first reason that there is; the node hears of it when all is sent that its
 * function has done. */
void wtl__guest_end(struct wtl__guest *guest, struct wtl_reason reason);
/* wtl_done. */
void wtl__guest_done(struct wtl__host *host, struct wtl__guest *guest, enum wtl_status status);

/* A frame of that guest; counted against what it may have under way. */
void wtl__guest_send(struct wtl__host *host, struct wtl__guest *guest,
                     struct wtl__pipe_frame *frame);
/* May it send so many bytes more? */
bool wtl__guest_may_send(const struct wtl__host *host, const struct wtl__guest *guest, size_t size);

/* ---- run.c ---------------------------------------------------------------------------------- */

/* Runs guests that have something to run, each for a while. False: nothing is left. */
bool wtl__host_run(struct wtl__host *host);

/* Around each call of a function of a guest. */
void wtl__host_enter(struct wtl__host *host, struct wtl__guest *guest,
                     enum wtl__board_function function, struct wtl_tag tag);
void wtl__host_leave(struct wtl__host *host);

/* ---- sys.c ---------------------------------------------------------------------------------- */

/* Queues what is asked. */
void wtl__host_on_sys(struct wtl__host *host, struct wtl__guest *guest,
                      const struct wtl__pipe_frame *frame);
/* Of a traced one: it is going to handle the item. */
void wtl__host_trace(struct wtl__host *host, struct wtl__guest *guest,
                     const struct wtl__item *item);
/* Does it, and answers. Owns: takes the item. */
void wtl__host_run_sys(struct wtl__host *host, struct wtl__guest *guest, struct wtl__item *item);

/* ---- deadline.c ------------------------------------------------------------------------------ */

/* Is it a call that nobody waits for any more? */
bool wtl__host_is_late(const struct wtl__item *item);
uint32_t wtl__host_deadline_left_ms(struct wtl_ctx *x);
void wtl__host_deadline_set_ms(struct wtl_ctx *x, uint32_t ms);
/* The deadline of a request, as in its options, within what is left. 0: nothing is. */
uint32_t wtl__host_bounded_ms(struct wtl__host_ctx *x, uint32_t deadline_ms);
/* That call of the callee's has been answered: what was asked for it is bound no longer. */
void wtl__host_deadline_settled(struct wtl__host_ctx *x, struct wtl__guest *callee,
                                struct wtl_from from);

/* ---- calls.c, calls_ask.c, calls_own.c, bear.c, timers.c, fds.c, work.c: the table ---------- */

extern const struct wtl_api wtl__host_api;
extern const struct wtl_stage_api wtl__host_stage_api;

/* ---- tables.c, tables_read.c ---------------------------------------------------------------- */

struct wtl__table_ask;

extern const struct wtl_table_api wtl__host_tables;

/* Asks the node, and waits; the answer is in host->tabled until the next one. */
enum wtl_status wtl__host_ask_table(struct wtl_ctx *x, uint64_t verb,
                                    const struct wtl__table_ask *ask);
/* TABLED has come. */
void wtl__host_tabled(struct wtl__host *host, const struct wtl__pipe_frame *frame);
/* A function has returned: what it has borrowed ends. */
void wtl__host_give_back(struct wtl__host *host);

enum wtl_status wtl__host_lookup(struct wtl_ctx *x, struct wtl_table table, struct wtl_bytes key,
                                 struct wtl_writer *into);
enum wtl_status wtl__host_take(struct wtl_ctx *x, struct wtl_table table, struct wtl_bytes key,
                               struct wtl_writer *into);
enum wtl_status wtl__host_borrow(struct wtl_ctx *x, struct wtl_table table, struct wtl_bytes key,
                                 struct wtl_reader *value_out);
enum wtl_status wtl__host_step(struct wtl_ctx *x, struct wtl_table table,
                               struct wtl_table_cursor *cursor, bool backwards);
enum wtl_status wtl__host_select(struct wtl_ctx *x, struct wtl_table table,
                                 const struct wtl_table_match *match,
                                 struct wtl_table_cursor *cursor, wtl_table_visit visit,
                                 void *context);

/* ---- calls.c and its neighbours again ------------------------------------------------------- */

uint64_t wtl__host_ref(struct wtl__host *host);

struct wtl_pid wtl__host_spawn(struct wtl_ctx *x, const struct wtl_actor *type,
                               const struct wtl_spawn_options *options);
struct wtl_pid wtl__host_supervise(struct wtl_ctx *x, const struct wtl_tree *tree,
                                   const struct wtl_spawn_options *options);
uint64_t wtl__host_supervisor_add(struct wtl_ctx *x, struct wtl_pid supervisor,
                                  const struct wtl_child *child,
                                  const struct wtl_call_options *options);

/* A new request with that number; NULL: it may ask no more. */
struct wtl__asked *wtl__host_asked(struct wtl__host_ctx *x, uint64_t request,
                                   const struct wtl_call_options *options);
/* It has its answer: queued. */
void wtl__host_answer(struct wtl__host *host, struct wtl__guest *guest, struct wtl__asked *asked,
                      enum wtl_status status, struct wtl_pid pid, struct wtl_reason reason,
                      const void *bytes, uint32_t size);
void wtl__asked_free(struct wtl__host *host, struct wtl__asked *asked);
uint64_t wtl__host_sys(struct wtl_ctx *x, struct wtl_pid to, int verb, struct wtl_writer *argument,
                       const struct wtl_call_options *options);
uint64_t wtl__host_call(struct wtl_ctx *x, struct wtl_pid to, struct wtl_tag tag,
                        struct wtl_writer *body, const struct wtl_call_options *options);
uint64_t wtl__host_call_name(struct wtl_ctx *x, const char *name, struct wtl_tag tag,
                             struct wtl_writer *body, const struct wtl_call_options *options);
bool wtl__host_call_cancel(struct wtl_ctx *x, uint64_t request);
void wtl__host_register(struct wtl_ctx *x, const char *name, enum wtl_scope scope,
                        const struct wtl_call_options *options);
void wtl__host_unregister(struct wtl_ctx *x, const char *name, enum wtl_scope scope);
struct wtl_pid wtl__host_whereis_local(struct wtl_ctx *x, const char *name);
void wtl__host_whereis(struct wtl_ctx *x, const char *name, const struct wtl_call_options *options);
uint64_t wtl__host_supervisor_ask(struct wtl_ctx *x, struct wtl_pid supervisor, int verb,
                                  const char *id, struct wtl_pid pid,
                                  const struct wtl_call_options *options);

uint64_t wtl__host_timer(struct wtl_ctx *x, struct wtl_pid to, const char *name, uint64_t after_ms,
                         uint64_t every_ms, struct wtl_tag tag, struct wtl_writer *body);
int64_t wtl__host_timer_cancel(struct wtl_ctx *x, uint64_t timer);
void wtl__tick_free(struct wtl__host *host, struct wtl__tick *tick);
/* The message of that timer has left the guest's queue. */
void wtl__host_ticked(struct wtl__guest *guest, uint64_t timer);
/* Fires what is due. */
void wtl__host_expire(struct wtl__host *host);

enum wtl_status wtl__host_fd_watch(struct wtl_ctx *x, int fd, unsigned events);
void wtl__host_fd_unwatch(struct wtl_ctx *x, int fd);
void wtl__host_fd_handled(struct wtl__host *host, int fd);
void wtl__host_fds_forget(struct wtl__host *host, const struct wtl__guest *guest);

bool wtl__host_work_start(struct wtl__host *host);
/* The descriptor that says that some work is done. */
int wtl__host_work_fd(void);
void wtl__host_work_done(struct wtl__host *host);
/* Is some work not done yet, or its result not taken? */
bool wtl__host_works(void);
uint64_t wtl__host_work(struct wtl_ctx *x, wtl_work_fn fn, const void *argument, size_t size,
                        const struct wtl_call_options *options);

/* ---- what the program does to itself -------------------------------------------------------- */

/* Before the module is loaded: limits, and the first filter. False: it must not go on. */
bool wtl__host_limit(const struct wtl__orders *orders);
bool wtl__host_filter_loading(const struct wtl__orders *orders);
/* Behind it: no more files, no more code, unless it was allowed. */
bool wtl__host_filter_running(const struct wtl__orders *orders);
/* Faults are noted on the board before they kill. */
void wtl__host_catch_faults(struct wtl__board *board);
void wtl__host_note_module(const void *address);
/* So are allocations that fail, from now on. */
void wtl__host_watch_memory(struct wtl__board *board);

#endif
