/*
 * race.c - many threads put into outboxes, ask for names and post jobs, while one collects, sends
 * and forgets. Each message comes out exactly once, in its sender's order; nothing is left.
 */
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/pool.h"
#include "net/loop.h"
#include "node/known.h"
#include "node/outbox.h"

#define SENDERS  3u
#define MESSAGES 30000u
#define NODES    5u
#define OWN      UINT64_C(0xaaaa000001)
#define ALL      (SENDERS * (MESSAGES + MESSAGES / 50))
#define JOBS     (SENDERS * MESSAGES / 50 + 1)

static struct wtl__outboxes *table;
static struct wtl__known *known;
static struct wtl__loop *loop;
static uint64_t last[SENDERS][NODES + 1]; /* the loop's own */
static _Atomic(uint64_t) came;
static _Atomic(uint64_t) jobs;
static uint64_t turns;

static void check(bool good, const char *what)
{
    if (!good) {
        (void)fprintf(stderr, "%s\n", what);
        abort();
    }
}

static void on_send(void *context, struct wtl_pid to, struct wtl__envelope *envelope)
{
    (void)context;
    uint64_t sender = envelope->msg.from.local - 1;
    uint64_t *before = &last[sender][to.node % (NODES + 1)];
    check(envelope->msg.request > *before, "a message was overtaken");
    *before = envelope->msg.request;
    atomic_fetch_add(&came, 1);
    wtl__envelope_free(envelope);
}

static void on_stale(void *context, struct wtl_pid to, struct wtl__envelope *envelope)
{
    (void)context;
    (void)to;
    atomic_fetch_add(&came, 1);
    wtl__envelope_free(envelope);
}

static void on_resume(void *context, struct wtl_pid to, struct wtl__envelope *wait)
{
    (void)context;
    (void)to;
    atomic_fetch_add(&came, 1);
    wtl__envelope_free(wait);
}

static bool is_gone(void *context, uint64_t node)
{
    (void)context;
    return (node + turns) % 3 == 0; /* now and then one is recycled */
}

static const struct wtl__outbox_ops ops = {
    .send = on_send, .stale = on_stale, .resume = on_resume, .is_gone = is_gone};

static void collect(void *context)
{
    (void)context;
    wtl__outboxes_collect(table);
}

static bool finish(void *context)
{
    (void)context;
    turns++;
    wtl__outboxes_send(table, &ops);
    if (turns % 64 == 0) {
        wtl__outbox_forget(table, 1 + turns / 64 % NODES, &ops);
        wtl__known_forget_node(known, 1);
    }
    return false;
}

static bool is_pending(void *context)
{
    (void)context;
    return wtl__outboxes_is_pending(table);
}

struct job {
    struct wtl__job job;
};

static void run_job(struct wtl__job *job)
{
    struct wtl_pid holder = {.node = 1, .local = 1};
    check(!wtl__known_answer(known, "store", holder, 0, on_resume, NULL), "nothing waits");
    atomic_fetch_add(&jobs, 1);
    free(WTL_CONTAINER(job, struct job, job));
}

static void post(void)
{
    struct job *job = calloc(1, sizeof *job);
    check(job != NULL, "no memory");
    job->job.run = run_job;
    wtl__loop_post(loop, &job->job);
}

static struct wtl__envelope *make(enum wtl__kind kind, uint64_t sender, uint64_t request)
{
    struct wtl__envelope *envelope = wtl__envelope_new(kind);
    check(envelope != NULL, "no memory");
    envelope->msg.from = (struct wtl_pid){.node = OWN, .local = sender + 1};
    envelope->msg.request = request;
    return envelope;
}

/* So that some pushes find a loop that sleeps. */
static void let_sleep(void)
{
    for (unsigned i = 0; i < 200; i++) {
        (void)sched_yield();
    }
}

/* Looks at a condition until it holds, or for 20 s. */
static void nobody(void *context)
{
    (void)context;
}

static void wait_until(bool (*holds)(void))
{
    uint64_t by_ms = wtl__loop_now_ms(loop) + 20000;
    while (!holds() && wtl__loop_now_ms(loop) < by_ms) {
        (void)sched_yield();
    }
}

static bool has_all(void)
{
    return atomic_load(&came) >= ALL && atomic_load(&jobs) >= JOBS;
}

static void *sender_main(void *argument)
{
    uint64_t sender = (uint64_t)(uintptr_t)argument;
    for (uint64_t i = 1; i <= MESSAGES; i++) {
        bool over;
        struct wtl_pid to = {.node = 1 + i % NODES, .local = 5};
        enum wtl__kind kind = i % 100 == 0 ? WTL__WAIT : WTL__MESSAGE;
        enum wtl__outbox_push pushed = wtl__outbox_push(table, to, make(kind, sender, i), &over);
        check(pushed != WTL__OUTBOX_REFUSED, "refused");
        if (pushed == WTL__OUTBOX_WAKE) {
            wtl__loop_wake(loop);
        }
        if (i % 50 == 0) {
            struct wtl_pid holder;
            bool ask;
            struct wtl__envelope *one = make(WTL__MESSAGE, sender, i);
            if (wtl__known_find(known, "store", one, i, &holder, &ask) != WTL__KNOWN_WAITS) {
                wtl__envelope_free(one);
                atomic_fetch_add(&came, 1);
            }
            post();
        }
        if (i % 1000 == 0) {
            let_sleep();
        }
    }
    wtl__pool_flush();
    return NULL;
}

int main(void)
{
    pthread_t threads[SENDERS];
    struct wtl__loop_source source = {
        .collect = collect, .finish = finish, .is_pending = is_pending, .offer = nobody};
    table = wtl__outboxes_create(OWN, 1);
    known = wtl__known_create(2);
    check(table != NULL && known != NULL, "no memory");
    check(wtl__loop_create(&loop, NULL) == WTL_OK, "no loop");
    check(wtl__loop_start(loop, &source, NULL) == WTL_OK, "no thread");
    for (uintptr_t i = 0; i < SENDERS; i++) {
        check(pthread_create(&threads[i], NULL, sender_main, (void *)i) == 0, "no thread");
    }
    for (unsigned i = 0; i < SENDERS; i++) {
        (void)pthread_join(threads[i], NULL);
    }
    post(); /* answers whatever still waits for its name */
    wait_until(has_all);
    check(atomic_load(&came) == ALL, "a message is lost");
    check(atomic_load(&jobs) == JOBS, "a job is lost");
    check(wtl__outboxes_bytes(table) == 0, "bytes are left");
    check(table->made_count <= NODES, "outboxes are not used again");
    wtl__loop_destroy(loop);
    wtl__outboxes_destroy(table);
    wtl__known_destroy(known);
    return 0;
}
