/*
 * world.h - a world of a test, as the files of the kit share it: the single-step host, the test's
 * own actors, and what was seen.
 *
 *   world.c       begin and end of a world, and its running
 *   seeds.c       a test over many seeds, and with each allocation failing
 *   journal.c     what has happened, the log, and the text of a failure
 *   seen.c        every actor that has lived: who it was and how it ended
 *   actors.c      starting, ending and finding actors
 *   messages.c    the test's own actor and its probes: what it sends, and what has come
 *   calls.c       what the test asks, and how it was answered
 *   modules.c     modules and settings
 *   upgrade.c     another version of a module
 *   names.c       the node that the world is, towards the runtime: global names
 *   allocation.c  allocations that fail
 *   folder.c      a folder of the world's own
 *
 * Thread: one. Owns: everything of the world; actor types and modules live for ever.
 */
#ifndef WTL_TESTKIT_WORLD_H
#define WTL_TESTKIT_WORLD_H

#include <wattle/test.h>

#include "base/log.h"
#include "sched/step.h"
#include "testkit/text.h"

#define WTL__TEST_JOURNAL_LINES 40u
#define WTL__TEST_LINE_BYTES    240u
#define WTL__TEST_FAILURE_BYTES 16384u
/* Bytes of log that are kept, the latest ones. */
#define WTL__TEST_LOG_BYTES (1u << 20)
/* Actors that one world may see, and messages that may wait to be expected. */
#define WTL__TEST_ACTORS_MAX  (1u << 20)
#define WTL__TEST_LETTERS_MAX 65536u
#define WTL__TEST_NAMES_MAX   1024u

/* One actor that has lived in this world. */
struct wtl__test_actor {
    struct wtl_pid pid;
    struct wtl_pid parent;
    const struct wtl_actor *type;
    char name[48]; /* its type's */
    uint64_t ended_ms;
    uint32_t ended_before; /* the first actor that has begun since */
    struct wtl_reason reason;
    bool is_top; /* one of the test's own has started it */
    bool has_ended;
    bool is_expected;  /* its end was brought about, or expected, by the test */
    bool is_followed;  /* another one has taken its place */
    bool is_successor; /* it has taken the place of another one */
};

/* A message to one of the test's own actors; the bytes are behind it. */
struct wtl__test_letter {
    struct wtl__test_letter *next;
    struct wtl_msg msg;
    struct wtl_from from;
    struct wtl_pid to;
    uint8_t bytes[];
};

/* Something of the world's that goes with it. */
struct wtl__test_block {
    struct wtl__test_block *next;
    _Alignas(16) uint8_t bytes[];
};

struct wtl_test {
    struct wtl__step step;
    wtl__run_fn run; /* what runs a batch: the runtime's, or the guard's around it */
    uint64_t begin_ns;
    uint64_t seed;
    void *user;
    struct wtl_pid self;
    uint32_t own_count; /* the test's own actors: itself and its probes, and a stage's neighbours */
    struct wtl__clock clock; /* of the log */
    struct wtl__log *log;    /* the process's, and what it was before */
    struct {
        wtl__log_sink sink;
        void *sink_state;
        const struct wtl__clock *clock;
        uint32_t per_second;
        enum wtl__log_level level;
    } log_before;
    uint64_t used_bytes; /* of the pools, before */
    struct wtl__test_block *blocks;
    char *folder; /* NULL: not made yet */

    const char *file; /* where in the test the call is; NULL: not said */
    unsigned line;
    bool is_over;   /* nothing happens any more: it has failed, or an allocation has */
    bool has_ended; /* wtl__test_end was here */
    wtl_test_failed_fn failed;
    void *failed_context;
    bool has_failed;
    char failure[WTL__TEST_FAILURE_BYTES];

    uint64_t journal_count;
    char journal[WTL__TEST_JOURNAL_LINES][WTL__TEST_LINE_BYTES];
    char *log_text; /* WTL__TEST_LOG_BYTES of it, ending in 0 */
    size_t log_used;

    struct wtl__test_actor *actors;
    uint32_t actors_count;
    uint32_t actors_capacity;

    struct wtl__test_letter *letters; /* oldest first */
    struct wtl__test_letter **letters_end;
    uint32_t letters_count;
    struct wtl__test_letter *last;
    struct wtl_answer answer;
    uint8_t *answer_bytes;
    bool is_answered;

    struct {
        char name[WTL_NAME_MAX + 1];
        struct wtl_pid pid;
    } * names; /* global ones */
    uint32_t names_count;

    struct {
        struct wtl_pid upgrader; /* none until something is upgraded */
        bool is_done;
        uint32_t actors;
        struct wtl_error error;
    } upgrade; /* the last one */

    bool is_counting; /* a tested actor runs */
    bool allocation_failed;
    bool is_starved; /* a run of wtl_test_options.allocations */
    uint64_t allocations;
    uint64_t fail_at; /* 0: none */
};

/* ---- world.c ------------------------------------------------------------------------------- */

struct wtl_test *wtl__test_create(uint64_t seed, void *user);
/* Ends all actors, and proves that nothing is left. Once. */
void wtl__test_end(struct wtl_test *t);
void wtl__test_free(struct wtl_test *t);

/* Runs what can run now. False: the world has failed. */
bool wtl__test_settle(struct wtl_test *t);
/* Moves time to the next timer, fires it, and runs what can run then. False: there is none until
 * `end_ns`, or the world has failed. */
bool wtl__test_to_timer(struct wtl_test *t, uint64_t end_ns);

/* Zeroed memory that goes with the world. Never NULL: aborts when memory is exhausted. */
void *wtl__test_alloc(struct wtl_test *t, size_t size);

/* ---- journal.c ----------------------------------------------------------------------------- */

/* A failure in any case. wtl__test_fail is one that an allocation that has failed may excuse. */
void wtl__test_report(struct wtl_test *t, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

void wtl__test_log_begin(struct wtl_test *t);
void wtl__test_log_end(struct wtl_test *t);
/* "greeter <3.1>" */
void wtl__test_put_pid(const struct wtl_test *t, struct wtl__test_text *text, struct wtl_pid pid);

/* ---- seen.c -------------------------------------------------------------------------------- */

/* Puts itself around the runs of actors. */
void wtl__test_watch(struct wtl_test *t);
void wtl__test_unwatch(struct wtl_test *t);
/* The actor of that pid; NULL: none that has run. */
struct wtl__test_actor *wtl__test_seen(const struct wtl_test *t, struct wtl_pid pid);
/* The same, for one that has not run as well. */
struct wtl__test_actor *wtl__test_meet(struct wtl_test *t, struct wtl_pid pid);
/* Is it one of the test's own, or the runtime's? Those do not fail, and are not shown. */
bool wtl__test_is_ours(const struct wtl_actor *type);
/* A failure when one has failed that was not expected to. */
void wtl__test_judge(struct wtl_test *t);

/* ---- messages.c ---------------------------------------------------------------------------- */

/* The behaviour of the test's own actor, and of its probes. */
extern const struct wtl_actor wtl__test_own;
/* Spawns one of the test's own actors, whose name begins with `$`. It traps exits. */
struct wtl_pid wtl__test_spawn_own(struct wtl_test *t, const struct wtl_actor *type,
                                   const struct wtl_spawn_options *options);
void wtl__test_letters_free(struct wtl_test *t);
/* Says why the body is not what was expected; consumes it. */
bool wtl__test_body_is(struct wtl_test *t, const struct wtl_msg *came, struct wtl_writer *expected,
                       char why_out[WTL__TEST_LINE_BYTES]);

/* ---- calls.c ------------------------------------------------------------------------------- */

/* Asks a supervisor for WTL_CHILDREN_LIST. Never NULL. */
const struct wtl_answer *wtl__test_ask_children(struct wtl_test *t, struct wtl_pid supervisor);

/* ---- the rest ------------------------------------------------------------------------------ */

/* The node that the world is: names.c. */
extern const struct wtl__port_ops wtl__test_port;

/* From now on allocations of this thread belong to that world; NULL: to none. Fails: false when
 * the program was linked without what makes allocations fail. */
bool wtl__test_allocations_of(struct wtl_test *t);

/* Modules are as if nothing of theirs had ever faulted, or gone over to another version. */
void wtl__test_modules_begin(void);
/* Those of all worlds of this process. */
struct wtl__modules *wtl__test_modules(void);

void wtl__test_folder_remove(struct wtl_test *t);

/* The thread's world of the step. */
static inline struct wtl_test *wtl__test_of(const struct wtl__runtime *runtime)
{
    return WTL_CONTAINER(runtime->host_self, struct wtl_test, step);
}

#endif
