/* stage_net.c - the nodes and what joins them; see stage_kit.h. */
#include "stage_kit.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "../../support/travel.h"
#include "base/log.h"
#include "base/pool.h"

struct net net;

/* ---- the port ---------------------------------------------------------------------------------
 */

uint32_t net_index(uint64_t node)
{
    for (uint32_t i = 0; i < net.count; i++) {
        if (net.nodes[i].up && net_id(i) == node) {
            return i;
        }
    }
    return UINT32_MAX;
}

/* Other machines take a body only when it is one value, or nothing. */
static void check_body(const struct wtl_msg *message)
{
    struct wtl_reader reader = wtl_read(message);
    if (message->size > 0 && message->kind_ <= WTL__REPLY) {
        wtl_skip(&reader);
        cr_assert(!reader.failed && wtl_left(&reader) == 0, "a body that would not travel");
    }
}

static enum wtl_status port_send(void *port, struct wtl__ctx *x, struct wtl_pid to,
                                 struct wtl__envelope *envelope)
{
    struct net_node *from = port;
    uint32_t index = net_index(to.node);
    struct net_queue *queue = index != UINT32_MAX ? &net.queues[from->index][index] : NULL;
    check_body(&envelope->msg);
    if (queue == NULL || queue->cut) {
        wtl__refuse(&from->step.runtime, x, to, envelope,
                    WTL_REASON(WTL_EXIT_NOCONNECTION, "noconnection"));
        return WTL_NO_CONNECTION;
    }
    cr_assert_lt(queue->count, NET_QUEUE_MAX, "a queue between nodes is not bounded");
    test_travel(envelope, &from->step, &net.nodes[index].step);
    queue->letters[(queue->first + queue->count++) % NET_QUEUE_MAX] =
        (struct net_letter){.envelope = envelope, .to = to};
    return WTL_OK;
}

static struct net_name *find_name(const char *name)
{
    for (uint32_t i = 0; i < NET_NAMES_MAX; i++) {
        if (strcmp(net.names[i].name, name) == 0) {
            return &net.names[i];
        }
    }
    return NULL;
}

static enum wtl_status port_send_name(void *port, struct wtl__ctx *x, const char *name,
                                      struct wtl__envelope *envelope)
{
    struct net_node *from = port;
    const struct net_name *held = find_name(name);
    if (held == NULL) {
        wtl__envelope_free(envelope);
        return WTL_NOT_FOUND;
    }
    return wtl__deliver(&from->step.runtime, x, held->pid, envelope);
}

static void port_register(void *port, struct wtl_pid self, uint64_t request, const char *name)
{
    struct net_node *from = port;
    struct net_name *held = find_name(name);
    struct net_name *free_slot = find_name("");
    enum wtl_status status = held != NULL ? WTL_EXISTS : WTL_OK;
    if (held == NULL) {
        cr_assert_not_null(free_slot);
        (void)snprintf(free_slot->name, sizeof free_slot->name, "%s", name);
        free_slot->pid = self;
        held = free_slot;
    }
    wtl__answer(&from->step.runtime, NULL, self, request, status, held->pid, NULL);
}

static void port_unregister(void *port, struct wtl_pid self, const char *name)
{
    struct net_name *held = find_name(name);
    (void)port;
    if (held != NULL && wtl_pid_equal(held->pid, self)) {
        held->name[0] = '\0';
    }
}

static void port_whereis(void *port, struct wtl_pid self, uint64_t request, const char *name)
{
    struct net_node *from = port;
    const struct net_name *held = find_name(name);
    wtl__answer(&from->step.runtime, NULL, self, request, held ? WTL_OK : WTL_NOT_FOUND,
                held ? held->pid : WTL_PID_NONE, NULL);
}

static void port_names_drop(void *port, struct wtl_pid self)
{
    (void)port;
    for (uint32_t i = 0; i < NET_NAMES_MAX; i++) {
        if (net.names[i].name[0] != '\0' && wtl_pid_equal(net.names[i].pid, self)) {
            net.names[i].name[0] = '\0';
        }
    }
}

static const struct wtl__port_ops port_ops = {
    .send = port_send,
    .send_name = port_send_name,
    .name_register = port_register,
    .name_unregister = port_unregister,
    .name_whereis = port_whereis,
    .names_drop = port_names_drop,
};

/* ---- nodes ----------------------------------------------------------------------------------- */

uint64_t net_id(uint32_t node)
{
    return 100 * (node + 1) + net.nodes[node].lives;
}

/* Tells every actor of `node` that watches nodes. */
static void tell_watchers(struct net_node *node, uint32_t about, bool up)
{
    struct wtl__cells *cells = &node->step.runtime.cells;
    for (uint32_t slot = 0; slot < atomic_load(&cells->used); slot++) {
        struct wtl__cell *cell = wtl__cells_at(cells, slot);
        uint64_t local = atomic_load(&cell->local);
        struct wtl_writer body;
        if (local == 0 || (atomic_load(&cell->remote) & WTL__REMOTE_WATCHES) == 0) {
            continue;
        }
        (void)wtl__message_open(&body, 128);
        wtl_putf(&body, "node=%lu name=%s layer=%s reason=%s", (unsigned long)net_id(about),
                 net.nodes[about].name, net.nodes[about].layer, up ? "up" : "silent");
        struct wtl__envelope *envelope = wtl__message_take(&body, WTL__LOCAL);
        envelope->msg.tag = up ? WTL_TAG("node_up") : WTL_TAG("node_down");
        (void)wtl__deliver(&node->step.runtime, NULL,
                           (struct wtl_pid){.node = net_id(node->index), .local = local}, envelope);
    }
}

static void start_node(uint32_t index)
{
    struct net_node *node = &net.nodes[index];
    struct wtl_flow_host_settings settings = {
        .name = node->name, .layer = node->layer, .state = net.state};
    struct wtl_spawn_options options = {.settings = &settings};
    node->net = &net;
    node->index = index;
    node->lives++;
    node->up = true;
    cr_assert_eq(wtl__step_init(&node->step, net_id(index), net.seed * 31 + index), WTL_OK);
    node->step.now_ns = net.nodes[0].step.now_ns;
    wtl__wheel_init(&node->step.wheel, node->step.now_ns / WTL__NS_PER_MS);
    if (!net.alone) {
        node->step.runtime.port = &port_ops;
        node->step.runtime.port_self = node;
    }
    node->boss = wtl__spawn(&node->step.runtime, &node->step.x, &net_boss, NULL, 0);
    struct wtl_pid host =
        wtl__spawn(&node->step.runtime, &node->step.x, &wtl_flow_host, &options, WTL__CELL_SYSTEM);
    cr_assert(wtl_pid_equal(host, wtl_flow_host_pid(net_id(index))),
              "the host is the second actor of its node");
    while (wtl__step_one(&node->step)) { /* its actors watch before it hears of others */
    }
}

/* What ends is reported, and here much ends. */
static void drop_line(void *state, const char *line, size_t length)
{
    (void)state;
    (void)line;
    (void)length;
}

void net_init(uint64_t seed)
{
    wtl__log_set_sink(wtl__log_process(), drop_line, NULL);
    memset(&net, 0, sizeof net);
    net.seed = seed;
    net.alone = true;
    net.used_bytes = wtl__pool_stats().used_bytes;
    wtl__prng_init(&net.choice, seed);
    world_init();
}

void net_keep_state(void)
{
    memcpy(net.state, "/tmp/wattle-flow-XXXXXX", sizeof "/tmp/wattle-flow-XXXXXX");
    cr_assert_not_null(mkdtemp(net.state));
}

static void remove_state(void)
{
    DIR *folder = opendir(net.state);
    cr_assert_not_null(folder);
    for (const struct dirent *entry = readdir(folder); entry != NULL; entry = readdir(folder)) {
        (void)unlinkat(dirfd(folder), entry->d_name, 0);
    }
    (void)closedir(folder);
    cr_assert_eq(rmdir(net.state), 0);
}

static void introduce(uint32_t a, uint32_t b, bool up)
{
    tell_watchers(&net.nodes[a], b, up);
    tell_watchers(&net.nodes[b], a, up);
}

uint32_t net_add(const char *name)
{
    uint32_t index = net.count++;
    struct net_node *node = &net.nodes[index];
    cr_assert_lt(index, NET_NODES_MAX);
    (void)snprintf(node->name, sizeof node->name, "%s", name);
    (void)snprintf(node->layer, sizeof node->layer, "%.*s", (int)strcspn(name, "-"), name);
    if (index == 1) {
        cr_assert(net.alone);
        net.alone = false;
        net.nodes[0].step.runtime.port = &port_ops;
        net.nodes[0].step.runtime.port_self = &net.nodes[0];
    }
    for (uint32_t i = 0; i <= index; i++) {
        net.queues[i][index].letters = calloc(NET_QUEUE_MAX, sizeof(struct net_letter));
        if (i != index) {
            net.queues[index][i].letters = calloc(NET_QUEUE_MAX, sizeof(struct net_letter));
        }
    }
    start_node(index);
    for (uint32_t i = 0; i < index; i++) {
        if (net.nodes[i].up) {
            introduce(i, index, true);
        }
    }
    return index;
}

static void lose_letters(struct net_queue *queue)
{
    for (; queue->count > 0; queue->count--) {
        wtl__envelope_free(queue->letters[queue->first].envelope);
        queue->first = (queue->first + 1) % NET_QUEUE_MAX;
    }
}

void net_cut(uint32_t a, uint32_t b, bool cut)
{
    net.queues[a][b].cut = cut;
    net.queues[b][a].cut = cut;
    if (cut) {
        lose_letters(&net.queues[a][b]);
        lose_letters(&net.queues[b][a]);
        wtl__node_down(&net.nodes[a].step.runtime, net_id(b));
        wtl__node_down(&net.nodes[b].step.runtime, net_id(a));
    }
    introduce(a, b, !cut);
}

void net_die(uint32_t index)
{
    struct net_node *node = &net.nodes[index];
    for (uint32_t i = 0; i < net.count; i++) {
        net.queues[i][index].cut = true;
        net.queues[index][i].cut = true;
        lose_letters(&net.queues[i][index]);
    }
    struct wtl_pid host = wtl_flow_host_pid(net_id(index));
    net_exit(host, WTL_REASON(WTL_EXIT_SHUTDOWN, "shutdown"));
    wtl__step_settle(&node->step);
    cr_assert_not(net_lives(host), "it ends, after all that it keeps");
    wtl__step_deinit(&node->step); /* what its actors say in dying is cut off */
    node->up = false;
    for (uint32_t i = 0; i < net.count; i++) {
        lose_letters(&net.queues[index][i]);
        if (i != index && net.nodes[i].up) {
            wtl__node_down(&net.nodes[i].step.runtime, net_id(index));
            tell_watchers(&net.nodes[i], index, false);
        }
    }
}

void net_revive(uint32_t index)
{
    start_node(index);
    for (uint32_t i = 0; i < net.count; i++) {
        net.queues[i][index].cut = false;
        net.queues[index][i].cut = false;
        if (i != index && net.nodes[i].up) {
            introduce(i, index, true);
        }
    }
}

void net_deinit(void)
{
    for (uint32_t i = 0; i < net.count; i++) {
        if (net.nodes[i].up) {
            net_die(i);
        }
    }
    for (uint32_t i = 0; i < net.count; i++) {
        for (uint32_t k = 0; k < net.count; k++) {
            free(net.queues[i][k].letters);
        }
    }
    free(world.seen);
    world.seen = NULL;
    if (net.state[0] != '\0') {
        remove_state();
    }
    cr_assert_eq(wtl__pool_stats().used_bytes, net.used_bytes, "bytes were left behind");
}
