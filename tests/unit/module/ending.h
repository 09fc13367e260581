/*
 * ending.h - a function that runs in a process of its own, for the sake of how that ends.
 *
 * Thread: one, before the test has started others. Owns: nothing; the process is gone afterwards.
 */
#ifndef ENDING_H
#define ENDING_H

#include <stddef.h>

/* Runs the function in another process; its stderr is in `text_out`. Returns what waitpid says; a
 * process that is stopped is killed then. One that goes on living dies of SIGALRM. */
int ending_of(void (*fn)(void *argument), void *argument, char *text_out, size_t size);

/* The same for one that a signal must kill: which one. */
int ending_signal(void (*fn)(void *argument), void *argument, char *text_out, size_t size);

#endif
