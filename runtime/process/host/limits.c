/* limits.c - what the program takes from itself before any code of the module runs. */
#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "process/host/host.h"

/* Descriptors in all; a module that may open files has use for more. */
#define FILES_MAX      64u
#define FILES_MAX_MORE 1024u
/* What is mapped and is no memory: the program, the libraries, the module, the stacks. */
#define ADDRESSES_BESIDES (512u * 1024 * 1024)

static bool limit(__rlimit_resource_t what, uint64_t value)
{
    rlim_t most = value < RLIM_INFINITY ? (rlim_t)value : RLIM_INFINITY;
    const struct rlimit both = {.rlim_cur = most, .rlim_max = most};
    return setrlimit(what, &both) == 0;
}

/* When memory runs out on the machine, this process goes before the node. */
static void offer_to_the_killer(void)
{
    static const char most[] = "1000";
    int file = open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC);
    if (file >= 0) {
        (void)!write(file, most, sizeof most - 1);
        (void)close(file);
    }
}

bool wtl__host_limit(const struct wtl__orders *orders)
{
    bool more = (orders->may & (WTL__MAY_FILES | WTL__MAY_NETWORK)) != 0;
    (void)syscall(SYS_close_range, WTL__CHILD_FDS, ~0u, 0); /* what is inherited by mistake */
    (void)!chdir("/");
    offer_to_the_killer();
    if (prctl(PR_SET_PDEATHSIG, SIGKILL) != 0 || getppid() != (pid_t)orders->parent ||
        prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 || !limit(RLIMIT_CORE, 0) ||
        !limit(RLIMIT_NOFILE, more ? FILES_MAX_MORE : FILES_MAX)) {
        return false;
    }
    /* a sanitizer maps terabytes */
    return WTL_SANITIZED || orders->memory_max == 0 ||
           (limit(RLIMIT_DATA, orders->memory_max) &&
            limit(RLIMIT_AS, orders->memory_max + ADDRESSES_BESIDES));
}
