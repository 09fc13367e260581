/*
 * system_calls.c - X079: each call to the system in turn is interrupted, does only a part, has to
 * be tried again, or fails, where the runtime and the node read and write by themselves: the count
 * of incarnations, the image of a module, a line of the log, a question to a node. (Sockets between
 * nodes are libuv's.)
 *
 * What is interrupted, short, or not ready is made good, and nobody sees it. What fails is told, or
 * done without, as the call says; no descriptor is left, and a file has its old or its new bytes.
 */
#include <criterion/criterion.h>

#include <dirent.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/attr.h"
#include "base/log.h"
#include "cli/client.h"
#include "module/image.h"
#include "node/incarnation.h"
#include "wrap_system.h"

enum { CALLS_MAX = 2000, IMAGE_BYTES = 300000, REPLY_BYTES = 5000 };

static const enum wrap_fault mild[] = {WRAP_INTERRUPTED, WRAP_AGAIN, WRAP_SHORT};

static char folder[256];

static void no_line(void *state, const char *line, size_t length)
{
    (void)state;
    (void)line;
    (void)length;
}

static void make_folder(void)
{
    const char *base = getenv("TMPDIR");
    (void)snprintf(folder, sizeof folder, "%s/wtl-calls-XXXXXX", base != NULL ? base : "/tmp");
    cr_assert_not_null(mkdtemp(folder));
    wtl__log_set_sink(wtl__log_process(), no_line, NULL);
}

static void remove_folder(void)
{
    DIR *open = opendir(folder);
    const struct dirent *entry;
    while (open != NULL && (entry = readdir(open)) != NULL) {
        char path[600];
        (void)snprintf(path, sizeof path, "%s/%s", folder, entry->d_name);
        (void)unlink(path);
    }
    (void)closedir(open);
    (void)rmdir(folder);
}

TestSuite(system_calls, .init = make_folder, .fini = remove_folder);

static unsigned count_fds(void)
{
    unsigned count = 0;
    DIR *open = opendir("/proc/self/fd");
    while (readdir(open) != NULL) {
        count++;
    }
    (void)closedir(open);
    return count;
}

/* ---- incarnations ---------------------------------------------------------------------------- */

static uint32_t incarnate(bool *is_random_out)
{
    struct wtl__incarnation incarnation;
    struct wtl_error error = {0};
    enum wtl_status status = wtl__incarnation_init(&incarnation, folder, &error);
    cr_assert_eq(status, WTL_OK, "%s", error.text);
    *is_random_out = incarnation.is_random;
    wtl__incarnation_deinit(&incarnation);
    return incarnation.number;
}

Test(system_calls, X079_incarnations_are_counted)
{
    bool is_random;
    uint32_t last = incarnate(&is_random);
    for (size_t i = 0; i < WTL_COUNT(mild); i++) {
        uint64_t calls = 1;
        for (uint64_t n = 1; n <= calls; n++) {
            wrap_system_at(n, mild[i]);
            uint32_t number = incarnate(&is_random);
            calls = wrap_system_stop();
            cr_assert_not(is_random, "call %zu, fault %d", n, mild[i]);
            cr_assert_eq(number, last + 1, "call %zu, fault %d: %u after %u", n, mild[i], number,
                         last);
            last = number;
        }
        cr_assert_gt(calls, 3);
    }
}

Test(system_calls, X079_an_incarnation_that_cannot_be_written_is_random)
{
    bool is_random;
    uint32_t last = incarnate(&is_random);
    unsigned fds = count_fds();
    uint64_t calls = 1;
    for (uint64_t n = 1; n <= calls; n++) {
        wrap_system_at(n, WRAP_FAILS);
        (void)incarnate(&is_random);
        calls = wrap_system_stop();
        cr_assert(is_random, "call %zu", n);
        cr_assert_eq(count_fds(), fds, "call %zu", n);
        uint32_t next = incarnate(&is_random);
        cr_assert_not(is_random);
        cr_assert(next == last + 1 || next == last + 2, "call %zu: %u after %u", n, next, last);
        last = next;
    }
}

/* ---- the image of a module ------------------------------------------------------------------- */

static uint8_t image_byte(size_t at)
{
    return (uint8_t)(at * 7 + at / 1000);
}

static void write_image(char path[400])
{
    (void)snprintf(path, 400, "%s/image", folder);
    FILE *file = fopen(path, "we");
    for (size_t i = 0; i < IMAGE_BYTES; i++) {
        (void)fputc(image_byte(i), file);
    }
    cr_assert_eq(fclose(file), 0);
}

static enum wtl_status read_image(const char *path)
{
    static struct wtl__image image;
    struct wtl_error error = {0};
    enum wtl_status status = wtl__image_open(path, &image, &error);
    if (status != WTL_OK) {
        cr_assert_gt(strlen(error.text), 0);
        return status;
    }
    cr_assert_eq(image.size, IMAGE_BYTES);
    for (size_t i = 0; i < IMAGE_BYTES; i++) {
        cr_assert_eq(image.bytes[i], image_byte(i), "byte %zu", i);
    }
    wtl__image_close(&image, false);
    return WTL_OK;
}

Test(system_calls, X079_the_image_of_a_module_is_whole_or_refused)
{
    char path[400];
    write_image(path);
    unsigned fds = count_fds();
    for (int fault = WRAP_INTERRUPTED; fault <= WRAP_FAILS; fault++) {
        uint64_t calls = 1;
        for (uint64_t n = 1; n <= calls; n++) {
            wrap_system_at(n, (enum wrap_fault)fault);
            enum wtl_status status = read_image(path);
            calls = wrap_system_stop();
            cr_assert_eq(status, fault == WRAP_FAILS ? WTL_SYSTEM : WTL_OK, "call %zu, fault %d", n,
                         fault);
            cr_assert_eq(count_fds(), fds, "call %zu, fault %d", n, fault);
            calls = fault == WRAP_FAILS && n == 1 ? 10 : calls; /* it ended early */
        }
    }
}

/* ---- the log --------------------------------------------------------------------------------- */

Test(system_calls, X079_a_line_of_the_log_is_whole)
{
    static struct wtl__log log;
    int ends[2];
    wtl__log_init(&log);
    wtl__log_set_rate(&log, 1000);
    for (size_t i = 0; i < WTL_COUNT(mild); i++) {
        char line[512] = "";
        int before = dup(STDERR_FILENO);
        cr_assert_eq(pipe(ends), 0);
        (void)dup2(ends[1], STDERR_FILENO);
        wrap_system_at(1, mild[i]);
        wtl__log(&log, WTL__LOG_INFO, "event", WTL__LOG_TEXT("key", "value"));
        (void)wrap_system_stop();
        (void)dup2(before, STDERR_FILENO);
        (void)close(before);
        (void)close(ends[1]);
        ssize_t size = read(ends[0], line, sizeof line - 1);
        cr_assert_gt(size, 10);
        cr_assert_str_eq(strstr(line, "info"), "info event key=value\n");
        (void)close(ends[0]);
    }
}

/* ---- a question to a node -------------------------------------------------------------------- */

static int listening;

/* Answers each connection with the same bytes. */
static void *server(void *unused)
{
    static uint8_t reply[4 + REPLY_BYTES];
    int fd;
    (void)unused;
    reply[2] = REPLY_BYTES >> 8;
    reply[3] = REPLY_BYTES & 0xff;
    memset(reply + 4, 'x', REPLY_BYTES);
    while ((fd = accept(listening, NULL, NULL)) >= 0) {
        uint8_t head[4];
        uint8_t rest[WTL__CONTROL_REQUEST_MAX];
        if (recv(fd, head, sizeof head, MSG_WAITALL) == (ssize_t)sizeof head &&
            recv(fd, rest, (size_t)head[2] << 8 | head[3], MSG_WAITALL) > 0) {
            (void)send(fd, reply, sizeof reply, MSG_NOSIGNAL);
        }
        (void)close(fd);
    }
    return NULL;
}

static enum wtl_status ask(const char *path)
{
    struct wtl__request request = {.verb = "mesh.nodes", .timeout_ms = 5000};
    struct wtl_error error = {0};
    uint8_t *bytes = NULL;
    size_t size = 0;
    enum wtl_status status = wtl__client_ask(path, &request, 5000, &bytes, &size, &error);
    if (status == WTL_OK) {
        cr_assert_eq(size, REPLY_BYTES);
        for (size_t i = 0; i < size; i++) {
            cr_assert_eq(bytes[i], 'x');
        }
        free(bytes);
    } else {
        cr_assert_gt(strlen(error.text), 0);
    }
    return status;
}

Test(system_calls, X079_a_question_is_asked_and_answered_whole)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    pthread_t thread;
    (void)snprintf(address.sun_path, sizeof address.sun_path, "%.90s/socket", folder);
    listening = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    cr_assert_eq(bind(listening, (struct sockaddr *)&address, sizeof address), 0);
    cr_assert_eq(listen(listening, 8), 0);
    cr_assert_eq(pthread_create(&thread, NULL, server, NULL), 0);
    for (int fault = WRAP_INTERRUPTED; fault <= WRAP_FAILS; fault++) {
        for (uint64_t n = 1; n <= 8; n++) { /* how often it polls is chance */
            wrap_system_at(n, (enum wrap_fault)fault);
            enum wtl_status status = ask(address.sun_path);
            uint64_t calls = wrap_system_stop();
            bool had_fault = calls >= n;
            cr_assert_eq(status, fault == WRAP_FAILS && had_fault ? WTL_SYSTEM : WTL_OK,
                         "call %zu of %zu, fault %d: %s", n, calls, fault, wtl_status_text(status));
        }
    }
    (void)shutdown(listening, SHUT_RDWR);
    (void)pthread_join(thread, NULL);
    (void)close(listening);
}
