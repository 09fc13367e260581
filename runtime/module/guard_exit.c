/*
 * guard_exit.c - a module that ends the whole process with exit: a crash, with a record, and never
 * a stop in order. See guard_thread.h.
 *
 * A module that calls exit by name is refused before it is loaded (elf_calls.c). What comes here is
 * a library that it calls, or a call that it hides. _exit asks nobody: only a watchdog sees that.
 *
 * Thread: the one that calls exit. Owns: nothing.
 */
#include <execinfo.h>
#include <signal.h>
#include <stdlib.h>

#include "module/guard_thread.h"

/* Frames between a caller of exit and this file. */
#define FRAMES_BEFORE 8u

/* The first frame that is not of the C library, which has called us; `count` for none. */
static int find_caller(void *const *frames, int count)
{
    const struct wtl__place *library = count > 1 ? wtl__place_of((uintptr_t)frames[1] - 1) : NULL;
    int at = 1;
    while (at < count && wtl__place_of((uintptr_t)frames[at] - 1) == library) {
        at++;
    }
    return at;
}

static void on_exit_of_an_actor(void)
{
    void *frames[WTL__FAULT_FRAMES + FRAMES_BEFORE];
    if (!wtl__here.armed) {
        return;
    }
    int count = backtrace(frames, (int)WTL_COUNT(frames));
    int at = find_caller(frames, count);
    struct wtl__fault fault = {.pc = at < count ? (uintptr_t)frames[at] - 1 : 0};
    fault.place = wtl__place_of(fault.pc);
    if (fault.place == wtl__place_of((uintptr_t)&wtl__cell_run)) {
        return; /* the program itself may end, from wherever it likes */
    }
    for (; at < count && fault.frames_count < WTL__FAULT_FRAMES; at++) {
        fault.frames[fault.frames_count++] = frames[at];
    }
    wtl__fault_write_head(&fault, wtl__here.x,
                          "exit was called while an actor ran, and is no way to stop");
    wtl__fault_write_frames(&fault);
    (void)signal(SIGABRT, SIG_DFL); /* there is a record already */
    abort();
}

bool wtl__guard_exits_init(void)
{
    static bool registered;
    if (!registered) {
        registered = atexit(on_exit_of_an_actor) == 0 && at_quick_exit(on_exit_of_an_actor) == 0;
    }
    return registered;
}
