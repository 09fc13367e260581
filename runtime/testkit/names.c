/*
 * names.c - the node that a world is, towards the runtime: alone in its mesh, so that it holds all
 * global names itself, and no other node can be reached. See world.h.
 */
#include "testkit/world.h"

#include <stdio.h>
#include <stdlib.h>

#include "actor/names.h"

static struct wtl_pid find(const struct wtl_test *t, const char *name)
{
    for (uint32_t i = 0; i < t->names_count; i++) {
        if (strcmp(t->names[i].name, name) == 0) {
            return t->names[i].pid;
        }
    }
    return WTL_PID_NONE;
}

static enum wtl_status send(void *port, struct wtl__ctx *x, struct wtl_pid to,
                            struct wtl__envelope *envelope)
{
    (void)port;
    (void)x;
    (void)to;
    wtl__envelope_free(envelope);
    return WTL_NO_CONNECTION;
}

static enum wtl_status send_name(void *port, struct wtl__ctx *x, const char *name,
                                 struct wtl__envelope *envelope)
{
    struct wtl_test *t = port;
    struct wtl_pid to = find(t, name);
    if (wtl_pid_is_none(to)) {
        wtl__envelope_free(envelope);
        return WTL_NOT_FOUND;
    }
    return wtl__deliver(&t->step.runtime, x, to, envelope);
}

static void answer(struct wtl_test *t, struct wtl_pid self, uint64_t request,
                   enum wtl_status status, struct wtl_pid about)
{
    wtl__answer(&t->step.runtime, NULL, self, request, status, about, NULL);
}

static void name_register(void *port, struct wtl_pid self, uint64_t request, const char *name)
{
    struct wtl_test *t = port;
    struct wtl_pid holder = find(t, name);
    if (!wtl_pid_is_none(holder) && !wtl_pid_equal(holder, self)) {
        answer(t, self, request, WTL_EXISTS, holder);
        return;
    }
    if (wtl_pid_is_none(holder)) {
        if (t->names_count == WTL__TEST_NAMES_MAX) {
            answer(t, self, request, WTL_FULL, WTL_PID_NONE);
            return;
        }
        t->names[t->names_count].pid = self;
        (void)snprintf(t->names[t->names_count].name, sizeof t->names[0].name, "%s", name);
        t->names_count++;
    }
    answer(t, self, request, WTL_OK, self);
}

static void forget(struct wtl_test *t, uint32_t index)
{
    t->names[index] = t->names[--t->names_count];
}

static void name_unregister(void *port, struct wtl_pid self, const char *name)
{
    struct wtl_test *t = port;
    for (uint32_t i = t->names_count; i > 0; i--) {
        if (wtl_pid_equal(t->names[i - 1].pid, self) && strcmp(t->names[i - 1].name, name) == 0) {
            forget(t, i - 1);
        }
    }
}

static void name_whereis(void *port, struct wtl_pid self, uint64_t request, const char *name)
{
    struct wtl_test *t = port;
    struct wtl_pid holder = find(t, name);
    answer(t, self, request, wtl_pid_is_none(holder) ? WTL_NOT_FOUND : WTL_OK, holder);
}

static void names_drop(void *port, struct wtl_pid self)
{
    struct wtl_test *t = port;
    for (uint32_t i = t->names_count; i > 0; i--) {
        if (wtl_pid_equal(t->names[i - 1].pid, self)) {
            forget(t, i - 1);
        }
    }
}

const struct wtl__port_ops wtl__test_port = {
    .send = send,
    .send_name = send_name,
    .name_register = name_register,
    .name_unregister = name_unregister,
    .name_whereis = name_whereis,
    .names_drop = names_drop,
};
