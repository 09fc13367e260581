/*
 * filter.c - which system calls there are. What is not in a list fails with EPERM: a module that
 * asks for it can say so, and one that goes on without looking has got nothing.
 *
 * The first filter stands before the module is loaded: it may read files and map code, because the
 * loader does, and no more. The second one takes that away. Filters add up, they are inherited by
 * every thread, and nothing takes them back.
 */
#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "process/host/host.h"

#if WTL_SANITIZED

/* A sanitizer opens files, maps code and traces the process: it is not fenced in. */
bool wtl__host_filter_loading(const struct wtl__orders *orders)
{
    (void)orders;
    return true;
}

bool wtl__host_filter_running(const struct wtl__orders *orders)
{
    (void)orders;
    return true;
}

#else

#include <seccomp.h>

/* Computing, the one socket, time, threads that there are already, and ending. */
static const int computing[] = {
    SCMP_SYS(read),
    SCMP_SYS(readv),
    SCMP_SYS(pread64),
    SCMP_SYS(write),
    SCMP_SYS(writev),
    SCMP_SYS(recv),
    SCMP_SYS(recvfrom),
    SCMP_SYS(recvmsg),
    SCMP_SYS(send),
    SCMP_SYS(sendto),
    SCMP_SYS(sendmsg),
    SCMP_SYS(shutdown),
    SCMP_SYS(close),
    SCMP_SYS(fstat),
    SCMP_SYS(fstat64),
    SCMP_SYS(newfstatat),
    SCMP_SYS(lseek),
    SCMP_SYS(_llseek),
    SCMP_SYS(poll),
    SCMP_SYS(ppoll),
    SCMP_SYS(ppoll_time64),
    SCMP_SYS(brk),
    SCMP_SYS(munmap),
    SCMP_SYS(mremap),
    SCMP_SYS(madvise),
    SCMP_SYS(futex),
    SCMP_SYS(futex_time64),
    SCMP_SYS(set_robust_list),
    SCMP_SYS(rseq),
    SCMP_SYS(membarrier),
    SCMP_SYS(sched_yield),
    SCMP_SYS(sched_getaffinity),
    SCMP_SYS(clock_gettime),
    SCMP_SYS(clock_gettime64),
    SCMP_SYS(clock_getres),
    SCMP_SYS(clock_nanosleep),
    SCMP_SYS(clock_nanosleep_time64),
    SCMP_SYS(nanosleep),
    SCMP_SYS(gettimeofday),
    SCMP_SYS(time),
    SCMP_SYS(getrandom),
    SCMP_SYS(getpid),
    SCMP_SYS(gettid),
    SCMP_SYS(getcpu),
    SCMP_SYS(getrusage),
    SCMP_SYS(sysinfo),
    SCMP_SYS(uname),
    SCMP_SYS(rt_sigreturn),
    SCMP_SYS(sigreturn),
    SCMP_SYS(rt_sigprocmask),
    SCMP_SYS(restart_syscall),
    SCMP_SYS(exit),
    SCMP_SYS(exit_group),
};

/* Files and devices. */
static const int files[] = {
    SCMP_SYS(open),      SCMP_SYS(openat),     SCMP_SYS(creat),      SCMP_SYS(stat),
    SCMP_SYS(lstat),     SCMP_SYS(stat64),     SCMP_SYS(lstat64),    SCMP_SYS(fstatat64),
    SCMP_SYS(statx),     SCMP_SYS(statfs),     SCMP_SYS(fstatfs),    SCMP_SYS(access),
    SCMP_SYS(faccessat), SCMP_SYS(faccessat2), SCMP_SYS(readlink),   SCMP_SYS(readlinkat),
    SCMP_SYS(getdents),  SCMP_SYS(getdents64), SCMP_SYS(getcwd),     SCMP_SYS(mkdir),
    SCMP_SYS(mkdirat),   SCMP_SYS(rmdir),      SCMP_SYS(unlink),     SCMP_SYS(unlinkat),
    SCMP_SYS(rename),    SCMP_SYS(renameat),   SCMP_SYS(renameat2),  SCMP_SYS(link),
    SCMP_SYS(linkat),    SCMP_SYS(symlink),    SCMP_SYS(symlinkat),  SCMP_SYS(chmod),
    SCMP_SYS(fchmod),    SCMP_SYS(fchmodat),   SCMP_SYS(umask),      SCMP_SYS(utimensat),
    SCMP_SYS(truncate),  SCMP_SYS(ftruncate),  SCMP_SYS(truncate64), SCMP_SYS(ftruncate64),
    SCMP_SYS(fallocate), SCMP_SYS(fsync),      SCMP_SYS(fdatasync),  SCMP_SYS(sync_file_range),
    SCMP_SYS(fadvise64), SCMP_SYS(flock),      SCMP_SYS(fcntl),      SCMP_SYS(fcntl64),
    SCMP_SYS(ioctl),     SCMP_SYS(dup),        SCMP_SYS(dup2),       SCMP_SYS(dup3),
    SCMP_SYS(pipe),      SCMP_SYS(pipe2),      SCMP_SYS(eventfd2),   SCMP_SYS(timerfd_create),
    SCMP_SYS(pwrite64),  SCMP_SYS(preadv),     SCMP_SYS(pwritev),    SCMP_SYS(timerfd_settime),
    SCMP_SYS(msync),     SCMP_SYS(getuid),     SCMP_SYS(geteuid),    SCMP_SYS(getgid),
    SCMP_SYS(getegid),   SCMP_SYS(select),     SCMP_SYS(pselect6),   SCMP_SYS(geteuid32),
};

static const int network[] = {
    SCMP_SYS(socket),        SCMP_SYS(connect),    SCMP_SYS(bind),        SCMP_SYS(listen),
    SCMP_SYS(accept),        SCMP_SYS(accept4),    SCMP_SYS(getsockname), SCMP_SYS(getpeername),
    SCMP_SYS(getsockopt),    SCMP_SYS(setsockopt), SCMP_SYS(sendmmsg),    SCMP_SYS(recvmmsg),
    SCMP_SYS(epoll_create1), SCMP_SYS(epoll_ctl),  SCMP_SYS(epoll_wait),  SCMP_SYS(epoll_pwait),
};

/* What the loader calls, besides; openat for reading alone. */
static const int loading[] = {
    SCMP_SYS(stat),        SCMP_SYS(lstat),        SCMP_SYS(stat64),    SCMP_SYS(fstatat64),
    SCMP_SYS(statx),       SCMP_SYS(access),       SCMP_SYS(faccessat), SCMP_SYS(readlink),
    SCMP_SYS(readlinkat),  SCMP_SYS(getcwd),       SCMP_SYS(mprotect),  SCMP_SYS(mmap),
    SCMP_SYS(mmap2),       SCMP_SYS(rt_sigaction), SCMP_SYS(seccomp),   SCMP_SYS(prctl),
    SCMP_SYS(sigaltstack),
};

static bool allow(scmp_filter_ctx filter, const int *calls, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (seccomp_rule_add(filter, SCMP_ACT_ALLOW, calls[i], 0) != 0) {
            return false;
        }
    }
    return true;
}

/* A signal to oneself is a way to end: abort() and raise() are that. */
static bool allow_own_signals(scmp_filter_ctx filter)
{
    const struct scmp_arg_cmp own = SCMP_A0(SCMP_CMP_EQ, (scmp_datum_t)getpid());
    return seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(kill), 1, own) == 0 &&
           seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(tgkill), 1, own) == 0;
}

/* Memory that is no code. */
static bool allow_memory(scmp_filter_ctx filter)
{
    const struct scmp_arg_cmp no_code = SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0);
    return seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(mmap), 1, no_code) == 0 &&
           seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(mmap2), 1, no_code) == 0 &&
           seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(mprotect), 1, no_code) == 0;
}

static bool allow_reading(scmp_filter_ctx filter)
{
    const struct scmp_arg_cmp at =
        SCMP_A2(SCMP_CMP_MASKED_EQ, O_ACCMODE | O_CREAT | O_TRUNC, O_RDONLY);
    const struct scmp_arg_cmp old =
        SCMP_A1(SCMP_CMP_MASKED_EQ, O_ACCMODE | O_CREAT | O_TRUNC, O_RDONLY);
    return seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(openat), 1, at) == 0 &&
           seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(open), 1, old) == 0;
}

#define ALLOW(filter, list) allow((filter), (list), sizeof(list) / sizeof((list)[0]))

static bool allow_orders(scmp_filter_ctx filter, const struct wtl__orders *orders)
{
    bool net = (orders->may & WTL__MAY_NETWORK) != 0;
    /* names of hosts are looked up in files */
    return (((orders->may & WTL__MAY_FILES) == 0 && !net) || ALLOW(filter, files)) &&
           (!net || ALLOW(filter, network));
}

static bool load(scmp_filter_ctx filter, bool good)
{
    good = good && seccomp_attr_set(filter, SCMP_FLTATR_CTL_TSYNC, 1) == 0 &&
           seccomp_load(filter) == 0;
    seccomp_release(filter);
    return good;
}

bool wtl__host_filter_loading(const struct wtl__orders *orders)
{
    scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ERRNO(EPERM));
    if (filter == NULL) {
        return false;
    }
    bool good = ALLOW(filter, computing) && ALLOW(filter, loading) && allow_own_signals(filter) &&
                allow_orders(filter, orders);
    if (good && (orders->may & (WTL__MAY_FILES | WTL__MAY_NETWORK)) == 0) {
        good = allow_reading(filter);
    }
    return load(filter, good);
}

bool wtl__host_filter_running(const struct wtl__orders *orders)
{
    scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ERRNO(EPERM));
    if (filter == NULL) {
        return false;
    }
    return load(filter, ALLOW(filter, computing) && allow_memory(filter) &&
                            allow_own_signals(filter) && allow_orders(filter, orders));
}

#endif
