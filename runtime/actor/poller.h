/*
 * poller.h - what an idle worker waits in instead of its own loop: the node's sockets.
 *
 * One thread at a time has the right to poll. An idle worker takes it, so that what comes in is
 * handled by the thread that then runs the actor, and what that one answers goes out from there; a
 * worker that is never idle polls now and then. Who polls while all workers are busy for long is
 * the poller's own concern.
 *
 * Thread: take, want, wake from any worker; turn and wait from who has taken it, give too.
 */
#ifndef WTL_ACTOR_POLLER_H
#define WTL_ACTOR_POLLER_H

#include "actor/runtime.h"

#define WTL__POLLER_EVER UINT64_MAX

struct wtl__poller {
    void *self;
    /* The right to poll, for the worker of `x`; false: somebody else has it, or none can any more.
     */
    bool (*take)(void *self, struct wtl__ctx *x);
    void (*give)(void *self);
    /* An idle worker would like to have it. */
    void (*want)(void *self);
    /* Does what has been asked for; true: there is more to do at once. */
    bool (*turn)(void *self);
    /* Looks at the sockets, and waits for them so many milliseconds, or WTL__POLLER_EVER. What they
     * bring may turn actors runnable at the worker that polls. False: nobody shall poll any more,
     * give it back. */
    bool (*wait)(void *self, uint64_t max_ms);
    /* Ends a wait, or the next one. Thread: any. */
    void (*wake)(void *self);
    /* The calling worker's thread ends. */
    void (*leave)(void *self);
};

#endif
