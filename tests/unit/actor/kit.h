/*
 * kit.h - puppets: actors that a test leads by the hand, in virtual time and from a seed.
 *
 * A puppet writes down all that happens to it. A test queues commands (link, tell, stop, ...) that
 * the puppet carries out as an actor, when the seeded schedule comes to it; two commands for one
 * puppet keep their order, everything else is the seed's. Nothing runs before kit_settle or
 * kit_advance.
 *
 * Thread: the test's. Owns: puppets are the test's memory and must outlive the kit; a kit that ends
 * proves that no actor, alarm or byte is left.
 */
#ifndef WTL_TESTS_ACTOR_KIT_H
#define WTL_TESTS_ACTOR_KIT_H

#include <criterion/criterion.h>

#include "../../support/seeds.h"
#include "sched/step.h"

/* Events that one puppet can write down; one more fails the test. */
#define KIT_EVENTS_MAX 128u

enum kit_what { KIT_MESSAGE = 1, KIT_EXITED, KIT_DOWN, KIT_ANSWER, KIT_STOPPED };

struct kit_event {
    enum kit_what what;
    struct wtl_tag tag;
    struct wtl_pid from;
    struct wtl_reason reason;
    enum wtl_status status; /* of an answer */
    uint64_t request;       /* of an answer or a call; the ref of a down */
    uint64_t number;        /* the first value of the body, when it is one */
};

struct kit_puppet {
    struct wtl_pid pid;
    uint32_t count;
    struct kit_event events[KIT_EVENTS_MAX];
    bool silent; /* does not write messages down */
    uint32_t inits;
    uint64_t got;  /* messages, also those that were not written down */
    uint64_t last; /* the number of the last message; numbers that go back fail the test */
    void *user;
    /* Hooks; NULL does what the name says and nothing more. */
    enum wtl_status (*init)(struct wtl_ctx *x, struct kit_puppet *p, const struct wtl_msg *args);
    enum wtl_status (*message)(struct wtl_ctx *x, struct kit_puppet *p, const struct wtl_msg *m);
    enum wtl_status (*down)(struct wtl_ctx *x, struct kit_puppet *p, const struct wtl_down *down);
    enum wtl_status (*exited)(struct wtl_ctx *x, struct kit_puppet *p, const struct wtl_exit *e);
    enum wtl_status (*stop)(struct wtl_ctx *x, struct kit_puppet *p, struct wtl_reason reason);
};

struct kit {
    struct wtl__step step;
    uint64_t used_bytes; /* of the pools, before the kit began */
};

struct kit_cmd;
typedef void (*kit_fn)(struct wtl_ctx *x, struct kit_puppet *p, const struct kit_cmd *cmd);

/* What a puppet is to do, copied. */
struct kit_cmd {
    kit_fn fn;
    struct wtl_pid pid;
    struct wtl_reason reason;
    uint64_t number;
    void *user;
};

/* Puppets are spawned with this type, or with a copy that differs in its mailbox or its caps. */
extern const struct wtl_actor kit_type;

void kit_init(struct kit *kit, uint64_t seed);
/* Kills what is left; fails the test when anything stays behind. */
void kit_deinit(struct kit *kit);

void kit_settle(struct kit *kit);
void kit_advance(struct kit *kit, uint64_t ms);

/* Spawns from outside; the puppet's hooks are set already, its log is emptied. */
struct wtl_pid kit_spawn(struct kit *kit, struct kit_puppet *p, const struct wtl_actor *type);
/* Spawns from within an actor; `options` may be NULL, its args must be. */
struct wtl_pid kit_spawn_from(struct wtl_ctx *x, struct kit_puppet *p, const struct wtl_actor *type,
                              const struct wtl_spawn_options *options);

/* ---- commands, carried out by `p` in the order in which they were given -------------------- */

void kit_do(struct kit *kit, struct kit_puppet *p, struct kit_cmd cmd);
void kit_tell(struct kit *kit, struct kit_puppet *p, struct wtl_pid to, uint64_t number);
void kit_link(struct kit *kit, struct kit_puppet *p, struct wtl_pid to);
void kit_unlink(struct kit *kit, struct kit_puppet *p, struct wtl_pid to);
void kit_monitor(struct kit *kit, struct kit_puppet *p, struct wtl_pid to);
void kit_trap(struct kit *kit, struct kit_puppet *p, bool on);
void kit_exit(struct kit *kit, struct kit_puppet *p, struct wtl_pid to, struct wtl_reason reason);
void kit_stop(struct kit *kit, struct kit_puppet *p, struct wtl_reason reason);

/* ---- for hooks ----------------------------------------------------------------------------- */

/* A message with one number as its body. */
void kit_send(struct wtl_ctx *x, struct wtl_pid to, struct wtl_tag tag, uint64_t number);
/* Opens a body with one number. */
void kit_body(struct wtl_ctx *x, struct wtl_writer *writer, uint64_t number);
/* The number that a body begins with; 0 when it does not. */
uint64_t kit_number(const struct wtl_msg *m);
/* An on_answer that writes the answer down; its context is the puppet's address. */
enum wtl_status kit_on_answer(struct wtl_ctx *x, void *self, const struct wtl_answer *answer,
                              void *context);
/* Options of a call whose answer is written down. `p` is a variable of the caller's. */
#define KIT_CALL(p, ...)                                                                           \
    (&(struct wtl_call_options){                                                                   \
        .on_answer = kit_on_answer, .context = &(p), .context_size = sizeof(p), __VA_ARGS__})

/* ---- what has happened --------------------------------------------------------------------- */

bool kit_lives(const struct kit *kit, struct wtl_pid pid);
/* The cell of a living actor. */
struct wtl__cell *kit_cell(const struct kit *kit, struct wtl_pid pid);
/* How many events of that kind. */
uint32_t kit_count(const struct kit_puppet *p, enum kit_what what);
/* The n-th event of that kind, counted from 0; fails the test when there is none. */
const struct kit_event *kit_nth(const struct kit_puppet *p, enum kit_what what, uint32_t n);
/* The one event of that kind; fails the test when there are more, or none. */
const struct kit_event *kit_only(const struct kit_puppet *p, enum kit_what what);
bool kit_reason_is(struct wtl_reason reason, const char *text);
uint64_t kit_counter(const struct kit *kit, enum wtl__counter counter);
bool kit_linked(const struct kit *kit, struct wtl_pid a, struct wtl_pid b);

#endif
