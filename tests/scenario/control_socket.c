/*
 * control_socket.c - the control socket of a real node: bytes that no command sends, how many may
 * connect, who, and whose the file is: U04, T10.
 */
#include <poll.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "places.h"

TestSuite(scenario_socket, .init = places_open, .fini = places_close, .timeout = 120);

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
        cr_assert_eq(poll(&ready, 1, PLACE_WAIT_MS), 1, "the node neither answers nor closes");
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

Test(scenario_socket, T10_hostile_bytes_at_the_socket)
{
    struct place *edge = place_start("edge-1", "edge", NULL);
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
    struct run run = place_ask_until(edge, "actor", "ls", "$node");
    run_free(&run);
}

Test(scenario_socket, T10_connections_are_bounded)
{
    struct place *edge = place_start("edge-1", "edge", NULL);
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
    struct run run = place_ask_until(edge, "actor", "ls", "$node");
    run_free(&run);
}

Test(scenario_socket, T10_the_socket_answers_its_user_alone)
{
    struct place *edge = place_start("edge-1", "edge", NULL);
    struct stat found;
    cr_assert_eq(stat(edge->socket, &found), 0);
    cr_expect_eq(found.st_mode & 0777, 0600);
    if (geteuid() != 0) {
        cr_skip_test("only root can become another user");
    }
    /* even when somebody has opened the file's mode, the kernel's word on the user counts */
    cr_assert_eq(chmod(places_folder, 0755), 0);
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

Test(scenario_socket, U04_a_second_node_at_the_same_socket)
{
    struct place *edge = place_start("edge-1", "edge", NULL);
    struct wtl__control_socket *control = NULL;
    struct wtl__node *node = NULL;
    struct wtl_error error = {0};
    char bundle[96];
    place_issue("edge-2", "edge", bundle);
    struct wtl__node_config config = {.bundle = bundle, .workers = 1};
    cr_assert_eq(wtl__node_create(&config, &node, &error), WTL_OK);
    cr_expect_eq(wtl__control_create(node, edge->socket, &control, &error), WTL_EXISTS);
    EXPECT_HAS(error.text, "a node answers at ");
    wtl__control_close(control);
    wtl__node_destroy(node);
    wtl__control_free(control);
    struct run run =
        place_ask_until(edge, "actor", "ls", "$node"); /* the first one is not harmed */
    run_free(&run);
}

Test(scenario_socket, U04_a_socket_of_a_node_that_is_no_more_is_replaced)
{
    char path[96];
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    (void)snprintf(path, sizeof path, "%s/edge-1.sock", places_folder);
    (void)snprintf(address.sun_path, sizeof address.sun_path, "%s", path);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    cr_assert_eq(bind(fd, (const struct sockaddr *)&address, sizeof address), 0);
    (void)close(fd);
    cr_assert_eq(access(path, F_OK), 0);
    struct place *edge = place_start("edge-1", "edge", NULL);
    struct run run = place_ask_until(edge, "actor", "ls", "$node");
    run_free(&run);
}

Test(scenario_socket, U04_questions_while_the_node_stops)
{
    struct place *edge = place_start("edge-1", "edge", NULL);
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
