/*
 * kit.h - what the tests of the module `machine` share: its actors come from its .so, and the test
 * kit plays what stands before and behind them. Everything else is real: the actors, the work that
 * they have done, the files.
 */
#ifndef MACHINE_KIT_H
#define MACHINE_KIT_H

#include <criterion/criterion.h>

#include <wattle/test_stage.h>

/* The type of that name, "machine.store". */
const struct wtl_actor *machine(struct wtl_test *t, const char *name);

/* Fails unless the test passes with so many seeds. */
void passes(wtl_test_fn fn, uint32_t seeds);

#endif
