/*
 * fault.h - one fault of a thread: what the kernel said, and the frames that led to it.
 *
 * Thread: wtl__fault_write in signal handlers and anywhere; wtl__fault_log outside of them.
 * Owns: nothing; a fault is a value.
 */
#ifndef WTL_MODULE_FAULT_H
#define WTL_MODULE_FAULT_H

#include "actor/runtime.h"
#include "module/places.h"

#define WTL__FAULT_FRAMES 32u

struct wtl__fault {
    int signal;
    int code;
    uintptr_t address;
    uintptr_t pc;
    const struct wtl__place *place; /* of the pc; NULL: in nothing that was loaded */
    bool overflow;                  /* the stack has come to its end */
    uint32_t frames_count;
    void *frames[WTL__FAULT_FRAMES]; /* from the pc on */
};

/* The program counter that a handler's context holds; 0 where this machine is not known: then no
 * fault is ever attributed. Thread: signal handlers. */
uintptr_t wtl__fault_pc(const void *context);

/* "sigsegv", ...; "stack_overflow" for that. Static. */
const char *wtl__fault_word(const struct wtl__fault *fault);

/* Writes the record of a fault that the process dies of to stderr: the head before its frames are
 * known, so that something is there when reading them fails; then the frames. `x`, which may be
 * NULL, is what the thread runs; `why` says why it was not contained.
 * Bounds: async-signal-safe; one buffer on the stack. */
void wtl__fault_write_head(const struct wtl__fault *fault, const struct wtl__ctx *x,
                           const char *why);
void wtl__fault_write_frames(const struct wtl__fault *fault);

/* Logs a fault that was contained, with the names of its frames. */
void wtl__fault_log(const struct wtl__fault *fault, const struct wtl__ctx *x);

#endif
