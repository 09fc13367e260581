/* wire.c - see wire.h. */
#include "wire.h"

#include <stdlib.h>

#include "../../support/travel.h"
#include "base/pool.h"

struct crate {
    struct wtl__fifo_link link;
    struct wtl_pid to;
    const char *name; /* of who is not known yet */
    struct wtl__envelope *envelope;
};

struct kit wire_nodes[2];
struct wire_name wire_names[WIRE_NAMES];
static struct wtl__fifo crates[2]; /* by the node that it leads to */
static struct wtl__fifo unresolved;
static uint64_t used_bytes;

static void pack(struct wtl__fifo *to, struct crate what)
{
    struct crate *crate = malloc(sizeof *crate);
    cr_assert_not_null(crate);
    *crate = what;
    wtl__fifo_push(to, &crate->link);
}

static struct crate *unpack(struct wtl__fifo *from)
{
    struct wtl__fifo_link *link = wtl__fifo_take(from);
    return link != NULL ? WTL_CONTAINER(link, struct crate, link) : NULL;
}

static void drop_all(struct wtl__fifo *from)
{
    for (struct crate *crate = unpack(from); crate != NULL; crate = unpack(from)) {
        wtl__envelope_free(crate->envelope);
        free(crate);
    }
}

/* ---- the port ------------------------------------------------------------------------------- */

static enum wtl_status port_send(void *port, struct wtl__ctx *x, struct wtl_pid to,
                                 struct wtl__envelope *envelope)
{
    (void)port;
    (void)x;
    if (to.node < 1 || to.node > 2) { /* a cancel to nobody */
        wtl__envelope_free(envelope);
        return WTL_NO_PROCESS;
    }
    test_travel(envelope, &wire_nodes[2 - to.node].step, &wire_nodes[to.node - 1].step);
    pack(&crates[to.node - 1], (struct crate){.to = to, .envelope = envelope});
    return WTL_OK;
}

static const struct wire_name *find(const char *name)
{
    for (int i = 0; i < WIRE_NAMES; i++) {
        if (wire_names[i].name != NULL && strcmp(wire_names[i].name, name) == 0) {
            return &wire_names[i];
        }
    }
    return NULL;
}

static enum wtl_status port_send_name(void *port, struct wtl__ctx *x, const char *name,
                                      struct wtl__envelope *envelope)
{
    const struct wire_name *known = find(name);
    if (known == NULL) {
        wtl__envelope_free(envelope);
        return WTL_NOT_FOUND;
    }
    if (wtl_pid_is_none(known->holder)) {
        pack(&unresolved, (struct crate){.name = known->name, .envelope = envelope});
        return WTL_OK;
    }
    return wtl__deliver_named(port, x, known->holder, envelope);
}

/* Answered at once, or by wire_resolve. */
static void port_name_whereis(void *port, struct wtl_pid self, uint64_t request, const char *name)
{
    const struct wire_name *known = find(name);
    if (known != NULL && wtl_pid_is_none(known->holder)) {
        struct wtl__envelope *question = wtl__envelope_new(WTL__ANSWER);
        cr_assert_not_null(question);
        question->msg.from = self;
        question->msg.request = request;
        pack(&unresolved, (struct crate){.name = known->name, .envelope = question});
        return;
    }
    wtl__answer(port, NULL, self, request, known != NULL ? WTL_OK : WTL_NOT_FOUND,
                known != NULL ? known->holder : WTL_PID_NONE, NULL);
}

static const struct wtl__port_ops port = {
    .send = port_send, .send_name = port_send_name, .name_whereis = port_name_whereis};

/* ---- the wire ------------------------------------------------------------------------------- */

void wire_resolve(void)
{
    for (struct crate *crate = unpack(&unresolved); crate != NULL; crate = unpack(&unresolved)) {
        const struct wire_name *known = find(crate->name);
        struct wtl_pid asker = crate->envelope->msg.from;
        struct wtl__runtime *runtime = &wire_nodes[asker.node - 1].step.runtime;
        if (crate->envelope->msg.kind_ == WTL__ANSWER) {
            wtl__answer(runtime, NULL, asker, crate->envelope->msg.request, WTL_OK, known->holder,
                        crate->envelope);
        } else {
            (void)wtl__deliver_named(runtime, NULL, known->holder, crate->envelope);
        }
        free(crate);
    }
}

bool wire_arrive(int node)
{
    struct crate *crate = unpack(&crates[node]);
    if (crate != NULL) {
        wtl__deliver_arrived(&wire_nodes[node].step.runtime, NULL, crate->to, crate->envelope);
        free(crate);
    }
    return crate != NULL;
}

void wire_cut(void)
{
    for (int node = 0; node < 2; node++) {
        drop_all(&crates[node]);
        wtl__node_down(&wire_nodes[node].step.runtime, 2 - (uint64_t)node);
    }
}

void wire_begin(uint64_t seed)
{
    used_bytes = wtl__pool_stats().used_bytes;
    memset(wire_names, 0, sizeof wire_names);
    for (int node = 0; node < 2; node++) {
        struct wtl__step *step = &wire_nodes[node].step;
        cr_assert_eq(wtl__step_init(step, (uint64_t)node + 1, seed + (uint64_t)node), WTL_OK);
        step->runtime.port = &port;
        step->runtime.port_self = &step->runtime;
    }
}

void wire_settle(void)
{
    do {
        kit_settle(&wire_nodes[0]);
        kit_settle(&wire_nodes[1]);
    } while (wire_arrive(0) || wire_arrive(1));
}

void wire_end(void)
{
    wire_settle();
    wire_cut(); /* nobody waits for the other node while both end */
    drop_all(&unresolved);
    for (int node = 0; node < 2; node++) {
        kit_settle(&wire_nodes[node]);
        wire_nodes[node].step.runtime.port = NULL;
        wtl__step_deinit(&wire_nodes[node].step);
    }
    cr_assert_eq(wtl__pool_stats().used_bytes, used_bytes);
}
