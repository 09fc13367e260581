/* hostile.c - who gets in and who does not; and a node that runs out of file descriptors. */
#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "certs/ca.h"
#include "kit.h"

static struct kit kit;

static void setup(void)
{
    kit_init(&kit);
}

static void teardown(void)
{
    kit_deinit(&kit);
}

TestSuite(hostile, .init = setup, .fini = teardown, .timeout = 120);

/* ---- raw sockets ---------------------------------------------------------------------------- */

static struct sockaddr_in where_is(const struct kit_node *node)
{
    struct wtl__address address;
    struct sockaddr_storage storage;
    struct sockaddr_in where;
    socklen_t size;
    cr_assert_eq(wtl__address_parse(wtl__node_address(node->node), false, &address, NULL), WTL_OK);
    cr_assert(wtl__address_is_numeric(&address, &storage, &size));
    memcpy(&where, &storage, sizeof where);
    return where;
}

static int raw_connect(const struct kit_node *node)
{
    struct sockaddr_in where = where_is(node);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    cr_assert_geq(fd, 0);
    cr_assert_eq(connect(fd, (struct sockaddr *)&where, sizeof where), 0);
    return fd;
}

/* Reads until the other side closes. */
static void expect_closed(int fd)
{
    struct timeval patience = {.tv_sec = 20};
    char bytes[512];
    ssize_t got;
    (void)setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    do {
        got = recv(fd, bytes, sizeof bytes, 0);
    } while (got > 0);
    cr_assert(got == 0 || errno == ECONNRESET, "the node did not close: %s", strerror(errno));
    (void)close(fd);
}

struct seen {
    struct kit_node *node;
    uint64_t refused;
    uint64_t silent;
    uint64_t slow;
    uint64_t no_fds;
};

static bool has_counted(void *argument)
{
    struct seen *seen = argument;
    struct wtl__admission_counters count = kit_admission(seen->node);
    return count.refused >= seen->refused && count.silent >= seen->silent &&
           count.slow >= seen->slow && count.no_fds >= seen->no_fds;
}

/* ---- identities ----------------------------------------------------------------------------- */

static struct kit_node *start_with_bundle(const char *bundle, const struct kit_node *join)
{
    const char *joins[] = {wtl__node_address(join->node)};
    struct wtl__node_config config = {
        .bundle = bundle, .listen = "127.0.0.1:0", .joins = joins, .joins_count = 1};
    return kit_start_with(&kit, &config);
}

Test(hostile, X023_another_ca_is_refused)
{
    char path[128];
    struct kit_node *a = kit_start(&kit, "edge-a", WTL_LAYER_EDGE, NULL);
    struct kit_node *b =
        start_with_bundle(kit_issue(&kit, "other-ca", "cloud-b", WTL_LAYER_CLOUD, path), a);
    kit_wait_for("the handshake is refused", has_counted, &(struct seen){.node = a, .refused = 1});
    cr_assert_not(kit_knows(a, "cloud-b"));
    cr_assert_not(kit_knows(b, "edge-a"));
    cr_assert_eq(kit_admission(a).succeeded, 0);
}

Test(hostile, X022_an_expired_certificate_is_refused)
{
    char path[128];
    struct wtl_bundle bundle = {0};
    struct wtl_error error = {0};
    bool clamped;
    char folder[96];
    int64_t then = wtl__loop_wall_s() - 20 * 86400;
    (void)snprintf(folder, sizeof folder, "%s/ca", kit.folder);
    cr_assert_eq(wtl_ca_create(folder, "climate", then, &error), WTL_OK, "%s", error.text);
    struct kit_node *a = kit_start(&kit, "edge-a", WTL_LAYER_EDGE, NULL);
    struct wtl_id_request request = {.name = "cloud-b", .layer = WTL_LAYER_CLOUD, .days = 10};
    cr_assert_eq(wtl_ca_issue(folder, &request, then, &bundle, &clamped, &error), WTL_OK, "%s",
                 error.text);
    (void)snprintf(path, sizeof path, "%s/expired.id", kit.folder);
    cr_assert_eq(wtl_bundle_write(path, &bundle, &error), WTL_OK, "%s", error.text);
    wtl_bundle_deinit(&bundle);
    struct kit_node *b = start_with_bundle(path, a);
    kit_wait_for("the handshake is refused", has_counted, &(struct seen){.node = a, .refused = 1});
    cr_assert_not(kit_knows(a, "cloud-b"));
    cr_assert_not(kit_knows(b, "edge-a"));
}

Test(hostile, X035_a_bundle_that_others_can_read_is_refused)
{
    char path[128];
    struct wtl__node *node = NULL;
    struct wtl_error error = {0};
    struct wtl__node_config config = {.bundle =
                                          kit_issue(&kit, "ca", "edge-a", WTL_LAYER_EDGE, path)};
    cr_assert_eq(chmod(path, 0644), 0);
    cr_assert_eq(wtl__node_create(&config, &node, &error), WTL_CONFIG);
    cr_assert_null(node);
    cr_assert_not_null(strstr(error.text, "chmod 600"), "%s", error.text);
    cr_assert_not_null(strstr(error.text, "start node: read identity"), "%s", error.text);
}

/* ---- bytes ---------------------------------------------------------------------------------- */

Test(hostile, X031_what_is_no_tls_is_closed)
{
    static const char http[] = "GET / HTTP/1.1\r\nHost: edge-a\r\n\r\n";
    struct kit_node *a = kit_start(&kit, "edge-a", WTL_LAYER_EDGE, NULL);
    int fd = raw_connect(a);
    cr_assert_eq(send(fd, http, sizeof http - 1, MSG_NOSIGNAL), (ssize_t)sizeof http - 1);
    expect_closed(fd);
    kit_wait_for("it is counted", has_counted, &(struct seen){.node = a, .refused = 1});
}

Test(hostile, X039_silence_is_closed_and_costs_nobody_a_slot)
{
    struct kit_node *a = kit_start(&kit, "edge-a", WTL_LAYER_EDGE, NULL);
    int silent = raw_connect(a);
    int slow = raw_connect(a);
    /* a TLS record's head that promises more than ever comes */
    cr_assert_eq(send(slow, "\x16\x03\x01\x02\x00", 5, MSG_NOSIGNAL), 5);
    expect_closed(silent);
    cr_assert_eq(kit_admission(a).slow, 0, "the slow one has longer than the silent one");
    expect_closed(slow);
    kit_wait_for("both are counted", has_counted,
                 &(struct seen){.node = a, .silent = 1, .slow = 1});
    struct kit_node *b = kit_start(&kit, "cloud-b", WTL_LAYER_CLOUD, a);
    kit_wait_linked(a, b);
}

/* ---- file descriptors ----------------------------------------------------------------------- */

static bool is_taken(void *argument)
{
    return fcntl(*(int *)argument, F_GETFD) >= 0;
}

Test(hostile, X074_a_node_without_file_descriptors_keeps_its_links)
{
    struct kit_node *a = kit_start(&kit, "edge-a", WTL_LAYER_EDGE, NULL);
    struct kit_node *b = kit_start(&kit, "cloud-b", WTL_LAYER_CLOUD, a);
    kit_wait_linked(a, b);
    struct kit_puppet *p = kit_spawn(a);
    struct kit_puppet *q = kit_spawn(b);
    struct sockaddr_in where = where_is(a);
    int outside[4];
    for (unsigned i = 0; i < 4; i++) {
        outside[i] = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        cr_assert_geq(outside[i], 0);
    }
    /* what is open stays open; nothing more can be */
    struct rlimit limit;
    cr_assert_eq(getrlimit(RLIMIT_NOFILE, &limit), 0);
    int last = outside[3];
    struct rlimit none = {.rlim_cur = (rlim_t)last + 1, .rlim_max = limit.rlim_max};
    for (int fd = 0; fd < last; fd++) {
        if (!is_taken(&fd)) {
            cr_assert_geq(fcntl(outside[0], F_DUPFD_CLOEXEC, fd), 0);
        }
    }
    cr_assert_eq(setrlimit(RLIMIT_NOFILE, &none), 0);
    for (unsigned i = 0; i < 3; i++) {
        cr_assert_eq(connect(outside[i], (struct sockaddr *)&where, sizeof where), 0);
    }
    kit_wait_for("the refusals are counted", has_counted, &(struct seen){.node = a, .no_fds = 3});
    uint32_t at = 0;
    kit_call(p, q->pid, "still here");
    cr_assert_eq(kit_next(p, &at, KIT_ANSWER, NULL).status, WTL_OK);
    uint64_t turns = wtl__loop_count(wtl__node_loop(a->node)).turns;
    kit_call(p, q->pid, "still here");
    cr_assert_eq(kit_next(p, &at, KIT_ANSWER, NULL).status, WTL_OK);
    cr_assert_lt(wtl__loop_count(wtl__node_loop(a->node)).turns - turns, 1000, "it spins");
    cr_assert_eq(setrlimit(RLIMIT_NOFILE, &limit), 0);
    struct kit_node *c = kit_start(&kit, "edge-c", WTL_LAYER_EDGE, a);
    kit_wait_linked(a, c);
}
