/*
 * whose.c - whose leaks count in a criterion program: those of the processes that run its tests.
 *
 * Criterion runs each test in a process of its own. The process that starts them runs nothing of
 * ours, and a race in its clock of tests that have a timeout leaves a few bytes now and then. A
 * suppression by the library's name would not do: criterion is on the stack of every test, so it
 * would hide what they leak as well.
 *
 * Thread: the one that ends the process.
 */
#include <errno.h>
#include <sanitizer/lsan_interface.h>
#include <string.h>

/* What criterion calls the processes of tests; canary.c fails when it calls them otherwise. */
#define WORKER "boxfort-worker"

/* The sanitizer asks this when the process ends; where it is a library, it has to find it. */
__attribute__((visibility("default"))) int
__lsan_is_turned_off(void) /* NOLINT(bugprone-reserved-identifier) */
{
    return strcmp(program_invocation_name, WORKER) != 0;
}
