/*
 * kit.h - supervisors under test: a seeded host with virtual time, children that do as they are
 * told and write down what happens to them, and a boss that owns the tree and asks.
 *
 * Each test runs once per seed; kit_close proves that nothing is left of it.
 */
#ifndef SUPERVISOR_KIT_H
#define SUPERVISOR_KIT_H

#include <criterion/criterion.h>

#include <wattle/supervisor.h>

#include "../../support/seeds.h"
#include "actor/names.h"
#include "actor/supervisor.h"
#include "sched/step.h"

#define SEEDS 12u

/* for each seed, with an empty runtime and a fresh kit */
#define EACH_SEED                                                                                  \
    for (uint64_t seed = 1; seed <= test_seeds(SEEDS) && kit_open(seed); kit_close(), seed++)

/* Starts whose times are kept. */
#define KIT_TIMES 64

/* What the child with that letter does; counts down where it says so. */
struct script {
    int fail_starts; /* so many starts to come fail with WTL_SYSTEM, */
    int pass_starts; /* but first so many work */
    int ignore_starts;
    int start_delay_ms; /* init ends later; then it may fail */
    int64_t stop_delay_ms;
    bool hang_start;
    bool hang_stop; /* its stop function never ends */
    bool die_in_stop;
    bool crash_when_up;
    bool traps;
    bool unlinks;
    void (*in_handler)(void);       /* what happens while it handles "work" */
    int starts;                     /* seen: inits, */
    int stops;                      /* and stop functions */
    uint64_t started_ms[KIT_TIMES]; /* the first inits, by the virtual clock */
    struct wtl_pid pid;             /* of the last init */
};

struct answer {
    bool came;
    enum wtl_status status;
    struct wtl_pid pid;
    uint32_t size;
    uint8_t bytes[4096];
};

struct kit {
    struct wtl__step step;
    uint64_t seed;
    struct wtl_pid boss;
    struct wtl_pid top; /* what kit_supervise has made */
    bool top_started;
    bool top_down;
    struct wtl_reason top_reason;
    struct script script[26];
    char trace[4096]; /* "+a" an init, "-a" a stop function */
    char log[65536];
    uint64_t bytes_before;
};

extern struct kit kit;

extern const struct wtl_actor kit_worker;
struct kit_settings {
    int64_t letter;
    const char *text;
};

/* A child "a" to "z" that follows its script. */
#define CHILD(letter_text, ...)                                                                    \
    {                                                                                              \
        .id = letter_text, .type = &kit_worker,                                                    \
        .settings = &(struct kit_settings){(letter_text)[0] - 'a', "text of " letter_text},        \
        __VA_ARGS__                                                                                \
    }

#define TREE(children_array, ...)                                                                  \
    ((struct wtl_tree){                                                                            \
        .children = (children_array), .children_count = WTL_COUNT(children_array), __VA_ARGS__})

#define INTENSITY(count, ms) .intensity = (count), .period_ms = (ms)

bool kit_open(uint64_t seed);
void kit_close(void);

struct script *kit_script(const char *letter);

/* The boss supervises `tree`, watches it, and is told when it has started. Settles. */
struct wtl_pid kit_supervise(const struct wtl_tree *tree);
/* The boss ends it, as a supervisor's supervisor would. Does not settle. */
void kit_end(struct wtl_pid supervisor);

void kit_settle(void);
void kit_advance(uint64_t ms);
/* Moves time without looking at deadlines on the way: what is due now fires. */
void kit_at(uint64_t ms_since_open);

/* Asks; the answer comes while the kit settles. */
void kit_ask(struct answer *answer, struct wtl_pid supervisor, enum wtl_supervisor_verb verb,
             const char *id, struct wtl_pid pid);
void kit_add(struct answer *answer, struct wtl_pid supervisor, const struct wtl_child *child);
/* The same, and settles; it must have been answered. */
enum wtl_status kit_asked(struct wtl_pid supervisor, enum wtl_supervisor_verb verb, const char *id);
struct wtl_pid kit_added(struct wtl_pid supervisor, const struct wtl_child *child,
                         enum wtl_status status);

/* Runs a function on the boss, and returns when it has run. */
void kit_run(void (*fn)(struct wtl_ctx *x, void *argument), void *argument);

/* Tells a child how to end: "normal", "shutdown", "shutdown_x", "crash"; or kills it. "hold": it
 * asks the boss, who never answers, and waits. "work": its script's in_handler, during which time
 * may pass and others run. */
void kit_do(struct wtl_pid pid, const char *what);
void kit_kill(struct wtl_pid pid);
/* The last actor of that child. */
struct wtl_pid kit_pid(const char *letter);
bool kit_lives(struct wtl_pid pid);

/* "a running, b stopped", as the inspection sees it. */
const char *kit_list(struct wtl_pid supervisor);
uint64_t kit_count(struct wtl_pid supervisor, const char *key);
/* How many reports of that context are in the log. */
unsigned kit_reports(const char *context);
void kit_forget(void); /* empties trace and log */

#define EXPECT_TRACE(text) cr_assert_str_eq(kit.trace, text, "seed %lu: %s", kit.seed, kit.trace)
#define EXPECT_LIST(pid, text)                                                                     \
    cr_assert_str_eq(kit_list(pid), text, "seed %lu: %s", kit.seed, kit_list(pid))

#endif
