/*
 * hook.h - what the runtime's sources see in place of atomics, locks, threads and time, when they
 * are compiled a second time for the explorer (turns.h). Never included by a source: the compiler
 * is told to read it first, so that the product knows nothing of it and pays nothing.
 *
 * Before each atomic access another thread may have its turn. A weak exchange fails for no reason
 * at times, as it may. All accesses are in one order here: what a missing fence does is for the
 * thread sanitizer to find, see race_canary_* in tests/unit/sched.
 */
#ifndef WTL_TESTS_EXPLORE_HOOK_H
#define WTL_TESTS_EXPLORE_HOOK_H

/* Under their own names below: the declarations of these headers are renamed along, and seams.c
 * defines them. */
#define pthread_create       explore_thread_create
#define pthread_join         explore_thread_join
#define pthread_mutex_lock   explore_mutex_lock
#define pthread_mutex_unlock explore_mutex_unlock
#define usleep               explore_usleep
#define wtl__clock_system    explore_clock
#define wtl__clock_soon_ns   explore_now_ns
#define wtl__clock_past_ns   explore_now_ns
#define uv_run               explore_uv_run
#define uv_async_send        explore_uv_async_send
#define uv_timer_start       explore_uv_timer_start
#define uv_timer_stop        explore_uv_timer_stop

#include <stdatomic.h>
#include <stdbool.h>

/* Read before the hooks: a pool is a thread's own, and what it holds from the run before would make
 * each run another one. */
#include "base/pool_hot.h"

/* The next access is atomic: who has the next turn? */
void explore_point(void);
/* Does a weak exchange fail now? */
bool explore_is_unlucky(void);

#ifdef __clang__
#define EXPLORE_LOAD(p, o)         __c11_atomic_load(p, o)
#define EXPLORE_STORE(p, v, o)     __c11_atomic_store(p, v, o)
#define EXPLORE_SWAP(p, v, o)      __c11_atomic_exchange(p, v, o)
#define EXPLORE_ADD(p, v, o)       __c11_atomic_fetch_add(p, v, o)
#define EXPLORE_SUB(p, v, o)       __c11_atomic_fetch_sub(p, v, o)
#define EXPLORE_OR(p, v, o)        __c11_atomic_fetch_or(p, v, o)
#define EXPLORE_AND(p, v, o)       __c11_atomic_fetch_and(p, v, o)
#define EXPLORE_CAS(p, e, v, s, f) __c11_atomic_compare_exchange_strong(p, e, v, s, f)
#else
#define EXPLORE_LOAD(p, o)         __atomic_load_n(p, o)
#define EXPLORE_STORE(p, v, o)     __atomic_store_n(p, v, o)
#define EXPLORE_SWAP(p, v, o)      __atomic_exchange_n(p, v, o)
#define EXPLORE_ADD(p, v, o)       __atomic_fetch_add(p, v, o)
#define EXPLORE_SUB(p, v, o)       __atomic_fetch_sub(p, v, o)
#define EXPLORE_OR(p, v, o)        __atomic_fetch_or(p, v, o)
#define EXPLORE_AND(p, v, o)       __atomic_fetch_and(p, v, o)
#define EXPLORE_CAS(p, e, v, s, f) __atomic_compare_exchange_n(p, e, v, false, s, f)
#endif

#undef atomic_load_explicit
#undef atomic_load
#undef atomic_store_explicit
#undef atomic_store
#undef atomic_exchange_explicit
#undef atomic_exchange
#undef atomic_fetch_add_explicit
#undef atomic_fetch_add
#undef atomic_fetch_sub_explicit
#undef atomic_fetch_sub
#undef atomic_fetch_or_explicit
#undef atomic_fetch_and_explicit
#undef atomic_compare_exchange_strong_explicit
#undef atomic_compare_exchange_strong
#undef atomic_compare_exchange_weak_explicit

#define atomic_load_explicit(p, o)         (explore_point(), EXPLORE_LOAD(p, o))
#define atomic_load(p)                     atomic_load_explicit(p, memory_order_seq_cst)
#define atomic_store_explicit(p, v, o)     (explore_point(), EXPLORE_STORE(p, v, o))
#define atomic_store(p, v)                 atomic_store_explicit(p, v, memory_order_seq_cst)
#define atomic_exchange_explicit(p, v, o)  (explore_point(), EXPLORE_SWAP(p, v, o))
#define atomic_exchange(p, v)              atomic_exchange_explicit(p, v, memory_order_seq_cst)
#define atomic_fetch_add_explicit(p, v, o) (explore_point(), EXPLORE_ADD(p, v, o))
#define atomic_fetch_add(p, v)             atomic_fetch_add_explicit(p, v, memory_order_seq_cst)
#define atomic_fetch_sub_explicit(p, v, o) (explore_point(), EXPLORE_SUB(p, v, o))
#define atomic_fetch_sub(p, v)             atomic_fetch_sub_explicit(p, v, memory_order_seq_cst)
#define atomic_fetch_or_explicit(p, v, o)  (explore_point(), EXPLORE_OR(p, v, o))
#define atomic_fetch_and_explicit(p, v, o) (explore_point(), EXPLORE_AND(p, v, o))
#define atomic_compare_exchange_strong_explicit(p, e, v, s, f)                                     \
    (explore_point(), EXPLORE_CAS(p, e, v, s, f))
#define atomic_compare_exchange_strong(p, e, v)                                                    \
    atomic_compare_exchange_strong_explicit(p, e, v, memory_order_seq_cst, memory_order_seq_cst)
#define atomic_compare_exchange_weak_explicit(p, e, v, s, f)                                       \
    (explore_point(),                                                                              \
     explore_is_unlucky() ? (*(e) = EXPLORE_LOAD(p, f), false) : EXPLORE_CAS(p, e, v, s, f))

#endif
