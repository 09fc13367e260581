/* guest.c - actors that break whatever they are told to break, and say what they may do, in a
 * process of their own. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <wattle/module.h>
#include <wattle/table.h>
#include <wattle/wattle.h>

#include "module/so/breakage.h"

struct victim {
    const struct victim_settings *settings;
    uint64_t handled;
};

static const struct wtl_field victim_fields[] = {
    WTL_FIELD(struct victim_settings, in_init, I64, "0", NULL, "Faults in its init."),
    WTL_FIELD(struct victim_settings, in_stop, BOOL, "false", NULL, "Unused here."),
    WTL_FIELD(struct victim_settings, word, STR, "none", NULL, "What it says when asked."),
    WTL_FIELD(struct victim_settings, name, STR, "", NULL, "A name that it registers."),
    {0},
};

/* Every descriptor that can be had; why there are no more. */
static int leak(void)
{
    while (memfd_create("leak", 0) >= 0 || open("/dev/null", O_RDONLY) >= 0) {
    }
    while (dup(0) >= 0) {
    }
    return errno;
}

static void garbage(void)
{
    char junk[4096];
    memset(junk, 0xa5, sizeof junk);
    while (write(3, junk, sizeof junk) > 0) {
    }
    endless();
}

/* A frame whose head is right and says that 4 GB follow. */
static void large_claim(void)
{
    static const unsigned char head[16] = {0xff, 0xff, 0xff, 0xff, 52, 0, 0, 0, 1};
    (void)!write(3, head, sizeof head);
    endless();
}

/* A question to a table, as the actor of that number, whose body is no question. */
static void bad_question(uint64_t local)
{
    unsigned char frame[128] = {0};
    struct wtl_writer writer = wtl_writer_over(frame + 16, sizeof frame - 16);
    for (unsigned i = 0; i < 4; i++) { /* a node, the actor, the number, the verb */
        wtl_put_u64(&writer, i == 1 ? local : 1);
    }
    frame[0] = (unsigned char)wtl_written(&writer);
    frame[4] = 37;
    (void)!write(3, frame, 16 + wtl_written(&writer));
}

/* An answer, as that actor, to who looked into it. */
static void bad_answer(struct wtl_pid self, uint64_t request)
{
    unsigned char frame[128] = {0};
    struct wtl_writer writer = wtl_writer_over(frame + 16, sizeof frame - 16);
    wtl_put_u64(&writer, self.node);
    wtl_put_u64(&writer, self.local);
    wtl_put_u64(&writer, request);
    wtl_put_u64(&writer, 0);
    wtl_put_u64(&writer, 0);
    wtl_put_u64(&writer, 1);
    frame[0] = (unsigned char)wtl_written(&writer);
    frame[4] = 38;
    (void)!write(3, frame, 16 + wtl_written(&writer));
}

/* What a traced actor handles, and nobody traces it: of a kind that there is, or not. */
static void bad_handling(uint64_t local, uint64_t kind)
{
    unsigned char frame[128] = {0};
    struct wtl_writer writer = wtl_writer_over(frame + 16, sizeof frame - 16);
    for (unsigned i = 0; i < 6; i++) { /* from whom, the tag, the request, the size */
        wtl_put_u64(&writer, 0);
    }
    wtl_put_u64(&writer, kind << 16);
    frame[0] = (unsigned char)wtl_written(&writer);
    frame[4] = 83;
    memcpy(frame + 8, &local, sizeof local);
    (void)!write(3, frame, 16 + wtl_written(&writer));
}

/* Whole questions who has a name. */
static size_t put_questions(unsigned char *bytes, size_t size)
{
    size_t used = 0;
    while (size - used >= 32) {
        unsigned char *frame = bytes + used;
        struct wtl_writer writer = wtl_writer_over(frame + 16, 16);
        memset(frame, 0, 16);
        wtl_put_u64(&writer, 1);
        wtl_put_strz(&writer, "none");
        frame[0] = (unsigned char)wtl_written(&writer);
        frame[4] = 36;
        used += 16 + wtl_written(&writer);
    }
    return used;
}

/* Asks on and on, and reads nothing. */
static void ask_on(void)
{
    static unsigned char many[65536];
    size_t size = put_questions(many, sizeof many);
    for (size_t at = 0;; at %= size) {
        ssize_t sent = write(3, many + at, size - at);
        at += sent > 0 ? (size_t)sent : 0;
    }
}

/* Says that it cannot be loaded, in a piece of its own, with more before and behind it; and is
 * gone. */
static void fail_and_exit(void)
{
    static unsigned char many[98304];
    static const unsigned char failed[17] = {1, 0, 0, 0, 33};
    const int fd = 3;
    struct iovec piece = {.iov_base = (void *)(uintptr_t)failed, .iov_len = sizeof failed};
    union {
        struct cmsghdr head;
        char bytes[CMSG_SPACE(sizeof(int))];
    } rights = {.bytes = {0}};
    rights.head = (struct cmsghdr){
        .cmsg_len = CMSG_LEN(sizeof fd), .cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS};
    memcpy(CMSG_DATA(&rights.head), &fd, sizeof fd);
    const struct msghdr message = {.msg_iov = &piece,
                                   .msg_iovlen = 1,
                                   .msg_control = &rights,
                                   .msg_controllen = sizeof rights};
    size_t size = put_questions(many, sizeof many);
    (void)!write(3, many, size);
    (void)!sendmsg(3, &message, 0); /* what comes with a descriptor is read alone */
    (void)!write(3, many, size / 2);
    _exit(0);
}

static void block(void)
{
    char byte;
    (void)!read(3, &byte, 0);
    (void)poll(NULL, 0, -1);
}

/* Is at nothing else until that many milliseconds have come. */
static void nap(struct wtl_ctx *x, const struct wtl_msg *message)
{
    struct wtl_reader reader = wtl_read(message);
    uint64_t until_ms = wtl_get_u64(&reader);
    while (wtl_now_ns(x) / 1000000 < until_ms) {
        (void)poll(NULL, 0, 1);
    }
}

/* Breaks what only a process of its own has, in the way of the tag. */
static void perish(struct wtl_ctx *x, const struct wtl_msg *message)
{
    if (wtl_is(message, "question")) {
        bad_question(wtl_self(x).local);
        endless();
    } else if (wtl_is(message, "answer")) {
        bad_answer(wtl_self(x), 1);
        endless();
    } else if (wtl_is(message, "handling")) {
        bad_handling(wtl_self(x).local, 7);
        endless();
    } else if (wtl_is(message, "block")) {
        block();
    } else if (wtl_is(message, "hog")) {
        hog(1 << 20);
    } else if (wtl_is(message, "close")) {
        (void)close(3);
        endless();
    } else if (wtl_is(message, "garbage")) {
        garbage();
    } else if (wtl_is(message, "ask_on")) {
        ask_on();
    } else if (wtl_is(message, "fail")) {
        fail_and_exit();
    } else if (wtl_is(message, "claim")) {
        large_claim();
    }
}

static void *nothing(void *argument)
{
    return argument;
}

static int try_thread(void)
{
    pthread_t thread;
    int failed = pthread_create(&thread, NULL, nothing, NULL);
    if (failed == 0) {
        (void)pthread_join(thread, NULL);
    }
    return failed;
}

static int try_fork(void)
{
    pid_t child = fork();
    if (child == 0) {
        _exit(0);
    }
    if (child > 0) {
        (void)waitpid(child, NULL, 0);
    }
    return child < 0 ? errno : 0;
}

static int try_open(const char *path, int flags)
{
    int file = open(path, flags, 0600);
    int failed = errno;
    if (file >= 0) {
        (void)close(file);
    }
    return file < 0 ? failed : 0;
}

static int try_socket(int family, int type)
{
    int fd = socket(family, type, 0);
    int failed = errno;
    if (fd >= 0) {
        (void)close(fd);
    }
    return fd < 0 ? failed : 0;
}

/* The errno of what was tried, 0 when it went well. */
static int attempt(const struct wtl_msg *message)
{
    static char *const nobody[] = {NULL};
    if (wtl_is(message, "try_open")) {
        return try_open("/etc/hostname", O_RDONLY);
    } else if (wtl_is(message, "try_write")) {
        return try_open("/tmp/wattle-guest", O_RDWR | O_CREAT);
    } else if (wtl_is(message, "try_inet")) {
        return try_socket(AF_INET, SOCK_STREAM);
    } else if (wtl_is(message, "try_unix")) {
        return try_socket(AF_UNIX, SOCK_DGRAM);
    } else if (wtl_is(message, "try_exec")) {
        return execve("/bin/true", nobody, nobody) < 0 ? errno : 0;
    } else if (wtl_is(message, "try_fork")) {
        return try_fork();
    } else if (wtl_is(message, "try_thread")) {
        return try_thread();
    } else if (wtl_is(message, "try_ptrace")) {
        return ptrace(PTRACE_TRACEME, 0, NULL, NULL) < 0 ? errno : 0;
    } else if (wtl_is(message, "try_kill")) {
        return kill(getppid(), SIGTERM) < 0 ? errno : 0;
    } else if (wtl_is(message, "try_signal")) {
        return signal(SIGTERM, SIG_IGN) == SIG_ERR ? errno : 0;
    } else if (wtl_is(message, "try_code")) {
        void *code = mmap(NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC,
                          MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        return code == MAP_FAILED ? errno : 0;
    } else if (wtl_is(message, "try_leak")) {
        return leak();
    }
    return -1;
}

static enum wtl_status victim_init(struct wtl_ctx *x, void *self, const void *settings,
                                   const struct wtl_msg *args)
{
    struct victim *victim = self;
    (void)args;
    victim->settings = settings;
    if (victim->settings->name[0] != '\0') {
        wtl_register(x, victim->settings->name, WTL_LOCAL, NULL);
    }
    switch (victim->settings->in_init) {
    case 1:
        fault();
        break;
    case 2:
        exit(0);
    case 3:
        endless();
        break;
    default:
        break;
    }
    return WTL_OK;
}

static enum wtl_status victim_handle(struct wtl_ctx *x, void *self, const struct wtl_msg *message)
{
    struct victim *victim = self;
    victim->handled++;
    if (wtl_is(message, "ping")) {
        wtl_replyf(x, message, "%lu", (unsigned long)victim->handled);
        return WTL_OK;
    }
    if (wtl_is(message, "process")) {
        wtl_replyf(x, message, "%u", (unsigned)getpid());
        return WTL_OK;
    }
    if (wtl_is(message, "nap")) {
        nap(x, message);
        return WTL_OK;
    }
    if (wtl_is(message, "word")) {
        wtl_replyf(x, message, "%zu", strlen(victim->settings->word));
        return WTL_OK;
    }
    if (wtl_is(message, "print")) {
        (void)printf("a line of output\nand");
        (void)fflush(stdout);
        (void)fprintf(stderr, " one of errors\n");
        return WTL_OK;
    }
    if (wtl_is(message, "forge")) { /* in the name of whoever has asked */
        bad_question(message->from.local);
        wtl_replyf(x, message, "%d", wtl_table_find(x, "none").id == 0);
        return WTL_OK;
    }
    if (wtl_is(message, "harmless")) { /* for one that is not here; what nobody traces */
        bad_answer((struct wtl_pid){.node = wtl_self(x).node, .local = message->from.local}, 1);
        bad_handling(wtl_self(x).local, 1);
        wtl_replyf(x, message, "%d", 1);
        return WTL_OK;
    }
    if (wtl_is(message, "stop")) {
        return WTL_STOP;
    }
    int tried = attempt(message);
    if (tried >= 0) {
        wtl_replyf(x, message, "%u", (unsigned)tried);
        return WTL_OK;
    }
    perish(x, message);
    return breakage(x, message);
}

static WTL_ACTOR(victim, struct victim, .fields = victim_fields,
                 .settings_size = sizeof(struct victim_settings), .init = victim_init,
                 .handle = victim_handle);

WTL_MODULE("guest", "0.1.0", "Breaks on demand.", &victim);
