/*
 * specimen.h - actors to be tested with the kit, and what the tests of the kit share.
 */
#ifndef SPECIMEN_H
#define SPECIMEN_H

#include <criterion/criterion.h>

#include <wattle/test.h>

/* "hello" {name}: greets the sender, and counts; "count", a call: {count}; "fail": ends
 * error:invalid; "forget": opens a message and does nothing with it; "spin": sends itself one
 * message after another, for ever; "later" {ms}: "later" to whoever asked, then; "chance": a random
 * number. With the setting `shout`, it greets in capitals; `name` is registered globally. */
extern const struct wtl_actor greeter;

/* Frees what a "forget" has left behind, when its world is no more. */
void drop_forgotten(void);

/* Keeps a list of all words that it was told, in memory of its own: "word" {w}; "words", a call:
 * {words}. What it has no memory for ends it error:no_memory. */
extern const struct wtl_actor keeper;

/* Asks whoever is registered as "oracle" what it is asked, and hands on the answer: "ask" {q}. */
extern const struct wtl_actor asker;

/* Fails unless the test fails, and its text has all of these words. */
void fails_with(wtl_test_fn fn, const char *const *words);
#define FAILS_WITH(fn, ...) fails_with((fn), (const char *const[]){__VA_ARGS__, NULL})

/* Fails unless the test passes with so many seeds. */
void passes(wtl_test_fn fn, uint32_t seeds);

#endif
