/*
 * report.h - what is said in the log about actors that crash, and how an actor is named there.
 */
#ifndef WTL_ACTOR_REPORT_H
#define WTL_ACTOR_REPORT_H

#include "actor/runtime.h"

/* "42.7", the local half of a pid as the command shows it; "" for 0. Returns `text_out`.
 * Thread: any. Bounds: 40 bytes are always enough. */
char *wtl__local_text(uint64_t local, char text_out[40]);

/* A line crash_report for an actor that ends with an error or a fault (OTP: the crash report of
 * proc_lib): what it was, how it ended, what it was handling if it was in the middle of a message,
 * what it leaves behind. One that is killed has none, as in OTP; its supervisor speaks. It is
 * runtime->crash unless somebody sets another. Thread: the one that ran the actor. */
void wtl__crash_report(void *context, struct wtl__runtime *runtime, const struct wtl__cell *cell,
                       const struct wtl_msg *message);

/* A line stop_report for an actor that has failed with `failed` while it stopped for another
 * reason, which stays; what it was handling, or NULL. Thread: the one that runs the actor. */
void wtl__stop_report(const struct wtl__cell *cell, struct wtl_reason failed,
                      const struct wtl_msg *message);

/* A line memory_report for an actor that is killed because it is over its type's memory_max: what
 * it holds. Thread: the one that runs the actor. */
void wtl__memory_report(const struct wtl__cell *cell, uint64_t used);

/* A line upgrade_start_failed for an actor that cannot begin as the newest version of its type. */
void wtl__upgrade_report(const struct wtl__cell *cell, const char *text);

#endif
