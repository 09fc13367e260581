/* elf_calls.c - functions of the C library that a module in the node's own process may not call,
 * seen from its imports. See elf_file.h.
 *
 * What they do is done to the whole node: no guard could take it back when the actor ends. The list
 * is a help against accidents; a module that hides its calls is kept out by its signature, or kept
 * in a process of its own. */
#include "base/attr.h"
#include "module/elf_file.h"

struct banned {
    const char *does;
    const char *instead;
    const char *const *names; /* up to a NULL */
};

static const char *const processes[] = {
    "fork",    "vfork",    "_Fork",   "clone",   "forkpty",     "daemon",       "system",
    "popen",   "execl",    "execle",  "execlp",  "execv",       "execve",       "execvp",
    "execvpe", "execveat", "fexecve", "wordexp", "posix_spawn", "posix_spawnp", NULL};
static const char *const threads[] = {"pthread_create", "thrd_create", "pthread_cancel",
                                      "pthread_kill", NULL};
static const char *const handlers[] = {
    "signal",          "__sysv_signal", "sysv_signal",  "bsd_signal",  "ssignal",      "sigset",
    "sigaction",       "sigaltstack",   "siginterrupt", "sigprocmask", "sigblock",     "sigsetmask",
    "pthread_sigmask", "alarm",         "ualarm",       "setitimer",   "timer_create", NULL};
static const char *const loaders[] = {"dlopen", "dlmopen", "dlclose", NULL};
static const char *const ends[] = {"exit",         "_exit",     "_Exit", "quick_exit",
                                   "pthread_exit", "thrd_exit", NULL};
static const char *const shared[] = {
    "chdir",     "fchdir",      "chroot",    "umask",       "setlocale",  "setenv",  "unsetenv",
    "putenv",    "clearenv",    "setuid",    "setgid",      "seteuid",    "setegid", "setreuid",
    "setregid",  "setresuid",   "setresgid", "setgroups",   "initgroups", "setsid",  "setpgid",
    "setrlimit", "setrlimit64", "prctl",     "personality", "unshare",    "setns",   "close_range",
    "closefrom", "fcloseall",   "ptrace",    NULL};

static const struct banned all[] = {
    {"makes processes of the node", "run another program beside the node, and speak with it",
     processes},
    {"makes threads that the node does not know", "give blocking work to wtl_work", threads},
    {"handles signals, which are the node's",
     "ask for timers and readiness with wtl_after and "
     "wtl_fd_watch",
     handlers},
    {"loads libraries that nobody has checked",
     "link the library, and declare it by "
     "WTL_MODULE_NEEDS",
     loaders},
    {"ends the whole node", "end the actor: return WTL_STOP, or call wtl_exit", ends},
    {"changes what the whole process shares", "leave that to who starts the node", shared},
};

static const struct banned *find(const char *name)
{
    for (size_t i = 0; i < WTL_COUNT(all); i++) {
        for (const char *const *banned = all[i].names; *banned != NULL; banned++) {
            if (strcmp(*banned, name) == 0) {
                return &all[i];
            }
        }
    }
    return NULL;
}

enum wtl_status wtl__elf_check_calls(const struct wtl__elf *elf, struct wtl_error *error)
{
    ElfW(Sym) symbol;
    for (uint64_t i = 0; wtl__elf_symbol_at(elf, &elf->dynamic_symbols, i, &symbol); i++) {
        const char *name = wtl__elf_string(elf, elf->dynamic_symbols.names_at,
                                           elf->dynamic_symbols.names_size, symbol.st_name);
        const struct banned *banned =
            name != NULL && symbol.st_shndx == SHN_UNDEF ? find(name) : NULL;
        if (banned != NULL) {
            return wtl_fail(error, WTL_DENIED,
                            "calls %s, which %s; a module in the node's own process may not: %s",
                            name, banned->does, banned->instead);
        }
    }
    return WTL_OK;
}
