/*
 * proxy.h - an actor whose code is in another process, as the node knows it.
 *
 * A proxy has the pid, the mailbox, the names and the ties; its functions only pass on what comes,
 * and do what comes back. It runs at the head of nothing: while a flow runs it as a stage, it is
 * the state of that stage's user.
 *
 *   handle(message) -> RUN ................ child handles it ..... -> TELL, CALL, ..., RAN
 *   WTL__PIPE_WINDOW of them may be away; then the actor is AWAY: it takes only what comes BACK.
 *   handle(BACK) does what has come, in order, as the actor itself.
 *   Who looks into it (actor/sys.h) is answered by its functions, see process_sys.c.
 *
 * Thread: the holder of the actor's run token. Owns: its state is the actor's; the seat in it is
 * seen by the process until the actor stands up, at its end.
 */
#ifndef WTL_PROCESS_PROXY_H
#define WTL_PROCESS_PROXY_H

#include "actor/sys.h"
#include "process/process.h"

struct wtl__isolated_type;

/* What an actor's functions have answered to who looks into it. */
struct wtl__told {
    struct wtl__control control;
    struct wtl__proxy *proxy;
    uint64_t after; /* so many bytes have come for the actor before it, in all */
    uint64_t memory;
    enum wtl_status status;
    uint32_t size;
    uint8_t bytes[];
};

struct wtl__proxy {
    struct wtl__ending ending; /* stands up from the seat */
    struct wtl__far far;       /* who looks into the actor is answered by its functions */
    struct wtl__seat seat;
    struct wtl__process *process;
    const struct wtl__isolated_type *type;
    struct wtl__chunk *chunk; /* that is being carried out */
    uint64_t last_ref;        /* the numbers of a child go up */
    uint64_t applied;         /* bytes since the last credit */
    uint64_t done;            /* bytes in all */
    struct wtl__told *told;   /* an answer that waits until what came before it is done */
    uint64_t emitted;         /* by a producer */
    uint32_t calls;           /* requests that wait for an answer */
    bool stopping;            /* the child was told so, */
    bool stopped;             /* and its function for that has returned */
    bool stalled;             /* a producer's outbox is full: the rest waits for flow_ready */
    bool doomed;              /* ends when what has come is done */
};

/* The functions of a proxy's type; `described` says which of them the module has. */
void wtl__proxy_type(struct wtl__isolated_type *type, const struct wtl_actor *described);

/* The number of the process that the actor's code runs in; 0: in this one. */
uint32_t wtl__proxy_process(const struct wtl__cell *cell);

/* The function of a control that ends the actor: its process has died. */
void wtl__proxy_doom(struct wtl__control *control, struct wtl__ctx *x, struct wtl__cell *cell);

/* The function of a control that brings an answer. */
void wtl__proxy_told(struct wtl__control *control, struct wtl__ctx *x, struct wtl__cell *cell);

enum wtl__effect {
    WTL__EFFECT_DONE,
    WTL__EFFECT_WAITS, /* it cannot be done now, and nothing behind it before it is */
    WTL__EFFECT_WRONG, /* no child of ours sends this */
};

/* Does what one frame says, as the actor. *status_out is what the function of the actor has
 * returned, if the frame says that one has. */
enum wtl__effect wtl__effect_do(struct wtl_ctx *x, struct wtl__proxy *proxy,
                                const struct wtl__pipe_frame *frame, enum wtl_status *status_out);

/* Sends a frame for this actor. */
void wtl__proxy_send(struct wtl_ctx *x, struct wtl__proxy *proxy, struct wtl__pipe_frame *frame);

/* Tells a producer's process how much it may emit. */
void wtl__proxy_room(struct wtl_ctx *x, struct wtl__proxy *proxy, bool asked);

#endif
