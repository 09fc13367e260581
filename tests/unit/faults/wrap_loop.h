/*
 * wrap_loop.h - the calls to the system that make sockets and loops, our own and libuv's, which
 * fail when the test says so. They stand before those of the C library for the whole program, so
 * that what libuv calls comes here too.
 *
 * Only the thread that asked for it has such calls. Thread: each its own.
 */
#ifndef WTL_TESTS_FAULTS_WRAP_LOOP_H
#define WTL_TESTS_FAULTS_WRAP_LOOP_H

#include <stdint.h>

/* From the n-th call from now on, counted from 1, so many fail with that errno: of accept4 alone,
 * or of those that make something (socket, bind, listen, connect, epoll_create1, epoll_ctl,
 * eventfd, pipe2). */
void wrap_accept_at(uint64_t n, uint64_t times, int code);
void wrap_making_at(uint64_t n, uint64_t times, int code);
/* No call fails any more. Returns how many there were. */
uint64_t wrap_loop_stop(void);

#endif
