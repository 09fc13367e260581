/*
 * guard.c - the handlers, and the way out of a fault. See guard.h.
 *
 * The way of a fault: handler (on the alternate stack) -> attributable? -> siglongjmp to
 * guarded_run -> report, quarantine -> wtl__cell_fault -> the worker's next actor. An interrupt
 * goes the same way, but for its beginning.
 */
#include "module/guard.h"

#include <errno.h>
#include <execinfo.h>
#include <stdio.h>
#include <stdlib.h>

#include "actor/upgrade.h"
#include "base/log.h"
#include "module/guard_thread.h"
#include "module/module.h"

/* How far from the end of the stack a fault still is one of the stack: a frame is probed page by
 * page where wattle_add_module() has compiled it. */
#define NEAR_BYTES 65536u

/* An abort is never contained: it is caught for its record alone. */
static const int signals[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT};

static struct sigaction former[WTL_COUNT(signals)];
static struct sigaction former_interrupt;
static unsigned attached;

/* ---- the handler -------------------------------------------------------------------------- */

static void mask_faults(int how)
{
    sigset_t set;
    (void)sigemptyset(&set);
    for (size_t i = 0; i < WTL_COUNT(signals); i++) {
        (void)sigaddset(&set, signals[i]);
    }
    (void)sigaddset(&set, WTL__GUARD_SIGNAL);
    (void)pthread_sigmask(how, &set, NULL);
}

/* The frames from the fault on. A stack that is not one any more faults again while it is read:
 * then there are no frames. */
static void read_frames(struct wtl__fault *fault)
{
    void *all[WTL__FAULT_FRAMES + 8];
    volatile int count = 0;
    mask_faults(SIG_UNBLOCK);
    wtl__here.unwinding = 1;
    if (sigsetjmp(wtl__here.unwound, 0) == 0) {
        count = backtrace(all, (int)WTL_COUNT(all));
    }
    wtl__here.unwinding = 0;
    mask_faults(SIG_BLOCK);
    int at = 0; /* behind the frames of the handler itself */
    while (at < count && (uintptr_t)all[at] != fault->pc) {
        at++;
    }
    fault->frames_count = 0;
    for (; at < count && fault->frames_count < WTL__FAULT_FRAMES; at++) {
        fault->frames[fault->frames_count++] = all[at];
    }
}

/* NULL when everything from the fault up to the runtime is the one module's. */
static const char *why_not_ours(const struct wtl__fault *fault)
{
    const struct wtl__place *runtime = wtl__place_of((uintptr_t)&wtl__cell_run);
    for (uint32_t i = 1; i < fault->frames_count; i++) {
        const struct wtl__place *place = wtl__place_of((uintptr_t)fault->frames[i] - 1);
        if (place == NULL || (place != fault->place && place != runtime)) {
            return "another library has called into the module, and its locks may be held";
        }
        if (place == runtime) {
            return NULL;
        }
    }
    /* a recursion has more frames than are read */
    return fault->frames_count == WTL__FAULT_FRAMES ? NULL : "the stack cannot be read";
}

static const char *why_not_at_once(const struct wtl__fault *fault)
{
    if (fault->signal == SIGABRT && fault->code == SI_TKILL) {
        return "abort was called, and nobody knows what is whole behind it";
    }
    if (fault->code <= 0) {
        return "the signal was sent, not raised by the code";
    }
    if (!wtl__here.armed || wtl__here.x->cell == NULL) {
        return "the thread runs no function of an actor";
    }
    if (fault->place == NULL) {
        return "the program counter is in no code";
    }
    if (fault->place->module == NULL || !wtl__place_has_text(fault->place, fault->pc)) {
        return "the code is not a module's";
    }
    return NULL;
}

static void die(int signal, const struct wtl__fault *fault)
{
    for (size_t i = 0; i < WTL_COUNT(signals); i++) {
        if (signals[i] == signal) {
            (void)sigaction(signal, &former[i], NULL);
        }
    }
    if (fault->code <= 0) {
        (void)raise(signal); /* comes when the handler has returned; a true fault comes again */
    }
}

static void on_fault(int signal, siginfo_t *info, void *context)
{
    int saved = errno;
    if (wtl__here.unwinding) {
        siglongjmp(wtl__here.unwound, 1);
    }
    struct wtl__fault fault = {.signal = signal,
                               .code = info->si_code,
                               .address = info->si_code > 0 ? (uintptr_t)info->si_addr : 0,
                               .pc = wtl__fault_pc(context)};
    fault.place = wtl__place_of(fault.pc);
    fault.overflow = signal == SIGSEGV && wtl__here.stack_low != 0 &&
                     fault.address - (wtl__here.stack_low - NEAR_BYTES) < 2 * NEAR_BYTES;
    const char *why = why_not_at_once(&fault);
    if (why == NULL) {
        read_frames(&fault);
        why = why_not_ours(&fault);
        if (why == NULL) {
            wtl__here.fault = fault;
            wtl__here.armed = 0;
            siglongjmp(wtl__here.home, 1);
        }
        wtl__fault_write_head(&fault, wtl__here.x, why);
    } else {
        wtl__fault_write_head(&fault, wtl__here.armed ? wtl__here.x : NULL, why);
        read_frames(&fault);
    }
    wtl__fault_write_frames(&fault);
    die(signal, &fault);
    errno = saved;
}

/* ---- interrupts --------------------------------------------------------------------------- */

/* The actor, whatever it does; or its save, which may be over since it was looked at. */
static bool is_to_leave(const struct wtl__ctx *x)
{
    return atomic_load_explicit(&wtl__here.wanted, memory_order_relaxed) ==
               wtl__cell_local(x->cell) ||
           (x->trial != NULL && atomic_load_explicit(&wtl__here.wanted_trial,
                                                     memory_order_relaxed) == x->trial->number);
}

static bool is_wanted(void)
{
    return wtl__here.armed && !wtl__here.unwinding && wtl__here.x->cell != NULL &&
           atomic_load_explicit(&wtl__here.wanted_in, memory_order_relaxed) ==
               wtl__here.x->runtime &&
           is_to_leave(wtl__here.x);
}

static void on_interrupt(int signal, siginfo_t *info, void *context)
{
    int saved = errno;
    if (is_wanted()) {
        struct wtl__fault fault = {
            .signal = signal, .code = info->si_code, .pc = wtl__fault_pc(context)};
        fault.place = wtl__place_of(fault.pc);
        if (fault.place != NULL && fault.place->module != NULL &&
            wtl__place_has_text(fault.place, fault.pc)) {
            read_frames(&fault);
            if (why_not_ours(&fault) == NULL) {
                wtl__here.fault = fault;
                wtl__here.armed = 0;
                siglongjmp(wtl__here.home, 1);
            }
        }
    }
    errno = saved;
}

/* ---- around a batch ----------------------------------------------------------------------- */

static void quarantine(struct wtl__runtime *runtime, struct wtl__module *module)
{
    /* release pairs with the acquire in wtl__spawn */
    atomic_store_explicit(&runtime->refuses, wtl__module_refuses, memory_order_release);
    wtl__log(wtl__log_process(), WTL__LOG_ERROR, "module_quarantined",
             WTL__LOG_TEXT("module", module->entry->name),
             WTL__LOG_TEXT("version", module->entry->version),
             WTL__LOG_NUMBER("faults", WTL__MODULE_FAULTS_MAX),
             WTL__LOG_NUMBER("within_s", WTL__MODULE_FAULTS_WINDOW_NS / WTL__NS_PER_S),
             WTL__LOG_TEXT("help", "none of its actors is started any more: restart the node "
                                   "with a module that is fixed, or isolate it in a process"));
}

/* Back from the handler, on the thread's own stack. */
static enum wtl__run after_fault(void)
{
    struct wtl__ctx *x = wtl__here.x;
    struct wtl__runtime *runtime = x->runtime;
    const struct wtl__fault *fault = &wtl__here.fault;
    struct wtl__module *module = fault->place->module;
    const char *word = wtl__fault_word(fault);
    mask_faults(SIG_UNBLOCK); /* the handler's mask is still on: sigsetjmp has not saved it */
    wtl__fault_log(fault, x);
    struct wtl_reason reason = {.class_ = WTL_EXIT_FAULT, .word = wtl_tag_make(word, strlen(word))};
    if (x->trial != NULL) { /* the actor goes on as the version that it was */
        wtl__trial_fault(x, reason);
        return WTL__RUN_AGAIN;
    }
    if (wtl__module_faulted(module, runtime->host->now_ns(runtime))) {
        quarantine(runtime, module);
    }
    wtl__cell_fault(x, x->cell, reason);
    return WTL__RUN_ENDED;
}

static enum wtl__run guarded_run(struct wtl__ctx *x, struct wtl__cell *cell, unsigned messages)
{
    if (WTL_UNLIKELY(!wtl__here.begun)) {
        wtl__guard_thread_begin();
    }
    wtl__here.x = x;
    if (sigsetjmp(wtl__here.home, 0) != 0) {
        return after_fault();
    }
    wtl__here.armed = 1;
    enum wtl__run result = wtl__cell_run(x, cell, messages);
    wtl__here.armed = 0;
    return result;
}

/* ---- attaching ---------------------------------------------------------------------------- */

static bool is_traced(void)
{
    static const char key[] = "TracerPid:";
    char line[128];
    bool traced = false;
    FILE *file = fopen("/proc/self/status", "re");
    while (file != NULL && fgets(line, sizeof line, file) != NULL) {
        if (strncmp(line, key, sizeof key - 1) == 0) {
            traced = strtol(line + sizeof key - 1, NULL, 10) != 0;
        }
    }
    if (file != NULL) {
        (void)fclose(file);
    }
    return traced;
}

static enum wtl_status install(struct wtl_error *error)
{
    void *frame[1];
    struct sigaction action = {.sa_sigaction = on_fault, .sa_flags = SA_SIGINFO | SA_ONSTACK};
    (void)sigemptyset(&action.sa_mask);
    for (size_t i = 0; i < WTL_COUNT(signals); i++) {
        (void)sigaddset(&action.sa_mask, signals[i]);
    }
    (void)backtrace(frame, 1); /* its first call loads a library: not in a handler */
    if (!wtl__guard_threads_init()) {
        return wtl_fail(error, WTL_SYSTEM, "the guard of modules: no thread key is left");
    }
    if (!wtl__guard_exits_init()) {
        return wtl_fail(error, WTL_NO_MEMORY, "the guard of modules: memory is exhausted");
    }
    if (!wtl__places_refresh(NULL, NULL, NULL)) {
        return wtl_fail(error, WTL_NO_MEMORY, "the guard of modules: memory is exhausted");
    }
    for (size_t i = 0; i < WTL_COUNT(signals); i++) {
        (void)sigaction(signals[i], &action, &former[i]);
    }
    action.sa_sigaction = on_interrupt;
    action.sa_flags |= SA_RESTART; /* it must not be noticed where it does nothing */
    (void)sigaction(WTL__GUARD_SIGNAL, &action, &former_interrupt);
    return WTL_OK;
}

enum wtl_status wtl__guard_attach(struct wtl__runtime *runtime, enum wtl__guard_mode mode,
                                  bool *on_out, struct wtl_error *error)
{
    *on_out = mode == WTL__GUARD_ON || (mode == WTL__GUARD_AUTO && !WTL_SANITIZED && !is_traced());
    if (!*on_out) {
        return WTL_OK;
    }
    if (attached == 0) {
        enum wtl_status status = install(error);
        if (status != WTL_OK) {
            *on_out = false;
            return status;
        }
    }
    attached++;
    /* release pairs with the acquires in wtl__interrupt and wtl__run_batch */
    atomic_store_explicit(&runtime->interrupt, wtl__guard_interrupt, memory_order_release);
    atomic_store_explicit(&runtime->run, guarded_run, memory_order_release);
    return WTL_OK;
}

void wtl__guard_detach(struct wtl__runtime *runtime)
{
    if (atomic_load_explicit(&runtime->run, memory_order_relaxed) != guarded_run) {
        return;
    }
    atomic_store_explicit(&runtime->run, wtl__cell_run, memory_order_release);
    atomic_store_explicit(&runtime->interrupt, NULL, memory_order_release);
    attached--;
    if (attached == 0) {
        for (size_t i = 0; i < WTL_COUNT(signals); i++) {
            (void)sigaction(signals[i], &former[i], NULL);
        }
        (void)sigaction(WTL__GUARD_SIGNAL, &former_interrupt, NULL);
    }
    wtl__guard_thread_end(
        &wtl__here); /* of a host that runs on this very thread; nothing on others */
}
