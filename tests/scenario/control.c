/*
 * control.c - real nodes on loopback, asked by the command through their control sockets: U03, U04,
 * U07, T10, and bytes at the socket that no command sends.
 */
#include <poll.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "../unit/cli/kit.h"
#include "cli/client.h"
#include "node/control.h"

#define WAIT_MS 20000

struct place {
    struct wtl__node *node;
    struct wtl__control_socket *control;
    char socket[96];
};

static char folder[64];
static char ca[96];
static struct place places[4];
static uint32_t places_count;

/* ---- nodes ------------------------------------------------------------------------------------
 */

static void open_folder(void)
{
    kit_folder(folder);
    (void)snprintf(ca, sizeof ca, "%s/ca", folder);
    kit_now_s = (int64_t)time(NULL); /* TLS judges by the machine's clock */
    struct run run = run_wattle("ca", "init", ca, "--mesh", "demo", NULL);
    cr_assert_eq(run.end, WTL__END_OK, "%s", run.err);
    run_free(&run);
    places_count = 0;
}

static void close_place(struct place *place)
{
    if (place->node != NULL) {
        cr_expect_eq(wtl__node_stop(place->node), WTL_OK);
        wtl__control_close(place->control);
        wtl__node_destroy(place->node);
        wtl__control_free(place->control);
        cr_expect_neq(access(place->socket, F_OK), 0, "the socket's file has gone");
        *place = (struct place){0};
    }
}

static void close_all(void)
{
    for (uint32_t i = 0; i < places_count; i++) {
        close_place(&places[i]);
    }
    kit_folder_remove(folder);
}

static void issue(const char *name, const char *layer, char path_out[96])
{
    (void)snprintf(path_out, 96, "%s/%s.bundle", folder, name);
    struct run run =
        run_wattle("id", "new", name, "--layer", layer, "--ca", ca, "--out", path_out, NULL);
    cr_assert_eq(run.end, WTL__END_OK, "%s", run.err);
    run_free(&run);
}

static struct place *start(const char *name, const char *layer, const struct place *join)
{
    char bundle[96];
    const char *joins[1] = {NULL};
    struct wtl_error error = {0};
    struct place *place = &places[places_count++];
    issue(name, layer, bundle);
    struct wtl__node_config config = {.bundle = bundle, .joins = joins, .workers = 2};
    if (strcmp(layer, "device") != 0) {
        config.listen = "127.0.0.1:0";
    }
    if (join != NULL) {
        joins[0] = wtl__node_address(join->node);
        config.joins_count = 1;
    }
    (void)snprintf(place->socket, sizeof place->socket, "%s/%s.sock", folder, name);
    cr_assert_eq(wtl__node_create(&config, &place->node, &error), WTL_OK, "%s", error.text);
    cr_assert_eq(wtl__control_create(place->node, place->socket, &place->control, &error), WTL_OK,
                 "%s", error.text);
    cr_assert_eq(wtl__node_start(place->node, &error), WTL_OK, "%s", error.text);
    return place;
}

/* Asks until the answer has `part` in it; the caller frees the run. */
static struct run ask_until(const struct place *place, const char *noun, const char *verb,
                            const char *part)
{
    struct run run = {0};
    for (int waited = 0; waited < WAIT_MS; waited += 20) {
        run = run_wattle(noun, verb, "--json", "--control", place->socket, NULL);
        if (run.end == WTL__END_OK && strstr(run.out, part) != NULL) {
            return run;
        }
        run_free(&run);
        (void)poll(NULL, 0, 20);
    }
    cr_assert_fail("no answer of %s %s has ever had %s", noun, verb, part);
    return run;
}

static void wait_up(const struct place *place, const char *name)
{
    char part[128];
    (void)snprintf(part, sizeof part, "{\"node\":\"%s\"", name);
    for (int waited = 0; waited < WAIT_MS; waited += 20) {
        struct run run = run_wattle("mesh", "nodes", "--json", "--control", place->socket, NULL);
        const char *found = strstr(run.out, part);
        const char *state = found != NULL ? strstr(found, "\"state\":\"") : NULL;
        bool is_up = state != NULL && strncmp(state, "\"state\":\"up\"", 12) == 0;
        run_free(&run);
        if (is_up) {
            return;
        }
        (void)poll(NULL, 0, 20);
    }
    cr_assert_fail("%s was never up", name);
}

static void expect_run(struct run run, enum wtl__end end, const char *says)
{
    cr_expect_eq(run.end, end, "ended with %d: %s%s", (int)run.end, run.out, run.err);
    EXPECT_HAS(end == WTL__END_OK ? run.out : run.err, says);
    run_free(&run);
}

static const struct wtl_actor idle = {.size = sizeof(struct wtl_actor), .name = "idle"};

static struct wtl_pid spawn_idle(struct place *place, const char *name)
{
    struct wtl_spawn_options options = {.name = name};
    return wtl_runtime_spawn(wtl__node_runtime(place->node), &idle, &options);
}

TestSuite(scenario_control, .init = open_folder, .fini = close_all, .timeout = 120);

Test(scenario_control, U07_nodes_see_each_other_and_answer_for_each_other)
{
    struct place *edge = start("edge-1", "edge", NULL);
    struct place *cloud = start("cloud-1", "cloud", edge);
    struct place *device = start("dev-1", "device", edge);
    wait_up(edge, "cloud-1");
    wait_up(cloud, "edge-1");
    wait_up(edge, "dev-1");
    wait_up(cloud, "dev-1");
    wait_up(device, "cloud-1");
    /* every node tells its own part; a device lives on one link */
    struct run run = ask_until(edge, "mesh", "nodes",
                               "\"node\":\"dev-1\",\"layer\":\"device\","
                               "\"state\":\"up\",\"peers\":1,\"actors\":2");
    EXPECT_HAS(run.out, "\"node\":\"cloud-1\",\"layer\":\"cloud\",\"state\":\"up\",\"peers\":1");
    EXPECT_HAS(run.out, "\"via\":\"direct\"");
    run_free(&run);
    run = ask_until(cloud, "mesh", "nodes", "\"via\":\"edge-1\"");
    run_free(&run);
    run = ask_until(edge, "mesh", "links", "\"peer\":\"dev-1\"");
    EXPECT_HAS(run.out, "\"dir\":\"in\"");
    EXPECT_HAS(run.out, "\"frames_in\":");
    run_free(&run);
    expect_run(run_wattle("actor", "ls", "--node", "cloud-1", "--control", edge->socket, NULL),
               WTL__END_OK, "<cloud-1:0.1>");
    expect_run(run_wattle("actor", "ls", "--node", "dev-1", "--control", cloud->socket, NULL),
               WTL__END_OK, "<dev-1:0.1>");
    expect_run(run_wattle("mesh", "nodes", "--node", "edge-1", "--control", edge->socket, NULL),
               WTL__END_OK, "edge-1");
    expect_run(run_wattle("actor", "ls", "--node", "nobody", "--control", edge->socket, NULL),
               WTL__END_NO, "node edge-1 knows no node \"nobody\"");
}

Test(scenario_control, T10_a_device_inspects_nothing_elsewhere)
{
    struct place *edge = start("edge-1", "edge", NULL);
    struct place *device = start("dev-1", "device", edge);
    struct wtl_pid victim = spawn_idle(edge, "victim");
    char pid[64];
    (void)snprintf(pid, sizeof pid, "<edge-1:%llu.%llu>",
                   (unsigned long long)(victim.local & WTL_PID_SLOT_MAX),
                   (unsigned long long)(victim.local >> WTL_PID_SLOT_BITS));
    wait_up(device, "edge-1");
    expect_run(run_wattle("actor", "kill", pid, "--control", device->socket, NULL), WTL__END_DENIED,
               "error[E0303]: node edge-1 answers edge and cloud nodes; dev-1 is a "
               "device");
    expect_run(run_wattle("actor", "ls", "--node", "edge-1", "--control", device->socket, NULL),
               WTL__END_DENIED, "edge-1, through ");
    cr_expect_eq(wtl_runtime_whereis(wtl__node_runtime(edge->node), "victim").local, victim.local);
    /* of itself it tells all */
    expect_run(run_wattle("actor", "ls", "--control", device->socket, NULL), WTL__END_OK, "$node");
}

Test(scenario_control, T10_a_core_node_kills_an_actor_of_another)
{
    struct place *edge = start("edge-1", "edge", NULL);
    struct place *cloud = start("cloud-1", "cloud", edge);
    struct wtl_pid victim = spawn_idle(cloud, "victim");
    char pid[64];
    (void)snprintf(pid, sizeof pid, "<cloud-1:%llu.%llu>",
                   (unsigned long long)(victim.local & WTL_PID_SLOT_MAX),
                   (unsigned long long)(victim.local >> WTL_PID_SLOT_BITS));
    wait_up(edge, "cloud-1");
    expect_run(run_wattle("actor", "show", pid, "--control", edge->socket, NULL), WTL__END_OK,
               "NAME           victim\n");
    expect_run(run_wattle("actor", "kill", pid, "--control", edge->socket, NULL), WTL__END_OK,
               "killed <cloud-1:");
    wtl_runtime_join(wtl__node_runtime(cloud->node), victim);
    expect_run(run_wattle("actor", "show", pid, "--control", edge->socket, NULL), WTL__END_NO,
               "has ended, or never was");
}

Test(scenario_control, U05_a_node_that_went_down_is_unreachable)
{
    struct place *edge = start("edge-1", "edge", NULL);
    struct place *cloud = start("cloud-1", "cloud", edge);
    wait_up(edge, "cloud-1");
    close_place(cloud);
    struct run run = ask_until(edge, "mesh", "nodes", "\"state\":\"down\"");
    run_free(&run);
    expect_run(run_wattle("actor", "ls", "--node", "cloud-1", "--control", edge->socket, NULL),
               WTL__END_UNREACHABLE, "error[E0305]: node cloud-1 is down, as edge-1 sees it");
}

/* An actor that does not return: the node tells so, and goes on. */
static _Atomic(bool) may_return;

static enum wtl_status hang(struct wtl_ctx *x, void *self, const struct wtl_msg *message)
{
    (void)x;
    (void)self;
    (void)message;
    while (!may_return) {
        (void)poll(NULL, 0, 1);
    }
    return WTL_OK;
}

static const struct wtl_actor hanging = {
    .size = sizeof(struct wtl_actor), .name = "hanging", .handle = hang};

Test(scenario_control, T01_a_stuck_actor_does_not_hold_up_the_answer)
{
    struct place *edge = start("edge-1", "edge", NULL);
    struct wtl_runtime *runtime = wtl__node_runtime(edge->node);
    struct wtl_spawn_options options = {.name = "stuck"};
    struct wtl_pid stuck = wtl_runtime_spawn(runtime, &hanging, &options);
    may_return = false;
    cr_assert_eq(wtl_runtime_tell(runtime, stuck, WTL_TAG("go"), NULL), WTL_OK);
    struct run run = ask_until(edge, "actor", "ls", "\"state\":\"busy\"");
    EXPECT_HAS(run.out, "\"name\":\"$node\"");
    run_free(&run);
    expect_run(
        run_wattle("actor", "show", "stuck", "--control", edge->socket, "--timeout", "400ms", NULL),
        WTL__END_TIMEOUT, "error[E0302]");
    expect_run(run_wattle("actor", "kill", "stuck", "--control", edge->socket, NULL), WTL__END_OK,
               "killed");
    may_return = true;
    wtl_runtime_join(runtime, stuck);
}

/* ---- one actor, held and looked into ----------------------------------------------------------
 */

static enum wtl_status count_up(struct wtl_ctx *x, void *self, const struct wtl_msg *message)
{
    uint64_t *count = self;
    (void)x;
    (void)message;
    ++*count;
    return WTL_OK;
}

static void show_count(struct wtl_ctx *x, const void *self, struct wtl_writer *out)
{
    (void)x;
    wtl_put_map(out, 1);
    WTL_PUT_KEY(out, "count");
    wtl_put_u64(out, *(const uint64_t *)self);
}

static enum wtl_status take_count(struct wtl_ctx *x, void *self, const struct wtl_msg *state)
{
    (void)x;
    return wtl_getf(state, "count=%ju", (uint64_t *)self);
}

static const struct wtl_actor counter = {.size = sizeof(struct wtl_actor),
                                         .name = "counter",
                                         .state_size = sizeof(uint64_t),
                                         .handle = count_up,
                                         .show = show_count,
                                         .replace = take_count};

static void tell_counter(struct place *place, struct wtl_pid pid, unsigned times)
{
    for (unsigned i = 0; i < times; i++) {
        cr_assert_eq(wtl_runtime_tell(wtl__node_runtime(place->node), pid, WTL_TAG("up"), NULL),
                     WTL_OK);
    }
}

/* Asks for the state of `counter` until it is that. */
static void expect_count(const struct place *place, unsigned count)
{
    char part[64];
    (void)snprintf(part, sizeof part, "\"state\":{\"count\":%u}", count);
    for (int waited = 0; waited < WAIT_MS; waited += 20) {
        struct run run =
            run_wattle("actor", "state", "counter", "--json", "--control", place->socket, NULL);
        bool is_there = run.end == WTL__END_OK && strstr(run.out, part) != NULL;
        run_free(&run);
        if (is_there) {
            return;
        }
        (void)poll(NULL, 0, 20);
    }
    cr_assert_fail("the count was never %u", count);
}

Test(scenario_control, L18_an_actor_of_a_running_node_is_held_and_changed)
{
    struct place *edge = start("edge-1", "edge", NULL);
    struct wtl_runtime *runtime = wtl__node_runtime(edge->node);
    struct wtl_spawn_options options = {.name = "counter"};
    struct wtl_pid pid = wtl_runtime_spawn(runtime, &counter, &options);
    tell_counter(edge, pid, 3);
    expect_count(edge, 3);
    expect_run(run_wattle("actor", "suspend", "counter", "--control", edge->socket, NULL),
               WTL__END_OK, "suspended <edge-1:");
    tell_counter(edge, pid, 4);
    expect_run(run_wattle("actor", "stats", "counter", "--control", edge->socket, NULL),
               WTL__END_OK, "MAILBOX        4\n");
    expect_run(run_wattle("actor", "state", "counter", "--control", edge->socket, NULL),
               WTL__END_OK, "STATE  {\"count\":3}\n");
    expect_run(run_wattle("actor", "replace", "counter", "{\"count\": 100}", "--control",
                          edge->socket, NULL),
               WTL__END_OK, "replaced the state of <edge-1:");
    expect_run(run_wattle("actor", "replace", "counter", "{\"count\": \"many\"}", "--control",
                          edge->socket, NULL),
               WTL__END_USAGE, "does not take that state: ");
    expect_run(run_wattle("actor", "resume", "counter", "--control", edge->socket, NULL),
               WTL__END_OK, "resumed <edge-1:");
    expect_count(edge, 104);
    expect_run(run_wattle("actor", "suspend", "$node", "--control", edge->socket, NULL),
               WTL__END_DENIED, "error[E0303]");
}

/* ---- the socket
 * ---------------------------------------------------------------------------------- */

static int connect_raw(const char *path)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    (void)snprintf(address.sun_path, sizeof address.sun_path, "%s", path);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    cr_assert(fd >= 0);
    if (connect(fd, (const struct sockaddr *)&address, sizeof address) != 0) {
        (void)close(fd);
        return -1;
    }
    return fd;
}

/* Sends the bytes and reads until the node closes; returns how many bytes came. */
static size_t talk(const char *path, const void *bytes, size_t size, uint8_t *out, size_t room)
{
    int fd = connect_raw(path);
    cr_assert(fd >= 0);
    (void)send(fd, bytes, size, MSG_NOSIGNAL);
    size_t got = 0;
    for (;;) {
        uint8_t more[4096];
        struct pollfd ready = {.fd = fd, .events = POLLIN};
        cr_assert_eq(poll(&ready, 1, WAIT_MS), 1, "the node neither answers nor closes");
        ssize_t now = recv(fd, more, sizeof more, 0);
        if (now <= 0) {
            break;
        }
        for (ssize_t i = 0; i < now && got < room; i++) {
            out[got++] = more[i];
        }
    }
    (void)close(fd);
    return got;
}

static enum wtl_status status_of(const uint8_t *bytes, size_t size)
{
    struct wtl__reply reply;
    cr_assert_gt(size, 4);
    cr_assert_eq(wtl__reply_read(bytes + 4, size - 4, &reply), WTL_OK);
    return reply.status;
}

Test(scenario_control, T10_hostile_bytes_at_the_socket)
{
    struct place *edge = start("edge-1", "edge", NULL);
    uint8_t out[4096];
    static const struct {
        const char *bytes;
        size_t size;
        enum wtl_status status;
    } cases[] = {
        {"\0\0\0\0", 4, WTL_PROTOCOL},         /* nothing */
        {"\xff\xff\xff\xff", 4, WTL_PROTOCOL}, /* 4 GiB */
        {"GET / HTTP/1.1\r\n\r\n", 18, WTL_PROTOCOL},
        {"\0\0\0\1\xc1", 5, WTL_BAD_PAYLOAD},
        {"\0\0\0\5\xdf\xff\xff\xff\xff", 9, WTL_BAD_PAYLOAD},
        {"\0\0\0\1\x80", 5, WTL_INVALID},      /* a question without a verb */
        {"\0\0\0\1\x80more", 9, WTL_PROTOCOL}, /* two questions */
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        size_t size = talk(edge->socket, cases[i].bytes, cases[i].size, out, sizeof out);
        cr_expect_eq(status_of(out, size), cases[i].status, "case %zu: %s", i,
                     wtl_status_word(status_of(out, size)));
    }
    for (int i = 0; i < 200; i++) { /* half a question, and gone */
        int fd = connect_raw(edge->socket);
        if (fd >= 0) {
            (void)send(fd, "\0\0\1", 3, MSG_NOSIGNAL);
            (void)close(fd);
        }
    }
    struct run run = ask_until(edge, "actor", "ls", "$node");
    run_free(&run);
}

Test(scenario_control, T10_connections_are_bounded)
{
    struct place *edge = start("edge-1", "edge", NULL);
    int idle_ones[WTL__CONTROL_CONNECTIONS_MAX];
    uint8_t out[512];
    for (uint32_t i = 0; i < WTL__CONTROL_CONNECTIONS_MAX; i++) {
        do {
            idle_ones[i] = connect_raw(edge->socket);
        } while (idle_ones[i] < 0);
    }
    /* the next one is refused, whatever it says; with a question, the command tells so */
    size_t size = talk(edge->socket, "", 0, out, sizeof out);
    cr_expect_eq(status_of(out, size), WTL_BUSY);
    for (uint32_t i = 0; i < WTL__CONTROL_CONNECTIONS_MAX; i++) {
        (void)close(idle_ones[i]);
    }
    struct run run = ask_until(edge, "actor", "ls", "$node");
    run_free(&run);
}

Test(scenario_control, T10_the_socket_answers_its_user_alone)
{
    struct place *edge = start("edge-1", "edge", NULL);
    struct stat found;
    cr_assert_eq(stat(edge->socket, &found), 0);
    cr_expect_eq(found.st_mode & 0777, 0600);
    if (geteuid() != 0) {
        cr_skip_test("only root can become another user");
    }
    /* even when somebody has opened the file's mode, the kernel's word on the user counts */
    cr_assert_eq(chmod(folder, 0755), 0);
    cr_assert_eq(chmod(edge->socket, 0666), 0);
    pid_t child = fork();
    if (child == 0) {
        uint8_t out[512];
        if (setuid(65534) != 0) {
            _exit(99);
        }
        size_t size = talk(edge->socket, "\0\0\0\1\x80", 5, out, sizeof out);
        _exit((int)status_of(out, size));
    }
    int status = 0;
    cr_assert_eq(waitpid(child, &status, 0), child);
    cr_expect(WIFEXITED(status) && WEXITSTATUS(status) == WTL_DENIED, "status %d", status);
}

Test(scenario_control, U04_a_second_node_at_the_same_socket)
{
    struct place *edge = start("edge-1", "edge", NULL);
    struct wtl__control_socket *control = NULL;
    struct wtl__node *node = NULL;
    struct wtl_error error = {0};
    char bundle[96];
    issue("edge-2", "edge", bundle);
    struct wtl__node_config config = {.bundle = bundle, .workers = 1};
    cr_assert_eq(wtl__node_create(&config, &node, &error), WTL_OK);
    cr_expect_eq(wtl__control_create(node, edge->socket, &control, &error), WTL_EXISTS);
    EXPECT_HAS(error.text, "a node answers at ");
    wtl__control_close(control);
    wtl__node_destroy(node);
    wtl__control_free(control);
    struct run run = ask_until(edge, "actor", "ls", "$node"); /* the first one is not harmed */
    run_free(&run);
}

Test(scenario_control, U04_a_socket_of_a_node_that_is_no_more_is_replaced)
{
    char path[96];
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    (void)snprintf(path, sizeof path, "%s/edge-1.sock", folder);
    (void)snprintf(address.sun_path, sizeof address.sun_path, "%s", path);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    cr_assert_eq(bind(fd, (const struct sockaddr *)&address, sizeof address), 0);
    (void)close(fd);
    cr_assert_eq(access(path, F_OK), 0);
    struct place *edge = start("edge-1", "edge", NULL);
    struct run run = ask_until(edge, "actor", "ls", "$node");
    run_free(&run);
}

Test(scenario_control, U04_questions_while_the_node_stops)
{
    struct place *edge = start("edge-1", "edge", NULL);
    cr_expect_eq(wtl__node_stop(edge->node), WTL_OK);
    struct run run =
        run_wattle("actor", "ls", "--control", edge->socket, "--timeout", "300ms", NULL);
    cr_expect(run.end == WTL__END_UNREACHABLE || run.end == WTL__END_TIMEOUT, "%s", run.err);
    run_free(&run);
    wtl__control_close(edge->control);
    wtl__node_destroy(edge->node);
    wtl__control_free(edge->control);
    *edge = (struct place){0};
}
