/*
 * mesh.h - what the benches between two nodes share: payloads, the pair of processes, and how
 * results are printed.
 *
 * The node with the benches is the parent process, the node with the actors that they talk to is
 * its child; between them is loopback with mutual TLS. Benches and those actors are written against
 * <wattle/wattle.h> alone, as a user would; only pair.c knows how a node is started.
 *
 * A bench is one function. It is called with the pair up, spawns its actors, tells one of them to
 * begin, waits for it, and reports what it measured. What is measured is what the benches of other
 * runtimes do: the same windows, the same acknowledgements, a tenth of the size before as warm-up.
 *
 * Thread: bench functions run on the main thread, what they spawn on the workers.
 */
#ifndef WTL_BENCH_MESH_MESH_H
#define WTL_BENCH_MESH_MESH_H

#include <semaphore.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

#include <wattle/runtime.h>
#include <wattle/wattle.h>

#define BENCH_ARGUMENTS_MAX 3u
/* A body is a msgpack binary of the size that was asked for; its first eight bytes count. */
#define BENCH_SIZE_MIN 8u
#define BENCH_HEAD_MAX 5u
/* What is under way one way: so many bytes, and never more or fewer messages than these. */
#define BENCH_WINDOW_BYTES (16u * 1024 * 1024)
#define BENCH_WINDOW_MAX   16384u
#define BENCH_WINDOW_MIN   4u

/* The global names of the two actors of the other node. The sink counts what it is sent with "put"
 * and acknowledges groups of the size that "begin" has; the echo sends back what it gets. */
#define BENCH_SINK "bench-sink"
#define BENCH_ECHO "bench-echo"

struct bench_options {
    unsigned workers; /* of each node */
    bool is_pinned;   /* the other node to processor 0, this one to processor 1 */
};

/* ---- the pair; pair.c ------------------------------------------------------------------------ */

/* Makes a CA and two identities in a temporary folder, starts the other process, starts this node,
 * joins, and returns when both actors of the other node have been found. The folder is gone then.
 */
void bench_pair_start(const struct bench_options *options);
void bench_pair_stop(void);

/* The other process: runs its node until its standard input ends. */
int bench_serve(const char *bundle, const struct bench_options *options);

struct wtl_pid bench_sink(void);
struct wtl_pid bench_echo(void);

/* Spawns the actors of the other node; server.c. */
void bench_server_spawn(struct wtl_runtime *runtime);

/* ---- the benches ----------------------------------------------------------------------------- */

void bench_oneway(const uint64_t *arguments);
void bench_rtt(const uint64_t *arguments);
void bench_hol(const uint64_t *arguments);

/* ---- actors and the main thread; common.c ---------------------------------------------------- */

/* Exits with a message, and takes the temporary folder and the other process with it. */
__attribute__((noreturn, format(printf, 1, 2))) void bench_fail(const char *format, ...);
void bench_fail_is_followed_by(void (*clean_up)(void));

uint64_t bench_now_ns(void);

/* The runtime that bench actors are spawned at. */
void bench_use_runtime(struct wtl_runtime *runtime);
/* An actor whose settings are the pointer `run`. */
struct wtl_pid bench_spawn(const struct wtl_actor *type, void *run);
/* A message without a body from outside. */
void bench_tell(struct wtl_pid to, struct wtl_tag tag);
void bench_wait(sem_t *done);

/* What must go well; WTL_BUSY is not an error and is given back as true: the sender has to return,
 * and is run again when there is room. */
bool bench_sent(enum wtl_status status);

/* ---- results; common.c ----------------------------------------------------------------------- */

void bench_report(const char *bench, const char *metric, double value, const char *unit);
/* p50, p99 and the longest, in microseconds; sorts them. */
void bench_report_times(const char *bench, uint64_t *times_ns, uint64_t count);
/* 64B, 1KB, 1MB */
const char *bench_size_name(uint64_t size, char text_out[32]);

/* ---- payloads -------------------------------------------------------------------------------- */

struct bench_payload {
    uint8_t *bytes;
    uint32_t size;
};

struct bench_payload bench_payload_create(uint64_t size);
void bench_payload_destroy(struct bench_payload *payload);

/* Sends a body that is packed anew from the payload, with that number in it. */
static inline enum wtl_status WTL_MUST_USE bench_send(struct wtl_ctx *x, struct wtl_pid to,
                                                      struct wtl_tag tag,
                                                      struct bench_payload *payload,
                                                      uint64_t number)
{
    struct wtl_writer body;
    memcpy(payload->bytes, &number, sizeof number);
    (void)wtl_message_open(x, &body, payload->size + BENCH_HEAD_MAX);
    wtl_put_bin(&body, payload->bytes, payload->size);
    return wtl_try_tell(x, to, tag, &body);
}

/* Reads the number of a body, and the size of its binary. */
static inline uint64_t bench_read(const struct wtl_msg *message, size_t *size_out)
{
    struct wtl_reader reader = wtl_read(message);
    const void *bytes = wtl_get_bin(&reader, size_out);
    uint64_t number;
    if (reader.failed || *size_out < sizeof number) {
        bench_fail("a body came that was not sent");
    }
    memcpy(&number, bytes, sizeof number);
    return number;
}

#endif
