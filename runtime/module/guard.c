/*
 * guard.c - the handlers, and the way out of a fault. See guard.h.
 *
 * The way of a fault: handler (on the alternate stack) -> attributable? -> siglongjmp to
 * guarded_run -> report, quarantine -> wtl__cell_fault -> the worker's next actor.
 */
#include "module/guard.h"

#include <errno.h>
#include <execinfo.h>
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/log.h"
#include "module/fault.h"
#include "module/module.h"

/* How far from the end of the stack a fault still is one of the stack: a frame is probed page by
 * page where wattle_add_module() has compiled it. */
#define NEAR_BYTES 65536u

static const int signals[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL};

/* A thread that runs actors, as its handler finds it. */
struct watched {
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
};

/* initial-exec: a handler must not allocate to reach it */
static _Thread_local struct watched here __attribute__((tls_model("initial-exec")));

static struct sigaction former[WTL_COUNT(signals)];
static unsigned attached;
static pthread_key_t thread_key;
static bool key_made;

/* ---- the handler -------------------------------------------------------------------------- */

static void mask_faults(int how)
{
    sigset_t set;
    (void)sigemptyset(&set);
    for (size_t i = 0; i < WTL_COUNT(signals); i++) {
        (void)sigaddset(&set, signals[i]);
    }
    (void)pthread_sigmask(how, &set, NULL);
}

/* The frames from the fault on. A stack that is not one any more faults again while it is read:
 * then there are no frames. */
static void read_frames(struct wtl__fault *fault)
{
    void *all[WTL__FAULT_FRAMES + 8];
    volatile int count = 0;
    mask_faults(SIG_UNBLOCK);
    here.unwinding = 1;
    if (sigsetjmp(here.unwound, 0) == 0) {
        count = backtrace(all, (int)WTL_COUNT(all));
    }
    here.unwinding = 0;
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
    if (fault->code <= 0) {
        return "the signal was sent, not raised by the code";
    }
    if (!here.armed || here.x->cell == NULL) {
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
    if (here.unwinding) {
        siglongjmp(here.unwound, 1);
    }
    struct wtl__fault fault = {.signal = signal,
                               .code = info->si_code,
                               .address = (uintptr_t)info->si_addr,
                               .pc = wtl__fault_pc(context)};
    fault.place = wtl__place_of(fault.pc);
    fault.overflow = signal == SIGSEGV && here.stack_low != 0 &&
                     fault.address - (here.stack_low - NEAR_BYTES) < 2 * NEAR_BYTES;
    const char *why = why_not_at_once(&fault);
    if (why == NULL) {
        read_frames(&fault);
        why = why_not_ours(&fault);
        if (why == NULL) {
            here.fault = fault;
            here.armed = 0;
            siglongjmp(here.home, 1);
        }
        wtl__fault_write_head(&fault, here.x, why);
    } else {
        wtl__fault_write_head(&fault, here.armed ? here.x : NULL, why);
        read_frames(&fault);
    }
    wtl__fault_write_frames(&fault);
    die(signal, &fault);
    errno = saved;
}

/* ---- the thread --------------------------------------------------------------------------- */

static void thread_end(void *watched)
{
    struct watched *self = watched;
    const stack_t none = {.ss_flags = SS_DISABLE};
    if (self->alternate != NULL) {
        (void)sigaltstack(&none, NULL);
        (void)munmap(self->alternate, self->alternate_bytes);
        self->alternate = NULL;
    }
    self->begun = false;
}

static uintptr_t find_stack_low(void)
{
    pthread_attr_t attributes;
    void *low = NULL;
    size_t size = 0;
    if (pthread_getattr_np(pthread_self(), &attributes) == 0) {
        (void)pthread_attr_getstack(&attributes, &low, &size);
        (void)pthread_attr_destroy(&attributes);
    }
    return (uintptr_t)low;
}

/* Without an alternate stack everything but a stack overflow is contained all the same. */
static void thread_begin(void)
{
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    size_t bytes = WTL__GUARD_STACK_BYTES + page;
    here.begun = true;
    here.stack_low = find_stack_low();
    void *memory =
        mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK, -1, 0);
    if (memory == MAP_FAILED) {
        return;
    }
    stack_t stack = {.ss_sp = (char *)memory + page, .ss_size = WTL__GUARD_STACK_BYTES};
    if (mprotect(memory, page, PROT_NONE) != 0 || sigaltstack(&stack, NULL) != 0) {
        (void)munmap(memory, bytes);
        return;
    }
    here.alternate = memory;
    here.alternate_bytes = bytes;
    (void)pthread_setspecific(thread_key, &here);
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
    struct wtl__ctx *x = here.x;
    struct wtl__runtime *runtime = x->runtime;
    const struct wtl__fault *fault = &here.fault;
    struct wtl__module *module = fault->place->module;
    const char *word = wtl__fault_word(fault);
    mask_faults(SIG_UNBLOCK); /* the handler's mask is still on: sigsetjmp has not saved it */
    wtl__fault_log(fault, x);
    if (wtl__module_faulted(module, runtime->host->now_ns(runtime))) {
        quarantine(runtime, module);
    }
    struct wtl_reason reason = {.class_ = WTL_EXIT_FAULT, .word = wtl_tag_make(word, strlen(word))};
    wtl__cell_fault(x, x->cell, reason);
    return WTL__RUN_ENDED;
}

static enum wtl__run guarded_run(struct wtl__ctx *x, struct wtl__cell *cell, unsigned messages)
{
    if (WTL_UNLIKELY(!here.begun)) {
        thread_begin();
    }
    here.x = x;
    if (sigsetjmp(here.home, 0) != 0) {
        return after_fault();
    }
    here.armed = 1;
    enum wtl__run result = wtl__cell_run(x, cell, messages);
    here.armed = 0;
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
    if (!key_made && pthread_key_create(&thread_key, thread_end) != 0) {
        return wtl_fail(error, WTL_SYSTEM, "the guard of modules: no thread key is left");
    }
    key_made = true;
    if (!wtl__places_refresh(NULL, NULL, NULL)) {
        return wtl_fail(error, WTL_NO_MEMORY, "the guard of modules: memory is exhausted");
    }
    for (size_t i = 0; i < WTL_COUNT(signals); i++) {
        (void)sigaction(signals[i], &action, &former[i]);
    }
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
    /* release pairs with the acquire in wtl__run_batch */
    atomic_store_explicit(&runtime->run, guarded_run, memory_order_release);
    return WTL_OK;
}

void wtl__guard_detach(struct wtl__runtime *runtime)
{
    if (atomic_load_explicit(&runtime->run, memory_order_relaxed) != guarded_run) {
        return;
    }
    atomic_store_explicit(&runtime->run, wtl__cell_run, memory_order_release);
    attached--;
    if (attached == 0) {
        for (size_t i = 0; i < WTL_COUNT(signals); i++) {
            (void)sigaction(signals[i], &former[i], NULL);
        }
    }
    thread_end(&here); /* of a host that runs on this very thread; nothing on others */
}
