/*
 * test.h - testing actors: a runtime on the test's own thread, in virtual time, from a seed.
 *
 *     static void greets(struct wtl_test *t)
 *     {
 *         struct wtl_pid greeter = wtl_test_spawn(t, &greeter_actor);
 *         wtl_test_tellf(t, greeter, "hello", "name=%s", "ada");
 *         wtl_test_expectf(t, "greeting", "text=%s count=%u", "hello, ada", 1u);
 *         wtl_test_crash(t, greeter);
 *         wtl_test_expect_end(t, greeter, "error:crash");
 *     }
 *
 *     int main(void)
 *     {
 *         wtl_test_run("greets", greets, 20);
 *         return 0;
 *     }
 *
 * The actors are real, and so is all that they stand on; only who runs next, how many messages it
 * handles then, random numbers and the time come from the seed. A test is an actor as well: what it
 * sends comes from its pid, what is sent to that pid it can expect, and wtl_test_ctx is its context
 * for every call of actor.h.
 *
 * Nothing runs before the test waits. To expect, settle or advance runs everything that can run
 * now; time stands still meanwhile, and moves only by wtl_test_advance and where a line says so.
 * Blocking work runs on the same thread, at a moment of the seed. There is one node, without a
 * mesh: global names are held here, other nodes cannot be reached, file descriptors cannot be
 * watched.
 *
 * What is not as expected is a failure: its text says what was expected, what came, all that has
 * happened in order, the log, and the seed. In a framework of tests, wtl_test_try returns that
 * text, and wtl_test_on_failure gives it to a function; without either it is printed, and the
 * program exits with 1. The first failure sticks: everything after it does nothing and returns
 * zero, so that a test can simply go on to its end.
 *
 * A test ends by proving that nothing is left: no message that was opened and neither sent nor
 * dropped, no kept byte; and that no actor has failed or faulted which the test did not expect to.
 *
 * Thread: one; one world at a time in a process.
 */
#ifndef WATTLE_TEST_H
#define WATTLE_TEST_H

#include <wattle/wattle.h>

#include <wattle/module.h>

/* A world: the runtime, the test's own actor, and all that was seen. */
struct wtl_test;

/* ---- running tests ------------------------------------------------------------------------- */

typedef void (*wtl_test_fn)(struct wtl_test *t);

struct wtl_test_options {
    uint64_t seed;  /* the first; 0: 1. $WTL_TEST_SEED overrides it, and `seeds` by 1 */
    uint32_t seeds; /* so many, from that one on; 0: 1 */
    /* Each seed again and again, with the 1st, 2nd, ... allocation of the tested actors failing,
     * until a run needs no more of them. What is then not as expected just ends that run; what is
     * left behind, a fault, or actors that never come to rest are failures.
     * $WTL_TEST_ALLOCATION=N fails the N-th alone. */
    bool allocations;
    void *user; /* see wtl_test_user */
};

/* Runs `fn` once for each seed, in a world of its own each time. NULL: all went well; else what did
 * not, with the seed. NULL options: one run. Owns: static, until the next call. */
const char *wtl_test_try(wtl_test_fn fn, const struct wtl_test_options *options) WTL_MUST_USE;

/* The same for `seeds` seeds, and as a whole program wants it: prints "ok - NAME (20 seeds)"; or,
 * where it happens, "not ok - NAME" and the failure, and exits with 1. */
void wtl_test_run(const char *name, wtl_test_fn fn, uint32_t seeds);

/* The same with each allocation failing in turn. */
void wtl_test_run_starved(const char *name, wtl_test_fn fn, uint32_t seeds);

/* A world by hand, for frameworks with functions before and after each test; 0 is seed 1, and
 * $WTL_TEST_SEED overrides both. destroy ends all actors and proves that nothing is left, which may
 * be a failure. Fails: aborts when memory is exhausted or there is a world already. */
struct wtl_test *wtl_test_create(uint64_t seed);
void wtl_test_destroy(struct wtl_test *t);

/* Failures of this world go to `failed`, which may return, instead of ending the program. */
typedef void (*wtl_test_failed_fn)(void *context, const char *text);
void wtl_test_on_failure(struct wtl_test *t, wtl_test_failed_fn failed, void *context);

/* The failure of this world; NULL: none so far. Owns: the world. */
const char *wtl_test_failure(const struct wtl_test *t);

/* What the options had as `user`. */
void *wtl_test_user(const struct wtl_test *t);
uint64_t wtl_test_seed(const struct wtl_test *t);

/* A check of the test's own: wtl_test_check(t, count == 3, "a third one, not %u", count). Returns
 * whether it holds. */
#define wtl_test_check(t, condition, ...)                                                          \
    ((condition) ? true : (wtl_test_fail((t), __VA_ARGS__), false))
#define wtl_test_fail(t, ...) wtl__test_fail(wtl_test_here(t), __VA_ARGS__)

/* Puts a line of the test's own among those that a failure shows. */
void wtl_test_note(struct wtl_test *t, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* ---- modules ------------------------------------------------------------------------------- */

/* Loads a module as a node does; or takes one that is linked into the program:
 * wtl_test_add(t, wtl_module_entry()). A module that a node would refuse is a failure. */
#define wtl_test_load(t, path) wtl__test_load(wtl_test_here(t), (path))
#define wtl_test_add(t, entry) wtl__test_add(wtl_test_here(t), (entry))

/* The actor type "module.actor" of one of them. */
#define wtl_test_actor(t, name) wtl__test_actor(wtl_test_here(t), (name))

/* All actors of a module go over to the version in that file, as with `wattle module upgrade`: all,
 * or none. Returns how many have. Its actors are at a moment of the seed, with what was told and
 * asked before still under way; time moves on to timers where a call has to be answered first, 5 s
 * at most. The same file is another version as well: it shows whether what its actors hold goes
 * along. From then on wtl_test_actor is the type of the version that runs. Modules of a world begin
 * as they are loaded in it. */
#define wtl_test_upgrade(t, module, path) wtl__test_upgrade(wtl_test_here(t), (module), (path))

/* Expects that it fails, with those words in its reason, and all actors go on as they were. */
#define wtl_test_expect_no_upgrade(t, module, path, words)                                         \
    wtl__test_expect_no_upgrade(wtl_test_here(t), (module), (path), (words))

/* Settings as a flow would have them: wtl_test_settings(t, type, "period_ms=200ms", "root=/tmp");
 * the others are the defaults. Owns: the world. A setting that is not there, cannot be read or is
 * mandatory and missing is a failure. */
#define wtl_test_settings(t, ...) wtl__test_settings(wtl_test_here(t), __VA_ARGS__, (char *)NULL)

/* ---- actors -------------------------------------------------------------------------------- */

/* Starts an actor; its parent is the test. With what wtl_spawn has as options, as in an
 * initialiser: wtl_test_spawn(t, type, .name = "greeter", .settings = settings). */
#define wtl_test_spawn(t, type, ...)                                                               \
    __extension__ wtl__test_spawn((t), (type), &(struct wtl_spawn_options){__VA_ARGS__})

/* Starts a supervisor; its parent is the test. */
struct wtl_pid wtl_test_supervise(struct wtl_test *t, const struct wtl_tree *tree);

/* The actor that is a supervisor's child of that id now; none while there is none. */
#define wtl_test_child(t, supervisor, id) wtl__test_child(wtl_test_here(t), (supervisor), (id))

/* The only actor of that type that lives ("greeter", as its description has it): for those that
 * others have started. None, or more than one, is a failure. */
#define wtl_test_find(t, type_name) wtl__test_find(wtl_test_here(t), (type_name))

bool wtl_test_lives(struct wtl_test *t, struct wtl_pid pid);

/* Ends an actor, between what it handles: kill at once, as nothing can trap; crash as if its
 * handler had returned an error (the reason is error:crash); stop in order, as its node does (the
 * reason is shutdown). Its supervisor decides what follows. */
void wtl_test_kill(struct wtl_test *t, struct wtl_pid pid);
void wtl_test_crash(struct wtl_test *t, struct wtl_pid pid);
void wtl_test_stop(struct wtl_test *t, struct wtl_pid pid);

/* Expects that it has ended with that reason, as wtl_reason_text has it: "normal", "shutdown",
 * "killed", "error:config", "fault:sigsegv". */
#define wtl_test_expect_end(t, pid, reason) wtl__test_expect_end(wtl_test_here(t), (pid), (reason))

/* Expects that it has ended, however, and that its supervisor has started another one in its place,
 * which is returned. Time moves on to timers while it has not, WTL_TEST_RESTART_MS at most. */
#define wtl_test_expect_restart(t, pid) wtl__test_expect_restart(wtl_test_here(t), (pid))
#define WTL_TEST_RESTART_MS             60000u

/* ---- messages ------------------------------------------------------------------------------ */

/* The test's own actor: its pid, and its context for calls of actor.h. Between two calls of this
 * header the context is as good as within one of the actor's functions. */
struct wtl_pid wtl_test_self(const struct wtl_test *t);
struct wtl_ctx *wtl_test_ctx(struct wtl_test *t);

/* One more actor of the test's, for what it tests to find by that local name. */
#define wtl_test_probe(t, name) wtl__test_probe(wtl_test_here(t), (name))

/* Sends: wtl_test_tellf(t, pid, "reading", "seq=%u", 1u). `body` may be NULL, and is consumed. */
void wtl_test_tell(struct wtl_test *t, struct wtl_pid to, struct wtl_tag tag,
                   struct wtl_writer *body);
#define wtl_test_tellf(t, to, tag_literal, ...)                                                    \
    WTL_TEST_WITH_BODY_(t, wtl_test_tell((t), (to), WTL_TAG(tag_literal), &wtl_writer_),           \
                        __VA_ARGS__)

/* Expects that the next message to the test has this tag, and a body in which everything is as the
 * format says (pack_shape.h): keys that the format does not name are not looked at, numbers are
 * equal by value, a rounding error apart. Returns whether it was; wtl_test_last has the message. */
#define wtl_test_expectf(t, tag_literal, ...)                                                      \
    wtl_test_probe_expectf((t), wtl_test_self(t), tag_literal, __VA_ARGS__)
#define wtl_test_probe_expectf(t, probe, tag_literal, ...)                                         \
    WTL_TEST_WITH_BODY_(                                                                           \
        t, wtl__test_expect(wtl_test_here(t), (probe), WTL_TAG(tag_literal), true, &wtl_writer_),  \
        __VA_ARGS__)

/* The same whatever its body is. */
#define wtl_test_expect(t, tag_literal) wtl_test_probe_expect((t), wtl_test_self(t), tag_literal)
#define wtl_test_probe_expect(t, probe, tag_literal)                                               \
    wtl__test_expect(wtl_test_here(t), (probe), WTL_TAG(tag_literal), false, NULL)

/* Expects that no message to the test, or to any probe, is left. */
#define wtl_test_expect_nothing(t) wtl__test_expect_nothing(wtl_test_here(t))

/* Takes the next message, of whatever kind; NULL: there is none. And the one that was taken or
 * expected last, never NULL. Owns: the world, until the next one is taken. */
const struct wtl_msg *wtl_test_take(struct wtl_test *t, struct wtl_pid self_or_probe);
const struct wtl_msg *wtl_test_last(const struct wtl_test *t);

/* Answers the call that was taken or expected last. */
void wtl_test_reply(struct wtl_test *t, enum wtl_status status, struct wtl_writer *body);
#define wtl_test_replyf(t, ...)                                                                    \
    WTL_TEST_WITH_BODY_(t, wtl_test_reply((t), WTL_OK, &wtl_writer_), __VA_ARGS__)

/* Asks, and runs until it is answered; time moves on to timers meanwhile, to the deadline of 5 s at
 * most. Owns: the world, until the next call. Never NULL. */
const struct wtl_answer *wtl_test_call(struct wtl_test *t, struct wtl_pid to, struct wtl_tag tag,
                                       struct wtl_writer *body);
#define wtl_test_callf(t, to, tag_literal, ...)                                                    \
    WTL_TEST_WITH_BODY_(t, wtl_test_call((t), (to), WTL_TAG(tag_literal), &wtl_writer_),           \
                        __VA_ARGS__)

/* Expects how the last call was answered: by a reply with that body, or by a status. */
#define wtl_test_expect_replyf(t, ...)                                                             \
    WTL_TEST_WITH_BODY_(t, wtl__test_expect_reply(wtl_test_here(t), WTL_OK, true, &wtl_writer_),   \
                        __VA_ARGS__)
#define wtl_test_expect_status(t, status)                                                          \
    wtl__test_expect_reply(wtl_test_here(t), (status), false, NULL)

/* ---- time, and what else comes from outside -------------------------------------------------- */

/* Runs everything that can run now; `advance` then moves time on, stopping at each timer on the
 * way. More than WTL_TEST_STEPS_MAX steps at one moment are a failure: something never rests. */
void wtl_test_settle(struct wtl_test *t);
void wtl_test_advance(struct wtl_test *t, uint64_t ms);
#define WTL_TEST_STEPS_MAX 1000000u

/* Runs one actor, for a few messages, or one piece of work. False: nothing can run now. */
bool wtl_test_step(struct wtl_test *t);

/* Milliseconds since the world began. */
uint64_t wtl_test_now_ms(const struct wtl_test *t);

/* The n-th allocation from now on that a tested actor makes, itself or through a call, fails: n
 * from 1, 0 for none. And how many it has made so far, and whether one has failed. */
void wtl_test_fail_allocation(struct wtl_test *t, uint64_t n);
uint64_t wtl_test_allocations(const struct wtl_test *t);
bool wtl_test_allocation_failed(const struct wtl_test *t);

/* How often those words are in the log of this world, debugging lines included. */
unsigned wtl_test_logged(const struct wtl_test *t, const char *words);

/* A path in a folder of this world, which is empty at first and goes with it. Owns: the world. */
#define wtl_test_path(t, name) wtl__test_path(wtl_test_here(t), (name))

/* ---- what the macros call ------------------------------------------------------------------ */

#define wtl_test_here(t) wtl__test_at((t), __FILE__, __LINE__)
#define WTL_TEST_WITH_BODY_(t, call, ...)                                                          \
    __extension__({                                                                                \
        struct wtl_writer wtl_writer_;                                                             \
        (void)wtl_message_open(wtl_test_ctx(t), &wtl_writer_, 64);                                 \
        wtl_putf(&wtl_writer_, __VA_ARGS__);                                                       \
        (call);                                                                                    \
    })

struct wtl_test *wtl__test_at(struct wtl_test *t, const char *file, unsigned line);
void wtl__test_fail(struct wtl_test *t, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
void wtl__test_load(struct wtl_test *t, const char *path);
void wtl__test_add(struct wtl_test *t, const struct wtl_module *entry);
const struct wtl_actor *wtl__test_actor(struct wtl_test *t, const char *name);
uint32_t wtl__test_upgrade(struct wtl_test *t, const char *module, const char *path);
bool wtl__test_expect_no_upgrade(struct wtl_test *t, const char *module, const char *path,
                                 const char *words);
const void *wtl__test_settings(struct wtl_test *t, const struct wtl_actor *type, ...)
    __attribute__((sentinel));
struct wtl_pid wtl__test_spawn(struct wtl_test *t, const struct wtl_actor *type,
                               const struct wtl_spawn_options *options);
struct wtl_pid wtl__test_child(struct wtl_test *t, struct wtl_pid supervisor, const char *id);
struct wtl_pid wtl__test_find(struct wtl_test *t, const char *type_name);
bool wtl__test_expect_end(struct wtl_test *t, struct wtl_pid pid, const char *reason);
struct wtl_pid wtl__test_expect_restart(struct wtl_test *t, struct wtl_pid pid);
struct wtl_pid wtl__test_probe(struct wtl_test *t, const char *name);
bool wtl__test_expect(struct wtl_test *t, struct wtl_pid at, struct wtl_tag tag, bool with_body,
                      struct wtl_writer *body);
bool wtl__test_expect_nothing(struct wtl_test *t);
bool wtl__test_expect_reply(struct wtl_test *t, enum wtl_status status, bool with_body,
                            struct wtl_writer *body);
const char *wtl__test_path(struct wtl_test *t, const char *name);

#endif
