/*
 * port_names.c - global names: what actors ask goes to the net loop as a job, and comes back as an
 * answer. See port.h.
 */
#include <stdlib.h>

#include "base/pool.h"
#include "node/events.h"
#include "node/port.h"

enum verb { REGISTER = 1, WHEREIS, RESOLVE, UNREGISTER, DROP };

/* What is asked, on its way to the net loop; there, REGISTER, WHEREIS and RESOLVE are kept until
 * they are answered. */
struct ask {
    struct wtl__job job;
    struct wtl__port *port;
    enum verb verb;
    struct wtl_pid pid;
    uint64_t request; /* of the actor */
    char name[WTL_NAME_MAX + 1];
};

/* What nobody is sent to is counted; a call goes back as its own answer, which needs no memory. */
static void give_up(struct wtl__port *port, struct wtl__ctx *x, struct wtl__envelope *envelope,
                    enum wtl__counter counter, enum wtl_status status)
{
    wtl__count(port->runtime, counter);
    if (envelope->msg.kind_ == WTL__CALL && !wtl_pid_is_none(envelope->msg.from)) {
        wtl__body_release(envelope);
        wtl__answer(port->runtime, x, envelope->msg.from, envelope->msg.request, status,
                    WTL_PID_NONE, envelope);
    } else {
        wtl__envelope_free(envelope);
    }
}

/* A message by name has its holder now, or none. */
static void send_resolved(void *context, struct wtl_pid to, struct wtl__envelope *envelope)
{
    struct wtl__port *port = context;
    struct wtl__ctx *x = wtl__loop_leader(port->loop);
    if (wtl_pid_is_none(to)) {
        give_up(port, x, envelope, WTL__COUNT_DROPPED_NOPROC, WTL_NOT_FOUND);
    } else {
        (void)wtl__deliver_named(port->runtime, x, to, envelope);
    }
}

static bool post(struct wtl__port *port, enum verb verb, struct wtl_pid pid, uint64_t request,
                 const char *name);

/* Asks who holds that name, for messages that wait for it. When memory is exhausted, nobody does.
 */
static void resolve(struct wtl__port *port, const char *name)
{
    struct wtl_pid nobody = {.node = port->runtime->node};
    bool waits = true;
    while (waits && !post(port, RESOLVE, nobody, 0, name)) {
        waits = wtl__known_answer(port->known, name, WTL_PID_NONE, wtl__loop_now_ms(port->loop),
                                  send_resolved, port);
    }
}

static void answer(struct wtl__port *port, const struct ask *ask, enum wtl_status status,
                   struct wtl_pid holder)
{
    bool is_held = status == WTL_OK || status == WTL_EXISTS;
    if ((ask->verb == RESOLVE || is_held) &&
        wtl__known_answer(port->known, ask->name, is_held ? holder : WTL_PID_NONE,
                          wtl__loop_now_ms(port->loop), send_resolved, port)) {
        resolve(port, ask->name);
    }
    if (ask->verb != RESOLVE) {
        wtl__answer(port->runtime, wtl__loop_leader(port->loop), ask->pid, ask->request, status,
                    holder, NULL);
    }
}

/* ---- on the net loop ------------------------------------------------------------------------ */

static void ask_core(struct wtl__port *port, struct ask *ask)
{
    struct wtl__core *core = wtl__hub_core(wtl__net_hub(port->net));
    uint64_t now_ms = wtl__loop_now_ms(port->loop);
    uint64_t number = ++port->ask_next;
    enum wtl_status kept = wtl__map_put(&port->asks, number, 0, ask);
    if (kept != WTL_OK) {
        answer(port, ask, kept, WTL_PID_NONE);
        wtl__pool_give(ask);
        return;
    }
    if (ask->verb == REGISTER) {
        wtl__core_name_register(core, ask->pid, number, ask->name, now_ms);
    } else {
        wtl__core_name_whereis(core, ask->pid, number, ask->name, now_ms);
    }
    wtl__hub_pump(wtl__net_hub(port->net), now_ms);
}

/* The actor has ended: nobody waits for what it asked. */
static void drop_asks(struct wtl__port *port, struct wtl_pid pid)
{
    struct wtl__map_entry entry;
    uint32_t cursor = 0;
    while (wtl__map_next(&port->asks, &cursor, &entry)) {
        struct ask *ask = entry.value;
        if (ask->verb != RESOLVE && wtl_pid_equal(ask->pid, pid)) {
            (void)wtl__map_remove(&port->asks, entry.high, entry.low);
            wtl__pool_give(ask);
            cursor = 0; /* the map has moved */
        }
    }
}

static void run_ask(struct wtl__job *job)
{
    struct ask *ask = WTL_CONTAINER(job, struct ask, job);
    struct wtl__port *port = ask->port;
    struct wtl__hub *hub = wtl__net_hub(port->net);
    uint64_t now_ms = wtl__loop_now_ms(port->loop);
    switch (ask->verb) {
    case REGISTER:
    case WHEREIS:
    case RESOLVE:
        ask_core(port, ask);
        return;
    case UNREGISTER:
        wtl__core_name_unregister(wtl__hub_core(hub), ask->pid, ask->name, now_ms);
        break;
    case DROP:
        wtl__core_names_drop(wtl__hub_core(hub), ask->pid, now_ms);
        drop_asks(port, ask->pid);
        break;
    }
    wtl__hub_pump(hub, now_ms);
    wtl__pool_give(ask);
}

void wtl__port_name_answer(void *context, struct wtl_pid asker, uint64_t request,
                           enum wtl_status status, struct wtl_pid holder)
{
    struct wtl__port *port = context;
    (void)asker;
    struct ask *ask = wtl__map_remove(&port->asks, request, 0);
    if (ask != NULL) {
        answer(port, ask, status, holder);
        wtl__pool_give(ask);
    }
}

void wtl__port_name_lost(void *context, struct wtl_pid pid, const char *name)
{
    struct wtl__port *port = context;
    wtl__known_forget_pid(port->known, pid);
    wtl__events_name_lost(port->runtime, pid, name);
}

void wtl__port_asks_deinit(struct wtl__port *port)
{
    struct wtl__map_entry entry;
    uint32_t cursor = 0;
    while (wtl__map_take_any(&port->asks, &cursor, &entry)) {
        wtl__pool_give(entry.value);
    }
    wtl__map_deinit(&port->asks);
}

/* ---- from the workers ----------------------------------------------------------------------- */

/* False when memory is exhausted. */
static bool post(struct wtl__port *port, enum verb verb, struct wtl_pid pid, uint64_t request,
                 const char *name)
{
    struct ask *ask = wtl__pool_take(sizeof *ask);
    if (ask == NULL) {
        return false;
    }
    *ask = (struct ask){
        .job.run = run_ask, .port = port, .verb = verb, .pid = pid, .request = request};
    memcpy(ask->name, name, strnlen(name, WTL_NAME_MAX));
    wtl__loop_post(port->loop, &ask->job);
    return true;
}

static bool is_closed(struct wtl__port *port)
{
    return wtl__outboxes_is_closed(port->outboxes);
}

enum wtl_status wtl__port_send_name(void *context, struct wtl__ctx *x, const char *name,
                                    struct wtl__envelope *envelope)
{
    struct wtl__port *port = context;
    struct wtl_pid holder;
    bool ask;
    if (is_closed(port)) {
        wtl__envelope_free(envelope);
        return WTL_NOT_FOUND;
    }
    uint64_t now_ms = wtl__loop_now_ms(port->loop);
    enum wtl__known_result result =
        wtl__known_find(port->known, name, envelope, now_ms, &holder, &ask);
    if (ask) {
        resolve(port, name);
    }
    switch (result) {
    case WTL__KNOWN_IS:
        return wtl__deliver_named(port->runtime, x, holder, envelope);
    case WTL__KNOWN_WAITS:
        return WTL_OK;
    case WTL__KNOWN_FULL:
        break;
    }
    give_up(port, x, envelope, WTL__COUNT_DROPPED_FULL, WTL_BUSY);
    return WTL_FULL;
}

/* What cannot even be asked is answered at once. */
static void ask_or_fail(struct wtl__port *port, enum verb verb, struct wtl_pid self,
                        uint64_t request, const char *name)
{
    if (is_closed(port)) {
        wtl__answer(port->runtime, NULL, self, request, WTL_NO_CONNECTION, WTL_PID_NONE, NULL);
    } else if (!post(port, verb, self, request, name)) {
        wtl__answer(port->runtime, NULL, self, request, WTL_NO_MEMORY, WTL_PID_NONE, NULL);
    }
}

void wtl__port_name_register(void *context, struct wtl_pid self, uint64_t request, const char *name)
{
    ask_or_fail(context, REGISTER, self, request, name);
}

void wtl__port_name_whereis(void *context, struct wtl_pid self, uint64_t request, const char *name)
{
    ask_or_fail(context, WHEREIS, self, request, name);
}

void wtl__port_name_unregister(void *context, struct wtl_pid self, const char *name)
{
    struct wtl__port *port = context;
    wtl__known_forget_pid(port->known, self); /* its other names are looked up again */
    if (!is_closed(port)) {
        (void)post(port, UNREGISTER, self, 0, name);
    }
}

void wtl__port_names_drop(void *context, struct wtl_pid self)
{
    struct wtl__port *port = context;
    wtl__known_forget_pid(port->known, self);
    if (!is_closed(port)) {
        (void)post(port, DROP, self, 0, "");
    }
}
