/*
 * guard_thread.h - a thread that runs actors, as its signal handlers find it. See guard.h.
 *
 * Thread: each has its own; only the three last fields are written by others.
 */
#ifndef WTL_MODULE_GUARD_THREAD_H
#define WTL_MODULE_GUARD_THREAD_H

#include <setjmp.h>
#include <signal.h>

#include "module/fault.h"

/* Of interrupts. Ignored where nobody has set a handler, so a late one does no harm. */
#define WTL__GUARD_SIGNAL SIGURG

struct wtl__guarded {
    sigjmp_buf home;             /* guarded_run */
    sigjmp_buf unwound;          /* where reading frames goes on when the stack cannot be read */
    volatile sig_atomic_t armed; /* `home` is set, and a batch runs */
    volatile sig_atomic_t unwinding; /* `unwound` is set */
    struct wtl__ctx *x;
    struct wtl__fault fault;
    uintptr_t stack_low; /* of the thread's own stack */
    void *alternate;
    size_t alternate_bytes;
    bool begun;
    pthread_t thread;
    struct wtl__guarded *next; /* of all of them */
    _Atomic(struct wtl__runtime *) wanted_in;
    _Atomic(uint64_t) wanted; /* the actor to leave; pids are not used again, so an old one is none
                               */
    _Atomic(uint64_t) wanted_trial; /* or the upgrade that was given up: whoever saves for it leaves
                                     */
};

/* initial-exec: a handler must not allocate to reach it */
extern _Thread_local struct wtl__guarded wtl__here __attribute__((tls_model("initial-exec")));

/* Once in a process, before any thread begins. Fails: false when no thread key is left. */
bool wtl__guard_threads_init(void);

/* Once in a process: whoever calls exit while it runs an actor's function has crashed (see
 * guard_exit.c). False when memory is exhausted. */
bool wtl__guard_exits_init(void);

/* Gives this thread its alternate stack; without memory for it everything but a stack overflow is
 * contained all the same. It ends by itself with the thread, or by the second one. */
void wtl__guard_thread_begin(void);
void wtl__guard_thread_end(void *guarded);

/* A wtl__interrupt_fn: sends WTL__GUARD_SIGNAL to each of them, with that actor wanted: nobody else
 * knows which of them runs it, if any does. Thread: any. */
void wtl__guard_interrupt(struct wtl__runtime *runtime, uint64_t local, uint64_t trial);

#endif
