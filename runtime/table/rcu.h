/*
 * rcu.h - the part of liburcu that tables stand on (docs/adr/0012-tables.md): what a reader sees is
 * not freed before it has left.
 *
 * The flavor is `bp`: a thread registers itself when it first reads and leaves when it ends, so
 * that nobody has to know which threads read. Entering and leaving are a store each; waiting for
 * the readers of a moment is the business of liburcu's own thread, on which `wtl__rcu_after` runs
 * what is to be done then.
 *
 * The thread sanitizer does not see into the library, so the three edges that it gives are told:
 * publishing to finding, and leaving to what is done afterwards.
 *
 * Thread: any. Bounds: sections are short: no function of an actor runs in one.
 */
#ifndef WTL_TABLE_RCU_H
#define WTL_TABLE_RCU_H

#include <urcu/urcu-bp.h>

#include <urcu/rculfhash.h>

#if defined(__SANITIZE_THREAD__)
#define WTL__TSAN 1
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define WTL__TSAN 1
#endif
#endif

#ifdef WTL__TSAN
#include <sanitizer/tsan_interface.h>
#define wtl__rcu_told(address)  __tsan_release((void *)(address))
#define wtl__rcu_hears(address) __tsan_acquire((void *)(address))
#else
#define wtl__rcu_told(address)  ((void)(address))
#define wtl__rcu_hears(address) ((void)(address))
#endif

/* Where leaving and what is done afterwards meet, for the sanitizer. */
extern char wtl__rcu_left;

/* From here to wtl__rcu_leave, what is found stays. May be nested. */
static inline void wtl__rcu_enter(void)
{
    urcu_bp_read_lock();
}

static inline void wtl__rcu_leave(void)
{
    wtl__rcu_told(&wtl__rcu_left);
    urcu_bp_read_unlock();
}

/* Runs `done` when everybody who is in a section now has left it; on another thread, one at a time
 * and in the order of the calls. */
static inline void wtl__rcu_after(struct rcu_head *head, void (*done)(struct rcu_head *head))
{
    wtl__rcu_told(head);
    urcu_bp_call_rcu(head, done);
}

/* At the begin of each `done`. */
static inline void wtl__rcu_is_after(struct rcu_head *head)
{
    wtl__rcu_hears(head);
    wtl__rcu_hears(&wtl__rcu_left);
}

#endif
