/*
 * test_stage.h - testing stages of flows: the test plays what stands before and behind one.
 *
 *     static void converts(struct wtl_test *t)
 *     {
 *         struct wtl_test_stage *kelvin = wtl_test_stage(t, &kelvin_actor);
 *         uint64_t seq = wtl_test_feedf(kelvin, "celsius=%lf", 21.5);
 *         wtl_test_expect_emitf(kelvin, "kelvin=%lf", 294.65);
 *         wtl_test_expect_acked(kelvin, seq);
 *         seq = wtl_test_feedf(kelvin, "fahrenheit=%lf", 70.0);
 *         wtl_test_expect_dropped(kelvin, seq, "no celsius");
 *     }
 *
 * The stage runs as in a node: as a supervised actor, behind the flow's own code, with keys,
 * credit, acknowledgement and redelivery. What it had not finished when it crashed comes to it once
 * more. No node, no other stage and no flow file is needed.
 *
 * A stage is an actor of the world too (test.h): wtl_test_crash(t, wtl_test_stage_pid(stage)),
 * wtl_test_expect_restart, wtl_test_tellf, wtl_test_advance, ... all work.
 *
 * Thread: the world's. Owns: the world owns stages and all that they return.
 */
#ifndef WATTLE_TEST_STAGE_H
#define WATTLE_TEST_STAGE_H

#include <wattle/flow.h>
#include <wattle/test.h>

struct wtl_test_stage;

/* How the chain is paced; see the guide of flows. */
enum wtl_test_pace { WTL_TEST_PUSH = 0, WTL_TEST_DEMAND, WTL_TEST_PULL };

/* Arrows that lead on from one stage. */
#define WTL_TEST_PORTS_MAX 16u
/* Messages that one stage may be fed with, or emit. */
#define WTL_TEST_STAGE_MESSAGES_MAX 65536u

struct wtl_test_stage_options {
    int first_;           /* so that a list of none of the others is one */
    const void *settings; /* of its type, copied; see wtl_test_settings. NULL: the defaults */
    enum wtl_test_pace pace;
    bool one_way; /* `~>` stands before it: nothing goes backward */
    /* Of a processor: the names of the stages behind it. NULL: one, "out". */
    const char *const *ports;
    uint32_t ports_count;
    /* Of a producer: how many messages it may emit before it is told WTL_BUSY, until wtl_test_room
     * gives more. 0: as many as it likes where the pace is PUSH, else none. */
    uint32_t room;
};

/* Starts a producer, processor or consumer, with options as in an initialiser:
 * wtl_test_stage(t, type, .pace = WTL_TEST_PULL, .room = 3). An actor that is no stage is a
 * failure. Never NULL. */
#define wtl_test_stage(t, type, ...)                                                               \
    __extension__ wtl__test_stage(wtl_test_here(t), (type),                                        \
                                  &(struct wtl_test_stage_options){__VA_ARGS__})

/* Its actor now; another one after each restart. */
struct wtl_pid wtl_test_stage_pid(struct wtl_test_stage *stage);

/* Ends it in order, as when its flow is stopped. */
void wtl_test_stage_stop(struct wtl_test_stage *stage);

/* ---- what comes to it ------------------------------------------------------------------------ */

/* Feeds a processor or consumer with a message of the flow, tagged "data" where nothing else is
 * said, and returns its number: the `seq` of its key, from 1. `body` may be NULL, and is consumed.
 */
uint64_t wtl_test_feed(struct wtl_test_stage *stage, struct wtl_tag tag, struct wtl_writer *body);
#define wtl_test_feedf(stage, ...)                                                                 \
    WTL_TEST_WITH_BODY_(wtl__test_stage_of(stage),                                                 \
                        wtl_test_feed((stage), WTL_TAG("data"), &wtl_writer_), __VA_ARGS__)

/* Delivers that message once more, with the same key, also when it is done already: what a stage
 * sees when an acknowledgement was lost on its way. */
void wtl_test_feed_again(struct wtl_test_stage *stage, uint64_t seq);

/* Lets a producer emit so many messages more. It is told as in a flow: "flow_ready" when one was
 * refused, "flow_demand" where the pace is DEMAND or PULL. */
void wtl_test_room(struct wtl_test_stage *stage, uint32_t more);

/* Sends backward to a producer, as a stage behind it does with wtl_back. */
void wtl_test_back(struct wtl_test_stage *stage, struct wtl_writer *body);
#define wtl_test_backf(stage, ...)                                                                 \
    WTL_TEST_WITH_BODY_(wtl__test_stage_of(stage), wtl_test_back((stage), &wtl_writer_),           \
                        __VA_ARGS__)

/* ---- what becomes of it ---------------------------------------------------------------------- */

/* Expects that the message is done and acknowledged; or that it is not: the stage still works on
 * it, or what it emitted for it is not acknowledged; or that it was dropped: nothing was emitted
 * for it, or wtl_drop was called with a reason that has these words (NULL: any, or none). */
#define wtl_test_expect_acked(stage, seq) wtl__test_expect_acked(WTL_TEST_AT_(stage), (seq))
#define wtl_test_expect_open(stage, seq)  wtl__test_expect_open(WTL_TEST_AT_(stage), (seq))
#define wtl_test_expect_dropped(stage, seq, words)                                                 \
    wtl__test_expect_dropped(WTL_TEST_AT_(stage), (seq), (words))

/* How many messages are acknowledged, dropped ones included. */
uint32_t wtl_test_acks(struct wtl_test_stage *stage);

/* Expects that it has ended again and again, with that reason each time, until its supervisor has
 * given up: what a message does that no restart helps against. A node tries again later. */
#define wtl_test_expect_given_up(stage, reason)                                                    \
    wtl__test_expect_given_up(WTL_TEST_AT_(stage), (reason))

/* ---- what it emits --------------------------------------------------------------------------- */

/* One message that the stage has emitted. */
struct wtl_test_emit {
    struct wtl_msg message; /* tag and body */
    struct wtl_key key;     /* none of a producer's own: its outbox gives it one */
    const char *port;       /* where it went: a name of options->ports; "" of a producer */
    bool redelivered;
};

/* Expects that the next thing it has emitted, to whatever port, is a message tagged "data" with
 * that body, as wtl_test_expectf compares them; or a message of that tag to that port (NULL: any).
 */
#define wtl_test_expect_emitf(stage, ...)                                                          \
    wtl_test_expect_emit_tof((stage), NULL, "data", __VA_ARGS__)
#define wtl_test_expect_emit_tof(stage, port, tag_literal, ...)                                    \
    WTL_TEST_WITH_BODY_(                                                                           \
        wtl__test_stage_of(stage),                                                                 \
        wtl__test_expect_emit(WTL_TEST_AT_(stage), (port), WTL_TAG(tag_literal), &wtl_writer_),    \
        __VA_ARGS__)
#define wtl_test_expect_no_emit(stage) wtl__test_expect_no_emit(WTL_TEST_AT_(stage))

/* How much it has emitted in all, and the n-th of it, from 0; one of zeroes where there is none, so
 * never NULL. */
uint32_t wtl_test_emits(struct wtl_test_stage *stage);
const struct wtl_test_emit *wtl_test_emitted(struct wtl_test_stage *stage, uint32_t n);

/* Settles; from then on nothing of what it emits is acknowledged by those behind; or everything is,
 * also what was held. */
void wtl_test_hold(struct wtl_test_stage *stage, bool on);

/* Expects what it has sent backward next, by wtl_back. */
#define wtl_test_expect_backf(stage, ...)                                                          \
    WTL_TEST_WITH_BODY_(wtl__test_stage_of(stage),                                                 \
                        wtl__test_expect_back(WTL_TEST_AT_(stage), &wtl_writer_), __VA_ARGS__)

/* How many messages it has asked for in all, by wtl_ask. */
uint64_t wtl_test_asked(struct wtl_test_stage *stage);

/* ---- what the macros call ------------------------------------------------------------------ */

#define WTL_TEST_AT_(stage) wtl__test_stage_at((stage), __FILE__, __LINE__)

struct wtl_test_stage *wtl__test_stage(struct wtl_test *t, const struct wtl_actor *type,
                                       const struct wtl_test_stage_options *options);
struct wtl_test *wtl__test_stage_of(const struct wtl_test_stage *stage);
struct wtl_test_stage *wtl__test_stage_at(struct wtl_test_stage *stage, const char *file,
                                          unsigned line);
bool wtl__test_expect_acked(struct wtl_test_stage *stage, uint64_t seq);
bool wtl__test_expect_open(struct wtl_test_stage *stage, uint64_t seq);
bool wtl__test_expect_dropped(struct wtl_test_stage *stage, uint64_t seq, const char *words);
bool wtl__test_expect_given_up(struct wtl_test_stage *stage, const char *reason);
bool wtl__test_expect_emit(struct wtl_test_stage *stage, const char *port, struct wtl_tag tag,
                           struct wtl_writer *body);
bool wtl__test_expect_no_emit(struct wtl_test_stage *stage);
bool wtl__test_expect_back(struct wtl_test_stage *stage, struct wtl_writer *body);

#endif
