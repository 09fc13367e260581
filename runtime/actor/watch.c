/*
 * watch.c - the end of a watched file descriptor. The host holds the poll handle; a signal or a
 * message of the watch may be under way when it ends.
 *
 * Thread: the holder of the run token, on the worker that the actor is pinned to.
 */
#include "actor/runtime.h"

void wtl__watch_stop(struct wtl__ctx *x, struct wtl__watch *watch)
{
    watch->dead = true;
    x->runtime->host->fd_unwatch(x, watch);
}
