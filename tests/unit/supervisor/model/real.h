/*
 * real.h - the real supervisor beside the model: in virtual time, with children that do what their
 * fates say.
 */
#ifndef SUPERVISOR_REAL_H
#define SUPERVISOR_REAL_H

#include "model.h"

/* A node with a supervisor of that plan. `plan` is borrowed until real_close. */
void real_open(const struct plan *plan);
/* Kills what is left. False: bytes are. */
bool real_close(void);

/* Does the operation of that number (from 1), and whatever follows at once. */
void real_do(unsigned number, const struct op *op);
void real_advance(uint64_t ms);
/* Since real_open. */
uint64_t real_now_ms(void);

/* `ties_out`: what the supervisor holds: links to children, watchers, timers, asks. */
void real_show(struct view *view_out, unsigned *ties_out);

#endif
