/*
 * race_mesh.c - three whole nodes with everything at once, for the thread sanitizer and the leak
 * checker: messages both ways, calls, names, ends of actors, and a node that vanishes.
 */
#include <stdio.h>
#include <stdlib.h>

#include "kit.h"

#define MESSAGES 2000u

static struct kit kit;

static void check(bool good, const char *what)
{
    if (!good) {
        (void)fprintf(stderr, "%s\n", what);
        abort();
    }
}

static void send_many(struct wtl_ctx *x, struct kit_puppet *puppet, void *argument)
{
    const struct wtl_pid *to = argument;
    (void)puppet;
    for (unsigned seq = 0; seq < MESSAGES; seq++) {
        wtl_tellf(x, *to, "seq", "seq=%u", seq);
    }
}

static bool has_all(void *argument)
{
    return atomic_load(&((struct kit_puppet *)argument)->got) == MESSAGES;
}

static void talk(struct kit_puppet *p, struct kit_puppet *q)
{
    uint32_t at_p = 0;
    uint32_t at_q = 0;
    kit_do(p, send_many, &q->pid);
    kit_do(q, send_many, &p->pid);
    kit_register(p, "store");
    check(kit_next(p, &at_p, KIT_ANSWER, NULL).status == WTL_OK, "not registered");
    for (unsigned i = 0; i < 20; i++) {
        kit_call_name(q, "store", "by name");
        check(kit_next(q, &at_q, KIT_ANSWER, NULL).status == WTL_OK, "not answered");
    }
    kit_wait_for("all have come", has_all, p);
    kit_wait_for("all have come", has_all, q);
    check(atomic_load(&p->disorder) == 0 && atomic_load(&q->disorder) == 0, "out of order");
}

int main(void)
{
    kit_init(&kit);
    struct kit_node *a = kit_start(&kit, "edge-a", WTL_LAYER_EDGE, NULL);
    struct kit_node *b = kit_start(&kit, "cloud-b", WTL_LAYER_CLOUD, a);
    struct kit_node *c = kit_start(&kit, "device-c", WTL_LAYER_DEVICE, a);
    kit_wait_linked(a, b);
    kit_wait_linked(b, c); /* over a */
    struct kit_puppet *p = kit_spawn(b);
    struct kit_puppet *q = kit_spawn(c);
    struct kit_puppet *watcher = kit_spawn(a);
    uint32_t at = 0;
    talk(p, q);
    kit_watch_nodes(watcher);
    kit_monitor(watcher, p->pid);
    kit_call(watcher, p->pid, "x");
    check(kit_next(watcher, &at, KIT_ANSWER, NULL).status == WTL_OK, "not answered");
    kit_destroy(b);
    check(kit_next(watcher, &at, KIT_DOWN, NULL).reason.class_ == WTL_EXIT_NOCONNECTION,
          "not noconnection");
    check(wtl__node_stop(a->node) == WTL_OK, "not stopped in time");
    kit_deinit(&kit);
    return 0;
}
