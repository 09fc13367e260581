/* ending.c - see ending.h. */
#include "ending.h"

#include <criterion/criterion.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

/* One that goes on living. */
#define LIFE_S 30u

static void child(void (*fn)(void *argument), void *argument, int out)
{
    static const int signals[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT};
    const struct rlimit no_core = {0, 0};
    (void)dup2(out, STDERR_FILENO);
    (void)close(out);
    (void)setrlimit(RLIMIT_CORE, &no_core);
    (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
    (void)alarm(LIFE_S);
    for (size_t i = 0; i < sizeof signals / sizeof signals[0]; i++) {
        (void)signal(signals[i], SIG_DFL);
    }
    fn(argument);
    _exit(0);
}

int ending_of(void (*fn)(void *argument), void *argument, char *text_out, size_t size)
{
    int ends[2];
    int status = 0;
    size_t used = 0;
    cr_assert_eq(pipe(ends), 0);
    pid_t pid = fork();
    cr_assert_geq(pid, 0);
    if (pid == 0) {
        (void)close(ends[0]);
        child(fn, argument, ends[1]);
    }
    (void)close(ends[1]);
    cr_assert_eq(waitpid(pid, &status, WUNTRACED), pid);
    if (WIFSTOPPED(status)) {
        (void)kill(pid, SIGKILL);
        (void)waitpid(pid, NULL, 0);
    }
    for (ssize_t got = 1; got > 0 && used < size - 1;) {
        got = read(ends[0], text_out + used, size - 1 - used);
        used += got > 0 ? (size_t)got : 0;
    }
    text_out[used] = '\0';
    (void)close(ends[0]);
    return status;
}

int ending_signal(void (*fn)(void *argument), void *argument, char *text_out, size_t size)
{
    int status = ending_of(fn, argument, text_out, size);
    cr_assert(WIFSIGNALED(status), "it has exited with %d: %s", WEXITSTATUS(status), text_out);
    return WTERMSIG(status);
}
