/*
 * pipe.h - the frames between a node and the process of a module, over one socket pair.
 *
 * A frame is a head of fixed size, fields in msgpack, and a body that is the rest of it. Which
 * fields a kind has is said once, in WTL__PIPE_KINDS, for both sides and both directions. Fields
 * are one letter each:
 *
 *   p q  pids              g  tag                r  a number of ours (a request, a reference)
 *   c    a count           s  status             x  exit reason
 *   f    flags             n  name               k  key of a flow's message, seq 0 for none
 *   b    a body, always last
 *
 * Both ends are on one machine and from one build: the head is in the machine's own order. To the
 * node every byte is hostile all the same: what wtl__pipe_get accepts is whole, of a kind that the
 * child may send, and each field is in its range. What a body holds is not looked at here.
 *
 * Pure functions. Thread: any. Owns: nothing; body points into the bytes that were given.
 */
#ifndef WTL_PROCESS_PIPE_H
#define WTL_PROCESS_PIPE_H

#include <wattle/flow.h>

/* Counted up when a kind or a field changes: node and program must be of one version. */
#define WTL__PIPE_VERSION 5u

struct wtl__pipe_head {
    uint32_t size; /* of what follows the head */
    uint8_t kind;
    uint8_t zero[3];
    uint64_t local; /* the actor's pid, without the node; 0: of the process as a whole */
};

_Static_assert(sizeof(struct wtl__pipe_head) == 16, "the head has no holes");

/* Head and fields together, at most; a whole frame. */
#define WTL__PIPE_FIELDS_MAX 320u
#define WTL__PIPE_FRAME_MAX  (WTL__PIPE_FIELDS_MAX + WTL_BODY_MAX)

/* Messages of one actor that are with the process at a time. */
#define WTL__PIPE_WINDOW 32u
/* Bytes that an actor, and that all of a process, may have sent and the node not yet carried out.
 * Over it the child refuses its module's sends as a full mailbox does; far over it the node ends
 * the child. */
#define WTL__PIPE_ACTOR_BYTES   (32u * 1024 * 1024)
#define WTL__PIPE_PROCESS_BYTES (64u * 1024 * 1024)
/* The node says what it has carried out each time that it was so much: of an actor, and of all of
 * them together, those that have ended among them. */
#define WTL__PIPE_CREDIT_BYTES (1u * 1024 * 1024)
/* Calls, registrations and the like of one actor that wait for an answer; ties of one actor. */
#define WTL__PIPE_CALLS_MAX 4096u
#define WTL__PIPE_TIES_MAX  131072u
/* Numbers that a process may give to its requests, timers and monitors: a block of the node's own,
 * and more than it can use in years. */
#define WTL__PIPE_REFS (UINT64_C(1) << 44)
/* Actors of one process, and pids that it has in reserve for those that it will spawn. */
#define WTL__PIPE_ACTORS_MAX 65536u
#define WTL__PIPE_SPARES     64u

/* X(NAME, number, "fields"). Numbers below 32 are the node's to send, the others the child's; from
 * 48 on they are what an actor does, in the order in which it does it. */
#define WTL__PIPE_KINDS(X)                                                                         \
    X(RESERVE, 1, "")     /* local may be given to an actor that the child spawns */               \
    X(SPAWN, 2, "pcrfb")  /* parent, which type; body: `r` bytes of settings, then arguments */    \
    X(BIND, 3, "")        /* the actor that the child has spawned is there: go on with init */     \
    X(RUN, 4, "pgrcfkb")  /* a message; of a call, until when: 0, or as its clock says */          \
    X(DOWN, 5, "prx")     /* for wtl_actor.down */                                                 \
    X(EXITED, 6, "pfx")   /* for wtl_actor.exited */                                               \
    X(ANSWER, 7, "prsxb") /* of request r */                                                       \
    X(STOP, 8, "x")       /* for wtl_actor.stop */                                                 \
    X(GONE, 9, "")        /* the actor has ended */                                                \
    X(CREDIT, 10, "c")    /* so many bytes were carried out, of an actor's or of all */            \
    X(ROOM, 11, "crf")    /* of a producer: room for c more when r were emitted */                 \
    X(FOUND, 12, "pr")    /* of FIND */                                                            \
    X(UNLINKED, 13, "p")  /* no exit of an older link comes any more */                            \
    X(PING, 14, "")       /* PONG when the child is back in its loop */                            \
    X(TABLED, 15, "rsb")  /* of TABLE; body: table_ask.h */                                        \
    X(SYS, 16, "rcb")     /* somebody looks into the actor, or holds it: c is how, see sys.h */    \
    X(HELLO, 32, "b")     /* the module, as manifest.h packs it */                                 \
    X(FAILED, 33, "sb")   /* it cannot be loaded: why, as text */                                  \
    X(AWAKE, 34, "")      /* something of the child's own is to be run after a rest */             \
    X(PONG, 35, "")                                                                                \
    X(FIND, 36, "rn")    /* who has this local name? The child waits. */                           \
    X(TABLE, 37, "prcb") /* the actor p asks a table; c is what, body: table_ask.h. It waits. */   \
    X(SYS_DONE, 38, "prcsb") /* of SYS, by the actor p; c bytes are its own */                     \
    X(READY, 48, "s")        /* init has returned */                                               \
    X(RAN, 49, "sk")         /* one RUN is over */                                                 \
    X(STOPPED, 50, "s")      /* stop has returned */                                               \
    X(LOG, 51, "cb")                                                                               \
    X(TELL, 52, "pgb")                                                                             \
    X(TELL_NAME, 53, "gnb")                                                                        \
    X(CALL, 54, "pgrcfb")                                                                          \
    X(CALL_NAME, 55, "grcfnb")                                                                     \
    X(CANCEL, 56, "r")                                                                             \
    X(REPLY, 57, "prsb") /* to the caller p */                                                     \
    X(BEAR, 58, "qcrfn") /* spawns: the reserved q, which type */                                  \
    X(EXIT, 59, "px")                                                                              \
    X(END, 60, "x") /* wtl_stop */                                                                 \
    X(TRAP, 61, "f")                                                                               \
    X(LINK, 62, "p")                                                                               \
    X(UNLINK, 63, "p")                                                                             \
    X(MONITOR, 64, "pr")                                                                           \
    X(DEMONITOR, 65, "r")                                                                          \
    X(REGISTER, 66, "rcfn")                                                                        \
    X(UNREGISTER, 67, "fn")                                                                        \
    X(WHEREIS, 68, "rcfn")                                                                         \
    X(NODES, 69, "f") /* wtl_watch_nodes */                                                        \
    X(DONE, 70, "s")                                                                               \
    X(SUPERVISOR, 71, "pqrcfn") /* wtl_supervisor_ask; the verb is in the flags */                 \
    X(EMIT, 72, "gfknb")                                                                           \
    X(SEND_BACK, 73, "gkb")                                                                        \
    X(DROP, 74, "kb") /* why, as text */                                                           \
    X(CLOSE, 75, "k") /* wtl_done_key */                                                           \
    X(ASK, 76, "c")                                                                                \
    X(WANT_ROOM, 77, "")                                                                           \
    X(SUPERVISE, 78, "qrfnb") /* in the reserved q; body: a tree, see tree.h */                    \
    X(ADD, 79, "prcfb")       /* wtl_supervisor_add; body: a child, or empty: what the pool has */ \
    X(MONITOR_NAME, 80, "rn")                                                                      \
    X(OVER, 81, "c") /* its c bytes and more are over its cap of memory: killed */                 \
    X(LATE, 82, "")  /* one RUN is over, and was not handled: a call that nobody waits for now */  \
    X(HANDLES, 83, "pgrcf") /* of a traced one: a message of c bytes; its kind is in the flags */

enum wtl__pipe_kind {
#define WTL__PIPE_ENUM(name, number, fields) WTL__PIPE_##name = (number),
    WTL__PIPE_KINDS(WTL__PIPE_ENUM)
#undef WTL__PIPE_ENUM
};

#define WTL__PIPE_FIRST_OF_CHILD 32
#define WTL__PIPE_FIRST_OF_ACTOR 48
#define WTL__PIPE_LAST           83

/* frame.flags */
#define WTL__PIPE_ON          1u   /* TRAP, NODES; ROOM: it was asked for */
#define WTL__PIPE_HOLD        2u   /* a call that nothing is handled before */
#define WTL__PIPE_NAMED       4u   /* BEAR, SUPERVISE have a name, EMIT a port */
#define WTL__PIPE_LINK_TOO    8u   /* BEAR; EXITED: it came by a link */
#define WTL__PIPE_MONITOR_TOO 16u  /* BEAR */
#define WTL__PIPE_ACK         32u  /* BEAR */
#define WTL__PIPE_GLOBAL      64u  /* REGISTER, UNREGISTER */
#define WTL__PIPE_STAGE       128u /* SPAWN: a flow runs it */
#define WTL__PIPE_AGAIN       256u /* RUN: perhaps it has been here before */
#define WTL__PIPE_VERB_SHIFT  16u  /* SUPERVISOR; HANDLES: enum wtl_trace_kind */
#define WTL__PIPE_FLAGS       0x7ffffu

struct wtl__pipe_frame {
    enum wtl__pipe_kind kind;
    enum wtl_status status;
    uint64_t local;
    struct wtl_pid pid;
    struct wtl_pid other;
    struct wtl_tag tag;
    uint64_t request;
    uint64_t count;
    struct wtl_reason reason;
    struct wtl_key key;
    const uint8_t *body;
    uint32_t size;
    uint32_t flags;
    char name[WTL_NAME_MAX + 1];
};

enum wtl__pipe_side { WTL__PIPE_FROM_NODE, WTL__PIPE_FROM_CHILD };

/* Writes head and fields, and returns how many bytes they are; the body goes behind them. */
size_t wtl__pipe_put(const struct wtl__pipe_frame *frame, uint8_t bytes_out[WTL__PIPE_FIELDS_MAX]);

/* The size of the frame that begins with this head, head and all; 0: that side sends no such
 * frame. */
size_t wtl__pipe_size(const struct wtl__pipe_head *head, enum wtl__pipe_side side);

/* Reads one whole frame. Fails: false for anything that wtl__pipe_put would not have written. */
bool wtl__pipe_get(const uint8_t *bytes, size_t size, enum wtl__pipe_side side,
                   struct wtl__pipe_frame *frame_out) WTL_MUST_USE;

/* "tell", ...: for logs. */
const char *wtl__pipe_word(enum wtl__pipe_kind kind);

#endif
