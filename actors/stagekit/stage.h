/*
 * stage.h - a stage under test, as the files of this folder share it.
 *
 *   stage.c    its spec, its start and its end
 *   before.c   the actor before it: its host and source, and the outbox of a producer
 *   behind.c   the actors behind it, one for each port: they take what it emits
 *   feed.c     what the test does to it
 *   expect.c   what the test expects of it
 *
 * The stage itself, and the links that join it to its neighbours, are the flow's own code.
 *
 * Thread: the world's. Owns: the world's memory, all of it; see wtl__test_alloc.
 */
#ifndef WTL_STAGEKIT_STAGE_H
#define WTL_STAGEKIT_STAGE_H

#include <wattle/test_stage.h>

#include "flow/stage.h"
#include "testkit/world.h"

/* A message that the test has fed it with; its seq is its place in the array, from 1. */
struct wtl__test_input {
    struct wtl_tag tag;
    const uint8_t *bytes;
    uint32_t size;
    bool is_acked;
    bool is_dropped; /* by wtl_drop */
    uint32_t emits;
    char reason[WTL__TEST_LINE_BYTES];
};

/* One time that an input was, or is to be, sent to it. */
struct wtl__test_delivery {
    uint64_t seq;
    bool is_sent;
    bool is_done;
    bool is_redelivered;
};

/* Where an emit came from, to acknowledge it. */
struct wtl__test_emitted {
    struct wtl_test_emit emit;
    uint32_t port;
    uint64_t link;
    uint64_t n;
    bool is_held;
};

struct wtl_test_stage {
    struct wtl_test *t;
    struct wtl_stage_spec spec;
    struct wtl_flow_counts before_counts;
    enum wtl_test_pace pace;
    bool one_way;
    bool has_stopped;
    bool has_given_up;
    struct wtl_pid before;
    struct wtl_pid supervisor;
    struct wtl_pid pid;

    uint32_t ports_count;
    const char *ports[WTL_TEST_PORTS_MAX];
    struct wtl_pid behind[WTL_TEST_PORTS_MAX];
    bool holds;

    struct wtl__test_input *inputs;
    uint32_t inputs_count;
    uint32_t inputs_capacity;
    struct wtl__test_delivery *deliveries;
    uint32_t deliveries_count;
    uint32_t deliveries_capacity;
    uint32_t acks;

    struct wtl__test_emitted *emits;
    uint32_t emits_count;
    uint32_t emits_capacity;
    uint32_t emits_expected;

    bool room_is_bounded;
    uint32_t room; /* of a producer: how many more it may emit */

    struct wtl_msg *backs;
    uint32_t backs_count;
    uint32_t backs_capacity;
    uint32_t backs_expected;
    uint64_t back_number;
    uint64_t asked;
};

/* The settings of its neighbours. */
struct wtl__test_neighbour {
    struct wtl_test_stage *stage;
    uint32_t port;
};

extern const struct wtl_actor wtl__test_before;
extern const struct wtl_actor wtl__test_behind;

/* What the test tells them. */
#define WTL__TEST_PUMP    WTL_TAG("$pump")    /* to `before`: there is something to be sent */
#define WTL__TEST_ROOM    WTL_TAG("$room")    /* there is more room */
#define WTL__TEST_BACK    WTL_TAG("$back")    /* its body is to be sent backward */
#define WTL__TEST_STOP    WTL_TAG("$stop")    /* end the stage */
#define WTL__TEST_RELEASE WTL_TAG("$release") /* to `behind`: nothing is held any more */

/* One more place at the end of an array, zeroed. A failure over WTL_TEST_STAGE_MESSAGES_MAX; never
 * NULL all the same. */
void *wtl__test_grow(struct wtl_test_stage *stage, void *array_at, uint32_t *count,
                     uint32_t *capacity, size_t size);

/* A copy of a body in the world's memory. */
struct wtl_msg wtl__test_copy(struct wtl_test_stage *stage, struct wtl_tag tag,
                              const uint8_t *bytes, size_t size);

/* Writes down what it has emitted. */
struct wtl__test_emitted *wtl__test_note_emit(struct wtl_test_stage *stage, uint32_t port,
                                              const struct wtl_msg *message);

#endif
