/*
 * version.h - which version of an actor type is started now, and whether it is being replaced.
 *
 * Types are never forgotten and never freed, so whoever holds an old one (a supervisor's spec, a
 * message on its way, a flow) goes on using it: what is spawned is the newest one of its line.
 * While a line is moving, from one version to the next, an actor of it that was spawned does not
 * begin: it waits until the upgrade is decided, and begins with what was decided.
 *
 * Thread: begin, flip and end by the upgrader alone; the others any.
 * Owns: the entries, until the runtime ends. Bounds: one entry for each type that was ever replaced
 * or has replaced one.
 */
#ifndef WTL_ACTOR_VERSION_H
#define WTL_ACTOR_VERSION_H

#include <wattle/around.h>

#include "actor/runtime.h"

/* One type, and the one that takes its place. */
struct wtl__version_pair {
    const struct wtl_actor *from;
    const struct wtl_actor *to;
};

/* The lines of these types move, by the upgrade of that number; a runtime has one upgrader.
 * WTL_NO_MEMORY: none does. */
enum wtl_status wtl__versions_begin(struct wtl__runtime *runtime, struct wtl_pid upgrader,
                                    const struct wtl__version_pair *pairs, uint32_t count,
                                    uint64_t number) WTL_MUST_USE;
/* What is started from now on is `to`, of each of them. */
void wtl__versions_flip(struct wtl__runtime *runtime, const struct wtl__version_pair *pairs,
                        uint32_t count);
/* They move no more. */
void wtl__versions_end(struct wtl__runtime *runtime, uint64_t number);
void wtl__versions_free(struct wtl__runtime *runtime);

/* The newest of its line; itself, when it was never replaced. */
const struct wtl_actor *wtl__version_now(const struct wtl__runtime *runtime,
                                         const struct wtl_actor *type);
/* The number of the upgrade that moves it; 0: none does. */
uint64_t wtl__version_moving(const struct wtl__runtime *runtime, const struct wtl_actor *type);
/* Who upgrades; only while something moves. */
struct wtl_pid wtl__versions_upgrader(const struct wtl__runtime *runtime);

/* What runs inside an actor: its own type, state and settings, or those inside its behaviour. */
struct wtl_inside wtl__inside_of(const struct wtl__cell *cell);

/* Settings of `from` as settings of `to`, field by field: one that both have under the same name
 * and type keeps its value, another one gets its default. Without fields on either side the bytes
 * stay. Takes memory from the cell, or from the pool when that is NULL; `settings` is NULL for the
 * defaults. Fails: WTL_INVALID, WTL_NO_MEMORY. */
enum wtl_status wtl__settings_carry(struct wtl__cell *cell, const struct wtl_actor *from,
                                    const void *settings, const struct wtl_actor *to,
                                    void **block_out, struct wtl_error *error) WTL_MUST_USE;
/* Is each field of the one also one of the other, at the same place? */
bool wtl__settings_alike(const struct wtl_actor *a, const struct wtl_actor *b);

static inline const struct wtl_around *wtl__type_around(const struct wtl_actor *type)
{
    return WTL_HAS(type, around) ? type->around : NULL;
}

static inline const struct wtl_answerer *wtl__type_answers(const struct wtl_actor *type)
{
    return WTL_HAS(type, answers) ? type->answers : NULL;
}

#endif
