/*
 * model.h - what a disk.table is asked in the tests of cuts, one thing after the other by number,
 * and what is in it after so many of them.
 *
 * What was asked in a row is carried out in that order. So after a cut the table is as it was after
 * some number of changes, with all of those that were acknowledged: anything else is a change that
 * was lost, done by half, or out of its turn.
 */
#ifndef DISK_MODEL_H
#define DISK_MODEL_H

#include <wattle/wattle.h>

/* Keys that are texts and counted ones: "k0" to "k7", "n0" to "n3". */
#define MODEL_KEYS 12u
/* Changes that one test may ask for. */
#define MODEL_CHANGES_MAX 1000000u
/* Bytes of a text that is a value. */
#define MODEL_TEXT 640u

struct model {
    int64_t values[MODEL_KEYS]; /* -1: it is not there */
};

void model_init(struct model *model);

/* Change number n, on a model; and as a request to a disk.table. */
void model_change(struct model *model, uint32_t number);
void model_ask(struct wtl_ctx *x, struct wtl_pid pid, uint32_t number,
               const struct wtl_call_options *options);

/* Reads the table of that name into the model. False: there is something in it that was never asked
 * for, such as a half of a text. */
bool model_read(struct wtl_ctx *x, const char *name, struct model *model_out);

/* The first number of changes from `least` to `most` after which the table is like that, where
 * `begin` is how it was after `least`; UINT32_MAX: none. */
uint32_t model_find(const struct model *begin, const struct model *is, uint32_t least,
                    uint32_t most);

#endif
