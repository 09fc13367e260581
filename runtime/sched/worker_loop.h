/*
 * worker_loop.h - what a worker's libuv loop, wheel and thread pool do for actors: the host's
 * alarms, readiness and work. Thread: the worker's own, but for alarm_disarm.
 */
#ifndef WTL_SCHED_WORKER_LOOP_H
#define WTL_SCHED_WORKER_LOOP_H

#include "sched/worker.h"

void wtl__worker_alarm_arm(struct wtl__ctx *x, struct wtl__alarm *alarm);
bool wtl__worker_alarm_disarm(struct wtl__ctx *x, struct wtl__alarm *alarm);
enum wtl_status wtl__worker_fd_watch(struct wtl__ctx *x, struct wtl__watch *watch);
void wtl__worker_fd_rearm(struct wtl__ctx *x, struct wtl__watch *watch);
void wtl__worker_fd_unwatch(struct wtl__ctx *x, struct wtl__watch *watch);
bool wtl__worker_work(struct wtl__ctx *x, struct wtl__work *work);

/* Tells the processor that this is a loop that waits. */
static inline void wtl__relax(void)
{
#if defined(__x86_64__) || defined(__i386__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    __asm__ volatile("yield");
#endif
}

#endif
