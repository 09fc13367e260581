/*
 * breakage.h - what an actor can break that runs in either grade: each tag is one way. Included by
 * the one file of a module.
 *
 * `blind` keeps the compiler from seeing that an address is wrong, or that a call never returns.
 */
#ifndef BREAKAGE_H
#define BREAKAGE_H

#include <dlfcn.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>

#include <wattle/wattle.h>

#include "victim.h"

static inline void *blind(uintptr_t address)
{
    __asm__ volatile("" : "+r"(address));
    return (void *)address;
}

static inline int blind_number(int number)
{
    __asm__ volatile("" : "+r"(number));
    return number;
}

static inline void fault(void)
{
    *(volatile int *)blind(8) = 1;
}

static inline void endless(void)
{
    while (blind_number(1) != 0) {
    }
}

static __attribute__((noinline)) uint64_t recurse(uint64_t depth)
{
    volatile char block[4000];
    block[depth % sizeof block] = (char)depth;
    uint64_t deeper = blind_number(1) != 0 ? recurse(depth + 1) : 0;
    return deeper + (uint64_t)block[depth % sizeof block];
}

/* An address of a function, as that. */
static inline void call(void *address, int argument)
{
    void (*function)(int argument) = NULL;
    memcpy(&function, &address, sizeof function);
    function(argument);
}

/* Ends the process; called by name it would keep the module out of a node. */
static inline void end_process(const char *function, int code)
{
    call(dlsym(RTLD_DEFAULT, function), code);
}

static int compare(const void *left, const void *right)
{
    (void)left;
    (void)right;
    fault();
    return 0;
}

static inline void in_a_callback(void)
{
    static const int numbers[] = {2, 1, 3};
    int copy[3];
    memcpy(copy, numbers, sizeof copy);
    qsort(copy, 3, sizeof copy[0], compare);
}

static inline void bad_copy(void)
{
    static const char text[] = "text";
    memcpy(blind(8), text, (size_t)blind_number(sizeof text));
}

static inline void free_twice(void)
{
    void *block = blind((uintptr_t)malloc(100));
    free(block);
    free(blind((uintptr_t)block));
}

/* Waits for itself, and no signal changes that. */
static inline void deadlock(void)
{
    pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
    (void)pthread_mutex_lock(&lock);
    (void)pthread_mutex_lock(&lock);
}

/* A list that is written to without looking whether malloc gave anything. */
static inline void hog(size_t block)
{
    volatile char *memory = NULL;
    do {
        memory = malloc(block);
        for (size_t at = 0; at < block; at += 4096) {
            memory[at] = 1;
        }
    } while (blind_number(1) != 0);
}

static enum wtl_status fault_at_work(void *argument, struct wtl_writer *result)
{
    (void)argument;
    (void)result;
    fault();
    return WTL_OK;
}

/* Breaks what it can in the way of the tag; returns when there is no such way. */
static enum wtl_status breakage(struct wtl_ctx *x, const struct wtl_msg *message)
{
    if (wtl_is(message, "null")) {
        fault();
    } else if (wtl_is(message, "memcpy")) {
        bad_copy();
    } else if (wtl_is(message, "jump")) {
        call(blind(16), 0);
    } else if (wtl_is(message, "divide")) {
        return (enum wtl_status)(1000 / blind_number(0));
    } else if (wtl_is(message, "illegal")) {
        __builtin_trap();
    } else if (wtl_is(message, "recurse")) {
        return (enum wtl_status)recurse(1);
    } else if (wtl_is(message, "callback")) {
        in_a_callback();
    } else if (wtl_is(message, "work")) {
        (void)wtl_work(x, fault_at_work, NULL, 0, NULL);
    } else if (wtl_is(message, "double_free")) {
        free_twice();
    } else if (wtl_is(message, "abort")) {
        abort();
    } else if (wtl_is(message, "exit")) {
        end_process("exit", 0);
    } else if (wtl_is(message, "_exit")) {
        end_process("_exit", 7);
    } else if (wtl_is(message, "kill")) {
        (void)raise(SIGKILL);
    } else if (wtl_is(message, "stopped")) {
        (void)raise(SIGSTOP);
    } else if (wtl_is(message, "loop")) {
        endless();
    } else if (wtl_is(message, "deadlock")) {
        deadlock();
    } else if (wtl_is(message, "hog10G")) {
        hog(UINT64_C(10) << 30);
    }
    return WTL_OK;
}

#endif
