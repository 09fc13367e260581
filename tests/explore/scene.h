/*
 * scene.h - what a scene of the explorer is, and what all of them share.
 *
 * A scene is a small drama on a real runtime: actors, threads from outside, and what must be true
 * at its end. Who meets whom and when is the seed's. Its state is in plain statics: one thread runs
 * at a time, and every scene begins with them zeroed.
 *
 * Thread: the one that has the turn.
 */
#ifndef WTL_TESTS_EXPLORE_SCENE_H
#define WTL_TESTS_EXPLORE_SCENE_H

#include <wattle/runtime.h>
#include <wattle/wattle.h>

#include "turns.h"

struct scene {
    const char *name;
    void (*run)(void);
};

extern const struct scene scene_wakes;
extern const struct scene scene_mail;
extern const struct scene scene_rings;
extern const struct scene scene_ends;
extern const struct scene scene_links;
extern const struct scene scene_tree;
extern const struct scene scene_timers;
extern const struct scene scene_names;
extern const struct scene scene_calls;
extern const struct scene scene_upgrades;

extern struct wtl_runtime *scene_runtime;

/* A runtime with `low` to `high` workers; ended by scene_end, which also expects that no actor and
 * no byte is left. */
void scene_begin(unsigned low, unsigned high);
void scene_end(void);

/* Starts an actor from outside; its init gets the number. */
struct wtl_pid scene_spawn(const struct wtl_actor *type, uint64_t number);
/* A message with one number, from outside or from an actor. */
enum wtl_status scene_tell(struct wtl_pid to, struct wtl_tag tag, uint64_t number);
enum wtl_status scene_send(struct wtl_ctx *x, struct wtl_pid to, struct wtl_tag tag,
                           uint64_t number);
uint64_t scene_number(const struct wtl_msg *message);

/* Around what one actor does in a function: nobody else may run it meanwhile, and others do run in
 * the middle of it. */
void scene_enter(bool *inside);
void scene_leave(bool *inside);

/* A handler that waits: its worker's queue may then have to wait, too. */
void scene_block(bool (*is_true)(void *context), void *context);

/* Waits until a count has been reached. */
void scene_wait(const unsigned *count, unsigned goal, const char *what);

#endif
