/* child.c - see child.h. */
#include "process/child.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/attr.h"

#define PROGRAM "wattle-module-host"
/* Descriptors that are to become low ones in the child lie above all of those here. */
#define FD_MIN 16

/* ---- the program --------------------------------------------------------------------------- */

static int open_in(const char *folder, size_t size, const char *below)
{
    char path[PATH_MAX];
    int length = snprintf(path, sizeof path, "%.*s%s/%s", (int)size, folder, below, PROGRAM);
    if (length < 0 || (size_t)length >= sizeof path) {
        return -1;
    }
    return open(path, O_RDONLY | O_CLOEXEC);
}

enum wtl_status wtl__child_program(const char *path, int *fd_out, struct wtl_error *error)
{
    char own[PATH_MAX];
    int file = -1;
    if (path != NULL) {
        file = open(path, O_RDONLY | O_CLOEXEC);
        (void)snprintf(own, sizeof own, "%s", path);
    } else {
        ssize_t size = readlink("/proc/self/exe", own, sizeof own - 1);
        own[size > 0 ? size : 0] = '\0';
        const char *slash = strrchr(own, '/');
        size_t folder = slash != NULL ? (size_t)(slash - own) : 0;
        file = open_in(own, folder, "");
        if (file < 0) {
            file = open_in(own, folder, "/../libexec/wattle");
        }
    }
    if (file < 0) {
        return wtl_fail(error, WTL_NOT_FOUND,
                        "there is no program %s (looked for by %.200s): a module in a process of "
                        "its own needs it beside the wattle command or in ../libexec/wattle",
                        PROGRAM, own);
    }
    *fd_out = fcntl(file, F_DUPFD_CLOEXEC, FD_MIN);
    (void)close(file);
    return *fd_out >= 0
               ? WTL_OK
               : wtl_fail(error, WTL_SYSTEM, "%s cannot be opened: %s", PROGRAM, strerror(errno));
}

/* ---- descriptors --------------------------------------------------------------------------- */

static void close_one(int *fd)
{
    if (*fd >= 0) {
        (void)close(*fd);
        *fd = -1;
    }
}

void wtl__child_close(struct wtl__child *child)
{
    close_one(&child->socket);
    close_one(&child->output);
    close_one(&child->far);
    close_one(&child->far_output);
    close_one(&child->board_fd);
    if (child->board != NULL) {
        (void)munmap(child->board, sizeof *child->board);
        child->board = NULL;
    }
}

/* Moves a descriptor above those that the child begins with. */
static bool lift(int *fd)
{
    int high = fcntl(*fd, F_DUPFD_CLOEXEC, FD_MIN);
    (void)close(*fd);
    *fd = high;
    return high >= 0;
}

static bool open_pairs(struct wtl__child *child)
{
    int ends[2];
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0) {
        return false;
    }
    child->socket = ends[0];
    child->far = ends[1];
    if (pipe2(ends, O_CLOEXEC) != 0) {
        return false;
    }
    child->output = ends[0];
    child->far_output = ends[1];
    return lift(&child->far) && lift(&child->far_output) &&
           fcntl(child->socket, F_SETFL, O_NONBLOCK) == 0 &&
           fcntl(child->output, F_SETFL, O_NONBLOCK) == 0;
}

static bool open_board(struct wtl__child *child)
{
    child->board_fd = memfd_create("wattle-board", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    if (child->board_fd < 0 || !lift(&child->board_fd) ||
        ftruncate(child->board_fd, (off_t)sizeof *child->board) != 0 ||
        fcntl(child->board_fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL) != 0) {
        return false;
    }
    void *memory =
        mmap(NULL, sizeof *child->board, PROT_READ | PROT_WRITE, MAP_SHARED, child->board_fd, 0);
    child->board = memory != MAP_FAILED ? memory : NULL;
    return child->board != NULL;
}

enum wtl_status wtl__child_open(struct wtl__child *child, struct wtl_error *error)
{
    *child = (struct wtl__child){
        .socket = -1, .output = -1, .far = -1, .far_output = -1, .board_fd = -1};
    if (!open_pairs(child) || !open_board(child)) {
        int failed = errno;
        wtl__child_close(child);
        return wtl_fail(error, WTL_SYSTEM, "cannot make the sockets of a module's process: %s",
                        strerror(failed));
    }
    return WTL_OK;
}

/* ---- starting ------------------------------------------------------------------------------ */

/* The loader takes no part of the node's environment; a sanitizer reads its options from it. */
static char **environment(void)
{
    static char *const nothing[] = {NULL};
    extern char **environ;
    return WTL_SANITIZED ? environ : (char **)(uintptr_t)nothing;
}

static int add_actions(posix_spawn_file_actions_t *actions, const struct wtl__child *child,
                       const struct wtl__child_config *config)
{
    int failed = posix_spawn_file_actions_addopen(actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    const int moves[][2] = {{child->far_output, STDOUT_FILENO},
                            {child->far_output, STDERR_FILENO},
                            {child->far, WTL__CHILD_SOCKET},
                            {child->board_fd, WTL__CHILD_BOARD},
                            {config->image, WTL__CHILD_IMAGE}};
    for (size_t i = 0; i < WTL_COUNT(moves) && failed == 0; i++) {
        failed = posix_spawn_file_actions_adddup2(actions, moves[i][0], moves[i][1]);
    }
    return failed;
}

static int set_attributes(posix_spawnattr_t *attributes)
{
    sigset_t none;
    sigset_t all;
    (void)sigemptyset(&none);
    (void)sigfillset(&all);
    (void)posix_spawnattr_setsigmask(attributes, &none);
    (void)posix_spawnattr_setsigdefault(attributes, &all);
    (void)posix_spawnattr_setpgroup(attributes, 0);
    return posix_spawnattr_setflags(attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF |
                                                    POSIX_SPAWN_SETPGROUP);
}

static int spawn(struct wtl__child *child, const struct wtl__child_config *config)
{
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    char path[40];
    char name[] = PROGRAM;
    char *const arguments[] = {name, NULL};
    (void)snprintf(path, sizeof path, "/proc/self/fd/%d", config->program);
    int failed = posix_spawn_file_actions_init(&actions);
    if (failed != 0) {
        return failed;
    }
    failed = posix_spawnattr_init(&attributes);
    if (failed == 0) {
        failed = add_actions(&actions, child, config);
        failed = failed == 0 ? set_attributes(&attributes) : failed;
        if (failed == 0) {
            failed =
                posix_spawn(&child->pid, path, &actions, &attributes, arguments, environment());
        }
        (void)posix_spawnattr_destroy(&attributes);
    }
    (void)posix_spawn_file_actions_destroy(&actions);
    return failed;
}

enum wtl_status wtl__child_start(struct wtl__child *child, const struct wtl__child_config *config,
                                 struct wtl_error *error)
{
    child->board->orders = config->orders;
    child->board->orders.parent = (int32_t)getpid();
    int failed = spawn(child, config);
    close_one(&child->far);
    close_one(&child->far_output);
    close_one(&child->board_fd);
    if (failed != 0) {
        child->pid = 0;
        return wtl_fail(error, WTL_SYSTEM, "%s cannot be started: %s", PROGRAM, strerror(failed));
    }
    return WTL_OK;
}

/* ---- the end ------------------------------------------------------------------------------- */

void wtl__child_kill(const struct wtl__child *child)
{
    if (child->pid > 0) {
        (void)kill(child->pid, SIGKILL);
    }
}

void wtl__child_interrupt(const struct wtl__child *child)
{
    if (child->pid > 0) {
        (void)kill(child->pid, SIGABRT);
    }
}

bool wtl__child_reap(struct wtl__child *child, bool wait, int *status_out)
{
    pid_t got = 0;
    if (child->pid == 0) {
        return false;
    }
    do {
        got = waitpid(child->pid, status_out, wait ? 0 : WNOHANG);
    } while (got < 0 && errno == EINTR);
    if (got == 0) {
        return false;
    }
    if (got < 0) { /* somebody else has reaped it, and knows how it has ended */
        *status_out = 0;
    }
    child->pid = 0;
    return true;
}

struct wtl_reason wtl__child_reason(int status, const struct wtl__notes *notes)
{
    char word[WTL_TAG_MAX + 1] = "unknown";
    if (WIFEXITED(status)) {
        (void)snprintf(word, sizeof word, "exit_%d", WEXITSTATUS(status));
    } else if (WIFSIGNALED(status)) {
        int signal = WTERMSIG(status);
        const char *name = sigabbrev_np(signal);
        bool fault = signal == SIGSEGV || signal == SIGABRT || signal == SIGBUS;
        if (fault && notes->refused > 0) {
            (void)snprintf(word, sizeof word, "memory");
        } else if (signal == SIGSEGV && notes->overflow) {
            (void)snprintf(word, sizeof word, "stack_overflow");
        } else {
            (void)snprintf(word, sizeof word, "sig%s", name != NULL ? name : "nal");
        }
        for (char *c = word; *c != '\0'; c++) {
            *c = *c >= 'A' && *c <= 'Z' ? (char)(*c - 'A' + 'a') : *c;
        }
    }
    return (struct wtl_reason){.class_ = WTL_EXIT_FAULT, .word = wtl_tag_make(word, strlen(word))};
}
