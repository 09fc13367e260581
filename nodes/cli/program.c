/* program.c - the command as a program: what it knows of its environment, and its exit code. */
#include <locale.h>
#include <signal.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include <wattle/node.h>

#include "cli/command.h"

int wtl_node_main(int argc, char *argv[], const wtl_module_entry_fn *modules, size_t count)
{
    const char *no_color = getenv("NO_COLOR");
    bool wants_color = no_color == NULL || no_color[0] == '\0'; /* no-color.org */
    struct wtl__cli cli = {
        .out = stdout,
        .err = stderr,
        .is_terminal = isatty(STDOUT_FILENO) != 0,
        .may_color = wants_color && isatty(STDOUT_FILENO) != 0 && isatty(STDERR_FILENO) != 0,
        .now_s = (int64_t)time(NULL),
        .modules = modules,
        .modules_count = count,
    };
    (void)setlocale(LC_CTYPE, "");
    (void)signal(SIGPIPE, SIG_IGN); /* a closed pipe is a failed write, seen below */
    enum wtl__end end = wtl__cli_run(&cli, argc, argv);
    if (fflush(stdout) != 0 && end == WTL__END_OK) {
        end = WTL__END_NO;
    }
    return (int)end;
}
