/*
 * work.c - blocking work of guests, on one more thread: it is made before the program may make none
 * any more. A fault in the work is one of the process, and it has no budget: it may take its time.
 *
 * Thread: a mutex guards the two lists; the thread runs `fn` without it.
 */
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/clock.h"
#include "process/host/host.h"

/* A module's work gets a stack like that of a handler. */
#define STACK_BYTES (1024u * 1024)

struct job {
    struct job *next;
    uint64_t local; /* of the guest that waits for it */
    uint64_t request;
    wtl_work_fn fn;
    enum wtl_status status;
    struct wtl_writer result;
    _Alignas(16) uint8_t argument[];
};

struct list {
    struct job *first;
    struct job *last;
    uint32_t count;
};

static struct {
    pthread_mutex_t lock;
    pthread_cond_t some;
    struct list todo;
    struct list done;
    int event;
    uint32_t given; /* whose results were not taken; the main thread's */
} work = {.lock = PTHREAD_MUTEX_INITIALIZER, .some = PTHREAD_COND_INITIALIZER, .event = -1};

static void append(struct list *list, struct job *job)
{
    job->next = NULL;
    if (list->first == NULL) {
        list->first = job;
    } else {
        list->last->next = job;
    }
    list->last = job;
    list->count++;
}

static struct job *take(struct list *list)
{
    struct job *job = list->first;
    if (job != NULL) {
        list->first = job->next;
        list->count--;
    }
    return job;
}

static void *run(void *nothing)
{
    (void)nothing;
    (void)pthread_mutex_lock(&work.lock);
    for (;;) {
        struct job *job = take(&work.todo);
        if (job == NULL) {
            (void)pthread_cond_wait(&work.some, &work.lock);
            continue;
        }
        (void)pthread_mutex_unlock(&work.lock);
        job->status = wtl__message_open(&job->result, 64) ? job->fn(job->argument, &job->result)
                                                          : WTL_NO_MEMORY;
        (void)pthread_mutex_lock(&work.lock);
        append(&work.done, job);
        const uint64_t one = 1;
        (void)!write(work.event, &one, sizeof one);
    }
    return NULL;
}

bool wtl__host_work_start(struct wtl__host *host)
{
    pthread_t thread;
    pthread_attr_t attributes;
    (void)host;
    work.event = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (work.event < 0 || pthread_attr_init(&attributes) != 0) {
        return false;
    }
    (void)pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
    (void)pthread_attr_setstacksize(&attributes, STACK_BYTES);
    int failed = pthread_create(&thread, &attributes, run, NULL);
    (void)pthread_attr_destroy(&attributes);
    return failed == 0;
}

int wtl__host_work_fd(void)
{
    return work.event;
}

bool wtl__host_works(void)
{
    return work.given > 0;
}

static void answer(struct wtl__host *host, struct job *job)
{
    struct wtl_reason none = {0};
    struct wtl__guest *guest = wtl__guest_find(host, job->local);
    struct wtl__envelope *tie =
        guest != NULL ? wtl__ties_take(&guest->ties, WTL__TIE_PENDING, WTL_PID_NONE, job->request)
                      : NULL;
    enum wtl_status status = job->result.failed ? WTL_NO_MEMORY : job->status;
    if (tie != NULL) {
        wtl__host_answer(host, guest, WTL_CONTAINER(tie, struct wtl__asked, tie), status,
                         guest->self, none, job->result.begin,
                         job->result.failed ? 0 : (uint32_t)wtl_written(&job->result));
    }
    wtl__message_drop(&job->result);
    free(job);
}

void wtl__host_work_done(struct wtl__host *host)
{
    uint64_t count = 0;
    (void)!read(work.event, &count, sizeof count);
    for (;;) {
        (void)pthread_mutex_lock(&work.lock);
        struct job *job = take(&work.done);
        (void)pthread_mutex_unlock(&work.lock);
        if (job == NULL) {
            return;
        }
        work.given--;
        answer(host, job);
    }
}

/* False: too many wait already. */
static bool give(struct job *job)
{
    (void)pthread_mutex_lock(&work.lock);
    bool fits = work.todo.count < WTL__HOST_JOBS;
    if (fits) {
        append(&work.todo, job);
        (void)pthread_cond_signal(&work.some);
    }
    (void)pthread_mutex_unlock(&work.lock);
    work.given += fits;
    return fits;
}

static void refuse(struct wtl__host_ctx *x, struct wtl__asked *asked, enum wtl_status status)
{
    struct wtl_reason none = {0};
    (void)wtl__ties_take(&x->guest->ties, WTL__TIE_PENDING, WTL_PID_NONE, asked->tie.msg.request);
    wtl__host_answer(x->host, x->guest, asked, status, WTL_PID_NONE, none, NULL, 0);
}

uint64_t wtl__host_work(struct wtl_ctx *pub, wtl_work_fn fn, const void *argument, size_t size,
                        const struct wtl_call_options *options)
{
    struct wtl__host_ctx *x = wtl__host_ctx_of(pub);
    struct wtl__asked *asked = wtl__host_asked(x, wtl__host_ref(x->host), options);
    if (asked == NULL) {
        return 0;
    }
    uint64_t request = asked->tie.msg.request;
    struct job *job = malloc(sizeof *job + size);
    if (job == NULL) {
        refuse(x, asked, WTL_NO_MEMORY);
        return request;
    }
    *job = (struct job){.local = x->guest->self.local, .request = request, .fn = fn};
    if (size > 0) {
        memcpy(job->argument, argument, size);
    }
    uint32_t deadline = wtl__host_bounded_ms(x, options != NULL ? options->deadline_ms : 0);
    if (!give(job)) {
        free(job);
        refuse(x, asked, WTL_BUSY);
    } else if (deadline != WTL_CALL_FOREVER) {
        wtl__wheel_add(&x->host->wheel, &asked->timer,
                       wtl__deadline_ms(wtl__clock_now_ns(wtl__clock_system()), deadline));
    }
    return request;
}
