/*
 * wrap_system.h - calls to the system that are interrupted, do a part of what was asked, or fail.
 *
 * Only the thread that asked for it has such calls. Thread: each its own.
 */
#ifndef WTL_TESTS_FAULTS_WRAP_SYSTEM_H
#define WTL_TESTS_FAULTS_WRAP_SYSTEM_H

#include <stdint.h>

enum wrap_fault {
    WRAP_INTERRUPTED, /* EINTR */
    WRAP_AGAIN,       /* EAGAIN: of sockets that do not block; others are not touched */
    WRAP_SHORT,       /* one byte is read or written; poll says nothing has come */
    WRAP_FAILS,       /* ENOBUFS of sockets, EIO of files */
};

/* The n-th call from now on, counted from 1, has that fault. */
void wrap_system_at(uint64_t n, enum wrap_fault fault);
/* No call has a fault any more. Returns how many there were. */
uint64_t wrap_system_stop(void);

#endif
