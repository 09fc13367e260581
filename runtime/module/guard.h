/*
 * guard.h - a fault in a module's code ends one actor, not the node.
 *
 * The guard stands around each batch of messages. A fault is contained when it can be told whose it
 * is: raised by the kernel, while the thread runs a function of an actor, with the program counter
 * in a module's text, and nothing on the stack between that function and the runtime that called it
 * but the same module. The runtime holds no lock while it calls a module; that is what makes the
 * jump out of the fault safe. The actor ends with the reason fault:sigsegv (sigbus, sigfpe, sigill,
 * stack_overflow), without its stop function; its links, monitors, callers and supervisor hear of
 * it as of any other end, and the worker goes on.
 *
 * A function that does not return can be ended the same way, when somebody asks for it
 * (runtime->interrupt; a supervisor does for a child that is hung): each thread that runs actors
 * gets a signal, and the one that finds itself in that very actor, at a place where a fault would
 * have been contained, leaves. Anywhere else, in a system call for one, the signal does nothing.
 *
 * Everything else is fatal as ever, after a record on stderr: a fault in the runtime, in the C
 * library or another library, on a thread of the work pool, a jump to nowhere, a signal that was
 * sent, an abort, whosever; and an exit that a module or its library has called, which ends the
 * process with SIGABRT, so that nobody takes it for a stop in order. What a guard cannot see is
 * damage without a fault: a module that writes where it should not is only ever safe in a process
 * of its own.
 *
 * Thread: attach and detach one at a time in a process; actors may run meanwhile.
 * Owns: the handlers of SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT and SIGURG while any runtime is
 * attached; an alternate signal stack for each thread that runs actors.
 */
#ifndef WTL_MODULE_GUARD_H
#define WTL_MODULE_GUARD_H

#include "actor/runtime.h"

/* The alternate stack of a thread, in bytes, apart from the page that guards it. */
#define WTL__GUARD_STACK_BYTES (64u * 1024)

enum wtl__guard_mode {
    WTL__GUARD_AUTO, /* on, but under a debugger or a sanitizer a fault should stop right there */
    WTL__GUARD_ON,
    WTL__GUARD_OFF,
};

/* True when the guard stands now. Fails: WTL_SYSTEM, WTL_NO_MEMORY. */
enum wtl_status wtl__guard_attach(struct wtl__runtime *runtime, enum wtl__guard_mode mode,
                                  bool *on_out, struct wtl_error *error) WTL_MUST_USE;

/* Before the runtime is destroyed. Nothing when it is not attached. */
void wtl__guard_detach(struct wtl__runtime *runtime);

#endif
