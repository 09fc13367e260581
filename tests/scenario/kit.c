/* kit.c - see kit.h. */
#include "kit.h"

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "certs/ca.h"

/* Also in programs without criterion: under it, a test that aborts has failed. */
#define CHECK(condition, ...)                                                                      \
    do {                                                                                           \
        if (!(condition)) {                                                                        \
            (void)fprintf(stderr, __VA_ARGS__);                                                    \
            (void)fprintf(stderr, " (%s:%d)\n", __FILE__, __LINE__);                               \
            abort();                                                                               \
        }                                                                                          \
    } while (0)

static uint64_t now_ms(void)
{
    return wtl__clock_now_ms(wtl__clock_system());
}

static int64_t wall_s(void)
{
    return wtl__loop_wall_s();
}

/* ---- puppets -------------------------------------------------------------------------------- */

struct order {
    kit_fn fn;
    void *argument;
    _Atomic(bool) done;
};

struct puppet {
    struct kit_puppet *kit;
};

static struct kit_event *open_event(struct kit_puppet *puppet, enum kit_what what)
{
    (void)pthread_mutex_lock(&puppet->lock);
    CHECK(puppet->count < KIT_EVENTS_MAX, "too many events");
    struct kit_event *event = &puppet->events[puppet->count];
    *event = (struct kit_event){.what = what};
    return event;
}

static void close_event(struct kit_puppet *puppet)
{
    puppet->count++;
    (void)pthread_mutex_unlock(&puppet->lock);
}

static void read_name(const struct wtl_msg *message, char text_out[32])
{
    char name[32];
    if (message->size > 0 && wtl_getf(message, "name=%31s", name) == WTL_OK) {
        memcpy(text_out, name, sizeof name);
    }
}

static enum wtl_status on_init(struct wtl_ctx *x, void *self, const void *settings,
                               const struct wtl_msg *args)
{
    struct puppet *puppet = self;
    (void)args;
    puppet->kit = *(struct kit_puppet *const *)settings;
    wtl_trap_exits(x, true);
    return WTL_OK;
}

static void on_seq(struct kit_puppet *puppet, const struct wtl_msg *message)
{
    uint64_t seq = 0;
    bool read = wtl_getf(message, "seq=%lu", &seq) == WTL_OK;
    if (!read || seq != atomic_fetch_add(&puppet->next_seq, 1)) {
        atomic_fetch_add(&puppet->disorder, 1);
    }
    atomic_fetch_add(&puppet->got, 1);
}

static enum wtl_status on_handle(struct wtl_ctx *x, void *self, const struct wtl_msg *message)
{
    struct kit_puppet *puppet = ((struct puppet *)self)->kit;
    if (wtl_is(message, "seq")) {
        on_seq(puppet, message);
        return WTL_OK;
    }
    if (wtl_is(message, "do") && wtl_pid_is_none(message->from)) {
        uint64_t address = 0;
        CHECK(wtl_getf(message, "order=%lu", &address) == WTL_OK, "an order that is none");
        struct order *order = (struct order *)(uintptr_t)address;
        order->fn(x, puppet, order->argument);
        atomic_store(&order->done, true);
        return WTL_OK;
    }
    struct kit_event *event = open_event(puppet, KIT_MESSAGE);
    event->tag = message->tag;
    event->from = message->from;
    read_name(message, event->text);
    close_event(puppet);
    if (wtl_is(message, "die")) {
        return WTL_INVALID;
    }
    if (message->request != 0 && !wtl_is(message, "keep")) {
        wtl_replyf(x, message, "name=%s", "pong");
    }
    return WTL_OK;
}

static enum wtl_status on_down(struct wtl_ctx *x, void *self, const struct wtl_down *down)
{
    struct kit_puppet *puppet = ((struct puppet *)self)->kit;
    struct kit_event *event = open_event(puppet, KIT_DOWN);
    (void)x;
    event->from = down->pid;
    event->reason = down->reason;
    close_event(puppet);
    return WTL_OK;
}

static enum wtl_status on_exited(struct wtl_ctx *x, void *self, const struct wtl_exit *exit)
{
    struct kit_puppet *puppet = ((struct puppet *)self)->kit;
    struct kit_event *event = open_event(puppet, KIT_EXITED);
    (void)x;
    event->from = exit->from;
    event->reason = exit->reason;
    close_event(puppet);
    return WTL_OK;
}

enum wtl_status kit_on_answer(struct wtl_ctx *x, void *self, const struct wtl_answer *answer,
                              void *context)
{
    struct kit_puppet *puppet = ((struct puppet *)self)->kit;
    struct kit_event *event = open_event(puppet, KIT_ANSWER);
    (void)x;
    (void)context;
    event->status = answer->status;
    event->reason = answer->reason;
    event->pid = answer->pid;
    read_name(&answer->message, event->text);
    close_event(puppet);
    return WTL_OK;
}

static const struct wtl_actor puppet_actor = {.size = sizeof(struct wtl_actor),
                                              .name = "puppet",
                                              .state_size = sizeof(struct puppet),
                                              .settings_size = sizeof(struct kit_puppet *),
                                              .mailbox_max = WTL_MAILBOX_LIMIT,
                                              .init = on_init,
                                              .handle = on_handle,
                                              .down = on_down,
                                              .exited = on_exited};

struct kit_puppet *kit_spawn(struct kit_node *node)
{
    struct kit *kit = node->kit;
    CHECK(kit->puppets_count < KIT_PUPPETS_MAX, "too many puppets");
    struct kit_puppet *puppet = calloc(1, sizeof *puppet);
    CHECK(puppet != NULL, "no memory");
    kit->puppets[kit->puppets_count++] = puppet;
    puppet->node = node;
    (void)pthread_mutex_init(&puppet->lock, NULL);
    puppet->pid = wtl_runtime_spawn(wtl__node_runtime(node->node), &puppet_actor,
                                    &(struct wtl_spawn_options){.settings = &puppet});
    CHECK(!wtl_pid_is_none(puppet->pid), "the puppet was not spawned");
    return puppet;
}

static bool is_done(void *argument)
{
    return atomic_load(&((struct order *)argument)->done);
}

void kit_do(struct kit_puppet *puppet, kit_fn fn, void *argument)
{
    struct order order = {.fn = fn, .argument = argument};
    struct wtl_writer body;
    (void)wtl_runtime_message(&body, 32);
    wtl_putf(&body, "order=%lu", (unsigned long)(uintptr_t)&order);
    CHECK(wtl_runtime_tell(wtl__node_runtime(puppet->node->node), puppet->pid, WTL_TAG("do"),
                           &body) == WTL_OK,
          "the puppet is gone");
    kit_wait_for("the puppet does it", is_done, &order);
}

/* ---- deeds ---------------------------------------------------------------------------------- */

struct deed {
    struct wtl_pid pid;
    const char *to;
    const char *name;
};

static const struct wtl_call_options *options(void)
{
    static const struct wtl_call_options options = {.on_answer = kit_on_answer,
                                                    .deadline_ms = 15000};
    return &options;
}

static void do_tell(struct wtl_ctx *x, struct kit_puppet *puppet, void *argument)
{
    struct deed *deed = argument;
    (void)puppet;
    wtl_tellf(x, deed->pid, "hello", "name=%s", deed->name);
}

void kit_tell(struct kit_puppet *puppet, struct wtl_pid to, const char *name)
{
    kit_do(puppet, do_tell, &(struct deed){.pid = to, .name = name});
}

static void do_call(struct wtl_ctx *x, struct kit_puppet *puppet, void *argument)
{
    struct deed *deed = argument;
    struct wtl_writer body;
    (void)puppet;
    (void)wtl_message_open(x, &body, 48);
    wtl_putf(&body, "name=%s", deed->name);
    if (deed->to != NULL) {
        (void)wtl_call_name(x, deed->to, WTL_TAG("ask"), &body, options());
    } else {
        (void)wtl_call(x, deed->pid, WTL_TAG("ask"), &body, options());
    }
}

void kit_call(struct kit_puppet *puppet, struct wtl_pid to, const char *name)
{
    kit_do(puppet, do_call, &(struct deed){.pid = to, .name = name});
}

void kit_call_name(struct kit_puppet *puppet, const char *to, const char *name)
{
    kit_do(puppet, do_call, &(struct deed){.to = to, .name = name});
}

static void do_register(struct wtl_ctx *x, struct kit_puppet *puppet, void *argument)
{
    (void)puppet;
    wtl_register(x, argument, WTL_GLOBAL, options());
}

void kit_register(struct kit_puppet *puppet, const char *name)
{
    kit_do(puppet, do_register, (void *)(uintptr_t)name);
}

static void do_whereis(struct wtl_ctx *x, struct kit_puppet *puppet, void *argument)
{
    (void)puppet;
    wtl_whereis(x, argument, options());
}

void kit_whereis(struct kit_puppet *puppet, const char *name)
{
    kit_do(puppet, do_whereis, (void *)(uintptr_t)name);
}

static void do_monitor(struct wtl_ctx *x, struct kit_puppet *puppet, void *argument)
{
    (void)puppet;
    (void)wtl_monitor(x, ((struct deed *)argument)->pid);
}

void kit_monitor(struct kit_puppet *puppet, struct wtl_pid of)
{
    kit_do(puppet, do_monitor, &(struct deed){.pid = of});
}

static void do_link(struct wtl_ctx *x, struct kit_puppet *puppet, void *argument)
{
    (void)puppet;
    wtl_link(x, ((struct deed *)argument)->pid);
}

void kit_link(struct kit_puppet *puppet, struct wtl_pid to)
{
    kit_do(puppet, do_link, &(struct deed){.pid = to});
}

static void do_watch(struct wtl_ctx *x, struct kit_puppet *puppet, void *argument)
{
    (void)puppet;
    (void)argument;
    wtl_watch_nodes(x, true);
}

void kit_watch_nodes(struct kit_puppet *puppet)
{
    kit_do(puppet, do_watch, NULL);
}

/* ---- waiting -------------------------------------------------------------------------------- */

void kit_wait_for(const char *what, bool (*is_so)(void *argument), void *argument)
{
    uint64_t deadline_ms = now_ms() + KIT_WAIT_MS;
    while (!is_so(argument)) {
        CHECK(now_ms() < deadline_ms, "waited in vain: %s", what);
        (void)usleep(500);
    }
}

static bool matches(const struct kit_event *event, enum kit_what what, const char *tag)
{
    return event->what == what &&
           (tag == NULL || wtl_tag_equal(event->tag, wtl_tag_make(tag, strlen(tag))));
}

struct search {
    struct kit_puppet *puppet;
    uint32_t at;
    enum kit_what what;
    const char *tag;
    struct kit_event found;
};

static bool find_event(void *argument)
{
    struct search *search = argument;
    bool found = false;
    (void)pthread_mutex_lock(&search->puppet->lock);
    while (search->at < search->puppet->count && !found) {
        search->found = search->puppet->events[search->at++];
        found = matches(&search->found, search->what, search->tag);
    }
    (void)pthread_mutex_unlock(&search->puppet->lock);
    return found;
}

struct kit_event kit_next(struct kit_puppet *puppet, uint32_t *at, enum kit_what what,
                          const char *tag)
{
    struct search search = {.puppet = puppet, .at = *at, .what = what, .tag = tag};
    kit_wait_for(tag != NULL ? tag : "an event", find_event, &search);
    *at = search.at;
    return search.found;
}

uint32_t kit_count(struct kit_puppet *puppet, enum kit_what what, const char *tag)
{
    uint32_t count = 0;
    (void)pthread_mutex_lock(&puppet->lock);
    for (uint32_t i = 0; i < puppet->count; i++) {
        count += matches(&puppet->events[i], what, tag);
    }
    (void)pthread_mutex_unlock(&puppet->lock);
    return count;
}

struct question {
    struct kit_node *node;
    const char *name;
    bool answer;
};

static void look_for_node(void *argument)
{
    struct question *question = argument;
    struct wtl__node_row rows[64];
    struct wtl__hub *hub = wtl__net_hub(wtl__node_net(question->node->node));
    uint32_t count = wtl__core_nodes(wtl__hub_core(hub), rows, 64);
    question->answer = false;
    for (uint32_t i = 0; i < count && i < 64; i++) {
        question->answer |= rows[i].state == 1 && strcmp(rows[i].name, question->name) == 0;
    }
}

static bool knows(void *argument)
{
    struct question *question = argument;
    wtl__loop_call(wtl__node_loop(question->node->node), look_for_node, question);
    return question->answer;
}

bool kit_knows(struct kit_node *node, const char *name)
{
    return knows(&(struct question){.node = node, .name = name});
}

void kit_wait_linked(struct kit_node *a, struct kit_node *b)
{
    const char *name_a = wtl__node_identity(a->node)->name;
    const char *name_b = wtl__node_identity(b->node)->name;
    kit_wait_for(name_b, knows, &(struct question){.node = a, .name = name_b});
    kit_wait_for(name_a, knows, &(struct question){.node = b, .name = name_a});
}

static void look_at_acks(void *argument)
{
    struct question *question = argument;
    question->answer = wtl__hub_is_awaited(wtl__net_hub(wtl__node_net(question->node->node)));
}

static bool is_acknowledged(void *argument)
{
    wtl__loop_call(wtl__node_loop(((struct question *)argument)->node->node), look_at_acks,
                   argument);
    return !((struct question *)argument)->answer;
}

void kit_wait_acknowledged(struct kit_node *node)
{
    kit_wait_for("the acknowledgements", is_acknowledged, &(struct question){.node = node});
}

struct admission_question {
    struct wtl__net *net;
    struct wtl__admission_counters count;
};

static void look_at_admission(void *argument)
{
    struct admission_question *question = argument;
    question->count = *wtl__net_admission(question->net);
}

struct wtl__admission_counters kit_admission(struct kit_node *node)
{
    struct admission_question question = {.net = wtl__node_net(node->node)};
    wtl__loop_call(wtl__node_loop(node->node), look_at_admission, &question);
    return question.count;
}

/* ---- nodes ---------------------------------------------------------------------------------- */

void kit_init(struct kit *kit)
{
    *kit = (struct kit){.folder = "/tmp/wattle-test-XXXXXX"};
    CHECK(mkdtemp(kit->folder) != NULL, "no temporary folder");
}

static int remove_one(const char *path, const struct stat *info, int kind, struct FTW *where)
{
    (void)info;
    (void)kind;
    (void)where;
    return remove(path);
}

void kit_deinit(struct kit *kit)
{
    for (uint32_t i = 0; i < kit->nodes_count; i++) {
        kit_destroy(&kit->nodes[i]);
    }
    for (uint32_t i = 0; i < kit->puppets_count; i++) {
        (void)pthread_mutex_destroy(&kit->puppets[i]->lock);
        free(kit->puppets[i]);
    }
    (void)nftw(kit->folder, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

const char *kit_issue(struct kit *kit, const char *ca, const char *name, enum wtl_layer layer,
                      char path_out[128])
{
    char folder[96];
    struct stat info;
    struct wtl_error error = {0};
    struct wtl_bundle bundle = {0};
    bool clamped;
    (void)snprintf(folder, sizeof folder, "%s/%s", kit->folder, ca);
    if (stat(folder, &info) != 0) {
        CHECK(wtl_ca_create(folder, "climate", wall_s(), &error) == WTL_OK, "%s", error.text);
    }
    struct wtl_id_request request = {.name = name, .layer = layer};
    CHECK(wtl_ca_issue(folder, &request, wall_s(), &bundle, &clamped, &error) == WTL_OK, "%s",
          error.text);
    (void)snprintf(path_out, 128, "%s/%s-%s.id", kit->folder, ca, name);
    CHECK(wtl_bundle_write(path_out, &bundle, &error) == WTL_OK, "%s", error.text);
    wtl_bundle_deinit(&bundle);
    return path_out;
}

struct kit_node *kit_start_with(struct kit *kit, struct wtl__node_config *config)
{
    struct wtl_error error = {0};
    CHECK(kit->nodes_count < KIT_NODES_MAX, "too many nodes");
    struct kit_node *node = &kit->nodes[kit->nodes_count++];
    node->kit = kit;
    config->workers = config->workers != 0 ? config->workers : 2;
    config->actors_max = 4096;
    CHECK(wtl__node_create(config, &node->node, &error) == WTL_OK, "%s", error.text);
    CHECK(wtl__node_start(node->node, &error) == WTL_OK, "%s", error.text);
    return node;
}

struct kit_node *kit_start(struct kit *kit, const char *name, enum wtl_layer layer,
                           const struct kit_node *join)
{
    char path[128];
    const char *joins[] = {join != NULL ? wtl__node_address(join->node) : NULL};
    struct wtl__node_config config = {.bundle = kit_issue(kit, "ca", name, layer, path),
                                      .listen = layer == WTL_LAYER_DEVICE ? NULL : "127.0.0.1:0",
                                      .joins = joins,
                                      .joins_count = join != NULL ? 1 : 0,
                                      .link_class = WTL__CLASS_LAN};
    struct kit_node *node = kit_start_with(kit, &config);
    memcpy(node->bundle, path, sizeof path);
    return node;
}

void kit_destroy(struct kit_node *node)
{
    wtl__node_destroy(node->node);
    node->node = NULL;
}
