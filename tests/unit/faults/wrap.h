/*
 * wrap.h - calls to the system that fail when the test says so.
 *
 * Thread: wrap_fail_at and wrap_stop the test's, while nothing else runs; calls may come from any.
 */
#ifndef WTL_TESTS_FAULTS_WRAP_H
#define WTL_TESTS_FAULTS_WRAP_H

#include <stdbool.h>
#include <stdint.h>

/* The n-th call from now on fails, counted from 1; with `for_ever`, all those after it as well. */
void wrap_fail_at(uint64_t n, bool for_ever);
/* No call fails any more. Returns how many there were since wrap_fail_at. */
uint64_t wrap_stop(void);
/* Blocks that are allocated now. */
int64_t wrap_blocks(void);

#endif
