/* guard_thread.c - see guard_thread.h. */
#include "module/guard_thread.h"

#include <pthread.h>
#include <sys/mman.h>
#include <unistd.h>

#include "module/guard.h"

_Thread_local struct wtl__guarded wtl__here __attribute__((tls_model("initial-exec")));

/* All that have begun and not ended, so that each can be sent a signal while it lives. */
static struct wtl__guarded *threads;
static pthread_mutex_t threads_lock = PTHREAD_MUTEX_INITIALIZER;

static pthread_key_t thread_key;
static bool key_made;

bool wtl__guard_threads_init(void)
{
    key_made = key_made || pthread_key_create(&thread_key, wtl__guard_thread_end) == 0;
    return key_made;
}

/* ---- the list ------------------------------------------------------------------------------ */

static void join(struct wtl__guarded *self)
{
    self->thread = pthread_self();
    (void)pthread_mutex_lock(&threads_lock);
    self->next = threads;
    threads = self;
    (void)pthread_mutex_unlock(&threads_lock);
}

static void leave(const struct wtl__guarded *self)
{
    (void)pthread_mutex_lock(&threads_lock);
    struct wtl__guarded **slot = &threads;
    while (*slot != NULL && *slot != self) {
        slot = &(*slot)->next;
    }
    if (*slot != NULL) {
        *slot = self->next;
    }
    (void)pthread_mutex_unlock(&threads_lock);
}

void wtl__guard_interrupt(struct wtl__runtime *runtime, uint64_t local, uint64_t trial)
{
    (void)pthread_mutex_lock(&threads_lock);
    for (struct wtl__guarded *each = threads; each != NULL; each = each->next) {
        atomic_store_explicit(&each->wanted_in, runtime, memory_order_relaxed);
        /* one of the two: what an interrupt before has left in the other one is gone */
        atomic_store_explicit(&each->wanted_trial, trial, memory_order_relaxed);
        atomic_store_explicit(&each->wanted, trial == 0 ? local : 0, memory_order_relaxed);
        (void)pthread_kill(each->thread, WTL__GUARD_SIGNAL);
    }
    (void)pthread_mutex_unlock(&threads_lock);
}

/* ---- begin and end ------------------------------------------------------------------------- */

void wtl__guard_thread_end(void *guarded)
{
    struct wtl__guarded *self = guarded;
    const stack_t none = {.ss_flags = SS_DISABLE};
    leave(self);
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

static void make_stack(void)
{
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    size_t bytes = WTL__GUARD_STACK_BYTES + page;
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
    wtl__here.alternate = memory;
    wtl__here.alternate_bytes = bytes;
}

void wtl__guard_thread_begin(void)
{
    wtl__here.begun = true;
    wtl__here.stack_low = find_stack_low();
    if (pthread_setspecific(thread_key, &wtl__here) == 0) { /* or nothing would end it */
        join(&wtl__here);
        make_stack();
    }
}
