/*
 * runtime.h - embedding: a runtime in a program of one's own, and the way in from other threads.
 *
 * Actor modules never need this header: a node runs them. Programs that link the runtime do:
 * benchmarks, tests, and the node itself.
 */
#ifndef WATTLE_RUNTIME_H
#define WATTLE_RUNTIME_H

#include <wattle/actor.h>
#include <wattle/supervisor.h>

struct wtl_runtime;

struct wtl_runtime_options {
    uint64_t node;       /* the node id of its pids; 0: 1 */
    unsigned workers;    /* threads that run actors; 0: one per CPU that this process may use, but
                          * two at least, of which one notices that a handler does not return */
    uint32_t actors_max; /* 0: 2^22 */
    uint64_t memory_max; /* bytes that actors, messages and tables may hold, of all runtimes of the
                          * process together; 0: no cap. From 95 % of it on no more messages are
                          * made than are handled (WTL_NO_MEMORY, counted), from 98 % on nothing
                          * else grows either: spawns end `no_memory`, wtl_alloc gives NULL. What
                          * there is goes on, and so do supervisors */
    bool battery;        /* never spin: slower wake-ups, no processor time while waiting */
    uint64_t seed;       /* of wtl_random; 0: from the system */
};

/* Starts the workers. Owns: the caller stops and destroys it. NULL options: the defaults.
 * Thread: any. Fails: WTL_NO_MEMORY, WTL_SYSTEM. */
enum wtl_status wtl_runtime_create(const struct wtl_runtime_options *options,
                                   struct wtl_runtime **runtime_out,
                                   struct wtl_error *error) WTL_MUST_USE;

/* Asks every actor that was spawned from outside to shut down, waits until all actors have ended,
 * and kills what is left after `deadline_ms`. A function that does not return is waited for, unless
 * it is a module's, whose loop is ended. Thread: any but a worker's. */
void wtl_runtime_stop(struct wtl_runtime *runtime, uint32_t deadline_ms);

/* Stops it if it is not stopped, ends the threads, frees everything. Thread: any but a worker's. */
void wtl_runtime_destroy(struct wtl_runtime *runtime);

/* Starts an actor, or a supervisor, that has no parent. `link`, `monitor` and `ack` of the options
 * mean nothing here. Thread: any but a worker's; WTL_PID_NONE when the table is full. */
struct wtl_pid wtl_runtime_spawn(struct wtl_runtime *runtime, const struct wtl_actor *type,
                                 const struct wtl_spawn_options *options);
struct wtl_pid wtl_runtime_supervise(struct wtl_runtime *runtime, const struct wtl_tree *tree,
                                     const char *name);

/* Opens a message for wtl_runtime_tell or for spawn arguments. Thread: any. */
bool wtl_runtime_message(struct wtl_writer *writer, size_t size);

/* Sends from outside any actor: `from` is none. Status as wtl_try_tell, without WTL_BUSY.
 * Thread: any. Owns: takes the body. */
enum wtl_status wtl_runtime_tell(struct wtl_runtime *runtime, struct wtl_pid to, struct wtl_tag tag,
                                 struct wtl_writer *body) WTL_MUST_USE;

/* Waits until the actor has ended; at once when it has already. Thread: any but a worker's. */
void wtl_runtime_join(struct wtl_runtime *runtime, struct wtl_pid pid);

/* The holder of a local name; none when nobody holds it. Thread: any. */
struct wtl_pid wtl_runtime_whereis(struct wtl_runtime *runtime, const char *name);

/* Actors that live now, and workers. Thread: any. */
uint32_t wtl_runtime_live(const struct wtl_runtime *runtime);
unsigned wtl_runtime_workers(const struct wtl_runtime *runtime);

#endif
