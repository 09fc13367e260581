/*
 * around.h - a behaviour that runs another one's functions, as a flow's stage does with a user's.
 *
 * The actor is one; it has the outer behaviour, and the inner one's state and settings are
 * somewhere in what the outer one holds. When the module of the inner one is upgraded, the inner
 * one is replaced and the outer one stays: these functions say where it is.
 *
 * Thread: the actor's own; but wtl_around.look with a NULL self, which is any.
 */
#ifndef WATTLE_AROUND_H
#define WATTLE_AROUND_H

#include <wattle/actor.h>

struct wtl_inside {
    const struct wtl_actor *type; /* NULL: nothing is inside */
    void *state;
    const void *settings;
};

struct wtl_around {
    /* What is inside of an actor with that state and those settings. `self` is NULL for one that is
     * only going to be spawned, and zeroed before its init. */
    struct wtl_inside (*look)(void *self, const void *settings);
    /* From now on, that is; also before init. It lives as long as the actor, or until the next. */
    void (*put)(void *self, const struct wtl_inside *inside);
    /* Where the inner behaviour's function is in a call of the actor's, with that function and
     * context; NULL: it is none of the inner one's. */
    wtl_on_answer *(*answer)(wtl_on_answer on_answer, void *context);
};

#endif
