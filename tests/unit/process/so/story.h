/*
 * story.h - the parts of a module that goes through the table call by call and writes down what
 * happens to it: story.c is the teller, story_alone.c and story_others.c what it does by itself and
 * with others, story_bounds.c within a deadline, story_tables.c with tables, story_cast.c who the
 * others are.
 */
#ifndef STORY_H
#define STORY_H

#include <wattle/module.h>
#include <wattle/wattle.h>

#define LOG_MAX 480u

struct teller {
    size_t used;
    char log[LOG_MAX];
    struct wtl_pid other;
    uint64_t ref;
    uint64_t timer;
    unsigned ticks;
    int fd;
    struct wtl_from deferred;
    const struct wtl_msg *kept;
};

/* Writes it down. */
__attribute__((format(printf, 2, 3))) void note(struct teller *teller, const char *format, ...);

/* The body as a number, 0 for none. */
unsigned long number_of(const struct wtl_msg *message);
void put_number(struct wtl_ctx *x, struct wtl_writer *body, uint64_t number);
void tell_number(struct wtl_ctx *x, struct wtl_pid to, struct wtl_tag tag, uint64_t number);

/* Spawns a mortal, which becomes teller->other. */
struct wtl_pid bear(struct wtl_ctx *x, struct teller *teller, uint64_t number, bool link);
/* Has the answer written down under that number. */
struct wtl_call_options *answered(struct wtl_call_options *options, unsigned *which);

/* ---- story_alone.c -------------------------------------------------------------------------- */

void tell_of_time(struct wtl_ctx *x, struct teller *teller);
void tell_of_work(struct wtl_ctx *x, struct teller *teller);
void tell_of_memory(struct wtl_ctx *x, struct teller *teller);
void tell_of_hunger(struct wtl_ctx *x, struct teller *teller);
void tell_of_readiness(struct wtl_ctx *x, struct teller *teller);
void keep(struct wtl_ctx *x, struct teller *teller, const struct wtl_msg *message);

/* ---- story_others.c ------------------------------------------------------------------------- */

void tell_of_calls(struct wtl_ctx *x, struct teller *teller);
void tell_of_gathering(struct wtl_ctx *x, struct teller *teller);
void tell_of_holding(struct wtl_ctx *x, struct teller *teller);
void tell_of_watching(struct wtl_ctx *x, struct teller *teller);
void tell_of_links(struct wtl_ctx *x, struct teller *teller);
void tell_of_births(struct wtl_ctx *x, struct teller *teller);
void tell_of_names(struct wtl_ctx *x, struct teller *teller);
void tell_of_known(struct wtl_ctx *x, struct teller *teller);
void tell_of_trees(struct wtl_ctx *x, struct teller *teller);
void tell_of_tasks(struct wtl_ctx *x, struct teller *teller);
void go_on_in_trees(struct wtl_ctx *x, struct teller *teller);
void end_of_trees(struct wtl_ctx *x, struct teller *teller);
void tell_of_looking(struct wtl_ctx *x, struct teller *teller);

/* ---- story_bounds.c ------------------------------------------------------------------------- */

void tell_of_bounds(struct wtl_ctx *x, struct teller *teller);
void be_bound(struct wtl_ctx *x, struct teller *teller, const struct wtl_msg *message);

/* ---- story_tables.c ------------------------------------------------------------------------- */

void tell_of_tables(struct wtl_ctx *x, struct teller *teller);
void tell_of_walks(struct wtl_ctx *x, struct teller *teller);
void tell_of_owners(struct wtl_ctx *x, struct teller *teller);
void tell_of_ends(struct wtl_ctx *x, struct teller *teller);

/* ---- story_cast.c --------------------------------------------------------------------------- */

extern const struct wtl_actor mortal;  /* doubles numbers, and ends when and how it is told to */
extern const struct wtl_actor counter; /* counts numbers that come in order */
extern const struct wtl_actor source;  /* sends so many numbers, all at once */

#endif
