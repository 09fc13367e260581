/*
 * ranks_race.c - actors of low, normal and high priority on real threads, also for the thread
 * sanitizer. Exit code 0: a high one came first, and nobody was starved by who never stops.
 */
#include "program.h"

enum { CROWD = 50, BUSY = 3, TURNS = 200, PAIRS = 20, ROUNDS = 500 };

struct none {
    char unused;
};

/* ---- a high one comes first
 * ---------------------------------------------------------------------- */

static struct wtl_pid crowd[CROWD];
static struct wtl_pid urgent;
static uint64_t before_urgent; /* one worker: no other thread looks */
static bool urgent_came;

static enum wtl_status crowd_handle(struct wtl_ctx *x, void *self, const struct wtl_msg *m)
{
    (void)x;
    (void)self;
    (void)m;
    before_urgent += !urgent_came;
    program_count();
    return WTL_OK;
}

static enum wtl_status urgent_handle(struct wtl_ctx *x, void *self, const struct wtl_msg *m)
{
    (void)x;
    (void)self;
    (void)m;
    urgent_came = true;
    program_count();
    return WTL_OK;
}

static enum wtl_status caller_handle(struct wtl_ctx *x, void *self, const struct wtl_msg *m)
{
    (void)self;
    for (int i = 0; i < CROWD; i++) {
        WTL_ASSERT(program_send(x, crowd[i], m->tag, 1) == WTL_OK);
    }
    WTL_ASSERT(program_send(x, urgent, m->tag, 1) == WTL_OK);
    return WTL_OK;
}

static WTL_ACTOR(one_of_many, struct none, .handle = crowd_handle);
static WTL_ACTOR(urgent_one, struct none, .priority = WTL_PRIORITY_HIGH, .handle = urgent_handle);
static WTL_ACTOR(caller, struct none, .handle = caller_handle);

static void high_comes_first(void)
{
    program_begin(1, false);
    for (int i = 0; i < CROWD; i++) {
        crowd[i] = program_spawn(&one_of_many, NULL);
    }
    urgent = program_spawn(&urgent_one, NULL);
    struct wtl_pid pid = program_spawn(&caller, NULL);
    WTL_ASSERT(program_tell(pid, WTL_TAG("go"), 0) == WTL_OK);
    program_wait(CROWD + 1);
    WTL_ASSERT(before_urgent == 0);
    program_end("a high one came first of");
}

/* ---- nobody is starved
 * ---------------------------------------------------------------------------- */

static _Atomic(bool) is_over;
static _Atomic(uint64_t) busy_turns;

/* Sends itself the next message, for as long as it takes. */
static enum wtl_status busy_handle(struct wtl_ctx *x, void *self, const struct wtl_msg *m)
{
    (void)self;
    atomic_fetch_add_explicit(&busy_turns, 1, memory_order_relaxed);
    if (!atomic_load_explicit(&is_over, memory_order_relaxed)) {
        WTL_ASSERT(program_send(x, wtl_self(x), m->tag, 1) == WTL_OK);
    }
    return WTL_OK;
}

/* Gets on message by message, each in a batch of its own: the next comes from its peer. */
struct patient {
    struct wtl_pid peer;
    uint64_t left;
};

static enum wtl_status patient_handle(struct wtl_ctx *x, void *self, const struct wtl_msg *m)
{
    struct patient *patient = self;
    struct wtl_reader reader = wtl_read(m);
    if (wtl_is(m, "peer")) {
        (void)wtl_get_array(&reader);
        patient->peer.node = wtl_get_u64(&reader);
        patient->peer.local = wtl_get_u64(&reader);
        patient->left = TURNS;
        return WTL_OK;
    }
    if (patient->left > 0) {
        patient->left--;
        program_count();
        WTL_ASSERT(program_send(x, patient->peer, m->tag, 1) == WTL_OK);
    }
    return WTL_OK;
}

static WTL_ACTOR(busy, struct none, .handle = busy_handle);
static WTL_ACTOR(busy_high, struct none, .priority = WTL_PRIORITY_HIGH, .handle = busy_handle);
static WTL_ACTOR(patient, struct patient, .handle = patient_handle);
static WTL_ACTOR(patient_low, struct patient, .priority = WTL_PRIORITY_LOW,
                 .handle = patient_handle);

static void tell_peer(struct wtl_pid to, struct wtl_pid peer)
{
    struct wtl_writer body;
    (void)wtl_runtime_message(&body, 32);
    wtl_put_array(&body, 2);
    wtl_put_u64(&body, peer.node);
    wtl_put_u64(&body, peer.local);
    WTL_ASSERT(wtl_runtime_tell(program_runtime, to, WTL_TAG("peer"), &body) == WTL_OK);
}

static void pair(const struct wtl_actor *type)
{
    struct wtl_pid a = program_spawn(type, NULL);
    struct wtl_pid b = program_spawn(type, NULL);
    tell_peer(a, b);
    tell_peer(b, a);
    WTL_ASSERT(program_tell(a, WTL_TAG("go"), 0) == WTL_OK);
}

/* A pair takes turns while others never stop; each member has had its turns, or this hangs. */
static void not_starved(const struct wtl_actor *others, const struct wtl_actor *type,
                        unsigned workers, const char *what)
{
    program_begin(workers, false);
    atomic_store(&is_over, false);
    for (int i = 0; i < BUSY; i++) {
        WTL_ASSERT(program_tell(program_spawn(others, NULL), WTL_TAG("go"), 0) == WTL_OK);
    }
    pair(type);
    program_wait(2 * TURNS);
    atomic_store(&is_over, true);
    program_end(what);
}

/* While a low one gets a turn, the others get more. */
static void low_has_less(void)
{
    atomic_store(&busy_turns, 0);
    not_starved(&busy, &patient_low, 1, "low beside normal");
    WTL_ASSERT(atomic_load(&busy_turns) > (uint64_t)2 * TURNS * (WTL_LOW_EVERY - 2));
}

/* ---- parking
 * --------------------------------------------------------------------------------------- */

/* Pairs of low and high ones with pauses in between, so that workers park and are woken. */
static void wake_ups(void)
{
    static const struct wtl_actor *const types[] = {&patient_low, &urgent_one, &patient};
    program_begin(3, false);
    for (int i = 0; i < ROUNDS; i++) {
        for (size_t j = 0; j < WTL_COUNT(types); j++) {
            if (types[j] == &urgent_one) {
                WTL_ASSERT(program_tell(program_spawn(types[j], NULL), WTL_TAG("go"), 0) == WTL_OK);
            } else if (i < PAIRS) {
                pair(types[j]);
            }
        }
        program_wait((uint64_t)(i + 1) +
                     (i < PAIRS ? (uint64_t)(i + 1) * 4 * TURNS : (uint64_t)PAIRS * 4 * TURNS));
    }
    program_end("turns of all ranks");
}

int main(void)
{
    high_comes_first();
    low_has_less();
    not_starved(&busy_high, &patient, 1, "normal beside high");
    not_starved(&busy_high, &patient_low, 1, "low beside high");
    not_starved(&busy_high, &patient_low, 2, "low beside high, two workers");
    wake_ups();
    return 0;
}
